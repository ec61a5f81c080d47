"""YAML is read strictly, with a place for every node, and no file can exhaust the program."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from router.config import load_config, load_text
from router.config.nodes import Node, text_offsets
from router.config.yaml_reader import MAX_ALIASES, MAX_DEPTH, Document, read_yaml
from router.errors import ConfigError, Problem
from tests.linear import within

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("examples", "rules", "tests") for path in ROOT.glob(f"{folder}/**/*.yaml"))
LOADERS = [loader for name in ("CSafeLoader", "SafeLoader") if (loader := getattr(yaml, name, None))]


def read(text: str) -> Document:
    return read_yaml(text, "f.yaml")


def value_of(text: str) -> Any:
    document = read(text)
    assert document.problems == []
    assert document.root is not None
    return document.root.value


def only_problem(text: str) -> Problem:
    (problem,) = read(text).problems
    return problem


def span(document: Document, node: Node) -> str:
    """Return what stands in the file where a node does."""
    return document.source.text[node.start : node.end]


# -- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("Off", "Off"),
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("+7", 7),
        ("-0", 0),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-01-02", "2026-01-02"),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("-", [None]),
        ("'010'", "010"),
        ('"true"', "true"),
        ("!!str 010", "010"),
        ("! 010", "010"),
        ("!!int 7", 7),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(written: str, value: Any) -> None:
    """What YAML 1.1 turns into booleans, times and octals stays what people meant."""
    found = value_of(f"k:\n  {written}\n" if written == "-" else f"k: {written}\n")["k"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_text_as_written() -> None:
    """A project called 2024, a tag called on, and a key called null."""
    assert value_of("2024: a\non: b\nnull: c\n01: d\n'q': e\n") == {
        "2024": "a",
        "on": "b",
        "null": "c",
        "01": "d",
        "q": "e",
    }


@pytest.mark.parametrize("number", ["1e999", "-.inf", ".NaN", "9223372036854775808", "9" * 100_000, "0x" + "f" * 5000])
def test_numbers_that_cannot_be_carried_are_refused_at_once(number: str) -> None:
    """Python would spend seconds on some of them, and raise on others."""
    problem = only_problem(f"a: {number}\n")
    assert (problem.code, problem.line, problem.column) == ("RT108", 1, 4)


# -- places ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_node_knows_where_it_stands(newline: str) -> None:
    """Flow and block style, anchors, tags, quotes, wide characters, tabs, whatever the line ends."""
    lines = ['a: {b: [1, \'zwei\'], "日本":\t&x "語 "}', "c:", "  - *x", "  - |", "    two", "    lines", "d: !!str 5"]
    document = read(newline.join(lines) + newline)
    root = document.root
    assert root is not None
    flow = root.entries["a"][1]
    assert span(document, flow) == lines[0][3:]
    assert span(document, flow.entries["日本"][0]) == '"日本"'
    assert span(document, flow.entries["日本"][1]) == '"語 "'
    assert span(document, flow.entries["b"][1].items[1]) == "'zwei'"
    alias, block = root.entries["c"][1].items
    assert (span(document, alias), alias.value) == ("*x", "語 ")
    assert span(document, alias.definition) == '"語 "'
    assert span(document, block) == newline.join(["|", "    two", "    lines"])
    assert document.source.position(block.start) == (4, 5)
    assert span(document, root.entries["d"][1]) == "5"


def test_a_byte_order_mark_does_not_move_anything() -> None:
    """Windows editors write one."""
    document = read("\ufeffa: b\n")
    assert document.root is not None
    assert document.source.position(document.root.entries["a"][1].start) == (1, 4)


def test_unusual_line_ends_of_unicode_count_no_line() -> None:
    """Editors count lines by CR and LF alone, YAML by more; the editor is what people look at."""
    document = read("a: 'x\u2028y'\nb: z\n")
    assert document.root is not None
    assert document.source.position(document.root.entries["b"][1].start) == (2, 4)


@pytest.mark.parametrize(
    "written",
    [
        "a && b == 'c'",
        "'a && b == ''c'''",
        '"a && b == \'c\' \\\n    && \\x64 \\"e\\" \\t f"',
        "a &&\n    b ==\n\n    'c'",
        "|\n    a &&\n      b == 'c'\n",
        "|2-\n     a\n    b\n",
        ">-  # comment\n    a &&\n    b ==\n\n    'c'\n",
        "&anchor !!str a && 日本 == '語'",
    ],
)
def test_characters_of_a_text_are_found_again_in_the_file(written: str) -> None:
    """In every style, so that a caret stands under a name inside an expression."""
    document = read(f"k: {written}")
    assert document.problems == []
    assert document.root is not None
    node = document.root.entries["k"][1]
    offsets = text_offsets(document.source, node)
    assert len(offsets) == len(node.value) + 1
    shown = {"\\x64": "d", '\\"': '"', "''": "'"}
    for index, char in enumerate(node.value):
        if not char.isspace():
            rest = document.source.text[offsets[index] :]
            escaped = next((value for escape, value in shown.items() if rest.startswith(escape)), rest[0])
            assert escaped == char


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_both_yaml_parsers_lead_to_the_same_tree_and_problems(path: Path) -> None:
    """Libyaml is fast, the pure one is always there; nobody can tell which was used."""
    text = path.read_bytes().decode("utf-8-sig", "replace")
    trees = [read_yaml(text, "f.yaml", loader=loader) for loader in LOADERS]
    shapes = [(_shape(tree.root), [str(problem) for problem in tree.problems]) for tree in trees]
    assert all(shape == shapes[0] for shape in shapes)


def _shape(node: Node | None) -> Any:
    if node is None:
        return None
    entries = {name: (key.start, key.end, _shape(value)) for name, (key, value) in node.entries.items()}
    return node.kind, repr(node.value), node.start, node.end, [_shape(item) for item in node.items], entries


@given(st.text(alphabet="ab:-,[]{}'\"|>&*!#%@`\\ \n\t\r0.x", max_size=40))
def test_no_text_raises(text: str) -> None:
    """Whatever is read gives a tree or problems, never an exception."""
    document = read(text)
    for problem in document.problems:
        assert problem.line <= document.source.line_count
        assert problem.column >= 1


# -- bounds ------------------------------------------------------------------------------------------------

LAUGHS = (
    "a: &a ["
    + "1," * 9
    + "1]\n"
    + "".join(f"{n}: &{n} [{('*' + m + ',') * 9}*{m}]\n" for m, n in zip("abcdefgh", "bcdefghi", strict=True))
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "more than 32 uses of anchors"),
        ("a: &a x\nb: [" + "*a," * 10_000 + "]\n", "more than 32 uses of anchors"),
        ("[" * 1000 + "]" * 1000, "more than 32 mappings and lists inside each other"),
        ("{a: " * 1000 + "}" * 1000, "more than 32 mappings and lists inside each other"),
        ("- " * 100_000, "more than 32 mappings and lists inside each other"),
        ("".join(" " * i + "a:\n" for i in range(1000)), "more than 32 mappings and lists inside each other"),
        ("[" * 500_000, "more than 32 mappings and lists inside each other"),
        ("a: [" + "1," * 150_000 + "]\n", "more than 100000 values"),
    ],
)
def test_a_file_beyond_a_limit_is_refused_in_under_a_second(text: str, message: str) -> None:
    """Bombs, alias floods and deep nesting: one clear problem, early, in little memory."""
    problem = within(1, lambda: only_problem(text))
    tracemalloc.start()
    read(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (problem.code, problem.message) == ("RT107", message)
    assert peak < 100_000_000


def test_a_file_of_50_mb_is_refused_without_reading_it(tmp_path: Path) -> None:
    """Its size is asked for first."""
    path = tmp_path / "routing.yaml"
    with path.open("wb") as opened:
        opened.truncate(50_000_000)
    tracemalloc.start()
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ=None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(caught.value) == (
        f"{path}: RT107 the file is larger than 1 MiB"
        " (a routing.yaml of ten thousand rules fits; is this the right file?)"
    )
    assert peak < 1_000_000


def test_an_endless_file_is_read_up_to_the_limit() -> None:
    """A device or a pipe has no size to ask for."""
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load_config("/dev/zero", environ=None)


@pytest.mark.parametrize(("aliases", "fits"), [(MAX_ALIASES, True), (MAX_ALIASES + 1, False)])
def test_the_limit_of_aliases_is_exact(aliases: int, fits: bool) -> None:
    """32 fit, 33 do not."""
    assert (read("a: &a x\nb: [" + "*a, " * aliases + "]\n").problems == []) is fits


@pytest.mark.parametrize(("depth", "fits"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_the_limit_of_depth_is_exact(depth: int, fits: bool) -> None:
    """32 fit, 33 do not."""
    assert (read("[" * depth + "]" * depth).problems == []) is fits


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.yaml", "nowhere.yaml: RT100 the file cannot be read: no such file or directory"),
        (".", ".: RT100 the file cannot be read: is a directory"),
        ("a\0b", "a\0b: RT100 the file cannot be read: its name is not usable"),
    ],
)
def test_a_file_that_cannot_be_read(path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One problem with a code of its own, so that a program can tell it from a bad file."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ=None)
    assert str(caught.value) == f"{message} (give the path of a readable YAML file)"


def test_a_text_is_bounded_like_a_file() -> None:
    """`load_text` has the same limit."""
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load_text("#" * 1_100_000)
