"""`overrides:`: what a request may bring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from router.config.model.base import Model, Name
from router.config.model.matching import Match

OverrideKey = Annotated[
    str,
    Field(
        pattern=r"^(\*|trace\.(\*|id|name|user_id|session_id|tags|version|release|environment|public|metadata(\..+)?)"
        r"|generation\.(\*|id|parent|name|version|metadata(\..+)?)|update_keys)$"
    ),
]


class Grant(Model):
    """What the requests of some callers may bring as well. Every grant that matches adds; none takes away."""

    id: Name
    """Name in explanations; unique in the file."""
    description: str | None = None
    """For people; not sent."""
    match: Match | None = None
    """Conditions on attributes; none means always."""
    when: Annotated[str, Field(min_length=1)] | None = None
    """JMESPath condition over the attributes, checked after `match`; one that cannot be evaluated grants nothing."""
    allow: Annotated[list[OverrideKey], Strict(False)] = []
    """More keys that the request may set."""
    masks: Literal["add-only"] | None = None
    """Lets the request ask for more hiding where `overrides.masks` is `ignore`."""
    projects: Annotated[list[Name], Strict(False)] = []
    """Projects that the request may choose by `langfuse_project`. Needs a condition on the key of the caller: `team`,
    `team_alias`, `key_alias` or `org`."""


class Overrides(Model):
    """What a request may bring. The rest is ignored, and recorded in the plan as denied."""

    allow: Annotated[list[OverrideKey], Strict(False)] | None = None
    """Keys a request may set: `trace.name`, `trace.metadata.*`, `generation.*`, `*`, … Default: in the SDK `*`,
    in the proxy nothing."""
    masks: Literal["add-only", "ignore"] = "add-only"
    """Whether a request may ask for more hiding (`mask_input`, `mask_output`). It can never ask for less."""
    projects: Annotated[list[Name], Strict(False)] = []
    """Projects that a call of an application may choose by `langfuse_project` in its metadata, instead of the first
    project of its rule's route. In the proxy only a grant lets a client choose."""
    grants: Annotated[list[Grant], Strict(False)] = []
    """What the requests of some callers may bring as well."""
