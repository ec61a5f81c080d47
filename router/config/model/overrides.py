"""`overrides:`: what a request may bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.base import Model, Name
from router.config.model.matching import Match

OverrideKey = Annotated[
    str,
    Field(
        pattern=r"^(\*|trace\.(\*|id|name|user_id|session_id|tags|version|release|environment|public|metadata(\..+)?)"
        r"|generation\.(\*|id|parent|name|version|metadata(\..+)?)|update_keys)$"
    ),
]


AD_HOC = "ad-hoc"
"""The project of a request's own credentials, where one name has to stand for all of them; no project of a file can
have this name."""


class CredentialHosts(Model):
    """Where requests that bring Langfuse keys of their own may send their calls."""

    hosts: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1), Strict(False)]
    """Hosts such as `https://cloud.langfuse.com`; `https://*.langfuse.example.com` stands for any one label. Scheme,
    name, port and path are compared. A request that names no host sends to `defaults.host`, which has to be listed as
    well."""


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
    credentials: CredentialHosts | None = None
    """Lets the request bring Langfuse keys of its own, `langfuse_public_key` and `langfuse_secret_key`, for these
    hosts. Needs a condition on the key of the caller as `projects` does."""


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
    credentials: (
        Annotated[
            Annotated[Literal["never"], Tag("@never")] | Annotated[CredentialHosts, Tag("@CredentialHosts")],
            Discriminator(
                lambda value: "@CredentialHosts" if isinstance(value, (Mapping, CredentialHosts)) else "@never"
            ),
        ]
        | None
    ) = None
    """Whether a call of an application may bring Langfuse keys of its own: `{hosts: […]}` for these hosts, or `never`.
    Default: for any host. In the proxy only a grant lets a client bring them."""
    grants: Annotated[list[Grant], Strict(False)] = []
    """What the requests of some callers may bring as well."""
