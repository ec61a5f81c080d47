"""Log lines for operators: one per cause at a time, never content, never a secret."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from router.loglines import log_lines

_log = log_lines()

INTERVAL_SECS = 60.0
"""The same cause of the same project is not told again before so much time has passed."""
LATELY_SECS = 300.0
"""How long a trouble is remembered that does not come again."""
_MAX_CAUSES = 10_000


def calls(count: int) -> str:
    """Return "1 call", "2 calls"."""
    return f"{count} call" if count == 1 else f"{count} calls"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, or did lately.

    Attributes:
        project: name of its account; "" where it is no project's.
        cause: in a few words, never content.
        secs: since when.
    """

    project: str
    cause: str
    secs: float


@dataclass(slots=True)
class _Seen:
    first: float
    last: float
    said: float


class Notices:
    """Remembers what was said, so that an outage is a line a minute and not a line a call."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], _Seen] = {}

    def say(self, project: str, cause: str, level: int, text: str, *values: object, pause: float = 0.0) -> None:
        """Log `text` % `values`, unless this cause was told a moment ago.

        Args:
            project: name of the account; "" for none.
            cause: what goes wrong, in a few words: `troubles` shows it.
            level: of the log line.
            text: of the log line.
            values: for the text.
            pause: seconds until it could be told again, where somebody waits that long; infinite where it lasts
                until it is forgotten.
        """
        now = self._clock()
        seen = self._seen.get((project, cause))
        if seen is not None:
            if now > seen.last + LATELY_SECS:
                seen.first = now
            seen.last = max(seen.last, now + pause)
            if now - seen.said < INTERVAL_SECS:
                return
            seen.said = now
        else:
            if len(self._seen) >= _MAX_CAUSES:
                self._seen.clear()
            self._seen[project, cause] = _Seen(now, now + pause, now)
        _log.log(level, text, *values)

    def tell_dropped(self, account: str, project: str, count: int, reason: str, cause: str) -> None:
        """Say that calls to a project are lost, and why."""
        text = "%s to project %s dropped (%s): %s."
        self.say(account, f"{reason} {cause}", logging.ERROR, text, calls(count), project, reason, cause)

    def troubles(self) -> list[Trouble]:
        """Return what was told within the last five minutes, and not forgotten since."""
        now = self._clock()
        seen = list(self._seen.items())
        return [Trouble(*key, now - found.first) for key, found in seen if now <= found.last + LATELY_SECS]

    def forget(self, project: str, cause: str | None = None) -> None:
        """Let every cause of `project` be told again, or one of them: it works once more."""
        for key in list(self._seen):  # a copy: other threads may say something meanwhile
            if key[0] == project and cause in (None, key[1]):
                self._seen.pop(key, None)
