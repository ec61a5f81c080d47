"""The result of loading: checked configuration, with the place of every rule and every secret resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import SecretStr

from router.config.detectors import DetectorSpec
from router.config.model import Defaults, EnvRef, FileRef, Grant, MaskStep, Overlay, Overrides, Rule, Server, Test
from router.config.tables import NO_VOCABULARY, Vocabulary
from router.errors import Location, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Located(Generic[T]):
    """A value of the configuration and where it stands; `is_mounted` for one of a team file."""

    value: T
    location: Location
    is_mounted: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedProject:
    """A project, ready to send to.

    Attributes:
        host: without a slash at its end.
        environment: one that Langfuse keeps.
        project_id: id that the server must give for the keys, before anything is sent; None where none was named.
        server: generation of the Langfuse server; `auto` where it has to be asked.
    """

    name: str
    public_key: str = field(repr=False)
    secret_key: SecretStr
    host: str
    environment: str | None = None
    release: str | None = None
    project_id: str | None = None
    server: Server = "auto"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A team file that is left out, and everything that is wrong with it."""

    file: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """A configuration without errors, apart from those of team files that are left out.

    Attributes:
        path: the file it was read from, as the operator wrote it.
        digest: first 12 hex digits of the SHA-256 over all files read; names this configuration in plans and logs.
        project_names: every project of the closed world, in file order.
        servers: the generation of Langfuse that each of them is taken for, known without an environment as well.
        project_aliases: names that a template would have given to rows which share a project, with that project.
        grants: those of `overrides`.
        default_host: where a request sends that brings keys and names no host; None where that is not usable.
        vocabulary: declared attributes, and the rows of tables.
        projects: the projects with credentials; empty when loaded without an environment.
        masks: mask steps by the name that plans use; masks of packs under their bare and their full name, those of a
            team file with its stem: `search/pci`.
        rules: in the order of evaluation, each of a team file where it is mounted, within its scope.
        detectors: own detectors by the name that `detect:` uses.
        secrets: value of every reference that a mask step uses as a key; empty without an environment.
        filled: names of the variables whose values stand in texts of rules, overlays and projects, by `${NAME}`.
        warnings: findings that do not stop the program.
        quarantined: the team files that are left out.
    """

    path: str
    digest: str
    defaults: Defaults
    project_names: tuple[str, ...]
    projects: Mapping[str, ResolvedProject] = field(default_factory=dict)
    masks: Mapping[str, Located[tuple[MaskStep, ...]]]
    overlays: tuple[Located[Overlay], ...]
    rules: tuple[Located[Rule], ...]
    overrides: Overrides
    tests: tuple[Located[Test], ...]
    secrets: Mapping[EnvRef | FileRef, SecretStr] = field(default_factory=dict)
    filled: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()
    servers: Mapping[str, Server] = field(default_factory=dict)
    project_aliases: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[Located[Grant], ...] = ()
    default_host: str | None = None
    vocabulary: Vocabulary = NO_VOCABULARY
    detectors: Mapping[str, DetectorSpec] = field(default_factory=dict)
    quarantined: tuple[Quarantined, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every finding: the warnings, and what is wrong with the team files that are left out."""
        return (*self.warnings, *(problem for file in self.quarantined for problem in file.problems))
