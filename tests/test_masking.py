"""What a project may see of a call: whole redaction, paths, detectors, keys that name secrets, ids, failures."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, cast

import pytest

from router.errors import ConfigError, Location
from router.masking import MaskingPolicies, UnknownMask, mask, mask_text, mask_value
from router.masking.document import build_document
from router.masking.ids import normalise_span_id, normalise_trace_id, span_ids
from router.masking.policy import Replacement
from router.masking.pseudonyms import PseudonymKey
from router.masking.scan import MaskFailed
from router.masking.walk import Walk
from router.routing.plan import Ids, Plan
from router.routing.record import CallError, CallRecord
from tests.masks import AWS_KEY, CARD, EMAIL, KEY, dump, everything, masked, masked_input, policies

HIDDEN = "redacted-by-litellm"
NEEDLE = "needle-4711"
CHAT = {"messages": [{"role": "user", "content": f"hello {NEEDLE}"}], "tools": [{"function": {"name": NEEDLE}}]}


class Broken:
    """A detector that raises what it was made with."""

    name = "email"
    shortest = 0
    shortest_number = 0
    reaches_far = False

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def find(self, text: bytes) -> Sequence[tuple[int, int]]:
        raise self._error


# -- whole redaction -----------------------------------------------------------------------------------


def test_mask_input_hides_the_input_and_whatever_quotes_it() -> None:
    """Messages, tool definitions, the error's text, and parameters that hold the caller's words."""
    record = CallRecord(
        call_id="c-1",
        status="failure",
        input=CHAT,
        error=CallError(type="BadRequestError", message=f"prompt {NEEDLE} was refused", code="400"),
        model_parameters={
            "temperature": 0.2,
            "stop": [NEEDLE],
            "tool_choice": {"function": {"name": NEEDLE}},
            "reasoning_effort": "low",
            "response_format": {"type": "json_schema", "json_schema": {"name": NEEDLE}},
            "user": NEEDLE,
            "prediction": NEEDLE,
        },
    )
    seen = masked(record, policies({}), "mask-input")
    assert seen.input == HIDDEN
    assert seen.status_message == f"BadRequestError (400): {HIDDEN}"
    assert seen.model_parameters == {"temperature": 0.2, "reasoning_effort": "low", "response_format": "json_schema"}
    assert NEEDLE not in dump(seen)


def test_mask_output_hides_the_output_and_the_error() -> None:
    """The input stays, for nobody asked to hide it."""
    record = CallRecord(
        call_id="c-1",
        status="failure",
        input="hi",
        output={"content": NEEDLE},
        error=CallError(type="E", message=NEEDLE),
    )
    seen = masked(record, policies({}), "mask-output")
    assert (seen.input, seen.output, seen.status_message) == ("hi", HIDDEN, f"E: {HIDDEN}")


def test_a_step_on_content_hides_input_output_and_error() -> None:
    """With the operator's own label."""
    record = CallRecord(call_id="c-1", input=CHAT, output=NEEDLE, error=CallError(type=NEEDLE, message=NEEDLE))
    seen = masked(record, policies({"none": [{"paths": ["content"], "as": "[GONE]"}]}), "none")
    assert (seen.input, seen.output, seen.status_message) == ("[GONE]", "[GONE]", "[GONE]")


@pytest.mark.parametrize("path", ["input.messages[*].content", "input.messages", "input.**", "**.content"])
@pytest.mark.parametrize("action", ["redact", "remove", "hash"])
def test_a_step_on_a_part_of_the_input_hides_whatever_may_quote_it(path: str, action: str) -> None:
    """Nobody can tell which part the error, a tool or a parameter quotes."""
    record = CallRecord(
        call_id="c-1",
        status="failure",
        input={"messages": [{"role": "user", "content": NEEDLE}], "tools": [{"function": {"name": NEEDLE}}]},
        error=CallError(type="BadRequestError", message=f"prompt {NEEDLE} was refused"),
        model_parameters={"stop": [NEEDLE], "n": 1},
    )
    step = {"paths": [path], "action": action} | ({"key": KEY} if action == "hash" else {})
    seen = masked(record, policies({"m": [step]}), "m")
    assert NEEDLE not in dump(seen)
    assert seen.status_message == ("BadRequestError" if action == "remove" else f"BadRequestError: {HIDDEN}")
    assert seen.model_parameters == {"n": 1}


def test_functions_are_tools_by_their_former_name() -> None:
    """They may quote the messages as well."""
    chat = {"messages": [{"content": NEEDLE}], "functions": [{"name": NEEDLE}], "n": 1}
    seen = masked_input(chat, policies({"m": [{"paths": ["input.messages"]}]}), "m")
    assert seen == {"messages": HIDDEN, "functions": HIDDEN, "n": 1}


def test_a_step_on_a_part_of_the_output_hides_the_error() -> None:
    """A refusal may quote the answer; tools and parameters do not."""
    record = CallRecord(
        call_id="c-1",
        status="failure",
        input=CHAT,
        error=CallError(type="E", message=NEEDLE),
        model_parameters={"stop": ["END"]},
    )
    seen = masked(record, policies({"m": [{"paths": ["output.content"]}]}), "m")
    assert (seen.input, seen.status_message, seen.model_parameters) == (CHAT, f"E: {HIDDEN}", {"stop": ["END"]})


def test_an_empty_input_stays_empty() -> None:
    """Nothing is said about a value that does not exist."""
    seen = masked(CallRecord(call_id="c-1"), policies({}), "mask-input", "mask-output")
    assert (seen.input, seen.output, seen.status_message) == (None, None, None)


def test_parameters_outside_the_list_are_never_sent() -> None:
    """Not even without any mask: what LiteLLM adds tomorrow may hold anything."""
    record = CallRecord(call_id="c-1", model_parameters={"max_tokens": 5, "user": EMAIL, "extra_body": {"a": 1}})
    assert masked(record, policies({})).model_parameters == {"max_tokens": 5}


