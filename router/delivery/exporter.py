"""The event loop of the sender: decides when each project's spans leave, tries again, and settles them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
import secrets
import time
from collections.abc import Iterable, Mapping

from router.config.loaded import ResolvedProject
from router.delivery.backlog import OPENS_AFTER, Backlog
from router.delivery.batch import Batch, calls_of, make_batch, smaller_batches
from router.delivery.counters import DropReason
from router.delivery.key_check import KeyCheck
from router.delivery.notices import Notices, calls
from router.delivery.outbox import Outbox
from router.delivery.pace import Pace
from router.delivery.projects import Changes, Projects
from router.delivery.retry import Answer, Verdict, pause
from router.delivery.settings import DeliverySettings
from router.delivery.slots import PATIENCE_SECS, CutShort, Slots
from router.delivery.transport import Transport
from router.loglines import log_lines

_log = log_lines()

_FLUSH_GAP_SECS = 0.5
"""How soon after a request a flush has its project tried again, or after ROUTER_RETRY_MIN_SECS if that is less."""
_MOST_RETRY_AFTER_SECS = 3600.0
_chance = secrets.SystemRandom().random


_REASONS: Mapping[str, DropReason] = {
    "retry": "unreachable",
    "unreachable": "unreachable",
    "refused": "rejected",
    "rejected": "rejected",
    "wrong_project": "wrong_project",
    "too_large": "too_large",
}
_MENDABLE = frozenset({"rejected", "wrong_project"})
"""What no other batch would change but an operator can: the calls wait as those do that cannot be delivered."""
_VERDICTS: Mapping[DropReason, Verdict] = {"rejected": "rejected", "wrong_project": "wrong_project"}
_LATER = _MENDABLE | {"retry"}
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""What says nothing of the file, but of the process or the machine, and passes."""


def _failed(backlog: Backlog) -> Answer:
    """Return what becomes of calls that are too old before they could be tried."""
    reason, cause = backlog.held or ("unreachable", "it cannot be reached")
    return Answer(_VERDICTS.get(reason, "unreachable"), cause)


