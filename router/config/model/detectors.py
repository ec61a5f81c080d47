"""`detectors:`: kinds of values that an operator adds to the built-in ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.base import Model, WholeNumber

Word = Annotated[str, Field(min_length=1, max_length=100)]


class Near(Model):
    """Words one of which must stand near a hit: in the same text, or in the keys over the value."""

    words: Annotated[list[Word], Field(min_length=1), Strict(False)]
    """Whole words or phrases, in any case."""
    within: Annotated[int, Field(ge=1, le=1000), WholeNumber] = 40
    """How many characters may stand between the word and the hit."""

    @classmethod
    def of(cls, near: Near | list[str] | None) -> Near | None:
        """Return the long form: a list alone holds the words."""
        return cls(words=near) if isinstance(near, list) else near


class Examples(Model):
    """Texts that prove a detector; `router check` and every start try them."""

    match: Annotated[list[str], Field(min_length=1), Strict(False)]
    """Texts in which it must find something."""
    no_match: Annotated[list[str], Strict(False)] = []
    """Texts in which it must find nothing."""


class PatternDetector(Model):
    """A detector by an RE2 pattern: the words near it and the checksum tell hits from what only looks alike."""

    pattern: Annotated[str, Field(min_length=1, max_length=4096)]
    """RE2 regular expression; it is tried on the text as it is, and as it reads without disguises."""
    group: Annotated[int, Field(ge=0, le=99), WholeNumber] = 0
    """Capture of the pattern that is replaced; the rest of the match stays. 0 is the whole match."""
    near: (
        Annotated[
            Annotated[list[Word], Field(min_length=1), Strict(False), Tag("@words")] | Annotated[Near, Tag("@Near")],
            Discriminator(lambda value: "@words" if isinstance(value, (list, tuple)) else "@Near"),
        ]
        | None
    ) = None
    """Words one of which must stand near: a list, or `{words: […], within: 40}`."""
    validate_: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(default=None, alias="validate")
    """Checksum that a hit must pass: `luhn`, `iban`, or `stdnum:<module>` for one of python-stdnum, as
    `stdnum:us.ssn`."""
    examples: Examples
    """What it finds and what it leaves alone."""
    description: str | None = None
    """What it finds, for people."""


class ImportedRules(Model):
    """A detector by the rules of a gitleaks file; a hit of any of them is a hit."""

    import_gitleaks: Annotated[str, Field(min_length=1)]
    """Path of a rule file of gitleaks (TOML); a relative one starts at the folder of this YAML file."""
    description: str | None = None
    """What it finds, for people."""


class NamedEntities(Model):
    """A detector of names and places, by a spaCy model that Presidio runs. Needs the extra `presidio`."""

    presidio: Annotated[
        list[Literal["PERSON", "LOCATION", "ORGANIZATION", "NRP", "DATE_TIME"]], Field(min_length=1), Strict(False)
    ]
    """What: kinds of names; NRP is nationality, religion or politics."""
    model: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=100)]
    """Name of an installed package with a spaCy model, as `en_core_web_sm`; nothing is ever downloaded."""
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    """Language of the model."""
    score: Annotated[float, Field(ge=0, le=1)] = 0.6
    """Confidence that a hit must have, 0 to 1."""
    examples: Examples
    """What it finds and what it leaves alone."""
    description: str | None = None
    """What it finds, for people."""


def _kind(value: Any) -> str:
    for kind, key in ((ImportedRules, "import_gitleaks"), (NamedEntities, "presidio")):
        if isinstance(value, kind) or (isinstance(value, Mapping) and key in value):
            return f"@{kind.__name__}"
    return "@PatternDetector"


OwnDetector = Annotated[
    Annotated[PatternDetector, Tag("@PatternDetector")]
    | Annotated[ImportedRules, Tag("@ImportedRules")]
    | Annotated[NamedEntities, Tag("@NamedEntities")],
    Discriminator(_kind),
]
"""A pattern with its examples, rules of a file, or kinds of names."""
