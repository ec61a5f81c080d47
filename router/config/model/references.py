"""References to values that do not stand in the file: variables and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from router.config.model.base import HOLE, Model


class EnvRef(Model):
    """The value of an environment variable."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Name of the variable."""


class EnvTemplate(EnvRef):
    """The value of an environment variable, whose name may have holes in a project template."""

    env: Annotated[str, Field(pattern=rf"^([A-Za-z_]|{HOLE})([A-Za-z0-9_]|{HOLE})*$")]
    """Name of the variable; in a template with holes: `LF_{TEAM}_PK`."""


class FileRef(Model):
    """The content of a file, without the newline at its end."""

    file: Annotated[str, Field(min_length=1)]
    """Path of the file; a relative one starts at the folder of this YAML file."""


def _kind_of_ref(value: Any) -> str:
    if isinstance(value, str):
        return "@text"
    if isinstance(value, FileRef) or (isinstance(value, Mapping) and "file" in value):
        return "@FileRef"
    return "@EnvRef"


SecretRef = Annotated[
    Annotated[EnvRef, Tag("@EnvRef")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(lambda value: "@FileRef" if _kind_of_ref(value) == "@FileRef" else "@EnvRef"),
]
"""A secret by reference; a secret in the clear is an error."""
ValueRef = Annotated[
    Annotated[str, Tag("@text")] | Annotated[EnvRef, Tag("@EnvRef")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(_kind_of_ref),
]
"""A value in the clear or by reference."""
ProjectSecretRef = Annotated[
    Annotated[EnvTemplate, Tag("@EnvTemplate")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(lambda value: "@FileRef" if _kind_of_ref(value) == "@FileRef" else "@EnvTemplate"),
]
"""The same for projects, with holes in templates."""
ProjectValueRef = Annotated[
    Annotated[str, Tag("@text")] | Annotated[EnvTemplate, Tag("@EnvTemplate")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(lambda value: _kind_of_ref(value).replace("@EnvRef", "@EnvTemplate")),
]
"""The same for projects, with holes in templates."""
