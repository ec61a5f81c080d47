"""JSON within texts: one value, one that is itself a JSON text, objects anywhere, lists in lines and events."""

from __future__ import annotations

import json
import json.scanner
import re
from collections.abc import Callable, Iterator
from heapq import merge
from typing import Any, Final, NamedTuple

from router.masking.blocks import BLOCK, holds, joined
from router.masking.fold import fold_character
from router.masking.json_parts import json_parts

_LONGEST_INTEGER: Final = 308
"""Digits; Python refuses to read much longer ones, and nobody computes with them."""
_BLANKS: Final = r"[ \t\r\n]{0,200}"
_IN_LIST: Final = rf"[\[{{\"]|-?(?:[0-9][0-9.eE+-]{{0,40}}|Infinity){_BLANKS}[,\]]|true|false|null|NaN"
_LIST: Final = rf"[ \t]{{0,200}}\[(?={_BLANKS}(?:{_IN_LIST}))"
_OBJECT: Final = re.compile(rf"\{{(?={_BLANKS}\")")
_FIRST_LIST: Final = re.compile(_LIST)
_BEGINS: Final = (_OBJECT, re.compile(rf"\n{_LIST}"), re.compile(rf"data:{_LIST}"))
"""How what holds something begins, each found by the sign it begins with; code, links and times do otherwise."""
_LONGEST_BEGIN: Final = 1024
"""More than the characters that show where something begins."""
_BEFORE: Final = ("\n", "\r", "data:")
_END: Final = re.compile(r"[ \t\r]*(?:\n|`|\Z)")
_QUOTED: Final = re.compile(r'"(?:[ \t\r\n]|\\+[nrt"])*[{\[]')
_NAME: Final = re.compile(r'"((?:[^"\\\n]|\\[^"\n])++)\\*"\s*:')
_FIRST_LINE: Final = re.compile(r"[{\[](\r?\n)([ \t]*)")


class Opened(NamedTuple):
    """A JSON value and where it stands in a text.

    Attributes:
        repeated: whether an object has a key twice, so that the first value of it is lost; never where more follows in
            the line, for what only begins like JSON is not written anew on that account.
        is_within: whether something stands before it in its line, of which it may be a part.
    """

    start: int
    end: int
    value: Any
    repeated: bool
    is_within: bool = False

    @property
    def is_long(self) -> bool:
        """Return whether what is done with it is done in parts."""
        return self.end - self.start > BLOCK // 2


def may_hold_json(text: str) -> bool:
    """Return whether `text` may be JSON or have some in it."""
    if not text[:1].isalnum() and opens_json(text):
        return True
    return (holds(text, "{") or holds(text, "[")) and _has_begin(text)  # most texts have neither


def opens_json(text: str) -> bool:
    """Return whether `text` begins with an object or list, or is a text in quotes, after blanks of any kind."""
    first = text[:1]
    if first in ("{", "["):
        return True
    if not first or not (first == '"' or _is_blank(first)):
        return False
    start, end = _between_blanks(text)
    begun = text[start : start + 1]
    if begun != '"':
        return begun in ("{", "[")
    return _QUOTED.match(text, start) is not None or (text[end - 1] == '"' and holds(text, "\\", start, end))


def begins_json(text: str) -> bool:
    """Return whether an object or list begins in `text` where one is looked for, be it as Python writes it."""
    return opens_json(text) or _has_begin(text)


def open_whole(text: str) -> Opened | None:
    """Return the JSON value that `text` is as a whole, or None. Raises RecursionError."""
    start, end = _between_blanks(text)
    try:
        opened = _reader(in_python=_is_flat(text))(text, start) if opens_json(text) else None
    except ValueError:
        return None
    return opened if opened is not None and opened.end == end else None


def _is_flat(text: str) -> bool:
    """Return whether no object ends in a long part of `text`: C, which reads on there, would hold the GIL."""
    position = 0
    while 0 <= position < len(text) - BLOCK:
        position = text.rfind("}", position + 1, position + BLOCK)
    return position < 0


