"""Whole files: a routing.yaml, and a team file that it mounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.base import Model, Name, ProjectName, Version
from router.config.model.defaults import Defaults
from router.config.model.detectors import OwnDetector
from router.config.model.entries import Overlay, Rule
from router.config.model.facts import Attribute, Table
from router.config.model.masks import MaskStep
from router.config.model.mounts import Mount
from router.config.model.overrides import Overrides
from router.config.model.packs import PackReference
from router.config.model.projects import Project
from router.config.model.tests import Test


def _kind_of_rule(value: Any) -> str:
    return "@Mount" if isinstance(value, Mount) or (isinstance(value, Mapping) and "mount" in value) else "@Rule"


RuleOrMount = Annotated[Annotated[Rule, Tag("@Rule")] | Annotated[Mount, Tag("@Mount")], Discriminator(_kind_of_rule)]
"""A rule, or the place where the rules of team files stand."""


class RoutingConfig(Model):
    """routing.yaml: the first match decides where a call goes; every match decides what is hidden."""

    version: Version
    """Version of the language; mandatory."""
    packs: Annotated[list[PackReference], Strict(False)] = []
    """Packs whose overlays hold here, and which versions of them are meant: `routing/no-store@1`. Masks of shipped
    packs can be used without."""
    defaults: Defaults = Field(default_factory=Defaults)
    """What holds unless a project or a rule says otherwise."""
    attributes: dict[Annotated[str, Field(min_length=1)], Attribute] = {}
    """What is known about the values of attributes, by their names."""
    tables: dict[Name, Table] = {}
    """Rows of facts by name, one row for each team for example."""
    projects: Annotated[dict[ProjectName, Project], Field(min_length=1)]
    """The Langfuse projects by name: a closed world, no request can invent one. A name with a hole is a template."""
    detectors: dict[Name, OwnDetector] = {}
    """Kinds of values to find besides the built-in ones, by the names that `detect` uses."""
    masks: dict[Name, Annotated[list[MaskStep], Field(min_length=1), Strict(False)]] = {}
    """Masking policies by name, each a list of steps."""
    overlays: Annotated[list[Overlay], Strict(False)] = []
    """Evaluated top to bottom; every one that matches applies."""
    rules: Annotated[list[RuleOrMount], Field(min_length=1), Strict(False)]
    """Evaluated top to bottom; the first that matches decides. The last must have no conditions."""
    overrides: Overrides = Field(default_factory=Overrides)
    """What a request may bring."""
    tests: Annotated[list[Test], Strict(False)] = []
    """Examples that `router check` and `router test` try."""


class TeamFile(Model):
    """A file that a `mount` in a routing.yaml names: a team's own rules, held to the scope of the mount."""

    description: str | None = None
    """For people. (A team file has no `version`: it speaks the language of the file that mounts it.)"""
    projects: dict[ProjectName, Project] = {}
    """Langfuse projects of this file, for the rules of this file. Needs `allow: [projects]` at the mount."""
    masks: dict[Name, Annotated[list[MaskStep], Field(min_length=1), Strict(False)]] = {}
    """Masking policies of this file, for its own entries; called `<stem>/<mask>` elsewhere. Needs `allow: [masks]`."""
    overlays: Annotated[list[Overlay], Strict(False)] = []
    """As in a routing.yaml, for calls in scope only. Needs `allow: [overlays]`."""
    rules: Annotated[list[Rule], Strict(False)] = []
    """As in a routing.yaml, for calls in scope only. What no rule here matches goes on below the mount; the masks of
    the rule that it would have met there apply in any case."""
    tests: Annotated[list[Test], Strict(False)] = []
    """Examples, tried against the whole routing. A plain id means an entry of this file first."""
