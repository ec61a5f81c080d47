"""The spool of one process: its own files, those that dead processes left, and a thread that looks after both."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from router.delivery.notices import Notices
from router.delivery.settings import DeliverySettings
from router.delivery.spool.folders import (
    ORPHANS,
    SUFFIX,
    Folder,
    bytes_in,
    create_folder,
    names_of_files,
    names_of_folders,
    open_folder,
    open_root,
    open_shared,
    read_file,
    remove_unfinished,
    take_file,
    take_folder,
)
from router.delivery.spool.letters import DeadLetters, Kept
from router.delivery.spool.records import MOST_HEAD, Content, read_content, read_project, record_of
from router.delivery.spool.segment import Place, Run, Segment

Adopt = Callable[[Segment, tuple[Run, ...], int], None]
"""Takes the open records of a file over, and the number of places in it that cannot be read."""
Knows = Callable[[str], bool]
"""Returns whether calls for a project can be delivered."""
SEGMENT_BYTES = 8_000_000
"""Size from which a project's calls go into a new file; a file is deleted once all of its calls are settled."""
_FSYNC_SECS = 0.05
_LOOK_SECS = 30.0
_MOST_OPEN = 64
_MEASURE_SHARE = 32
"""What a process may write, of `spool_max_bytes`, before it measures again what the others hold."""
_log = logging.getLogger("router")


