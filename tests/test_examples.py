"""Every example and every pack: loads without a finding, passes its own tests, and the applications run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from router.config import LoadedConfig, load_config
from router.config.schema import build_schema
from router.config.yaml_reader import read_yaml
from router.settings import process_environment
from router.testing import FakeLangfuse
from router.verify import run_tests
from tests.command_line import router

CHECKOUT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(CHECKOUT.glob("examples/*/routing.yaml"))
REFERENCE = CHECKOUT / "examples" / "reference"
FILES = sorted(REFERENCE.rglob("*.yaml"))
Key = tuple[str, str]
"""Name of a definition of the schema, and a key of it."""


def _load(path: Path) -> LoadedConfig:
    return load_config(path, environ=None)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_has_no_findings(path: Path) -> None:
    """A reader may copy an example as it stands."""
    assert [str(warning) for warning in _load(path).warnings] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_passes_its_tests(path: Path) -> None:
    """What an example says about itself is so, and it says something."""
    results = run_tests(_load(path))
    assert results
    assert [(result.name, result.differences) for result in results if not result.passed] == []


def test_every_folder_is_executed() -> None:
    """No example folder is without a routing.yaml that the tests above read."""
    folders = {path.name for path in (CHECKOUT / "examples").iterdir() if path.is_dir()}
    assert folders == {path.parent.name for path in EXAMPLES}


def account(project: str, hits: str) -> str:
    """Return what an example prints of one delivered call."""
    counts = "'handled': 1, 'delivered': 1, 'dropped': {}, 'spooled': 0, 'in_flight': 0, "
    counts += "'dead_letters': 0, 'dead_letters_removed': 0, "
    counts += f"'masked': {{{hits}}}, 'mask_failed': {{}}"
    return f"{{'{project}': {{{counts}}}}}"


@pytest.mark.parametrize(
    ("name", "prefixes", "printed", "sent"),
    [
        (
            "quickstart",
            {"PAYMENTS_LF": "payments", "SEARCH_LF": "search", "LANGFUSE": "shared"},
            [account("payments", "'credit_card': 1, 'email': 1")],
            ("payments", "Refund card [CREDIT_CARD], mail [EMAIL]"),
        ),
        (
            "teams",
            {"PAYMENTS_LF": "payments", "RESEARCH_LF": "research", "LANGFUSE": "shared"},
            [
                "research ('research',) {'research': ('secrets', 'pii')}",
                account("research", "'email': 1"),
            ],
            ("research", "Summarise the letter from [EMAIL]"),
        ),
    ],
)
def test_an_application_runs(
    name: str, prefixes: dict[str, str], printed: list[str], sent: tuple[str, str], tmp_path: Path
) -> None:
    """As a stranger would start it: a process of its own, credentials in the environment, any folder."""
    with FakeLangfuse([*prefixes.values(), "audit"]) as langfuse:
        environ = {
            key: value
            for prefix, project in prefixes.items()
            for key, value in langfuse.environ(prefix, project).items()
        }
        environ |= {"AUDIT_PK": "pk-lf-audit", "AUDIT_SK": "sk-lf-audit", "AUDIT_HOST": langfuse.url}
        done = subprocess.run(
            [sys.executable, str(CHECKOUT / "examples" / name / "app.py")],
            cwd=tmp_path,
            env={**process_environment(), **environ, "ROUTER_SHUTDOWN_TIMEOUT_SECS": "60"},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert (done.returncode, done.stdout.splitlines()) == (0, printed), done.stderr
        (span,) = langfuse.spans()
    text = span.input if isinstance(span.input, str) else span.input["messages"][0]["content"]
    assert (span.project, text) == sent


# -- the reference --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the schema as `router schema` prints it."""
    return build_schema()


def test_the_reference_uses_every_key(schema: dict[str, Any]) -> None:
    """Whoever looks for a key finds it there; a new key of the language fails here until it is shown."""
    used = {key for path in FILES for key in _used(schema, schema, _data(path))}
    assert sorted(_keys(schema) - used) == []


def test_a_key_that_is_not_used_is_noticed(schema: dict[str, Any]) -> None:
    """The test above can fail: without its tests and overlays the file lacks their keys."""
    data = _data(REFERENCE / "routing.yaml")
    used = set(_used(schema, schema, {key: data[key] for key in data if key not in ("tests", "overlays")}))
    missing = _keys(schema) - used
    assert {("RoutingConfig", "tests"), ("Test", "request"), ("Overlay", "on_error")} <= missing
    assert ("Rule", "route") not in missing


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("rules/*.yaml")), ids=lambda path: path.stem)
def test_a_pack_of_the_reference_passes_its_tests(path: Path) -> None:
    """It loads without a finding, and hides what it says."""
    run = router("test", "-c", str(path))
    assert (run.code, run.err) == (0, ""), run.out


def _data(path: Path) -> Any:
    """Read a file as the loader does: a time without quotes is text."""
    root = read_yaml(path.read_text("utf-8"), path.name).root
    assert root is not None
    return root.value


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
