"""The routing decision: overlays, first match, updates, overrides, sampling, and the reasons for all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import load_text
from router.errors import RequestError
from router.routing.plan import Ids, Plan
from router.routing.record import CallRecord, Requested
from router.routing.request import record_from_request
from router.routing.table import MAX_REMEMBERED, RoutingTable

HEAD = """
version: 1
projects:
  a: {env: A}
  b: {env: B}
  c: {env: C}
masks:
  one: [{detect: [email]}]
  two: [{detect: [jwt]}]
  three: [{detect: [api_key]}]
"""


def _table(body: str) -> RoutingTable:
    return RoutingTable.compile(load_text(HEAD + body))


def _plan(body: str, request: dict[str, Any]) -> Plan:
    return _table(body).resolve(record_from_request(request))


def test_the_first_rule_that_matches_decides() -> None:
    """Rules are tried top to bottom, and the ones below the match have no effect."""
    body = """
rules:
  - {id: first, match: {team: x}, route: a}
  - {id: second, match: {team: [x, z]}, route: b, mask: [two]}
  - {id: rest, route: c}
"""
    plan = _plan(body, {"team": "x"})
    assert (plan.rule, plan.route, plan.masks) == ("first", ("a",), {"a": ()})
    assert _plan(body, {"team": "y"}).rule == "rest"


def test_masks_are_a_union_in_order() -> None:
    """Defaults, overlays, the rule and the request each add masks; none can take one away."""
    body = """
defaults: {mask: [one]}
overlays:
  - {id: o1, match: {stream: true}, mask: [two, one]}
  - {id: o2, match: {team: nobody}, mask: [three]}
rules:
  - {id: rest, route: [a, b], mask: [three]}
"""
    plan = _plan(body, {"stream": True, "metadata": {"mask_output": "true"}})
    assert plan.masks == dict.fromkeys(("a", "b"), ("one", "two", "three", "mask-output"))
    assert plan.overlays == ("o1",)
    reasons = {(reason.effect, reason.source) for reason in plan.because}
    assert {
        ("mask one", "defaults"),
        ("mask two", "overlay o1"),
        ("mask three", "rule rest"),
        ("mask mask-output", "request"),
        ("route a, b", "rule rest"),
    } <= reasons


@pytest.mark.parametrize("value", [False, "false", "0", 0, None, ""], ids=repr)
def test_a_request_can_never_ask_for_less_hiding(value: object) -> None:
    """A switch that is off adds nothing, and takes nothing away."""
    body = "defaults: {mask: [one]}\nrules: [{id: rest, route: a}]\n"
    plan = _plan(body, {"metadata": {"mask_input": value, "turn_off_message_logging": value}})
    assert plan.masks == {"a": ("one",)}


def test_the_trace_is_merged_in_three_layers() -> None:
    """`default` gives way to the request, the request to `set`; the rule beats overlays; tags are appended once."""
    body = """
overlays:
  - id: o
    trace: {set: {version: o, release: o}, append: {tags: [x, o]}, default: {name: o, session_id: o}}
rules:
  - id: rest
    route: a
    trace:
      set: {version: "{team}-1", metadata.cost: "{metadata.cost}", metadata.who: {expr: "team"}}
      default: {name: r, user_id: r}
      append: {tags: [x, "t:{team}", "m:{metadata.missing}"]}
