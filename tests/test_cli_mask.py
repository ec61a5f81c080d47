"""`router mask`: a filter for text and for JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import router

CONFIG = "examples/masking/routing.yaml"


@pytest.fixture(autouse=True)
def folder(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the examples are."""
    monkeypatch.chdir(checkout)


def test_a_text_is_masked_as_a_whole():
    """The text goes to stdout with nothing added, the hits to stderr."""
    run = router("mask", "pii", stdin="mail bo@example.org,\ncard 4111 1111 1111 1111")
    assert run.out == "mail [EMAIL],\ncard [CREDIT_CARD]"
    assert run.err == "masked: credit_card 1 · email 1\n"
    assert run.code == 0


def test_a_text_without_hits_is_unchanged():
    """Line ends and all."""
    run = router("mask", "pii", stdin="nothing\r\nhere\n")
    assert (run.out, run.err) == ("nothing\r\nhere\n", "masked: nothing\n")


def test_a_diff_shows_the_lines_that_change():
    """What is hidden, what stands in its place, and one line around it; the hits on stderr as always."""
    run = router("mask", "pii", "--diff", stdin="a\nb\nmail bo@example.org\nc\nd\n")
    assert run.out == "--- stdin\n+++ masked\n@@ -2,3 +2,3 @@\n b\n-mail bo@example.org\n+mail [EMAIL]\n c\n"
    assert (run.err, run.code) == ("masked: email 1\n", 0)


def test_a_diff_of_a_text_without_hits_is_empty():
    """Nothing changes, nothing is shown."""
    run = router("mask", "pii", "--diff", stdin="nothing here\n")
    assert (run.out, run.err) == ("", "masked: nothing\n")


def test_a_diff_is_for_people():
    """JSON lines carry values of any shape, which have no lines to compare."""
    run = router("mask", "pii", "--diff", "--format", "json", stdin="")
    assert (run.out, run.code) == ("", 2)
    assert run.err == (
        "error: `--diff` is for people, so it does not go with `--format json`\n  = help: take one of them away\n"
    )


def test_masks_of_a_configuration_and_of_packs_add_up():
    """With -c its own masks are known beside those of the packs."""
    run = router("mask", "order-numbers", "masking/pii", "-c", CONFIG, stdin="ORD-123456 for bo@example.org")
    assert (run.out, run.err) == ("[ORDER] for [EMAIL]", "masked: email 1 · pattern 1\n")


def test_own_detectors_of_a_configuration_are_known():
    """Hits are counted under their names."""
    run = router("mask", "staff", "-c", CONFIG, stdin="E-123455 is of the staff")
    assert (run.out, run.err) == ("E-[EMPLOYEE_ID] is of the staff", "masked: employee_id 1\n")


def test_pseudonyms_say_that_the_key_is_not_the_real_one():
    """Secrets are not read, so nobody must compare these with production's."""
    run = router("mask", "pseudonyms", "-c", CONFIG, stdin="x")
    assert run.err.startswith("note: pseudonyms are made with a test key here, since secrets are not read\n")


def test_json_lines_are_masked_one_by_one():
    """Any JSON under `value`; blank lines are passed over."""
    lines = [{"value": "bo@example.org"}, {"value": {"to": ["bo@example.org", 7]}}, {"value": None}]
    run = router("mask", "pii", "--format", "json", stdin="\n\n".join(map(json.dumps, lines)))
    assert [json.loads(line) for line in run.out.splitlines()] == [
        {"value": "[EMAIL]", "masked": {"email": 1}},
        {"value": {"to": ["[EMAIL]", 7]}, "masked": {"email": 1}},
        {"value": None, "masked": {}},
    ]
    assert (run.code, run.err) == (0, "")


@pytest.mark.parametrize("line", ["bo@example.org", '"bo@example.org"', '{"text": "bo@example.org"}', "[" * 100_000])
def test_a_line_that_is_no_object_with_a_value_is_told_and_left_out(line):
    """The others are masked; the line itself is not echoed anywhere."""
    run = router("mask", "pii", "--format", "json", stdin=f'{{"value": 1}}\n{line}\n{{"value": 2}}')
    assert run.out == '{"value": 1, "masked": {}}\n{"value": 2, "masked": {}}\n'
    assert run.err == (
        "error: stdin, line 2: not a JSON object with a `value`, so it is left out\n"
        '  = help: for example: {"value": "text"}\n'
    )
    assert run.code == 2


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'{"value": "bo@example.org \xff"}', "[EMAIL] \ufffd"),
        (b'\xef\xbb\xbf{"value": "bo@example.org"}', "[EMAIL]"),
        (b'{"value": ' + b"7" * 5000 + b"}", "7" * 5000),
    ],
    ids=["no text", "byte order mark", "a long number"],
)
def test_what_python_would_not_read_is_masked_all_the_same(line, value):
    """Bytes that are no text are replaced, a number of more digits than Python reads is a text."""
    run = router("mask", "pii", "--format", "json", stdin=line)
    assert (json.loads(run.out)["value"], run.err, run.code) == (value, "", 0)


