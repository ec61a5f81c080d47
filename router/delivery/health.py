"""Whether calls arrive, and if not why: what a readiness probe and an operator ask first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from router.delivery.backlog import Circuit
from router.delivery.counters import Stats
from router.delivery.notices import Trouble

State = Literal["ready", "degraded", "stopped"]
STATES: tuple[State, ...] = get_args(State)
MOST_REASONS = 20
"""Reasons that are told one by one; the rest is a number."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a router at one moment.

    Attributes:
        state: `ready`; `degraded` where calls wait or were lost within the last five minutes, or a team file is left
            out; `stopped` after `shutdown`.
        reasons: why it is degraded, longest first: project, cause, since when, and how many calls wait. Never content.
        circuits: of each project whose circuit breaker is not closed: `open` while it gets nothing, `half_open` while
            one call is tried.
    """

    state: State
    reasons: tuple[str, ...] = ()
    circuits: Mapping[str, Circuit] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the same as JSON-able data."""
        return {"state": self.state, "reasons": list(self.reasons), "circuits": dict(self.circuits)}


def read_health(
    troubles: Iterable[Trouble],
    left_out: Iterable[str],
    stats: Stats,
    circuits: Mapping[str, Circuit] = MappingProxyType({}),
    *,
    stopped: bool,
) -> Health:
    """Return the health of a router with some troubles, and `left_out`: sentences about files that are."""
    reasons = [*left_out, *(_words(trouble, stats) for trouble in sorted(troubles, key=_age, reverse=True))]
    if len(reasons) > MOST_REASONS:
        reasons[MOST_REASONS:] = [f"and {len(reasons) - MOST_REASONS} more"]
    state: State = "stopped" if stopped else "degraded" if reasons else "ready"
    return Health(state, tuple(reasons), {name: found for name, found in circuits.items() if found != "closed"})


def _age(trouble: Trouble) -> float:
    return trouble.secs


def _words(trouble: Trouble, stats: Stats) -> str:
    if not trouble.project:
        return f"{trouble.cause}, for {trouble.secs:.0f} s, {stats.in_flight} waiting"
    account = stats.projects.get(trouble.project)  # none before its first call: its keys were checked
    waiting = account.in_flight if account else 0
    return f"project {trouble.project}: {trouble.cause}, for {trouble.secs:.0f} s, {waiting} waiting"