def _reader(*, in_python: bool) -> Callable[[str, int], Opened]:
    """Return what reads the JSON value at a place of a text. It raises json.JSONDecodeError and RecursionError."""
    repeated = False

    def pairs_to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        found = dict(pairs)
        repeated = repeated or len(found) < len(pairs)
        return found

    def decoder(parse_int: Callable[[str], Any]) -> json.JSONDecoder:
        decoder = json.JSONDecoder(strict=False, object_pairs_hook=pairs_to_dict, parse_int=parse_int)
        if in_python:
            decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined] # typeshed has none
        return decoder

    usual = decoder(int)

    def read(text: str, start: int) -> Opened:
        nonlocal repeated
        repeated = False
        try:
            value, end = usual.raw_decode(text, start)
        except json.JSONDecodeError:
            raise
        except ValueError:  # an integer that is too long
            value, end = decoder(read_integer).raw_decode(text, start)
        return Opened(start, end, value, repeated)

    return read


def written(value: Any, like: str, opened: Opened) -> str:
    """Return `value` as JSON, with blanks and line breaks where that which was opened in `like` has them."""
    if (in_lines := _in_lines(value, like, opened)) is not None:
        return in_lines
    is_spaced = holds(like, '": ', opened.start, opened.end)
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ") if is_spaced else (",", ":"))
    return joined(json_parts(value, encoder)) if opened.is_long else encoder.encode(value)


def _in_lines(value: Any, like: str, opened: Opened) -> str | None:
    """Return the same with one member in a line, indented as in `like`; None where that is written otherwise."""
    first = _FIRST_LINE.match(like, opened.start, opened.end)
    last = like.rfind("\n", opened.start, opened.end) + 1
    around = like[last : opened.end - 1]
    if first is None or around.strip(" \t") or not first[2].startswith(around):
        return None
    encoder = json.JSONEncoder(ensure_ascii=False, indent=first[2][len(around) :], separators=(",", ": "))
    return joined(part.replace("\n", first[1] + around) for part in encoder.iterencode(value))


class _Uncounted(str):
    """A text in which nobody counts lines: JSONDecodeError does it for each value that cannot be read."""

    __slots__ = ()

    def count(self, *_: object) -> int:
        return 0

    def rfind(self, *_: object) -> int:
        return -1


def open_values(text: str) -> Iterator[Opened]:
    """Yield the objects in a text, and the lists that begin a line or the data of an event. Raises RecursionError."""
    position = 0
    read, uncounted = _reader(in_python=_is_flat(text)), _Uncounted(text)
    for begin in merge(_first(text), *(_begins(text, pattern) for pattern in _BEGINS)):
        if begin < position:
            continue
        try:
            opened = read(uncounted, begin)
        except json.JSONDecodeError as error:
            position = max(error.pos, begin + 1)
        else:
            is_alone = _END.match(text, opened.end) is not None
            before = text[max(position, begin - _LONGEST_BEGIN) : begin].rstrip(" \t")
            is_within = not before.endswith(_BEFORE) and (before != "" or position > 0)
            yield opened._replace(repeated=opened.repeated and is_alone, is_within=is_within)
            position = opened.end


def _has_begin(text: str) -> bool:
    return any(True for pattern in _BEGINS for _ in _begins(text, pattern))


def _first(text: str) -> Iterator[int]:
    """Yield the place of the list that `text` begins with, if it does."""
    if first := _FIRST_LIST.match(text):
        yield first.end() - 1


def _begins(text: str, pattern: re.Pattern[str]) -> Iterator[int]:
    """Yield the places of the brackets that `pattern` ends with."""
    for start in range(0, len(text), BLOCK):
        for begun in pattern.finditer(text, start, start + BLOCK + _LONGEST_BEGIN):
            if begun.start() >= start + BLOCK:
                break
            yield begun.end() - 1


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
