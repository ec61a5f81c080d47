"""What one project waits for: spans in line, in memory or on disk, and the batch that is on its way."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from router.config.loaded import ResolvedProject
from router.delivery.counters import DropReason, account_of

if TYPE_CHECKING:
    from router.delivery.spool import Place, Segment

SPAN_OVERHEAD = 200
"""Bytes counted for a span beside its own."""

MAX_IDLE = 1_000
"""Projects with keys of requests of which is remembered, while nothing waits for them, whether they can be reached."""

Circuit = Literal["closed", "open", "half_open"]
OPENS_AFTER = 3
"""Failures in a row after which a project gets one call at a time, until one arrives."""

Held = tuple[DropReason, str]
"""Why calls are held back: what they would be dropped for, and the cause in words."""

Destination = str | ResolvedProject
"""A project of the file by its name, or one that exists for the calls only that bring its keys."""


@dataclass(slots=True)
class Parked:
    """Spans in line that stand one behind the other in the spool, and are not in memory."""

    segment: Segment
    start: int
    end: int
    count: int


class Backlog:
    """What one project waits for: spans in line, and the batch that is on its way (`flight`).

    Those that are `parked` on disk were accepted before those in memory: each file is settled from its beginning on.

    Attributes:
        project: its name. `account`: the name it is counted under.
        failures: how often in a row it could not be reached; kept by the exporter, as `is_suspect` is.
        is_suspect: whether its requests may hang: a project of a request that was never reached, or one that kept
            others waiting.
        is_asked: whether a request is under way; kept by the exporter too, as is `asked_at`: when the last one ended.
        held: why its calls cannot arrive before an operator mends something; None otherwise.
    """

    __slots__ = (
        "account",
        "announced_full",
        "asked_at",
        "bytes",
        "destination",
        "failures",
        "flight",
        "flight_bytes",
        "flight_places",
        "held",
        "is_asked",
        "is_suspect",
        "parked",
        "parked_count",
        "project",
        "spans",
        "taken",
    )

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.project = destination if isinstance(destination, str) else destination.name
        self.account = account_of(self.project)
        self.failures = 0
        self.is_suspect = not isinstance(destination, str)
        self.is_asked = False
        self.asked_at = -math.inf
        self.held: Held | None = None
        self.spans: deque[tuple[bytes, float, Place | None]] = deque()
        self.parked: deque[Parked] = deque()
        self.parked_count = 0
        self.flight_places: deque[Place | None] = deque()
        self.bytes = 0
        self.flight = 0
        self.flight_bytes = 0
        self.taken = 0
        self.announced_full = False

    @property
    def waiting(self) -> int:
        """Spans in line, in memory or on disk."""
        return self.parked_count + len(self.spans)

    @property
    def first_open(self) -> int:
        """Number, in order of acceptance, of the oldest span that is neither delivered nor dropped."""
        return self.taken - self.waiting - self.flight

    @property
    def circuit(self) -> Circuit:
        """Return whether it gets whole batches (closed), nothing at the moment (open), or one call to try with."""
        if self.failures < OPENS_AFTER and self.held is None:
            return "closed"
        return "half_open" if self.is_asked else "open"

    def append(self, span: bytes, place: Place | None) -> int:
        """Put the newest span in line; return the bytes that it takes of the memory."""
        size = len(span) + SPAN_OVERHEAD
        self.spans.append((span, time.monotonic(), place))
        self.bytes += size
        self.taken += 1
        return size

    def pop(self) -> tuple[bytes, int, Place | None]:
        """Take the oldest span in memory out of the line; return it, the bytes that it took, and its place."""
        span, _, place = self.spans.popleft()
        size = len(span) + SPAN_OVERHEAD
        self.bytes -= size
        return span, size, place

    def take_off(self, span: bytes, place: Place | None) -> int:
        """Put a span in flight; return the bytes that it takes of the memory."""
        size = len(span) + SPAN_OVERHEAD
        self.flight += 1
        self.flight_bytes += size
        self.flight_places.append(place)
        return size

    def put_back(self) -> None:
        """Park the spans in flight again that stand in the spool, before those in line; the others stay in flight."""
        places = [place for place in self.flight_places if place is not None]
        self.parked.extendleft(Parked(*place, 1) for place in reversed(places))
        self.parked_count += len(places)
        self.flight -= len(places)
        self.flight_places = deque([None] * self.flight)

    def land(self, count: int) -> Iterable[Place]:
        """Take the first spans out of flight; return up to where each spool file is settled now.

        Batches are settled in the order they were taken.
        """
        self.flight -= count
        last: dict[Segment, Place] = {}
        for _ in range(count):
            place = self.flight_places.popleft()
            if place is not None:
                last[place.segment] = place
        return last.values()

    def abandon(self) -> tuple[int, int]:
        """Let every span go; return how many of them stay in the spool, and how many are lost."""
        places = [*self.flight_places, *(place for _, _, place in self.spans)]
        kept = self.parked_count + sum(place is not None for place in places)
        lost = self.waiting + self.flight - kept
        self.spans.clear()
        self.parked.clear()
        self.flight_places.clear()
        self.parked_count = self.bytes = self.flight = self.flight_bytes = 0
        return kept, lost

    def leave(self, segment: Segment) -> int:
        """Take the parked spans of a spool file out of the line; return how many. No other span settles it any more."""
        left = sum(run.count for run in self.parked if run.segment is segment)
        self.parked = deque(run for run in self.parked if run.segment is not segment)
        self.parked_count -= left
        self.spans = deque(
            (span, since, place if place is None or place.segment is not segment else None)
            for span, since, place in self.spans
        )
        return left

    def unpark(self, count: int, end: int) -> None:
        """Take the first spans, those before `end`, out of the line on disk; all of them in the first run."""
        run = self.parked[0]
        run.start = end
        run.count -= count
        self.parked_count -= count
        if not run.count:
            self.parked.popleft()

    def park(self, place: Place) -> None:
        """Put the newest span in line on disk only, where it stands already."""
        newest = self.parked[-1] if self.parked else None
        if newest is not None and newest.segment is place.segment and newest.end == place.start:
            newest.end = place.end
            newest.count += 1
        else:
            self.parked.append(Parked(*place, 1))
        self.parked_count += 1


class Backlogs:
    """The backlog of each destination. Those with keys of requests have no end: the longest idle is forgotten.

    Not thread-safe: the outbox locks.
    """

    def __init__(self) -> None:
        self._all: dict[Destination, Backlog] = {}
        self._idle: OrderedDict[Destination, None] = OrderedDict()

    def __iter__(self) -> Iterator[Backlog]:
        return iter(self._all.values())

    def find(self, destination: Destination) -> Backlog:
        """Return its backlog; a new one is kept only once something waits in it (`keep`)."""
        return self._all.get(destination) or Backlog(destination)

    def keep(self, backlog: Backlog) -> None:
        self._all[backlog.destination] = backlog
        self._idle.pop(backlog.destination, None)

    def note_idle(self, backlog: Backlog) -> None:
        """Forget the longest idle; a project of the file is never forgotten."""
        if backlog.waiting or backlog.flight or isinstance(backlog.destination, str):
            return
        self._idle[backlog.destination] = None
        if len(self._idle) > MAX_IDLE:
            longest, _ = self._idle.popitem(last=False)
            del self._all[longest]