# -- paths ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metadata.account", {"account": "X", "deep": {"account": 2}, "a.b": 3, "list": [{"id": 4}, {"id": 5}]}),
        ("metadata.ACCOUNT", {"account": "X", "deep": {"account": 2}, "a.b": 3, "list": [{"id": 4}, {"id": 5}]}),
        ("metadata.**.account", {"account": "X", "deep": {"account": "X"}, "a.b": 3, "list": [{"id": 4}, {"id": 5}]}),
        ("metadata.*.account", {"account": 1, "deep": {"account": "X"}, "a.b": 3, "list": [{"id": 4}, {"id": 5}]}),
        ("metadata.a.b", {"account": 1, "deep": {"account": 2}, "a.b": "X", "list": [{"id": 4}, {"id": 5}]}),
        ("metadata.'a.b'", {"account": 1, "deep": {"account": 2}, "a.b": "X", "list": [{"id": 4}, {"id": 5}]}),
        ("metadata.list[*].id", {"account": 1, "deep": {"account": 2}, "a.b": 3, "list": [{"id": "X"}, {"id": "X"}]}),
        ("metadata.list.id", {"account": 1, "deep": {"account": 2}, "a.b": 3, "list": [{"id": "X"}, {"id": "X"}]}),
        ("metadata.list[1].id", {"account": 1, "deep": {"account": 2}, "a.b": 3, "list": [{"id": 4}, {"id": "X"}]}),
        ("metadata.list.0", {"account": 1, "deep": {"account": 2}, "a.b": 3, "list": ["X", {"id": 5}]}),
        ("metadata.**", {"account": "X", "deep": "X", "a.b": "X", "list": "X"}),
        ("metadata", {"redacted": "X"}),
        (
            "generation.metadata.account",
            {"account": "X", "deep": {"account": 2}, "a.b": 3, "list": [{"id": 4}, {"id": 5}]},
        ),
        ("**.id", {"account": 1, "deep": {"account": 2}, "a.b": 3, "list": [{"id": "X"}, {"id": "X"}]}),
    ],
)
def test_a_path_reaches_what_it_says(path: str, expected: Any) -> None:
    """Any case of letters, one level, any depth, keys with dots, lists by index or looked through."""
    metadata = {"account": 1, "deep": {"account": 2}, "a.b": 3, "list": [{"id": 4}, {"id": 5}]}
    compiled = policies({"m": [{"paths": [path], "as": "X"}]})
    assert masked(CallRecord(call_id="c-1", details=metadata), compiled, "m").generation["metadata"] == expected


def test_no_path_reaches_the_facts_of_guardrails() -> None:
    """`**` means what the caller said, not who decided about it."""
    record = CallRecord(call_id="c-1", guardrails=({"name": "g", "status": "ok"},), details={"name": "n"})
    seen = masked(record, policies({"m": [{"paths": ["**.name"]}]}), "m")
    assert (seen.guardrails, seen.generation["metadata"]) == (({"name": "g", "status": "ok"},), {"name": HIDDEN})


def test_a_path_reaches_into_json_in_a_string() -> None:
    """Tool arguments are text, and stay text that parses, written as before."""
    arguments = '{"query": {"account": "123"}, "n": 1}'
    compiled = policies({"m": [{"paths": ["input.**.account"]}]})
    seen = masked_input([{"function": {"arguments": arguments}}], compiled, "m")
    assert seen == [{"function": {"arguments": '{"query": {"account": "' + HIDDEN + '"}, "n": 1}'}}]


def test_remove_takes_a_key_or_an_element_out() -> None:
    """Nothing is left that would say there was something."""
    compiled = policies({"m": [{"paths": ["input.a", "tags[0]", "trace.user_id", "output"], "action": "remove"}]})
    record = CallRecord(call_id="c-1", input={"a": 1, "b": 2}, output="x")
    seen = masked(record, compiled, "m", trace={"tags": ["one", "two"], "user_id": "u", "name": "n"})
    assert (seen.input, seen.output) == ({"b": 2}, None)
    assert seen.trace == {"name": "n", "tags": ["two"]}


def test_fields_keep_their_types_when_they_are_hidden() -> None:
    """Tags stay a list, metadata an object; a hidden switch is off."""
    paths = ["tags", "trace.metadata", "trace.public", "trace.name", "generation", "model_parameters", "model"]
    record = CallRecord(call_id="c-1", model="m", model_parameters={"n": 1}, details={"a": 1})
    seen = masked(
        record,
        policies({"m": [{"paths": paths}]}),
        "m",
        trace={"tags": ["a"], "metadata": {"k": 1}, "public": True, "name": "n", "release": "r"},
        generation={"name": "g"},
    )
    assert seen.trace == {"name": HIDDEN, "tags": [HIDDEN], "release": "r", "metadata": {"redacted": HIDDEN}}
    assert seen.generation == {"name": HIDDEN, "metadata": {"redacted": HIDDEN}}
    assert (seen.model, seen.model_parameters) == (HIDDEN, {"redacted": HIDDEN})


def test_the_strictest_of_several_masks_decides() -> None:
    """Whatever their order: remove beats redact beats hash."""
    compiled = policies(
        {
            "hash": [{"paths": ["trace.user_id"], "action": "hash", "key": KEY}],
            "redact": [{"paths": ["trace.user_id"]}],
            "remove": [{"paths": ["trace.*"], "action": "remove"}],
        }
    )
    record = CallRecord(call_id="c-1")
    for names in (["hash", "redact"], ["redact", "hash"]):
        assert masked(record, compiled, *names, trace={"user_id": "u"}).trace == {"user_id": HIDDEN}
    assert masked(record, compiled, "remove", "hash", trace={"user_id": "u"}).trace == {}


# -- pseudonyms ----------------------------------------------------------------------------------------

SECRET = "0123456789abcdef0123456789abcdef"


def test_a_pseudonym_is_the_same_within_a_project_and_only_there() -> None:
    """So that a user can be followed, but two projects cannot be joined."""
    compiled = policies({"m": [{"paths": ["trace.user_id"], "action": "hash", "key": KEY}]}, {"MASK_KEY": SECRET})
    record = CallRecord(call_id="c-1")
    one, again, other, elsewhere = (
        masked(record, compiled, "m", trace={"user_id": user}, project=project).trace["user_id"]
        for user, project in (("u-1", "payments"), ("u-1", "payments"), ("u-2", "payments"), ("u-1", "search"))
    )
    assert one == again
    assert len({one, other, elsewhere}) == 3
    assert one == "hash_ypny_2jtb3xoatk7f4ltvynh4"


def test_two_spellings_of_an_address_get_one_pseudonym() -> None:
    """E-mail without case, cards by their digits."""
    compiled = policies({"m": [{"detect": ["email", "credit_card"], "action": "hash", "key": KEY}]})
    assert len(set(masked_input(["Jane@Example.com", "jane@example.com"], compiled, "m"))) == 1
    assert len(set(masked_input([CARD, CARD.replace(" ", "-")], compiled, "m"))) == 1


