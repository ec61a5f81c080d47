"""The sender of a process: one thread for all projects, started by the first span."""

from __future__ import annotations

import contextlib
import logging
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from router.config.loaded import ResolvedProject
from router.config.model import Generation
from router.delivery.backlog import Circuit, Destination
from router.delivery.counters import Counters
from router.delivery.fork import no_fork_meanwhile, reset_in_child, wait_before_fork
from router.delivery.notices import Notices, Trouble, calls
from router.delivery.outbox import Outbox
from router.delivery.projects import Changes, Projects
from router.delivery.servers import Servers
from router.delivery.settings import DeliverySettings
from router.loglines import log_lines

if TYPE_CHECKING:
    import asyncio

    from router.delivery.exporter import Exporter
    from router.delivery.spool import Run, Segment, Spool

_log = log_lines()
_THREAD_END_SECS = 0.25
_END_SHARE = 0.15
_MOST_END_SECS = 0.75
_SPOOL_AGAIN_SECS = 60.0
"""How long after a failure the spool is opened again, which what stood in its way may be gone by."""
_IMPORT_SECS = 5.0
"""How long a fork may wait for the first use of the HTTP client; it takes some tenths of a second."""
_START_AGAIN_SECS = 1.0
"""How long after a failure the thread makes its loop and connections again."""
_inherited: list[object] = []


def _end_secs(limit: float) -> float:
    """Return how much of the time for a shutdown the flush leaves to the ends of the thread and the interpreter."""
    return min(limit / 2, max(_THREAD_END_SECS, min(_END_SHARE * limit, _MOST_END_SECS)))


