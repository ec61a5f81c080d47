"""Matchers: what holds, what does not, and the words they give as reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.model import Match
from router.routing.matchers import compile_match, conjunction, glob_to_regex
from router.routing.request import record_from_request

HOLDS = [
    ({"team": "payments"}, {"team": "payments"}),
    ({"team": ["search", "payments"]}, {"team": "payments"}),
    ({"team": {"not": "search"}}, {"team": "payments"}),
    ({"team": {"not": "search"}}, {}),
    ({"team": {"glob": "pay*"}}, {"team": "payments"}),
    ({"team": {"glob": "p?y[a-m]*s"}}, {"team": "payments"}),
    ({"team": {"glob": "*.com"}}, {"team": "a.b.com"}),
    ({"team": {"glob": "[!x]*"}}, {"team": "payments"}),
    ({"team": {"regex": "pay(ments)?"}}, {"team": "payments"}),
    ({"team": {"exists": True}}, {"team": "payments"}),
    ({"team": {"exists": False}}, {}),
    ({"team": {"glob": "pay*", "not": "pay"}}, {"team": "payments"}),
    ({"tags": "prod"}, {"tags": ["eu", "prod"]}),
    ({"tags": {"any_of": ["x", "prod"]}}, {"tags": ["eu", "prod"]}),
    ({"tags": {"all_of": ["eu", "prod"]}}, {"tags": ["eu", "prod", "z"]}),
    ({"tags": {"none_of": ["x"]}}, {"tags": ["eu"]}),
    ({"tags": {"none_of": ["x"]}}, {}),
    ({"stream": True}, {"stream": True}),
    ({"metadata.tier": 3}, {"metadata": {"tier": "3"}}),
    ({"metadata.tier": 3}, {"metadata": {"tier": 3.0}}),
    ({"metadata.a.b": "c"}, {"metadata": {"a": {"b": "c"}}}),
    ({"metadata.a.b": "c"}, {"metadata": {"a.b": "c"}}),
    ({"metadata.list": "x"}, {"metadata": {"list": ["x", "y"]}}),
    ({"header.x-team": "a"}, {"headers": {"X-Team": "a"}}),
    ({"model": "gpt-4o"}, {"model": "gpt-4o", "provider": "openai"}),
    ({"model": "openai/gpt-4o"}, {"model": "gpt-4o", "provider": "openai"}),
    ({"model": "openai/gpt-4o"}, {"model": "openai/gpt-4o", "provider": "openai"}),
    ({"model": "smart"}, {"model": "gpt-4o", "model_group": "smart"}),
    ({"cost": {"gt": 1}}, {"cost": 1.5}),
    ({"cost": {"gte": 1, "lt": 5}}, {"cost_details": {"input": 0.25, "output": 0.75}}),
    ({"cost": 0}, {"cost": 0}),
    ({"tokens": {"lte": 30}}, {"tokens": 30}),
    ({"tokens": {"gte": 1000000}}, {"usage_details": {"input": 900_000, "cache_read_input_tokens": 100_000}}),
    ({"input_tokens": {"gte": 10}}, {"usage_details": {"input": 3, "cache_read_input_tokens": 7, "output": 1}}),
    ({"output_tokens": {"gt": 4}}, {"usage_details": {"output": 2, "output_reasoning_tokens": 3, "total": 5}}),
    ({"latency": {"gt": 2, "lte": 2.5}}, {"latency": 2.5}),
    ({"metadata.amount": {"gt": 100}}, {"metadata": {"amount": 100.5}}),
    ({"metadata.amount": {"gt": 100}}, {"metadata": {"amount": "500"}}),
    ({"tokens": {"not": {"gt": 5}}}, {"tokens": 5}),
    ({"any": [{"team": "a"}, {"team": "b"}]}, {"team": "b"}),
    ({"all": [{"team": "b"}, {"tags": "x"}]}, {"team": "b", "tags": ["x"]}),
    ({"not": {"team": "a"}}, {"team": "b"}),
    ({"team": "b", "any": [{"tags": "x"}, {"stream": True}]}, {"team": "b", "stream": True}),
]
FAILS = [
    ({"team": "payments"}, {"team": "Payments"}),
    ({"team": "payments"}, {}),
    ({"team": "pay"}, {"team": "payments"}),
    ({"team": {"glob": "pay"}}, {"team": "payments"}),
    ({"team": {"glob": "*"}}, {}),
    ({"team": {"regex": "pay"}}, {"team": "payments"}),
    ({"team": {"regex": ".*"}}, {}),
    ({"team": {"exists": True}}, {"metadata": {"team": ""}}),
    ({"team": {"not": ["search", "payments"]}}, {"team": "payments"}),
    ({"tags": {"all_of": ["eu", "prod"]}}, {"tags": ["eu"]}),
    ({"tags": {"none_of": ["x"]}}, {"tags": ["x"]}),
    ({"metadata.a.b": "c"}, {"metadata": {"a": "c"}}),
    ({"metadata.a": "x"}, {"metadata": {"a": {"x": 1}}}),
    ({"header.x-team": "a"}, {"metadata": {"x-team": "a"}}),
    ({"cost": {"gt": 1}}, {"cost": 1}),
    ({"cost": {"gte": 1, "lt": 5}}, {"cost": 5}),
    ({"cost": {"gte": 0}}, {}),
    ({"cost": {"gte": 0}}, {"cost_details": {"total": True}}),
    ({"cost": {"lt": 9}}, {"cost_details": ["junk"]}),
    ({"tokens": {"gte": 0}}, {"usage_details": {"total": float("nan"), "input": float("inf"), "output": "7"}}),
    ({"tokens": {"lte": 30}}, {"usage_details": {"input": 10, "total": 31}}),
    ({"input_tokens": {"gte": 0}}, {"tokens": 30}),
    ({"latency": {"gte": 0}}, {}),
    ({"metadata.amount": {"gt": 100}}, {"metadata": {"amount": "many"}}),
    ({"metadata.amount": {"gt": 100}}, {"metadata": {"amount": "inf"}}),
    ({"metadata.amount": {"lt": 100}}, {"metadata": {"amount": float("nan")}}),
    ({"metadata.amount": {"gte": 0}}, {"metadata": {"amount": True}}),
    ({"metadata.amount": {"gt": 100}}, {"metadata": {"amount": 10**400}}),
    ({"metadata.amount": {"gt": 100}}, {"metadata": {"amount": [50, 500]}}),
    ({"metadata.amount": {"gt": 100}}, {"metadata": {"amount": {"x": 500}}}),
    ({"metadata.amount": {"gt": 100}}, {}),
    ({"any": [{"team": "a"}, {"team": "b"}]}, {"team": "c"}),
    ({"team": "b", "stream": True}, {"team": "b"}),
]


def _condition(match: dict[str, object]):
    return conjunction(compile_match(Match.model_validate(match)))


@pytest.mark.parametrize(("match", "request_"), HOLDS)
def test_a_matcher_holds(match: dict[str, object], request_: dict[str, object]) -> None:
    """Each form of matcher holds for the call it describes."""
    assert _condition(match).holds(record_from_request(request_))


@pytest.mark.parametrize(("match", "request_"), FAILS)
def test_a_matcher_does_not_hold(match: dict[str, object], request_: dict[str, object]) -> None:
    """Each form of matcher fails for a call that is merely similar."""
    assert not _condition(match).holds(record_from_request(request_))


@pytest.mark.parametrize(
    ("match", "request_", "why"),
    [
        ({"team": "a"}, {"team": "a"}, 'team = "a"'),
        ({"team": "a"}, {"team": "b"}, 'team = "a", got "b"'),
        ({"team": "a"}, {}, 'team = "a", but it is missing'),
        ({"team": ["a", "b"]}, {"team": "b"}, "team ∈ [a, b]"),
        ({"team": {"not": "a"}}, {"team": "a"}, 'team not = "a", got "a"'),
        ({"tags": {"any_of": ["a"]}}, {"tags": ["x", "y"]}, "tags has one of [a], got [x, y]"),
        ({"model": {"glob": "gpt-*"}}, {"model": "claude"}, 'model like "gpt-*", got "claude"'),
        ({"model": {"regex": "gpt.*"}}, {"model": "gpt-4"}, "model matching /gpt.*/"),
        ({"cost": {"gte": 1, "lt": 5}}, {"cost": 1.5}, "cost ≥ 1 and < 5"),
        ({"cost": {"gte": 1, "lt": 5}}, {"cost": 7}, 'cost ≥ 1 and < 5, got "7"'),
        ({"tokens": {"gt": 1000000}}, {}, "tokens > 1000000, but it is missing"),
        ({"any": [{"team": "a"}, {"team": "b"}]}, {"team": "b"}, 'team = "b"'),
        ({"any": [{"team": "a"}, {"team": "b"}]}, {"team": "c"}, 'none of: team = "a", got "c" | team = "b", got "c"'),
        ({"not": {"team": "a"}}, {"team": "a"}, 'not (team = "a")'),
        ({"team": "a", "stream": True}, {"team": "a"}, 'stream = "true", got "false"'),
    ],
)
def test_a_matcher_gives_its_reason(match: dict[str, object], request_: dict[str, object], why: str) -> None:
    """The reason names the attribute, what was wanted, and what was found."""
    assert _condition(match).why(record_from_request(request_)) == why


@given(st.text(alphabet="ab*?[]!^\\.-", max_size=12), st.text(alphabet="ab[]!^\\.-", max_size=8))
def test_any_text_is_a_glob(pattern: str, text: str) -> None:
    """No pattern that an operator can write makes the compiled matcher raise, a hostile set apart."""
    import re2

    try:
        compiled = re2.compile(f"(?s:{glob_to_regex(pattern)})")
    except re2.error:
        assert "[" in pattern
    else:
        compiled.fullmatch(text)


@given(st.text(alphabet="abc.+(){}|$", max_size=8))
def test_a_glob_without_wildcards_is_the_text_itself(text: str) -> None:
    """Characters that mean something in regular expressions mean nothing in a glob."""
    condition = _condition({"team": {"glob": text}}) if text else None
    if condition is not None:
        assert condition.holds(record_from_request({"team": text}))
