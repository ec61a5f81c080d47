"""What a Langfuse double does wrong, on purpose."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

EVERY_PROJECT = "*"


@dataclass(slots=True)
class Fault:
    """One kind of failure, for so many `times`, or until it is healed when that is None."""

    kind: Literal["status", "limit", "refuse", "hang", "reset", "slow"]
    status: int = 503
    retry_after: str | None = None
    max_bytes: int = 0
    text: bytes = b""
    seconds: float = 0.0
    times: int | None = None
    healed: threading.Event = field(default_factory=threading.Event)


class Faults:
    """The faults of a server by project; `EVERY_PROJECT` holds for those without their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}

    def set(self, project: str | None, fault: Fault) -> None:
        with self._lock:
            self._faults[project or EVERY_PROJECT] = fault

    def next(self, project: str) -> Fault | None:
        """Return the fault that the next request of `project` meets, and use one of its times up."""
        with self._lock:
            name = project if project in self._faults else EVERY_PROJECT
            fault = self._faults.get(name)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self._faults[name]
            return fault

    def heal(self, project: str | None = None) -> None:
        """End the fault of one project, or all."""
        with self._lock:
            faults = [self._faults.pop(name) for name in list(self._faults) if project in (None, name)]
        for fault in faults:
            fault.healed.set()