"""
    request = {"team": "t", "tags": ["x"], "metadata": {"trace_name": "mine", "trace_version": "9", "cost": 7}}
    plan = _plan(body, request)
    assert plan.trace == {
        "name": "mine",
        "session_id": "o",
        "user_id": "r",
        "version": "t-1",
        "release": "o",
        "tags": ["x", "o", "t:t"],
        "metadata": {"cost": "7", "who": "t"},
    }
    assert plan.generation["metadata"] == {"cost": 7}


def test_names_are_automatic_where_nobody_gives_one() -> None:
    """Trace and generation are named as LiteLLM names them; a continued trace keeps its name."""
    body = "rules: [{id: rest, route: a}]\n"
    plain = _plan(body, {"call_type": "acompletion"})
    assert (plain.trace["name"], plain.generation["name"]) == ("litellm-acompletion",) * 2
    assert _plan(body, {"key_alias": "k"}).generation["name"] == "litellm:k"
    assert "name" not in _plan(body, {"metadata": {"existing_trace_id": "t"}}).trace


def test_update_keys_count_only_on_a_continued_trace() -> None:
    """What a rule or a request wants to overwrite is overwritten only where there is something."""
    body = "rules: [{id: rest, route: a, trace: {update_keys: [trace_name, input]}}]\n"
    assert _plan(body, {"metadata": {"update_trace_keys": ["output"]}}).update_keys == ()
    plan = _plan(body, {"metadata": {"existing_trace_id": "t", "update_trace_keys": ["output"]}})
    assert plan.update_keys == ("output", "name", "input")


def test_a_continued_trace_keeps_what_is_not_updated() -> None:
    """Neither the request nor a rule renames or retags a trace that exists, unless update keys say so."""
    body = "rules: [{id: rest, route: a, trace: {set: {name: n, environment: e}, append: {tags: [t]}}}]\n"
    wishes = {"existing_trace_id": "t", "trace_user_id": "u", "session_id": "s"}
    assert _plan(body, {"metadata": wishes}).trace == {"environment": "e"}
    wishes["update_trace_keys"] = "trace_user_id,tags"
    assert _plan(body, {"metadata": wishes}).trace == {"environment": "e", "user_id": "u", "tags": ["t"]}


def test_in_the_proxy_a_request_may_set_nothing_unless_it_is_listed() -> None:
    """Every wish that is not allowed is ignored, and recorded by its key."""
    wishes = {
        "origin": "proxy",
        "host_tags": ["host"],
        "tags": ["mine"],
        "override": {"project": "b"},
        "metadata": {
            "trace_name": "n",
            "session_id": "s",
            "trace_id": "t",
            "generation_id": "g",
            "parent_observation_id": "p",
            "trace_metadata": {"k": 1, "l": 2},
            "other": 3,
            "update_trace_keys": ["input"],
            "mask_input": True,
        },
    }
    plan = _plan("rules: [{id: rest, route: a}]\n", wishes)
    assert plan.trace == {"name": "litellm-completion", "tags": ["host"]}
    assert plan.masks == {"a": ("mask-input",)}
    assert set(plan.denied) == {
        "project",
        "trace.name",
        "trace.session_id",
        "trace.tags",
        "trace.id",
        "generation.id",
        "generation.parent",
        "trace.metadata.k",
        "trace.metadata.l",
        "generation.metadata.other",
        "update_keys",
    }
    allowed = "overrides: {allow: [trace.session_id, trace.tags, trace.metadata.k, generation.metadata.*]}\n"
    plan = _plan(allowed + "rules: [{id: rest, route: a}]\n", wishes)
    assert plan.trace["session_id"] == "s"
    assert plan.trace["tags"] == ["mine", "host"]
    assert plan.trace["metadata"] == {"k": 1}
    assert plan.generation["metadata"] == {"other": 3}
    assert "trace.metadata.l" in plan.denied


def test_a_project_that_a_request_names_is_denied() -> None:
    """In the SDK too, a request cannot choose its project."""
    plan = _plan("rules: [{id: rest, route: a}]\n", {"override": {"project": "b"}})
    assert (plan.route, plan.denied) == (("a",), ("project",))


def test_unauthenticated_calls_meet_no_rule() -> None:
    """A call that nobody answers for is dropped before the rules, whatever it claims."""
    plan = _plan("rules: [{id: rest, route: a}]\n", {"origin": "proxy", "authenticated": False, "team": "x"})
    assert (plan.rule, plan.route, plan.drop, plan.masks) == (None, (), "unauthenticated", {})


NOBODYS = """
defaults: {mask: [one]}
overlays:
  - {id: hides, match: {metadata.x: y}, mask: [two], trace: {set: {version: "1"}}, sample: 0}
  - {id: labels, trace: {append: {tags: [all]}}}
  - {id: nobodys, match: {authenticated: false}, mask: [three], trace: {append: {tags: [none]}}}