def test_a_preview_steers_no_terminal():
    """What would is written as people write it."""
    run = router("mask", "pii", "--diff", stdin="\x1b[31mred bo@example.org\n")
    assert "\\x1b[31mred [EMAIL]" in run.out
    assert "\x1b[31mred" not in run.out


def test_json_lines_come_out_as_they_come_in():
    """A line is answered before the next one is sent."""
    command = [sys.executable, "-m", "router", "mask", "pii", "--format", "json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name in ("bo", "jo"):
            process.stdin.write(json.dumps({"value": f"{name}@example.org"}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == {"value": "[EMAIL]", "masked": {"email": 1}}
        process.stdin.close()
        assert process.wait(100) == 0


OWN = """
version: 1
projects: {a: {env: A}}
masks:
  pii: [{pattern: "ORD-[0-9]{6}", as: "[OWN]"}]
  taken-out: [{pattern: "SECRET-[0-9]{4}", action: remove}]
rules: [{id: rest, route: a, mask: [pii, taken-out]}]
"""
ENDLESS = "SEC" * 50 + "SECRET-1234" + "RET-1234" * 50
"""What is taken out leaves another one, more often than is looked again."""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "routing.yaml"
    path.write_text(OWN, "utf-8")
    return str(path)


def test_a_value_whose_mask_fails_is_withheld(own):
    """The marker stands in its place, and the exit code tells; a text that only reads like the marker is no failure."""
    run = router("mask", "taken-out", "-c", own, stdin=f"a {ENDLESS}")
    assert (run.out, run.err, run.code) == ("[MASK FAILED: taken-out]", "a mask failed, so the text was withheld\n", 1)
    run = router("mask", "taken-out", "-c", own, stdin="[MASK FAILED: taken-out]")
    assert (run.out, run.err, run.code) == ("[MASK FAILED: taken-out]", "masked: nothing\n", 0)


def test_one_json_line_whose_mask_fails_tells_in_the_exit_code(own):
    """Whatever comes after it."""
    lines = [{"value": [ENDLESS]}, {"value": "fine"}]
    run = router("mask", "taken-out", "-c", own, "--format", "json", stdin="\n".join(map(json.dumps, lines)))
    assert [json.loads(line) for line in run.out.splitlines()] == [
        {"value": "[MASK FAILED: taken-out]", "masked": {}},
        {"value": "fine", "masked": {}},
    ]
    assert (run.err, run.code) == ("", 1)


def test_a_mask_of_the_configuration_goes_before_a_packs_of_the_same_name(own):
    """As where calls are masked; the pack's has its longer name."""
    text = "ORD-123456 bo@example.org"
    assert router("mask", "pii", "-c", own, stdin=text).out == "[OWN] bo@example.org"
    assert router("mask", "masking/pii", "-c", own, stdin=text).out == "ORD-123456 [EMAIL]"


def test_an_unknown_mask_is_an_error_with_a_suggestion():
    """The nearest name, every name, and where more come from."""
    run = router("mask", "pi")
    assert run.err == (
        "error: there is no mask `pi`\n"
        "  = help: did you mean `pii`? There are: mask-input, mask-output, masking/pii, masking/secrets, "
        "no-content, pii, routing/no-content, secrets; those of a routing.yaml need -c FILE\n"
    )
    assert (run.code, run.out) == (2, "")


def test_a_mask_is_needed():
    """Without one the filter would let everything through."""
    run = router("mask", stdin="x")
    assert (run.code, run.out, run.err) == (2, "", "error: missing argument 'MASK...'\n  = help: router mask -h\n")


def test_bytes_that_are_no_text_do_not_stop_the_filter():
    """They are replaced, and what stands beside them is masked."""
    run = router("mask", "pii", stdin=b"\xff bo@example.org")
    assert run.out == "\ufffd [EMAIL]"
