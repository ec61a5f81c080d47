"""Properties of masking: whatever the record, whatever the masks."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from router.masking import MaskedRecord, mask, mask_text, mask_value
from router.routing.plan import Ids, Plan
from router.routing.record import CallError, CallRecord
from tests.masks import ALL_DETECTORS, AWS_KEY, CARD, EMAIL, JWT, KEY, OPENAI_KEY, PEM, dump, everything, policies

CANARY = "canary.bird@example.com"
EVERYTHING = everything()
MASKS = policies(
    {
        "mail": [{"detect": ["email"]}],
        "cards": [{"detect": ["credit_card"], "as": "[PAN]"}],
        "keys": [{"detect": ["api_key", "jwt", "private_key"]}],
        "words": [{"pattern": "[a-c]+"}],
        "hash": [{"paths": ["**.a", "trace.user_id"], "action": "hash", "key": KEY}],
        "nothing": [{"paths": ["metadata.'no such key'"]}],
        "gone": [{"paths": ["input.**.b", "metadata"], "action": "remove"}],
        "cut": [{"pattern": "[0-9]{3}", "paths": ["input"], "action": "remove"}],
    }
)

ACTIONS = ("redact", "remove", "hash")
ALL_ACTIONS = policies(
    {
        action: [{"detect": ALL_DETECTORS, "action": action, **({"key": KEY} if action == "hash" else {})}]
        for action in ACTIONS
    },
    {"MASK_KEY": "k" * 40},
)
SIDE_BY_SIDE = (
    *(EMAIL, CARD, AWS_KEY, OPENAI_KEY, JWT, PEM, "4111111111111111", "DE89370400440532013000", "536-90-4399"),
    *("DE89 3704 0044 0532 0130 00", "203.0.113.7", "2001:db8::8a2e:370:7334", "00:1a:2b:3c:4d:5e", "415-555-0198"),
    *("+49 30 23125 777", "(415) 555-0198", "https://bob:hunter2x@host.example/", "password=hunter2xy"),
    *("Authorization: Bearer abcdef0123456789abcd", "bo@example.org", "ops@status.example.com"),
)
"""A value for every built-in detector."""
MARKS = ("", *" ,;:/|+-_=@.#&?*\\\n\t\"'(<[{%~^$!a1", ", ", " - ", "=>")

around = st.text(st.sampled_from(' .,;:!?"/\\\n\t(){}[]<>%&#–é谢\u200b=@'), max_size=4)
fragments = st.sampled_from(
    [EMAIL, CARD, AWS_KEY, OPENAI_KEY, JWT, PEM, "4111", "@", "a.b", '{"a": 1}', '"', "\\u0034", "%40", "４", "[EMAIL]"]
)
texts = st.lists(fragments | around | st.text(max_size=8), max_size=6).map("".join)
leaves = texts | st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([4111111111111111])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
junk = st.recursive(
    leaves | st.binary(max_size=3) | st.builds(object) | st.just(...) | st.dates() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers())
        | st.dictionaries(st.integers() | st.none() | st.tuples(st.text(max_size=2)) | texts, inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def holders(draw: st.DrawFn) -> Any:
    """Return a value with the canary somewhere in it: in a text, as a key, in JSON in a string."""
    value: Any = f"{draw(around)} {CANARY} {draw(around)}"
    for _ in range(draw(st.integers(0, 4))):
        wrap = draw(st.integers(0, 3))
        if wrap == 0:
            value = [draw(leaves), value]
        elif wrap == 1:
            value = {draw(texts): value, "x": draw(leaves)}
        elif wrap == 2 and isinstance(value, str):
            value = {value: draw(leaves)}
        else:
            value = [{"content": value}]
    return value


def parameters(contents: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(["stop", "n", "tool_choice", "user"]), contents)


@st.composite
def records(draw: st.DrawFn, contents: st.SearchStrategy[Any]) -> CallRecord:
    """Return a call whose content comes from `contents`."""
    text = texts
    return CallRecord(
        call_id=draw(text),
        call_type=draw(text),
        status=draw(st.sampled_from(["success", "failure"])),
        model=draw(text),
        model_id=draw(st.none() | text),
        model_parameters=draw(parameters(contents)),
        usage_details=draw(st.none() | st.dictionaries(text, st.integers(), max_size=2)),
        input=draw(contents),
        output=draw(contents),
        error=draw(st.none() | st.builds(CallError, type=text, message=text, code=st.none() | text)),
        details=draw(st.dictionaries(text, contents, max_size=2)),
    )


def plan(*names: str, **trace: Any) -> Plan:
    return Plan(rule="r", route=("p",), masks={"p": names}, trace=trace, ids=Ids(trace_id=CANARY, generation_id=CANARY))


@given(records(holders()), holders())
def test_a_canary_is_nowhere_in_what_is_sent(record: CallRecord, elsewhere: Any) -> None:
    """Under a mask that detects it, wherever it was."""
    trace = {"name": elsewhere, "user_id": CANARY, "tags": [CANARY], "metadata": {"k": elsewhere}}
    seen = mask(record, plan("all", **trace), "p", EVERYTHING)
    assert CANARY not in dump(seen)
    assert not seen.failures


@given(holders(), holders(), parameters(holders()))
def test_content_is_nowhere_in_what_is_sent_under_whole_redaction(
    asked: Any, answered: Any, model_parameters: dict[str, Any]
) -> None:
    """No detector is asked: the fields are rebuilt, not searched."""
    bare = CallRecord(
        call_id="c-1",
        input=asked,
        output=answered,
        error=CallError(type=CANARY, message=CANARY, code=CANARY),
        model_parameters=model_parameters,
    )
    whole = Plan(rule="r", route=("p",), masks={"p": ("mask-input", "mask-output")})
    assert CANARY not in dump(mask(bare, whole, "p", EVERYTHING))


@given(texts)
@example(f"{EMAIL}@{EMAIL}")
@example('{"a": "jane@example.com", "b": "{\\"c\\": \\"4111111111111111\\"}"}')
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """What masking writes is not masked again."""
    once, _ = mask_text(text, EVERYTHING, ["all"])
    assert mask_text(once, EVERYTHING, ["all"])[0] == once


@given(st.sampled_from(SIDE_BY_SIDE), st.sampled_from(MARKS), st.sampled_from(SIDE_BY_SIDE), st.sampled_from(ACTIONS))
@example("4111111111111111", ",", "536-90-4399", "redact")
@example("2001:db8::8a2e:370:7334", "/", "4111111111111111", "redact")
@example("2001:db8::8a2e:370:7334", ":", "DE89370400440532013000", "remove")
@example("(415) 555-0198", " and ", "5550199", "redact")
@example("AKIA" + "LALEMEL33243OLIB", ": ", "Zt8w3Xv1Qm", "redact")
@example("bo@example.org", "", "ops@status.example.com", "hash")
@example("password=hunter2xy", "\\", "DE89 3704 0044 0532 0130 00", "hash")
def test_values_side_by_side_are_all_found_at_once(first: str, mark: str, second: str, action: str) -> None:
    """Where one keeps the other from being seen, that is looked for again once the first is gone."""
    once, _ = mask_text(first + mark + second, ALL_ACTIONS, [action])
    assert mask_text(once, ALL_ACTIONS, [action])[0] == once
    assert "MASK FAILED" not in once


@given(values, st.lists(st.sampled_from(MASKS.names), unique=True, max_size=4))
@example([10_000, 4111111111111111], ["mail", "cut"])
@example([{"text": 10_000}, {"text": 4111111111111111}], ["mail", "cut"])
def test_masking_a_value_twice_changes_nothing_more(value: Any, names: list[str]) -> None:
    """Pseudonyms included, and what meets when text between is taken out."""
    once, _ = mask_value(value, MASKS, names)
    assert mask_value(once, MASKS, names)[0] == once


@given(records(junk), junk, st.lists(st.sampled_from([*MASKS.names, "unknown"]), max_size=4))
def test_masking_never_raises(record: CallRecord, elsewhere: Any, names: list[str]) -> None:
    """Whatever Python can put into a record, what comes out is JSON."""
    seen = mask(record, plan(*names, name=elsewhere, tags=elsewhere, metadata=elsewhere, public=elsewhere), "p", MASKS)
    assert isinstance(seen, MaskedRecord)
    dump(seen).encode()


@given(records(values | st.builds(json.dumps, values)), values)
def test_no_mask_and_a_mask_that_finds_nothing_show_the_same(record: CallRecord, elsewhere: Any) -> None:
    """The first takes a shorter way, on which keys that name secrets count as well."""
    hidden = json.dumps({"password": elsewhere, "n": [json.dumps({"secret": "s", "a": 1})]})
    record = replace(record, output=[hidden, {"a": [elsewhere, hidden]}])
    trace = {"name": "n", "metadata": {"a": elsewhere, "b": json.dumps({"api_key": elsewhere})}}
    short = mask(record, plan(**trace), "p", MASKS)
    long = mask(record, plan("nothing", **trace), "p", MASKS)
    assert replace(short, masks=()) == replace(long, masks=())


@given(values)
def test_masking_changes_nothing_of_the_callers(value: Any) -> None:
    """It works on its own copy."""
    record = CallRecord(call_id="c-1", input=value, details={"a": value})
    before = copy.deepcopy(value)
    mask(record, plan("all"), "p", EVERYTHING)
    assert repr(record.input) == repr(before)


@given(holders(), st.lists(st.sampled_from(MASKS.names), unique=True, max_size=4))
def test_another_mask_never_exposes_what_one_hides(value: Any, names: list[str]) -> None:
    """Masks only add up, in any order."""
    for order in (["mail", *names], [*names, "mail"]):
        seen = mask(CallRecord(call_id="c-1", input=value, output=value), plan(*order), "p", MASKS)
        assert CANARY not in dump(seen)