class Sender:
    """Delivers encoded spans to their projects. Thread-safe; a forked child starts with nothing to deliver.

    Whoever calls `send` has counted the call with `counters.accept` before; the sender counts what became of it.
    """

    def __init__(self, projects: Mapping[str, ResolvedProject], settings: DeliverySettings, counters: Counters) -> None:
        self._projects = Projects(projects)
        self._settings = settings
        self._counters = counters
        self._closed = False
        self._servers = Servers()
        self._start_afresh()
        wait_before_fork(self._wait_for_imports)
        reset_in_child(self._forget_parent)
        self._open_spool()

    def _start_afresh(self) -> None:
        self._notices = Notices()
        self._outbox = Outbox(self._settings, self._counters, self._notices)
        self._outbox.closed = self._closed
        self._spool: Spool | None = None
        self._spool_due = math.inf if self._settings.spool_dir is None else -math.inf
        self._spool_failure = ""
        self._start_lock = threading.Lock()
        self._shutdown_lock = threading.RLock()
        self._flush_lock = threading.RLock()  # a signal handler may flush while its thread does
        self._flushes = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exporter: Exporter | None = None
        self._imported = threading.Event()
        self._imported.set()
        self._start_failure = ""
        self._ended = threading.Event()
        self._clean = True

    def _wait_for_imports(self) -> None:
        # A child that is forked while the thread imports something could never import it itself: nobody is left
        # there to let go of that module's lock.
        self._imported.wait(_IMPORT_SECS)

    def _forget_parent(self) -> None:
        # Kept alive: collecting the parent's loop in the child would close sockets both of them hold.
        _inherited.append((self._loop, self._exporter, self._spool, self._outbox))
        if self._spool is not None:
            self._spool.forget_parent()
        self._start_afresh()

    def send(self, destination: Destination, span: bytes) -> None:
        """Take one serialised span over. Never waits for the network, never raises; what is lost is counted.

        Args:
            destination: the name of a project, or one whose keys came with the call.
        """
        if time.monotonic() >= self._spool_due:
            self._open_spool()
        announced = self._outbox.put(destination, span)
        if announced or self._thread is None:
            self._wake()

    def replace_projects(self, projects: Mapping[str, ResolvedProject]) -> Changes:
        """Send to the projects of a new file from now on; what waits for those with new keys is tried at once.

        What waits for a project that the file has no more still goes to it.
        """
        changes = self._projects.replace(projects)
        self._call(lambda exporter: exporter.renew(changes))
        if self._spool is not None:
            self._spool.look_soon()
        return changes

    def server_of(self, project: ResolvedProject) -> Generation | None:
        """Return the generation of the project's server; None while that is not known. Waits for nothing."""
        return self._servers.generation(project)

    def troubles(self) -> list[Trouble]:
        """Return what keeps calls from their projects, or did lately."""
        return self._notices.troubles()

    def circuits(self) -> Mapping[str, Circuit]:
        """Return the state of the circuit breaker of each project that had calls."""
        return self._outbox.circuits()

    def force_flush(self, timeout: float) -> bool:
        """Send everything accepted so far; return whether all of it was settled within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self.hurrying(timeout):
            return self._outbox.wait_until_settled(deadline - time.monotonic())

    @contextlib.contextmanager
    def hurrying(self, timeout: float) -> Iterator[None]:
        """Within the context, for `timeout` seconds at most, let no call wait for others, and hurry retries."""
        outbox = self._outbox
        with self._flush_lock:
            self._flushes += 1
            outbox.flush_until = max(outbox.flush_until, time.monotonic() + timeout)
        try:
            outbox.try_held()
            self._call(lambda exporter: exporter.hurry())
            yield
        finally:
            with self._flush_lock:
                self._flushes -= 1
                if not self._flushes:
                    outbox.flush_until = 0.0

    def shutdown(self, timeout: float | None = None) -> bool:
        """Flush, drop what is left after `timeout` s (default: the setting), and end the thread.

        Returns:
            Whether nothing had to be dropped. May be called again; it says the same then.
        """
        limit = self._settings.shutdown_timeout_secs if timeout is None else timeout
        deadline = time.monotonic() + limit
        with self._shutdown_lock:
            if self._closed:
                return self._clean
            self._closed = self._outbox.closed = True
            self.force_flush(limit - _end_secs(limit))
            dropped = self._outbox.abandon()
            self._ended.set()
            if kept := self._counters.snapshot().spooled:
                _log.warning("%s kept in the spool: not delivered within %.1f s.", calls(kept), limit)
            self._clean = not dropped
            if rest := dropped.get("shutdown"):
                _log.warning("%s dropped (shutdown): not delivered within %.1f s.", calls(rest), limit)
            self._call(lambda exporter: exporter.stop())
            if self._thread is not None:
                self._thread.join(max(_THREAD_END_SECS, deadline - time.monotonic()))
            if self._spool is not None:
                self._spool.close()
            return self._clean

    def _open_spool(self) -> None:
        with self._start_lock:
            if self._closed or time.monotonic() < self._spool_due:
                return
            self._spool_due = math.inf
            self._notices.forget("", self._spool_failure)
            from router.delivery.spool import Spool

            try:
                with no_fork_meanwhile():  # a child that does not know it would hold its lock
                    spool = self._spool = Spool(self._settings, self._notices, self._knows, self._adopt)
            except OSError as error:
                self._spool_due = time.monotonic() + _SPOOL_AGAIN_SECS
                self._spool_failure = f"the spool cannot be used: {error.strerror}"
                text = "The spool cannot be used: %s; calls wait in memory only."
                self._notices.say("", self._spool_failure, logging.ERROR, text, error.strerror, pause=math.inf)
                return
            self._outbox.spool = spool
        spool.start()

    def _knows(self, project: str) -> bool:
        return self._projects.find(project) is not None

    def _adopt(self, segment: Segment, runs: tuple[Run, ...], damaged: int) -> None:
        if damaged:
            self._counters.accept(segment.project, damaged)
            self._counters.dropped(segment.project, "spool_damaged", damaged)
        if runs:
            self._outbox.adopt(segment.project, segment, runs)
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._start()
        else:
            self._call(lambda exporter: exporter.look())

    def _call(self, action: Callable[[Exporter], None]) -> None:
        """Run `action` on the sender's thread, if there is one."""
        loop, exporter = self._loop, self._exporter
        if loop is not None and exporter is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(action, exporter)

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="router-sender", daemon=True)
            self._imported.clear()
            try:
                thread.start()
            except RuntimeError:  # no more threads: for now, or because the interpreter is about to end
                self._imported.set()
                if not threading.main_thread().is_alive():
                    self._outbox.abandon()
                return
            self._thread = thread

    def _run(self) -> None:
        try:
            while not self._outbox.abandoned:
                try:
                    self._send()
                    return
                except BaseException as error:  # noqa: BLE001  # the last line of the thread
                    self._tell_failed(error)
                    if self._exporter is not None:
                        return
                self._ended.wait(_START_AGAIN_SECS)
        finally:
            self._outbox.abandon()

    def _send(self) -> None:
        self._imported.clear()
        try:
            import asyncio

            from router.delivery.exporter import Exporter
            from router.delivery.transport import Transport
        finally:
            self._imported.set()
        _need_descriptors()

        async def export() -> None:
            async with Transport(self._settings, self._servers) as transport:
                exporter = Exporter(self._outbox, self._projects, self._settings, self._notices, transport)
                self._loop, self._exporter = asyncio.get_running_loop(), exporter
                self._notices.forget("", self._start_failure)
                if self._outbox.abandoned:
                    exporter.stop()
                await exporter.run()

        with asyncio.Runner() as runner:
            runner.run(export())

    def _tell_failed(self, error: BaseException) -> None:
        words = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        if self._exporter is not None:
            text, cause = "The sender has stopped: %s.", f"the sender has stopped: {words}"
        else:
            text, cause = "The sender cannot start: %s; calls wait.", f"the sender cannot start: {words}"
            if cause != self._start_failure:
                self._notices.forget("", self._start_failure)
            self._start_failure = cause
        self._notices.say("", cause, logging.ERROR, text, words, pause=math.inf)


def _need_descriptors() -> None:
    """Raise OSError where there are too few for a loop: one that is left half made complains when it is collected."""
    with selectors.DefaultSelector():
        for end in socket.socketpair():
            end.close()
