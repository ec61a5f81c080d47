"""The vocabulary of one file: its tables after reading, the attributes they are about, and declared attributes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from router.config.attributes import Kind, attribute_kind, attribute_names
from router.config.model import Attribute, Match, MatchOperators
from router.errors import Location

PROJECT_COLUMN = "project"
"""Column by which a row shares the project of another instead of having its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `cells` holds texts, spelled as in the file; an empty cell is not there. `places`: where each is."""

    key: str
    cells: Mapping[str, str]
    location: Location
    places: Mapping[str, Location] = field(default_factory=dict, repr=False)

    def place(self, column: str) -> Location:
        """Return where a cell stands, or the row when it has none."""
        return self.places.get(column, self.location)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its rows by key, and every column that some row has, in order."""

    name: str
    rows: Mapping[str, Row]
    columns: tuple[str, ...] = ()

    def with_column(self, column: str) -> frozenset[str]:
        """Return the keys of the rows that have something in a column."""
        return frozenset(key for key, row in self.rows.items() if column in row.cells)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a file adds to the built-in attributes: tables by name, which attribute's values they hold, declarations.

    `values` holds the texts of all values of an attribute, listed or rows of its table, where the file knows them.
    """

    by_name: Mapping[str, Table] = field(default_factory=dict)
    of_attribute: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, Attribute] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds of the declared attributes."""
        return {name: spec.type for name, spec in self.declared.items()}

    def kind(self, name: str) -> Kind | None:
        """Return the kind of an attribute, declared or built in; None when there is none of this name."""
        spec = self.declared.get(name)
        return spec.type if spec is not None else attribute_kind(name)

    def names(self) -> tuple[str, ...]:
        """Return every name for messages, declared ones first."""
        return tuple(dict.fromkeys((*self.declared, *attribute_names())))

    def of(self, attribute: str, matcher: object = None) -> Table | None:
        """Return the table of an attribute: the one that `in` of the matcher names, else that of its declaration."""
        named = matcher.in_ if isinstance(matcher, MatchOperators) else None
        return self.by_name.get(named or self.of_attribute.get(attribute, ""))

    def within(self, match: Match | None) -> Vocabulary:
        """Return the tables as an entry with this `match` sees them: `{in: table}` says where an attribute is."""
        named = {
            name: matcher.in_
            for name, matcher in (match.conjuncts() if match is not None else ())
            if isinstance(matcher, MatchOperators) and matcher.in_
        }
        return replace(self, of_attribute={**self.of_attribute, **named}) if named else self

    def cell(self, hole: str) -> tuple[str, Table, str] | None:
        """Return attribute, table and column of a hole such as `team.cost_center`; None when it is none of a table."""
        attribute, dot, column = hole.rpartition(".")
        table = self.of(attribute) if dot else None
        return None if table is None else (attribute, table, column)

    def admitted(self, attribute: str, matcher: object) -> frozenset[str] | None:
        """Return the keys one of which a call must have to pass a matcher; None when it asks for no table.

        A matcher that names values asks for the table of its attribute, when each of them is a row there.
        """
        table = self.of(attribute, matcher)
        if table is None:
            return None
        values = exact_values(matcher)
        if values is not None:
            return frozenset(values) if all(value in table.rows for value in values) else None
        if not isinstance(matcher, MatchOperators) or matcher.known is False:
            return None
        if not (matcher.in_ or matcher.known or matcher.has):
            return None
        return table.with_column(matcher.has) if matcher.has else frozenset(table.rows)

    def held(self, attribute: str, match: Match | None) -> frozenset[str] | None:
        """Return the keys one of which a call must have to pass a `match`; None when it asks for no table.

        Of several conditions on a text that counts which all admit. An attribute that may have several values can
        meet each with another one, so there it is the narrowest.
        """
        matchers = [matcher for name, matcher in (match.conjuncts() if match is not None else ()) if name == attribute]
        found = [keys for matcher in matchers if (keys := self.admitted(attribute, matcher)) is not None]
        if found and self.kind(attribute) == "text":
            return frozenset.intersection(*found)
        return min(found, key=len, default=None)


def exact_values(matcher: object) -> tuple[str, ...] | None:
    """Return the values of an exact matcher, any of which holds; None for every other matcher."""
    if isinstance(matcher, MatchOperators):
        return exact_values(matcher.any_of) if matcher.model_fields_set == {"any_of"} else None
    values = matcher if isinstance(matcher, (list, tuple)) else [matcher]
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


NO_VOCABULARY = Vocabulary()
