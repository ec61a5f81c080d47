"""One append-only file with spans of one project, settled from its beginning on, or one by one."""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from router.delivery.spool.folders import Folder, close, create_file, open_file
from router.delivery.spool.records import (
    MARK_AT,
    RECORD_HEAD,
    SETTLED,
    STATE_AT,
    SYNC,
    Run,
    header_of,
    mark_of,
    size_at,
    span_in,
)


class Segment:
    """A spool file. Not thread-safe: whoever owns the spool locks.

    Attributes:
        size: bytes of it, all of whole records.
        settled: offset before which every record is delivered or dropped.
    """

    def __init__(self, folder: Folder, name: str, project: str, size: int = 0, descriptor: int = -1) -> None:
        self.folder = folder
        self.name = name
        self.project = project
        self.size = size
        self.settled = 0
        self._descriptor = descriptor

    @property
    def is_open(self) -> bool:
        return self._descriptor >= 0

    @property
    def is_settled(self) -> bool:
        return self.settled >= self.size

    def create(self) -> None:
        """Make the file, with its header.

        Raises:
            OSError: there is no room; then there is no file either.
        """
        self._descriptor = create_file(self.folder.descriptor, self.name)
        header = header_of(self.project)
        try:
            _write(self._descriptor, header, 0)
        except OSError:
            self.remove()
            raise
        self.size = self.settled = len(header)

    def append(self, record: bytes) -> Place:
        """Add a record.

        Raises:
            OSError: there is no room; then the file is as before.
        """
        start = self.size
        try:
            _write(self.descriptor(), record, start)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor(), start)
            raise
        self.size += len(record)
        return Place(self, start, self.size)

    def settle(self, end: int) -> None:
        """Say on disk that every record before `end` is settled.

        Raises:
            OSError: the file cannot be written; its calls would be sent again, with the same ids.
        """
        self.settled = max(self.settled, end)
        os.pwrite(self.descriptor(), mark_of(self.settled), MARK_AT)

    def settle_one(self, start: int) -> None:
        """Say on disk that the record at an offset is settled.

        Raises:
            OSError: the file cannot be written.
        """
        os.pwrite(self.descriptor(), SETTLED, start + STATE_AT)

    def empty(self) -> int:
        """Cut all records off, and return how many bytes that freed.

        Raises:
            OSError: the file cannot be written.
        """
        first = len(header_of(self.project))
        freed = self.size - first
        # In this order: a file that is cut before its mark goes back would hide the records that come next.
        os.pwrite(self.descriptor(), mark_of(first), MARK_AT)
        os.ftruncate(self.descriptor(), first)
        self.size = self.settled = first
        return freed

    def read(self, start: int) -> tuple[bytes, int]:
        """Return the span of the record at an offset, and the offset behind it.

        Raises:
            OSError: it cannot be read.
            ValueError: it is damaged.
        """
        head = os.pread(self.descriptor(), RECORD_HEAD, start)
        if len(head) < RECORD_HEAD:
            raise ValueError("a record is cut off")
        size = size_at(head)
        if start + size > self.size:
            raise ValueError("a record is damaged")
        return span_in(os.pread(self.descriptor(), size, start)), start + size

    def end_of(self, start: int) -> int | None:
        """Return the offset behind a damaged record, where its length still leads to the next one or to the end.

        Raises:
            OSError: it cannot be read.
        """
        head = os.pread(self.descriptor(), RECORD_HEAD, start)
        if len(head) < RECORD_HEAD:
            return None
        end = start + size_at(head)
        is_next = end == self.size or (end < self.size and os.pread(self.descriptor(), len(SYNC), end) == SYNC)
        return end if is_next else None

    def close(self) -> None:
        """Close the file; it opens itself again when it is needed."""
        descriptor, self._descriptor = self._descriptor, -1
        close(descriptor)

    def remove(self) -> None:
        """Delete the file."""
        self.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name, dir_fd=self.folder.descriptor)

    def descriptor(self) -> int:
        """Return its descriptor, opened where it was closed."""
        if self._descriptor < 0:
            self._descriptor = open_file(self.folder.descriptor, self.name)
        return self._descriptor


class Place(NamedTuple):
    """Where a span stands."""

    segment: Segment
    start: int
    end: int


def _write(descriptor: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written


__all__ = ["Place", "Run", "Segment"]
