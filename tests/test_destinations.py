"""Masks of one destination: a project of a fan-out sees less than the others, and tests say what each of them gets."""

from __future__ import annotations

from typing import Any

import pytest

from router.config import load_text
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable
from router.verify import run_tests

CONFIG = """
version: 1
projects: {pay: {env: A}, shared: {env: B}, audit: {env: C}}
masks: {no-content: [{paths: [input, output]}]}
defaults: {mask: [secrets]}
overlays: [{id: eu, match: {metadata.region: eu}, mask: [pii]}]
rules:
  - {id: pay, match: {team: pay}, route: [pay, {project: shared, mask: [no-content, pii]}, {project: audit}]}
  - {id: few, match: {team: few}, route: pay, sample: 0}
  - {id: rest, route: {project: shared, mask: [no-content]}}
"""


def _plan(request: dict[str, Any]) -> Plan:
    return RoutingTable.compile(load_text(CONFIG)).resolve(record_from_request(request))


def test_masks_of_a_destination_are_added_for_that_project_only() -> None:
    """They come after those of the defaults, the overlays and the rule, and before those of the request."""
    plan = _plan({"team": "pay", "metadata": {"mask_output": True}})
    assert plan.masks == {
        "pay": ("secrets", "mask-output"),
        "shared": ("secrets", "no-content", "pii", "mask-output"),
        "audit": ("secrets", "mask-output"),
    }
    reasons = [reason.effect for reason in plan.because if reason.source == "rule pay"]
    assert reasons == ["route pay, shared, audit", "mask no-content for shared", "mask pii for shared"]


def test_a_mask_that_holds_for_all_is_not_told_again_for_one() -> None:
    """Each mask stands once in the list of a project, and once among the reasons."""
    plan = _plan({"team": "pay", "metadata": {"region": "eu"}})
    assert plan.masks["shared"] == ("secrets", "pii", "no-content")
    assert [reason.effect for reason in plan.because if "pii" in reason.effect] == ["mask pii"]


def test_a_single_destination_can_be_a_mapping() -> None:
    """`route: {project: …, mask: […]}` is a route to one project."""
    plan = _plan({})
    assert (plan.route, plan.masks) == (("shared",), {"shared": ("secrets", "no-content")})


def test_a_call_that_is_not_sent_has_no_masks() -> None:
    """Neither common ones nor those of a destination."""
    assert _plan({"team": "few"}).masks == {}


@pytest.mark.parametrize(
    ("expect", "differences"),
    [
        ("mask: {shared: [secrets, no-content, pii], pay: [secrets]}", []),
        ("sent_to: {shared: {input: redacted-by-litellm}, pay: {input: words}}", []),
        ("mask: {pay: [secrets, pii]}", [("mask for pay", ["secrets", "pii"], ["secrets"])]),
        (
            "mask: [secrets]",
            [("mask for shared", ["secrets"], ["secrets", "no-content", "pii"])],
        ),
        (
            "sent_to: {shared: {input: words}}",
            [("sent to shared: input", "words", "redacted-by-litellm")],
        ),
    ],
)
def test_a_test_says_what_each_project_gets(expect: str, differences: list[Any]) -> None:
    """A list of masks is for every project of the route, a mapping for the ones that it names."""
    loaded = load_text(f"{CONFIG}tests:\n  - {{name: t, request: {{team: pay, input: words}}, expect: {{{expect}}}}}\n")
    (result,) = run_tests(loaded)
    assert [(found.what, found.expected, found.got) for found in result.differences] == differences


def test_a_test_notices_that_a_project_does_not_get_the_call() -> None:
    """What is expected of a project outside the route is not met."""
    loaded = load_text(f"{CONFIG}tests:\n  - {{name: t, expect: {{sent_to: {{pay: {{input: x}}}}}}}}\n")
    (result,) = run_tests(loaded)
    (found,) = result.differences
    assert (found.what, found.got) == ("sent to pay", "nothing: the call does not go there")


def test_no_mask_for_a_project_is_not_met_by_a_call_that_does_not_go_there():
    """`mask: {b: []}` says that b gets the call, and gets it without a mask."""
    text = (
        "version: 1\nprojects: {a: {env: A}, b: {env: B}}\n"
        "rules: [{id: z, match: {team: z}, route: b}, {id: r, route: a}]\n"
        "tests:\n  - {name: elsewhere, expect: {mask: {b: []}}}\n"
        "  - {name: there, request: {team: z}, expect: {mask: {b: []}}}\n"
    )
    elsewhere, there = run_tests(load_text(text))
    (found,) = elsewhere.differences
    assert (found.what, found.got) == ("mask for b", "nothing: the call does not go there")
    assert there.passed
