"""`match:`: conditions on attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Strict, Tag, model_validator
from pydantic_core import PydanticCustomError

from router.config.model.base import Column, Model, Name, Scalar


class MatchOperators(Model):
    """A test of one attribute; several operators in one mapping must all hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    not_: Matcher | None = Field(default=None, alias="not")
    """Holds when the test inside does not."""
    glob: str | None = None
    """Shell pattern over the whole value: `*` any text, `?` one character, `[…]` a set."""
    regex: str | None = None
    """RE2 regular expression, anchored at both ends."""
    exists: bool | None = None
    """Whether the attribute has a value (a list: at least one element)."""
    any_of: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Lists: at least one of these is an element."""
    all_of: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Lists: all of these are elements."""
    none_of: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Lists: none of these is an element."""
    in_: Name | None = Field(default=None, alias="in")
    """The value is the key of a row in this table."""
    known: bool | None = None
    """Whether the value is the key of a row in the table of `in`, or of the attribute's `values_from`."""
    has: Column | None = None
    """The value is the key of a row that has something in this column; the table as for `known`."""
    gt: float | None = None
    """Numbers: greater than this. A value that is no number, or that is missing, never matches."""
    gte: float | None = None
    """Numbers: greater than this, or equal."""
    lt: float | None = None
    """Numbers: less than this."""
    lte: float | None = None
    """Numbers: less than this, or equal."""

    def needs_value(self) -> bool:
        """Tell whether these can only hold for an attribute that is there."""
        return bool(
            self.glob is not None
            or self.regex is not None
            or self.exists
            or self.any_of
            or self.all_of
            or self.in_
            or self.known
            or self.has
            or self.model_fields_set & {"gt", "gte", "lt", "lte"}
        )

    @model_validator(mode="after")
    def _has_operator(self) -> MatchOperators:
        if not self.model_fields_set:
            raise PydanticCustomError("empty_matcher", "empty matcher")
        return self


def _kind_of_matcher(value: Any) -> str:
    if isinstance(value, (Mapping, MatchOperators)):
        return "@MatchOperators"
    return "@any_of" if isinstance(value, (list, tuple)) else "@exact"


Matcher = Annotated[
    Annotated[Scalar, Tag("@exact")]
    | Annotated[list[Scalar], Field(min_length=1), Strict(False), Tag("@any_of")]
    | Annotated[MatchOperators, Tag("@MatchOperators")],
    Discriminator(_kind_of_matcher),
]
"""`x` exactly · `[a, b]` any of · `{glob: …}`, `{regex: …}`, `{not: …}`, `{exists: …}`, `{any_of: […]}`, …"""


class Match(Model):
    """Conditions on attributes of the call; all of them must hold."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Matcher]

    any: Annotated[list[Match], Field(min_length=1), Strict(False)] | None = None
    """At least one of these matches."""
    all: Annotated[list[Match], Field(min_length=1), Strict(False)] | None = None
    """All of these match."""
    not_: Match | None = Field(default=None, alias="not")
    """This does not match."""

    def attributes(self) -> dict[str, Any]:
        """Return the conditions by attribute name: Scalar, list of Scalar, or MatchOperators."""
        return dict(self.__pydantic_extra__ or {})

    def conjuncts(self) -> list[tuple[str, Any]]:
        """Return every condition on an attribute that must hold whatever else does: its own, and those under `all`."""
        below = [condition for inner in self.all or () for condition in inner.conjuncts()]
        return [*self.attributes().items(), *below]

    def is_for_unauthenticated(self) -> bool:
        """Tell whether `authenticated: false` is one of its conjuncts: what has it sees no other calls."""
        return any(name == "authenticated" and matcher is False for name, matcher in self.conjuncts())

    def is_conjunction(self) -> bool:
        """Tell whether nothing but its conjuncts decides."""
        return self.any is None and self.not_ is None and all(inner.is_conjunction() for inner in self.all or ())
