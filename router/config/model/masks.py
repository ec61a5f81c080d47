"""`masks:`: what is hidden, step by step."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, Strict, WithJsonSchema

from router.config.model.base import NAME_SCHEMA, Model, Name
from router.config.model.references import SecretRef

Detector = Literal[
    "email",
    "phone",
    "credit_card",
    "iban",
    "us_ssn",
    "ip",
    "mac",
    "private_key",
    "jwt",
    "api_key",
    "auth_header",
    "url_credentials",
    "secret_value",
    "pii",
    "secrets",
]
"""Built-in detectors, then groups of them."""
MaskAction = Literal["redact", "remove", "hash"]
DETECTOR_NAMES: tuple[str, ...] = get_args(Detector)
"""Names of the built-in detectors and of their groups; `detectors:` adds others."""
_ANY_DETECTOR = {"anyOf": [{"enum": list(DETECTOR_NAMES)}, NAME_SCHEMA]}
"""Names the built-in ones, so that an editor offers them."""


class MaskStep(Model):
    """One step of a mask: where to look, what to look for, what to do with it.

    With neither `detect` nor `pattern` the whole value at `paths` is meant.
    """

    paths: Annotated[list[str], Field(min_length=1), Strict(False)] | None = None
    """Where: dotted paths such as `input`, `output`, `metadata.account`, `trace.user_id`; everything by default."""
    detect: (
        Annotated[list[Annotated[Name, WithJsonSchema(_ANY_DETECTOR)]], Field(min_length=1), Strict(False)] | None
    ) = None
    """What: detectors, built in or of `detectors:`. `pii` stands for email, phone, credit_card, iban, us_ssn, ip
    and mac. `secrets` stands for private_key, jwt, api_key, auth_header, url_credentials and secret_value."""
    pattern: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """What: an RE2 regular expression."""
    action: MaskAction = "redact"
    """`redact` writes a label in place of what was found (of the whole value: `redacted-by-litellm`); `remove`
    takes it out; `hash` writes a keyed pseudonym."""
    as_: Annotated[str, Field(max_length=200)] | None = Field(default=None, alias="as")
    """Label that `redact` writes, for example `[PAN]`."""
    key: SecretRef | None = None
    """Key of `hash`, at least 32 bytes, by reference."""
