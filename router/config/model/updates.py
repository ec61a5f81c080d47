"""`trace:` and `generation:`: what rules and overlays set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Strict, Tag

from router.config.model.base import Data, Model, Scalar


class Expr(Model):
    """A value computed by JMESPath over the attributes."""

    expr: Annotated[str, Field(min_length=1)]
    """JMESPath expression."""


FieldValue = Annotated[
    Annotated[Scalar, Tag("@scalar")]
    | Annotated[list[Scalar], Strict(False), Tag("@list")]
    | Annotated[Expr, Tag("@Expr")]
    | Annotated[dict[str, Data], Tag("@mapping")],
    Discriminator(
        lambda value: (
            "@Expr"
            if isinstance(value, Expr) or (isinstance(value, Mapping) and set(value) == {"expr"})
            else "@mapping"
            if isinstance(value, Mapping)
            else "@list"
            if isinstance(value, (list, tuple))
            else "@scalar"
        )
    ),
]
"""Text with `{attribute}` holes, another scalar, a list, `{expr: <JMESPath>}`, or (metadata only) a mapping."""

TRACE_FIELDS = ("name", "user_id", "session_id", "tags", "version", "release", "environment", "public", "metadata")
GENERATION_FIELDS = ("name", "version", "metadata")
TraceField = Annotated[
    str, Field(pattern=r"^(name|user_id|session_id|tags|version|release|environment|public|metadata(\..+)?)$")
]
GenerationField = Annotated[str, Field(pattern=r"^(name|version|metadata(\..+)?)$")]


class TraceAppend(Model):
    """Lists that a rule makes longer."""

    tags: Annotated[list[str], Field(min_length=1), Strict(False)]
    """Tags to add; one that is there already is not added twice."""


class TraceUpdate(Model):
    """Changes to the trace: `default` < what the request says < `set`."""

    set: dict[TraceField, FieldValue] = {}
    """Fields that get this value whatever the request says."""
    default: dict[TraceField, FieldValue] = {}
    """Fields that get this value when the request says nothing."""
    append: TraceAppend | None = None
    """Lists to make longer."""
    update_keys: Annotated[
        list[
            Literal[
                "input",
                "output",
                "name",
                "user_id",
                "session_id",
                "tags",
                "version",
                "release",
                "metadata",
                "trace_name",
                "trace_user_id",
                "trace_version",
                "trace_release",
                "trace_metadata",
            ]
        ],
        Strict(False),
    ] = []
    """On a continued trace, which of its keys this call overwrites."""


class GenerationUpdate(Model):
    """Changes to the generation itself: `default` < what the request says < `set`."""

    set: dict[GenerationField, FieldValue] = {}
    """Fields that get this value whatever the request says."""
    default: dict[GenerationField, FieldValue] = {}
    """Fields that get this value when the request says nothing."""
