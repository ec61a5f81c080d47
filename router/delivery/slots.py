"""Who may have a request under way: places that are shared so that a server that hangs holds up nobody else's calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from itertools import chain, islice

PATIENCE_SECS = 1.0
"""How long a request may go without an answer while another one waits for its place."""


class CutShort(Exception):
    """A request had no answer for so long that its place went to another one."""


class _Seat:
    """A place, asked for or taken; `limit` exists once it is taken, and ends it early."""

    __slots__ = ("given", "host", "is_cut", "is_suspect", "limit", "since")

    def __init__(self, host: str, is_suspect: bool) -> None:
        self.host = host
        self.is_suspect = is_suspect
        self.given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.limit: asyncio.Timeout | None = None
        self.since = 0.0
        self.is_cut = False


class Slots:
    """Gives out a bounded number of places, in turn to the hosts that somebody waits for.

    Suspects are those that failed last, were never reached, or kept others waiting. They share half of the places and
    may keep one for as long as a request takes. The others may have them all, yet no host more than three quarters;
    who gets no answer within `patience` seconds while somebody waits gives its place up, and asks again as a suspect.
    So however many servers hang, and whether or not all of them begin at once, a place is free within that time.

    Used on one event loop only.
    """

    def __init__(self, most: int, patience: float = PATIENCE_SECS) -> None:
        self._most = most
        self._most_suspects = max(1, most // 2)
        self._most_of_host = max(1, most * 3 // 4)
        self._patience = patience
        self._taken: dict[_Seat, None] = {}
        self._of_host: Counter[str] = Counter()
        self._suspects = 0
        self._lanes = [_Lane(is_suspect=False), _Lane(is_suspect=True)]
        self._timer: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def take(self, host: str, *, is_suspect: bool) -> AsyncIterator[None]:
        """Have a place within the context.

        Raises:
            CutShort: the place went to somebody else; never to a suspect.
        """
        seat = _Seat(host, is_suspect)
        self._lane(is_suspect).join(seat)
        self._fill()
        try:
            await seat.given
            try:
                async with asyncio.timeout(None) as seat.limit:
                    yield
            except TimeoutError:
                raise CutShort from None
        finally:
            self._lane(is_suspect).leave(seat)
            self._give_back(seat)
            self._fill()

    def _lane(self, is_suspect: bool) -> _Lane:
        return next(lane for lane in self._lanes if lane.is_suspect is is_suspect)

    def _fill(self) -> None:
        """Give out what is free, to both lanes in turn; see to it that those who still wait do not wait for long."""
        while len(self._taken) < self._most and any(map(self._serve, self._lanes)):
            self._lanes.reverse()
        self._watch()

    def _serve(self, lane: _Lane) -> bool:
        if lane.is_suspect and self._suspects >= self._most_suspects:
            return False
        host = next((host for host in lane.hosts if not self._is_at_bound(host)), None)
        if host is None:
            return False
        seat = lane.serve(host)
        seat.since = asyncio.get_running_loop().time()
        self._taken[seat] = None
        self._of_host[host] += 1
        self._suspects += seat.is_suspect
        if not seat.given.done():  # it is where whoever asked was cancelled a moment ago
            seat.given.set_result(None)
        return True

    def _give_back(self, seat: _Seat) -> None:
        if seat not in self._taken:
            return
        del self._taken[seat]
        self._suspects -= seat.is_suspect
        self._of_host[seat.host] -= 1
        if not self._of_host[seat.host]:  # hosts that requests bring have no end
            del self._of_host[seat.host]

    def _is_at_bound(self, host: str) -> bool:
        return self._of_host[host] >= self._most_of_host

    def _watch(self) -> None:
        """Look again when the oldest request that may be cut short has had its time."""
        if self._timer is None and (oldest := next(self._in_the_way(), None)):
            self._timer = asyncio.get_running_loop().call_at(oldest.since + self._patience, self._cut)

    def _cut(self) -> None:
        """End as many requests as somebody waits for, the oldest first, of those that have had their time."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        for _, seat in zip(self._waiting(), list(self._in_the_way()), strict=False):
            if seat.limit is not None and seat.since + self._patience <= now:
                seat.is_cut = True
                seat.limit.reschedule(now)
        self._watch()

    def _in_the_way(self) -> Iterator[_Seat]:
        """Yield the requests that may be cut short for somebody who waits, the oldest first."""
        if self._suspects == len(self._taken):
            return
        hosts = {seat.host for seat in self._waiting()}
        any_helps = not all(map(self._is_at_bound, hosts))
        for seat in self._taken:
            if not seat.is_suspect and not seat.is_cut and (any_helps or seat.host in hosts):
                yield seat

    def _waiting(self) -> Iterator[_Seat]:
        """Yield those that a place would help, beside the places that are about to become free.

        Not the suspects, where as many of them as may have one do.
        """
        lanes = [lane for lane in self._lanes if not lane.is_suspect or self._suspects < self._most_suspects]
        lines = (line for lane in lanes for line in lane.hosts.values())
        return islice(chain.from_iterable(lines), sum(seat.is_cut for seat in self._taken), None)


class _Lane:
    """Those that wait, by host; `serve` takes the first of a host and puts the host last."""

    def __init__(self, *, is_suspect: bool) -> None:
        self.is_suspect = is_suspect
        self.hosts: OrderedDict[str, deque[_Seat]] = OrderedDict()

    def join(self, seat: _Seat) -> None:
        self.hosts.setdefault(seat.host, deque()).append(seat)

    def serve(self, host: str) -> _Seat:
        line = self.hosts[host]
        seat = line.popleft()
        if line:
            self.hosts.move_to_end(host)
        else:
            del self.hosts[host]
        return seat

    def leave(self, seat: _Seat) -> None:
        line = self.hosts.get(seat.host)
        if line is not None and seat in line:
            line.remove(seat)
            if not line:
                del self.hosts[seat.host]