rules:
  - {id: first, match: {metadata.x: y}, route: b}
  - {id: no-key, match: {all: [{authenticated: false}]}, route: c}
  - {id: rest, route: a}
overrides: {allow: ["*"]}
"""
ASKING = {
    "origin": "proxy",
    "authenticated": False,
    "team": "x",
    "key_alias": "k",
    "org": "o",
    "tags": ["t"],
    "host_tags": ["h"],
    "override": {"project": "b"},
    "metadata": {
        "x": "y",
        "team": "x",
        "trace_name": "n",
        "trace_metadata": {"k": 1},
        "existing_trace_id": "t-1",
        "update_trace_keys": ["name", "input"],
        "parent_observation_id": "p",
        "generation_id": "g",
        "generation_name": "g",
        "session_id": "s",
        "mask_output": True,
        "langfuse_public_key": "pk-1",
        "langfuse_secret_key": "sk-1",
    },
}


def test_unauthenticated_calls_meet_only_rules_that_ask_for_them() -> None:
    """The first such rule decides; overlays that do not ask add their masks, and nothing else."""
    plan = _plan(NOBODYS, ASKING)
    assert (plan.rule, plan.route, plan.overlays) == ("no-key", ("c",), ("hides", "nobodys"))
    assert plan.masks == {"c": ("one", "two", "three", "mask-output")}
    assert (plan.sample.rate, plan.sample.kept) == (1.0, True)
    assert _plan(NOBODYS, {**ASKING, "authenticated": True}).rule == "first"
    assert _plan(NOBODYS, {"team": "x"}).overlays == ("labels",)


@pytest.mark.parametrize("origin", ["sdk", "proxy"])
def test_unauthenticated_calls_are_granted_nothing_but_masks(origin: str) -> None:
    """Not even where `overrides` allows everything; each refusal is in the plan."""
    plan = _plan(NOBODYS, {**ASKING, "origin": origin})
    assert plan.trace == {"tags": ["none"], "name": "litellm-completion"}
    assert plan.generation == {"name": "litellm-completion"}
    assert (plan.ids.to_json(), plan.update_keys) == (Ids().to_json(), ())
    assert {"project", "credentials", "trace.id", "trace.name", "trace.tags", "update_keys"} <= set(plan.denied)


def test_unauthenticated_calls_belong_to_nobody() -> None:
    """Whatever the request claims, they have no team, key or organisation, and no tags of the host."""
    record = record_from_request(ASKING)
    assert (record.team, record.key_alias, record.org, record.host_tags) == (None, None, None, ())


def test_explain_tells_what_an_unauthenticated_call_does_not_meet() -> None:
    """Every entry has its line; without a rule for such calls there is nothing to tell."""
    steps = _table(NOBODYS).explain(record_from_request(ASKING)).steps
    assert [(step.id, step.matched, step.why) for step in steps] == [
        ("hides", True, 'metadata.x = "y"; only hides, as the call is not authenticated'),
        ("labels", False, "does not ask for authenticated = false"),
        ("nobodys", True, 'authenticated = "false"'),
        ("first", False, "does not ask for authenticated = false"),
        ("no-key", True, 'authenticated = "false"'),
    ]
    assert _table("rules: [{id: rest, route: a}]\n").explain(record_from_request(ASKING)).steps == ()


def test_unauthenticated_calls_that_no_rule_takes_are_dropped() -> None:
    """A rule for some of them leaves the others where they were."""
    body = "rules: [{id: r, match: {authenticated: false, status: failure}, route: c}, {id: rest, route: a}]\n"
    assert _plan(body, {"authenticated": False, "status": "failure"}).rule == "r"
    assert _plan(body, {"authenticated": False}).drop == "unauthenticated"
    assert _plan(body, {"status": "failure"}).rule == "rest"


def test_a_rule_for_unauthenticated_calls_may_stand_anywhere() -> None:
    """It takes no call from the others, nor do they from it; so it may come after the one that takes the rest."""
    body = "rules: [{id: rest, route: a}, {id: r, match: {authenticated: false}, route: c}]\n"
    assert [_plan(body, {"authenticated": known}).rule for known in (True, False)] == ["rest", "r"]


def test_a_condition_that_cannot_be_evaluated_masks_but_does_not_route() -> None:
    """Fail closed for masks, fall through for routes, and say so in the plan."""
    body = """
