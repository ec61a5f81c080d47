"""The files of one process in a spool: its own, and those that it has taken over."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from contextlib import ExitStack
from itertools import islice

from router.delivery.fork import no_fork_meanwhile
from router.delivery.spool.folders import SUFFIX, Folder
from router.delivery.spool.segment import Place, Segment

SEGMENT_BYTES = 8_000_000
"""Size from which a project's calls go into a new file; a file is deleted once all of its calls are settled."""
_MOST_OPEN = 64


class Files:
    """The files with calls that are not settled, and which of them are open. Not thread-safe: the spool locks.

    Attributes:
        own: folder that this process made.
        size: bytes of all files together.
    """

    def __init__(self, own: Folder) -> None:
        self.own = own
        self.size = 0
        self._folders: dict[str, Folder] = {own.name: own}
        self._taking: Folder | None = None
        self._segments: dict[Segment, None] = {}
        self._current: dict[str, Segment] = {}
        self._open: OrderedDict[Segment, None] = OrderedDict()
        self._dirty: dict[Segment, None] = {}
        self._number = 0
        self._has_new = False

    def __contains__(self, folder: str) -> bool:
        return folder in self._folders

    def for_calls_of(self, project: str, *, sync: bool) -> Segment:
        """Return the file that a project's next call goes to; with `sync` a new one is on the disk before.

        Raises:
            OSError: there is no room for a new one.
        """
        segment = self._current.get(project)
        if segment is not None and segment.size < SEGMENT_BYTES:
            return segment
        new = Segment(self.own, self.new_name(project), project)
        new.create()
        self._has_new = True
        if sync:
            os.fsync(self.own.descriptor)
        self.add(new)
        self._current[project] = new
        if segment is not None and segment.is_settled:
            self.forget(segment)
        return new

    def new_name(self, project: str) -> str:
        """Return a name that no file of this process has had."""
        self._number += 1
        return f"{hashlib.sha256(project.encode()).hexdigest()[:12]}-{self._number:08d}{SUFFIX}"

    def add(self, segment: Segment) -> None:
        self._segments[segment] = None
        self.size += segment.size

    def grown(self, segment: Segment, size: int, *, dirty: bool) -> None:
        """Take note that so many bytes were written to a file; with `dirty` they are to be forced to the disk."""
        self.size += size
        if dirty:
            self._dirty[segment] = None
        self.use(segment)

    def use(self, segment: Segment) -> None:
        """Keep the files open that were used last."""
        self._open[segment] = None
        self._open.move_to_end(segment)
        if len(self._open) > _MOST_OPEN:
            oldest, _ = self._open.popitem(last=False)
            oldest.close()

    def settle(self, place: Place) -> None:
        """Settle a file up to a place; one in which nothing is left is deleted, or emptied where calls still come.

        Raises:
            OSError: it cannot be written.
        """
        segment = place.segment
        if place.end < segment.size:
            segment.settle(place.end)
            self.use(segment)
        elif segment.folder is self.own and self._current.get(segment.project) is segment:
            self.size -= segment.empty()
            self.use(segment)
        else:
            segment.settled = segment.size
            self.forget(segment)

    def forget(self, segment: Segment) -> None:
        """Delete a file, and its folder where it was the last one of a process that has ended."""
        segment.remove()
        self.size -= segment.size
        for known in (self._segments, self._open, self._dirty):
            known.pop(segment, None)
        self._drop_if_empty(segment.folder)

    def leave_to_next(self, segment: Segment) -> None:
        """Use a file no more, and do not delete it."""
        segment.close()
        if self._current.get(segment.project) is segment:
            del self._current[segment.project]
        for known in (self._segments, self._open, self._dirty):
            known.pop(segment, None)

    def begin_folder(self, folder: Folder) -> None:
        """Keep a folder whose files are taken over one by one, whatever becomes of those meanwhile."""
        self._folders[folder.name] = self._taking = folder

    def end_folder(self) -> None:
        """Say that every file of that folder was looked at."""
        folder, self._taking = self._taking, None
        if folder is not None:
            self._drop_if_empty(folder)

    def _drop_if_empty(self, folder: Folder) -> None:
        if (
            folder is not self.own
            and folder is not self._taking
            and folder.name in self._folders
            and not any(segment.folder is folder for segment in self._segments)
        ):
            with no_fork_meanwhile():
                del self._folders[folder.name]
                folder.remove()

    def take_dirty(self, copies: ExitStack) -> list[int]:
        """Return descriptors of what is to be forced to the disk, a few files at a time; `copies` closes them.

        Raises:
            OSError: a file cannot be opened; it is taken another time.
        """
        found: list[int] = []

        def copy(descriptor: int) -> None:
            found.append(os.dup(descriptor))
            copies.callback(os.close, found[-1])

        if self._has_new and self._dirty:
            copy(self.own.descriptor)
            self._has_new = False
        for segment in list(islice(self._dirty, _MOST_OPEN)):
            was_open = segment.is_open
            try:
                copy(segment.descriptor())
            finally:
                if not was_open:
                    segment.close()
            del self._dirty[segment]
        return found

    def leave(self) -> list[OSError]:
        """Close everything; what is settled is deleted. Return what stood in the way of that."""
        failures = []
        for segment in list(self._segments):
            try:
                if segment.is_settled:
                    self.forget(segment)
            except OSError as error:
                failures.append(error)
            segment.close()
        for folder in self._folders.values():
            folder.remove()
        self._folders.clear()
        self._segments.clear()
        return failures

    def close(self) -> None:
        """Close, in a forked child, what belongs to the parent."""
        for segment in self._segments:
            segment.close()
        for folder in self._folders.values():
            folder.close()
