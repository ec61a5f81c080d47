"""Log lines for operators: one per cause at a time, never content, never a secret."""

from __future__ import annotations

import logging
import time

_log = logging.getLogger("router")

INTERVAL_SECS = 60.0
"""The same cause of the same project is not told again before so much time has passed."""
_MAX_CAUSES = 10_000


def calls(count: int) -> str:
    """Return "1 call", "2 calls"."""
    return f"{count} call" if count == 1 else f"{count} calls"


class Notices:
    """Remembers what was said, so that an outage is a line a minute and not a line a call."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], float] = {}

    def say(self, project: str, cause: str, level: int, text: str, *values: object) -> None:
        """Log `text` % `values`, unless this cause was told a moment ago."""
        now = time.monotonic()
        if now - self._said.get((project, cause), -INTERVAL_SECS) < INTERVAL_SECS:
            return
        if len(self._said) >= _MAX_CAUSES:
            self._said.clear()
        self._said[project, cause] = now
        _log.log(level, text, *values)

    def forget(self, project: str) -> None:
        """Let every cause of `project` be told again: it works once more."""
        for key in list(self._said):  # a copy: other threads may say something meanwhile
            if key[0] == project:
                self._said.pop(key, None)