overlays:
  - {id: o1, when: "contains(metadata.list, 'x')", mask: [one]}
  - {id: o2, when: "contains(metadata.list, 'x')", trace: {append: {tags: [t]}}}
  - {id: o3, when: "contains(metadata.list, 'x')", mask: [two], on_error: no_match}
rules:
  - {id: r, when: "contains(metadata.list, 'x')", route: a}
  - {id: rest, route: b}
"""
    plan = _plan(body, {})
    assert plan.overlays == ("o1",)
    assert plan.masks == {"b": ("one",)}
    assert plan.undecided == ("o1", "o2", "o3", "r")
    assert _plan(body, {"metadata": {"list": ["x"]}}).rule == "r"


@pytest.mark.parametrize(
    ("when", "request_", "expected"),
    [
        ("team == 'x'", {"team": "x"}, "r"),
        ("team == 'x'", {}, "rest"),
        ("stream && !(team)", {"stream": True}, "r"),
        ("contains(tags, 'x')", {}, "rest"),
        ("metadata.n > `3`", {"metadata": {"n": 4}}, "r"),
        ("metadata.n > `3`", {}, "rest"),
        ("cost > `1` && latency < `2.5`", {"cost": 2, "latency": 1.5}, "r"),
        ("tokens > `10`", {}, "rest"),
        ("tokens > `10`", {"tokens": "11"}, "r"),
        ("header.\"x-a\" == '1'", {"headers": {"x-a": "1"}}, "r"),
        ("metadata.flag", {"metadata": {"flag": "yes"}}, "rest"),
    ],
)
def test_when_sees_the_attributes(when: str, request_: dict[str, Any], expected: str) -> None:
    """JMESPath conditions read the same attributes as matchers do; null is false, text is not a verdict."""
    body = f"rules:\n  - {{id: r, when: {json.dumps(when)}, route: a}}\n  - {{id: rest, route: b}}\n"
    assert _plan(body, request_).rule == expected


def test_the_lowest_sample_counts_and_keeps_sessions_whole() -> None:
    """The lowest rate applies; all calls of a session share its fate; about that share is kept."""
    body = "defaults: {sample: 0.9}\nrules: [{id: rest, route: a, sample: {rate: 0.25, by: session_id}}]\n"
    table = _table(body)
    kept = 0
    for session in range(400):
        plans = [
            table.resolve(record_from_request({"session_id": f"s{session}", "call_id": f"{session}-{n}"}))
            for n in range(3)
        ]
        assert len({plan.sample.kept for plan in plans}) == 1
        assert plans[0].sample.rate == 0.25
        assert plans[0].dropped is not plans[0].sample.kept
        kept += plans[0].sample.kept
    assert 60 <= kept <= 140


def test_without_an_attribute_a_sample_keeps_sessions_whole() -> None:
    """The session is hashed where there is one, else the trace, else the call."""
    table = _table("rules: [{id: rest, route: a, sample: 0.5}]\n")
    for key in ("session_id", "trace_id"):
        kept = set()
        for number in range(100):
            calls = [record_from_request({key: f"s{number}", "call_id": f"{number}-{n}"}) for n in range(4)]
            fates = {table.resolve(call).sample.kept for call in calls}
            assert len(fates) == 1
            kept |= fates
        assert kept == {True, False}


def test_an_entry_filed_under_two_texts_applies_once() -> None:
    """An overlay on two tags is listed once for a call that has both."""
    body = "overlays: [{id: o, match: {tags: [x, y]}, mask: [one]}]\nrules: [{id: rest, route: a}]\n"
    assert _plan(body, {"tags": ["x", "y"]}).overlays == ("o",)


def test_what_is_remembered_changes_no_decision() -> None:
    """A `when` sees the bare model, a matcher its spellings: what is alike to one is told apart by the other."""
    body = """