class Spool:
    """Thread-safe. Nothing is raised for a disk that fails: the call then waits in memory alone, which is said once."""

    def __init__(self, settings: DeliverySettings, notices: Notices, knows: Knows, adopt: Adopt) -> None:
        """Make and lock a folder of this process.

        Raises:
            OSError: the folder of the spool cannot be used.
        """
        assert settings.spool_dir is not None
        self._settings = settings
        self._notices = notices
        self._knows = knows
        self._adopt = adopt
        self._lock = threading.Lock()
        self._root = open_root(settings.spool_dir)
        try:
            self._own = create_folder(self._root)
        except OSError:
            os.close(self._root)
            raise
        self._letters = DeadLetters(self._root, settings.spool_dead_max_bytes, settings.spool_fsync)
        self._folders: dict[str, Folder] = {self._own.name: self._own}
        self._live: dict[Segment, None] = {}
        self._current: dict[str, Segment] = {}
        self._open: OrderedDict[Segment, None] = OrderedDict()
        self._dirty: dict[Segment, None] = {}
        self._bytes = self._elsewhere = self._number = self._unmeasured = 0
        self._has_new_files = self._looks_soon = False
        self._leaving = 0
        self._degraded = ""
        self._orphans: set[str] = set()
        self._orphan: int | None = None
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
                if self._unmeasured > self._settings.spool_max_bytes // _MEASURE_SHARE:
                    self._measure()
                if self._bytes + self._elsewhere + len(record) > self._settings.spool_max_bytes:
                    raise OSError(0, "ROUTER_SPOOL_MAX_BYTES is reached")
                segment = self._segment_of(project)
                place = segment.append(record)
                self._bytes += len(record)
                self._unmeasured += len(record)
                self._use(segment)
                if self._settings.spool_fsync == "always":
                    os.fsync(segment.descriptor())
            except OSError as error:
                self._degrade(error)
                return None
            if self._degraded:
                self._notices.forget("", self._degraded)
                self._degraded = ""
                _log.info("The spool takes calls again.")
            if self._settings.spool_fsync == "interval":
                self._dirty[segment] = None
                self._written.set()
            return place

    def read(self, segment: Segment, start: int) -> tuple[bytes | None, Place | None]:
        """Return the span of the record at an offset, and its place.

        A span that is damaged is None, and so is its place where nobody knows where the next one begins.

        Raises:
            OSError: it cannot be read now, but perhaps later.
        """
        with self._lock:
            try:
                span, end = segment.read(start)
            except (OSError, ValueError) as error:
                text = "Calls in the spool file %s/%s cannot be read: %s."
                self._say(segment.name, text, segment.folder.name, segment.name, _words(error))
                if isinstance(error, OSError):
                    raise
                found = segment.end_of(start)
                return None, None if found is None else Place(segment, start, found)
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

    def keep_dead(self, project: str, spans: Iterable[bytes], note: str) -> Kept:
        """Keep calls that their server refuses for good; on the sender's thread only."""
        kept = self._letters.keep(project, spans, note)
        self._written.set()
        if kept.failure is not None:
            self._say("dead letters", "Dead letters cannot be kept: %s.", _words(kept.failure))
        return kept

    def look_soon(self) -> None:
        """Look at once for calls that can be adopted by now."""
        self._looks_soon = True
        self._written.set()

    def close(self) -> None:
        """End the thread and let the folders go; what is not settled stays for the next process."""
        self._ended.set()
        self._written.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)
        self._leave()

    def _leave(self) -> None:
        """Let everything go; whoever comes last does it: a thread that a disk keeps may still use the folders."""
        with self._lock:
            self._leaving += 1
            if self._root < 0 or (self._leaving == 1 and self._thread.ident is not None):
                return
            for segment in list(self._live):
                if segment.is_settled:
                    self._forget(segment)
                segment.close()
            for folder in self._folders.values():
                folder.remove()
            self._folders.clear()
            self._live.clear()
            self._close_root()

    def _close_root(self) -> None:
        root, self._root = self._root, -1
        if root >= 0:
            os.close(root)

    def forget_parent(self) -> None:
        """Close, in a forked child, what belongs to the parent; its locks hold on."""
        for segment in self._live:
            segment.close()
        for folder in self._folders.values():
            folder.close()
        self._letters.forget_parent()
        if self._orphan is not None:
            os.close(self._orphan)
        self._close_root()

    def _segment_of(self, project: str) -> Segment:
        segment = self._current.get(project)
        if segment is not None and segment.size < SEGMENT_BYTES:
            return segment
        new = Segment(self._own, self._new_name(project), project)
        new.create()
        self._has_new_files = True
        if self._settings.spool_fsync == "always":
            os.fsync(self._own.descriptor)
        self._bytes += new.size
        self._live[new] = None
        self._current[project] = new
        if segment is not None and segment.is_settled:
            self._forget(segment)
        return new

    def _new_name(self, project: str) -> str:
        self._number += 1
        return f"{hashlib.sha256(project.encode()).hexdigest()[:12]}-{self._number:08d}{SUFFIX}"

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
            words = _words(error)
            self._degraded = f"the spool takes no calls: {words}"
            text = "The spool takes no calls: %s; they wait in memory only."
            self._notices.say("", self._degraded, logging.ERROR, text, words, pause=math.inf)

    def _say(self, cause: str, text: str, *values: object) -> None:
        self._notices.say("", f"spool {cause}", logging.ERROR, text, *values)

    def _look_after(self) -> None:
        next_look = 0.0
        while not self._ended.is_set():
            try:
                if time.monotonic() >= next_look or self._looks_soon:
                    self._looks_soon = False
                    self._look()
                    next_look = time.monotonic() + _LOOK_SECS
                if self._written.wait(max(0.0, next_look - time.monotonic())) and not self._ended.wait(_FSYNC_SECS):
                    self._written.clear()
                    self._sync()
            except OSError as error:
                self._say("look", "The spool cannot be looked after: %s.", _words(error))
                self._ended.wait(_FSYNC_SECS)
        self._leave()

    def _sync(self) -> None:
        with contextlib.ExitStack() as copies, self._lock:
            descriptors = [segment.descriptor() for segment in self._dirty]
            if self._has_new_files and self._dirty:
                descriptors.append(self._own.descriptor)
                self._has_new_files = False
            self._dirty.clear()
            descriptors = [os.dup(descriptor) for descriptor in descriptors]
            for descriptor in descriptors:
                copies.callback(os.close, descriptor)
            keep = copies.pop_all()
        with keep:
            for descriptor in descriptors:
                os.fsync(descriptor)
        self._letters.sync()

    def _look(self) -> None:
        """Adopt what dead processes left, and measure what living ones hold."""
        for name in names_of_folders(self._root):
            if name in self._folders:
                continue
            if self._ended.is_set():
                return
            try:
                folder = take_folder(self._root, name)
                if folder is not None:
                    self._adopt_folder(folder)
            except OSError as error:
                self._say(name, "%s in the spool is left alone: %s.", name, _words(error))
        self._adopt_orphans()
        with self._lock:
            self._measure()

    def _measure(self) -> None:
        """Measure what others hold; between two measures others may write as well, each a 32nd of what is allowed."""
        self._unmeasured = 0
        names = (*names_of_folders(self._root), ORPHANS)
        self._elsewhere = sum(self._size_of(name) for name in names if name not in self._folders)

    def _size_of(self, name: str) -> int:
        with contextlib.suppress(OSError):
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
        data = read_file(folder.descriptor, name)
        if not data:  # its process died between making and beginning it
            os.unlink(name, dir_fd=folder.descriptor)
            return
        content = read_content(data)
        if content.count and not self._knows(content.project):
            self._set_aside(folder, name, content.project)
            return
        segment = Segment(folder, name, content.project, content.end)
        segment.descriptor()  # a file that cannot be written could not be settled either
        segment.close()
        self._tell_damage(folder, name, content)
        with self._lock:
            self._live[segment] = None
            self._bytes += segment.size
            if not content.runs:
                if not content.damaged:
                    self._forget(segment)
                return
        self._adopt(segment, content.runs, content.damaged)

    def _tell_damage(self, folder: Folder, name: str, content: Content) -> None:
        if content.damaged or content.torn:
            text = "The spool file %s/%s is damaged: calls unreadable: %d, bytes without a call at its end: %d."
            self._say(f"{folder.name} {name}", text, folder.name, name, content.damaged, content.torn)

    def _set_aside(self, folder: Folder, name: str, project: str) -> None:
        """Put a file where every process and `router spool` can take it: nobody who runs knows its project."""
        orphans = open_shared(self._root, ORPHANS)
        try:
            to = f"{folder.name}-{name}"
            os.rename(name, to, src_dir_fd=folder.descriptor, dst_dir_fd=orphans.descriptor)
        finally:
            orphans.close()
        self._tell_orphan(project)

    def _tell_orphan(self, project: str) -> None:
        if project not in self._orphans:
            self._orphans.add(project)
            text = (
                "Calls in the spool are for project %s, which is not in the file any more; they are kept, "
                "and `router spool` shows them."
            )
            self._notices.say(project, "spool", logging.WARNING, text, project)

    def _adopt_orphans(self) -> None:
        """Adopt what was set aside for projects that are known by now."""
        try:
            orphans = open_shared(self._root, ORPHANS, create=False)
        except FileNotFoundError:
            return
        try:
            for name in names_of_files(orphans.descriptor):
                self._adopt_orphan(orphans, name)
        finally:
            orphans.close()

    def _adopt_orphan(self, orphans: Folder, name: str) -> None:
        try:
            descriptor = self._orphan = take_file(orphans.descriptor, name)
            if descriptor is None:
                return
            try:
                project = read_project(os.pread(descriptor, MOST_HEAD, 0))
                if not self._knows(project):
                    self._tell_orphan(project)
                    return
                with self._lock:
                    own = self._new_name(project)
                remove_unfinished(orphans.descriptor, name)
                os.rename(name, own, src_dir_fd=orphans.descriptor, dst_dir_fd=self._own.descriptor)
            finally:
                self._orphan = None
                os.close(descriptor)
            self._orphans.discard(project)
            self._adopt_file(self._own, own)
        except (OSError, ValueError) as error:
            self._say(f"{ORPHANS} {name}", "The spool file %s/%s is left alone: %s.", ORPHANS, name, _words(error))


def _words(error: Exception) -> str:
    """Describe an error without anything that a file may hold."""
    if isinstance(error, OSError) and error.strerror:
        return (
            error.strerror[:1].lower() + error.strerror[1:]
            if not error.strerror.startswith("ROUTER_")
            else error.strerror
        )
    return "it is damaged, or not a file of the spool" if isinstance(error, ValueError) else type(error).__name__
