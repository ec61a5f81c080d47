"""JSON within texts: one value, one that is itself a JSON text, several in lines, in events, in fenced blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from heapq import merge
from typing import Any, Final, NamedTuple

from router.masking.fold import fold_character

_LONGEST_INTEGER: Final = 308
"""Digits; Python refuses to read much longer ones, and nobody computes with them."""
_MOST_FAILURES: Final = 64
_MARKS: Final = ("\n{", "\n[", "data: {", "data:{", "data: [", "data:[")
_VALUE: Final = r"(?=\{[ \t\r\n]*[\"}]|\[[ \t\r\n]*(?:[\]\[{\"0-9]|-[0-9I]|true|false|null|NaN|Infinity))"
"""How an object or a list begins; links, labels and code begin otherwise: `[see](…)`, `{ return`."""
_BEGINS: Final = (re.compile(rf"\A{_VALUE}"), re.compile(rf"\n{_VALUE}"), re.compile(rf"data: ?{_VALUE}"))
"""Each of its own, so that Python looks for what it begins with and tries nothing elsewhere."""
_END: Final = re.compile(r"[ \t\r]*(?:\n|`|\Z)")
_QUOTED: Final = re.compile(r'"(?:[ \t\r\n]|\\+[nrt"])*[{\[]')
_NAME: Final = re.compile(r'"((?:[^"\\\n]|\\[^"\n]){1,128})\\*"[ \t\r\n]*:')


class Opened(NamedTuple):
    """A JSON value and where it stands in a text.

    Attributes:
        repeated: whether an object has a key twice, so that the first value of it is lost; never where more follows in
            the line, for what only begins like JSON is not written anew on that account.
    """

    start: int
    end: int
    value: Any
    repeated: bool


def may_hold_json(text: str) -> bool:
    """Return whether `text` may be JSON, or have some in lines after the first, or in events (`data: {…}`)."""
    if not text[:1].isalnum() and opens_json(text):
        return True
    return ("{" in text or "[" in text) and any(mark in text for mark in _MARKS)  # most texts have neither


def opens_json(text: str) -> bool:
    """Return whether `text` begins with an object or list, or one in quotes, after blanks of any kind."""
    first = text[:1]
    if first in ("{", "["):
        return True
    if not first or not (first == '"' or _is_blank(first)):
        return False
    begun = _without_blanks(text)
    return begun[:1] in ("{", "[") or (begun[:1] == '"' and _QUOTED.match(begun) is not None)


def open_whole(text: str) -> Opened | None:
    """Return the JSON value that `text` is as a whole, or None. Raises RecursionError."""
    whole = _without_blanks(text)
    try:
        opened = _open_value(whole) if opens_json(text) else None
    except ValueError:
        return None
    return opened if opened is not None and opened.end == len(whole) else None


def _open_value(text: str, start: int = 0) -> Opened:
    """Return the JSON value that begins at `start`. Raises json.JSONDecodeError, RecursionError."""
    repeated = False

    def pairs_to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        found = dict(pairs)
        repeated = repeated or len(found) < len(pairs)
        return found

    try:
        value, end = json.JSONDecoder(strict=False, object_pairs_hook=pairs_to_dict).raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer that is too long
        patient = json.JSONDecoder(strict=False, object_pairs_hook=pairs_to_dict, parse_int=_integer)
        value, end = patient.raw_decode(text, start)
    return Opened(start, end, value, repeated)


def open_values(text: str) -> Iterator[Opened]:
    """Yield the objects and lists that begin a line or the data of an event. Raises RecursionError.

    None more after so many beginnings of none: each costs a look at all that stands before it.
    """
    position = failures = 0
    for marked, begin in merge(*(map(re.Match.span, pattern.finditer(text)) for pattern in _BEGINS)):
        if marked < position:
            continue
        try:
            opened = _open_value(text, begin)
        except json.JSONDecodeError as error:
            position = max(error.pos, begin)
            failures += 1
            if failures == _MOST_FAILURES:
                return
        else:
            is_alone = _END.match(text, opened.end) is not None
            yield opened._replace(repeated=opened.repeated and is_alone)
            position = opened.end


def names(text: str) -> set[str]:
    """Return what stands in `text` as a key does in JSON, whether or not that is JSON."""
    return {name.rstrip("\\") for name in _NAME.findall(text)}


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _without_blanks(text: str) -> str:
    """Return `text` without spaces, byte order marks and control characters at its ends."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(char: str) -> bool:
    return char.isspace() or (not char.isprintable() and (char.isascii() or fold_character(char) == b""))
