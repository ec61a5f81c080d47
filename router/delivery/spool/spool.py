"""The spool of one process: its own files, those that dead processes left, and a thread that looks after both."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Iterable

from router.delivery.notices import Notices
from router.delivery.settings import DeliverySettings
from router.delivery.spool.adoption import Adopt, Adoption, Knows
from router.delivery.spool.files import Files
from router.delivery.spool.folders import (
    ORPHANS,
    bytes_in,
    close,
    create_folder,
    names_of_folders,
    open_folder,
    open_root,
)
from router.delivery.spool.letters import DeadLetters, Kept
from router.delivery.spool.records import record_of
from router.delivery.spool.segment import Place, Segment
from router.delivery.spool.trouble import tell, words_of
from router.loglines import log_lines

_FSYNC_SECS = 0.05
_LOOK_SECS = 30.0
_MEASURE_SHARE = 32
"""What a process may write, of `spool_max_bytes`, before it measures again what the others hold."""
_log = log_lines()


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
        self._lock = threading.Lock()
        self._root = open_root(settings.spool_dir)
        try:
            self._files = Files(create_folder(self._root))
        except OSError:
            os.close(self._root)
            raise
        self._letters = DeadLetters(self._root, settings.spool_dead_max_bytes, settings.spool_fsync)
        self._adoption = Adoption(self._root, self._files, self._lock, notices, knows, adopt)
        self._elsewhere = self._unmeasured = self._leaving = 0
        self._looks_soon = False
        self._degraded = ""
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
                if self._files.size + self._elsewhere + len(record) > self._settings.spool_max_bytes:
                    raise OSError(0, "ROUTER_SPOOL_MAX_BYTES is reached")
                fsync = self._settings.spool_fsync
                segment = self._files.for_calls_of(project, sync=fsync == "always")
                place = segment.append(record)
                self._unmeasured += len(record)
                self._files.grown(segment, len(record), dirty=fsync == "interval")
                if fsync == "always":
                    os.fsync(segment.descriptor())
            except OSError as error:
                self._degrade(error)
                return None
            if self._degraded:
                self._notices.forget("", self._degraded)
                self._degraded = ""
                _log.info("The spool takes calls again.")
            if fsync == "interval":
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
                tell(self._notices, segment.name, text, segment.folder.name, segment.name, words_of(error))
                if isinstance(error, OSError):
                    raise
                found = segment.end_of(start)
                return None, None if found is None else Place(segment, start, found)
            self._files.use(segment)
            return span, Place(segment, start, end)

    def settle(self, place: Place) -> None:
        """Remember that every span of a file up to this one is delivered or dropped."""
        with self._lock:
            try:
                self._files.settle(place)
            except OSError as error:
                text = "The spool cannot be written: %s; calls may be sent twice."
                tell(self._notices, "settle", text, words_of(error))

    def leave_to_next(self, segment: Segment) -> None:
        """Leave a file as it is to the next process: this one cannot read it."""
        with self._lock:
            self._files.leave_to_next(segment)

    def keep_dead(self, project: str, spans: Iterable[bytes], note: str) -> Kept:
        """Keep calls that their server refuses for good; on the sender's thread only."""
        kept = self._letters.keep(project, spans, note)
        self._written.set()
        if kept.failure is not None:
            tell(self._notices, "dead letters", "Dead letters cannot be kept: %s.", words_of(kept.failure))
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
            failures = self._files.leave()
            self._close_root()
        for error in failures[:1]:
            text = "Files of the spool cannot be deleted: %s; their calls may be sent twice."
            tell(self._notices, "leave", text, words_of(error))

    def _close_root(self) -> None:
        root, self._root = self._root, -1
        close(root)

    def forget_parent(self) -> None:
        """Close, in a forked child, what belongs to the parent; its locks hold on."""
        for forget in (
            self._files.close,
            self._adoption.forget_parent,
            self._letters.forget_parent,
            self._close_root,
        ):
            with contextlib.suppress(OSError):  # what else stays open has to be tried, too
                forget()

    def _degrade(self, error: OSError) -> None:
        if not self._degraded:
            words = words_of(error)
            self._degraded = f"the spool takes no calls: {words}"
            text = "The spool takes no calls: %s; they wait in memory only."
            self._notices.say("", self._degraded, logging.ERROR, text, words, pause=math.inf)

    def _look_after(self) -> None:
        next_look = 0.0
        while not self._ended.is_set():
            try:
                if time.monotonic() >= next_look or self._looks_soon:
                    self._looks_soon = False
                    next_look = time.monotonic() + _LOOK_SECS
                    self._look()
                if self._written.wait(max(0.0, next_look - time.monotonic())) and not self._ended.wait(_FSYNC_SECS):
                    self._written.clear()
                    self._sync()
            except Exception as error:  # noqa: BLE001  # the last line of the thread; what it looks after stays
                tell(self._notices, "look", "The spool cannot be looked after: %s.", words_of(error))
                self._ended.wait(_FSYNC_SECS)
        self._leave()

    def _sync(self) -> None:
        descriptors = [-1]
        while descriptors:
            with contextlib.ExitStack() as copies:
                with self._lock:
                    descriptors = self._files.take_dirty(copies)
                for descriptor in descriptors:
                    os.fsync(descriptor)
        self._letters.sync()

    def _look(self) -> None:
        """Adopt what dead processes left, and measure what living ones hold."""
        self._adoption.look(self._ended)
        with self._lock:
            self._measure()

    def _measure(self) -> None:
        """Measure what others hold; between two measures others may write as well, each a 32nd of what is allowed."""
        self._unmeasured = 0
        names = (*names_of_folders(self._root), ORPHANS)
        self._elsewhere = sum(self._size_of(name) for name in names if name not in self._files)

    def _size_of(self, name: str) -> int:
        with contextlib.suppress(OSError):
            descriptor = open_folder(name, within=self._root)
            try:
                return bytes_in(descriptor)
            finally:
                os.close(descriptor)
        return 0
