"""Whatever a file holds: a configuration or its problems, soon, and each problem at a place in the file."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.config import load_config, load_text
from router.config.nodes import Source
from router.config.yaml_reader import MAX_PROBLEMS
from router.errors import ConfigError, Location, Problem
from tests.linear import within

ROOT = Path(__file__).parent.parent
REAL = [
    path.read_bytes().decode("utf-8-sig", "replace")
    for folder in ("examples", "tests/invalid", "tests/scenarios")
    for path in sorted(ROOT.glob(f"{folder}/**/*.yaml"))
    if path.stat().st_size < 5_000
]
HEAD = "version: 1\nprojects: {a: {env: A}}\n"
LAST = "  - {id: rest, route: a}\n"
MEGABYTE = 1024 * 1024 - 1


def problems_of(text: str) -> tuple[Problem, ...]:
    """Return the problems of a text, the warnings of one that loads."""
    try:
        return load_text(text, file="f.yaml", folder=ROOT).warnings
    except ConfigError as error:
        return error.problems


def assert_lies_in(location: Location, source: Source) -> None:
    assert 0 <= location.line <= source.line_count
    if location.line:
        assert 1 <= location.column <= len(source.line(location.line)) + 1
        assert (location.end_line, location.end_column) >= (location.line, location.column)
        assert location.end_line <= source.line_count + 1


def assert_can_be_told(problems: tuple[Problem, ...], text: str) -> None:
    """Every problem has words and a place, and so has everything that it points at."""
    source = Source("f.yaml", text.removeprefix("\ufeff"))
    for problem in problems:
        assert problem.message
        assert str(problem)
        for location in (problem.location, *(label.location for label in problem.labels)):
            if location.file == "f.yaml":
                assert_lies_in(location, source)


# -- any text ----------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        *("'", '"', "{", "}", "[", "]", ":", ": ", "- ", ",", "#", "&a ", "*a", "!!str ", "|\n", ">-\n", "<<: ", "? "),
        *(
            "\n",
            "\r\n",
            "\r",
            "\t",
            "  ",
            "\u2028",
            "\x85",
            "\ufeff",
            "語",
            "👩‍👩‍👧",
            "e\u0301",
            "\\ud800",
            "\\",
            "\0",
            "${",
            "${X:-",
        ),
        *(
            "~",
            "null",
            "true",
            "1e999",
            "0x",
            ".nan",
            "9" * 30,
            "team",
            "route",
            "match",
            "when",
            "id",
            "{team}",
            "{{",
            "`1`",
        ),
        *("mask: [", "not: {", "drop", "secret_key: sk-lf-1", "{env: A}", "{file: x}", "for_each: t", "mount: x"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a real file with a few parts replaced, doubled or cut out."""
    text = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + draw(st.sampled_from([0, 1, 8, 80])))))
        text = text[:start] + draw(pieces | st.just(text[start:end] * 2) | st.text(max_size=4)) + text[end:]
    return text


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(mutated() | st.lists(pieces, max_size=30).map("".join))
def test_any_text_is_a_configuration_or_has_problems_inside_the_file(text: str) -> None:
    """Nothing but ConfigError is raised, and every caret has a line to stand under."""
    assert_can_be_told(problems_of(text), text)


# -- too much of something ---------------------------------------------------------------------------------


def rules(*lines: str) -> str:
    return f"{HEAD}rules:\n{''.join(lines)}{LAST}"


def many(line: str, number: int) -> list[str]:
    return [line.replace("$", str(n)) for n in range(number)]