rules:
  - {id: exact, when: "model == 'gpt'", route: b}
  - {id: tier, match: {metadata.tier: gold}, route: c}
  - {id: spelled, match: {model: openai/gpt}, route: a}
  - {id: rest, route: a}
"""
    calls = [{"model": "openai/gpt", "provider": "openai"}, {"model": "gpt", "provider": "openai"}]
    for order in (calls, calls[::-1]):
        table = _table(body)
        for call in order:
            record = record_from_request(call)
            assert table.resolve(record).rule == _table(body).resolve(record).rule


def test_long_texts_of_clients_are_not_remembered() -> None:
    """The memory of decisions is small, and holds nothing that only one call says."""
    table = _table("rules: [{id: r, match: {model: x}, route: b}, {id: rest, route: a}]\n")
    table.resolve(record_from_request({"model": "m" * 10_000}))
    table.resolve(record_from_request({"model": "x"}))
    assert len(table.seen) == 1
    for number in range(MAX_REMEMBERED + 1):
        table.resolve(record_from_request({"model": f"m{number}"}))
    assert len(table.seen) <= MAX_REMEMBERED


@pytest.mark.parametrize("amount", [[1], {"x": 1}, "500", True], ids=repr)
def test_a_value_of_another_type_lifts_no_mask(amount: object) -> None:
    """What cannot be compared cannot be evaluated, and a mask condition that cannot be evaluated masks."""
    body = """
overlays: [{id: large, when: "metadata.amount > `100`", mask: [one]}]
rules: [{id: rest, route: a}]
"""
    plan = _plan(body, {"metadata": {"amount": amount}})
    assert (plan.masks, plan.undecided) == ({"a": ("one",)}, ("large",))
    assert _plan(body, {"metadata": {"amount": 5}}).masks == {"a": ()}
    assert _plan(body, {}).masks == {"a": ()}


@pytest.mark.parametrize("matcher", [{"regex": "a.*"}, {"glob": "?*b"}, {"not": {"regex": "b"}}], ids=str)
def test_half_a_surrogate_pair_raises_nothing(matcher: object) -> None:
    """Any client can send one; the call is routed like any other."""
    body = f"rules: [{{id: r, match: {{metadata.x: {json.dumps(matcher)}}}, route: b}}, {{id: rest, route: a}}]\n"
    assert _plan(body, {"metadata": {"x": "a\ud800"}}).route in (("a",), ("b",))


def test_rate_zero_drops_everything_and_says_why() -> None:
    """A rate of nought keeps nothing."""
    plan = _plan("rules: [{id: rest, route: a, sample: 0}]\n", {})
    assert (plan.drop, plan.route) == ("sampled_out", ())
    assert ("sample 0", "rule rest") in {(reason.effect, reason.source) for reason in plan.because}


ROLLOUT = """
rules:
  - {id: canary, match: {team: x}, rollout: {percent: 20, by: session_id}, route: b}
  - {id: other, match: {team: x}, rollout: {percent: 20, by: session_id}, route: c}
  - {id: rest, route: a}
"""


def test_a_rollout_is_sticky_and_about_as_large_as_it_says() -> None:
    """All calls of a session share their fate; the shares of two rules are independent of each other."""
    table = _table(ROLLOUT)
    seen: dict[str, int] = {"b": 0, "c": 0, "a": 0}
    for session in range(1000):
        record = {"team": "x", "session_id": f"s{session}"}
        routes = {table.resolve(record_from_request({**record, "call_id": str(n)})).route for n in range(3)}
        assert len(routes) == 1
        seen[routes.pop()[0]] += 1
    assert 150 <= seen["b"] <= 250
    assert 110 <= seen["c"] <= 210


def test_a_larger_rollout_keeps_who_is_in() -> None:
    """Raising the percentage adds calls and takes none away."""
    small, large = _table(ROLLOUT), _table(ROLLOUT.replace("percent: 20", "percent: 60"))
    for session in range(200):
        record = record_from_request({"team": "x", "session_id": f"s{session}"})
        if small.resolve(record).rule == "canary":
            assert large.resolve(record).rule == "canary"


@pytest.mark.parametrize(("place", "rule"), [(0.0, "canary"), (0.19, "canary"), (0.2, "rest"), (0.99, "rest")])
def test_a_test_may_freeze_the_bucket(place: float, rule: str) -> None:
    """Roll-outs and samples are inputs, not dice."""
    assert _table(ROLLOUT).resolve(record_from_request({"team": "x"}), place).rule == rule


def test_shadow_mode_is_recorded_and_has_no_effect() -> None:
    """Neither the masks of an overlay nor the route of a rule apply, and the plan says what would match."""
    body = """
