"""Which answers are worth another try, and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

Verdict = Literal["delivered", "retry", "too_large", "refused", "rejected", "wrong_project", "unreachable", "probe"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request.

    Attributes:
        verdict: `retry` for what may succeed later; `refused` where something in the batch was wrong, perhaps one
            span of it; `rejected` where no batch would do; `wrong_project` where the keys are
            those of another project; `unreachable` once nobody may wait any longer; `probe` where the whole of it was
            not sent, because the circuit is open: a part of it has to do first.
        cause: why, in words for the log; "" when delivered.
        retry_after: seconds that the server asked for.
    """

    verdict: Verdict
    cause: str = ""
    retry_after: float | None = None


def judge(status: int, retry_after: str | None = None) -> Answer:
    """Return what an HTTP status means for the batch."""
    if 200 <= status < 300:
        return Answer("delivered")
    cause = f"HTTP {status}"
    if status in (408, 429) or status >= 500:
        return Answer("retry", cause, parse_retry_after(retry_after))
    if status == 413:
        return Answer("too_large", cause)
    if status in (400, 422):
        return Answer("refused", cause)
    if status in (401, 403):
        cause += ", check the keys of the project"
    elif 300 <= status < 400:
        cause += ", a redirect: check the host of the project"
    return Answer("rejected", cause)


def parse_retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for, in either of its forms; None when it says nothing."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def pause(failures: int, lowest: float, highest: float, chance: float) -> float:
    """Return seconds to wait after the `failures`-th failure in a row.

    Doubles from `lowest` to `highest`; `chance`, 0 to 1, takes up to half of it away so that processes spread out.
    """
    return min(highest, lowest * 2.0 ** min(failures - 1, 30)) * (1 - chance / 2)
