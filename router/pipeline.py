"""One call from the hook to bytes: enqueued on the caller's thread; resolved, masked and encoded on the worker."""

from __future__ import annotations

import atexit
import contextlib
import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from router.config.loaded import LoadedConfig
from router.config.seen import Seen
from router.delivery import (
    ByteBoundedQueue,
    ConfigStats,
    Counters,
    DeliverySettings,
    Health,
    Sender,
    Stats,
)
from router.delivery.fork import reset_in_child, wait_before_fork
from router.delivery.health import read_health
from router.delivery.notices import Notices, calls
from router.errors import DeliveryError
from router.loglines import log_lines
from router.processor import CallProcessor, Job
from router.reload import Configuration, Origin, Refused, Reloaded, Watcher, build
from router.routing.plan import Plan
from router.routing.record import CallRecord, held_bytes
from router.routing.request import record_from_request
from router.settings import ReloadSettings, config_path, load_settings, process_environment

_log = log_lines()
_DRAIN_SHARE = 0.72
"""Of the time that the end of a process may take; with LiteLLM loaded the interpreter needs 0.6 s, under load more."""
_MASKING_SHARE = 0.8
"""Of the time that a shutdown may take; the rest is for sending what was masked last."""
_RELOAD_SECS = 2.0
"""How long a fork may wait for a reload that is under way."""


