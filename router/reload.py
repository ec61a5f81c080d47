"""The configuration that a router works by, and a new one that takes its place: built whole, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.config import load_config
from router.config.loaded import LoadedConfig
from router.config.reading import list_files
from router.config.seen import Seen
from router.delivery.projects import NO_CHANGES, Changes
from router.errors import ConfigError, Problem
from router.loglines import log_lines
from router.masking import MaskingPolicies, compile_policies
from router.routing.table import RoutingTable

_log = log_lines()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that decides about a call, from one reading of the files; immutable, so that it is swapped whole."""

    loaded: LoadedConfig
    table: RoutingTable
    policies: MaskingPolicies

    @classmethod
    def compile(cls, loaded: LoadedConfig) -> Configuration:
        """Compile what was loaded with an environment, so that projects have credentials."""
        policies = compile_policies(loaded)
        policies.prepare()
        return cls(loaded, RoutingTable.compile(loaded), policies)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a configuration was read from, to read it again.

    Attributes:
        path: of routing.yaml, as the operator wrote it.
        environ: the variables; those of the process as they are when it is read.
        folder: the working directory at the start: a relative path goes on to mean the same file.
    """

    path: str
    environ: Mapping[str, str] = field(repr=False)
    folder: Path = field(default_factory=Path.cwd)

    def load(self, seen: Seen | None = None) -> LoadedConfig:
        """Read the files; `seen` remembers which.

        Raises:
            ConfigError: with every problem.
        """
        path = self.path if self._is_at_home() else self.folder / self.path
        return load_config(path, environ=self.environ, seen=seen)

    def _is_at_home(self) -> bool:
        try:
            return Path.cwd() == self.folder
        except OSError:  # the working directory is gone
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What came of reading the files again.

    Attributes:
        accepted: whether calls are routed by the new files from now on; if not, the former ones go on.
        digest: hash of the configuration in use now, 12 hex digits.
        former: hash of the one in use before.
        problems: every finding about the new files; those of an accepted one did not stop it.
        failed_tests: names of embedded tests that failed, where `ROUTER_RELOAD_REQUIRE_TESTS` asks for them.
        failure: class of an error that nobody expected; "" without one.
        projects: what became of the projects; empty where the files were refused.
    """

    accepted: bool
    digest: str
    former: str
    problems: tuple[Problem, ...] = ()
    failed_tests: tuple[str, ...] = ()
    failure: str = ""
    projects: Changes = NO_CHANGES

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the new files were refused, one line each; empty where they were accepted."""
        if self.accepted:
            return ()
        errors = (str(problem) for problem in self.problems if problem.severity == "error")
        tests = (f"the test {name!r} failed" for name in self.failed_tests)
        return (*errors, *tests, *((self.failure,) if self.failure else ()))

    def __str__(self) -> str:
        if not self.accepted:
            return "\n".join((f"rejected, configuration {self.digest} goes on", *self.reasons))
        changes = self.projects
        parts = (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed))
        told = ", ".join(f"{len(names)} {word}" for word, names in parts if names)
        return f"configuration {self.digest} in use, before {self.former}" + (f"; projects: {told}" if told else "")

    def to_json(self) -> dict[str, Any]:
        """Return the same as JSON-able data."""
        changes = self.projects
        return {
            "accepted": self.accepted,
            "digest": self.digest,
            "former": self.former,
            "problems": [problem.to_json() for problem in self.problems],
            "failed_tests": list(self.failed_tests),
            "failure": self.failure,
            "projects": {name: sorted(getattr(changes, name)) for name in ("added", "changed", "removed")},
        }


class Refused(Exception):
    """A new configuration that must not be used, and why; see `Reloaded`."""

    def __init__(
        self, problems: tuple[Problem, ...] = (), failed_tests: tuple[str, ...] = (), failure: str = ""
    ) -> None:
        super().__init__()
        self.problems = problems
        self.failed_tests = failed_tests
        self.failure = failure


def build(origin: Origin, seen: Seen, *, require_tests: bool = False) -> Configuration:
    """Read, check and compile a configuration; with `require_tests` run its embedded tests as well.

    What was looked at is added to `seen`.

    Raises:
        Refused: whatever went wrong.
    """
    try:
        loaded = origin.load(seen)
        configuration = Configuration.compile(loaded)
        failed = _failed_tests(loaded) if require_tests else ()
    except ConfigError as error:
        raise Refused(problems=error.problems) from None
    except Exception as error:  # noqa: BLE001 a reload never ends what works
        raise Refused(failure=type(error).__name__) from None
    if failed:
        raise Refused(problems=loaded.problems, failed_tests=failed)
    return configuration


class Watcher:
    """Looks at files every so often on a thread of its own, and has them read again once they have changed.

    Only when two looks in a row agree, so that nobody reads what is only half written.

    Attributes:
        looks: how often it has looked.
    """

    def __init__(self, interval: float, seen: Callable[[], Seen], reload: Callable[[], object]) -> None:
        """Begin; `seen` returns what was looked at when the files were read last."""
        self._interval = interval
        self._seen = seen
        self._reload = reload
        self.looks = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="router-reload", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def _watch(self) -> None:
        before = None
        while not self._ended.wait(self._interval):
            try:
                seen = self._seen()
                now = seen.now(list_files)
                if now != seen and now == before:
                    self._reload()
                before = now
                self.looks += 1
            except Exception as error:  # noqa: BLE001 it has to look again, whatever happened
                _log.error("The files of the configuration cannot be looked at: %s.", type(error).__name__)


def _failed_tests(loaded: LoadedConfig) -> tuple[str, ...]:
    from router.verify import run_tests

    return tuple(dict.fromkeys(result.name for result in run_tests(loaded) if not result.passed))
