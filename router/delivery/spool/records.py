"""The bytes of a spool file: whose spans, which of them are settled, and the spans with their checksums. Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass

MAGIC = b"LFROUTE2"
MARK_AT = len(MAGIC)
STATE_AT = 4
"""Offset, within a record, of the byte that says whether it is settled; it is no part of the checksum."""
SETTLED = b"\xa5"
SYNC = b"\xffREC"
"""How a record begins: no UTF-8 text holds it, so that the next record is found by it behind damage."""
_OPEN = b"\x00"
_MARK = struct.Struct("<QI")
_NAME = struct.Struct("<HI")
_RECORD = struct.Struct("<4scBIIQ")
RECORD_HEAD = _RECORD.size
"""Bytes of a record before its note: sync, state, length of the note, length of the span, checksum, time."""
_FIXED = MARK_AT + _MARK.size + _NAME.size
_MOST_NOTE = 255
MOST_HEAD = 70_000
"""Bytes that a file's header has at most."""


@dataclass(frozen=True, slots=True)
class Run:
    """Good records that stand one behind the other: the offset of the first, and how many."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds.

    Attributes:
        runs: its open records: neither delivered nor dropped.
        end: offset behind the last whole record.
        damaged: places, behind the mark and before the last whole record, at which no record can be read.
        torn: bytes behind `end`: a record that was being written when its process died, or what is no record.
        oldest: when the first open record was accepted, in nanoseconds since 1970; 0 without any.
    """

    project: str
    runs: tuple[Run, ...]
    end: int
    damaged: int
    torn: int
    oldest: int

    @property
    def count(self) -> int:
        return sum(run.count for run in self.runs)

    @property
    def lost(self) -> int:
        """Calls that cannot be read any more, as far as can be told: what is torn is taken for one."""
        return self.damaged + bool(self.torn)


@dataclass(frozen=True, slots=True)
class Record:
    """One open record: its place, when it came, and its span; `note` tells of a dead letter why it is one."""

    start: int
    end: int
    time: int
    note: str
    span: bytes


def header_of(project: str) -> bytes:
    """Return the beginning of a file for one project, all of it open."""
    name = project.encode()
    return MAGIC + mark_of(_FIXED + len(name)) + _NAME.pack(len(name), zlib.crc32(name)) + name


def mark_of(offset: int) -> bytes:
    """Return the bytes, for `MARK_AT`, that say: every record before `offset` is settled."""
    raw = offset.to_bytes(8, "little")
    return raw + zlib.crc32(raw).to_bytes(4, "little")


def record_of(span: bytes, time: int, note: str = "") -> bytes:
    """Return one open record; `time` is in nanoseconds since 1970, a note is cut after 255 bytes."""
    words = note.encode()[:_MOST_NOTE].decode("utf-8", "ignore").encode()
    return _RECORD.pack(SYNC, _OPEN, len(words), len(span), _checksum(words, span, time), time) + words + span


def size_at(head: bytes) -> int:
    """Return the whole size of the record that begins with these `RECORD_HEAD` bytes."""
    _, _, note, span, _, _ = _RECORD.unpack(head)
    return RECORD_HEAD + int(note) + int(span)


def span_in(record: bytes) -> bytes:
    """Return the span of a record.

    Raises:
        ValueError: it is damaged.
    """
    if _end_at(record, 0) != len(record):
        raise ValueError("a record is damaged")
    return _record_at(record, 0, len(record)).span


def read_project(data: bytes) -> str:
    """Return whose spans a file holds that begins with `data`.

    Raises:
        ValueError: it is no file of the spool.
    """
    return _read_header(data)[0]


def read_content(data: bytes) -> Content:
    """Return what a file holds.

    Raises:
        ValueError: it is no file of the spool.
    """
    project, first, at = _read_header(data)
    end = at = max(at, first)
    runs: list[Run] = []
    start, count, damaged, oldest = at, 0, 0, 0
    for start_of, end, is_whole in _scan(data, at):
        if is_whole and data[start_of + STATE_AT : start_of + STATE_AT + 1] != SETTLED:
            oldest = oldest or _record_at(data, start_of, end).time
            start, count = (start, count + 1) if count else (start_of, 1)
            continue
        damaged += not is_whole
        if count:
            runs.append(Run(start, count))
        count = 0
    if count:
        runs.append(Run(start, count))
    end = min(end, len(data))
    return Content(project, tuple(runs), end, damaged, len(data) - end, oldest)