overlays:
  - {id: o, mode: shadow, mask: [one], trace: {set: {name: n}}}
rules:
  - {id: next, mode: shadow, match: {team: x}, route: drop, mask: [two]}
  - {id: rest, route: a}
"""
    plan = _plan(body, {"team": "x"})
    assert (plan.rule, plan.masks, plan.overlays) == ("rest", {"a": ()}, ())
    assert plan.shadow == ("o", "next")
    assert plan.trace["name"] == "litellm-completion"
    assert _plan(body, {"team": "y"}).shadow == ("o",)
    steps = _table(body).explain(record_from_request({"team": "x"})).steps
    assert [(step.id, step.matched, step.why) for step in steps] == [
        ("o", False, "no conditions; would match, but is in shadow mode"),
        ("next", False, 'team = "x"; would match, but is in shadow mode'),
        ("rest", True, "no conditions"),
    ]


def test_explain_tells_every_step_up_to_the_match() -> None:
    """Overlays all, rules until one matches, each with file, line and reason."""
    body = """
overlays:
  - {id: o, match: {stream: true}, mask: [one]}
rules:
  - {id: r1, match: {team: x}, route: a}
  - {id: r2, when: "contains(tags, 'p')", route: b}
  - {id: r4, match: {team: z}, route: c}
  - {id: rest, route: c}
"""
    explanation = _table(body).explain(record_from_request({"tags": ["q"]}))
    assert [(step.kind, step.id, step.matched, step.why) for step in explanation.steps] == [
        ("overlay", "o", False, 'stream = "true", got "false"'),
        ("rule", "r1", False, 'team = "x", but it is missing'),
        ("rule", "r2", False, "contains(tags, 'p') → false"),
        ("rule", "r4", False, 'team = "z", but it is missing'),
        ("rule", "rest", True, "no conditions"),
    ]
    assert explanation.steps[0].line > 0
    assert explanation.plan.rule == "rest"


def test_a_plan_is_json() -> None:
    """Every part of a plan survives a round trip through JSON text."""
    plan = _plan("rules: [{id: rest, route: [a, b], sample: 0.5}]\n", {"tags": ["x"], "session_id": "s"})
    assert json.loads(json.dumps(plan.to_json())) == plan.to_json()


def test_a_request_with_an_unknown_key_is_refused() -> None:
    """The error names the key and the nearest right one, never the value."""
    with pytest.raises(RequestError) as caught:
        record_from_request({"taem": "secret-value"})
    assert str(caught.value) == "unknown key `taem` in a request; did you mean `team`?"


@pytest.mark.parametrize("key", ["cost", "tokens", "input_tokens", "output_tokens", "latency"])
@pytest.mark.parametrize("value", ["much", True, -1, float("inf"), [1]], ids=repr)
def test_a_measured_number_of_a_request_is_a_number(key: str, value: object) -> None:
    """The error names the key, never the value."""
    with pytest.raises(RequestError) as caught:
        record_from_request({key: value})
    assert str(caught.value) == f"`{key}` in a request must be a number from 0 up"


def test_two_calls_of_different_cost_are_two_decisions() -> None:
    """What is remembered of a call never decides one that cost more."""
    table = _table("rules: [{id: dear, match: {cost: {gt: 1}}, route: b}, {id: rest, route: a}]\n")
    assert [table.resolve(record_from_request({"cost": cost})).rule for cost in (2, 0.5, 2)] == ["dear", "rest", "dear"]


_TEXT = st.one_of(st.none(), st.sampled_from(["x", "y", "z", ""]))
_REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "team": _TEXT,
        "model": _TEXT,
        "session_id": _TEXT,
        "tags": st.lists(st.sampled_from(["x", "p"])),
        "stream": st.booleans(),
        "metadata": st.dictionaries(
            st.sampled_from(["list", "tags", "trace_metadata", "mask_input", "session_id", "other", "trace_id"]),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                max_leaves=6,
            ),
        ),
        "origin": st.sampled_from(["sdk", "proxy"]),
        "authenticated": st.booleans(),
    },
)
_BODY = """
overlays:
  - {id: o1, when: "contains(metadata.list, 'x')", mask: [one]}
  - {id: o2, match: {team: x}, mask: [two], trace: {append: {tags: ["{model}"]}}}
  - {id: o3, match: {authenticated: false, stream: true}, mask: [one], sample: 0.5}
