"""Whether something takes time in proportion to the text that it reads, or more than it should."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Result = TypeVar("Result")
_REFERENCE_SECS = 0.08
"""What `_plain_python` takes on the machine for which limits are given."""
_ATTEMPTS = 3
_LONG = 200_000
_SHORT_SECS = 0.05
_LARGER = 8_000
_TOO_SHORT_SECS = 0.015


def takes_linear_time(read: Callable[[bytes], Any], unit: str) -> bool:
    """Return whether ten times the text takes no more than some thirty times as long, whatever the machine is doing."""
    text = (unit * _LONG).encode()[:_LONG]
    most = _SHORT_SECS
    for _ in range(_ATTEMPTS):
        larger = _cpu_of(lambda: read(text))[0]
        if larger >= most == _SHORT_SECS:
            most += 30 * cpu_seconds(lambda: read(text[: _LONG // 10]))
        if larger < most:
            return True
    return False


def grows_with_text(read: Callable[[bytes], Any], unit: str) -> bool:
    """Return whether four times the text takes about four times as long: a quick look, where there is much to look at.

    Each of the sizes is some thousand bytes; what takes so little time at the larger one that its growth cannot be told
    passes.
    """
    text = (unit * _LARGER).encode()[:_LARGER]
    for _ in range(_ATTEMPTS):
        larger = _cpu_of(lambda: read(text))[0]
        if larger < _TOO_SHORT_SECS or larger < 8 * _cpu_of(lambda: read(text[: _LARGER // 4]))[0]:
            return True
    return False


def cpu_seconds(run: Callable[[], Any]) -> float:
    """Return the least CPU time of three runs."""
    return min(_cpu_of(run)[0] for _ in range(_ATTEMPTS))


def within(secs: float, run: Callable[[], Result]) -> Result:
    """Return what `run` returns, if it takes less than `secs` of CPU; else fail.

    A machine slower than the one that limits are given for gets more time, in proportion to what plain Python takes
    there before and after; a faster one gets no less. What other tests left in memory is not counted, and what else the
    machine does may spoil two attempts of three.
    """
    took: list[float] = []
    for _ in range(_ATTEMPTS):
        before = _cpu_of(_plain_python)[0]
        gc.collect()
        gc.freeze()
        try:
            cpu, result = _cpu_of(run)
        finally:
            gc.unfreeze()
        slower = max(1.0, (before + _cpu_of(_plain_python)[0]) / 2 / _REFERENCE_SECS)
        took.append(cpu / slower)
        if took[-1] < secs:
            return result
    raise AssertionError(f"took {', '.join(f'{each:.2f}' for each in took)} s of CPU, more than {secs} s")


def _cpu_of(run: Callable[[], Result]) -> tuple[float, Result]:
    begin = time.thread_time()
    result = run()
    if isinstance(result, Iterator):
        deque(result, maxlen=0)  # what it yields is found only now
    return time.thread_time() - begin, result


def _plain_python() -> list[Any]:
    return [{"number": str(number), "items": [number]} for number in range(100_000)]
