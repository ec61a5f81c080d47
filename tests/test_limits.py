"""Langfuse's limits: what it would drop or alter unseen is altered here, after masking, and the plan says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import load_text
from router.config.limits import fitted, told
from router.masking import MaskedRecord, MaskingPolicies, mask
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable

HEAD = "version: 1\nprojects: {a: {env: A}}\n"


def _sent(rule: str, request: dict[str, Any]) -> tuple[Plan, MaskedRecord]:
    loaded = load_text(f"{HEAD}rules: [{{id: rest, route: a, {rule}}}]\n")
    record = record_from_request(request)
    plan = RoutingTable.compile(loaded).resolve(record)
    return plan, mask(record, plan, "a", MaskingPolicies.compile(loaded.masks, {}))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("production", "production"),
        ("EU West.1", "eu-west-1"),
        ("x" * 50, "x" * 40),
        ("langfuse-prod", "prod"),
        ("Langfuse_LANGFUSE", "default"),
    ],
)
def test_an_environment_is_spelled_as_langfuse_keeps_it(given: str, kept: str) -> None:
    """It would store any other spelling as "default"."""
    assert fitted("environment", given) == kept
    assert fitted("environment", kept) == kept


def test_an_environment_that_fits_is_never_told_to_be_altered() -> None:
    """However often, and in whichever call, it comes."""
    assert [told("environment", "".join(["st", "aging"])) for _ in range(3)] == ["", "", ""]


def test_a_name_is_cut_visibly() -> None:
    """At 1000 units of UTF-16, which is how Langfuse counts; a sign is never cut in two."""
    assert fitted("name", "n" * 1000) == "n" * 1000
    assert fitted("name", "n" * 1001) == "n" * 999 + "…"
    assert fitted("name", "😀" * 500) == "😀" * 500
    assert fitted("name", "😀" * 900) == "😀" * 499 + "…"


@pytest.mark.parametrize("name", ["session_id", "user_id"])
def test_identifiers_that_differ_at_their_ends_stay_two(name: str) -> None:
    """A session that is too long ends in a hash of the whole, so no two sessions become one."""
    one, other = fitted(name, "s" * 200 + "1"), fitted(name, "s" * 200 + "2")
    assert (len(one), one[:184]) == (200, "s" * 183 + "~")
    assert one != other
    assert fitted(name, "s" * 200) == "s" * 200


@given(
    st.sampled_from(["environment", "name", "session_id", "user_id", "tags", "metadata", "version", "public"]),
    st.text(max_size=300)
    | st.text(min_size=1001, max_size=1100)
    | st.lists(st.text(max_size=300))
    | st.dictionaries(st.sampled_from(["routing", "langfuse_tags", "k"]), st.integers())
    | st.none()
    | st.integers(),
)
def test_what_fits_is_left_alone_and_what_was_fitted_fits(name: str, value: object) -> None:
    """Nothing raises, whatever the type; twice gives what once gives; told is what changed."""
    kept = fitted(name, value)
    if name != "metadata" and value != "":
        assert fitted(name, kept) == kept
    assert bool(told(name, value)) == (kept is not value)


def test_the_plan_tells_what_will_be_altered_and_what_is_sent_is_altered() -> None:
    """Each field by its key, with a reason that shows nothing of its content."""
    request = {
        "session_id": "s" * 300,
        "environment": "Prod EU",
        "tags": ["t" * 201, "short"],
        "metadata": {
            "trace_metadata": {"langfuse_tags": "x", "k": 1},
            "routing": "mine",
            "generation_name": "g" * 1001,
        },
    }
    plan, sent = _sent("trace: {set: {user_id: bo}}", request)
    keys = ("trace.environment", "trace.metadata", "trace.session_id", "trace.tags", "generation.metadata")
    assert sorted(plan.adjusted) == sorted((*keys, "generation.name"))
    assert sorted(sent.adjusted) == sorted(plan.adjusted)
    assert plan.trace["environment"] == "Prod EU"
    assert sent.trace["environment"] == "prod-eu"
    assert [len(tag) for tag in sent.trace["tags"]] == [200, 5]
    assert sent.trace["metadata"] == {"caller_langfuse_tags": "x", "k": 1}
    assert sent.generation["metadata"] == {"caller_routing": "mine"}
    reasons = [reason.effect for reason in plan.because if reason.source == "Langfuse"]
    assert "trace.session_id cut to 200 characters, ending in a hash: Langfuse would drop it" in reasons
    assert len(reasons) == 6
    assert "ssss" not in "".join(reasons)


def test_a_session_is_masked_before_it_is_cut() -> None:
    """A card number across the cut is found as a whole."""
    plan, sent = _sent("mask: [pii]", {"session_id": "s" * 176 + " 4111 1111 1111 1111" + " t" * 50})
    assert plan.adjusted == sent.adjusted == ("trace.session_id",)
    assert sent.trace["session_id"].startswith("s" * 176 + " [CREDI")
    assert "4111" not in sent.trace["session_id"]


def test_a_mask_can_make_a_cut_needless() -> None:
    """The plan announces it, and what is sent was not cut."""
    loaded_mask = "mask: [hide]}]\nmasks: {hide: [{paths: [trace.session_id]}]}\n#"
    plan, sent = _sent(loaded_mask, {"session_id": "s" * 300})
    assert (plan.adjusted, sent.adjusted) == (("trace.session_id",), ())
    assert sent.trace["session_id"] == "redacted-by-litellm"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("tags", "{expr: metadata}", "trace.tags left out: it must be a list of text"),
        ("tags", "{expr: '[team, metadata]'}", "trace.tags without an item that is not text"),
        ("public", "'{team}'", "trace.public left out: it must be true or false"),
        ("name", "{expr: tags}", "trace.name left out: it must be text"),
        ("metadata", "{expr: team}", "trace.metadata left out: it must be a mapping"),
    ],
)
def test_a_value_of_a_wrong_type_is_left_out_visibly(field: str, value: str, told: str) -> None:
    """Its rule and line are named, and the rest of the update holds."""
    plan, _ = _sent(
        f"trace: {{set: {{{field}: {value}, metadata.k: 1}}}}",
        {"team": "maybe", "tags": ["x"], "metadata": {"a": {"b": 1}}},
    )
    (reason,) = [reason for reason in plan.because if reason.adjusts]
    assert (reason.effect, reason.source, reason.line) == (told, "rule rest", 3)
    assert plan.adjusted == (f"trace.{field}",)
    assert plan.trace["metadata"] == {"k": 1}


def test_what_is_empty_is_not_of_a_wrong_type() -> None:
    """An expression that finds nothing sets nothing, and nothing is told."""
    plan, _ = _sent("trace: {set: {tags: {expr: tags}, name: {expr: team}}}", {})
    assert (plan.adjusted, plan.trace) == ((), {"name": "litellm-completion"})
