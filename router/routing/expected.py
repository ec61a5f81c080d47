"""What `attributes:` expects of every call: required attributes that are there, and values that the file knows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from router.config.tables import Vocabulary
from router.routing.attributes import Texts, texts_getter
from router.routing.record import CallRecord

Read = Callable[[CallRecord], Texts]


@dataclass(frozen=True, slots=True)
class Unmet:
    """Names of the attributes that a call lacks though they are required, and of those with a value nobody knows."""

    missing: tuple[str, ...] = ()
    unknown_values: tuple[str, ...] = ()


MET = Unmet()


@dataclass(frozen=True, slots=True)
class Expected:
    """Compiled expectations: the name of each attribute, how its texts are read, and those of its values."""

    required: tuple[tuple[str, Read], ...] = ()
    values: tuple[tuple[str, Read, Collection[str], bool], ...] = ()

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Expected:
        """Compile the expectations of a file."""
        return cls(
            required=tuple((name, texts_getter(name, vocabulary)) for name in vocabulary.required),
            values=tuple(
                (name, texts_getter(name, vocabulary), values, vocabulary.kind(name) == "list")
                for name, values in vocabulary.values.items()
            ),
        )

    def unmet(self, record: CallRecord) -> Unmet:
        """Return what a call does not meet. Every element of a list must be known, and one spelling of a model."""
        if not (self.required or self.values):
            return MET
        return Unmet(
            tuple(name for name, texts_of in self.required if not texts_of(record)),
            tuple(
                name
                for name, texts_of, values, is_list in self.values
                if (texts := texts_of(record)) and not (all if is_list else any)(text in values for text in texts)
            ),
        )
