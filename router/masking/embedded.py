"""JSON within texts: one value, one that is itself a JSON text, several in lines, in events, in fenced blocks."""

from __future__ import annotations

import json
import json.scanner
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from router.masking.blocks import BLOCK, holds, joined
from router.masking.fold import fold_character
from router.masking.parts import json_parts

_LONGEST_INTEGER: Final = 308
"""Digits; Python refuses to read much longer ones, and nobody computes with them."""
_MOST_FAILURES: Final = 64
_MARKS: Final = ("\n{", "\n[", "data: {", "data:{", "data: [", "data:[")
_OPENING: Final = re.compile(r"[{\[]")
_VALUE: Final = re.compile(r"\{[ \t\r\n]*[\"}]|\[[ \t\r\n]*(?:[\]\[{\"0-9]|-[0-9I]|true|false|null|NaN|Infinity)")
"""How an object or a list begins; links, labels and code begin otherwise: `[see](…)`, `{ return`."""
_BEFORE: Final = ("\n", "data:", "data: ")
"""What stands before a value that begins a line or the data of an event."""
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

    @property
    def is_long(self) -> bool:
        """Return whether what is done with it is done in parts."""
        return self.end - self.start > BLOCK // 2


def may_hold_json(text: str) -> bool:
    """Return whether `text` may be JSON, or have some in lines after the first, or in events (`data: {…}`)."""
    if not text[:1].isalnum() and opens_json(text):
        return True
    has_brace = holds(text, "{") or holds(text, "[")  # most texts have neither
    return has_brace and any(holds(text, mark) for mark in _MARKS)


def opens_json(text: str) -> bool:
    """Return whether `text` begins with an object or list, or one in quotes, after blanks of any kind."""
    first = text[:1]
    if first in ("{", "["):
        return True
    if not first or not (first == '"' or _is_blank(first)):
        return False
    start, _ = _between_blanks(text)
    begun = text[start : start + 1]
    return begun in ("{", "[") or (begun == '"' and _QUOTED.match(text, start) is not None)


def begins_json(text: str) -> bool:
    """Return whether an object or list begins in `text` where one is looked for, be it as Python writes it."""
    return opens_json(text) or _next_begin(text, 0) >= 0


def open_whole(text: str) -> Opened | None:
    """Return the JSON value that `text` is as a whole, or None. Raises RecursionError."""
    start, end = _between_blanks(text)
    try:
        opened = _open_value(text, start, in_python=_is_flat(text)) if opens_json(text) else None
    except ValueError:
        return None
    return opened if opened is not None and opened.end == end else None


def _is_flat(text: str) -> bool:
    """Return whether no object ends in a long part of `text`: C, which reads on there, would hold the GIL."""
    position = 0
    while 0 <= position < len(text) - BLOCK:
        position = text.rfind("}", position + 1, position + BLOCK)
    return position < 0


def _open_value(text: str, start: int, *, in_python: bool) -> Opened:
    """Return the JSON value that begins at `start`. Raises json.JSONDecodeError, RecursionError."""
    repeated = False

    def pairs_to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        found = dict(pairs)
        repeated = repeated or len(found) < len(pairs)
        return found

    def read(parse_int: Callable[[str], Any]) -> tuple[Any, int]:
        decoder = json.JSONDecoder(strict=False, object_pairs_hook=pairs_to_dict, parse_int=parse_int)
        if in_python:
            decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined] # typeshed has none
        return decoder.raw_decode(text, start)

    try:
        value, end = read(int)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer that is too long
        value, end = read(read_integer)
    return Opened(start, end, value, repeated)


def written(value: Any, like: str, opened: Opened) -> str:
    """Return `value` as JSON, with blanks where that which was opened in `like` has them."""
    is_spaced = holds(like, '": ', opened.start, opened.end)
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ") if is_spaced else (",", ":"))
    return joined(json_parts(value, encoder)) if opened.is_long else encoder.encode(value)


def open_values(text: str) -> Iterator[Opened]:
    """Yield the objects and lists that begin a line or the data of an event. Raises RecursionError.

    None more after so many beginnings of none: each costs a look at all that stands before it.
    """
    position = failures = 0
    in_python = _is_flat(text)
    while failures < _MOST_FAILURES and (begin := _next_begin(text, position)) >= 0:
        try:
            opened = _open_value(text, begin, in_python=in_python)
        except json.JSONDecodeError as error:
            position = max(error.pos, begin)
            failures += 1
        else:
            is_alone = _END.match(text, opened.end) is not None
            yield opened._replace(repeated=opened.repeated and is_alone)
            position = opened.end


def _next_begin(text: str, position: int) -> int:
    """Return where the next object or list begins that opens a line or the data of an event; -1 for none.

    The line break or the name of the data stands after `position` as well.
    """
    for start in range(position, len(text), BLOCK):
        for opening in _OPENING.finditer(text, start, start + BLOCK):
            begin = opening.start()
            is_at_begin = begin == 0 or text[max(position, begin - 6) : begin].endswith(_BEFORE)
            if is_at_begin and _VALUE.match(text, begin):
                return begin
    return -1


def names(text: str) -> set[str]:
    """Return what stands in `text` as a key does in JSON, whether or not that is JSON."""
    return {name.rstrip("\\") for name in _NAME.findall(text)}


def read_integer(digits: str) -> int | str:
    """Return an integer as JSON writes it, or its digits where it is too long."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _between_blanks(text: str) -> tuple[int, int]:
    """Return the span of `text` without spaces, byte order marks and control characters at its ends."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return start, end


def _is_blank(char: str) -> bool:
    return char.isspace() or (not char.isprintable() and (char.isascii() or fold_character(char) == b""))
