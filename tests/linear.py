"""Whether something takes time in proportion to the text that it reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def takes_linear_time(read: Callable[[bytes], Any], unit: str) -> bool:
    """Return whether ten times the text takes no more than some thirty times as long, whatever the machine is doing."""

    def seconds(size: int) -> float:
        text = (unit * size).encode()[:size]
        return cpu_seconds(lambda: read(text))

    return seconds(200_000) < 30 * seconds(20_000) + 0.05


def cpu_seconds(run: Callable[[], Any]) -> float:
    """Return the least CPU time of three runs."""
    best = 60.0
    for _ in range(3):
        begin = time.process_time()
        run()
        best = min(best, time.process_time() - begin)
    return best
