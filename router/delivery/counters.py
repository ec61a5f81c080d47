"""The account of every call: handled = delivered + dropped[reason] + spooled + in flight."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from router.config.model import AD_HOC
from router.delivery.fork import reset_in_child
from router.routing.plan import Plan

DropReason = Literal[
    "policy",
    "sampled_out",
    "unauthenticated",
    "duplicate",
    "adapter_failed",
    "resolve_failed",
    "mask_failed",
    "encode_failed",
    "queue_full",
    "rejected",
    "wrong_project",
    "unreachable",
    "too_large",
    "shutdown",
    "spool_damaged",
]
"""Why a call was not delivered; a closed set."""


TIMING_BOUNDS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Seconds."""


def account_of(project: str) -> str:
    """Return the name that calls for a project are counted under: one for all whose keys came with requests."""
    return AD_HOC if project.startswith(f"{AD_HOC}:") else project


@dataclass(frozen=True, slots=True)
class ProjectStats:
    """The account of one project. A unit is one call for one project.

    Attributes:
        handled: calls accepted, and calls that a process before this one left in the spool.
        spooled: calls that were left in the spool for the next process.
        dead_letters: calls, of those dropped, that the spool keeps as dead letters.
        dead_letters_removed: dead letters, of any process, that gave way to newer ones.
        masked: how often each detector hit, by its name.
        mask_failed: how often each mask failed, by its name; what it guarded was withheld, and the call still went.
    """

    handled: int = 0
    delivered: int = 0
    dropped: Mapping[DropReason, int] = field(default_factory=dict)
    spooled: int = 0
    masked: Mapping[str, int] = field(default_factory=dict)
    mask_failed: Mapping[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    dead_letters_removed: int = 0

    @property
    def in_flight(self) -> int:
        """Calls that were accepted and are neither delivered nor dropped yet."""
        return self.handled - self.delivered - self.spooled - sum(self.dropped.values())

    def to_json(self) -> dict[str, Any]:
        """Return the account as JSON-able data, in-flight calls included."""
        return {
            "handled": self.handled,
            "delivered": self.delivered,
            "dropped": dict(self.dropped),
            "spooled": self.spooled,
            "in_flight": self.in_flight,
            "dead_letters": self.dead_letters,
            "dead_letters_removed": self.dead_letters_removed,
            "masked": dict(self.masked),
            "mask_failed": dict(self.mask_failed),
        }


@dataclass(frozen=True, slots=True)
class ConfigStats:
    """The configuration in use, and what became of those that were to take its place.

    Attributes:
        digest: its hash, 12 hex digits.
        loaded_at: when it was read, in seconds since 1970.
        left_out: broken team files that it does without.
        accepted: how often the files were read again and used.
        rejected: how often they were read again and refused.
        last_reload_successful: whether the files, when they were last read, are those in use.
    """

    digest: str = ""
    loaded_at: float = 0.0
    left_out: int = 0
    accepted: int = 0
    rejected: int = 0
    last_reload_successful: bool = True

    def after(self, new: ConfigStats) -> ConfigStats:
        """Return the same once a new configuration is in use."""
        return replace(new, accepted=self.accepted + 1, rejected=self.rejected)

    def after_rejection(self) -> ConfigStats:
        """Return the same once a new one was refused."""
        return replace(self, rejected=self.rejected + 1, last_reload_successful=False)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long something took.

    Attributes:
        counts: how often it took no longer than each of `TIMING_BOUNDS`, and longer than the one before; longest last.
        seconds: all of it together.
    """

    counts: tuple[int, ...] = (0,) * (len(TIMING_BOUNDS) + 1)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stats(ProjectStats):
    """The account of all projects at one moment.

    Attributes:
        projects: the account of each project that was ever sent to; `ad-hoc` is that of all whose keys came with
            requests.
        unrouted: the account of calls that were dropped before they had a project.
        rules: calls by the rule that decided.
        shadow: calls that a rule or overlay in shadow mode would have matched, by its id.
        undecided: calls for which a condition could not be evaluated, by the id of the rule or overlay.
        denied: what requests asked for and did not get, by key; a key of somebody's metadata counts as `metadata`.
        missing: calls that lacked a required attribute, by its name.
        unknown_values: calls with a value that routing.yaml does not know, by the attribute's name; never the value.
        routes: the same calls by rule and by where they went: projects with commas between, or `drop`.
        decisions: how long it took to decide about a call.
        config: the configuration in use; it knows nothing of the calls.
    """

    projects: Mapping[str, ProjectStats] = field(default_factory=dict)
    unrouted: ProjectStats = ProjectStats()
    rules: Mapping[str, int] = field(default_factory=dict)
    shadow: Mapping[str, int] = field(default_factory=dict)
    undecided: Mapping[str, int] = field(default_factory=dict)
    denied: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    unknown_values: Mapping[str, int] = field(default_factory=dict)
    routes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    decisions: Timing = Timing()
    config: ConfigStats = ConfigStats()

    def to_json(self) -> dict[str, Any]:
        """Return the account as JSON-able data, with one entry per project."""
        total = ProjectStats.to_json(self)
        decisions: dict[str, Any] = {name: dict(getattr(self, name)) for name in _DECISIONS}
        projects = {name: stats.to_json() for name, stats in self.projects.items()}
        decisions["routes"] = {rule: dict(counts) for rule, counts in self.routes.items()}
        rest = {"projects": projects, "unrouted": self.unrouted.to_json(), "config": asdict(self.config)}
        return total | decisions | rest


_DECISIONS = ("rules", "shadow", "undecided", "denied", "missing", "unknown_values")


class _Account:
    __slots__ = (
        "dead_letters",
        "dead_letters_removed",
        "delivered",
        "dropped",
        "handled",
        "mask_failed",
        "masked",
        "spooled",
    )

    def __init__(self) -> None:
        self.handled = self.delivered = self.spooled = self.dead_letters = self.dead_letters_removed = 0
        self.dropped: Counter[DropReason] = Counter()
        self.masked: Counter[str] = Counter()
        self.mask_failed: Counter[str] = Counter()

    def stats(self) -> ProjectStats:
        dropped, masked, mask_failed = dict(self.dropped), dict(self.masked), dict(self.mask_failed)
        return ProjectStats(  # a call that is handled meanwhile is one in flight
            self.handled,
            self.delivered,
            dropped,
            self.spooled,
            masked,
            mask_failed,
            self.dead_letters,
            self.dead_letters_removed,
        )


class Counters:
    """Counts for all threads of a process; a forked child starts from zero.

    `project` is None for a call that is dropped before it has one.

    A signal handler of the host may log a call, or ask for the account, while its thread is in here. So nothing is
    read, then called, then written: no handler can run between the two halves of `+=`.
    """

    def __init__(self) -> None:
        self._start_afresh()
        reset_in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        self._lock = threading.RLock()
        self._accounts: dict[str | None, _Account] = {}
        self._decisions: dict[str, Counter[str]] = {name: Counter() for name in _DECISIONS}
        self._routes: dict[str, Counter[str]] = {}
        self._timed = [0] * (len(TIMING_BOUNDS) + 1)
        self._seconds = 0.0

    def accept(self, project: str | None, count: int = 1) -> None:
        """Count calls that the router took over; from here on each is in flight until it is delivered or dropped."""
        with self._lock:
            self._of(project).handled += count

    def route(self, projects: Iterable[str]) -> None:
        """Count a call that was accepted without a project for the projects it goes to instead."""
        with self._lock:
            self._of(None).handled -= 1
            for project in projects:
                self._of(project).handled += 1

    def decided(self, plan: Plan, seconds: float = 0.0) -> None:
        """Count what was decided about one call, and how long it took; every name that counts is of routing.yaml."""
        counts = self._decisions
        with self._lock:
            if plan.rule is not None:
                counts["rules"][plan.rule] += 1
                route = "drop" if plan.drop is not None else ",".join(map(account_of, plan.route))
                self._routes.setdefault(plan.rule, Counter())[route] += 1
            self._timed[bisect_left(TIMING_BOUNDS, seconds)] += 1
            self._seconds += seconds
            if plan.denied:
                counts["denied"].update({_bounded(key) for key in plan.denied})
            for name in ("shadow", "undecided", "missing", "unknown_values"):
                if found := getattr(plan, name):
                    counts[name].update(found)

    def delivered(self, project: str | None, count: int = 1) -> None:
        """Count calls that Langfuse acknowledged."""
        with self._lock:
            self._of(project).delivered += count

    def dropped(self, project: str | None, reason: DropReason, count: int = 1) -> None:
        """Count calls that will never be delivered."""
        with self._lock:
            dropped = self._of(project).dropped
            dropped.setdefault(reason, 0)
            dropped[reason] += count

    def spooled(self, project: str, count: int = 1) -> None:
        """Count calls that are left in the spool for the next process."""
        with self._lock:
            self._of(project).spooled += count

    def dead_letters(self, project: str, kept: int = 0, *, removed: int = 0) -> None:
        """Count dropped calls that are kept as dead letters, and older ones that gave way to them."""
        with self._lock:
            account = self._of(project)
            account.dead_letters += kept
            account.dead_letters_removed += removed

    def masked(self, project: str, hits: Mapping[str, int], failures: Iterable[str]) -> None:
        """Count what masking did to one call for a project: hits by detector, and the masks that failed."""
        with self._lock:
            account = self._of(project)
            account.masked.update(hits)
            account.mask_failed.update(failures)

    def snapshot(self) -> Stats:
        """Return the account at this moment; its sums agree with each other."""
        with self._lock:
            accounts = {project: account.stats() for project, account in list(self._accounts.items())}
            decisions: dict[str, Any] = {name: dict(counts) for name, counts in self._decisions.items()}
            decisions["routes"] = {rule: dict(counts) for rule, counts in self._routes.items()}
            decisions["decisions"] = Timing(tuple(self._timed), self._seconds)
        dropped: Counter[DropReason] = Counter()
        masked: Counter[str] = Counter()
        mask_failed: Counter[str] = Counter()
        for stats in accounts.values():
            dropped.update(stats.dropped)
            masked.update(stats.masked)
            mask_failed.update(stats.mask_failed)
        return Stats(
            handled=sum(stats.handled for stats in accounts.values()),
            delivered=sum(stats.delivered for stats in accounts.values()),
            dropped=dict(dropped),
            spooled=sum(stats.spooled for stats in accounts.values()),
            masked=dict(masked),
            mask_failed=dict(mask_failed),
            dead_letters=sum(stats.dead_letters for stats in accounts.values()),
            dead_letters_removed=sum(stats.dead_letters_removed for stats in accounts.values()),
            unrouted=accounts.pop(None, ProjectStats()),
            projects={project: stats for project, stats in accounts.items() if project is not None},
            **decisions,
        )

    def _of(self, project: str | None) -> _Account:
        account = self._accounts.get(project)
        if account is None:
            name = project and account_of(project)
            account = self._accounts.setdefault(name, _Account())
        return account


def _bounded(key: str) -> str:
    """Return a denied key without what a client may have made up: `trace.metadata.x` is `trace.metadata`."""
    return ".".join(key.split(".")[:2])
