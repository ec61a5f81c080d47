"""Dead letters: calls that a server refuses for good, kept as they were masked until somebody decides about them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from router.delivery.fork import no_fork_meanwhile
from router.delivery.settings import Fsync
from router.delivery.spool.folders import (
    DEAD,
    SUFFIX,
    Folder,
    bytes_in,
    close,
    names_of_files,
    open_file,
    open_shared,
    read_file,
    remove_unfinished,
    take_file,
)
from router.delivery.spool.records import read_content, record_of
from router.delivery.spool.segment import Segment

REASONS = ("rejected", "too_large", "wrong_project", "unreachable")
"""Why a call can be a dead letter."""
_MOST_IN_A_FILE = 8_000_000
_MEASURE_SHARE = 32
_FILES = 8
"""Files that the room is enough for, at least: the oldest one gives way as a whole."""


@dataclass(slots=True)
class Kept:
    """What became of some calls that are dead letters now.

    Attributes:
        count: how many are kept.
        removed: older ones that gave way, by project.
        failure: why not all are kept, where the disk is the reason.
    """

    count: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    failure: OSError | None = None


class DeadLetters:
    """What one process writes into the folder of all. Only the sender's thread keeps letters.

    A file is locked only while a letter is written into it. Who finds it locked, because a command is at work with
    it, begins another: nobody ever waits.
    """

    def __init__(self, root: int, max_bytes: int, fsync: Fsync) -> None:
        """Write into a spool.

        Args:
            root: its folder.
            max_bytes: of the letters of all processes; between two measures each may write a 32nd of it.
            fsync: when letters are forced to the disk; with `interval` by `sync`.
        """
        self._root = root
        self._max_bytes = max_bytes
        self._fsync = fsync
        self._names: dict[str, str] = {}
        self._bytes: int | None = None
        self._unmeasured = 0
        self._unsynced: deque[str] = deque()
        self._taken: set[int] = set()

    def keep(self, project: str, spans: Iterable[bytes], note: str) -> Kept:
        """Write spans down, with a note that begins with the reason, and make room for them."""
        kept = Kept()
        if not self._max_bytes:
            return kept
        try:
            folder = open_shared(self._root, DEAD)
        except OSError as error:
            kept.failure = error
            return kept
        try:
            self._write(folder, project, [record_of(span, time.time_ns(), note) for span in spans], kept)
        except OSError as error:
            kept.failure = error
        finally:
            folder.close()
        return kept

    def sync(self) -> None:
        """Force what was kept since the last time to the disk; on any thread.

        Raises:
            OSError: the disk fails.
        """
        names: set[str] = set()
        while self._unsynced:
            names.add(self._unsynced.popleft())
        if not names:
            return
        folder = open_shared(self._root, DEAD)
        try:
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    descriptor = open_file(folder.descriptor, name, writing=False)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
            os.fsync(folder.descriptor)
        finally:
            folder.close()

    def forget_parent(self) -> None:
        """Let go, in a forked child, of the file that the parent writes at this moment."""
        close(*self._taken)

    def _take(self, folder: Folder, name: str) -> int | None:
        with no_fork_meanwhile():
            descriptor = take_file(folder.descriptor, name)
            if descriptor is not None:
                self._taken.add(descriptor)
            return descriptor

    def _let_go(self, descriptor: int) -> None:
        with no_fork_meanwhile():
            self._taken.discard(descriptor)
            os.close(descriptor)

    def _write(self, folder: Folder, project: str, records: list[bytes], kept: Kept) -> None:
        segment: Segment | None = None
        try:
            for record in records:
                if not self._make_room(folder, len(record), kept.removed):
                    continue
                if segment is None or segment.size >= self._most_in_a_file():
                    self._finish(segment)
                    segment = self._open(folder, project)
                segment.append(record)
                self._bytes = (self._bytes or 0) + len(record)
                self._unmeasured += len(record)
                kept.count += 1
        finally:
            self._finish(segment)

    def _finish(self, segment: Segment | None) -> None:
        if segment is not None:
            if self._fsync == "interval":
                self._unsynced.append(segment.name)
            try:
                if self._fsync == "always":
                    os.fsync(segment.descriptor())
            finally:
                with no_fork_meanwhile():
                    self._taken.discard(segment.descriptor())
                    segment.close()

    def _open(self, folder: Folder, project: str) -> Segment:
        """Return the file of a project that this process writes, locked; a new one where that is full or taken."""
        name = self._names.get(project)
        if name is not None and (descriptor := self._take(folder, name)) is not None:
            size = os.fstat(descriptor).st_size  # now that nobody else can make it shorter
            if 0 < size < self._most_in_a_file():
                return Segment(folder, name, project, size, descriptor)
            self._let_go(descriptor)
        digest = hashlib.sha256(project.encode()).hexdigest()[:12]
        number = max((_number_of(name) for name in names_of_files(folder.descriptor)), default=0)
        while True:
            number += 1
            new = Segment(folder, f"{number:08d}-{digest}{SUFFIX}", project)
            try:
                new.create()
            except FileExistsError:
                continue
            new.close()
            descriptor = self._take(folder, new.name)
            if descriptor is not None:  # else a command looks into it at this very moment
                if self._fsync == "always":
                    os.fsync(folder.descriptor)
                self._names[project] = new.name
                return Segment(folder, new.name, project, new.size, descriptor)

    def _make_room(self, folder: Folder, size: int, removed: Counter[str]) -> bool:
        """Remove the oldest files until `size` bytes fit; return whether they do."""
        if size > self._max_bytes:
            return False
        is_measured = self._bytes is not None and self._unmeasured <= self._max_bytes // _MEASURE_SHARE
        if is_measured and (self._bytes or 0) + size <= self._max_bytes:
            return True
        self._bytes, self._unmeasured = bytes_in(folder.descriptor), 0
        for name in names_of_files(folder.descriptor):
            if self._bytes + size <= self._max_bytes:
                break
            descriptor = self._take(folder, name)
            if descriptor is None:
                continue
            try:
                remove_unfinished(folder.descriptor, name)
                removed.update(_count(folder, name))
                self._bytes -= os.fstat(descriptor).st_size
                os.unlink(name, dir_fd=folder.descriptor)
            finally:
                self._let_go(descriptor)
        return self._bytes + size <= self._max_bytes

    def _most_in_a_file(self) -> int:
        return min(_MOST_IN_A_FILE, self._max_bytes // _FILES)


def _count(folder: Folder, name: str) -> Mapping[str, int]:
    try:
        content = read_content(read_file(folder.descriptor, name))
    except ValueError:
        return {}
    return {content.project: content.count}


def _number_of(name: str) -> int:
    number = name.partition("-")[0]
    return int(number) if number.isdecimal() else 0