def test_without_an_environment_pseudonyms_say_that_they_are_for_tests() -> None:
    """`router explain` shows the shape without the key."""
    compiled = policies({"m": [{"paths": ["input"], "action": "hash", "key": KEY}]})
    assert masked_input("u-1", compiled, "m") == "hash_test_jxkb2bbkxxo3ryxkw7ib"


def test_a_pseudonym_is_not_hashed_again_and_cannot_be_forged() -> None:
    """Its last characters authenticate it."""
    compiled = policies({"m": [{"paths": ["input"], "action": "hash", "key": KEY}]})
    token = masked_input("u-1", compiled, "m")
    assert masked_input(token, compiled, "m") == token
    ends = policies({"m": [{"pattern": "[a-z0-9]$", "action": "hash", "key": KEY}]})
    assert len(masked_input("u1", ends, "m")) == 1 + len(token)
    for char in ("a", "é"):
        forged = masked_input(f"hash_test_{char * 20}", compiled, "m")
        assert forged.startswith("hash_test_")
        assert char * 20 not in forged


def test_hashing_an_object_hashes_its_leaves() -> None:
    """Lists and objects keep their shape; keys are looked at by the detectors."""
    compiled = policies({"m": [{"paths": ["input"], "action": "hash", "key": KEY}, {"detect": ["email"]}]})
    seen = masked_input({EMAIL: ["u-1", None, ""], "n": 5}, compiled, "m")
    assert list(seen) == ["[EMAIL]", "n"]
    assert seen["[EMAIL]"][0].startswith("hash_test_")
    assert seen["[EMAIL]"][1:] == [None, ""]
    assert seen["n"].startswith("hash_test_")


def test_a_value_is_hashed_as_it_was_before_anything_in_it_was_found() -> None:
    """What two texts share is looked for in a copy."""
    whole = {"paths": ["input"], "action": "hash", "key": KEY}
    halves = [AWS_KEY[:10], AWS_KEY[10:]]
    alone, both = (policies({"m": [whole, *more]}) for more in ([], [{"detect": ["api_key"]}]))
    assert masked_input(halves, both, "m") == masked_input(halves, alone, "m")


# -- detectors in the record ---------------------------------------------------------------------------


def test_detectors_see_every_field_that_is_sent() -> None:
    """Texts, keys, long integers, ids, names, tags, the error and JSON in strings."""
    record = CallRecord(
        call_id=EMAIL,
        call_type=EMAIL,
        model=EMAIL,
        status="failure",
        input=[{"content": f"mail {EMAIL}", EMAIL: 1, "n": 4111111111111111, "f": 4111111111111111.0}],
        output={"arguments": json.dumps({"card": 4111111111111111, "inner": json.dumps({"k": AWS_KEY})})},
        error=CallError(type="BadRequestError", message=EMAIL, code=EMAIL),
        model_parameters={"stop": [EMAIL]},
        usage_details={EMAIL: 1, "input": 3},
        details={"note": EMAIL, "deep": [{"x": EMAIL}]},
    )
    fields = ("name", "user_id", "session_id", "version", "release", "environment")
    trace = {**dict.fromkeys(fields, EMAIL), "tags": [EMAIL], "metadata": {EMAIL: EMAIL}}
    named = {"name": EMAIL, "version": EMAIL}
    ids = Ids(trace_id=EMAIL, parent_observation_id=EMAIL)
    seen = masked(record, everything(), "all", trace=trace, generation=named, ids=ids)
    assert seen.input == [{"content": "mail [EMAIL]", "[EMAIL]": 1, "n": "[CREDIT_CARD]", "f": "[CREDIT_CARD]"}]
    assert seen.output == {"arguments": '{"card": "[CREDIT_CARD]", "inner": "{\\"k\\": \\"[API_KEY]\\"}"}'}
    assert seen.status_message == "BadRequestError: [EMAIL]"
    assert seen.trace["tags"] == ["[EMAIL]"]
    assert seen.generation["metadata"]["trace_id"] == "[EMAIL]"
    assert EMAIL not in dump(seen)
    assert "4111" not in dump(seen)


def test_keys_that_become_equal_keep_their_values() -> None:
    """No value is lost because two keys were masked alike."""
    assert masked_input({"a@b.de": 1, "c@d.de": 2, "[EMAIL]": 3}, everything(), "all") == {
        "[EMAIL]": 1,
        "[EMAIL]~2": 2,
        "[EMAIL]~3": 3,
    }


def test_a_detector_can_be_kept_to_a_path() -> None:
    """Elsewhere it finds nothing."""
    compiled = policies({"m": [{"detect": ["email"], "paths": ["input.messages", "metadata.note"], "as": "<@>"}]})
    record = CallRecord(
        call_id="c-1", input={"messages": [EMAIL], "other": EMAIL}, output=EMAIL, details={"note": EMAIL, "x": EMAIL}
    )
    seen = masked(record, compiled, "m")
    assert (seen.input, seen.output) == ({"messages": ["<@>"], "other": EMAIL}, EMAIL)
    assert seen.generation["metadata"] == {"note": "<@>", "x": EMAIL}


@pytest.mark.parametrize("path", ["input", "input.messages[*].content", "output.content"])
def test_a_detector_kept_to_the_input_or_output_looks_at_the_error_too(path: str) -> None:
    """For it quotes them."""
    record = CallRecord(call_id="c-1", status="failure", error=CallError(type="E", message=f"refused: {EMAIL}"))
    assert (
        masked(record, policies({"m": [{"detect": ["email"], "paths": [path]}]}), "m").status_message
        == "E: refused: [EMAIL]"
    )


def test_a_pattern_is_replaced_by_its_label() -> None:
    """Or by `[REDACTED]`; an empty match is none."""
    compiled = policies({"m": [{"pattern": r"CVV \d{3}", "as": "[CVV]"}, {"pattern": "E-[0-9]+|x*"}]})
    assert masked_input("CVV 123, E-77", compiled, "m") == "[CVV], [REDACTED]"


def test_overlapping_hits_become_one() -> None:
    """The union of their extents goes; the strictest, then the longest, writes."""
    compiled = policies(
        {
            "wide": [{"pattern": "mail jane", "as": "[W]"}, {"pattern": "jane.{30}", "as": "[LONG]"}],
            "mail": [{"detect": ["email"]}],
            "gone": [{"pattern": "example", "action": "remove"}],
        }
    )
    assert masked_input(f"a mail {EMAIL} z", compiled, "wide", "mail") == "a [EMAIL] z"
    assert masked_input(f"a mail {EMAIL} z", compiled, "wide", "mail", "gone") == "a  z"


