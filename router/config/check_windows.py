"""Checks of `active:` and of `now:`: times that can be read, and windows that are open at some time."""

from __future__ import annotations

from zoneinfo import available_timezones

from router.config.findings import Findings
from router.config.model import Active, Overlay, Rule, Test
from router.config.nodes import Path
from router.config.suggest import did_you_mean
from router.config.windows import DAYS, days_of, hours_of, moment_of, zone_of

_MOMENTS = "write a date or a time: 2026-12-01, 2026-12-01T09:30, 2026-12-01T09:30+01:00"


def check_window(findings: Findings, path: Path, entry: Rule | Overlay, effect: str) -> None:
    """Check the `active:` of a rule or overlay."""
    active = entry.active
    if active is None:
        return
    path = (*path, "active")
    zone = zone_of(active.zone)
    if zone is None:
        known = available_timezones()
        label = did_you_mean(active.zone, known) or "no such time zone"
        hint = "names as in the IANA database: Europe/Berlin, America/New_York, UTC"
        findings.add(
            "RT221", f"unknown time zone `{active.zone}`", (*path, "zone"), label=label, effect=effect, hint=hint
        )
    _check_bounds(findings, path, active, effect)
    for index, text in enumerate(active.day_texts()):
        if days_of(text) is None:
            hint = f"days: {', '.join(DAYS)}; several as `mon-fri` or `[sat, sun]`"
            where: Path = (*path, "days") if isinstance(active.days, str) else (*path, "days", index)
            _unreadable(findings, where, f"`{text}` is no day of the week", effect, hint)
    for index, text in enumerate(active.hour_texts()):
        _check_hours(
            findings, (*path, "hours") if isinstance(active.hours, str) else (*path, "hours", index), text, effect
        )
    if isinstance(entry, Overlay) and entry.mask and entry.mode == "live":
        masks = ", ".join(f"`{name}`" for name in entry.mask)
        message = f"overlay `{entry.id}` hides only at times"
        findings.add(
            "RT223",
            message,
            path,
            key=True,
            severity="warning",
            effect=f"at all other times what {masks} would hide is sent as it is",
            hint="put masks that must always hold into `defaults`, or into an overlay without `active`",
        )


def check_now(findings: Findings, index: int, test: Test) -> None:
    """Check the time of a test."""
    if test.now is not None and moment_of(test.now) is None:
        _unreadable(
            findings, ("tests", index, "now"), f"`{test.now}` is no time", "the test could not be run", _MOMENTS
        )


def _check_bounds(findings: Findings, path: Path, active: Active, effect: str) -> None:
    zone = zone_of(active.zone)
    moments: list[int] = []
    for key, text in (("from", active.from_), ("until", active.until)):
        moment = None if text is None else moment_of(text) if zone is None else moment_of(text, zone)
        if moment is not None:
            moments.append(moment)
        elif text is not None:
            _unreadable(findings, (*path, key), f"`{text}` is no date and no time", effect, _MOMENTS)
    if len(moments) == 2 and moments[0] >= moments[1]:
        message = f"the time from `{active.from_}` until `{active.until}` is empty"
        hint = "`until` is the first moment that is out again: for the whole of a day write the day after it"
        findings.add("RT222", message, (*path, "until"), label="not after `from`", effect=effect, hint=hint)


def _check_hours(findings: Findings, path: Path, text: str, effect: str) -> None:
    span = hours_of(text)
    if span is None:
        _unreadable(
            findings, path, f"`{text}` are no hours", effect, "write them as 09:00-17:00, or 22:00-06:00 over midnight"
        )
    elif span[0] == span[1]:
        hint = "for the whole day write 00:00-24:00, or leave `hours` out"
        findings.add("RT222", f"the hours `{text}` are empty", path, effect=effect, hint=hint)


def _unreadable(findings: Findings, path: Path, message: str, effect: str, hint: str) -> None:
    findings.add("RT220", message, path, effect=effect, hint=hint)
