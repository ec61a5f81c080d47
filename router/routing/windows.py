"""Whether a rule or overlay applies at the time of a call; the time is an input, no clock is read."""

from __future__ import annotations

from datetime import datetime

from router.config.windows import DAYS, Window

_NANOSECONDS = 1_000_000_000


def is_open(window: Window, now: int) -> bool | None:
    """Tell whether a moment, in nanoseconds since the epoch, is in a window; None where the time is not known."""
    if now <= 0:
        return None
    if (window.start is not None and now < window.start) or (window.end is not None and now >= window.end):
        return False
    if window.is_always_open:
        return True
    local = _local(window, now)
    if local is None:
        return None
    day, minute = local.weekday(), local.hour * 60 + local.minute
    if not window.hours:
        return day in window.days
    return any(_is_inside(window.days, day, minute, *span) for span in window.hours)


def window_words(window: Window, now: int) -> str:
    """Return one line on whether a moment is in a window."""
    local = _local(window, now) if now > 0 else None
    if local is None:
        return f"active {window.words}, but the time of the call is not known"
    if is_open(window, now):
        return f"active {window.words}"
    return f"active {window.words}, but it is {DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} there"


def _local(window: Window, now: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(now // _NANOSECONDS, window.zone)
    except (ValueError, OverflowError, OSError):  # beyond the years that there are
        return None


def _is_inside(days: frozenset[int], day: int, minute: int, begin: int, end: int) -> bool:
    if begin < end:
        return day in days and begin <= minute < end
    before = (day - 1) % len(DAYS)
    return (minute >= begin and day in days) or (minute < end and before in days)
