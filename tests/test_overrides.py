"""What a request may bring, and who may bring it: `overrides:`."""

from __future__ import annotations

from typing import Any

import pytest

from router.config import load_text
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable

HEAD = """
version: 1
projects: {a: {env: A}, b: {env: B}, c: {env: C}, audit: {env: AUDIT}}
masks:
  one: [{detect: [email]}]
  two: [{detect: [jwt]}]
  three: [{detect: [api_key]}]
"""
REST = "rules: [{id: rest, route: a, mask: [one]}]\n"
OPS = "overrides:\n  grants:\n    - {id: ops, match: {key_alias: ops}, projects: [b, c]}\n"
CLIENT = {"origin": "proxy", "key_alias": "ops"}


def plan_of(body: str, request: dict[str, Any]) -> Plan:
    return RoutingTable.compile(load_text(HEAD + body)).resolve(record_from_request(request))


def reasons(plan: Plan) -> list[tuple[str, str]]:
    return [(reason.effect, reason.source) for reason in plan.because if reason.effect.startswith("route ")]


# Keys


def test_a_grant_adds_keys_for_some_callers() -> None:
    """In the proxy: what everybody may, and what every grant that matches adds."""
    body = REST + (
        "overrides:\n  allow: [trace.session_id]\n  grants:\n"
        "    - {id: one, match: {key_alias: ops}, allow: [trace.name]}\n"
        "    - {id: two, when: \"team == 'x'\", allow: [trace.tags]}\n"
    )
    wishes = {"origin": "proxy", "metadata": {"session_id": "s", "trace_name": "n", "tags": ["t"]}}
    assert set(plan_of(body, wishes).denied) == {
        "trace.tags",
        "trace.name",
    }
    assert plan_of(body, {**wishes, "key_alias": "ops"}).denied == ("trace.tags",)
    both = plan_of(body, {**wishes, "key_alias": "ops", "team": "x"})
    assert (both.denied, both.trace["name"], both.trace["tags"]) == ((), "n", ["t"])


def test_a_grant_takes_nothing_away_from_an_application() -> None:
    """Where `allow` is not in the file, an application may set every key of its trace, grants or not."""
    plan = plan_of(REST + OPS, {"metadata": {"trace_name": "n", "tags": ["t"]}})
    assert (plan.trace["name"], plan.denied) == ("n", ())


def test_a_grant_whose_condition_cannot_be_evaluated_grants_nothing() -> None:
    """A text cannot be compared with a number."""
    body = REST + 'overrides: {grants: [{id: g, when: "metadata.n > `3`", allow: [trace.name]}]}\n'
    for number, is_granted in ((4, True), (2, False), ("four", False)):
        plan = plan_of(body, {"origin": "proxy", "metadata": {"n": number, "trace_name": "n"}})
        assert ("trace.name" not in plan.denied) is is_granted


def test_a_grant_lets_some_callers_ask_for_masks() -> None:
    """Where everybody else's wish to hide more is ignored."""
    body = REST + "overrides: {masks: ignore, grants: [{id: g, match: {team: x}, masks: add-only}]}\n"
    assert plan_of(body, {"metadata": {"mask_input": True}}).denied == ("mask.input",)
    assert plan_of(body, {"team": "x", "metadata": {"mask_input": True}}).masks == {"a": ("one", "mask-input")}


# Projects


@pytest.mark.parametrize(
    "wish",
    [
        {"override": {"project": "b"}},
        {"metadata": {"langfuse_project": "b"}},
        {"headers": {"langfuse_project": "b"}},
        {"headers": {"X-Langfuse-Project": "b"}},
    ],
    ids=["by hand", "metadata", "header", "header with hyphens"],
)
def test_a_client_chooses_among_the_projects_of_its_grant(wish: dict[str, Any]) -> None:
    """The choice is named by what let it happen; what the rule hides stays hidden."""
    plan = plan_of(REST + OPS, {**CLIENT, **wish})
    assert (plan.route, plan.masks, plan.rule, plan.denied) == (("b",), {"b": ("one",)}, "rest", ())
    assert reasons(plan) == [("route a", "rule rest"), ("route b instead of a", "grant ops")]
    assert next(one.line for one in plan.because if one.source == "grant ops") == 11


@pytest.mark.parametrize(
    "request_",
    [
        {**CLIENT, "metadata": {"langfuse_project": "audit"}},
        {**CLIENT, "metadata": {"langfuse_project": "made-up"}},
        {"origin": "proxy", "key_alias": "other", "metadata": {"langfuse_project": "b"}},
        {"origin": "proxy", "metadata": {"langfuse_project": "b", "key_alias": "ops", "user_api_key_alias": "ops"}},
        {"key_alias": "other", "metadata": {"langfuse_project": "b"}},
    ],
    ids=["not among its projects", "no project", "another key", "a key that the body claims", "an application"],
)
def test_a_choice_that_nothing_grants_is_denied(request_: dict[str, Any]) -> None:
    """The call goes where its rule says."""
    plan = plan_of(REST + OPS, request_)
    assert (plan.route, plan.denied[0]) == (("a",), "project")


def test_nobody_chooses_unless_the_file_says_so() -> None:
    """Without `projects`, in an application as well."""
    assert plan_of(REST, {"metadata": {"langfuse_project": "b"}}).denied == ("project",)


