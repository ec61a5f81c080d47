"""`projects:`: where calls can go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from router.config.model.base import HOLE, Model, Name
from router.config.model.references import ProjectSecretRef, ProjectValueRef
from router.config.model.servers import Server


class ProjectByPrefix(Model):
    """A Langfuse project whose credentials stand in environment variables that share a prefix."""

    env: Annotated[str, Field(pattern=rf"^([A-Z_]|{HOLE})([A-Z0-9_]|{HOLE})*$")]
    """Prefix of the variables <PREFIX>_PUBLIC_KEY, <PREFIX>_SECRET_KEY and <PREFIX>_HOST (or <PREFIX>_BASE_URL)."""
    host: ProjectValueRef | None = None
    """URL of the Langfuse server; beats <PREFIX>_HOST and `defaults.host`."""
    environment: str | None = None
    """Langfuse environment of every trace in this project; beats `defaults.environment`."""
    release: str | None = None
    """Langfuse release of every trace in this project; beats `defaults.release`."""
    project_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Id of the project, as its settings in Langfuse show it. Where the keys turn out to be those of another
    project nothing is sent, since Langfuse files traces by the secret key alone."""
    server: Server | None = None
    """Generation of the Langfuse server, which decides how a continued trace is changed; beats `defaults.server`."""
    allow_http: bool | None = None
    """Whether the host may be plain http elsewhere than on this machine; beats `defaults.allow_http`."""
    for_each: Name | None = None
    """Makes this a template: one project for each row of this table. Needs a hole such as `{team}` in the name of
    the project; its values may hold `{team}`, `{TEAM}` and `{team.column}`. A row whose column `project` names
    another project shares that one."""
    description: str | None = None
    """For people; not sent."""


class ProjectByKeys(Model):
    """A Langfuse project with explicit credentials."""

    public_key: ProjectValueRef
    """Public key, `pk-lf-…`."""
    secret_key: ProjectSecretRef
    """Secret key, `sk-lf-…`, by reference only. Langfuse files traces by this key alone."""
    host: ProjectValueRef | None = None
    """URL of the Langfuse server; beats `defaults.host`."""
    environment: str | None = None
    """Langfuse environment of every trace in this project; beats `defaults.environment`."""
    release: str | None = None
    """Langfuse release of every trace in this project; beats `defaults.release`."""
    project_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Id of the project, as its settings in Langfuse show it. Where the keys turn out to be those of another
    project nothing is sent, since Langfuse files traces by the secret key alone."""
    server: Server | None = None
    """Generation of the Langfuse server, which decides how a continued trace is changed; beats `defaults.server`."""
    allow_http: bool | None = None
    """Whether the host may be plain http elsewhere than on this machine; beats `defaults.allow_http`."""
    for_each: Name | None = None
    """Makes this a template: one project for each row of this table. Needs a hole such as `{team}` in the name of
    the project; its values may hold `{team}`, `{TEAM}` and `{team.column}`. A row whose column `project` names
    another project shares that one."""
    description: str | None = None
    """For people; not sent."""


Project = Annotated[
    Annotated[ProjectByPrefix, Tag("@ProjectByPrefix")] | Annotated[ProjectByKeys, Tag("@ProjectByKeys")],
    Discriminator(
        lambda value: (
            "@ProjectByPrefix"
            if isinstance(value, ProjectByPrefix) or (isinstance(value, Mapping) and "env" in value)
            else "@ProjectByKeys"
        )
    ),
]
