"""schema.json says what the loader says about the shape of a file, no more and no less."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cli.schema import schema_text
from router.config import load_config, load_pack, load_text
from router.config.model import DATA_MARK
from router.config.schema import build_schema
from router.config.yaml_reader import read_yaml
from router.errors import ConfigError

ROOT = Path(__file__).parent.parent
SCHEMA = build_schema()
ROUTING = jsonschema.Draft202012Validator({"$ref": "#/$defs/RoutingConfig", "$defs": SCHEMA["$defs"]})
WHOLE = jsonschema.Draft202012Validator(SCHEMA)
SHAPE = re.compile("RT11[0-5]|RT603")
"""Codes that are about shape alone: the ones an editor can show too."""
UNREADABLE = re.compile("RT10[0-9]")
EXAMPLES = sorted(ROOT.glob("examples/*/routing.yaml"))
PACKS = sorted(ROOT.glob("rules/*/*.yaml"))
TEAMS = sorted(ROOT.glob("examples/*/teams/*.yaml"))
INVALID = sorted(Path(__file__).parent.glob("invalid/*.yaml"))


def data_of(path: Path) -> Any:
    """Read a file as the loader does, without checking it."""
    try:
        document = read_yaml(path.read_bytes().decode("utf-8-sig"), path.name)
    except UnicodeDecodeError:
        return None
    return document.root.value if document.root is not None and not document.problems else None


def codes_of(text: str) -> set[str]:
    """Return the codes of everything that is wrong with a routing.yaml."""
    try:
        return {problem.code for problem in load_text(text).warnings}
    except ConfigError as error:
        return {problem.code for problem in error.problems}


def test_the_file_in_the_repository_is_current() -> None:
    """Whoever changes the models runs `router schema --write`."""
    assert (ROOT / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_it_is_a_valid_schema_of_2020_12() -> None:
    """It says so itself, and it is."""
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"] == "urn:langfuse-router:schema:v1"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_no_null_and_no_mark_is_left() -> None:
    """Nothing in routing.yaml may be null, and generation leaves no traces."""
    text = json.dumps(SCHEMA)
    assert '"null"' not in text
    assert ": null" not in text
    assert json.dumps(DATA_MARK) not in text
    assert "oneOf" not in text


def test_every_key_is_described() -> None:
    """The schema is the reference of the language: hovering a key in an editor explains it."""
    bare = [
        f"{name}.{key}"
        for name, definition in SCHEMA["$defs"].items()
        for key, schema in definition.get("properties", {}).items()
        if not schema.get("description")
    ]
    assert bare == []


@pytest.mark.parametrize("path", [*EXAMPLES, *PACKS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_examples_and_packs_are_valid_and_load(path: Path) -> None:
    """Whatever is shipped is accepted by both, and tells editors where the schema is."""
    assert list(WHOLE.iter_errors(data_of(path))) == []
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)
    assert named is not None
    assert (path.parent / named.group(1)).resolve() == ROOT / "schema.json"
    if path in PACKS:
        load_pack(path)
    else:
        load_config(path, environ=None)


@pytest.mark.parametrize("path", TEAMS, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_team_files_are_valid(path: Path) -> None:
    """An editor takes them for what they are, and refuses what only the file that mounts them may have."""
    data = data_of(path)
    assert list(WHOLE.iter_errors(data)) == []
    assert list(WHOLE.iter_errors({**data, "defaults": {}})) != []
    assert list(WHOLE.iter_errors({**data, "rules": [{"mount": "x.yaml", "scope": {"team": "a"}}]})) != []


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_error_of_shape_is_refused_by_both_and_no_other(path: Path) -> None:
    """Where JSON Schema stops, the loader goes on: meaning is its work alone."""
    text = path.read_bytes().decode("utf-8-sig", "replace")
    codes = set(re.findall("# expect: (RT[0-9]{3}) [0-9:]+$", text, re.MULTILINE))
    data = data_of(path)
    if not isinstance(data, dict):
        assert any(UNREADABLE.match(code) for code in codes)
        return
    refused = next(WHOLE.iter_errors(data), None) is not None
    assert refused == any(SHAPE.match(code) for code in codes)


# -- the same answer for documents nobody thought of -------------------------------------------------------

SCALARS = st.one_of(
    st.integers(-3, 3),
    st.floats(-2, 2, width=16),
    st.booleans(),
    st.sampled_from(["", "a", "A", "input", "drop", "x/y"]),
)
KEYS = st.sampled_from("env file not glob any expr set tags metadata id rate by paths detect key match x input".split())
VALUES = st.recursive(
    st.none() | SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)
SEEDS = [data_of(path) for path in EXAMPLES]


def places_of(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value below the root."""
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for step, value in steps for place in [(*path, step), *places_of(value, (*path, step))]]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Draw an example in which something was replaced, taken away, or added."""
    document = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(places_of(document)))
        around = document
        for step in path[:-1]:
            around = around[step]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                around[path[-1]] = draw(VALUES)
            case "remove":
                del around[path[-1]]
            case _ if isinstance(around, dict):
                around[draw(KEYS)] = draw(VALUES)
            case _:
                around.append(draw(VALUES))
    return document


@given(mutated())
def test_schema_and_loader_agree_on_the_shape_of_any_document(document: Any) -> None:
    """A document that the schema accepts has at most problems of meaning; one that it refuses has one of shape."""
    accepted = next(ROUTING.iter_errors(document), None) is None
    found = codes_of(json.dumps(document))
    assert accepted == (not any(SHAPE.match(code) for code in found)), sorted(found)