@pytest.mark.parametrize("names", [("hash", "redact"), ("redact", "hash")])
def test_redact_beats_hash_wherever_both_find_something(names: tuple[str, ...]) -> None:
    """The same detector, and a pattern that overlaps its hit, in either order."""
    compiled = policies(
        {
            "hash": [{"detect": ["email"], "action": "hash", "key": KEY}],
            "redact": [{"detect": ["email"]}],
            "part": [{"pattern": "jane"}],
        }
    )
    assert masked_input(f"to {EMAIL}", compiled, *names) == "to [EMAIL]"
    others = ["part" if name == "redact" else name for name in names]
    assert masked_input(f"to {EMAIL}", compiled, *others) == "to [REDACTED]"


def test_what_comes_together_when_text_is_taken_out_is_looked_at_again() -> None:
    """As often as it takes, up to a bound; beyond it the field is withheld."""
    compiled = policies({"m": [{"pattern": "SECRET-[0-9]{4}", "action": "remove"}]})
    text = "SECRET-1234"
    for _ in range(7):
        text = f"SEC{text}RET-1234"
    assert masked_input(f"a {text} b", compiled, "m") == "a  b"
    seen = masked(CallRecord(call_id="c-1", input=f"a SEC{text}RET-1234 b", output="o"), compiled, "m")
    assert (seen.input, seen.output, seen.failures) == ("[MASK FAILED: m]", "o", ("m",))


def test_a_greedy_pattern_does_not_mask_its_own_labels() -> None:
    """However they stand side by side, and pseudonyms neither."""
    compiled = policies(
        {
            "redact": [{"pattern": "[^ ]{5,20}"}],
            "hash": [{"pattern": "[a-z0-9]{10,}", "action": "hash", "key": KEY}],
        }
    )
    assert masked_input("x" * 2000, compiled, "redact") == "[REDACTED]" * 100
    once = masked_input("_abcdefghijkl_", compiled, "hash")
    assert once.startswith("_hash_test_")
    assert len(once) == len("_hash_test__") + 20
    assert masked_input(once, compiled, "hash") == once


def test_counts_name_detectors_and_never_values() -> None:
    """What the trace says about itself afterwards."""
    compiled = policies({"m": [{"detect": ["email", "credit_card"]}, {"pattern": "x+"}, {"paths": ["output"]}]})
    record = CallRecord(call_id="c-1", input=[EMAIL, EMAIL, CARD, "xxx", {"password": "p"}], output="o")
    seen = masked(record, compiled, "m")
    assert seen.masked == {"email": 2, "credit_card": 1, "pattern": 1, "path": 1, "secret_name": 1}
    assert "masked={" in repr(seen)
    assert EMAIL not in repr(seen)


def test_text_without_hits_is_not_touched() -> None:
    """Not a byte, JSON in a string included."""
    for text in ('{"a":1, "b" : [2,3] }', "{not json", "é – ‘x’\\n \\u00e9", "[1, 2", '{"a": 1, "a": 1.10}x'):
        assert masked_input(text, everything(), "all") == text


# -- keys that name secrets ----------------------------------------------------------------------------


def test_values_of_keys_that_name_secrets_never_leave() -> None:
    """Without any mask, at any depth, in JSON in a string, and as credentials of LiteLLM."""
    record = CallRecord(
        call_id="c-1",
        input=[{"api_key": NEEDLE, "args": json.dumps({"password": NEEDLE, "max_tokens": 5})}],
        output={"token": NEEDLE, "headers": {"Authorization": NEEDLE, "Accept": "json"}, "pin": {"secret": [NEEDLE]}},
        details={
            "callback_vars": {"langfuse_host": NEEDLE},
            "headers": {"x-any": NEEDLE},
            "user_api_key_auth": {"a": NEEDLE},
        },
    )
    seen = masked(record, policies({}))
    assert NEEDLE not in dump(seen)
    assert seen.input == [{"api_key": "[REMOVED]", "args": '{"password": "[REMOVED]", "max_tokens": 5}'}]
    assert seen.output == {
        "token": "[REMOVED]",
        "headers": {"Authorization": "[REMOVED]", "Accept": "json"},
        "pin": {"secret": "[REMOVED]"},
    }
    assert seen.masked == {"secret_name": 8}


def test_such_values_leave_no_fact_either() -> None:
    """Also where no path leads and no mask applies: in the JSON of what a guardrail was given."""
    told = {"name": "g", "input": json.dumps({"password": NEEDLE}), "output": {"api_key": NEEDLE}}
    seen = masked(CallRecord(call_id=json.dumps({"token": NEEDLE}), guardrails=(told,)), policies({}))
    assert NEEDLE not in dump(seen)
    assert seen.guardrails == ({"name": "g", "input": '{"password": "[REMOVED]"}', "output": {"api_key": "[REMOVED]"}},)
    assert seen.masked == {"secret_name": 3}


def test_what_only_shares_a_name_with_secrets_stays() -> None:
    """Schemas of tools, log probabilities, empty values and switches."""
    kept = {
        "properties": {"password": {"type": "string", "description": "of the user"}},
        "logprobs": [{"token": "Hello", "logprob": -0.1}],
        "api_key": None,
        "secret": True,
        "token": "",
        "cost_per_token": 0.1,
        "pass": 12,
        "test_pass": "yes",
        "key_phrase": "catch me",
        "user_api_key_alias": "checkout",
        "raw_request": "of a tool's parameter, not of metadata",
    }
    assert masked_input(kept, policies({})) == kept


