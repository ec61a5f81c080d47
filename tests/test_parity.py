"""Ours beside LiteLLM's own Langfuse callback: what differs is on purpose, and what is said to differ does."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bench import parity
from bench.parity_cases import CASES
from bench.parity_reasons import ABSENT, REASONS
from tests.seed import ALIKE, seed_compared


@pytest.fixture(scope="module")
def found() -> parity.Parity:
    """Compare every call once."""
    return parity.compare(tuple(CASES))


def test_every_difference_has_a_reason_and_every_reason_a_difference(found: parity.Parity) -> None:
    """What `make parity` ends with."""
    assert [(item.case, item.attribute, item.litellm, item.router) for item in found.unexplained] == []
    assert found.unused == ()


def test_what_a_user_relies_on_is_sent_alike(found: parity.Parity) -> None:
    """Names, ids that were asked for, session, tags, release, prompts: no reason may cover those."""
    about_it = {"guardrail", "long_session"}  # a name, and a session, that Langfuse takes
    differing = {(item.case, item.attribute) for item in found.differences if item.case not in about_it}
    for attribute in ("name", "session.id", "langfuse.trace.name", "langfuse.observation.prompt.version"):
        assert [case for case, name in differing if name == attribute] == []
    for case in ("all_metadata", "all_metadata_stream", "embedding"):
        assert {"trace_id", "span_id", "parent_span_id", "user.id", "langfuse.trace.tags"}.isdisjoint(
            name for of, name in differing if of == case
        )
    assert found.same["all_metadata"] >= 15
    assert found.same["no_log"] == 0  # neither sends it


def test_a_case_finds_the_same_whatever_ran_before_it(found: parity.Parity) -> None:
    """Traces that other cases wrote are none of its business."""

    def of(run: parity.Parity) -> set[tuple[str, str | None]]:
        return {(item.attribute, item.reason) for item in run.differences if item.case == "existing_trace_update"}

    assert of(parity.compare(("existing_trace_update",))) == of(found)


def test_what_the_table_of_the_seed_tells_is_what_was_sent(found: parity.Parity) -> None:
    """docs/seed.md says nothing of LiteLLM's callback that was not measured here."""
    differing = {(item.case, item.attribute): item.litellm for item in found.differences}
    for row, facts in seed_compared().items():
        for fact in facts:
            assert differing.get((fact.case, fact.attribute), ALIKE) == fact.sent, (row, fact.case)
            assert fact.sent is not ALIKE or fact.attribute in found.alike[fact.case], (row, fact.case)


def test_a_difference_nobody_explains_is_told_and_fails(
    found: parity.Parity, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is what a script reads."""
    unexplained = replace(found, differences=tuple(replace(item, reason=None) for item in found.differences))
    monkeypatch.setattr(parity, "compare", lambda names, progress: unexplained)
    assert parity.main(["minimal"]) == 1
    assert "NOBODY HAS SAID WHY" in capsys.readouterr().out
    assert parity.main(["minimal", "--format", "json"]) == 1
    written = json.loads(capsys.readouterr().out)
    assert written["schema"] == "router.parity/v1"
    assert {item["reason"] for item in written["differences"]} == {None}
    monkeypatch.setattr(parity, "compare", lambda names, progress: found)
    assert parity.main([]) == 0
    assert capsys.readouterr().out.endswith(" 0 without a reason\n")


@pytest.mark.parametrize(
    ("attribute", "native", "routed"),
    [
        ("langfuse.observation.output", {"content": "hi", "tool_calls": None}, {"content": "ho"}),
        ("langfuse.observation.output", {"content": "hi"}, ABSENT),
        ("langfuse.observation.usage_details", {"input": 10, "output": 1}, {"input": 10}),
        ("langfuse.observation.model.parameters", {"temperature": 0.2}, ABSENT),
        ("langfuse.observation.metadata.litellm_response_cost", "1e-05", "0.1"),
        ("langfuse.observation.metadata.applied_guardrails", ["pii"], ABSENT),
        ("user.id", "u", ABSENT),
        ("session.id", ABSENT, "s"),
    ],
)
def test_no_reason_covers_what_would_be_wrong(attribute: str, native: object, routed: object) -> None:
    """A reason says in which way ours may differ, not that it may."""
    assert parity.explained("minimal", attribute, native, routed).reason is None


def test_a_call_that_only_one_of_them_sends_differs() -> None:
    """A lost call is the worst difference."""
    span = SimpleNamespace(name="n", trace_id="t", span_id="s", parent_span_id=None, attributes={})
    _, (difference,) = parity.differences_of("minimal", [span], [])  # type: ignore[list-item]
    assert (difference.attribute, difference.litellm, difference.router, difference.reason) == ("spans", 1, 0, None)


def test_every_reason_says_one_thing() -> None:
    """They are printed below what they explain."""
    assert all(reason.reason and reason.reason[-1] != "." for reason in REASONS)
