"""Shares of calls: `sample:` and `rollout:`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.base import Model, Rate


class SampleBy(Model):
    """Keep a share of the calls, decided by a hash so that what belongs together is kept or dropped whole."""

    rate: Rate
    """Share that is kept, 0 to 1."""
    by: str | None = None
    """Attribute that is hashed; without it `session_id`, else `trace_id`, else the call itself."""


SampleSpec = Annotated[
    Annotated[Rate, Tag("@rate")] | Annotated[SampleBy, Tag("@SampleBy")],
    Discriminator(lambda value: "@SampleBy" if isinstance(value, (Mapping, SampleBy)) else "@rate"),
]


class Rollout(Model):
    """Match only a share of the calls: sticky, so that what belongs together moves together."""

    percent: Annotated[float, Field(ge=0, le=100), Strict(False)]
    """Share that matches, 0 to 100. Raising it keeps the calls that match already."""
    by: str | None = None
    """Attribute that is hashed; without it `session_id`, else `trace_id`, else the call itself."""
