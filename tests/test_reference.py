"""examples/reference: every key of the language at least once, by the schema's own list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from router.config.schema import build_schema
from tests.command_line import router

REFERENCE = Path(__file__).parent.parent / "examples" / "reference"
FILES = sorted(REFERENCE.rglob("*.yaml"))
Key = tuple[str, str]
"""Name of a definition of the schema, and a key of it."""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the schema as `router schema` prints it."""
    return build_schema()


def test_the_reference_uses_every_key(schema: dict[str, Any]) -> None:
    """Whoever looks for a key finds it there; a new key of the language fails here until it is shown."""
    used = {key for path in FILES for key in _used(schema, schema, yaml.safe_load(path.read_text("utf-8")))}
    assert sorted(_keys(schema) - used) == []


def test_a_key_that_is_not_used_is_noticed(schema: dict[str, Any]) -> None:
    """The test above can fail: without its tests and overlays the file lacks their keys."""
    data = yaml.safe_load((REFERENCE / "routing.yaml").read_text("utf-8"))
    used = set(_used(schema, schema, {key: data[key] for key in data if key not in ("tests", "overlays")}))
    missing = _keys(schema) - used
    assert {("RoutingConfig", "tests"), ("Test", "request"), ("Overlay", "on_error")} <= missing
    assert ("Rule", "route") not in missing


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("rules/*.yaml")), ids=lambda path: path.stem)
def test_a_pack_of_the_reference_passes_its_tests(path: Path) -> None:
    """It loads without a finding, and hides what it says."""
    run = router("test", "-c", str(path))
    assert (run.code, run.err) == (0, ""), run.out


def _keys(schema: Mapping[str, Any]) -> set[Key]:
    return {(name, key) for name, definition in schema["$defs"].items() for key in definition.get("properties", {})}


def _used(root: Mapping[str, Any], schema: Any, value: Any) -> Iterator[Key]:
    """Yield the keys of definitions that a value uses, following the schema along it."""
    if not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        definition = root["$defs"][name]
        if isinstance(value, dict):
            yield from ((name, key) for key in value if key in definition.get("properties", {}))
        yield from _used(root, definition, value)
    for option in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        if _fits(root, option, value):
            yield from _used(root, option, value)
    if "if" in schema:
        yield from _used(root, schema["then" if _fits(root, schema["if"], value) else "else"], value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _used(root, _of_key(schema, key), item)
    elif isinstance(value, list):
        for item in value:
            yield from _used(root, schema.get("items"), item)


def _of_key(schema: Mapping[str, Any], key: str) -> Any:
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    patterns = list(schema.get("patternProperties", {}).values())
    return patterns[0] if patterns else schema.get("additionalProperties")


def _fits(root: Mapping[str, Any], schema: Any, value: Any) -> bool:
    return Draft202012Validator({**schema, "$defs": root["$defs"]}).is_valid(value)