@pytest.mark.parametrize(
    ("key", "value", "beside"),
    [
        ("password", NEEDLE, {"logprob": 0}),
        ("access_token", NEEDLE, {"logprob": 0}),
        ("password", {"type": "string", "value": NEEDLE}, {}),
        ("password", {"type": "string", "default": NEEDLE}, {}),
        ("password", {"type": "string", "const": NEEDLE}, {}),
        ("password", {"type": "string", "enum": [NEEDLE]}, {}),
        ("password", {"type": "string", "example": NEEDLE}, {}),
        ("password", {"type": "object", "properties": {"a": {"type": "string", "default": NEEDLE}}}, {}),
        ("pass", NEEDLE, {}),
        ("dbpassword", NEEDLE, {}),
        ("csrftoken", NEEDLE, {}),
        ("pass\u200bword", NEEDLE, {}),
        ("p\u200bassword", NEEDLE, {}),
        ("pass\x00word", NEEDLE, {}),
        ("se\x00cret", NEEDLE, {}),
        ("\uff50assword", NEEDLE, {}),
        ("x" * 129 + "_password", NEEDLE, {}),
        ("password", {"type": "object", "anyOf": [{"type": "string", "default": NEEDLE}]}, {}),
        ("pass_phrase", NEEDLE, {}),
        ("callback\u200b_vars", {"a": NEEDLE}, {}),
        ("callback-vars", {"a": NEEDLE}, {}),
        ("standard_callback_dynamic_params", {"a": NEEDLE}, {}),
    ],
)
def test_no_disguise_of_a_key_keeps_its_secret(key: str, value: Any, beside: dict[str, Any]) -> None:
    """As data, and as JSON in a string, escaped or not."""
    given = {key: value, **beside}
    for content in (given, json.dumps(given), json.dumps(given, ensure_ascii=False)):
        assert NEEDLE not in dump(masked(CallRecord(call_id="c-1", input=content), policies({})))


@pytest.mark.parametrize("around", ["\ufeff", "\u00a0", " ", "\n\t", "\u200b", "\x00", "\u2028 \ufeff"])
def test_json_is_opened_behind_blanks_of_any_kind(around: str) -> None:
    """A byte order mark or a no-break space does not hide a secret."""
    content = f'{around}{{"password": "{NEEDLE}"}}{around}'
    assert masked_input(content, policies({})) == '{"password": "[REMOVED]"}'


def test_json_with_line_breaks_in_its_strings_is_opened() -> None:
    """Strictly it is none, but a reader does not mind."""
    content = f'{{"password": "one\n{NEEDLE}", "note": "two\nlines"}}'
    assert masked_input(content, policies({})) == '{"password": "[REMOVED]", "note": "two\\nlines"}'


def test_long_numbers_are_looked_at_with_their_fraction() -> None:
    """A card number with decimals is one; a duration and a point in time are not."""
    given = [4111111111111111.5, -4111111111111111.5, 0.4111111111111111, 1790000000.123456, 12.5]
    seen = masked_input(given, everything(), "all")
    assert seen == ["[CREDIT_CARD].5", "-[CREDIT_CARD].5", *given[2:]]


def test_a_repeated_key_in_json_does_not_hide_a_secret() -> None:
    """A parser sees the last one, a reader both."""
    seen = masked_input('{"password": "' + NEEDLE + '", "password": null}', policies({}))
    assert seen == '{"password": null}'


# -- what is not JSON ----------------------------------------------------------------------------------


class Colour(StrEnum):
    RED = "red"


class Hostile:
    def __repr__(self) -> str:
        raise AssertionError("repr() of a foreign object")

    __str__ = __repr__


def test_what_json_cannot_hold_becomes_a_marker() -> None:
    """Foreign objects are never asked for their text."""
    cycle: dict[str, Any] = {"a": 1}
    cycle["me"] = cycle
    seen = masked_input(
        {
            "bytes": b"x",
            "set": {1},
            "object": Hostile(),
            "tuple": (1, "b"),
            "enum": Colour.RED,
            "proxy": MappingProxyType({"a": 1}),
            "nan": float("nan"),
            "inf": float("-inf"),
            "huge": 10**5000,
            "surrogate": "a\ud800b",
            1: "one",
            None: "none",
            (1, 2): "pair",
            "cycle": cycle,
        },
        policies({}),
    )
    assert seen == {
        "bytes": "[MASKED:bytes]",
        "set": "[MASKED:set]",
        "object": "[MASKED:Hostile]",
        "tuple": [1, "b"],
        "enum": "red",
        "proxy": {"a": 1},
        "nan": "nan",
        "inf": "-inf",
        "huge": "[MASKED:int]",
        "surrogate": "a\ufffdb",
        "1": "one",
        "null": "none",
        "[MASKED:tuple]": "pair",
        "cycle": {"a": 1, "me": "[MASKED:cycle]"},
    }


def test_what_is_too_deep_or_too_much_becomes_a_marker() -> None:
    """No recursion error, and nothing passes unread."""
    deep: Any = NEEDLE
    for _ in range(5000):
        deep = [deep]
    assert NEEDLE not in json.dumps(masked_input(deep, policies({})))
    many = [NEEDLE if n == 250_000 else 0 for n in range(250_001)]
    assert masked_input(many, policies({}))[-1] == "[MASKED:size]"
    nested = "[" * 100_000 + NEEDLE
    assert masked_input(nested, everything(), "all") in (nested, "[MASKED:depth]")
    closed = "[" * 100_000 + f'{{"password": "{NEEDLE}"}}' + "]" * 100_000
    assert NEEDLE not in masked_input(closed, policies({}))
    secret = '{"a":' * 70 + '{"password": "' + NEEDLE + '"}' + "}" * 70
    assert NEEDLE not in masked_input(secret, policies({}))


def test_no_method_of_a_foreign_object_is_called() -> None:
    """Whether it poses as a list, an object, a text or a number; what it really holds is masked as ever."""

    def fails(*_: Any, **__: Any) -> Any:
        raise AssertionError(NEEDLE)

    special = ("__str__", "__repr__", "__iter__", "__len__", "__bool__", "__hash__", "__eq__", "__format__")
    named = ("items", "keys", "values", "get", "encode", "decode", "is_integer", "bit_length", "isascii", "__getitem__")
    hostile = {
        kind: type(f"Hostile{kind.__name__}", (kind,), dict.fromkeys((*special, *named), fails))
        for kind in (list, tuple, dict, str, int, float, object)
    }
    given = [
        hostile[list]([EMAIL]),
        hostile[tuple]([EMAIL]),
        hostile[dict](a=EMAIL),
        hostile[str](EMAIL),
        hostile[int](4111111111111111),
        hostile[float](4111111111111111.0),
        hostile[object](),
    ]
    expected = [["[EMAIL]"], ["[EMAIL]"], {"a": "[EMAIL]"}, "[EMAIL]", "[CREDIT_CARD]", "[CREDIT_CARD]"]
    assert masked_input(given, everything(), "all") == [*expected, "[MASKED:Hostileobject]"]


