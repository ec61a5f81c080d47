"""The last check: what masking hid somewhere, and secrets, stand nowhere in the bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from router.config.loaded import ResolvedProject
from router.delivery import call_pieces, encode_call
from router.masking import MaskedRecord, MaskingPolicies, mask, seal
from router.masking.kept import Recalled
from router.masking.literals import MAX_VALUES
from router.masking.masking import mask_guarded
from router.routing.plan import Ids, Plan
from router.routing.record import CallRecord
from tests.masks import AWS_KEY, EMAIL, JWT, KEY, PEM, dump, everything, policies

PROJECT = ResolvedProject("p", "pk-lf-1", SecretStr("sk-lf-1"), "https://langfuse.example")
NEEDLE = "needle-4711"
WITHHELD = "[MASK FAILED: egress]"


class AfterKey:
    """A detector that knows its value only by the word before it."""

    name = "email"
    shortest = 0
    shortest_number = 0
    reaches_far = False

    def __init__(self, needle: str = NEEDLE) -> None:
        self._mark = f"key {needle}".encode()
        self._size = len(needle.encode())

    def find(self, text: bytes) -> Sequence[tuple[int, int]]:
        end = text.find(self._mark) + len(self._mark)
        return [(end - self._size, end)] if self._mark in text else []


def by_context(needle: str = NEEDLE) -> MaskingPolicies:
    """Return policies with one mask, `m`, whose detector needs a word before the value."""
    return policies({"m": [{"detect": ["email"]}]}, detectors={"email": AfterKey(needle)})


def sealed(
    record: CallRecord, compiled: MaskingPolicies, *masks: str, leak: bytes = b"", **fields: Any
) -> tuple[MaskedRecord, bytes]:
    """Seal a call; `leak` gets into the bytes of whatever is not withheld, as if a field had been forgotten."""
    plan = Plan(rule="r", route=("p",), masks={"p": masks}, **fields)

    def encode(masked: MaskedRecord) -> Sequence[bytes]:
        return [*call_pieces(masked, PROJECT), *([] if masked.input == WITHHELD else [leak])]

    return seal(record, plan, "p", compiled, encode)


def call(**fields: Any) -> CallRecord:
    return CallRecord(call_id="c-1", **fields)


def test_what_is_found_once_is_hidden_everywhere() -> None:
    """One place says `key` before the value, the other does not; both go, and the call arrives whole otherwise."""
    masked, span = sealed(call(input=f"key {NEEDLE}, ok", output=[f'"{NEEDLE}" it is']), by_context(), "m")
    assert (masked.input, masked.output, masked.failures) == ("key [EMAIL], ok", ['"[EMAIL]" it is'], ())
    assert NEEDLE.encode() not in span
    assert masked.masked == {"email": 2}


def test_what_a_trace_has_is_kept_where_a_call_is_masked_twice() -> None:
    """The second look knows of it as well."""
    plan = Plan(rule="r", route=("p",), masks={"p": ("m",)}, ids=Ids(trace_id="t-1", continues=True))
    record = call(input=f"key {NEEDLE}", output=NEEDLE)
    recalled = Recalled({"name": "n", "release": f"of {NEEDLE}"}, {})

    def encode(masked: MaskedRecord) -> Sequence[bytes]:
        return call_pieces(masked, PROJECT)

    masked, span = seal(record, plan, "p", by_context(), encode, lambda _: recalled)
    assert (masked.output, masked.kept, masked.hidden) == ("[EMAIL]", {"name": "n"}, ("release",))
    assert NEEDLE.encode() not in span


def test_what_the_router_said_of_a_call_is_not_masked_when_it_is_kept() -> None:
    """Names of rules and numbers are the operator's words, not the caller's."""
    plan = Plan(rule="r", route=("p",), masks={"p": ("m",)}, ids=Ids(trace_id="t-1", continues=True))
    compiled = policies({"m": [{"pattern": "rule-[0-9]"}]})

    def kept(metadata: dict[str, Any]) -> tuple[Any, Any]:
        recalled = Recalled({"metadata": metadata}, {})
        masked = mask_guarded(call(input="hello"), plan, "p", compiled, recall=lambda _: recalled)[0]
        return masked.kept, masked.hidden

    said = {"routing": {"rule": "rule-7"}, "k": "v"}
    assert kept(said) == ({"metadata": said}, ())
    assert kept({"k": "rule-7"}) == ({}, ("metadata",))


def test_what_a_trace_has_is_kept_as_it_is_or_not_at_all() -> None:
    """Not where a mask fails on it, nor what is left of a value that two tags share."""
    plan = Plan(rule="r", route=("p",), masks={"p": ("m",)}, ids=Ids(trace_id="t-1", continues=True))
    steps = [{"detect": ["email"]}, {"detect": ["api_key"], "paths": ["trace.release"]}]
    compiled = policies({"m": steps}, detectors={"api_key": ShortOnly()})
    recalled = Recalled({"tags": [EMAIL[:10], EMAIL[10:]], "release": "r" * 101, "name": "n"}, {})
    masked = mask_guarded(call(input="hello"), plan, "p", compiled, recall=lambda _: recalled)[0]
    assert (masked.kept, masked.hidden) == ({"name": "n"}, ("tags", "release"))


def test_a_value_with_quotes_is_found_in_json() -> None:
    """In a list the same value is spelled with backslashes."""
    needle = 'nee"dle-4711'
    masked, _ = sealed(call(input=f"key {needle}", output=[needle]), by_context(needle), "m")
    assert masked.output == ["[EMAIL]"]


def test_a_short_value_may_stand_elsewhere() -> None:
    """Three digits stand in half of all numbers: that they are the same is a coincidence."""
    for short in ("123", "1234567"):
        masked, _ = sealed(call(input=f"key {short}", output=short), by_context(short), "m")
        assert (masked.input, masked.output) == ("key [EMAIL]", short)
    masked, _ = sealed(call(input="key 12345678", output="12345678"), by_context("12345678"), "m")
    assert (masked.input, masked.output) == ("key [EMAIL]", "[EMAIL]")


def test_what_is_hidden_at_a_path_only_may_stand_elsewhere() -> None:
    """The step says where."""
    compiled = policies({"m": [{"detect": ["email"], "paths": ["input"]}]})
    masked, span = sealed(call(input=f"mail {EMAIL}", output=EMAIL), compiled, "m")
    assert (masked.input, masked.output, masked.failures) == ("mail [EMAIL]", EMAIL, ())
    assert EMAIL.encode() in span


def test_a_value_in_a_field_that_nobody_walked_withholds_the_call() -> None:
    """What was masked is in the bytes all the same: nothing of the content leaves, and the failure has a name."""
    masked, span = sealed(call(input=f"mail {EMAIL}", output="fine"), everything(), "all", leak=EMAIL.encode())
    assert (masked.input, masked.output, masked.failures) == (WITHHELD, WITHHELD, ("egress",))
    assert EMAIL.encode() not in span


@pytest.mark.parametrize("around", [(b"", b""), (b"x=", b";"), (b"\xff\x00", b"\xff")], ids=["bare", "text", "binary"])
@pytest.mark.parametrize("secret", [AWS_KEY, JWT, PEM], ids=["token", "jwt", "pem"])
def test_a_secret_in_the_bytes_withholds_the_call(secret: str, around: tuple[bytes, bytes]) -> None:
    """A key of known form is looked for in what is sent, whatever way it came there."""
    before, after = around
    masked, span = sealed(call(input="hello"), everything(), "all", leak=before + secret.encode() + after)
    assert (masked.input, masked.failures) == (WITHHELD, ("egress",))
    assert secret.encode() not in span


def test_a_piece_of_the_bytes_is_looked_at_apart_from_its_neighbours() -> None:
    """What frames a text says nothing of what stands in it."""
    token = b"hf_" + b"aB3dE6gH9j" * 3 + b"kL0m"
    plan = Plan(rule="r", route=("p",), masks={"p": ("all",)})

    def encode(masked: MaskedRecord) -> Sequence[bytes]:
        return [b"n1", b"" if masked.input == WITHHELD else token, b"a2"]

    assert seal(call(input="hello"), plan, "p", everything(), encode)[1] == b"n1a2"


class ShortOnly:
    """A detector that fails on what is longer than the texts of a call."""

    name = "api_key"
    shortest = 0
    shortest_number = 0
    reaches_far = False

    def find(self, text: bytes) -> Sequence[tuple[int, int]]:
        if len(text) > 100:
            raise MemoryError
        return []


def test_bytes_that_cannot_be_looked_at_are_withheld() -> None:
    """Nobody knows what stands in them."""
    compiled = policies({"m": [{"detect": ["api_key"]}]}, detectors={"api_key": ShortOnly()})
    masked, _ = sealed(call(input="hello"), compiled, "m")
    assert (masked.input, masked.failures) == (WITHHELD, ("egress",))


@pytest.mark.parametrize(("environment", "kept"), [("staging", {"environment": "staging"}), (EMAIL, {})])
def test_a_withheld_call_repeats_no_environment_that_its_masks_hide(environment: str, kept: dict[str, str]) -> None:
    """Every span says the environment of its trace, so the one that the trace has stays where nothing hides it."""
    plan = Plan(rule="r", route=("p",), masks={"p": ("all",)}, ids=Ids(trace_id="t-1", continues=True))

    def encode(masked: MaskedRecord) -> Sequence[bytes]:
        return [b"" if masked.input == WITHHELD else AWS_KEY.encode()]

    recalled = Recalled({"environment": environment}, {})
    masked, _ = seal(call(input="hello"), plan, "p", everything(), encode, lambda _: recalled)
    assert (masked.failures, masked.kept) == (("egress",), kept)


def test_without_masks_for_secrets_nothing_is_looked_for() -> None:
    """Whoever masks nothing gets what was sent."""
    masked, span = sealed(call(input=f"{AWS_KEY} {EMAIL}"), policies({}))
    assert masked.input == f"{AWS_KEY} {EMAIL}"
    assert AWS_KEY.encode() in span


def test_labels_of_masks_are_no_secrets() -> None:
    """What masking itself wrote is not found again."""
    masked, span = sealed(call(input=f"{AWS_KEY} {EMAIL}", metadata={"password": "x"}), everything(), "all")
    assert (masked.input, masked.failures) == ("[API_KEY] [EMAIL]", ())
    assert b"[API_KEY]" in span


def test_a_clean_call_is_encoded_as_ever() -> None:
    """The check changes no byte."""
    record = call(input="hello", output={"a": ["b"]}, tags=("x", "y"))
    plan = Plan(rule="r", route=("p",), masks={"p": ("all",)}, trace={"tags": ["x", "y"], "name": "n"})
    compiled = everything()
    masked, span = seal(record, plan, "p", compiled, lambda masked: call_pieces(masked, PROJECT))
    assert masked == mask(record, plan, "p", compiled)
    assert span == encode_call(masked, PROJECT)


def test_every_text_is_a_piece_of_its_own() -> None:
    """Lengths and tags of the wire format stand apart, so that no detector takes them for a part of a word."""
    record = call(input=AWS_KEY, tags=(EMAIL,))
    plan = Plan(rule="r", route=("p",), masks={"p": ()}, trace={"tags": [EMAIL, "other"]})
    pieces = call_pieces(mask(record, plan, "p", policies({})), PROJECT)
    assert {AWS_KEY.encode(), EMAIL.encode(), b"other"} <= set(pieces)


def test_the_number_of_remembered_values_is_bounded() -> None:
    """A text full of addresses is masked, and does not fill the memory twice."""
    many = " ".join(f"user{number}@example.com" for number in range(2 * MAX_VALUES))
    masked, _ = sealed(call(input=many), everything(), "all")
    assert masked.masked == {"email": 2 * MAX_VALUES}


@pytest.mark.parametrize(
    "fields",
    [
        {"input": {"a": "ssn 536904399", "b": "x " * 13 + "536904399 and more and more text"}},
        {"input": "ssn 536904399", "trace": {"name": "n " * 490 + "536904399 and more than fits"}},
        {"input": "ssn 536904399", "trace": {"session_id": "s " * 87 + "536904399 and more than fits"}},
        {"input": "ssn 536904399", "trace": {"tags": ["t", "s " * 87 + "536904399 and more than fits"]}},
        {"input": "ssn 536904399", "generation": {"name": "n " * 490 + "536904399 and more than fits"}},
    ],
    ids=["max_chars", "name", "session_id", "tags", "generation name"],
)
def test_a_cut_leaves_no_part_of_what_was_found_elsewhere(fields: dict[str, Any]) -> None:
    """Nobody would know the beginning of a value at the end of a text."""
    compiled = policies({"m": [{"detect": ["us_ssn"]}, {"max_chars": 40, "paths": ["input"]}]})
    _, span = sealed(call(input=fields.pop("input")), compiled, "m", **fields)
    assert b"536" not in span


@pytest.mark.parametrize(
    ("found", "elsewhere"),
    [
        ("ssn 536904399", "5369\u200b04399"),
        ("ssn 536904399", "５３６９０４３９９"),
        ("ssn 5369\u200b04399", "536904399"),
        ("ssn 536904399", "it is 53690%343&#57;9"),
        ("password: Zt8w3/Xv1+Qm=", "see Zt8w3%2FXv1%2BQm%3D"),
        ("see password=Zt8w3%2FXv1%2BQm%3D", "Zt8w3/Xv1+Qm="),
    ],
)
@pytest.mark.parametrize("more", ["", "536904399 Zt8w3/Xv1+Qm="], ids=["", "and once plain"])
def test_what_is_found_once_is_hidden_in_disguise(found: str, elsewhere: str, more: str) -> None:
    """And one that was found in disguise is hidden where it stands without."""
    masked, _ = sealed(call(input={"a": found, "b": elsewhere, "c": more}), everything(), "all")
    assert (elsewhere in masked.input["b"], masked.failures) == (False, ())
    assert not more or masked.input["c"] != more


@pytest.mark.parametrize("other", [{"password": "hunter2xyz99"}, "ssn 536904399"], ids=["by its key", "by a detector"])
def test_many_values_of_one_kind_leave_room_for_the_others(other: Any) -> None:
    """As many are remembered of each, whatever came before; none counts twice."""
    many = [" ".join(f"user{number}@example.com" for number in range(2 * MAX_VALUES))]
    same = [json.dumps({"password": "Zt8w3Xv1Qm"})] * (MAX_VALUES + 1)
    masked, span = sealed(call(input=[many, same, other, "hunter2xyz99 or 536904399"]), everything(), "all")
    leaf = "hunter2xyz99" if isinstance(other, dict) else "536904399"
    assert leaf not in masked.input[-1]
    assert leaf.encode() not in span


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("[HEALTH]", {"as": "[HEALTH]"}),
        ("redacted-by-litellm", {}),
        ("influenza B7", {"action": "hash", "key": KEY}),
        ("influenza B7", {"as": "[HEALTH]"}),
    ],
)
def test_a_call_that_was_masked_before_arrives_as_it_is(value: str, step: dict[str, Any]) -> None:
    """What masking writes is no value of which anybody would have to find the rest."""
    compiled = policies({"m": [{"keys": ["diagnosis"], **step}]}, {"MASK_KEY": "k" * 40})
    once, _ = sealed(call(input={"diagnosis": value, "password": "hunter2xyz99", "logprobs": [1]}), compiled, "m")
    again, _ = sealed(call(input=once.input), compiled, "m")
    if value.startswith(("[", "redacted")):
        assert once.input["diagnosis"] == value
    assert (again.input, again.failures) == (once.input, ())


def test_a_record_that_cannot_be_read_is_withheld_once() -> None:
    """An unknown mask withholds everything; the check has nothing left to find."""
    masked, _ = sealed(call(input=AWS_KEY), policies({}), "nobody-knows")
    assert (masked.input, masked.failures) == ("[MASK FAILED: nobody-knows]", ("nobody-knows",))
    assert NEEDLE not in dump(masked)
