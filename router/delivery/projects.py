"""The projects that calls are sent to: those of the file as it was read last, and former ones for what still waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.config.loaded import ResolvedProject
from router.delivery.backlog import Destination


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of projects, by what a new file did to them.

    Those that `changed` have other keys, another host or another id than they had last, be it in an earlier file.
    """

    added: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


NO_CHANGES = Changes()


class Projects:
    """The projects of the file. Thread-safe: a new file takes the place of the former one as a whole.

    A project that was removed is remembered with its last keys: what waits for it still goes there.
    """

    def __init__(self, projects: Mapping[str, ResolvedProject]) -> None:
        self._current = projects
        self._former: Mapping[str, ResolvedProject] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._current))

    def find(self, destination: Destination) -> ResolvedProject | None:
        """Return the project of a destination as it is now; None for a name that no file ever had."""
        if not isinstance(destination, str):
            return destination
        return self._current.get(destination) or self._former.get(destination)

    def replace(self, projects: Mapping[str, ResolvedProject]) -> Changes:
        """Use the projects of a new file."""
        before = self._current
        known = {**self._former, **before}
        self._former = known  # before the next line: somebody may look for one that is removed
        self._current = projects
        changed = {name for name in projects.keys() & known.keys() if _access(projects[name]) != _access(known[name])}
        return Changes(
            added=frozenset(projects.keys() - before.keys() - changed),
            changed=frozenset(changed),
            removed=frozenset(before.keys() - projects.keys()),
        )


def _access(project: ResolvedProject) -> tuple[object, ...]:
    return project.host, project.public_key, project.secret_key, project.project_id
