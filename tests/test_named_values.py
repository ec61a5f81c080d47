"""Values that are named beside them, keys in disguise, and what many or long keys cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.masking import mask_value
from tests.linear import cpu_seconds
from tests.masks import everything, policies
from tests.own_detectors import policies_with

SECRETS = policies({"secrets": [{"detect": ["secrets"]}], "email": [{"detect": ["email"]}]})
STEPS = policies(
    {
        "keys": [{"keys": ["diagnosis", "*_icd10"]}],
        "removed": [{"keys": ["diagnosis", "*_icd10"], "action": "remove"}],
        "shown": [{"keys": ["diagnosis", "*_icd10"]}, {"paths": ["**.value"], "action": "mask", "keep_last": 4}],
        "path": [{"paths": ["**.diagnosis"]}],
    }
)
NAMED = (
    {"name": "diagnosis", "value": "hiv positive"},
    {"Name": "Diagnosis", "Value": ["hiv", "positive"]},
    [{"key": "x_icd10", "values": {"a": "hiv positive"}}],
    {"id": "f1", "label": "diagnosis", "value": "hiv positive"},
    {"ParameterKey": "Diagnosis", "ParameterValue": "hiv positive"},
    {"arguments": '{"name": "diagnosis", "value": "hiv positive"}'},
)


@pytest.mark.parametrize("mask", ["keys", "removed", "shown"])
@pytest.mark.parametrize("value", NAMED)
def test_a_step_with_keys_hides_a_value_that_is_named_beside_it(value: Any, mask: str) -> None:
    """As it hides one under a key of that name, whatever another mask would show of it."""
    seen = json.dumps(mask_value(value, STEPS, [mask])[0])
    assert "positive" not in seen
    assert "tive" not in seen


def test_a_path_leads_to_keys_only() -> None:
    """It says where, and not what something is called."""
    assert mask_value(NAMED[0], STEPS, ["path"])[0] == NAMED[0]


@pytest.mark.parametrize(
    "value",
    [
        *({"Name": "DB_PASSWORD", "Value": "hunter2"}, {"ParameterKey": "DbPassword", "ParameterValue": "hunter2"}),
        *({"id": "password", "value": "hunter2"}, {"NAME": "token", "VALUE": "hunter2"}, {"label": "PIN", "id": "pw"}),
        *({"name": "my field", "id": "password", "value": "hunter2"}, {"header": "Cookie", "values": ["hunter2"]}),
    ],
)
def test_a_value_whose_name_beside_it_says_secret_is_removed(value: dict[str, Any]) -> None:
    """However the two are spelled, and if any of its names says so."""
    value = {**value, **({} if "hunter2" in str(value) else {"value": "hunter2"})}
    assert "hunter2" not in str(mask_value(value, SECRETS, ["email"])[0])


@pytest.mark.parametrize(
    "value", [{"name": "get_secret", "content": "sunny"}, {"name": "password", "other": "sunny"}, {"value": "sunny"}]
)
def test_other_members_beside_a_name_stay(value: dict[str, str]) -> None:
    """A tool's name says nothing of what it answered."""
    assert mask_value(value, SECRETS, ["secrets"])[0] == value


@pytest.mark.parametrize("key", [r"diagno\u0073is", "diagn%6fsis", "diagnos&#105;s", "diag\u200bnosis"])
def test_a_key_in_disguise_is_known_in_json_that_cannot_be_opened(key: str) -> None:
    """As it is where JSON can be opened."""
    assert mask_value(f'{{"{key}": "hiv positive", tru', STEPS, ["keys"])[0] == "[MASKED:json]"
    assert mask_value(f'{{"{key}": "hiv positive"}}', STEPS, ["keys"])[0] != f'{{"{key}": "hiv positive"}}'


EVERYTHING = everything()
NEAR = policies_with({"emp": {"pattern": "E-[0-9]{6}", "near": ["staff"], "examples": {"match": ["staff E-471100"]}}})


def _taken_names(count: int) -> dict[str, int]:
    return {f"[EMAIL]~{number}": 1 for number in range(2, count)} | {f"a{number}@b.co": 1 for number in range(count)}


def _under_long_key(key: str) -> Callable[[int], dict[str, list[str]]]:
    return lambda count: {key * count: ["a1b2c3d"] * (count // 4)}


@pytest.mark.parametrize(
    ("make", "count"),
    [
        pytest.param(_taken_names, 1500, id="names that are taken"),
        pytest.param(_under_long_key("%41"), 1200, id="escaped"),
        pytest.param(_under_long_key("é"), 1200, id="in other letters"),
        pytest.param(_under_long_key("kkkk"), 10_000, id="in ascii"),
        pytest.param(
            lambda count: {"é" * count: {"b": {f"c{n}": "abcdefg" for n in range(count // 4)}}}, 1200, id="above"
        ),
        pytest.param(lambda count: {"name": "é" * count, "value": ["a1b2c3d"] * (count // 4)}, 1200, id="beside"),
    ],
)
@pytest.mark.parametrize("compiled", [EVERYTHING, NEAR], ids=["built-in", "own"])
def test_keys_take_linear_time(make: Callable[[int], Any], count: int, compiled: Any) -> None:
    """Many that become the same, and one over many values that could be read again for each."""
    small = cpu_seconds(lambda: mask_value(make(count // 4), compiled, ["all"]))
    assert cpu_seconds(lambda: mask_value(make(count), compiled, ["all"])) < 9 * small + 0.05


def test_the_end_of_a_long_key_is_read() -> None:
    """Also behind what is invisible, and what is longer than anything that is read."""
    for key in ("x" * 900 + "_password", "x" * 900 + "_pass%77ord", "password" + "\u200b" * 900):
        assert mask_value({key: "hunter2"}, EVERYTHING, ["all"])[0] == {key: "[REMOVED]"}
    assert mask_value({"x" * 900 + "_ssn": ["536904399"]}, EVERYTHING, ["all"])[0] == {"x" * 900 + "_ssn": ["[US_SSN]"]}


def test_names_that_become_the_same_are_numbered() -> None:
    """Whatever is taken already, nothing is lost."""
    value = {"[EMAIL]": 0, "[EMAIL]~3": 1, "a@b.co": 2, "c@b.co": 3, "d@b.co": 4}
    seen = mask_value(value, SECRETS, ["email"])[0]
    assert seen == {"[EMAIL]": 0, "[EMAIL]~3": 1, "[EMAIL]~2": 2, "[EMAIL]~4": 3, "[EMAIL]~5": 4}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'see {"key":"api_token","type":"text","value":"Kx9mQ2zT4bW7nR1v"} there',
            'see {"key":"api_token","type":"text","value":"[REMOVED]"} there',
        ),
        ('{"name": "password", "type": "string", "value": "string"}', None),
        (
            '{"name": "password", "type": "text", "value": "string"}',
            '{"name": "password", "type": "text", "value": "[REMOVED]"}',
        ),
    ],
)
def test_a_value_is_removed_for_the_name_beside_it_unless_it_only_repeats_its_type(
    text: str, expected: str | None
) -> None:
    """In a line of prose as in JSON of its own."""
    assert mask_value(text, SECRETS, ["secrets"])[0] == (expected or text)