def test_a_huge_text_is_looked_through_to_its_end() -> None:
    """Six megabytes, with a card number last."""
    seen = masked_input("word " * 1_200_000 + CARD, everything(), "all")
    assert seen.endswith("word [CREDIT_CARD]")


def test_what_holds_content_does_not_show_it() -> None:
    """A traceback with local variables is a log line as well."""
    ids = span_ids(CallRecord(call_id="c-1"), Ids(trace_id=NEEDLE), lambda _: False)
    document = build_document(CallRecord(call_id="c-1", input=NEEDLE), Plan(rule="r"), ids)
    assert ids.foreign_trace_id == NEEDLE
    assert document.tree["input"] == NEEDLE
    assert NEEDLE not in repr(ids) + repr(document)


def test_the_record_is_not_changed() -> None:
    """Masking works on its own copy."""
    record = CallRecord(call_id="c-1", input=[{"content": EMAIL, "password": "x"}], details={"a": [EMAIL]})
    before = copy.deepcopy((record.input, record.details))
    masked(record, everything(), "all", "mask-input")
    assert (record.input, record.details) == before


def test_log_probabilities_do_not_give_back_what_a_mask_hides() -> None:
    """They hold the answer in pieces, as tokens and as bytes; where nothing is looked for they stay."""
    pieces = [{"token": "jane", "logprob": -0.1, "bytes": [106, 97]}, {"token": ".doe@example.com", "logprob": -0.1}]
    output = {"content": EMAIL, "logprobs": {"content": pieces}, "text": [{"top_logprobs": pieces}]}
    seen = masked_input(output, everything(), "all")
    assert seen == {
        "content": "[EMAIL]",
        "logprobs": "[MASKED:logprobs]",
        "text": [{"top_logprobs": "[MASKED:logprobs]"}],
    }
    assert masked_input(output, policies({})) == output


# -- failures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [ValueError(EMAIL), RecursionError(), MemoryError(), BaseException(EMAIL), SystemExit(1)]
)
def test_a_failing_detector_withholds_the_field_it_looked_at(error: BaseException) -> None:
    """The call arrives, with a marker that names the mask and nothing else."""
    compiled = policies({"pii": [{"detect": ["email"]}]}, detectors={"email": Broken(error)})
    record = CallRecord(call_id="c-1", input=EMAIL, output={"content": EMAIL}, usage_details={"input": 3})
    seen = masked(record, compiled, "pii", trace={"name": EMAIL, "tags": [EMAIL], "metadata": {"a": EMAIL}})
    assert (seen.input, seen.output) == ("[MASK FAILED: pii]", "[MASK FAILED: pii]")
    assert seen.trace == {
        "name": "[MASK FAILED: pii]",
        "tags": ["[MASK FAILED: pii]"],
        "metadata": {"redacted": "[MASK FAILED: pii]"},
    }
    assert seen.failures == ("pii",)
    assert EMAIL not in dump(seen)


def test_a_failing_detector_leaves_the_fields_that_it_does_not_look_at() -> None:
    """A path keeps the failure where it belongs."""
    compiled = policies({"pii": [{"detect": ["email"], "paths": ["input"]}]}, detectors={"email": Broken(ValueError())})
    seen = masked(CallRecord(call_id="c-1", input="in", output="out"), compiled, "pii")
    assert (seen.input, seen.output, seen.failures) == ("[MASK FAILED: pii]", "out", ("pii",))


def test_a_failing_path_withholds_the_field_it_leads_to() -> None:
    """And no other; the failure names the mask and quotes nothing."""
    steps = [{"paths": ["trace.user_id"], "action": "hash", "key": KEY}]
    policy = policies({"ids": steps}, {"MASK_KEY": "k" * 32}).policy(["ids"])
    (step,) = policy.steps
    unusable = PseudonymKey("none", cast(bytes, None))
    for drops in (False, True):
        broken = replace(step, whole=replace(cast(Replacement, step.whole), key=unusable, drops=drops))
        walk = Walk(replace(policy, steps=(broken,)), "payments")
        with pytest.raises(MaskFailed) as failed:
            walk.field(EMAIL, ("trace", "user_id"))
        assert (failed.value.mask, failed.value.drops, failed.value.__cause__) == ("ids", drops, None)
        assert EMAIL not in repr(failed.value)
        assert walk.field(NEEDLE, ("input",)) == NEEDLE


def test_a_step_that_fails_can_drop_the_call() -> None:
    """Then nothing of it is sent, whatever other masks and fields say."""
    steps = [{"detect": ["email"], "paths": ["metadata"], "on_error": "drop"}]
    compiled = policies({"pii": steps, "other": [{"paths": ["input"]}]}, detectors={"email": Broken(ValueError(EMAIL))})
    record = CallRecord(call_id="c-1", input=NEEDLE, output=NEEDLE, details={"a": NEEDLE})
    for names in (("pii", "other"), ("other", "pii")):
        seen = masked(record, compiled, *names)
        assert (seen.drop, seen.failures) == (True, ("pii",))
        assert NEEDLE not in dump(seen)
    harmless = masked(CallRecord(call_id="c-1", input=NEEDLE), compiled, "pii")
    assert (harmless.drop, harmless.input) == (False, NEEDLE)


@pytest.mark.parametrize(
    ("key", "value", "told"), [("a.b", "v-1", "v-1"), ("flag", True, "True"), ("trace_user_id", "u-1", "u-1")]
)
def test_a_tag_is_hidden_as_the_value_that_it_says(key: str, value: Any, told: str) -> None:
    """Spelled as LiteLLM spells it, under a key with dots, and at the place of the trace that the key means."""
    path = "trace.user_id" if key == "trace_user_id" else f"metadata.'{key}'"
    record = CallRecord(call_id="c-1", metadata={key: value})
    seen = masked(record, policies({"m": [{"paths": [path]}]}), "m", trace={"tags": [f"{key}:{told}", "x"]})
    assert seen.trace["tags"] == [f"{key}:{HIDDEN}", "x"]


@pytest.mark.parametrize(("on_error", "tags"), [("redact", ["x"]), ("drop", [])])
def test_a_tag_whose_value_cannot_be_masked_is_left_out(on_error: str, tags: list[str]) -> None:
    """It says what stands at a place that the mask guards, even where nothing stands there."""
    steps = [{"detect": ["email"], "paths": ["trace.user_id"], "on_error": on_error}]
    compiled = policies({"pii": steps}, detectors={"email": Broken(ValueError(EMAIL))})
    record = CallRecord(call_id="c-1", input="i", metadata={"trace_user_id": NEEDLE})
    seen = masked(record, compiled, "pii", trace={"tags": [f"trace_user_id:{NEEDLE}", "x"]})
    assert (seen.drop, seen.trace.get("tags", [])) == (on_error == "drop", tags)
    assert NEEDLE not in dump(seen)


