"""CSV text → records with the place of every field, in linear time and within the bounds of a YAML file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.config.nodes import Source
from router.config.text_error import TextError
from router.config.yaml_reader import FORBIDDEN, MAX_VALUES

_FIELD = re.compile(r'[ \t]*"((?:[^"]|"")*)"[ \t]*|([^,"\r\n]*)')
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its text, trimmed unless it was quoted, and its span in the file."""

    text: str
    start: int
    end: int


def read_csv(source: Source) -> list[list[Field]]:
    """Split a text into records: commas between fields, quotes doubled inside quotes (RFC 4180).

    Lines that are empty, or begin with `#`, are left out.

    Raises:
        TextError: a quote is out of place, a character that no text has, or there are too many fields.
    """
    if forbidden := FORBIDDEN.search(source.text):
        message = f"the character U+{ord(forbidden.group()):04X} must not stand in a CSV file"
        raise TextError(message, *forbidden.span(), "save the file as plain UTF-8 text")
    text, records, fields, position, count = source.text, list[list[Field]](), list[Field](), 0, 0
    while position < len(text):
        if not fields and text[position] == "#":
            ended = _LINE_END.search(text, position)
            position = ended.end() if ended else len(text)
            continue
        found = _FIELD.match(text, position)
        assert found is not None  # the second branch matches the empty text
        fields.append(_field(found))
        position = found.end()
        count += 1
        if count > MAX_VALUES:
            hint = "is this the right file?"
            raise TextError(f"more than {MAX_VALUES} values", position, position + 1, hint)
        if text[position : position + 1] == ",":
            position += 1
            if position == len(text):
                fields.append(Field("", position, position))
            continue
        ended = _LINE_END.match(text, position)
        if ended is None and position < len(text):
            hint = 'put the whole field in quotes, and double a quote inside it: "a ""b"""'
            raise TextError("a quote is out of place", position, position + 1, hint)
        position = ended.end() if ended else position
        if any(field.text for field in fields):
            records.append(fields)
        fields = []
    return [*records, fields] if any(field.text for field in fields) else records


def _field(found: re.Match[str]) -> Field:
    if found.group(1) is not None:
        return Field(found.group(1).replace('""', '"'), *found.span())
    plain = found.group(2)
    start = found.start() + len(plain) - len(plain.lstrip())
    text = plain.strip()
    return Field(text, start, start + len(text))
