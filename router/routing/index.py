"""Which entries can match a call at all: found by exact keys, so that ten thousand rules cost no more than ten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from router.config.attributes import BUILTIN_ATTRIBUTES, MEASURED_ATTRIBUTES
from router.config.tables import NO_VOCABULARY, Vocabulary
from router.routing.attributes import Texts, texts_getter
from router.routing.entry import Entry
from router.routing.record import CallRecord

_OF_ONE_CALL = MEASURED_ATTRIBUTES | {"user", "session_id", "trace_id"}
_LASTING = BUILTIN_ATTRIBUTES.keys() - _OF_ONE_CALL
_MAX_FACTS = 256
"""Characters of one remembered key."""
_FIELDS_OF: Mapping[str, tuple[str, ...]] = {"model": ("model", "model_group", "provider")}


@dataclass(frozen=True, slots=True)
class Index:
    """Entries in file order, filed under one exact key of theirs where they have one.

    Attributes:
        filed: for each attribute that is a key, its texts and the positions of the entries under each text.
        rest: positions of the entries without a key, which every call has to try.
    """

    entries: tuple[Entry, ...]
    filed: tuple[tuple[Callable[[CallRecord], Texts], Mapping[str, tuple[int, ...]]], ...]
    rest: tuple[int, ...]

    @classmethod
    def build(cls, entries: Sequence[Entry], vocabulary: Vocabulary = NO_VOCABULARY) -> Index:
        """File each entry under the key whose attribute tells the most entries apart."""
        values: dict[str, set[str]] = {}
        for attribute, texts in (
            condition.keys for entry in entries for condition in entry.conditions if condition.keys
        ):
            values.setdefault(attribute, set()).update(texts)
        spread = Counter({attribute: len(texts) for attribute, texts in values.items()})
        filed: dict[str, dict[str, list[int]]] = {}
        rest: list[int] = []
        for position, entry in enumerate(entries):
            keys = [condition.keys for condition in entry.conditions if condition.keys]
            if not keys:
                rest.append(position)
                continue
            attribute, texts = max(keys, key=lambda key: spread[key[0]])
            for text in texts:
                filed.setdefault(attribute, {}).setdefault(text, []).append(position)
        return cls(
            tuple(entries),
            tuple(
                (texts_getter(attribute, vocabulary), {text: tuple(positions) for text, positions in by_text.items()})
                for attribute, by_text in filed.items()
            ),
            tuple(rest),
        )

    def candidates(self, record: CallRecord) -> Iterator[Entry]:
        """Yield, in file order, every entry that could match the call, and few others."""
        found = [
            positions
            for texts_of, by_text in self.filed
            for text in texts_of(record)
            if (positions := by_text.get(text)) is not None
        ]
        # An entry filed under two texts that a call both has would come twice.
        return self._with_rest(found[0] if len(found) == 1 else sorted(set().union(*found)))

    def _with_rest(self, positions: Iterable[int]) -> Iterator[Entry]:
        """Yield the entries at ascending positions and those without a key, in file order."""
        entries, rest = self.entries, iter(self.rest)
        other = next(rest, None)
        for position in positions:
            while other is not None and other < position:
                yield entries[other]
                other = next(rest, None)
            yield entries[position]
        while other is not None:
            yield entries[other]
            other = next(rest, None)


def compile_facts(
    entries: Iterable[Entry], vocabulary: Vocabulary = NO_VOCABULARY
) -> Callable[[CallRecord], Hashable] | None:
    """Return the function that reads everything the conditions of `entries` depend on, as one key.

    None where no key could stand for it (metadata and headers as a `when` reads them, a roll-out or a window that
    decides call by call), and where nearly every call would have a key of its own.
    """
    entries = tuple(entries)
    if any(entry.rollout is not None or entry.window is not None for entry in entries):
        return None
    fields: set[str] = set()
    texts: list[Callable[[CallRecord], Texts]] = []
    for name in sorted(frozenset().union(*(entry.attributes for entry in entries))):
        declared = vocabulary.declared.get(name)
        if declared is not None and not _OF_ONE_CALL.isdisjoint(declared.paths()):
            return None
        if declared is not None or "." in name:
            # Its texts are all that a matcher sees of it, and the value of a declared one follows from them.
            texts.append(texts_getter(name, vocabulary))
        elif name in _LASTING:
            fields.update(_FIELDS_OF.get(name, (name,)))
        else:
            return None
    return _read_facts(sorted(fields), texts)


def _read_facts(
    fields: Sequence[str], texts: Sequence[Callable[[CallRecord], Texts]]
) -> Callable[[CallRecord], Hashable]:
    read: Callable[[CallRecord], Any] = attrgetter(*fields) if fields else lambda record: None
    if not texts:
        return read
    return lambda record: (read(record), *[texts_of(record) for texts_of in texts])


def is_worth_remembering(facts: Any) -> bool:
    """Tell whether facts are small, and of their types: a client's long texts are not kept."""
    length, stack = 0, [facts]
    while stack:
        fact = stack.pop()
        if isinstance(fact, tuple):
            length += len(fact)
            stack += fact
        elif isinstance(fact, str):
            length += len(fact)
        elif not (fact is None or isinstance(fact, bool)):
            return False
        if length > _MAX_FACTS:
            return False
    return True
