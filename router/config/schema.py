"""schema.json from the models: what an editor completes and checks while typing."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel, TypeAdapter

from router.config import model as language
from router.config.model import DATA_MARK, PackConfig, RoutingConfig, TeamFile

ID = "urn:langfuse-router:schema:v1"
_DATA = {
    "title": "Data",
    "description": "Any data without nulls.",
    "anyOf": [
        {"type": ["string", "number", "boolean"]},
        {"type": "array", "items": {"$ref": "#/$defs/Data"}},
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/Data"}},
    ],
}
_ONLY_EXPR = {"required": ["expr"], "maxProperties": 1}
_MAIN_ONLY = sorted(RoutingConfig.model_fields.keys() - TeamFile.model_fields.keys())


def build_schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of routing.yaml, team files and packs; the same models always give the same."""
    adapter: TypeAdapter[Any] = TypeAdapter(RoutingConfig | TeamFile | PackConfig)
    schema = adapter.json_schema(mode="validation", by_alias=True)
    definitions = schema["$defs"]
    _describe(definitions)
    definitions["Data"] = _DATA
    for definition in definitions.values():
        _tighten(definition)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "routing.yaml of langfuse-router, version 1",
        "description": definitions["RoutingConfig"]["description"],
        # Which of the three a file is decides its keys, so that an editor reports against one of them only.
        "if": {
            "type": "object",
            "anyOf": _any_of_required("pack", "masks"),
            "not": {"anyOf": _any_of_required("rules", "projects")},
        },
        "then": {"$ref": "#/$defs/PackConfig"},
        "else": {
            "if": {
                "type": "object",
                "anyOf": _any_of_required("rules", "overlays"),
                "not": {"anyOf": _any_of_required("version", *_MAIN_ONLY)},
            },
            "then": {"$ref": "#/$defs/TeamFile"},
            "else": {"$ref": "#/$defs/RoutingConfig"},
        },
        "$defs": dict(sorted(definitions.items())),
    }


def _any_of_required(*keys: str) -> list[dict[str, Any]]:
    return [{"required": [key]} for key in keys]


def _tighten(node: Any) -> None:
    """Make a schema refuse what the loader refuses: nulls, other names in mappings; drop what only repeats."""
    for schema in list(_schemas(node)):
        if schema == DATA_MARK:
            continue
        options = schema.pop("oneOf", ()) or schema.pop("anyOf", ())
        kept = [option for option in options if option != {"type": "null"}]
        if len(kept) == 1 and len(options) > 1:
            schema.update({key: value for key, value in kept[0].items() if key not in schema})
        elif kept:
            schema["anyOf"] = kept
        if schema.get("default", 0) is None:
            del schema["default"]
        if "patternProperties" in schema:
            schema["additionalProperties"] = False
        if schema.get("additionalProperties") == DATA_MARK:
            schema["additionalProperties"] = {"$ref": "#/$defs/Data"}
            schema["not"] = dict(_ONLY_EXPR)
        if isinstance(schema.get("title"), str) and "$ref" not in schema and "properties" not in schema:
            del schema["title"]


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema inside a schema, the innermost first."""
    if isinstance(node, list):
        for item in node:
            yield from _schemas(item)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in ("properties", "patternProperties"):
            for inner in value.values():
                yield from _schemas(inner)
        elif key not in ("default", "enum", "const", "required", "not"):
            yield from _schemas(value)
    yield node


# -- descriptions --------------------------------------------------------------------------------------


def _describe(definitions: dict[str, Any]) -> None:
    """Write the docstrings of fields into the schema: they are the reference of the language."""
    for name, fields in _docstrings().items():
        properties = definitions.get(name, {}).get("properties", {})
        kind = getattr(language, name)
        for field, text in fields.items():
            info = kind.model_fields.get(field)
            shown = properties.get(info.alias or field if info is not None else field)
            if shown is not None:
                shown["description"] = text
    for name, definition in definitions.items():
        definition["title"] = name
        definition["description"] = _one_line(str(definition.get("description", "")))


def _docstrings() -> dict[str, dict[str, str]]:
    """Return the text under each field of each model, read from the source."""
    found: dict[str, dict[str, str]] = {}
    modules = [importlib.import_module(f"{language.__name__}.{part.name}") for part in iter_modules(language.__path__)]
    for node in (node for module in modules for node in ast.parse(inspect.getsource(module)).body):
        if isinstance(node, ast.ClassDef) and issubclass(getattr(language, node.name), BaseModel):
            pairs = zip(node.body, node.body[1:], strict=False)
            found[node.name] = {
                field.target.id: _one_line(text.value.value)
                for field, text in pairs
                if isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            }
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())
