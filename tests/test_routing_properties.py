"""Properties of routing: whatever the rules, whatever the call."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from router.config import load_text
from router.config.loaded import LoadedConfig
from router.errors import ConfigError
from router.litellm import record_from_kwargs
from router.routing.plan import Plan
from router.routing.record import CallRecord, RequestCredentials, Requested
from router.routing.table import RoutingTable
from tests.payloads import load_payload
from tests.reference import WHENS, WINDOWS, decide, unique

TEAMS = ["a", "b", "c"]
MASKS = ["m1", "m2", "m3"]
TABLES = {"teams": {"a": {"tier": "gold"}, "b": {"tier": "lead", "project": "p1"}, "c": {"project": "p2"}}}
ATTRIBUTES: dict[str, Any] = {
    "team": {"values_from": "teams"},
    "region": {"from": ["metadata.region", "header.x-region"], "normalize": "lower", "trust": "caller"},
    "stage": {"from": ["metadata.stage", "key_alias"]},
    "seats": {"from": ["metadata.n"], "type": "number", "trust": "caller"},
    "labels": {"from": ["metadata.labels", "tags"], "type": "list", "trust": "caller", "default": "none"},
}

VALUES: dict[str, list[Any]] = {
    "team": TEAMS,
    "team_alias": ["a", "x"],
    "model": ["m1", "openai/m1", "fast"],
    "tags": ["t1", "t2", "t3"],
    "key_alias": ["k1", "dev"],
    "status": ["success", "failure"],
    "tokens": [1, 3],
    "metadata.n": [1, 3],
    "authenticated": [True],
    "stream": [True, False],
    "session_id": ["s1"],
    "metadata.k": ["v1", 1, True],
    "metadata.d.e": ["v1", 2.5],
    "header.x-h": ["h1"],
    "region": ["eu", "us"],
    "stage": ["dev", "v1"],
    "seats": [1, 3],
    "labels": ["t1", "none"],
}
NUMBERS = ("tokens", "metadata.n", "seats")
CLOSED = ("stream", "status", "authenticated")
"""Attributes of few values, which no pattern tests."""
SAID_BY_KEYS = {"team", "team_alias", "key_alias"}
REMEMBERED = st.sampled_from(
    [["model"], ["team"], ["stream", "tags", "key_alias"], ["metadata.k", "region"], ["seats", "labels", "header.x-h"]]
)
"""Few attributes, so that calls share what is remembered."""
HOSTS = ["team", "team_alias", "model", "key_alias", "status", "stream", "stage"]


# -- rules -------------------------------------------------------------------------------------------------


def several(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def matchers(name: str) -> st.SearchStrategy[Any]:
    """Return matchers of every kind that suit an attribute."""
    values = VALUES[name]
    exact = st.sampled_from(values) | several(values)
    if name == "authenticated":
        return st.just(True)
    operators: dict[str, st.SearchStrategy[Any]] = {
        "any_of": several(values),
        "none_of": several(values),
        "exists": st.booleans(),
        "not": exact,
    }
    if name in ("tags", "labels"):
        operators["all_of"] = several(values)
    if name in NUMBERS:
        operators |= {"gt": st.sampled_from([0, 1]), "gte": st.sampled_from([0, 1, 1.0])}
        operators |= {"lt": st.sampled_from([3, 4]), "lte": st.sampled_from([2.5, 3])}
    if name not in CLOSED:
        operators["glob"] = st.sampled_from(["*", "a*", "*1", "[ev]?", "m[!2]", "open*/*", "x"])
        operators["regex"] = st.sampled_from([".*", "[a-k]1?", "(v|t)[0-9]", "a|b", "", "fast|open.*"])
    if name == "team":
        operators |= {"in": st.just("teams"), "known": st.booleans(), "has": st.sampled_from(["tier", "project"])}
    mapping = st.lists(st.sampled_from(sorted(operators)), min_size=1, max_size=2, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({operator: operators[operator] for operator in chosen})
    )
    return exact | mapping


def conditions(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return what can stand under `match:`, nested up to two deep."""
    flat = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: matchers(name) for name in chosen})
    )
    nested = st.recursive(
        flat,
        lambda inner: st.one_of(
            st.builds(
                lambda key, several: {key: several}, st.sampled_from(["any", "all"]), st.lists(inner, min_size=1)
            ),
            st.builds(lambda one: {"not": one}, inner),
            st.builds(lambda one, more: {**more, "not": one}, inner, flat),
        ),
        max_leaves=4,
    )
    return flat | nested


