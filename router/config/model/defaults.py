"""`defaults:`: what holds unless something else says otherwise."""

from __future__ import annotations

from typing import Annotated

from pydantic import Strict

from router.config.model.base import MaskName, Model
from router.config.model.references import ValueRef
from router.config.model.servers import Server
from router.config.model.shares import SampleSpec


class Defaults(Model):
    """What holds unless a project or a rule says otherwise.

    What stands here beats the variables of the Langfuse SDK: LANGFUSE_TRACING_ENVIRONMENT, LANGFUSE_RELEASE and
    LANGFUSE_SAMPLE_RATE fill what it leaves open.
    """

    host: ValueRef | None = None
    """URL of the Langfuse server for projects that name none; Langfuse Cloud EU otherwise. As in every text of
    `defaults`, of a project and of what `trace` and `generation` set, `${NAME}` stands for a variable,
    `${NAME:-default}` for one with a default, `${NAME:?why}` for one that must be set, and `$$` for `$`."""
    server: Server = "auto"
    """Generation of the Langfuse servers: `v3` and `v4` store traces differently, `auto` asks each host which it is.
    A server of version 4 in the write mode `legacy` is a `v3`."""
    allow_http: bool = False
    """Whether hosts may be plain http elsewhere than on this machine: everyone on the way can read the calls."""
    environment: str | None = None
    """Langfuse environment, for example `${DEPLOY_ENV:-production}`."""
    release: str | None = None
    """Langfuse release, for example `${GIT_SHA:?set by the build}`."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks of every call: a floor that nothing below can take away."""
    sample: SampleSpec = 1.0
    """Share of the calls that is kept, 0 to 1."""
