"""Detectors of an operator: pattern, capture, words near it, checksum, examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.extras import missing_for
from router.config.model import Examples, NamedEntities, PatternDetector
from router.config.validators import UnknownValidator, find_validator, validator_names
from router.errors import ConfigError
from router.masking import MaskingPolicies, mask, mask_text, mask_value
from router.masking.detectors import Entities, OwnPattern
from router.routing.plan import Plan
from router.routing.record import CallRecord
from tests.command_line import router
from tests.linear import takes_linear_time
from tests.masks import dump, masked_input, policies
from tests.own_detectors import policies_with, redacted

EMPLOYEE: dict[str, Any] = {"pattern": r"\bE-(\d{6})\b", "examples": {"match": ["staff E-123455"]}}


def employee(**more: Any) -> MaskingPolicies:
    """Return policies with a detector of numbers such as E-123455."""
    return policies_with({"employee_id": EMPLOYEE | more})


def test_what_the_pattern_matches_is_replaced_under_the_name_of_the_detector() -> None:
    """The label is the name in capitals, and hits are counted under it."""
    assert mask_text("ask E-123455.", employee(), ["all"]) == ("ask [EMPLOYEE_ID].", {"employee_id": 1})


def test_a_group_alone_is_replaced() -> None:
    """What is around it stays readable; an alternative without the group hides nothing."""
    assert redacted("ask E-123455.", employee(group=1)) == "ask E-[EMPLOYEE_ID]."
    either = {"pattern": r"E-(\d{6})|visitor", "group": 1, "examples": {"match": ["E-123455"]}}
    assert redacted("visitor E-123455", policies_with({"id": either})) == "visitor E-[ID]"


@pytest.mark.parametrize(
    "text",
    ["E-１２３４５６", "E-12\u200b3456", "E-12\u2060\u00ad3456", "E\\u002d123456", "E%2D123456", "staff\\nE-123456"],
)
def test_a_disguise_does_not_help(text: str) -> None:
    """The pattern sees the text as a reader would, as built-in detectors do."""
    assert "[EMPLOYEE_ID]" in redacted(text, employee())


@pytest.mark.parametrize(
    "text",
    [
        "staff E-123455",
        "STAFF: E-123455",
        "E-123455 (employee)",
        "employee_no=E-123455",
        "staff" + " " * 40 + "E-123455",
        "é" * 30 + " staff " + "é" * 39 + "E-123455 ",
        "falstaff staff E-123455",
        "badge number " + "é" * 20 + " E-123455",
        "Работник E-123455",
    ],
)
def test_a_word_near_a_hit_counts(text: str) -> None:
    """In any case, before or after, as a whole word, up to 40 characters away, whatever bytes they take."""
    near = ["employee", "staff", "badge number", "работник"]
    assert "[EMPLOYEE_ID]" in redacted(text, employee(near=near))


@pytest.mark.parametrize(
    "text",
    ["E-123455", "staffing E-123455", "falstaff E-123455", "staff" + " " * 41 + "E-123455", "staffé E-123455"],
)
def test_a_hit_without_a_word_near_it_stays(text: str) -> None:
    """A part of a longer word is not the word, and forty characters are the reach."""
    assert redacted(text, employee(near=["employee", "staff"])) == text


def test_the_nearest_of_several_words_counts() -> None:
    """What ends one of them begins the next."""
    close = employee(near={"words": ["staff", "badge"], "within": 6})
    assert redacted("staff badge no. E-123455", close) == "staff badge no. [EMPLOYEE_ID]"


def test_the_reach_of_near_can_be_said() -> None:
    """In characters between the two."""
    close = employee(near={"words": ["staff"], "within": 6})
    assert redacted("staff no. E-123455", close) == "staff no. [EMPLOYEE_ID]"
    assert redacted("staff numb E-123455", close) == "staff numb [EMPLOYEE_ID]"
    assert redacted("staff number E-123455", close) == "staff number E-123455"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("luhn", "79927398713", "79927398714"),
        ("luhn", "4111-1111.1111 1111", "4111-1111.1111 1112"),
        ("iban", "GB33 BUKB 2020 1555 5555 55", "GB34 BUKB 2020 1555 5555 55"),
        ("stdnum:us.ssn", "536-90-4399", "000-90-4399"),
        ("stdnum:nl.bsn", "111222333", "111222334"),
        ("stdnum:luhn", "79927398713", "79927398714"),
    ],
)
def test_a_checksum_tells_a_number_from_what_only_looks_like_one(name: str, good: str, bad: str) -> None:
    """Spelled with spaces and dashes or without."""
    spec = {"pattern": r"[A-Z0-9][A-Z0-9 .-]{7,}[A-Z0-9]", "validate": name, "examples": {"match": [good]}}
    compiled = policies_with({"number": spec})
    assert redacted(f"({good}) ({bad})", compiled) == f"([NUMBER]) ({bad})"


def test_only_modules_of_python_stdnum_are_ever_imported() -> None:
    """A name that it does not list is refused before anything is imported."""
    for name in ("os", "stdnum:os", "stdnum:..os", "stdnum:us", "stdnum:", "stdnum", "us.ssn", "stdnum:us.ssn ", ""):
        with pytest.raises(UnknownValidator):
            find_validator(name)
    assert {"luhn", "iban", "stdnum:us.ssn", "stdnum:de.idnr"} <= set(validator_names())


def test_pseudonyms_are_scoped_by_the_detector() -> None:
    """The same text found as two kinds of value has two pseudonyms, and they stay when masked again."""
    spec = {"pattern": "E-[0-9]{6}", "examples": {"match": ["E-123455"]}}
    one = mask_text("E-123455", policies_with({"one": spec}), ["hash"])[0]
    two = mask_text("E-123455", policies_with({"two": spec}), ["hash"])[0]
    assert one.startswith("hash_test_")
    assert one != two
    assert mask_text(one, policies_with({"one": spec}), ["hash"])[0] == one


def test_numbers_and_keys_are_looked_at_as_well() -> None:
    """A value is found wherever built-in detectors find theirs."""
    compiled = policies_with({"badge": {"pattern": r"\b77\d{6}\b", "examples": {"match": ["77123456"]}}})
    value, counts = mask_value({"77123456": [77123456, '{"a": "77123456"}']}, compiled, ["all"])
    assert value == {"[BADGE]": ["[BADGE]", '{"a": "[BADGE]"}']}
    assert counts["badge"] == 3


def test_an_example_that_fails_stops_the_load() -> None:
    """Every one is told, in one error."""
    with pytest.raises(ConfigError) as raised:
        employee(examples={"match": ["E-1", "E-123455"], "no_match": ["E-123456", "E-12"]})
    assert [(problem.code, problem.message) for problem in raised.value.problems] == [
        ("RT263", "detector `employee_id` finds nothing in this example"),
        ("RT263", "detector `employee_id` finds something in this example"),
    ]


@pytest.mark.parametrize("name", ["email", "key", "max_chars", "media", "path", "pattern", "pii", "secret_name"])
def test_no_detector_is_called_what_is_counted_otherwise(name: str) -> None:
    """Nobody could tell the two apart."""
    with pytest.raises(ConfigError) as caught:
        policies_with({name: EMPLOYEE})
    assert [problem.code for problem in caught.value.problems] == ["RT261"]


def test_an_example_that_cannot_be_masked_stops_the_load() -> None:
    """Each label brings about the next hit: nobody knows whether there is one, so it is not none."""
    examples = {"match": ["x"], "no_match": ["x" * 50]}
    with pytest.raises(ConfigError) as caught:
        policies_with({"id": {"pattern": r"(?:\]|^)x", "examples": examples}})
    assert [problem.code for problem in caught.value.problems] == ["RT263"]


@pytest.mark.parametrize("command", ["check", "explain", "test", "mask"])
def test_every_command_tells_an_example_that_fails(command: str, tmp_path: Path) -> None:
    """With its place, as any other problem, and with exit code 1."""
    file = tmp_path / "routing.yaml"
    text = (Path(__file__).parent / "invalid" / "detector_examples_fail.yaml").read_text("utf-8")
    file.write_text(text, "utf-8")
    arguments = {"check": ["--no-env", str(file)], "mask": ["m", "-c", str(file)]}.get(command, ["-c", str(file)])
    run = router(command, *arguments, *(["team=a"] if command == "explain" else []), stdin="E-1")
    assert run.code == 1
    assert f"{file}:13:26" in run.out + run.err
    assert "the pattern does not match it" in run.out + run.err


def test_a_checksum_that_raises_withholds_the_field() -> None:
    """What could not be checked is not sent."""

    def fails(text: str) -> bool:
        raise ValueError(text)

    detector = OwnPattern("id", PatternDetector(pattern="E-[0-9]+", examples=Examples(match=["E-1"])), is_valid=fails)
    compiled = policies({"m": [{"detect": ["id"]}]}, detectors={"id": detector})
    assert masked_input("call E-123455", compiled, "m") == "[MASK FAILED: m]"
    assert masked_input("call me", compiled, "m") == "call me"


# -- names and places: what `make presidio` does not show ------------------------------------------------


@given(st.text(max_size=9), st.text(min_size=1, max_size=9), st.text(max_size=9), st.text(min_size=1, max_size=9))
def test_what_is_found_in_characters_is_hidden_in_bytes(before: str, one: str, between: str, other: str) -> None:
    """Whatever characters stand around it, and in whatever order the hits come."""
    text = f"a{before}{one}{between}{other}"
    first = len(before) + 1
    second = first + len(one) + len(between)
    hits = [(second, second + len(other)), (first, first + len(one))]
    found = Entities("names", lambda _: hits).find(text.encode())
    assert [text.encode()[start:end].decode() for start, end in found] == [one, other]


def test_a_text_without_letters_is_not_given_to_a_model() -> None:
    """It has no names."""
    assert Entities("names", lambda text: [(0, len(text))]).find("4111 1111 – 😀".encode()) == ()


def test_a_model_that_raises_withholds_the_field() -> None:
    """What it did not read is not sent."""

    def fails(text: str) -> list[tuple[int, int]]:
        raise MemoryError

    compiled = policies({"m": [{"detect": ["names"]}]}, detectors={"names": Entities("names", fails)})
    assert masked_input("I am Ada Lovelace", compiled, "m") == "[MASK FAILED: m]"


def test_what_a_detector_of_names_needs_is_told_before_anything_is_imported() -> None:
    """First the model, then the extra; nothing is downloaded."""
    spec = NamedEntities(presidio=["PERSON"], model="en_core_web_sm", examples=Examples(match=["Ada"]))
    assert missing_for(spec, lambda name: name != "en_core_web_sm") == (
        "model",
        "model `en_core_web_sm` is not installed",
        "install it with the application; the name is that of the Python package, as `en_core_web_sm`",
    )
    assert missing_for(spec, lambda name: name == "en_core_web_sm") == (
        "presidio",
        "the extra `presidio` is not installed",
        "pip install 'langfuse-router[presidio]'",
    )
    assert missing_for(spec, lambda name: True) is None


EVERYWHERE = policies_with(
    {
        "plain": {"pattern": r"CANARY-\d{4}", "examples": {"match": ["CANARY-1234"]}},
        "checked": {"pattern": r"\d{11}", "validate": "luhn", "examples": {"match": ["79927398713"]}},
    }
)
texts = st.lists(st.sampled_from(["79927398713", "x", "é", "-", "[PLAIN]"]) | st.text(max_size=9))


@given(before=texts, after=texts, shape=st.sampled_from(["text", "key", "list", "json"]))
def test_a_canary_of_an_own_detector_never_survives(before: list[str], after: list[str], shape: str) -> None:
    """Wherever it stands in a record, and masking twice changes nothing more."""
    text = f"{' '.join(before)} CANARY-1234 {''.join(after)}"
    value = {"text": text, "key": {text: 1}, "list": [[text]], "json": mask_json(text)}[shape]
    record = CallRecord(call_id="c", input=value, output=value, model_parameters={"stop": text}, details={"a": value})
    trace = {"name": text, "tags": [text], "user_id": text, "metadata": {"k": value}}
    plan = Plan(rule="r", route=("p",), masks={"p": ("all",)}, trace=trace)
    seen = mask(record, plan, "p", EVERYWHERE)
    assert "CANARY-1234" not in dump(seen)
    assert not seen.failures
    once, _ = mask_value(value, EVERYWHERE, ["all"])
    assert mask_value(once, EVERYWHERE, ["all"])[0] == once


def mask_json(text: str) -> str:
    """Return JSON in a text in a text."""
    import json

    return json.dumps([json.dumps({"a": text})])


@pytest.mark.parametrize("unit", ["E-123455 ", "staff ", "staff E-123455 ", "E-", "stafff"])
def test_near_takes_linear_time(unit: str) -> None:
    """Ten times the hostile text does not take a hundred times as long."""
    spec = PatternDetector.model_validate(EMPLOYEE | {"near": ["staff"]})
    detector = OwnPattern("employee_id", spec)
    assert takes_linear_time(detector.find, unit)