class Router:
    """Routes, masks and delivers finished calls as one routing.yaml says.

    Thread-safe and fork-safe. `log` and `handle` take microseconds: they put the call into a bounded queue;
    resolving, masking, encoding and sending happen on two background threads, started by the first call.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        settings: DeliverySettings | None = None,
        *,
        origin: Origin | None = None,
        seen: Seen | None = None,
        reloading: ReloadSettings | None = None,
    ) -> None:
        """Compile a configuration that was loaded with an environment (so that projects have credentials).

        `origin` is where `reload` reads it again, `seen` what was looked at to load it.
        """
        self._configuration = Configuration.compile(loaded)
        self._settings = settings or DeliverySettings()
        self._origin = origin
        self._seen = seen or Seen()
        self._reloading = reloading or ReloadSettings()
        self._config_stats = _config_stats(loaded)
        self._counters = Counters()
        self._notices = Notices()
        self._queue: ByteBoundedQueue[Job] = ByteBoundedQueue(self._settings.record_queue_bytes)
        self._sender = Sender(loaded.projects, self._settings, self._counters)
        self._processor = CallProcessor(lambda: self._configuration, self._sender, self._counters, self._notices)
        self._forget_worker()
        self._watch()
        wait_before_fork(self._wait_for_reload)
        reset_in_child(self._start_in_child)
        atexit.register(_shutdown_at_exit, weakref.ref(self))

    @classmethod
    def from_file(cls, path: str | Path | None = None, *, environ: Mapping[str, str] | None = None) -> Router:
        """Load a routing.yaml; without a path `ROUTER_CONFIG`, else ./routing.yaml.

        Raises:
            ConfigError: the file, a mounted secret or a `ROUTER_*` setting is not usable; holds every problem.
        """
        environment = process_environment() if environ is None else environ
        settings = load_settings(environment)
        if settings.log.debug:
            _log.setLevel(logging.DEBUG)
        origin = Origin(str(path if path is not None else config_path(environment)), environment)
        seen = Seen()
        loaded = origin.load(seen)
        _tell_findings(loaded)
        return cls(loaded, settings.delivery, origin=origin, seen=seen, reloading=settings.reload)

    @property
    def digest(self) -> str:
        """Hash of the configuration in use, 12 hex digits."""
        return self._configuration.loaded.digest

    @property
    def reloads_on_sighup(self) -> bool:
        """Whether the settings ask for a reload at SIGHUP; whoever owns the main thread arranges it."""
        return self._reloading.on_sighup

    @property
    def shutdown_timeout_secs(self) -> float:
        """How long the end of the process may wait for delivery."""
        return self._settings.shutdown_timeout_secs

    def resolve(self, call: CallRecord | Mapping[str, Any]) -> Plan:
        """Return the plan for a call, or for a request described by hand, which is made at present without `now`.

        Sends nothing.

        Raises:
            RequestError: the mapping has an unknown key or a value of the wrong type.
        """
        configuration = self._configuration
        if not isinstance(call, CallRecord):
            vocabulary = configuration.loaded.vocabulary
            call = record_from_request({"now": datetime.now(UTC).isoformat(), **call}, vocabulary)
        return configuration.table.resolve(call)

    def reload(self) -> Reloaded:
        """Read the files again, and route by them from the next call on if nothing is wrong with them.

        Each call is routed and masked wholly by one configuration. What waits for a project whose keys or host changed
        goes to it with the new ones, at once; what waits for a project that is gone still goes to it with the last it
        had. `ROUTER_*` settings stay as they were at the start. Takes as long as `router check`; thread-safe.

        Raises:
            DeliveryError: the router was not made from a file.
        """
        if self._origin is None:
            raise DeliveryError("this router was not made by Router.from_file: there is no file to read again")
        with self._reload_lock:
            former, seen = self.digest, Seen()
            try:
                configuration = build(self._origin, seen, require_tests=self._reloading.require_tests)
            except Refused as refused:
                self._config_stats = self._config_stats.after_rejection()
                answer = Reloaded(
                    accepted=False,
                    digest=former,
                    former=former,
                    problems=refused.problems,
                    failed_tests=refused.failed_tests,
                    failure=refused.failure,
                )
                _log.error("The configuration was changed and is not used: %s", _in_one_line(answer))
                return answer
            finally:
                self._seen = seen
            loaded = configuration.loaded
            changes = self._sender.replace_projects(loaded.projects)  # first: no call may go to one it does not know
            self._configuration = configuration
            self._config_stats = self._config_stats.after(_config_stats(loaded))
            answer = Reloaded(
                accepted=True, digest=loaded.digest, former=former, problems=loaded.problems, projects=changes
            )
            _tell_findings(loaded)
            _log.info("Reloaded: %s.", answer)
            return answer

    def log(self, call: CallRecord) -> None:
        """Route, mask and deliver a call. Never blocks and never raises; what is lost is counted."""
        self.handle(lambda: call, _size_of(call))

    def handle(self, make_record: Callable[[], CallRecord], size: int = 0) -> None:
        """Do the same for a record that is made later, on the worker's thread.

        Args:
            make_record: makes the record, from what nobody else can change any more.
            size: bytes that it holds on to until then.
        """
        is_taken = False
        try:
            self._counters.accept(None)
            is_taken = self._queue.put(make_record, size)
            if not is_taken:
                self._drop_at_the_door()
            elif self._worker is None:
                self._start_worker()
        except Exception as error:  # noqa: BLE001 - the boundary of the caller's thread: the host never hears of us
            if not is_taken:  # else it is sent all the same
                self._processor.drop(None, "adapter_failed", error)

    def discard_duplicate(self) -> None:
        """Count a call that the host reported a second time."""
        self._counters.accept(None)
        self._counters.dropped(None, "duplicate")

    def stats(self) -> Stats:
        """Return a consistent snapshot: handled = delivered + dropped[reason] + in flight."""
        return replace(self._counters.snapshot(), config=self._config_stats)

    def health(self) -> Health:
        """Return whether calls arrive, and if not why; cheap enough for a probe."""
        troubles = [*self._sender.troubles(), *self._notices.troubles()]
        loaded = self._configuration.loaded
        files = [f"team file {file.file} is left out (problems: {len(file.problems)})" for file in loaded.quarantined]
        if not self._config_stats.last_reload_successful:
            files.insert(0, f"the configuration was changed and is not used: {loaded.digest} goes on")
        return read_health(troubles, files, self.stats(), self._sender.circuits(), stopped=self._queue.closed)

    def flush(self, timeout: float = 10.0) -> bool:
        """Send everything accepted so far; return whether all of it was delivered or dropped within `timeout` s."""
        deadline = time.monotonic() + timeout
        with self._sender.hurrying(timeout):
            if not self._queue.join(max(0.0, deadline - time.monotonic())):
                return False
            return self._sender.force_flush(max(0.0, deadline - time.monotonic()))

    def shutdown(self, timeout: float | None = None) -> bool:
        """Flush within `timeout` s (default: the setting), then stop the threads; what remains is counted.

        May be called again, and calls that come later are counted as dropped.
        """
        limit = self._settings.shutdown_timeout_secs if timeout is None else timeout
        deadline = time.monotonic() + limit
        with self._sender.hurrying(limit):  # what is ready does not wait for what is not
            done = self._queue.join(limit * _MASKING_SHARE)
        if self._watcher is not None:
            self._watcher.end()
        if left := len(self._queue.close()):
            self._counters.dropped(None, "shutdown", left)
            _log.warning("%s dropped (shutdown): not masked within %.1f s.", calls(left), limit)
        return self._sender.shutdown(max(0.0, deadline - time.monotonic())) and done

    def shutdown_at_exit(self) -> bool:
        """Do the same at the end of the process, so that it is gone within the setting, whatever hangs."""
        return self.shutdown(self._settings.shutdown_timeout_secs * _DRAIN_SHARE)

    def _start_in_child(self) -> None:
        self._forget_worker()
        # A child of multiprocessing ends without `atexit`; its own finalizers are registered after this.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.register_after_fork(self, _shutdown_at_child_end)

    def _forget_worker(self) -> None:
        self._worker: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self._reload_lock = threading.Lock()
        self._watcher: Watcher | None = None

    def _watch(self) -> None:
        interval = self._reloading.interval_secs
        if interval and self._origin is not None and self._watcher is None:
            with contextlib.suppress(RuntimeError):  # no more threads for now
                self._watcher = Watcher(interval, lambda: self._seen, self.reload)

    def _wait_for_reload(self) -> None:
        # A child that is forked while another thread imports something could never import it itself.
        if self._reload_lock.acquire(timeout=_RELOAD_SECS):
            self._reload_lock.release()

    def _start_worker(self) -> None:
        if not self._start_lock.acquire(blocking=False):
            return  # it is under way, on another thread or on this one, which a signal handler interrupts
        try:
            if self._worker is not None:
                return
            worker = threading.Thread(
                target=_work, args=(self._queue, self._processor.process), name="router-worker", daemon=True
            )
            worker.start()
            self._worker = worker
            self._watch()  # in a forked child, where nobody does yet
        except RuntimeError:  # no more threads for now: the call waits in the queue, and the next one tries again
            return
        finally:
            self._start_lock.release()

    def _drop_at_the_door(self) -> None:
        if self._queue.closed:
            self._counters.dropped(None, "shutdown")
            return
        self._counters.dropped(None, "queue_full")
        text = "Calls are dropped (queue_full): they come faster than they are masked."
        self._notices.say("", "queue_full before masking", logging.WARNING, text)


def _work(queue: ByteBoundedQueue[Job], process: Callable[[Job], None]) -> None:
    while (job := queue.get()) is not None:
        try:
            process(job)
        except BaseException as error:  # noqa: BLE001 - without this thread no later call would be sent
            _log.error("The work on a call broke off: %s.", type(error).__name__)
        finally:
            queue.task_done()


def _config_stats(loaded: LoadedConfig) -> ConfigStats:
    return ConfigStats(loaded.digest, loaded_at=time.time(), left_out=len(loaded.quarantined))


def _tell_findings(loaded: LoadedConfig) -> None:
    """Log what `router check` cannot have said before: what is wrong here, of variables and of mounted files."""
    for problem in loaded.warnings:
        if problem.location.file == "environment":
            _log.warning("%s; %s.", problem.message, problem.effect)
    for left_out in loaded.quarantined:
        number = len(left_out.problems)
        _log.warning("%s is left out (problems: %d); router check tells more.", left_out.file, number)


def _in_one_line(answer: Reloaded) -> str:
    first, *others = answer.reasons
    more = f" (and {len(others)} more)" if others else ""
    return f"{first}{more}. Configuration {answer.digest} goes on."


def _size_of(call: object) -> int:
    """Return what a call holds; nothing where that cannot be told, as of a foreign mapping that raises."""
    with contextlib.suppress(Exception):
        return (call.size or held_bytes(call)) if isinstance(call, CallRecord) else 0
    return 0


def _shutdown_at_exit(reference: weakref.ref[Router]) -> None:
    if (found := reference()) is not None:
        found.shutdown_at_exit()


def _shutdown_at_child_end(router: Router) -> None:
    from multiprocessing.util import Finalize

    Finalize(router, _shutdown_at_exit, args=(weakref.ref(router),), exitpriority=10)
