"""`active:` read: moments, days of the week, times of the day, and the time zone they are told in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from router.config.model import Active

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?")
_HOURS = re.compile(r"(\d\d):(\d\d) ?- ?(\d\d):(\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES_OF_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """When a rule or overlay applies.

    Attributes:
        start, end: nanoseconds since the epoch, `end` excluded; None without a bound.
        days: 0 is Monday; all seven where none are named.
        hours: minutes since midnight, from and below; a span that ends before it begins ends on the next day.
        zone: where days and hours are told.
        words: the window as the file has it, for people.
    """

    start: int | None
    end: int | None
    days: frozenset[int]
    hours: tuple[tuple[int, int], ...]
    zone: tzinfo
    words: str

    @property
    def is_always_open(self) -> bool:
        """Tell whether neither days nor hours matter, only the two bounds."""
        return len(self.days) == len(DAYS) and not self.hours


def read_window(active: Active) -> Window:
    """Return the window of an `active:` in which `check_window` finds no error."""
    zone = zone_of(active.zone) or UTC
    spans = (hours_of(text) for text in active.hour_texts())
    named = [days for text in active.day_texts() if (days := days_of(text)) is not None]
    return Window(
        start=moment_of(active.from_, zone) if active.from_ is not None else None,
        end=moment_of(active.until, zone) if active.until is not None else None,
        days=frozenset[int]().union(*named) if named else frozenset(range(len(DAYS))),
        hours=tuple(span for span in spans if span is not None),
        zone=zone,
        words=_words(active),
    )


@cache
def zone_of(name: str) -> tzinfo | None:
    """Return a time zone by its IANA name, None when there is none; read once in a process."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def moment_of(text: str, zone: tzinfo = UTC) -> int | None:
    """Return a date or time as nanoseconds since the epoch; None for any other text.

    Without an offset of its own it is told in `zone`.
    """
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
    except (ValueError, OverflowError):
        return None


def days_of(text: str) -> frozenset[int] | None:
    """Return the days of `mon` or `mon-fri` (`fri-mon` goes over the weekend); None for any other text."""
    first, dash, last = (part.strip() for part in text.lower().partition("-"))
    if first not in DAYS or (dash and last not in DAYS):
        return None
    begin, end = DAYS.index(first), DAYS.index(last if dash else first)
    return frozenset((begin + step) % len(DAYS) for step in range((end - begin) % len(DAYS) + 1))


def hours_of(text: str) -> tuple[int, int] | None:
    """Return the minutes of `09:00-17:00`; None for any other text."""
    found = _HOURS.fullmatch(text)
    if found is None:
        return None
    hour, minute, end_hour, end_minute = map(int, found.groups())
    begin, end = 60 * hour + minute, 60 * end_hour + end_minute
    usable = minute < 60 and end_minute < 60 and begin < MINUTES_OF_A_DAY and end <= MINUTES_OF_A_DAY
    return (begin, end) if usable else None


def _words(active: Active) -> str:
    told: Sequence[tuple[str, str]] = (
        ("from", active.from_ or ""),
        ("until", active.until or ""),
        ("on", ", ".join(active.day_texts())),
        ("at", ", ".join(active.hour_texts())),
        ("in", active.zone),
    )
    return " ".join(f"{word} {text}" for word, text in told if text)