def test_a_record_that_cannot_be_read_is_dropped_where_a_step_says_so() -> None:
    """Also by a step of media, which itself cannot fail."""

    class Unreadable(Mapping[str, Any]):
        __getitem__ = __iter__ = __len__ = cast(Any, lambda *_: 1 / 0)

    record = CallRecord(call_id="c-1", input=NEEDLE, details=Unreadable())
    for on_error in ("redact", "drop"):
        seen = masked(record, policies({"m": [{"media": "describe", "on_error": on_error}]}), "m")
        assert (seen.drop, seen.failures) == (on_error == "drop", ("walk",))
        assert NEEDLE not in dump(seen)


def test_an_interrupt_is_not_swallowed() -> None:
    """Ctrl-C belongs to the process."""
    compiled = policies({"pii": [{"detect": ["email"]}]}, detectors={"email": Broken(KeyboardInterrupt())})
    with pytest.raises(KeyboardInterrupt):
        masked(CallRecord(call_id="c-1", input="x"), compiled, "pii")


def test_an_unknown_mask_withholds_everything() -> None:
    """As does a plan that decided no masks for the project."""
    record = CallRecord(call_id="c-1", input=NEEDLE, output=NEEDLE, details={"a": NEEDLE}, model=NEEDLE)
    plan = Plan(rule="r", route=("p",), masks={"p": ("nope",)}, trace={"user_id": NEEDLE, "name": NEEDLE})
    for given, marker in ((plan, "nope"), (Plan(rule="r", route=("p",), trace=plan.trace), "walk")):
        seen = mask(record, given, "p", policies({}))
        assert (seen.input, seen.output) == (f"[MASK FAILED: {marker}]", f"[MASK FAILED: {marker}]")
        assert seen.failures == (marker,)
        assert NEEDLE not in dump(seen)


@pytest.mark.parametrize("error", [ValueError, RecursionError, MemoryError, BaseException])
def test_a_record_that_cannot_be_read_is_withheld(error: type[BaseException]) -> None:
    """A walk that fails lets nothing through, whatever it fails of."""

    class Unreadable(Mapping[str, Any]):
        def __iter__(self) -> Any:
            raise error(NEEDLE)

        def __len__(self) -> int:
            return 1

        def __getitem__(self, key: str) -> Any:
            return NEEDLE

    seen = masked(CallRecord(call_id="c-1", input=NEEDLE, details=Unreadable()), everything(), "all")
    assert (seen.input, seen.failures) == ("[MASK FAILED: walk]", ("walk",))
    assert NEEDLE not in dump(seen)


# -- ids -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5bd9cb469fa16570867728950e"),
        ("trace-id22", "685a65d77e063cbf3de4786a6738ff38"),
        ("0" * 32, "84e0c0eafaa95a34c293f278ac52e45c"),
    ],
)
def test_a_trace_id_becomes_what_litellm_and_langfuse_make_of_it(text: str, expected: str) -> None:
    """Hexadecimal and UUIDs pass, anything else is hashed, so that calls of both loggers meet in one trace."""
    assert normalise_trace_id(text) == expected


def test_a_span_id_of_16_hex_digits_passes() -> None:
    """An observation of the caller's own can be the parent."""
    assert normalise_span_id("00F067AA0BA902B7") == "00f067aa0ba902b7"
    assert normalise_span_id("obs-id9") == "a19dd6635cab0eb1"


def test_the_ids_of_a_call_are_stable_and_free_of_content() -> None:
    """The same attempt gets the same span; another attempt of the same call another one."""
    one, again = (masked(CallRecord(call_id="c-1", model_id="d-1"), policies({})) for _ in range(2))
    other = masked(CallRecord(call_id="c-1", model_id="d-2"), policies({}))
    assert (one.span_seed, one.span_id) == (again.span_seed, again.span_id)
    assert one.span_id == one.span_seed[:16] != other.span_id
    assert one.trace_id == other.trace_id == normalise_trace_id("c-1")
    attempts = (CallRecord(call_id=call_id, request_id="r-1") for call_id in ("c-1", "c-2"))
    assert {masked(record, policies({})).trace_id for record in attempts} == {normalise_trace_id("r-1")}


def test_the_granted_ids_are_used() -> None:
    """The caller's own spelling is kept as metadata where it had to be hashed."""
    ids = Ids(trace_id="trace-id22", continues=True, parent_observation_id="obs", generation_id="gen-1")
    seen = masked(CallRecord(call_id="c-1"), policies({}), ids=ids)
    assert seen.trace_id == "685a65d77e063cbf3de4786a6738ff38"
    assert (seen.continues_trace, seen.parent_span_id) == (True, normalise_span_id("obs"))
    assert seen.span_id == normalise_span_id("gen-1")
    assert seen.generation["metadata"] == {"trace_id": "trace-id22"}
    seen = masked(CallRecord(call_id="c-1"), policies({}), ids=Ids(trace_id="ab" * 16))
    assert (seen.trace_id, seen.generation) == ("ab" * 16, {})


def test_an_id_that_a_mask_would_hide_is_hashed() -> None:
    """A card number of 16 digits is 16 hex digits as well."""
    ids = Ids(
        trace_id="4111111111111111-0000000000000000",
        generation_id="4111-1111-1111-1111",
        parent_observation_id="5555555555554444",
    )
    record = CallRecord(call_id="c-1")
    cards = policies({"m": [{"detect": ["credit_card"]}]})
    assert masked(record, policies({}), ids=ids).span_id == "4111111111111111"
    seen = masked(record, cards, "m", ids=ids)
    assert seen.span_id == sha256(b"4111-1111-1111-1111").hexdigest()[:16]
    assert seen.parent_span_id == sha256(b"5555555555554444").hexdigest()[:16]
    assert seen.trace_id == sha256(b"4111111111111111-0000000000000000").hexdigest()[:32]
    assert "4111" not in dump(seen)
    apart = Ids(generation_id="41111-11111111111")  # a card once its dash is gone
    assert masked(record, cards, "m", ids=apart).span_id == sha256(b"41111-11111111111").hexdigest()[:16]
    dashed = policies({"m": [{"pattern": "dead-beef"}]})
    spelled = Ids(generation_id="dead-beef-00000001")
    assert masked(record, dashed, "m", ids=spelled).span_id == sha256(b"dead-beef-00000001").hexdigest()[:16]
    harmless = Ids(trace_id="ab" * 16, generation_id="00f067aa0ba902b7")
    assert masked(record, cards, "m", ids=harmless).span_id == "00f067aa0ba902b7"