TOO_MUCH = {
    "brackets": ("[" * MEGABYTE, "RT107"),
    "braces": ("{" * MEGABYTE, "RT107"),
    "dashes": ("- " * (MEGABYTE // 2), "RT107"),
    "anchors": ("&a " * (MEGABYTE // 3), "RT102"),
    "tags": ("!" * MEGABYTE, "RT104"),
    "quotes": ('"' * MEGABYTE, "RT102"),
    "lines": ("\n" * (MEGABYTE // 2), "RT109"),
    "comments": ("#" * MEGABYTE, "RT109"),
    "tag directives": ("".join(many("%TAG !a$! x\n", 50_000)), "RT107"),
    "documents": ("---\n" * (MEGABYTE // 4), "RT104"),
    "one key again and again": ("a: 1\n" * 200_000, "RT103"),
    "one key again and again in a flow": ("{" + "a: 1," * 170_000 + "}", "RT103"),
    "a long line": (HEAD + "x" * (MEGABYTE // 2) + ": 1\n", "RT102"),
    "a long key": (HEAD + "? " + "x" * (MEGABYTE // 2) + "\n: 1\n", "RT110"),
    "a long name": (rules("  - {id: r, route: " + "y" * (MEGABYTE // 2) + "}\n"), "RT601"),
    "digits": (rules("  - {id: r, match: {team: " + "9" * (MEGABYTE // 2) + "}, route: a}\n"), "RT108"),
    "decimals": (rules("  - {id: r, match: {team: 0." + "9" * (MEGABYTE // 2) + "}, route: a}\n"), "RT213"),
    "a number to JMESPath": (rules("  - {id: r, when: 'stream == `" + "9" * 4_000 + "`', route: a}\n"), "RT208"),
    "parentheses": (rules("  - {id: r, when: '" + "(" * 2_000 + "team" + ")" * 2_000 + "', route: a}\n"), "RT204"),
    "denials": (rules("  - {id: r, when: '" + "!" * 4_000 + "team', route: a}\n"), "RT204"),
    "steps": (rules("  - {id: r, when: 'metadata" + ".a" * 2_100 + "', route: a}\n"), "RT204"),
    "calls": (rules("  - {id: r, when: '" + "not_null(" * 400 + "team" + ")" * 400 + "', route: a}\n"), "RT204"),
    "alternatives": (rules("  - {id: r, when: '" + "stream||" * 400 + "stream', route: a}\n"), "RT204"),
    "repeats": (rules("  - {id: r, match: {team: {regex: '" + "(a{1,1000})" * 360 + "'}}, route: a}\n"), "RT210"),
    "nested repeats": (
        rules("  - {id: r, match: {team: {regex: '" + "(" * 4 + "a" + "{1,9})" * 4 + "'}}, route: a}\n"),
        "RT210",
    ),
    "groups": (rules("  - {id: r, match: {team: {regex: '" + "(" * 4_000 + "'}}, route: a}\n"), "RT210"),
    "conditions in conditions": (
        rules("  - {id: r, match: " + "{not: " * 200 + "{}" + "}" * 200 + ", route: a}\n"),
        "RT107",
    ),
    "holes": (rules("  - {id: r, route: a, trace: {set: {name: '" + "{team}{{" * 40_000 + "{'}}}\n"), "RT207"),
    "variables": (f"{rules()}defaults: {{host: '" + "${X:-" * 50_000 + "'}\n", "RT107"),
    "variables not closed": (f"{rules()}defaults: {{host: '" + "${X:-" * 20_000 + "'}\n", "RT122"),
    "unknown keys": (rules() + "".join(many("k$: 1\n", 20_000)), "RT110"),
    "misspelt keys": (rules(*many("  - {id: r$, rout: a}\n", 10_000)), "RT110"),
    "unknown projects": (rules(*many("  - {id: r$, match: {team: t$}, route: b}\n", 10_000)), "RT601"),
    "equal ids": (rules(*many("  - {id: r, match: {team: t$}, route: a}\n", 10_000)), "RT305"),
    "unknown attributes": (rules(*many("  - {id: r$, match: {taem: t$}, route: a}\n", 10_000)), "RT201"),
}


@pytest.mark.parametrize(("text", "code"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_too_much_of_anything_is_refused_in_a_second_or_two(text: str, code: str) -> None:
    """A clear error, no more of them than anybody reads, and no time to speak of."""
    problems = within(2, lambda: problems_of(text))  # about one second where nothing else runs
    assert code in {problem.code for problem in problems}
    assert len(problems) <= MAX_PROBLEMS + 1
    assert_can_be_told(problems, text)


@pytest.mark.parametrize("name", ["tags", "one key again and again", "unknown keys"])
def test_too_much_of_anything_takes_little_memory(name: str) -> None:
    """Some hundred bytes for each value that a file may have, and no more for what is wrong with it."""
    text, _ = TOO_MUCH[name]
    tracemalloc.start()
    problems_of(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000


def test_of_more_than_500_errors_the_first_500_are_told() -> None:
    """And a last one says that there are more."""
    problems = problems_of(rules(*many("  - {id: r$, match: {team: t$}, route: b}\n", 600)))
    told = [problem for problem in problems if problem.code == "RT601"]
    assert [problem.line for problem in told] == list(range(4, 504))
    (more,) = (problem for problem in problems if problem.code == "RT107")
    assert str(more) == (
        "f.yaml: RT107 more than 500 errors (mend the first ones; most of such a number have one cause)"
    )


def test_many_warnings_hide_no_error_and_refuse_no_file() -> None:
    """Warnings are told in a number of their own."""
    starry = many("  - {id: r$, match: {team: 't$*'}, route: a}\n", 600)
    warnings = load_text(rules(*starry)).warnings
    assert [problem.severity for problem in warnings] == ["warning"] * 501
    problems = problems_of(rules(*starry, "  - {id: wrong, match: {team: x}, route: b}\n"))
    assert [problem.code for problem in problems if problem.severity == "error"] == ["RT601"]


# -- bytes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (rules().encode("utf-16"), "f.yaml:1:1: RT101 the byte 0xFF is not UTF-8 (save the file as UTF-8)"),
        (rules().encode("utf-16-be"), "f.yaml:1:1: RT101 the character U+0000 must not stand in a YAML file"),
        (rules().encode() + b"\0", "f.yaml:5:1: RT101 the character U+0000 must not stand in a YAML file"),
        (rules().encode() + b"# caf\xe9\n", "f.yaml:5:6: RT101 the byte 0xE9 is not UTF-8 (save the file as UTF-8)"),
        (b"\xed\xa0\x80", "f.yaml:1:1: RT101 the byte 0xED is not UTF-8 (save the file as UTF-8)"),
        (rules().encode() + b'x: "\\ud800"\n', "f.yaml:5:5: RT102 this is not an escape that YAML knows"),
    ],
    ids=["UTF-16", "UTF-16 without mark", "NUL", "Latin-1", "surrogate", "escaped surrogate"],
)
def test_bytes_that_are_no_yaml_are_placed(
    content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an editor saved in another encoding is told as such."""
    monkeypatch.chdir(tmp_path)
    Path("f.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config("f.yaml", environ=None)
    assert str(caught.value.problems[0]).startswith(message)


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    """Windows editors write one."""
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + rules().encode())
    assert load_config(path, environ=None).project_names == ("a",)


BROKEN_ROWS: dict[str, Any] = {
    "an open quote": lambda n: f'team-{n},"eu\n',
    "quotes inside": lambda n: f'team-{n},e"u"\n',
    "too many cells": lambda n: f"team-{n},eu,x,y\n",
    "one key": lambda n: "team,eu\n",
    "no key": lambda n: ",eu\n",
    "NUL": lambda n: f"team-{n},\0\n",
}


@pytest.mark.parametrize("row", BROKEN_ROWS.values(), ids=BROKEN_ROWS.keys())
def test_ten_thousand_broken_rows_are_told_soon(row: Any, tmp_path: Path) -> None:
    """A CSV file is read as strictly, and within the same bounds."""
    (tmp_path / "t.csv").write_text("team,region\n" + "".join(row(n) for n in range(10_000)), encoding="utf-8")
    path = tmp_path / "routing.yaml"
    path.write_text(rules() + "tables: {t: {file: t.csv, key: team}}\n", encoding="utf-8")

    def told() -> Sequence[Problem]:
        try:
            return load_config(path, environ=None).warnings
        except ConfigError as error:
            return error.problems

    problems = within(2, told)
    assert 0 < len(problems) <= MAX_PROBLEMS + 1