def read_records(data: bytes) -> Iterator[Record]:
    """Yield the open records of a file.

    Raises:
        ValueError: it is no file of the spool.
    """
    _, first, at = _read_header(data)
    for start, end, is_whole in _scan(data, max(at, first)):
        if is_whole and data[start + STATE_AT : start + STATE_AT + 1] != SETTLED:
            yield _record_at(data, start, end)


def read_rest(data: bytes, settled: Container[int], *, with_damage: bool) -> bytes:
    """Return, of the records of a file, what is neither settled in it nor among the offsets `settled`.

    Raises:
        ValueError: it is no file of the spool.
    """
    _, first, at = _read_header(data)
    rest = []
    for start, end, is_whole in _scan(data, max(at, first)):
        is_open = data[start + STATE_AT : start + STATE_AT + 1] != SETTLED and start not in settled
        if is_open if is_whole else with_damage:
            rest.append(data[start:end])
    return b"".join(rest)


def _read_header(data: bytes) -> tuple[str, int, int]:
    """Return the project, the offset of the first record, and that of the first one that may be open."""
    if len(data) < _FIXED or not data.startswith(MAGIC):
        raise ValueError("no file of the spool")
    settled, checksum = _MARK.unpack_from(data, MARK_AT)
    length, name_checksum = _NAME.unpack_from(data, MARK_AT + _MARK.size)
    name = data[_FIXED : _FIXED + length]
    if len(name) != length or zlib.crc32(name) != name_checksum:
        raise ValueError("no file of the spool")
    # A mark that does not hold was cut by a power failure: sending everything again is the safe side.
    whole = checksum == zlib.crc32(data[MARK_AT : MARK_AT + 8])
    return name.decode(), _FIXED + length, settled if whole else 0


def _scan(data: bytes, at: int) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and whether it is whole of each record; what is no record ends where the next one begins."""
    while at < len(data):
        end = _end_at(data, at)
        is_whole = end is not None
        if end is None:
            end = _resume(data, at)
        if end is None:
            return
        yield at, end, is_whole
        at = end


def _end_at(data: bytes, at: int) -> int | None:
    """Return the offset behind the record at `at`; None where no whole one stands."""
    if at + RECORD_HEAD > len(data):
        return None
    sync, _, note, span, checksum, time = _RECORD.unpack_from(data, at)
    end = at + RECORD_HEAD + note + span
    if sync != SYNC or end > len(data):
        return None
    inner = memoryview(data)[at + RECORD_HEAD : end]
    return end if checksum == _checksum(inner[:note], inner[note:], time) else None


def _resume(data: bytes, at: int) -> int | None:
    """Return where reading goes on behind damage at `at`: at the next whole record, or the end of a last one."""
    found = data.find(SYNC, at + 1)
    while found >= 0:
        if _end_at(data, found) is not None:
            return found
        found = data.find(SYNC, found + 1)
    head = data[at : at + RECORD_HEAD]
    is_last = len(head) == RECORD_HEAD and head.startswith(SYNC) and at + size_at(head) == len(data)
    return len(data) if is_last else None


def _record_at(data: bytes, start: int, end: int) -> Record:
    _, _, note, _, _, time = _RECORD.unpack_from(data, start)
    middle = start + RECORD_HEAD + note
    return Record(start, end, time, data[start + RECORD_HEAD : middle].decode("utf-8", "replace"), data[middle:end])


def _checksum(note: bytes | memoryview, span: bytes | memoryview, time: int) -> int:
    start = time.to_bytes(8, "little") + len(note).to_bytes(1, "little") + len(span).to_bytes(4, "little")
    return zlib.crc32(span, zlib.crc32(note, zlib.crc32(start)))
