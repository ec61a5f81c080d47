"""How many requests a host gets in a second, in turn for each of its projects. Pure."""

from __future__ import annotations

from collections.abc import Hashable

MOST_WAIT_SECS = 60.0
"""How much longer than without a bound a call waits for its request at most."""
_MANY_HOSTS = 1_000


class Pace:
    """Gives every project its turn at a host, so that the sum of their requests stays below a rate.

    A project has one turn at a time, and turns are given in the order in which projects become due. With few projects
    a turn comes when it is due; with many, each waits for all the others once. So the time between two requests of a
    project grows with the number of projects that have calls, and none of them gets more than another.
    """

    def __init__(self, per_sec: float) -> None:
        self._gap = 1 / per_sec
        self._free: dict[str, float] = {}
        self._turns: dict[Hashable, float] = {}

    def turn(self, project: Hashable, host: str, due: float) -> float:
        """Return the moment at which a project that is due may send; the same one until it sends or gives it up."""
        found = self._turns.get(project)
        if found is None:
            found = min(max(due, self._free.get(host, due)), due + MOST_WAIT_SECS)
            self._turns[project] = found
            self._use(host, found)
        return found

    def sends(self, project: Hashable, host: str, now: float) -> None:
        """Say that a project sends, in its turn or, as a full batch may, before it."""
        if self._turns.pop(project, None) is None:
            self._use(host, now)

    def gives_up(self, project: Hashable) -> None:
        """Say that a project has nothing to send any more."""
        self._turns.pop(project, None)

    def _use(self, host: str, moment: float) -> None:
        if len(self._free) >= _MANY_HOSTS:  # requests may bring hosts of their own
            self._free = {name: free for name, free in self._free.items() if free > moment}
        self._free[host] = max(self._free.get(host, moment), moment) + self._gap
