"""Why a call goes where it goes: every overlay and rule that was tried, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace

from router.routing.conditions import Verdict
from router.routing.entry import Entry, Kind
from router.routing.plan import Plan
from router.routing.record import CallRecord
from router.routing.sampling import Share, is_rolled_out
from router.routing.unauthenticated import is_met
from router.routing.windows import is_open, window_words


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an explanation: an entry that was tried, and why it matched or did not."""

    kind: Kind
    id: str
    file: str
    line: int
    matched: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan and every step that led to it, in the order of evaluation."""

    plan: Plan
    steps: tuple[Step, ...]


def step(entry: Entry, record: CallRecord, place: float | None = None) -> Step:
    """Return the line of an explanation that tells the verdict of `entry`."""
    verdict = entry.verdict(record, place)
    matched = entry.when_undecided if verdict is None else verdict
    failing = next((condition for condition in entry.conditions if not condition.holds(record)), None)
    if failing is not None:
        why = failing.why(record)
    else:
        parts = [condition.why(record) for condition in entry.conditions]
        now = record.start_time_unix_nano
        open_now = True if entry.window is None else is_open(entry.window, now)
        if entry.window is not None:
            parts.append(window_words(entry.window, now))
        if open_now is None:
            parts.append(f"which counts as {_counts_as(entry)}")
        if open_now and entry.rollout is not None:
            parts.append(_rollout_words(entry.rollout, record, place))
        if open_now and entry.when is not None:
            parts.append(_when_words(entry, verdict))
        why = ", ".join(parts) or "no conditions"
    if matched and entry.is_shadow:
        why, matched = f"{why}; would match, but is in shadow mode", False
    return Step(entry.kind, entry.id, entry.location.file, entry.location.line, matched, why)


def step_of_unauthenticated(entry: Entry, record: CallRecord, place: float | None = None) -> Step:
    """Return the line about an entry for a call that no key answers for."""
    if not is_met(entry):
        where = (entry.kind, entry.id, entry.location.file, entry.location.line)
        return Step(*where, False, "does not ask for authenticated = false")
    tried = step(entry, record, place)
    if tried.matched and not entry.for_unauthenticated:
        return replace(tried, why=f"{tried.why}; only hides, as the call is not authenticated")
    return tried


def _rollout_words(share: Share, record: CallRecord, place: float | None) -> str:
    inside = "in" if is_rolled_out(share, record, place) else "not in"
    return f"{inside} the roll-out of {share.share * 100:g} %"


def _when_words(entry: Entry, verdict: Verdict) -> str:
    if verdict is None:
        return f"{entry.when_text} cannot be evaluated, which counts as {_counts_as(entry)}"
    return f"{entry.when_text} → {'true' if verdict else 'false'}"


def _counts_as(entry: Entry) -> str:
    if entry.when_undecided:
        return "a match"
    return "no match, but its masks apply" if entry.kind == "rule" and entry.may_hide else "no match"
