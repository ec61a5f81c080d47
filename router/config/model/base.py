"""What every part of the language is made of: strict models, names, scalars."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=_NAME, max_length=100)]
"""A name that an operator gives: of a project, mask, rule, overlay, detector."""
NAME_SCHEMA = {"type": "string", "pattern": _NAME, "maxLength": 100}
MaskName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?$")]
"""A mask of this file (`pci`), or of a pack (`pii`, `masking/pii`)."""


def _scalar(value: Any) -> Any:
    if isinstance(value, (str, int, float)):
        return value
    raise PydanticCustomError("scalar_type", "not a scalar")


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _version(value: Any) -> Any:
    if isinstance(value, bool) or value != 1:
        raise PydanticCustomError("version", "unknown version")
    return 1


HOLE = r"\{[A-Za-z_][A-Za-z0-9_.-]*\}"
ProjectName = Annotated[
    str,
    Field(pattern=rf"^([A-Za-z0-9]|{HOLE})([A-Za-z0-9_.-]|{HOLE})*$", max_length=100),
]
"""A name of a project, or of a template: `team-{team}`."""
RowKey = Annotated[str, Field(min_length=1, max_length=200)]
"""The key of a row: a value of the attribute that the table is about."""
Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=100)]
"""The name of a column."""
Scalar = Annotated[
    str | int | float | bool, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
"""Text, a number, true or false."""
WholeNumber = BeforeValidator(_whole)
"""Makes 2.0 a whole number, as JSON schema has it; stands after limits, so that the schema knows them."""
Whole = Annotated[int, WholeNumber]
"""A whole number; 2.0 is one."""
Rate = Annotated[float, Field(ge=0, le=1)]
Version = Annotated[Literal[1], BeforeValidator(_version)]
DATA_MARK = {"$comment": "data"}
"""Stands in the JSON schema for data without nulls at any depth, until `build_schema` refers to one definition."""
Data = Annotated[Any, WithJsonSchema(DATA_MARK)]
# A tag of a union starts with `@`: the path of a validation error names it, and no key of the language does.


class Model(BaseModel):
    """Strict, frozen, and closed: an unknown key is an error."""

    # Validators are built when first used, and docstrings of fields are read only for the JSON schema: both cost
    # more than all the rest of an import.
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)
