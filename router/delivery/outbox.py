"""Encoded calls that are not delivered yet: one backlog per destination, one bound in bytes over all of them."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

from router.delivery.backlog import SPAN_OVERHEAD, Backlog, Backlogs, Circuit, Destination, Held, Parked
from router.delivery.counters import Counters, DropReason
from router.delivery.notices import Notices
from router.delivery.settings import DeliverySettings

if TYPE_CHECKING:
    from router.delivery.spool import Place, Run, Segment, Spool

_LEAST_LOCK_SECS = 0.05
"""How long even somebody without time waits for the lock, which others have for microseconds."""
_BYTES_IN_LINE = attrgetter("bytes")


class Outbox:
    """Thread-safe store between `send` and the exporter; counts every span that leaves it.

    When the memory is used up, the oldest spans of the project with the most bytes in line go first, so that a
    project that cannot be reached costs the others nothing. Those that stand in the spool only leave the memory.

    Attributes:
        spool: where the spans of projects of the file are written before anything else, if anywhere. Projects whose
            keys came with calls have none: their keys would have to be written too.
    """

    def __init__(self, settings: DeliverySettings, counters: Counters, notices: Notices) -> None:
        self._settings = settings
        self._counters = counters
        self._notices = notices
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._backlogs = Backlogs()
        self._bytes = 0
        self._announced: deque[Backlog] = deque()
        self.spool: Spool | None = None
        self.closed = False
        self.abandoned = False
        self.flushes = 0
        self.flush_until = 0.0
        """Until this moment of the monotonic clock nothing waits for others, and retries are hurried."""

    @property
    def held_bytes(self) -> int:
        """Bytes held now, batches under way included."""
        return self._bytes

    def put(self, destination: Destination, span: bytes) -> bool:
        """Take a span over, or count it as dropped; return whether the exporter has to be woken."""
        size = len(span) + SPAN_OVERHEAD
        evicted: list[Backlog] = []
        with self._lock:
            backlog = self._backlogs.find(destination)
            if self.closed:
                self._counters.dropped(backlog.project, "shutdown")
                return False
            place = self.spool.append(destination, span) if self.spool and isinstance(destination, str) else None
            fits = self._make_room(size, evicted)
            if fits:
                announce = self._append(backlog, span, place)
            elif place is not None:
                fits = announce = self._park_behind(backlog, place, evicted)
            else:
                announce = False
        for victim in evicted:
            self._drop_for_room(victim)
        if not fits:
            self._drop_for_room(backlog)
        return announce

    def announced(self) -> Iterable[Backlog]:
        """Yield, once each, the backlogs that got their first span or became full."""
        while self._announced:
            yield self._announced.popleft()

    def open(self) -> list[Backlog]:
        """Return the backlogs with spans in line."""
        with self._lock:
            return [backlog for backlog in self._backlogs if backlog.waiting]

    def destinations(self) -> frozenset[Destination]:
        """Return every destination that is remembered."""
        with self._lock:
            return frozenset(backlog.destination for backlog in self._backlogs)

    def due_in(self, backlog: Backlog) -> float | None:
        """Return how many seconds the spans in line may still wait for others; None when there are none."""
        with self._lock:
            if not backlog.waiting:
                return None
            if backlog.parked or self.is_full(backlog):
                return 0.0
            return backlog.spans[0][1] + self._settings.flush_interval_secs - time.monotonic()

    def is_full(self, backlog: Backlog) -> bool:
        """Return whether the spans in line are a whole batch."""
        settings = self._settings
        return len(backlog.spans) >= settings.max_batch_spans or backlog.bytes >= settings.max_batch_bytes

    def take(self, backlog: Backlog) -> tuple[list[bytes], float]:
        """Move the oldest spans, up to one batch, from the line into flight; return them and the age of the first.

        Raises:
            OSError: the next one cannot be read from the spool at the moment; then nothing has moved.
        """
        spans: list[bytes] = []
        with self._lock:
            backlog.announced_full = False
            since = backlog.spans[0][1] if backlog.spans else time.monotonic()
            size = self._read_parked(backlog, spans)
            while not backlog.parked and backlog.spans and len(spans) < self._settings.max_batch_spans:
                if spans and size + len(backlog.spans[0][0]) > self._settings.max_batch_bytes:
                    break
                span, _, place = backlog.pop()
                backlog.take_off(span, place)
                spans.append(span)
                size += len(span)
        return spans, since

    def hold(self, backlog: Backlog, size: int) -> None:
        """Say how many bytes the spans in flight really take, now that they are compressed."""
        with self._lock:
            if backlog.flight:
                self._bytes += size - backlog.flight_bytes
                backlog.flight_bytes = size

    def put_back(self, backlog: Backlog) -> None:
        """Park the spans in flight again that stand in the spool, before those in line; the others stay in flight."""
        with self._lock:
            backlog.put_back()
            self._let_go(backlog)

    def settle(self, backlog: Backlog, count: int, dropped: DropReason | None = None) -> None:
        """Count `count` spans in flight as delivered, or as dropped for a reason."""
        with self._lock:
            count = min(count, backlog.flight)  # 0 when `abandon` came first
            if dropped is None:
                self._counters.delivered(backlog.project, count)
            else:
                self._counters.dropped(backlog.project, dropped, count)
            for place in backlog.land(count):
                assert self.spool is not None
                self.spool.settle(place)
            self._let_go(backlog)
            self._settled.notify_all()

    def wait_until_settled(self, timeout: float) -> bool:
        """Wait until every span put before this call is delivered or dropped; return whether that came in time.

        Nobody waits for spans that are held back: only an operator can help those.
        """
        deadline = time.monotonic() + timeout
        with self._locked(timeout) as is_locked:
            if not is_locked:
                return False
            targets = [(backlog, backlog.taken) for backlog in self._backlogs]
            while True:
                targets = [(backlog, taken) for backlog, taken in targets if backlog.first_open < taken]
                left = deadline - time.monotonic()
                if left <= 0 or all(backlog.held for backlog, _ in targets):
                    return not targets
                self._settled.wait(left)

    def hold_back(self, backlog: Backlog, held: Held, flush: int) -> bool:
        """Say that the spans of a backlog wait for an operator, and what they would be dropped for.

        Args:
            flush: value of `flushes` when it was asked; where it has grown since, somebody wants to know anew, and
                the answer is False.
        """
        with self._lock:
            if flush != self.flushes:
                return False
            backlog.held = held
            self._settled.notify_all()
            return True

    def try_held(self) -> None:
        """Hold nothing back that is not refused once more; only until `flush_until` is there time for it."""
        with self._locked(self.flush_until - time.monotonic()) as is_locked:
            if is_locked:
                self.flushes += 1
                for backlog in self._backlogs:
                    backlog.held = None

    def circuits(self) -> dict[str, Circuit]:
        """Return the state of each account that has spans waiting, or had; the worst one of all that it stands for."""
        backlogs = list(self._backlogs)  # a copy, and no lock: a disk that hangs must not keep it from being told
        found: dict[str, Circuit] = {}
        for backlog in backlogs:
            if found.get(backlog.account, "closed") == "closed":
                found[backlog.account] = backlog.circuit
        return found

    def abandon(self) -> Mapping[DropReason, int]:
        """Count everything that is left as spooled, or as dropped; return how much was dropped, by reason.

        What was held back is dropped for the reason that held it.
        """
        total: Counter[DropReason] = Counter()
        told: list[tuple[str, str, int, str, str]] = []
        with self._lock:
            self.closed = self.abandoned = True
            for backlog in self._backlogs:
                kept, rest = backlog.abandon()
                if kept:
                    self._counters.spooled(backlog.project, kept)
                if not rest:
                    continue
                reason, cause = backlog.held or ("shutdown", "")
                self._counters.dropped(backlog.project, reason, rest)
                total[reason] += rest
                if backlog.held is not None:
                    told.append((backlog.account, backlog.project, rest, reason, cause))
            self._bytes = 0
            self._settled.notify_all()
        for words in told:
            self._notices.tell_dropped(*words)
        return total

    def adopt(self, destination: str, segment: Segment, runs: Iterable[Run]) -> None:
        """Take over what a process that has ended left in the spool; it counts as accepted."""
        with self._lock:
            if self.closed:
                return
            backlog = self._backlogs.find(destination)
            self._backlogs.keep(backlog)
            for run in runs:
                self._counters.accept(destination, run.count)
                backlog.parked.append(Parked(segment, run.start, -1, run.count))
                backlog.parked_count += run.count
                backlog.taken += run.count
            self._announced.append(backlog)

    def leave_unreadable(self, backlog: Backlog) -> int:
        """Leave the spool file that comes next to the next process, and go on behind it; return how many calls."""
        with self._lock:
            if not backlog.parked or backlog.flight or self.spool is None:
                return 0
            segment = backlog.parked[0].segment
            self.spool.leave_to_next(segment)
            left = backlog.leave(segment)
            self._counters.spooled(backlog.project, left)
            self._settled.notify_all()
            return left

    def keeps(self, backlog: Backlog) -> bool:
        """Return whether the spans of a backlog may wait for as long as it takes."""
        return self.spool is not None and isinstance(backlog.destination, str)

    def keep_dead(self, backlog: Backlog, spans: Iterable[bytes], reason: DropReason, cause: str) -> None:
        """Keep calls that are about to be dropped as dead letters, where there is a spool; before they are settled."""
        if self.spool is None or not self.keeps(backlog):
            return
        kept = self.spool.keep_dead(backlog.project, spans, f"{reason} {cause}")
        self._counters.dead_letters(backlog.project, kept.count)
        for project, count in kept.removed.items():
            self._counters.dead_letters(project, removed=count)
            text = "%s of project %s removed: ROUTER_SPOOL_DEAD_MAX_BYTES is reached."
            letters = f"{count} dead letter{'s' if count > 1 else ''}"
            self._notices.say(project, "dead letters removed", logging.WARNING, text, letters, project)

    @contextlib.contextmanager
    def _locked(self, timeout: float) -> Iterator[bool]:
        """Lock for what has a limit, and say whether that came in time: a disk that hangs keeps the lock."""
        is_locked = self._lock.acquire(timeout=max(_LEAST_LOCK_SECS, timeout))
        try:
            yield is_locked
        finally:
            if is_locked:
                self._lock.release()

    def _read_parked(self, backlog: Backlog, spans: list[bytes]) -> int:
        """Append the oldest parked spans to `spans`: up to one batch, or one alone to try with; return their size."""
        size = 0
        most = self._settings.max_batch_spans if backlog.circuit == "closed" else 1
        while backlog.parked and len(spans) < most:
            assert self.spool is not None
            run = backlog.parked[0]
            try:
                span, place = self.spool.read(run.segment, run.start)
            except OSError:
                if spans:
                    break
                raise
            if span is None or place is None:
                self._drop_damaged(backlog, run, place)
                continue
            fits = size + len(span) <= self._settings.max_batch_bytes and self._park_for(len(span) + SPAN_OVERHEAD)
            if spans and not fits:
                break
            backlog.unpark(1, place.end)
            self._bytes += backlog.take_off(span, place)
            spans.append(span)
            size += len(span)
        return size

    def _drop_damaged(self, backlog: Backlog, run: Parked, place: Place | None) -> None:
        """Drop the first span of a run, or all of them where nobody knows where the next one begins."""
        count = run.count if place is None else 1
        backlog.unpark(count, run.end if place is None else place.end)
        self._counters.dropped(backlog.project, "spool_damaged", count)
        self._settled.notify_all()

    def _park_for(self, size: int) -> bool:
        """Return whether there is memory for so much from the spool; what stands there too leaves the memory for it."""
        while self._bytes + size > self._settings.span_buffer_bytes:
            victim = max(self._backlogs, key=_BYTES_IN_LINE)
            if not victim.spans or victim.spans[0][2] is None:
                return False
            self._evict_oldest(victim, [])
        return True

    def _let_go(self, backlog: Backlog) -> None:
        """Give the memory back once nothing of a backlog is in flight."""
        if not backlog.flight:
            self._bytes -= backlog.flight_bytes
            backlog.flight_bytes = 0
            self._backlogs.note_idle(backlog)

    def _park_behind(self, backlog: Backlog, place: Place, evicted: list[Backlog]) -> bool:
        """Park a span for which no room can be made, behind those of its project, which leave the memory first."""
        self._backlogs.keep(backlog)
        while backlog.spans:
            self._evict_oldest(backlog, evicted)
        backlog.park(place)
        backlog.taken += 1
        self._announced.append(backlog)
        return True

    def _evict_oldest(self, victim: Backlog, evicted: list[Backlog]) -> None:
        _, size, place = victim.pop()
        self._bytes -= size
        if place is not None:
            victim.park(place)
            return
        self._backlogs.note_idle(victim)
        evicted.append(victim)
        self._settled.notify_all()

    def _append(self, backlog: Backlog, span: bytes, place: Place | None) -> bool:
        self._backlogs.keep(backlog)
        self._bytes += backlog.append(span, place)
        full = self.is_full(backlog)
        if len(backlog.spans) > 1 and (backlog.announced_full or not full):
            return False
        backlog.announced_full = full
        self._announced.append(backlog)
        return True

    def _make_room(self, size: int, evicted: list[Backlog]) -> bool:
        limit = self._settings.span_buffer_bytes
        if self._bytes + size > limit and size + self._bytes - sum(map(_BYTES_IN_LINE, self._backlogs)) > limit:
            return False  # dropping every call in line would not make enough of it
        while self._bytes + size > limit:
            victim = max(self._backlogs, key=_BYTES_IN_LINE, default=None)
            if victim is None or not victim.spans:
                return False
            self._evict_oldest(victim, evicted)
        return True

    def _drop_for_room(self, backlog: Backlog) -> None:
        self._counters.dropped(backlog.project, "queue_full")
        self._notices.say(
            backlog.account,
            "queue_full",
            logging.WARNING,
            "Calls to project %s are dropped (queue_full): %d bytes of calls wait already.",
            backlog.project,
            self._bytes,
        )
