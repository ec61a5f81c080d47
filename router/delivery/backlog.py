"""What one project waits for: spans in line, in memory or on disk, and the batch that is on its way."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from router.config.loaded import ResolvedProject
from router.delivery.counters import DropReason, account_of

if TYPE_CHECKING:
    from router.delivery.spool import Place, Segment

SPAN_OVERHEAD = 200
"""Bytes counted for a span beside its own."""

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