@pytest.mark.parametrize("names", [("pii",), ("unknown",)])
def test_an_id_that_cannot_be_looked_at_is_hashed(names: tuple[str, ...]) -> None:
    """Where the mask fails, and where it is unknown."""
    compiled = policies({"pii": [{"detect": ["email"]}]}, detectors={"email": Broken(ValueError())})
    ids = Ids(trace_id="ab" * 16, generation_id="00f067aa0ba902b7")
    seen = masked(CallRecord(call_id="c-1"), compiled, *names, ids=ids)
    assert seen.trace_id == sha256(b"ab" * 16).hexdigest()[:32]
    assert seen.span_id == sha256(b"00f067aa0ba902b7").hexdigest()[:16]


def test_a_client_of_the_proxy_does_not_choose_the_trace() -> None:
    """It sets the call id by a header, so another key never meets it; all attempts of a call do."""
    victim = "0af7651916cd43dd8448eb211c80319c"
    one, other = (CallRecord(call_id=victim, origin="proxy", key_hash=key) for key in ("k-1", "k-2"))
    failed = replace(one, status="failure", model="m-2", model_id="d-2", start_time_unix_nano=5)
    traces = [masked(record, policies({})).trace_id for record in (one, other, failed)]
    assert victim not in traces
    assert traces[0] == traces[2] != traces[1]
    assert masked(one, policies({}), ids=Ids(trace_id=victim)).trace_id == victim
    assert masked(CallRecord(call_id=victim), policies({})).trace_id == victim


def test_a_session_never_becomes_the_trace() -> None:
    """Else all calls of a session would be one trace."""
    seen = masked(CallRecord(call_id="c-1", session_id="s-1"), policies({}))
    assert seen.trace_id == normalise_trace_id("c-1")
    assert not seen.continues_trace


def test_a_failed_attempt_does_not_take_the_span_of_its_fallback() -> None:
    """Both carry the same generation_id; only the success gets it."""
    ids = Ids(generation_id="gen-1")
    failed = masked(CallRecord(call_id="c-1", status="failure"), policies({}), ids=ids)
    succeeded = masked(CallRecord(call_id="c-1"), policies({}), ids=ids)
    assert succeeded.span_id == normalise_span_id("gen-1") != failed.span_id


# -- compiling -----------------------------------------------------------------------------------------


def test_every_step_that_cannot_be_compiled_is_reported() -> None:
    """With the place of its mask."""
    with pytest.raises(ConfigError) as caught:
        policies(
            {
                "a": [{"pattern": "("}, {"paths": ["inptu"]}, {"action": "remove"}],
                "b": [{"paths": ["input"], "action": "hash"}, {"paths": ["input..x"]}],
            }
        )
    messages = [problem.message for problem in caught.value.problems]
    fields = "content, error, generation, input, metadata, model, model_parameters, output, tags, trace"
    assert messages == [
        "step 1 of mask `a` cannot be compiled: missing ): (",
        f"step 2 of mask `a` cannot be compiled: `inptu` is not a field; there are {fields}",
        "step 3 of mask `a` cannot be compiled: it says neither where (`paths`) nor what (`detect`, `pattern`, `keys`)",
        "step 1 of mask `b` cannot be compiled: `action: hash` needs a `key`",
        "step 2 of mask `b` cannot be compiled: nothing that can be read stands at `.x`",
    ]
    assert [problem.code for problem in caught.value.problems] == ["RT210", "RT232", "RT230", "RT231", "RT232"]
    assert caught.value.problems[0].location == Location("routing.yaml", 7, 3)


def test_a_step_that_names_what_is_not_there_is_no_step() -> None:
    """Neither a detector that nobody has, nor a pseudonym under a key that was not read: not the one of tests."""
    steps: list[dict[str, Any]] = [{"detect": ["email", "emial"]}, {"paths": ["input"], "action": "hash", "key": KEY}]
    with pytest.raises(ConfigError) as caught:
        policies({"m": steps}, {"OTHER_KEY": SECRET})
    assert [(problem.code, problem.message) for problem in caught.value.problems] == [
        ("RT260", "step 1 of mask `m` cannot be compiled: there is no detector `emial`"),
        ("RT231", "step 2 of mask `m` cannot be compiled: the value of its `key` was not read"),
    ]


def test_a_short_key_is_refused() -> None:
    """And not printed."""
    with pytest.raises(ConfigError) as caught:
        policies({"m": [{"paths": ["input"], "action": "hash", "key": KEY}]}, {"MASK_KEY": "hunter2-hunter2"})
    assert str(caught.value).endswith("a pseudonym key needs at least 32 bytes")
    assert "hunter2" not in str(caught.value)


def test_the_union_of_masks_is_compiled_once() -> None:
    """Per tuple of names; the two built-in masks always exist."""
    compiled = policies({"a": [{"paths": ["input"]}]})
    assert compiled.policy(["a", "mask-output"]) is compiled.policy(("a", "mask-output"))
    assert compiled.names == ("a", "mask-input", "mask-output")
    with pytest.raises(UnknownMask) as caught:
        compiled.policy(["b"])
    assert str(caught.value) == "unknown mask `b`"


def test_mask_text_and_mask_value_try_masks_on_a_sample() -> None:
    """What `router mask` prints."""
    compiled = everything()
    assert mask_text(f"mail {EMAIL}", compiled, ["all"]) == ("mail [EMAIL]", {"email": 1})
    assert mask_value({"a": [EMAIL], "password": "x"}, compiled, ["all"]) == (
        {"a": ["[EMAIL]"], "password": "[REMOVED]"},
        {"email": 1, "secret_name": 1},
    )
    assert mask_text("x", compiled, ["mask-input"]) == (HIDDEN, {"path": 1})
    with pytest.raises(UnknownMask):
        mask_text("x", compiled, ["nope"])


def test_policies_are_made_without_a_configuration_too() -> None:
    """A program that loads nothing still has the two built-in masks."""
    assert MaskingPolicies.compile({}, {}).names == ("mask-input", "mask-output")
