"""JSON within texts is opened however it is written; where it cannot be, what a step names in it does not leave."""

from __future__ import annotations

import json

import pytest

from router.masking import mask_value
from tests.linear import takes_linear_time
from tests.masks import masked_input, policies

POLICIES = policies(
    {
        "keys": [{"keys": ["diagnosis"]}],
        "path": [{"paths": ["**.diagnosis"]}],
        "ip": [{"detect": ["ip"]}],
        "below": [{"paths": ["input.arguments.*"]}],
        "anywhere below": [{"paths": ["input.arguments.**"]}],
        "below a key": [{"paths": ["input.*.patient.*"]}],
        "dotted": [{"paths": ["**.patient.diagnosis"]}],
    }
)
ILL = '{"diagnosis": "cancer stage 2", "password": "correct horse", "n": 1}'
TOLD = ("cancer", "horse")


def in_json(text: str, times: int) -> str:
    """Return `text` within JSON within JSON, so many times."""
    for _ in range(times):
        text = json.dumps({"a": text})
    return text


@pytest.mark.parametrize("mask", ["keys", "path"])
@pytest.mark.parametrize(
    "text",
    [
        ILL.replace("1", "9" * 5000),
        json.dumps(ILL),
        json.dumps(json.dumps(ILL)),
        json.dumps(f"\n {ILL}"),
        f"{ILL}\n{ILL}",
        f"Here it is:\n```json\n{ILL}\n```\nAnything else?",
        f"data: {ILL}\n\ndata: {ILL}\n\ndata: [DONE]\n",
        in_json(ILL, 2),
        f"{ILL} is what it said",
        f'ok\n{ILL[:-1]}, "n": 2}}\n',
        "[see](https://example.org)\n{ return }\n" * 100 + f"{ILL}",
        "[2026-01-01 12:00:00] started\n[1, 2\n" * 100 + f"{ILL}",
        f"Record:\n    {ILL}",
        f"Records:\n\t  [{ILL}]",
        f"event: x\ndata:   {ILL}\n\n",
        f"```json {ILL}```",
        f"- {ILL}\n- [{ILL}, {ILL}]",
        f"It is {ILL}, and {ILL}.",
        f"f({ILL}, {{'x': 1}})",
        f"<call>{ILL}</call>",
        json.dumps(f"Here it is:\n{ILL}"),
        '"\\u007b' + json.dumps(ILL)[2:],
    ],
)
def test_json_is_opened_however_it_is_written(text: str, mask: str) -> None:
    """Numbers too long for Python, encoded twice, one value in each line, in fenced blocks, in events, below code."""
    masked, counts = mask_value({"content": text}, POLICIES, [mask])
    assert not any(value in masked["content"] for value in TOLD)
    assert '"n' in masked["content"].replace("\\", "")
    assert counts["secret_name"] >= 1
    assert mask_value(masked, POLICIES, [mask])[0] == masked


@pytest.mark.parametrize("mask", ["keys", "path"])
@pytest.mark.parametrize(
    "text",
    [
        ILL[:25],
        f"{{1: {ILL[:-1]}",
        f'{{"broken": \n{ILL}',
        in_json(ILL, 5),
        f"ok\n{ILL[:-1]}",
        '\n{"' * 301 + f"\n{ILL}",
    ],
)
def test_what_cannot_be_opened_is_withheld_where_it_has_a_key_that_a_step_names(text: str, mask: str) -> None:
    """Cut off, damaged, too deep."""
    masked, counts = mask_value({"content": text}, POLICIES, [mask])
    assert "cancer" not in masked["content"]
    assert "[MASKED:json]" in masked["content"]
    assert counts.total() >= 1


def test_a_long_key_is_known_in_what_cannot_be_opened() -> None:
    """As in what can."""
    compiled = policies({"m": [{"keys": ["*_icd10"]}]})
    text = f'{{"{"k" * 2000}_icd10": "cancer", "n": '
    assert mask_value(text, compiled, ["m"])[0] == "[MASKED:json]"


@pytest.mark.parametrize("mask", ["keys", "ip"])
@pytest.mark.parametrize("name", ["password", "p\\u0061ssword", "client-secret", "pass\u200bword"])
def test_a_secret_goes_by_its_key_in_a_line_as_well(name: str, mask: str) -> None:
    """Whatever else the mask hides."""
    seen = mask_value(f'It said {{"n": 1, "{name}": "correct horse"}} and so on', POLICIES, [mask])[0]
    assert "horse" not in seen


@pytest.mark.parametrize("path", ["arguments.patient.diagnosis", "arguments.*.diagnosis", "arguments.patients.*"])
def test_a_path_holds_in_what_may_be_a_part_of_something_that_cannot_be_read(path: str) -> None:
    """What its end names, as if the rest stood around it."""
    compiled = policies({"m": [{"paths": [f"input.{path}"]}]})
    text = '{\'patients\': [{"patient": {"diagnosis": "cancer"}, "diagnosis": "cancer"}]}'
    seen = masked_input({"arguments": text}, compiled, "m")["arguments"]
    assert "cancer" not in seen
    assert "'patients'" in seen


