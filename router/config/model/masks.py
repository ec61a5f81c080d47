"""`masks:`: what is hidden, step by step."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import Discriminator, Field, Strict, Tag, WithJsonSchema

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
DETECTOR_NAMES: tuple[str, ...] = get_args(Detector)
"""Names of the built-in detectors and of their groups; `detectors:` adds others."""
_ANY_DETECTOR = {"anyOf": [{"enum": list(DETECTOR_NAMES)}, NAME_SCHEMA]}
"""Names the built-in ones, so that an editor offers them."""
SECRET_DETECTORS: Final = frozenset(
    {"secrets", "private_key", "jwt", "api_key", "auth_header", "url_credentials", "secret_value"}
)
"""Detectors of what opens something: no part of it may be shown, and no exception is made by accident."""
MaskAction = Literal["redact", "remove", "hash", "mask"]
MediaAction = Literal["keep", "describe", "drop"]
OnMaskError = Literal["redact", "drop"]


class AllowPattern(Model):
    """Values that may be shown, by their form."""

    pattern: Annotated[str, Field(min_length=1, max_length=4096)]
    """An RE2 regular expression that the whole value must match."""


AllowedValue = Annotated[
    Annotated[str, Field(min_length=1, max_length=1000), Tag("@text")] | Annotated[AllowPattern, Tag("@AllowPattern")],
    Discriminator(lambda value: "@text" if isinstance(value, str) else "@AllowPattern"),
]
"""A value that may be shown: the text itself, or a pattern."""


class MaskStep(Model):
    """One step of a mask: where to look, what to look for, what to do with it.

    With none of `detect`, `pattern`, `keys`, `media` and `max_chars` the whole value at `paths` is meant.
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
    keys: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1), Strict(False)] | None
    ) = None
    """What: whole values by their key, at any depth, in JSON in texts as well; `*` stands for any part of a key, case
    does not count, and `-` is `_`: `password`, `*_token`."""
    media: MediaAction | None = None
    """What: images, sound and files in base64 (data URIs, and bare base64 of 256 characters and more): `describe`
    writes `[DATA image/png 3 kB]`, `drop` takes them out. A mask that looks for anything but secrets describes them,
    for nothing can look into them; `keep` says that it does not. Another mask may all the same."""
    max_chars: Annotated[int, Field(ge=32, le=10_000_000)] | None = None
    """What: texts with more characters are cut, after everything is masked, and end with `…[CUT]`."""
    action: MaskAction = "redact"
    """`redact` writes a label in place of what was found (of the whole value: `redacted-by-litellm`); `remove`
    takes it out; `hash` writes a keyed pseudonym; `mask` writes `****` and the last characters."""
    as_: Annotated[str, Field(max_length=200)] | None = Field(default=None, alias="as")
    """Label that `redact` writes, for example `[PAN]`."""
    key: SecretRef | None = None
    """Key of `hash`, at least 32 bytes, by reference."""
    keep_last: Annotated[int, Field(ge=1, le=8)] | None = None
    """How many characters (of a card: digits) `mask` shows at most; never more than a quarter of the value, and never
    any of a secret."""
    allow: Annotated[list[AllowedValue], Field(min_length=1), Strict(False)] | None = None
    """Values that this step lets pass, whole: texts without case, or `{pattern: …}`. What another step or mask finds
    stays hidden."""
    allow_secrets: bool = False
    """Whether `allow` may name secrets as well."""
    on_error: OnMaskError = "redact"
    """What happens where this step fails: `redact` withholds the field it was looking at, `drop` sends nothing of the
    call, which is counted as `mask_failed`."""
