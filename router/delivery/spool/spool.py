"""The spool of one process: its own files, those that dead processes left, and a thread that looks after both."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from router.delivery.notices import Notices
from router.delivery.settings import DeliverySettings
from router.delivery.spool.folders import (
    SUFFIX,
    Folder,
    bytes_in,
    create_folder,
    names_of_files,
    names_of_folders,
    open_folder,
    open_root,
    read_file,
    take_folder,
)
from router.delivery.spool.records import read_content, record_of
from router.delivery.spool.segment import Place, Run, Segment

Adopt = Callable[[Segment, tuple[Run, ...]], bool]
"""Takes the open records of a file over; returns False where its project is not known."""
SEGMENT_BYTES = 8_000_000
"""Size from which a project's calls go into a new file; a file is deleted once all of its calls are settled."""
_FSYNC_SECS = 0.05
_LOOK_SECS = 30.0
_MOST_OPEN = 64
_log = logging.getLogger("router")


class Spool:
    """Thread-safe. Nothing is raised for a disk that fails: the call then waits in memory alone, which is said once."""

    def __init__(self, settings: DeliverySettings, notices: Notices, adopt: Adopt) -> None:
        """Make and lock a folder of this process.

        Raises:
            OSError: the folder of the spool cannot be used.
        """
        assert settings.spool_dir is not None
        self._settings = settings
        self._notices = notices
        self._adopt = adopt
        self._lock = threading.Lock()
        self._root = open_root(settings.spool_dir)
        self._own = create_folder(self._root)
        self._folders: dict[str, Folder] = {self._own.name: self._own}
        self._live: dict[Segment, None] = {}
        self._current: dict[str, Segment] = {}
        self._open: OrderedDict[Segment, None] = OrderedDict()
        self._dirty: dict[Segment, None] = {}
        self._bytes = self._elsewhere = self._number = 0
        self._degraded = False
        self._ended = threading.Event()
        self._written = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="router-spool", daemon=True)

    def start(self) -> None:
        """Begin to look for what dead processes left; `adopt` is called on a thread of its own."""
        with contextlib.suppress(RuntimeError):  # no more threads: what is left waits for the next process
            self._thread.start()

    def append(self, project: str, span: bytes) -> Place | None:
        """Write a span; None when there is no room for it, or the disk fails."""
        record = record_of(span, time.time_ns())
        with self._lock:
            try:
                if self._bytes + self._elsewhere + len(record) > self._settings.spool_max_bytes:
                    raise OSError(0, "ROUTER_SPOOL_MAX_BYTES is reached")
                segment = self._segment_of(project)
                place = segment.append(record)
                self._bytes += len(record)
                self._use(segment)
                if self._settings.spool_fsync == "always":
                    os.fsync(segment.descriptor())
            except OSError as error:
                self._degrade(error)
                return None
            if self._degraded:
                self._degraded = False
                _log.info("The spool takes calls again.")
            if self._settings.spool_fsync == "interval":
                self._dirty[segment] = None
                self._written.set()
            return place

    def read(self, segment: Segment, start: int) -> tuple[bytes, Place] | None:
        """Return the span of the record at an offset, and its place; None when it cannot be read."""
        with self._lock:
            try:
                span, end = segment.read(start)
            except (OSError, ValueError) as error:
                text = "Calls in the spool file %s/%s cannot be read: %s."
                self._say(segment.name, text, segment.folder.name, segment.name, _words(error))
                return None
            self._use(segment)
            return span, Place(segment, start, end)

    def settle(self, place: Place) -> None:
        """Remember that every span of a file up to this one is delivered or dropped."""
        segment = place.segment
        with self._lock:
            try:
                if place.end < segment.size:
                    segment.settle(place.end)
                    self._use(segment)
                elif segment.folder is self._own and self._current.get(segment.project) is segment:
                    self._bytes -= segment.empty()
                    self._use(segment)
                else:
                    segment.settled = segment.size
                    self._forget(segment)
            except OSError as error:
                self._say("settle", "The spool cannot be written: %s; calls may be sent twice.", _words(error))

    def close(self) -> None:
        """End the thread and let the folders go; what is not settled stays for the next process."""
        self._ended.set()
        self._written.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)
        with self._lock:
            for segment in list(self._live):
                if segment.is_settled:
                    self._forget(segment)
                segment.close()
            for folder in self._folders.values():
                folder.remove()
            self._folders.clear()
            self._live.clear()
            os.close(self._root)

    def forget_parent(self) -> None:
        """Close, in a forked child, what belongs to the parent; its locks hold on."""
        for segment in self._live:
            segment.close()
        for folder in self._folders.values():
            folder.close()
        os.close(self._root)

    def _segment_of(self, project: str) -> Segment:
        segment = self._current.get(project)
        if segment is not None and segment.size < SEGMENT_BYTES:
            return segment
        self._number += 1
        digest = hashlib.sha256(project.encode()).hexdigest()[:12]
        new = Segment(self._own, f"{digest}-{self._number:08d}{SUFFIX}", project)
        new.create()
        self._bytes += new.size
        self._live[new] = None
        self._current[project] = new
        if segment is not None and segment.is_settled:
            self._forget(segment)
        return new

    def _use(self, segment: Segment) -> None:
        """Keep the files open that were used last."""
        self._open[segment] = None
        self._open.move_to_end(segment)
        if len(self._open) > _MOST_OPEN:
            oldest, _ = self._open.popitem(last=False)
            oldest.close()

    def _forget(self, segment: Segment) -> None:
        segment.remove()
        self._bytes -= segment.size
        self._live.pop(segment, None)
        self._open.pop(segment, None)
        self._dirty.pop(segment, None)
        folder = segment.folder
        if folder is not self._own and not any(other.folder is folder for other in self._live):
            self._folders.pop(folder.name, None)
            folder.remove()

    def _degrade(self, error: OSError) -> None:
        if not self._degraded:
            self._degraded = True
            _log.error("The spool takes no calls: %s; they wait in memory only.", _words(error))

    def _say(self, cause: str, text: str, *values: object) -> None:
        self._notices.say("", f"spool {cause}", logging.ERROR, text, *values)

    def _look_after(self) -> None:
        next_look = 0.0
        while not self._ended.is_set():
            try:
                if time.monotonic() >= next_look:
                    self._look()
                    next_look = time.monotonic() + _LOOK_SECS
                if self._written.wait(max(0.0, next_look - time.monotonic())) and not self._ended.wait(_FSYNC_SECS):
                    self._written.clear()
                    self._sync()
            except OSError as error:
                self._say("look", "The spool cannot be looked after: %s.", _words(error))
                self._ended.wait(_FSYNC_SECS)

    def _sync(self) -> None:
        with self._lock:
            copies = [os.dup(segment.descriptor()) for segment in self._dirty]
            self._dirty.clear()
        for descriptor in copies:
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _look(self) -> None:
        """Adopt what dead processes left, and measure what living ones hold."""
        elsewhere = 0
        for name in names_of_folders(self._root):
            if name in self._folders:
                continue
            if self._ended.is_set():
                return
            try:
                folder = take_folder(self._root, name)
                if folder is None:
                    elsewhere += self._size_of(name)
                else:
                    self._adopt_folder(folder)
            except OSError as error:
                self._say(name, "%s in the spool is left alone: %s.", name, _words(error))
        self._elsewhere = elsewhere

    def _size_of(self, name: str) -> int:
        with contextlib.suppress(FileNotFoundError):
            descriptor = open_folder(name, within=self._root)
            try:
                return bytes_in(descriptor)
            finally:
                os.close(descriptor)
        return 0

    def _adopt_folder(self, folder: Folder) -> None:
        with self._lock:
            self._folders[folder.name] = folder
        for name in names_of_files(folder.descriptor):
            try:
                self._adopt_file(folder, name)
            except (OSError, ValueError) as error:
                self._say(
                    f"{folder.name} {name}", "The spool file %s/%s is left alone: %s.", folder.name, name, _words(error)
                )
        with self._lock:
            if folder.name in self._folders and not any(other.folder is folder for other in self._live):
                del self._folders[folder.name]
                folder.remove()

    def _adopt_file(self, folder: Folder, name: str) -> None:
        content = read_content(read_file(folder.descriptor, name))
        segment = Segment(folder, name, content.project, content.end)
        segment.descriptor()  # a file that cannot be written could not be settled either
        if content.torn:
            os.ftruncate(segment.descriptor(), content.end)
        segment.close()
        if content.damaged or content.torn:
            text = "The spool file %s/%s is damaged: calls unreadable: %d, bytes cut off its end: %d."
            self._say(f"{folder.name} {name}", text, folder.name, name, content.damaged, content.torn)
        with self._lock:
            self._live[segment] = None
            self._bytes += segment.size
            if not content.runs:
                if not content.damaged:
                    self._forget(segment)
                return
        if not self._adopt(segment, content.runs):
            text = "Calls in the spool are for project %s, which is not in the file any more; they are kept."
            self._notices.say(content.project, "spool", logging.WARNING, text, content.project)


def _words(error: Exception) -> str:
    """Describe an error without anything that a file may hold."""
    if isinstance(error, OSError) and error.strerror:
        return (
            error.strerror[:1].lower() + error.strerror[1:]
            if not error.strerror.startswith("ROUTER_")
            else error.strerror
        )
    return "it is damaged, or not a file of the spool" if isinstance(error, ValueError) else type(error).__name__
