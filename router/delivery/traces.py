"""What this process last said of traces, so that a call which continues one can say again what would be reset."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from router.config.loaded import ResolvedProject
from router.delivery.fork import reset_in_child
from router.routing.record import bytes_of

MAX_BYTES = 16_000_000
MAX_TRACES = 10_000
MAX_CONTENT = 100_000
"""Bytes of a trace's input, output and metadata above which they are not remembered."""
OVERHEAD = 1_000
_CONTENT = ("input", "output", "metadata")
_NOTHING: Mapping[str, Any] = {}


class TraceMemory:
    """The newest traces whose ids requests named, by project; used by the worker's thread only.

    It holds what was sent, after masking, and never tells one project what another was sent.
    """

    def __init__(self) -> None:
        self._start_afresh()
        reset_in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        self._traces: OrderedDict[tuple[ResolvedProject, str], tuple[Mapping[str, Any], int]] = OrderedDict()
        self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._traces)

    def recall(self, project: ResolvedProject, trace_id: str) -> Mapping[str, Any]:
        """Return what is known of a trace, its fields by name; a field that is missing is not known."""
        found = self._traces.get((project, trace_id))
        return _NOTHING if found is None else found[0]

    def remember(self, project: ResolvedProject, trace_id: str, state: Mapping[str, Any]) -> None:
        """Take the place of what was known of a trace."""
        if bytes_of(state.get(name) for name in _CONTENT) > MAX_CONTENT:
            state = {name: value for name, value in state.items() if name not in _CONTENT}
        size = bytes_of(state.values()) + OVERHEAD
        key = (project, trace_id)
        _, before = self._traces.pop(key, (None, 0))
        self._traces[key] = (state, size)
        self.held_bytes += size - before
        while self.held_bytes > MAX_BYTES or len(self._traces) > MAX_TRACES:
            _, (_, freed) = self._traces.popitem(last=False)
            self.held_bytes -= freed