@pytest.mark.parametrize("around", ["", "  ", "\t"])
@pytest.mark.parametrize("indent", [1, 2, 4, "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_json_in_lines_stays_in_lines(newline: str, indent: int | str, around: str) -> None:
    """With its indentation, wherever it stands."""
    value = {"diagnosis": "cancer\nstage 2", "n": [1, {"x": "y", "z": []}]}

    def written() -> str:
        return json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", newline + around)

    given = f"Record:{newline}{around}{written()}{newline}Done."
    value["diagnosis"] = "redacted-by-litellm"
    assert mask_value(given, POLICIES, ["keys"])[0] == f"Record:{newline}{around}{written()}{newline}Done."


CUT = '{"patient": {"name": "Jo", "diagnosis": "cancer", "n": '


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        (CUT, ["below", "anywhere below", "below a key", "dotted"]),
        (f"Here it is:\n{CUT}", ["below", "anywhere below", "below a key", "dotted"]),
        ('["Jo", "cancer", "n', ["below", "anywhere below"]),
        ('\n ["Jo", "cancer", "n', ["below", "anywhere below"]),
        ("{'diagnosis': 'cancer'}", ["below", "anywhere below"]),
        ('{"patient.diagnosis": "cancer", "n": ', ["below", "anywhere below", "dotted"]),
        ("no JSON, only cancer", []),
        ('{"patients": ["cancer"], "n": ', ["below", "anywhere below"]),
    ],
)
def test_what_cannot_be_opened_is_withheld_where_a_path_hides_whatever_is_in_it(text: str, masks: list[str]) -> None:
    """It ends in wildcards, below a key that the text has, or without one: there a list is enough."""
    for mask in ("below", "anywhere below", "below a key", "dotted"):
        seen = masked_input({"arguments": text}, POLICIES, mask)["arguments"]
        assert (seen == "[MASKED:json]") == (mask in masks), mask
        assert ("cancer" not in seen) == (mask in masks), mask


@pytest.mark.parametrize("text", [ILL[:-1].replace("password", "word"), '{x} and "diagnosis"', "\n[1]\n{", '"He" said'])
def test_what_no_step_names_stays(text: str) -> None:
    """Whether or not it is JSON."""
    assert mask_value([text], POLICIES, ["ip"])[0] == [text]


@pytest.mark.parametrize(
    "unit", ['\n{"a', "\n{", '\n{"a": 1}', 'data: {"a": [', '"{', '\n{"diagnosi', '{"', '{"\\"', "\n[1,]"]
)
def test_looking_for_json_takes_linear_time(unit: str) -> None:
    """Also where nothing of it can be opened."""
    assert takes_linear_time(lambda data: mask_value(data.decode(), POLICIES, ["keys"]), unit)


LONG = "x" * 3_000
TREES = {
    "texts": [f"{LONG} {number}" for number in range(50)],
    "numbers": [*range(10_000, 30_000)],
    "rows": [{"of": {"stock": ["é" * 80, None, True, 1.5]}} for _ in range(1_100)],
    "columns": {"a": {"b": {"c": [["c" * 90] * 2 for _ in range(750)]}}},
    "text": {"document": f'{LONG * 50} "quoted"\n'},
}


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize(
    ("before", "after", "separators"),
    [("", "", (", ", ": ")), ("\n ", "\n", (",", ":")), ("Result:\n", "\nThat is all.", (", ", ": "))],
    ids=["bare", "blanks", "text"],
)
def test_long_json_is_masked_as_short_is(name: str, before: str, after: str, separators: tuple[str, str]) -> None:
    """It is read and written in parts, and reads as if in one go."""
    value = {"content": TREES[name], "last": "192.0.2.17 it is", "diagnosis": "cancer"}
    expected = {"content": TREES[name], "last": "[IP] it is", "diagnosis": "redacted-by-litellm"}
    told, masked = (json.dumps(each, ensure_ascii=False, separators=separators) for each in (value, expected))
    kept = masked if not before.strip() else f"{before}{masked}{after}"
    assert mask_value(f"{before}{told}{after}", POLICIES, ["keys", "ip"])[0] == kept


@pytest.mark.parametrize("shift", [*range(-8, 3)])
@pytest.mark.parametrize("before", ["\n", "data:", "data: "])
def test_json_is_found_wherever_it_begins(shift: int, before: str) -> None:
    """Also where one of the blocks ends in which it is looked for."""
    text = f"{LONG * 43}{'x' * (2_064 + 8 + shift)}{before}{ILL}"
    assert "cancer" not in mask_value(text, POLICIES, ["keys"])[0]


@pytest.mark.parametrize("value", ["[1, 2", '["a', "[1, 2}", '{"a": [1, 2'])
def test_long_text_that_is_no_json_is_none(value: str) -> None:
    """In whatever way it is read."""
    text = value + ", 3" * 60_000
    assert mask_value(text, POLICIES, ["ip"])[0] == text
    assert "[MASKED:json]" in mask_value(f'{text}\n{ILL[:25]}"', POLICIES, ["keys"])[0]
