"""What the keys over a value say of it: `{"ssn": …}` says as much as `ssn: …` does in a text."""

from __future__ import annotations

from typing import Final

from router.masking.detectors.detector import Keys
from router.masking.names import spoken

_OF_ANOTHER_KIND: Final = frozenset(
    """
    amount at balance brand build code cost count created currency date day expires expiry hash id ids index length
    limit month ms price size status time timestamp total type updated version year
    """.split()
)
"""Last words of keys whose values are something else, whatever stands before: `card_id`, `phone_verified_at`."""
_PARTS: Final = frozenset(
    """
    content data digits entry formatted full home item items list main national no nr number numbers office other
    personal primary private raw secondary text value values work
    """.split()
)
"""Words of keys that leave it to the key above them what they hold: `{"phone": {"number": …}}`."""


def keys_say(keys: Keys, phrases: frozenset[str]) -> bool:
    """Return whether the innermost of `keys`, or one above keys that say nothing, holds one of `phrases`."""
    for position, key in enumerate(reversed(keys)):
        words = spoken(key).split()
        if position == 0 and words and words[-1] in _OF_ANOTHER_KIND:
            return False
        said = f" {' '.join(words)} "
        if any(f" {phrase} " in said for phrase in phrases):
            return True
        if not _PARTS.issuperset(words):
            return False
    return False


def as_member(keys: Keys) -> tuple[bytes, int]:
    """Return what stands before a text in JSON under the innermost key, words of all first, and where it ends."""
    words = " ".join(map(spoken, keys))
    before = f'{words} "{keys[-1]}"'.encode("utf-8", "replace")
    return before + b': "', len(before) - 1
