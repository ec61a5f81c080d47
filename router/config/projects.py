"""References → credentials of projects and keys of masks, never shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from router.config.draft import Draft
from router.config.loaded import ResolvedProject
from router.config.model import EnvRef, FileRef, ProjectByPrefix
from router.errors import Problem

CLOUD = "https://cloud.langfuse.com"
"""Langfuse Cloud in the EU, the host of a project that names none."""


@dataclass(slots=True)
class Credentials:
    """What resolving gave."""

    projects: dict[str, ResolvedProject] = field(default_factory=dict)
    secrets: dict[EnvRef | FileRef, SecretStr] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def resolve_credentials(
    draft: Draft, environ: Mapping[str, str], read_file: Callable[[str], str | None]
) -> Credentials:
    """Resolve every reference; each that leads nowhere is a problem."""
    found = Credentials()
    for name, project in draft.projects.items():
        if isinstance(project, ProjectByPrefix):
            found.projects[name] = ResolvedProject(
                name, environ.get(f"{project.env}_PUBLIC_KEY", ""), SecretStr(environ.get(f"{project.env}_SECRET_KEY", "")),
                environ.get(f"{project.env}_HOST", CLOUD), project.environment, project.release)
    return found
