"""A frame shows the line, a caret under the offender, the effect and the way out, and never a secret."""

from __future__ import annotations

from router.config import load_text
from router.config.frames import Role, clean, render_concise, render_problem
from router.errors import ConfigError, Label, Location, Problem

BASE = "version: 1\nprojects: {a: {env: A}}\nrules: [{id: rest, route: a}]\n"


def only_problem(text: str) -> Problem:
    try:
        (problem,) = load_text(text).warnings
    except ConfigError as error:
        (problem,) = error.problems
    return problem


def test_a_frame() -> None:
    """Head, place, lines, caret with words, effect, help."""
    problem = only_problem("version: 1\nprojects: {a: {env: A}}\nrules:\n  - {id: rest, route: a, maks: [pii]}\n")
    keys = "id, description, match, when, rollout, active, mode, route, mask, trace, generation, sample"
    assert (
        render_problem(problem)
        == f"""\
error[RT110]: unknown key `maks`
 --> routing.yaml:4:26
  |
2 | projects: {{a: {{env: A}}}}
3 | rules:
4 |   - {{id: rest, route: a, maks: [pii]}}
  |                          ^^^^ did you mean `mask`?
  |
  = effect: if ignored, the masks under it would not apply and content would be logged unmasked
  = help: keys allowed here: {keys}"""
    )


def test_one_line() -> None:
    """The concise form, for editors and grep."""
    problem = only_problem(BASE.replace("version", "versions"))
    assert render_concise(problem) == "routing.yaml:1:1: RT110 unknown key `versions`"


def test_a_problem_without_a_place_has_no_lines() -> None:
    """A file that cannot be read."""
    problem = Problem(code="RT100", message="m", location=Location("f.yaml"), effect="e", hint="h")
    assert render_problem(problem) == "error[RT100]: m\n  --> f.yaml\n   = effect: e\n   = help: h"


def test_lines_can_come_from_the_caller() -> None:
    """For a problem that was made without an excerpt."""
    problem = Problem(code="RT999", message="m", location=Location("f", 2, 3, 2, 5), label="here", severity="warning")
    assert render_problem(problem, ["one", "a\tbcd"]) == (
        "warning[RT999]: m\n --> f:2:3\n  |\n1 | one\n2 | a    bcd\n  |      ^^ here\n  |"
    )


def test_a_second_label_and_a_gap() -> None:
    """Lines that are far apart are joined by dots."""
    lines = [f"line {number}" for number in range(1, 13)]
    label = Label(Location("f", 1, 1, 1, 5), "first")
    problem = Problem(code="RT999", message="m", location=Location("f", 12, 6, 12, 8), labels=(label,))
    text = "\n".join(lines)
    shown = render_problem(problem, lines)
    assert "12 | line 12\n   |      ^^" in shown
    duplicate = only_problem(BASE.replace("rules:", "# 1\n# 2\n# 3\n# 4\nversion: 1\nrules:"))
    assert render_problem(duplicate).split("\n")[3:9] == [
        "1 | version: 1",
        "  | ------- first",
        "...",
        "5 | # 3",
        "6 | # 4",
        "7 | version: 1",
    ]
    assert text


def test_the_caret_stands_under_wide_and_combining_characters() -> None:
    """Terminals give a Chinese character two columns, a combining accent none."""
    problem = only_problem(BASE + 'tests: [{name: "日本 e\u0301", expect: {rul: x}}]\n')
    line, caret = render_problem(problem).split("\n")[5:7]
    assert line == '4 | tests: [{name: "日本 e\u0301", expect: {rul: x}}]'
    assert caret.startswith("  |" + " " * (len('tests: [{name: "') + 4 + 1 + 1 + len('", expect: {') + 1) + "^^^ did")


def test_a_long_line_is_cut_around_the_problem() -> None:
    """A file of one line of a megabyte still gives a frame."""
    projects = f'{{a: {{env: A, description: "{"x" * 5000}"}}}}'
    problem = only_problem(f"{{version: 1, projects: {projects}, rules: [{{id: r, rout: a, route: a}}]}}")
    assert max(len(line) for line in render_problem(problem).split("\n")) < 250
    line, caret = render_problem(problem).split("\n")[3:5]
    assert line.startswith("1 | …")
    assert line[caret.index("^") :][:4] == "rout"


def test_what_could_steer_a_terminal_is_made_visible() -> None:
    """Bidirectional overrides reorder a line; escapes colour or clear the screen."""
    assert clean("a\x1b[2Jb\u202ec\td") == "a�[2Jb�c    d"
    problem = only_problem(BASE + "tests: [{name: x, expect: {'\u202erul': x}}]\n")
    assert "\u202e" not in render_problem(problem)


def test_colours_come_from_the_caller() -> None:
    """The frame itself knows none; a style gets the role and the text of each piece."""
    seen: list[Role] = []

    def style(role: Role, text: str) -> str:
        seen.append(role)
        return f"<{text}>"

    problem = only_problem(BASE.replace("route: a", "route: b"))
    assert render_problem(problem, style=style).startswith("<error[RT601]>: unknown project `b`\n")
    assert set(seen) == {"error", "gutter", "path", "caret", "note"}


def test_secrets_are_blank_in_frames_of_other_problems_too() -> None:
    """The lines around a problem may hold one."""
    problem = next(
        problem
        for problem in _problems(
            "version: 1\nprojects:\n  a:\n    public_key: pk-lf-1\n    secret_key: &s top secret, really\n    hots: x\n"
            "rules: [{id: rest, route: a}]\n"
        )
        if problem.code == "RT110"
    )
    assert "secret_key: &s ******************" in render_problem(problem)


def _problems(text: str) -> tuple[Problem, ...]:
    try:
        return load_text(text).warnings
    except ConfigError as error:
        return error.problems