def test_an_application_chooses_among_the_projects_for_everybody() -> None:
    """Those above the grants are for applications: a client of the proxy could be anybody."""
    body = REST + "overrides: {projects: [b]}\n"
    plan = plan_of(body, {"metadata": {"langfuse_project": "b"}})
    assert (plan.route, reasons(plan)[1]) == (("b",), ("route b instead of a", "overrides"))
    assert plan_of(body, {**CLIENT, "metadata": {"langfuse_project": "b"}}).denied == ("project",)


def test_a_caller_who_is_not_authenticated_chooses_nothing() -> None:
    """Whatever it claims."""
    plan = plan_of(REST + OPS, {**CLIENT, "authenticated": False, "override": {"project": "b"}})
    assert (plan.route, plan.drop) == ((), "unauthenticated")


def test_a_choice_of_the_project_that_the_rule_names_changes_nothing() -> None:
    """And needs no second reason."""
    plan = plan_of("rules: [{id: rest, route: b}]\n" + OPS, {**CLIENT, "override": {"project": "b"}})
    assert (plan.route, plan.denied, reasons(plan)) == (("b",), (), [("route b", "rule rest")])


def test_a_choice_takes_the_place_of_the_first_project_only() -> None:
    """The copies for others stay, so nobody leaves an audit by choosing."""
    body = "rules: [{id: rest, route: [a, {project: audit, mask: [two]}], mask: [one]}]\n" + OPS
    plan = plan_of(body, {**CLIENT, "override": {"project": "b"}})
    assert dict(plan.masks) == {"b": ("one",), "audit": ("one", "two")}
    assert plan.route == ("b", "audit")


def test_a_chosen_project_is_masked_as_the_one_whose_place_it_takes_and_as_itself() -> None:
    """Nothing un-masks: neither the masks of the place nor those of the project are lost."""
    body = "rules: [{id: rest, route: [{project: a, mask: [two]}, {project: b, mask: [three]}], mask: [one]}]\n" + OPS
    plan = plan_of(body, {**CLIENT, "override": {"project": "b"}, "metadata": {"mask_input": True}})
    assert dict(plan.masks) == {"b": ("one", "two", "mask-input", "three")}


def test_a_call_that_a_rule_drops_stays_dropped() -> None:
    """Choosing is no way around `drop`."""
    plan = plan_of("rules: [{id: rest, route: drop}]\n" + OPS.replace("[b, c]", "[a, b, c, audit]"), {
        **CLIENT, "override": {"project": "b"},
    })  # fmt: skip
    assert (plan.route, plan.drop, plan.denied) == ((), "policy", ("project",))


def test_a_choice_does_not_bring_back_what_is_sampled_out() -> None:
    """The sample is decided before."""
    plan = plan_of("rules: [{id: rest, route: a, sample: 0}]\n" + OPS, {**CLIENT, "override": {"project": "b"}})
    assert (plan.route, plan.drop, plan.denied) == ((), "sampled_out", ())


def test_the_wish_is_no_metadata() -> None:
    """`langfuse_project` reaches no project, and `{metadata.langfuse_project}` no rule."""
    plan = plan_of(REST + OPS, {**CLIENT, "metadata": {"langfuse_project": "b"}, "headers": {"langfuse_project": "b"}})
    assert "metadata" not in plan.generation


# Whose word decides

FOR_KEYS = [
    "match: {key_alias: ops}",
    "match: {team: {not: lab}}",
    "match: {tags: [x], org: acme}",
    "match: {all: [{tags: [x]}, {team: x}]}",
    "match: {any: [{team: x}, {key_alias: y, user: z}]}",
    "match: {not: {team: [x, y]}}",
    "match: {desk: x}",
    "when: \"team == 'x'\"",
    "when: \"team == 'x' && metadata.k == 'v'\"",
    "when: \"team == 'x' || key_alias == 'y'\"",
    "when: \"!(org == 'x')\"",
    "match: {tags: [x]}, when: \"starts_with(key_alias, 'ops')\"",
]
FOR_ANYBODY = [
    "",
    "match: {user: ops}",
    "match: {tags: [ops], model: gpt-4o, header.x-key: k}",
    "match: {any: [{team: x}, {metadata.k: v}]}",
    "match: {not: {team: x, user: y}}",
    "match: {not: {}}",
    "match: {provider: openai, status: success, stream: true, call_type: completion}",
    "match: {app: x}",
    "match: {alias: x}",
    "when: \"metadata.team == 'x'\"",
    "when: \"team == 'x' || user == 'y'\"",
    'when: "team == user"',
    "when: \"!(team == 'x' && user == 'y')\"",
]
DECLARED = """attributes:
  desk: {from: [metadata.desk, key_alias]}
  app: {from: header.x-app, trust: caller}
  alias: {from: [key_alias, metadata.alias], trust: caller}
"""


@pytest.mark.parametrize("condition", FOR_KEYS)
def test_a_condition_that_the_key_must_pass_is_one(condition: str) -> None:
    """However it is put together."""
    grant = f"overrides:\n  grants:\n    - {{id: g, projects: [b], {condition}}}\n"
    warnings = load_text(HEAD + DECLARED + REST + grant).warnings
    assert {problem.code for problem in warnings} <= {"RT241", "RT611"}


@pytest.mark.parametrize("condition", FOR_ANYBODY)
def test_a_condition_that_a_client_could_pass_by_itself_is_an_error(condition: str) -> None:
    """Any client could choose."""
    from router.errors import ConfigError

    grant = f"overrides:\n  grants:\n    - {{id: g, projects: [b], {condition}}}\n"
    with pytest.raises(ConfigError) as caught:
        load_text(HEAD + DECLARED + REST + grant)
    assert [problem.code for problem in caught.value.problems if problem.severity == "error"] == ["RT510"]
