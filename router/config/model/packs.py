"""`packs:` of a routing.yaml, and the shape of a pack."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from router.config.model.base import Model, Name, Version
from router.config.model.detectors import PatternDetector
from router.config.model.entries import Overlay
from router.config.model.masks import MaskStep
from router.config.model.tests import Test

_VERSION = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$"
REFERENCE = r"^(?P<name>[^@\s]+)(@(?P<pin>[0-9]+(\.[0-9]+)?(\.[0-9]+)?))?$"


def _version(value: Any) -> Any:
    if isinstance(value, str) and re.search(_VERSION, value):
        return value
    raise PydanticCustomError("pack_version", "not a version")


PackVersion = Annotated[str, PlainValidator(_version), WithJsonSchema({"type": "string", "pattern": _VERSION})]
"""Three numbers: 1.2.0."""
PackReference = Annotated[str, Field(pattern=re.sub(r"\?P<[a-z]+>", "", REFERENCE))]
"""A shipped pack (`masking/pii`, or `pii`) or the path of a file (`./rules/ours.yaml`); `@1` or `@1.2` pins its
version."""


class PackRelease(Model):
    """What a pack says about itself."""

    version: PackVersion
    """Version of the pack, by the rules of Semantic Versioning: the first number changes when it hides less, or what
    is hidden reads otherwise."""


class PackConfig(Model):
    """A pack: masks that any routing.yaml can use by name, detectors and overlays where it is listed, and tests."""

    version: Version
    """Version of the language; mandatory."""
    pack: PackRelease | None = None
    """The pack's own version; without one it cannot be pinned."""
    description: str
    """What the pack is for."""
    detectors: dict[Name, PatternDetector] = {}
    """Kinds of values to find besides the built-in ones: for masks of the pack, and of every file that lists it."""
    masks: dict[Name, Annotated[list[MaskStep], Field(min_length=1), Strict(False)]] = {}
    """Masking policies by name."""
    overlays: Annotated[list[Overlay], Strict(False)] = []
    """Hold in every routing.yaml that lists the pack, above its own; called `<pack>/<id>` there. They may name masks of
    the pack and of shipped packs."""
    tests: Annotated[list[Test], Field(min_length=1), Strict(False)]
    """Examples; every mask and every overlay needs at least one."""
