"""What was removed because of its key's name is hidden wherever else the call quotes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router.masking import mask_value
from router.masking.literals import is_peculiar
from router.routing.record import CallError
from tests.masks import policies
from tests.test_egress import call, sealed

NOTHING = policies({"nothing": [{"media": "keep"}], "keys": [{"keys": ["account"]}]})


@pytest.mark.parametrize("mask", [(), ("nothing",)])
@pytest.mark.parametrize(
    ("secret", "quoted"),
    [
        ({"password": "tr0ub4dor&3"}, "tr0ub4dor&3"),
        ({"password": "hunter2"}, "hunter2"),
        ({"password": {"old": "a", "new": "correct horse"}}, "correct horse"),
        ({"api_key": ["abc", "zq-771-x"]}, "zq-771-x"),
        ({"authorization": "Bearer zq771xab"}, "zq771xab"),
        ({"name": "x-api-key", "value": "zq771xab"}, "zq771xab"),
        ([["cookie", "zq771xab"], ["accept", "a"]], "zq771xab"),
        ({"secret": 471147998877}, "471147998877"),
        ({"arguments": '{"password": "tr0ub4dor\\"3"}'}, 'tr0ub4dor"3'),
    ],
)
def test_a_value_that_its_key_gave_away_is_hidden_everywhere(mask: tuple[str, ...], secret: Any, quoted: str) -> None:
    """In texts, JSON and the error's message, whatever the masks say; the text around it stays."""
    output = [f"is {quoted}, ok", json.dumps({"a": quoted})]
    record = call(input=secret, output=output, error=CallError(type="E", message=f"bad {quoted}"), status="failure")
    masked, span = sealed(record, NOTHING, *mask)
    assert quoted.encode() not in span
    assert json.dumps(quoted)[1:-1].encode() not in span
    assert masked.output == ["is [REMOVED], ok", '{"a": "[REMOVED]"}']
    assert masked.status_message == "E: bad [REMOVED]"
    assert not masked.failures


def test_what_a_step_hides_for_its_key_is_hidden_everywhere() -> None:
    """As the step says, a pseudonym included."""
    masked, span = sealed(call(input={"account": "acme-77"}, output="of acme-77 now"), NOTHING, "keys")
    assert masked.output == "of redacted-by-litellm now"
    assert b"acme-77" not in span


@pytest.mark.parametrize(
    ("secret", "quoted"), [({"password": "correct horse"}, "correct horse"), ({"account": "acme-77"}, "acme-77")]
)
def test_a_part_that_another_step_takes_uncovers_nothing_of_the_rest(secret: Any, quoted: str) -> None:
    """The value stands nowhere as a whole then, and what is left of it would."""
    compiled = policies({"m": [{"keys": ["account"]}, {"pattern": "horse|acme"}]})
    masked, _ = sealed(call(input=secret, output=f"is {quoted} ok"), compiled, "m")
    assert masked.output in ("is [REMOVED] ok", "is redacted-by-litellm ok")
    assert not masked.failures


HIDING = policies(
    {
        "finding": [{"detect": ["us_ssn"]}],
        "keyed": [{"keys": ["account"]}],
        "no-content": [{"paths": ["input"]}],
        "removed": [{"paths": ["input.**"], "action": "remove"}],
        "shown": [{"paths": ["input"], "action": "mask", "keep_last": 1}],
        "hashed": [{"paths": ["input"], "action": "hash", "key": {"env": "MASK_KEY"}}],
    }
)


@pytest.mark.parametrize("whole", ["no-content", "removed", "shown", "hashed"])
@pytest.mark.parametrize(
    ("mask", "told", "quoted"),
    [
        ("finding", "her ssn is 536904399", "536904399"),
        ("finding", {"ssn": {"value": 536904399}}, "536904399"),
        ("finding", ["her ssn is", {"text": '{"ssn": "536904399"}'}], "536904399"),
        ("keyed", {"account": "acme-77"}, "acme-77"),
        ("keyed", [{"a": '{"account": "acme-77"}'}], "acme-77"),
    ],
)
def test_another_mask_that_hides_it_as_a_whole_uncovers_no_quote(mask: str, told: Any, quoted: str, whole: str) -> None:
    """What would be found in the hidden value stays hidden where it stands alone; it is not counted there."""
    masked, span = sealed(call(input=told, output=f"of {quoted} now"), HIDING, mask, whole)
    assert quoted.encode() not in span
    assert masked.output in ("of [US_SSN] now", "of redacted-by-litellm now")
    assert not masked.failures


def test_what_is_hidden_as_a_whole_is_counted_once() -> None:
    """As a whole, and not for what stands in it as well."""
    masked, _ = sealed(call(input="her ssn is 536904399"), HIDING, "finding", "no-content")
    assert masked.masked == {"path": 1}


def test_of_overlapping_hits_each_is_hidden_elsewhere() -> None:
    """Not only the one that decided what was written."""
    both = policies({"ssn": [{"detect": ["us_ssn"]}], "line": [{"pattern": "her .*"}]})
    masked, _ = sealed(call(input="her ssn is 536904399", output="of 536904399 now"), both, "ssn", "line")
    assert (masked.input, masked.output) == ("[REDACTED]", "of [US_SSN] now")


@pytest.mark.parametrize(
    "word", ["true", "1", "admin", "required", "aaaaaaaaaaaa", "12345", "a" * 5000, "", "********"]
)
def test_a_common_word_stays_elsewhere(word: str) -> None:
    """A key called `token` may hold one: nobody could read the call any more."""
    assert not is_peculiar(word)
    seen = mask_value({"token": word, "a": f"it is {word}"}, NOTHING, ["nothing"])[0]
    assert seen["a"] == f"it is {word}"


def test_a_value_is_hidden_in_what_router_mask_shows_as_well() -> None:
    """What is found once in a value goes everywhere in it, as in a call."""
    seen, counts = mask_value({"password": "hunter2", "a": ["hunter2"]}, NOTHING, ["nothing"])
    assert seen == {"password": "[REMOVED]", "a": ["[REMOVED]"]}
    assert counts == {"secret_name": 2}


def test_a_value_is_hidden_in_texts_that_are_too_short_for_every_detector() -> None:
    """They are looked at for the value all the same."""
    cards = policies({"m": [{"detect": ["credit_card"]}]})
    for word in ("hunter2", "größe7"):
        masked, _ = sealed(call(input={"password": word}, output=[word]), cards, "m")
        assert (masked.output, masked.failures) == (["[REMOVED]"], ())


@pytest.mark.parametrize("value", ["abc123", "abcdefghij", "abcdabcdab", "1234567890"])
def test_a_value_of_few_characters_is_peculiar(value: str) -> None:
    """Six with letters and others, ten of one kind, four different ones; with less it is none."""
    assert is_peculiar(value)
    assert not is_peculiar(value[:-1])
    assert not is_peculiar(value[:3] * 10)
    assert not is_peculiar(value * 1_000)
