"""A value stands under a key: what the key says of it counts as much as a word before it in a text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router.masking import MaskingPolicies
from router.routing.record import CallRecord
from tests.masks import everything, masked, masked_input, policies
from tests.own_detectors import policies_with

EVERYTHING = everything()
NEAR = {"pattern": "[0-9]{6}", "near": ["customer number"], "examples": {"match": ["customer number 471100"]}}
BADGE = {"pattern": "[0-9]{4}", "examples": {"match": ["4711"]}}


def seen_by(value: Any, compiled: MaskingPolicies = EVERYTHING) -> str:
    return json.dumps(masked_input(value, compiled, "all"))


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ({"ssn": "536904399"}, "[US_SSN]"),
        ({"ssn": 536904399}, "[US_SSN]"),
        ({"customerSSN": "536904399"}, "[US_SSN]"),
        ({"social_security_number": "536904399"}, "[US_SSN]"),
        ({"ssns": ["536904399"]}, "[US_SSN]"),
        ({"ssn": {"value": "536904399"}}, "[US_SSN]"),
        ({"ssn": {"number": {"value": "536904399"}}}, "[US_SSN]"),
        ({"name": "ssn", "value": "536904399"}, "[US_SSN]"),
        ([{"key": "ssn", "value": 536904399}], "[US_SSN]"),
        ({"arguments": '{"ssn": 536904399}'}, "[US_SSN]"),
        ({"ssn": '["536904399"]'}, "[US_SSN]"),
        ({"card": 630490017740}, "[CREDIT_CARD]"),
        ({"cardNumber": "630490017740"}, "[CREDIT_CARD]"),
        ({"card": {"number": "630490017740"}}, "[CREDIT_CARD]"),
        ({"phone": "5551234567"}, "[PHONE]"),
        ({"mobile": 5551234567}, "[PHONE]"),
        ({"phone_numbers": [{"type": "home", "number": "5551234567"}]}, "[PHONE]"),
        ({"SNYK_KEY": "a81b2c7d-9e0f-4a3b-8c6d-5e4f3a2b1c0d"}, "[SECRET_VALUE]"),
        ({"password": {"old": "abc", "new": "def"}}, "[REMOVED]"),
        ({"name": "password", "value": "hunter2"}, "[REMOVED]"),
        ([["x-api-key", "abc"], ["accept", "text/plain"]], "[REMOVED]"),
        ((("authorization", "abc"),), "[REMOVED]"),
    ],
)
def test_the_key_says_what_the_value_is(value: Any, label: str) -> None:
    """In objects, lists under a key, lists of names and values, and JSON in texts."""
    assert seen_by(value).count(label) == 1


@pytest.mark.parametrize(
    "value",
    [
        {"order": "536904399"},
        {"ssn": "not given"},
        {"ssn_created_at": 1536904399},
        {"card_id": "630490017740"},
        {"card": {"created": 630490017740}},
        {"phone": {"id": 5551234567}},
        {"phone": {"carrier": {"code": 5551234567}}},
        {"phone": {"carrier": "5551234567"}},
        {"text": "5551234567"},
        {"call_id": "5551234567"},
        {"cache_key": "a81b2c7d-9e0f-4a3b-8c6d-5e4f3a2b1c0d"},
        {"required": ["password", "email"]},
        [["password", "email"], "x"],
        {"name": "password", "type": "string"},
    ],
)
def test_other_keys_say_nothing(value: Any) -> None:
    """What only looks like it stays."""
    assert seen_by(value) == json.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        {"customer_number": "471100"},
        {"customerNumber": 471100},
        {"customer number": ["471100"]},
        {"customer": {"number": 471100}},
        {"customer_number": {"value": "is 471100"}},
        {"name": "customer-number", "value": 471100},
        {"a": '{"customer_number": 471100}'},
    ],
)
def test_a_word_that_must_stand_near_may_be_the_key(value: Any) -> None:
    """Whichever way its words are put together, and of a key above as well."""
    assert "471100" not in seen_by(value, policies_with({"number": NEAR}))


def test_a_key_is_near_to_what_the_value_begins_with_only() -> None:
    """As many characters as a text may have between them."""
    compiled = policies_with({"number": {**NEAR, "near": {"words": ["customer"], "within": 20}}})
    text = "is 471100, " + "x" * 30 + " 471101"
    assert masked_input({"customer": text}, compiled, "all") == {"customer": text.replace("471100", "[NUMBER]")}
    far = policies_with({"number": {**NEAR, "near": {"words": ["customer"], "within": 100}}})
    assert masked_input({"customer": "x" * 90 + " 471100"}, far, "all") == {"customer": "x" * 90 + " [NUMBER]"}
    assert masked_input({"customer": "x" * 5000 + " 471100"}, compiled, "all") == {"customer": "x" * 5000 + " 471100"}


def test_a_key_says_as_much_at_a_path() -> None:
    """Whatever other steps made of the same key elsewhere."""
    compiled = policies({"m": [{"detect": ["us_ssn"], "paths": ["input[1]"]}, {"detect": ["email"]}]})
    seen = masked_input([{"ssn": "536904399"}, {"ssn": "536904399"}], compiled, "m")
    assert seen == [{"ssn": "536904399"}, {"ssn": "[US_SSN]"}]


def test_a_pattern_may_read_the_key_as_in_json() -> None:
    """Its group is hidden, or what of the match lies in the value; quotes that are not there are none of it."""
    group = {"pattern": '"acct_no": "?([0-9]+)', "group": 1, "examples": {"match": ['"acct_no": 4711']}}
    compiled = policies_with({"account": group})
    for value in ({"acct_no": "4711"}, {"acct_no": 4711}, '{"acct_no": 4711}'):
        assert "4711" not in seen_by(value, compiled)
    assert masked_input({"acct": "4711"}, compiled, "all") == {"acct": "4711"}
    beyond = policies_with({"account": {"pattern": "acct[^0-9]+[0-9]{4}", "examples": {"match": ["acct 4711"]}}})
    assert masked_input({"acct": "4711 a"}, beyond, "all") == {"acct": "[ACCOUNT] a"}
    marks = policies_with({"marks": {"pattern": "[^a-z ]{4}", "examples": {"match": ["4711"]}}})
    assert masked_input({"a": "471"}, marks, "all") == {"a": "471"}
    whole = policies({"all": [{"pattern": "acct[^0-9]+[0-9]{4}"}, {"pattern": "[^ ]{5}"}]})
    assert masked_input({"acct": "4711 a"}, whole, "all") == {"acct": "[REDACTED] a"}
    assert masked_input({"a": "4711"}, whole, "all") == {"a": "4711"}


@pytest.mark.parametrize("number", [4711, -4711, 4711.0, 4711.5, 0.4711, 47110000, 4711e20])
def test_a_number_is_looked_at_whatever_its_size(number: float) -> None:
    """By patterns and own detectors, in every way in which it may be written."""
    for compiled in (policies({"all": [{"pattern": "[0-9]{4}"}]}), policies_with({"badge": BADGE})):
        assert "4711" not in seen_by([number, {"a": number}], compiled)


def test_what_was_counted_is_no_number_of_the_caller() -> None:
    """Tokens and dollars stay: nobody could tell what a call cost."""
    record = CallRecord(call_id="c", usage_details={"input": 4711}, cost_details={"total": 0.4711})
    seen = masked(record, policies_with({"badge": BADGE}), "all")
    assert (seen.usage_details, seen.cost_details) == ({"input": 4711}, {"total": 0.4711})


def test_what_is_too_long_for_a_count_is_looked_at_there_too() -> None:
    """No call has as many tokens as a card has digits."""
    record = CallRecord(call_id="c", usage_details={"input": 4711, "n": 4111111111111111})
    assert masked(record, EVERYTHING, "all").usage_details == {"input": 4711}


def test_switches_are_no_numbers() -> None:
    """Though Python counts them as such."""
    assert masked_input([True, False], policies({"all": [{"pattern": "[01]"}]}), "all") == [True, False]