class Exporter:
    """Sends the backlogs of an outbox; runs on one thread, with at most one batch in flight per project.

    Nothing polls: a timer or a call from another thread wakes the loop.
    """

    def __init__(
        self,
        outbox: Outbox,
        projects: Projects,
        settings: DeliverySettings,
        notices: Notices,
        transport: Transport,
    ) -> None:
        self._outbox = outbox
        self._projects = projects
        self._settings = settings
        self._notices = notices
        self._transport = transport
        self._keys = KeyCheck(projects, notices, transport)
        self._flights: dict[Backlog, asyncio.Task[None]] = {}
        self._timers: dict[Backlog, asyncio.TimerHandle] = {}
        self._pace = Pace(settings.max_requests_per_sec)
        self._stopped = asyncio.Event()
        self._pauses: dict[Backlog, asyncio.Event] = {}
        self._slots = Slots(settings.max_connections - settings.max_questions)

    async def run(self) -> None:
        """Send until `stop` is called; what is under way then is cut off."""
        self.look()
        self._check(self._projects)
        await self._stopped.wait()
        for timer in self._timers.values():
            timer.cancel()
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(self._keys.stop(), *flights, return_exceptions=True)

    def look(self) -> None:
        """Start or plan what the outbox announced."""
        for backlog in self._outbox.announced():
            self._consider(backlog)

    def hurry(self) -> None:
        """Act on a new `flush_until`: send what waits for others, and try again what waits for a retry."""
        for wake in self._pauses.values():
            wake.set()
        for backlog in self._outbox.open():
            self._consider(backlog)

    def renew(self, changes: Changes) -> None:
        """Act on a new file: what waits for a project that has new keys is tried at once, and they are checked."""
        self._keys.forget(changes.changed | changes.removed)
        for name in changes.changed | changes.removed:
            self._notices.forget(name)
        for backlog, wake in self._pauses.items():
            if backlog.destination in changes.changed:
                backlog.failures, backlog.held, backlog.asked_at = 0, None, -math.inf
                wake.set()
        self._check(changes.added | changes.changed)

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    def _check(self, names: Iterable[str]) -> None:
        if self._settings.check_projects and not self._stopped.is_set():
            self._keys.start(names)

    def _flush_left(self) -> float:
        return self._outbox.flush_until - time.monotonic()

    def _consider(self, backlog: Backlog) -> None:
        if backlog in self._flights or self._stopped.is_set():
            return  # its end considers it again
        wait = self._outbox.due_in(backlog)
        timer = self._timers.pop(backlog, None)
        if timer is not None:
            timer.cancel()
        if wait is None:
            self._pace.gives_up(backlog)
            return
        project = self._projects.find(backlog.destination)
        host, now = "" if project is None else project.host, time.monotonic()
        if project is not None:
            self._transport.ask(project)
        if self._flush_left() <= 0 and not self._outbox.is_full(backlog):
            wait = self._pace.turn(backlog, host, now + max(0.0, wait)) - now
        loop = asyncio.get_running_loop()
        if wait <= 0 or self._flush_left() > 0:
            self._pace.sends(backlog, host, now)
            flight = loop.create_task(self._fly(backlog))
            self._flights[backlog] = flight
        else:
            self._timers[backlog] = loop.call_later(wait, self._consider, backlog)

    async def _fly(self, backlog: Backlog) -> None:
        try:
            await self._send_batch(backlog)
        except Exception as error:  # noqa: BLE001  # whatever it is, these spans have to be accounted for
            await self._recover(backlog, error)
        finally:
            del self._flights[backlog]
            self._consider(backlog)

    async def _recover(self, backlog: Backlog, error: Exception) -> None:
        """Try again later with what stands in the spool after an error that nobody expected; the rest is lost."""
        cause = type(error).__name__
        self._outbox.put_back(backlog)
        if backlog.flight:
            self._settle(backlog, backlog.flight, Answer("rejected", cause))
        is_of_file = isinstance(error, OSError) and error.errno not in _SHORTAGES  # only the spool raises it
        if is_of_file and backlog.failures >= OPENS_AFTER:
            self._leave_unreadable(backlog)
        if not backlog.parked:
            return
        backlog.failures += 1
        text = "%s to project %s waiting in the spool: %s."
        waiting, wait = calls(backlog.waiting), self._next_pause(backlog, None)
        self._notices.say(backlog.account, cause, logging.ERROR, text, waiting, backlog.project, cause, pause=wait)
        await self._pause(backlog, wait)

    def _leave_unreadable(self, backlog: Backlog) -> None:
        backlog.failures = 0
        text = "%s to project %s left in the spool to the next process: their file cannot be read."
        left = calls(self._outbox.leave_unreadable(backlog))
        self._notices.say(backlog.account, "spool file left", logging.ERROR, text, left, backlog.project)

    async def _send_batch(self, backlog: Backlog) -> None:
        spans, since = self._outbox.take(backlog)
        if not spans:
            return
        left = [make_batch(spans, since)]
        del spans  # from here on the compressed bytes are all that is kept
        refusals = 0
        while left:
            self._outbox.hold(backlog, sum(len(batch.body) for batch in left))
            batch = left.pop()
            answer = await self._deliver(backlog, batch)
            refusals = refusals + 1 if answer.verdict == "refused" else 0
            smaller = smaller_batches(batch, answer.verdict, refusals)
            if smaller:
                left += reversed(smaller)
            else:
                if answer.verdict != "delivered":
                    self._outbox.keep_dead(backlog, calls_of(batch), _REASONS[answer.verdict], answer.cause)
                self._settle(backlog, batch.count, answer)

    async def _deliver(self, backlog: Backlog, batch: Batch) -> Answer:
        """Send a batch until there is an answer that no retry can change.

        The pauses in between are a circuit breaker: they grow with each failure, and from the third on the project is
        open: after each pause one call is tried alone, and whole batches only once one has arrived.
        """
        failed = _failed(backlog)
        while True:
            if backlog.circuit != "closed":
                if self._time_left(backlog, batch) <= 0:
                    return failed
                if batch.count > 1:
                    return Answer("probe")
            project = self._projects.find(backlog.destination)
            flush = self._outbox.flushes
            answer = await self._post(backlog, project, batch.body)
            if answer.verdict in _LATER and project != self._projects.find(backlog.destination):
                continue  # a new file came meanwhile
            # The keys of a request cannot be mended: no file holds them.
            mendable = answer.verdict in _MENDABLE and project is not None and isinstance(backlog.destination, str)
            if answer.verdict != "retry" and not mendable:
                self._reached(backlog, answer)
                return answer
            backlog.failures += 1
            failed = answer if mendable else Answer("unreachable", answer.cause)
            left = self._time_left(backlog, batch)
            wait = min(left, self._next_pause(backlog, answer.retry_after))
            if left > 0:
                self._tell_waiting(backlog, batch, answer, wait)
            if not mendable:
                backlog.held = None
            elif not self._outbox.hold_back(backlog, (_REASONS[answer.verdict], answer.cause), flush):
                wait = 0.0  # somebody has flushed meanwhile, and wants to know anew
            if left <= 0:
                return failed
            await self._pause(backlog, wait)

    def _time_left(self, backlog: Backlog, batch: Batch) -> float:
        kept = self._outbox.keeps(backlog)
        return math.inf if kept else batch.since + self._settings.max_age_secs - time.monotonic()

    def _reached(self, backlog: Backlog, answer: Answer) -> None:
        """Close the circuit: the server has taken a batch, or judged it."""
        failures, backlog.failures, backlog.held = backlog.failures, 0, None
        if answer.verdict == "delivered" and failures:
            self._notices.forget(backlog.account)
            _log.info("Project %s can be reached again.", backlog.project)

    async def _post(self, backlog: Backlog, project: ResolvedProject | None, body: bytes) -> Answer:
        if project is None:
            return Answer("rejected", "the project has no credentials")
        with contextlib.suppress(CutShort):
            return await self._ask(backlog, project, body)
        backlog.is_suspect = True  # whom nobody cuts short
        return await self._ask(backlog, project, body)

    async def _ask(self, backlog: Backlog, project: ResolvedProject, body: bytes) -> Answer:
        to = backlog.destination
        async with self._slots.take(project.host, is_suspect=backlog.is_suspect or backlog.failures > 0):
            started = time.monotonic()
            backlog.is_asked = True
            try:
                withheld = await self._keys.withheld(to, project) if isinstance(to, str) else None
                answer = withheld or await self._transport.post(project, body)
            finally:
                backlog.is_asked = False
                backlog.asked_at = time.monotonic()
            if answer.verdict == "delivered" and backlog.asked_at - started < PATIENCE_SECS:
                backlog.is_suspect = False
            return answer

    def _next_pause(self, backlog: Backlog, retry_after: float | None) -> float:
        settings = self._settings
        wait = pause(backlog.failures, settings.retry_min_secs, settings.retry_max_secs, _chance())
        return max(wait, min(retry_after or 0.0, max(settings.retry_max_secs, _MOST_RETRY_AFTER_SECS)))

    async def _pause(self, backlog: Backlog, seconds: float) -> None:
        """Wait for so long, or less when somebody flushes; however often that is, there is a gap between requests.

        A flush has what is held back asked for once, at its beginning.
        """
        gap = min(_FLUSH_GAP_SECS, self._settings.retry_min_secs)
        flush_left = self._flush_left()
        if flush_left > 0 and backlog.held is None:
            seconds = min(seconds, max(gap, flush_left / 4))
        wake = self._pauses[backlog] = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await wake.wait()
        except TimeoutError:
            pass
        finally:
            del self._pauses[backlog]
        await asyncio.sleep(max(0.0, backlog.asked_at + gap - time.monotonic()))

    def _settle(self, backlog: Backlog, count: int, answer: Answer) -> None:
        if answer.verdict == "delivered":
            self._outbox.settle(backlog, count)
            return
        reason = _REASONS[answer.verdict]
        self._outbox.settle(backlog, count, reason)
        self._notices.tell_dropped(backlog.account, backlog.project, count, reason, answer.cause)

    def _tell_waiting(self, backlog: Backlog, batch: Batch, answer: Answer, pause: float) -> None:
        self._notices.say(
            backlog.account,
            answer.cause,
            logging.ERROR if answer.verdict in _MENDABLE else logging.WARNING,
            "%s to project %s waiting for %.0f s: %s.",
            calls(backlog.flight + backlog.waiting),
            backlog.project,
            time.monotonic() - batch.since,
            answer.cause,
            pause=pause,
        )