rules:
  - {id: r0, match: {authenticated: false, stream: true}, route: b, mask: [two]}
  - {id: r1, match: {team: [x, y], tags: {all_of: [p]}}, route: [a, b], mask: [three]}
  - {id: r2, when: "metadata.other > `1`", route: drop}
  - {id: rest, route: c, sample: {rate: 0.5, by: session_id}}
"""
_TABLE = _table(_BODY)
_MORE = _table("defaults: {mask: [three]}\n" + _BODY)


@given(_REQUESTS)
def test_every_call_gets_exactly_one_plan(request_: dict[str, Any]) -> None:
    """Total and deterministic: junk in the metadata changes nothing about that."""
    record = record_from_request(request_)
    plan = _TABLE.resolve(record)
    assert plan == _TABLE.resolve(record)
    assert plan.dropped == (plan.route == ())
    assert set(plan.masks) == set(plan.route)
    assert _TABLE.explain(record).plan == plan


@given(_REQUESTS)
def test_masks_only_grow(request_: dict[str, Any]) -> None:
    """One more mask in the configuration takes none away from any call."""
    record = record_from_request(request_)
    before, after = _TABLE.resolve(record), _MORE.resolve(record)
    assert before.route == after.route
    for project, masks in before.masks.items():
        assert set(masks) <= set(after.masks[project])


def test_calls_that_differ_in_nothing_share_one_plan_that_nobody_can_change() -> None:
    """What was worked out for one call serves the next; so a plan is read-only, its mappings too."""
    table = _table("defaults: {mask: [one]}\nrules: [{id: rest, route: a}]\n")
    first, second = (table.resolve(CallRecord(call_id=id, team="t", key_alias="k")) for id in ("a", "b"))
    assert first is second
    assert first.generation["name"] == "litellm:k"
    for mapping in (first.masks, first.trace, first.generation):
        with pytest.raises(TypeError):
            mapping["name"] = ()  # type: ignore[index]


@pytest.mark.parametrize(
    "wish",
    [
        {"user": "u"},
        {"session_id": "s"},
        {"tags": ("t",)},
        {"host_tags": ("t",)},
        {"environment": "e"},
        {"trace_id": "t"},
        {"requested": Requested(mask=frozenset({"input"}))},
        {"requested": Requested(project="b")},
    ],
    ids=["user", "session", "tags", "host tags", "environment", "trace", "mask", "project"],
)
def test_a_call_that_asks_for_something_gets_a_plan_of_its_own(wish: dict[str, Any]) -> None:
    """Nothing that one call brings is seen in the plan of another."""
    table = _table("rules: [{id: rest, route: a}]\n")
    plain = table.resolve(CallRecord(call_id="a"))
    asking = table.resolve(CallRecord(call_id="b", origin="proxy", **wish))
    assert asking.to_json() != plain.to_json() == table.resolve(CallRecord(call_id="c")).to_json()


def test_a_number_with_thousands_of_digits_is_a_value_like_any_other() -> None:
    """Python refuses to write it out in decimals; a call that brings one is routed all the same."""
    body = """
