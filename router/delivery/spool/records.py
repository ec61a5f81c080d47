"""The bytes of a spool file: whose spans, how many of them are settled, and the spans with their checksums. Pure."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

MAGIC = b"LFROUTE1"
MARK_AT = len(MAGIC)
_MARK = struct.Struct("<QI")
_NAME = struct.Struct("<HI")
_RECORD = struct.Struct("<IIQ")
RECORD_HEAD = _RECORD.size
"""Bytes of a record before its span: length, checksum, time of acceptance."""
_FIXED = MARK_AT + _MARK.size + _NAME.size


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
        damaged: records, of those that are open, whose checksum does not hold.
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


def header_of(project: str) -> bytes:
    """Return the beginning of a file for one project, all of it open."""
    name = project.encode()
    return MAGIC + mark_of(_FIXED + len(name)) + _NAME.pack(len(name), zlib.crc32(name)) + name


def mark_of(offset: int) -> bytes:
    """Return the bytes, for `MARK_AT`, that say: every record before `offset` is settled."""
    raw = offset.to_bytes(8, "little")
    return raw + zlib.crc32(raw).to_bytes(4, "little")


def record_of(span: bytes, accepted: int) -> bytes:
    """Return one record; `accepted` is in nanoseconds since 1970."""
    return _RECORD.pack(len(span), _checksum(span, accepted), accepted) + span


def size_at(head: bytes) -> int:
    """Return the whole size of the record that begins with these `RECORD_HEAD` bytes."""
    return RECORD_HEAD + int(_RECORD.unpack(head)[0])


def span_in(record: bytes) -> bytes:
    """Return the span of a record.

    Raises:
        ValueError: it is damaged.
    """
    if len(record) < RECORD_HEAD:
        raise ValueError("a record is cut off")
    length, checksum, accepted = _RECORD.unpack_from(record)
    span = record[RECORD_HEAD:]
    if len(span) != length or checksum != _checksum(span, accepted):
        raise ValueError("a record is damaged")
    return span


def read_content(data: bytes) -> Content:
    """Return what a file holds.

    Raises:
        ValueError: it is no file of the spool.
    """
    project, first, at = _read_header(data)
    at = max(at, first)
    runs: list[Run] = []
    start, count, damaged, oldest = at, 0, 0, 0
    while at + RECORD_HEAD <= len(data):
        length, checksum, accepted = _RECORD.unpack_from(data, at)
        end = at + RECORD_HEAD + length
        if end > len(data):
            break
        if checksum == _checksum(data[at + RECORD_HEAD : end], accepted):
            count += 1
            oldest = oldest or accepted
        else:
            damaged += 1
            if count:
                runs.append(Run(start, count))
            start, count = end, 0
        at = end
    if count:
        runs.append(Run(start, count))
    return Content(project, tuple(runs), min(at, len(data)), damaged, max(0, len(data) - at), oldest)


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


def _checksum(span: bytes, accepted: int) -> int:
    return zlib.crc32(span, zlib.crc32(accepted.to_bytes(8, "little") + len(span).to_bytes(4, "little")))
