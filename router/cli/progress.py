"""Where a long command has got to, on stderr: nothing for two seconds, then a line that changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from router.cli.console import stderr

PATIENCE_SECS = 2.0
_TERMINAL_SECS = 0.2
_FILE_SECS = 10.0


class Progress:
    """Tells words now and then; on a terminal they take the place of the last ones."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock() + PATIENCE_SECS
        self._console = stderr()
        self._is_terminal = sys.stderr.isatty()
        self._has_told = False

    def tell(self, words: str) -> None:
        """Show where the command is, unless that was shown a moment ago."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + (_TERMINAL_SECS if self._is_terminal else _FILE_SECS)
        self._has_told = True
        if self._is_terminal:
            self._console.write(f"\r\x1b[K{words} …")
            self._console.flush()
        else:
            self._console.print(f"{words} …")

    def end(self) -> None:
        """Wipe the line."""
        if self._is_terminal and self._has_told:
            self._console.write("\r\x1b[K")
            self._console.flush()
