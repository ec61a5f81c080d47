"""`overrides:`: what a request may bring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from router.config.model.base import Model

OverrideKey = Annotated[
    str,
    Field(
        pattern=r"^(\*|trace\.(\*|id|name|user_id|session_id|tags|version|release|environment|public|metadata(\..+)?)"
        r"|generation\.(\*|id|parent|name|version|metadata(\..+)?)|update_keys)$"
    ),
]


class Overrides(Model):
    """What a request may bring. The rest is ignored, and recorded in the plan as denied."""

    allow: Annotated[list[OverrideKey], Strict(False)] | None = None
    """Keys a request may set: `trace.name`, `trace.metadata.*`, `generation.*`, `*`, … Default: in the SDK `*`,
    in the proxy nothing."""
    masks: Literal["add-only", "ignore"] = "add-only"
    """Whether a request may ask for more hiding (`mask_input`, `mask_output`). It can never ask for less."""
