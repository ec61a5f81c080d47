"""Which generation of Langfuse a host runs: asked beside the delivery, remembered by host, and asked again.

Langfuse 4 has no row of its own for a trace, so what a span changes of its trace depends on the server. A server of
version 4 that was set to write the old tables only (`LANGFUSE_MIGRATION_V4_WRITE_MODE=legacy`) is one of generation
3: there the project says `server: v3`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from router.config.loaded import ResolvedProject
from router.config.model import Generation

PATH = "/api/public/health"
"""Answers without credentials `{"status": …, "version": "4.16.0"}`, with 200 or 503."""
FRESH_SECS = 600.0
AGAIN_SECS = 15.0
_MAX_HOSTS = 1_000


@dataclass(slots=True)
class _Host:
    generation: Generation | None = None
    due: float = 0.0


class Servers:
    """What is known of each host; one thread asks, any thread reads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    def generation(self, project: ResolvedProject) -> Generation | None:
        """Return what the project's server is: by the project's own word, else by what its host said; None unknown."""
        if project.server != "auto":
            return project.server
        known = self._hosts.get(project.host)
        return None if known is None else known.generation

    def claim(self, project: ResolvedProject) -> bool:
        """Tell whether the project's host should be asked now; whoever gets True asks, and calls `learn`."""
        if project.server != "auto":
            return False
        known = self._hosts.get(project.host)
        now = self._clock()
        if known is None:
            while len(self._hosts) >= _MAX_HOSTS:  # hosts that requests bring have no end
                del self._hosts[next(iter(self._hosts))]
            known = self._hosts[project.host] = _Host()
        if now < known.due:
            return False
        known.due = now + AGAIN_SECS
        return True

    def learn(self, project: ResolvedProject, generation: Generation | None) -> None:
        """Remember an answer; one that says nothing takes nothing away, and is asked for again soon."""
        known = self._hosts.get(project.host)
        if known is not None and generation is not None:
            known.generation = generation
            known.due = self._clock() + FRESH_SECS


def read_generation(body: bytes) -> Generation | None:
    """Return the generation that an answer of `PATH` names; None where it names none."""
    try:
        major = int(json.loads(body)["version"].lstrip("v").partition(".")[0])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return "v4" if major >= 4 else "v3" if major == 3 else None