updates = st.fixed_dictionaries(
    {},
    optional={
        "set": st.fixed_dictionaries({}, optional={"name": st.just("n-{team}"), "version": st.just("set")}),
        "default": st.fixed_dictionaries({}, optional={"name": st.just("d"), "version": st.just("{team}")}),
        "append": st.fixed_dictionaries({"tags": several(["t1", "x", "y"])}),
    },
)


def entries(names: list[str], *, calm: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Return overlays; `calm` ones have neither a condition of their own nor a share."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "match": conditions(names),
        "mask": several(MASKS),
        "mode": st.sampled_from(["live", "live", "shadow"]),
        "trace": updates,
    }
    if not calm:
        optional["when"] = st.sampled_from(sorted(WHENS))
        optional["rollout"] = st.fixed_dictionaries({"percent": st.sampled_from([30, 50, 50, 100])})
        optional["active"] = st.sampled_from([window for window, _ in WINDOWS])
        optional["sample"] = st.sampled_from([0.0, 0.5, 1.0])
    return st.fixed_dictionaries({}, optional=optional)


@st.composite
def for_unauthenticated(draw: st.DrawFn, entry: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return an entry, or the same for calls that no key answers for."""
    if "{" in str(entry.get("route")) or draw(st.integers(0, 3)):
        return entry
    said = [name for name in names if name not in SAID_BY_KEYS | {"authenticated"}] or ["stream"]
    flat = draw(st.fixed_dictionaries({}, optional={name: matchers(name) for name in said[:3]}))
    return {**entry, "match": {**flat, "authenticated": False}}


@st.composite
def rules(draw: st.DrawFn, names: list[str], *, calm: bool = False) -> dict[str, Any]:
    rule = draw(entries(names, calm=calm))
    rule["route"] = draw(st.sampled_from(["p1", "p2", ["p1", "p2"], "drop", "team-{team}", ["{team.project}", "p1"]]))
    if "{" in str(rule["route"]):
        held = {"team": {"has": "project"} if "{team.project}" in rule["route"] else {"in": "teams"}}
        rule["match"] = {**rule.get("match", {}), **held}
    return rule


@st.composite
def configs(draw: st.DrawFn, names: list[str] | None = None, *, calm: bool = False) -> dict[str, Any]:
    """Return the plain data of a routing.yaml."""
    names = names or sorted(VALUES)
    overlays = draw(st.lists(entries(names, calm=calm), max_size=4))
    for number, overlay in enumerate(overlays):
        overlay = overlays[number] = draw(for_unauthenticated(overlay, names))
        overlay["id"] = f"o{number}"
        if "when" in overlay and draw(st.booleans()):
            overlay["on_error"] = draw(st.sampled_from(["match", "no_match"]))
    listed = draw(st.lists(rules(names, calm=calm), max_size=6))
    for number, rule in enumerate(listed):
        rule = listed[number] = draw(for_unauthenticated(rule, names))
        rule["id"] = f"r{number}"
    return {
        "version": 1,
        "attributes": ATTRIBUTES,
        "tables": TABLES,
        "defaults": {"mask": draw(st.lists(st.sampled_from(MASKS), max_size=1))},
        "projects": {
            "p1": {"env": "P1"},
            "p2": {"env": "P2"},
            "team-{team}": {"for_each": "teams", "env": "LF_{TEAM}"},
        },
        "masks": {name: [{"detect": ["email"]}] for name in MASKS},
        "overlays": overlays,
        "rules": [*listed, {"id": "rest", "route": "p1"}],
    }


def loaded(config: dict[str, Any]) -> LoadedConfig:
    """Load the rules; those of which `check` says that they can never match are left out, and must not be missed."""
    kept = config["rules"]
    for _ in range(len(kept)):
        try:
            return load_text(json.dumps({**config, "rules": kept}))
        except ConfigError as error:
            unreachable = {found[1] for p in error.problems if (found := re.match(r"rule `(.+)` can never", p.message))}
            if not unreachable:
                raise
            kept = [rule for rule in kept if rule["id"] not in unreachable]
    raise AssertionError(kept)


def compiled(config: dict[str, Any]) -> RoutingTable:
    return RoutingTable.compile(loaded(config))


# -- calls -------------------------------------------------------------------------------------------------

maybe = st.none
metadata = st.fixed_dictionaries(
    {},
    optional={
        "k": st.sampled_from(["v1", 1, 1.0, True, "true", "", None, ["v1", 2], {"k": "v1"}]),
        "d": st.sampled_from([{"e": "v1"}, {"e": 2.5}, "v1", [{"e": "v1"}]]),
        "n": st.sampled_from([1, 3, 3.0, "3", "x", True, [3], None]),
        "region": st.sampled_from(["EU", "eu", "us", 7, ""]),
        "stage": st.sampled_from(["dev", "v1"]),
        "labels": st.sampled_from(["t1", ["t1", "t2"], [], [""]]),
    },
)
STARTS = [
    0,
    *[1_767_225_600_000_000_000 + hour * 3_600_000_000_000 for hour in (3, 12, 55, 58, 74, 7_000, 8_025, 8_027)],
]
"""Nobody knows, and hours of 2026."""
calls = st.builds(
    CallRecord,
    call_id=st.sampled_from(["c1", "c2"]),
    call_type=st.sampled_from(["completion", "embedding"]),
    status=st.sampled_from(["success", "failure"]),
    stream=st.booleans(),
    model=st.sampled_from(["m1", "openai/m1", "m2", ""]),
    model_group=maybe() | st.sampled_from(["fast", "m1"]),
    provider=maybe() | st.sampled_from(["openai"]),
    origin=st.sampled_from(["sdk", "proxy"]),
    authenticated=st.sampled_from([True, True, True, False]),
    team=maybe() | st.sampled_from([*TEAMS, "x", ""]),
    team_alias=maybe() | st.sampled_from(["a", "x"]),
    key_alias=maybe() | st.sampled_from(["k1", "dev"]),
    user=maybe() | st.sampled_from(["u"]),
    tags=st.lists(st.sampled_from(["t1", "t2", "t3", ""]), max_size=2, unique=True).map(tuple),
    host_tags=st.sampled_from([(), ("t1",)]),
    session_id=maybe() | st.sampled_from(["s1", "s2"]),
    start_time_unix_nano=st.sampled_from(STARTS),
    end_time_unix_nano=st.sampled_from([0, STARTS[-1]]),
    usage_details=maybe() | st.sampled_from([{"total": 1}, {"total": 3, "input": 1}, {"total": True}, {}]),
    metadata=metadata,
    headers=st.fixed_dictionaries({}, optional={"x-h": st.just("h1"), "x-region": st.just("US")}),
    requested=st.builds(
        Requested,
        mask=st.frozensets(st.sampled_from(["input", "output"])),
        trace=st.fixed_dictionaries({}, optional={"name": st.just("mine"), "version": st.just("9")}),
    )
    | st.just(CallRecord(call_id="").requested),
)
places = st.sampled_from([0.0, 0.2, 0.3, 0.49, 0.5, 0.99])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(configs() | REMEMBERED.flatmap(configs), st.lists(st.tuples(calls, places), min_size=4, max_size=12))
def test_the_compiled_rules_do_what_the_plainest_reading_of_them_says(
    config: dict[str, Any], records: list[tuple[CallRecord, float]]
) -> None:
    """Index, memory and compiled conditions change nothing about what a file means, nor does a rule never reached."""
    table = compiled(config)
    for record, place in [*records, *records]:
        expected = decide(config, record, place)
        plan = table.resolve(record, place)
        assert (plan.rule, plan.route, plan.drop) == (expected.rule, expected.route, expected.drop)
        assert list(plan.overlays) == expected.overlays
        assert {project: list(masks) for project, masks in plan.masks.items()} == expected.masks
        assert (plan.sample.rate, plan.sample.kept) == (expected.rate, expected.kept)
        assert (list(plan.undecided), list(plan.shadow)) == (expected.undecided, expected.shadow)
        assert plan.trace == expected.trace
        assert plan.generation == expected.generation


# -- one plan, always the same -----------------------------------------------------------------------------

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just("\ud800")
    | st.builds(lambda: "x" * 20_000)
    | st.builds(lambda: 10**5000)
    | st.just(float("nan"))
    | st.binary(max_size=3)
    | st.builds(object),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = sorted({field.name for field in dataclasses.fields(CallRecord)} - {"origin", "authenticated"})
ASKED = sorted(field.name for field in dataclasses.fields(Requested))
EVERYTHING = compiled(
    {
        "version": 1,
        "attributes": {**ATTRIBUTES, "customer": {"from": ["metadata.customer", "user"], "required": True}},
        "tables": TABLES,
        "defaults": {"mask": ["m1"]},
        "projects": {"p1": {"env": "P1"}, "p2": {"env": "P2"}, "team-{team}": {"for_each": "teams", "env": "{TEAM}"}},
        "masks": {name: [{"detect": ["email"]}] for name in MASKS},
        "overlays": [
            {"id": f"o-{name}-{n}", "match": {name: matcher}, "mask": ["m2"]}
            for name, values in VALUES.items()
            for n, matcher in enumerate([values, {"glob": "*a*"} if name not in CLOSED else {"not": values}])
        ]
        + [
            {"id": f"n-{name}-{operator}", "match": {name: {operator: 2}}, "mask": ["m2"]}
            for name in ("cost", "tokens", "input_tokens", "output_tokens", "latency", "metadata.k", "seats")
            for operator in ("gt", "gte", "lt", "lte")
        ]
        + [{"id": f"t{n}", "active": window, "mask": ["m3"]} for n, (window, _) in enumerate(WINDOWS)]
        + [
            {"id": f"w{n}", "when": when, "mask": ["m3"]} for n, when in enumerate([*WHENS, "length(metadata.k) > `1`"])
        ],
        "rules": [
            {
                "id": "share",
                "match": {"any": [{"team": "a"}, {"tags": "t1"}]},
                "rollout": {"percent": 50, "by": "user"},
                "route": "p2",
            },
            {"id": "no-key", "match": {"authenticated": False, "metadata.k": "v1"}, "route": "p2"},
            {"id": "own", "match": {"team": {"in": "teams"}}, "route": "team-{team}"},
            {
                "id": "rest",
                "route": "p1",
                "sample": {"rate": 0.5, "by": "seats"},
                "trace": {
                    "set": {"version": "{model}-{seats}-{tags}", "metadata.k": {"expr": "metadata.k"}},
                    "default": {"user_id": "{customer}"},
                    "append": {"tags": ["{labels}"]},
                },
            },
        ],
    }
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    calls,
    st.dictionaries(st.sampled_from(FIELDS), junk, max_size=5),
    st.dictionaries(st.sampled_from(ASKED), junk, max_size=3),
)
def test_every_call_gets_exactly_one_plan_whatever_it_holds(
    record: CallRecord, wrong: dict[str, Any], asked: dict[str, Any]
) -> None:
    """Lists where a text is due, numbers of any size, half characters: nothing raises, and the answer is always one."""
    if "requested" not in wrong:
        wrong["requested"] = dataclasses.replace(record.requested, **asked)
    record = dataclasses.replace(record, **wrong)
    plan = EVERYTHING.resolve(record)
    assert plan.to_json() == EVERYTHING.resolve(record).to_json()
    assert (plan.drop is None) == bool(plan.route)
    assert set(plan.masks) == set(plan.route)
    assert all("m1" in masks for masks in plan.masks.values())
    assert (plan.rule is None) == (plan.drop == "unauthenticated")
    assert len(EVERYTHING.explain(record).steps) > len(VALUES)


# -- masks only grow ---------------------------------------------------------------------------------------


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(configs(calm=True), entries(sorted(VALUES), calm=True), calls, st.data())
def test_nothing_that_is_added_takes_a_mask_away(
    config: dict[str, Any], overlay: dict[str, Any], record: CallRecord, data: st.DataObject
) -> None:
    """An overlay anywhere, a mask on any rule, a default, a wish of the request: the route stays, the masks grow."""
    before = compiled(config).resolve(record)
    overlays, position = config["overlays"], data.draw(st.integers(0, len(config["overlays"])))
    mask = data.draw(st.sampled_from(MASKS))
    chosen = data.draw(st.sampled_from(config["rules"]))["id"]
    masked = [
        {**rule, "mask": unique([*rule.get("mask", []), mask])} if rule["id"] == chosen else rule
        for rule in config["rules"]
    ]
    wish = dataclasses.replace(record.requested, mask=record.requested.mask | {"output"})
    for after in (
        compiled({**config, "overlays": [*overlays[:position], {**overlay, "id": "more"}, *overlays[position:]]}),
        compiled({**config, "rules": masked}),
        compiled({**config, "defaults": {"mask": unique([*config["defaults"]["mask"], mask])}}),
    ):
        assert_hides_no_less(before, after.resolve(record))
    assert_hides_no_less(before, compiled(config).resolve(dataclasses.replace(record, requested=wish)))


def assert_hides_no_less(before: Plan, after: Plan) -> None:
    assert (after.rule, after.route, after.drop) == (before.rule, before.route, before.drop)
    for project, masks in before.masks.items():
        assert set(masks) <= set(after.masks[project])


# -- nobody chooses a route who may not --------------------------------------------------------------------

words = st.dictionaries(
    st.sampled_from(
        "team team_id team_alias key_alias org user_api_key_team_id user_api_key_team_alias user_api_key_alias tags "
        "user_api_key_hash user_api_key_auth model_group status stream stage project region litellm_call_id "
        "langfuse_public_key trace_id existing_trace_id session_id trace_name mask_input inherited_tags".split()
    ),
    st.sampled_from(["a", "b", "c", "dev", "v1", True, ["a", "t1"], {"team_id": "a"}, 1]),
    max_size=6,
)


KEYS = RequestCredentials(public_key=SecretStr("pk-lf-1"), secret_key=SecretStr("sk-lf-1"))


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(configs(HOSTS, calm=True), calls, calls, words)
def test_the_words_of_a_proxys_client_choose_no_route_where_rules_read_the_host_only(
    config: dict[str, Any], record: CallRecord, other: CallRecord, said: dict[str, Any]
) -> None:
    """Metadata, tags, headers, user, session, ids: whatever the client says, the call goes where it went."""
    table = compiled(config)
    record = dataclasses.replace(record, origin="proxy")
    spoofed = dataclasses.replace(
        record,
        metadata={**other.metadata, **said},
        headers={**other.headers, **{key: str(value) for key, value in said.items()}},
        tags=other.tags,
        user=other.user,
        session_id=other.session_id,
        trace_id=other.session_id,
        environment=other.user,
        requested=dataclasses.replace(other.requested, project="p2", credentials=KEYS),
    )
    before, after = table.resolve(record), table.resolve(spoofed)
    assert (after.rule, after.route, after.drop) == (before.rule, before.route, before.drop)
    assert after.overlays == before.overlays


HONEST = load_payload("proxy_chat_headers_tags")
OF_THE_KEY = compiled(
    {
        "version": 1,
        "attributes": {},
        "tables": {},
        "defaults": {"mask": []},
        "projects": {"p1": {"env": "P1"}, "p2": {"env": "P2"}},
        "masks": {},
        "overlays": [],
        "rules": [
            {"id": "of-the-key", "match": {"team": "team-a-id", "key_alias": "key-a", "org": "org-1"}, "route": "p1"},
            {"id": "rest", "route": "p2"},
        ],
    }
)


@given(words, words, words, st.sampled_from(["metadata", "litellm_metadata"]))
def test_no_field_of_a_request_makes_litellms_call_another_teams(
    body: dict[str, Any], slot: dict[str, Any], headers: dict[str, Any], name: str
) -> None:
    """In LiteLLM's own arguments too: only the authenticated key says whose call it is."""
    params = HONEST.kwargs["litellm_params"]
    key = params["metadata"]["user_api_key_auth"]
    request = params.get("proxy_server_request") or {}
    spoofed = {
        **HONEST.kwargs,
        "user": "a",
        "litellm_params": {
            **params,
            "metadata": {**params["metadata"], **slot, "user_api_key_auth": key},
            **({name: {**slot, "user_api_key_auth": key}} if name != "metadata" else {}),
            "proxy_server_request": {
                **request,
                "headers": {**(request.get("headers") or {}), **{key: str(value) for key, value in headers.items()}},
                "body": {**(request.get("body") or {}), **body, "metadata": body},
            },
        },
    }
    for kwargs in (HONEST.kwargs, spoofed):
        record = record_from_kwargs(
            kwargs, HONEST.response_obj, HONEST.start_time, HONEST.end_time, status="success", proxy_process=True
        )
        assert OF_THE_KEY.resolve(record).rule == "of-the-key"
