"""`attributes:` and `tables:`: what is known about calls and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.base import Column, Model, Name, RowKey, Scalar

Normalize = Literal["lower", "strip"]


class Attribute(Model):
    """An attribute: what is known about its values, and with `from` where a new one is read."""

    from_: (
        Annotated[
            Annotated[str, Tag("@one")] | Annotated[list[str], Field(min_length=1), Strict(False), Tag("@many")],
            Discriminator(lambda value: "@one" if isinstance(value, str) else "@many"),
        ]
        | None
    ) = Field(default=None, alias="from")
    """Where it is read: a built-in attribute, `metadata.<key>` or `header.<name>`; of several the first that is there.
    Without it the name is that of a built-in attribute."""
    type: Literal["text", "list", "number", "bool"] = "text"
    """What it is; a value that is none of this counts as missing. A list that is missing is empty."""
    default: Scalar | None = None
    """Its value where it is missing."""
    normalize: (
        Annotated[
            Annotated[Normalize, Tag("@one")] | Annotated[list[Normalize], Strict(False), Tag("@many")],
            Discriminator(lambda value: "@one" if isinstance(value, str) else "@many"),
        ]
        | None
    ) = None
    """What is done to its text: `lower` case, `strip` white space."""
    required: bool = False
    """Whether every call should have it: the plan of one without says `missing <name>` among its reasons, and it is
    counted. The call goes on."""
    trust: Literal["host", "caller"] = "host"
    """Whose word it may be in the proxy. With `host` a client's metadata, headers and tags are not read there."""
    values: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Its values. They check this file: a call with another value goes on, and is counted by the attribute's name."""
    values_from: Name | None = None
    """The table whose rows are its values; `{known: true}`, `{has: column}` and `{team.column}` look there."""

    def paths(self) -> tuple[str, ...]:
        """Return where the attribute is read, in order; nothing for one that is not declared here."""
        return (self.from_,) if isinstance(self.from_, str) else tuple(self.from_ or ())

    def normalized(self, text: str) -> str:
        """Return a text as the attribute has it."""
        steps = (self.normalize,) if isinstance(self.normalize, str) else self.normalize or ()
        text = text.strip() if "strip" in steps else text
        return text.lower() if "lower" in steps else text


class TableFile(Model):
    """A table in a file of its own."""

    file: Annotated[str, Field(min_length=1)]
    """Path of a .csv or .yaml file; a relative one starts at the folder of this YAML file."""
    key: Column | None = None
    """Column that holds the keys of the rows: of a CSV file, and of a YAML file that is a list of rows."""


Table = Annotated[
    Annotated[TableFile, Tag("@TableFile")]
    | Annotated[dict[RowKey, dict[Column, Scalar]], Field(min_length=1), Tag("@rows")],
    Discriminator(
        lambda value: (
            "@TableFile"
            if isinstance(value, TableFile)
            or (isinstance(value, Mapping) and "file" in value and not isinstance(value["file"], Mapping))
            else "@rows"
        )
    ),
]
"""Rows by key, each with its columns; or the file where they stand."""