overlays: [{id: there, match: {metadata.n: {exists: true}}, mask: [one]}]
rules: [{id: r, match: {metadata.n: {glob: "0x1*"}}, route: b}, {id: rest, route: a}]
"""
    plan = _plan(body, {"metadata": {"n": 16**5000}})
    assert (plan.rule, plan.masks) == ("r", {"b": ("one",)})


def test_a_record_made_by_hand_with_wrong_types_is_read_as_far_as_it_makes_sense() -> None:
    """A list where a text is due is no value; a wish that cannot be read hides everything."""
    table = _table("rules: [{id: r, match: {team: x}, route: b}, {id: rest, route: a}]\n")
    record = CallRecord(
        call_id="c",
        team="x",
        tags=5,  # type: ignore[arg-type]
        key_alias=["k"],  # type: ignore[arg-type]
        metadata=[1],  # type: ignore[arg-type]
        requested=Requested(mask=True, trace={"name": ["n"], "tags": 7}),  # type: ignore[arg-type]
    )
    plan = table.resolve(record)
    assert (plan.rule, plan.masks) == ("r", {"b": ("mask-input", "mask-output")})
    assert (plan.trace, plan.generation) == (
        {"name": "litellm-completion", "tags": ["7"]},
        {"name": "litellm-completion"},
    )
    assert table.explain(record).plan == plan


@pytest.mark.parametrize("amount", [101, "101 EUR", "1e999", 10**400, float("nan"), "1_000", ["101", "7"]], ids=repr)
def test_an_overlay_with_masks_takes_what_it_cannot_compare(amount: object) -> None:
    """Whoever writes an amount that is no number does not evade a mask; for a route it is no match."""
    body = """
overlays:
  - {id: large, match: {metadata.amount: {gt: 100}}, mask: [one]}
  - {id: small, match: {not: {metadata.amount: {gt: 100000}}}, mask: [two]}
  - {id: clear, match: {metadata.amount: {gt: 100}}, on_error: no_match, mask: [three]}
rules: [{id: r, match: {metadata.amount: {gt: 100}}, route: b}, {id: rest, route: a}]
"""
    plan = _plan(body, {"metadata": {"amount": amount}})
    if amount == 101:
        assert (plan.rule, plan.masks) == ("r", {"b": ("one", "two", "three")})
    else:
        assert (plan.rule, plan.masks) == ("rest", {"a": ("one", "two")})
    assert _plan(body, {}).masks == {"a": ("two",)}


@pytest.mark.parametrize("key", ["authenticated", "stream"])
def test_a_switch_of_a_request_is_true_or_false_and_nothing_like_it(key: str) -> None:
    """`no` is a text in YAML 1.2: a test that writes it would test the opposite."""
    wrong: tuple[object, ...] = ("no", "yes", 0, 1, None, [])
    for value in wrong:
        with pytest.raises(RequestError, match=f"`{key}` in a request must be true or false"):
            record_from_request({key: value})
    assert getattr(record_from_request({key: "false"}), key) is False
    assert getattr(record_from_request({key: True}), key) is True


@pytest.mark.parametrize("level", [5, "5", None], ids=repr)
def test_a_rule_that_cannot_be_decided_does_not_route_but_hides(level: object) -> None:
    """Whoever sends a value of the wrong type reaches another rule, and takes no mask away with it."""
    body = """
rules:
  - {id: sensitive, when: "metadata.level > `3`", route: [{project: a, mask: [two]}], mask: [one]}
  - {id: rest, route: [a, b]}
"""
    plan = _plan(body, {"metadata": {"level": level} if level else {}})
    expected = {
        5: ("sensitive", {"a": ("one", "two")}, ()),
        "5": ("rest", {"a": ("one", "two"), "b": ("one", "two")}, ("sensitive",)),
        None: ("rest", {"a": (), "b": ()}, ()),
    }
    assert (plan.rule, plan.masks, plan.undecided) == expected[level]
    if level == "5":
        assert [reason.source for reason in plan.because if reason.effect == "mask one"] == ["rule sensitive"]
        (step,) = [
            step
            for step in _table(body).explain(record_from_request({"metadata": {"level": "5"}})).steps
            if step.id == "sensitive"
        ]
        assert step.why == "metadata.level > `3` cannot be evaluated, which counts as no match, but its masks apply"
