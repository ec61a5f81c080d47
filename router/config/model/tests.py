"""`tests:`: examples that stand beside the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.base import MaskName, Model, Whole


class Expect(Model):
    """What a test expects; what is not named is not compared."""

    route: Annotated[list[str], Strict(False)] | None = None
    """Projects, in order; `[]` for a call that is dropped, `ad-hoc` for the project whose keys the request brings."""
    rule: str | None = None
    """Id of the rule that decides."""
    overlays: Annotated[list[str], Strict(False)] | None = None
    """Ids of the overlays that match, in order."""
    mask: (
        Annotated[
            Annotated[list[str], Strict(False), Tag("@masks")]
            | Annotated[dict[str, Annotated[list[str], Strict(False)]], Tag("@by_project")],
            Discriminator(lambda value: "@by_project" if isinstance(value, Mapping) else "@masks"),
        ]
        | None
    ) = None
    """Masks that apply, in order: a list for every project of the route, or a mapping of projects to lists."""
    trace: dict[str, Any] | None = None
    """Trace fields by name; only the named ones are compared."""
    generation: dict[str, Any] | None = None
    """Generation fields by name; only the named ones are compared."""
    sent: dict[str, Any] | None = None
    """What the project gets after masking, by path: `input`, `output`, `metadata.account`, `trace.user_id`, …"""
    sent_to: dict[str, dict[str, Any]] | None = None
    """What one project of several gets, by project and path, as in `sent`."""
    masked: dict[str, Whole] | None = None
    """How often each detector hit."""
    denied: Annotated[list[str], Strict(False)] | None = None
    """What the request asked for and did not get."""
    adjusted: Annotated[list[str], Strict(False)] | None = None
    """Fields that are altered to what Langfuse keeps, or left out as of a wrong type: `trace.session_id`, …"""
    shadow: Annotated[list[str], Strict(False)] | None = None
    """Ids of rules and overlays in shadow mode that would match."""


class Test(Model):
    """One example that `router check` and `router test` try."""

    name: str
    """The behaviour, as a sentence."""
    request: dict[str, Any] = {}
    """The call: any of team, model, tags, metadata, headers, user, session_id, status, input, output, …; what it asks
    for by `override: {project: …, credentials: {host: …}}`, the keys being made up."""
    each: Annotated[list[dict[str, Any]], Field(min_length=1), Strict(False)] | None = None
    """One case per entry, each laid over `request`."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks to add for this test only; how a pack tests its masks."""
    bucket: Annotated[float, Field(ge=0, lt=1), Strict(False)] | None = None
    """Place of the call in every roll-out and sample of this test, 0 to 1, instead of a hash."""
    now: str | None = None
    """When the call starts, for what is `active` at times: `2026-12-24T10:00:00+01:00`; UTC without an offset. Without
    it no such time is known, and a request may name one of its own."""
    expect: Expect
    """What must come out."""
