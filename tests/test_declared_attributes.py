"""Declared attributes: where they are read, of which type, and whose word counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import LoadedConfig, load_text
from router.errors import ConfigError, RequestError
from router.pipeline import Router
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable


def loaded(attributes: str, rules: str) -> LoadedConfig:
    return load_text(
        f"version: 1\nattributes: {{{attributes}}}\nprojects: {{a: {{env: A}}, b: {{env: B}}}}\n"
        f"rules:\n{rules}\n  - {{id: rest, route: b}}\n"
    )


def plan(attributes: str, rule: str, request: dict[str, Any]) -> Plan:
    config = loaded(attributes, f"  - {{id: hit, {rule}, route: a}}")
    return RoutingTable.compile(config).resolve(record_from_request(request, config.vocabulary))


def test_the_first_place_that_has_a_value_counts() -> None:
    """An empty text is no value, and the default comes last."""
    attributes = "region: {from: [header.x-region, metadata.region, user], default: none}"
    for request, region in (
        ({"headers": {"X-Region": "eu"}, "metadata": {"region": "us"}}, "eu"),
        ({"headers": {"X-Region": ""}, "metadata": {"region": "us"}}, "us"),
        ({"user": "bo"}, "bo"),
        ({}, "none"),
    ):
        assert plan(attributes, f"match: {{region: {region}}}", request).rule == "hit"


@pytest.mark.parametrize(
    ("spec", "value", "condition"),
    [
        ("type: text, normalize: [strip, lower]", "  EU ", "match: {x: eu}"),
        ("type: text", 7, "match: {x: 7}"),
        ("type: text", {"a": 1}, "match: {x: {exists: false}}"),
        ("type: list, normalize: lower", ["A", "b", {}], "match: {x: {all_of: [a, b]}}"),
        ("type: list", None, 'when: "length(x) == `0`"'),
        ("type: list", "one", "when: \"contains(x, 'one')\""),
        ("type: list, default: one", None, "when: \"contains(x, 'one')\""),
        ("type: number", "12.5", 'when: "x > `12`"'),
        ("type: number", 3, "match: {x: 3}"),
        ("type: number", "nan", "match: {x: {exists: false}}"),
        ("type: number", True, "match: {x: {exists: false}}"),
        ("type: number, default: 1", "many", 'when: "x == `1`"'),
        ("type: bool", "true", "match: {x: true}"),
        ("type: bool", False, 'when: "x == `false`"'),
        ("type: bool", "perhaps", "match: {x: {exists: false}}"),
    ],
)
def test_a_value_is_of_the_declared_type_or_missing(spec: str, value: Any, condition: str) -> None:
    """Conditions, in both languages, see the converted value."""
    metadata = {} if value is None else {"x": value}
    assert plan(f"x: {{from: metadata.x, {spec}}}", condition, {"metadata": metadata}).rule == "hit"


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
        max_leaves=4,
    ),
    kind=st.sampled_from(["text", "list", "number", "bool"]),
)
def test_no_value_of_a_request_raises(value: Any, kind: str) -> None:
    """Whatever stands in the metadata, the call has a plan."""
    attributes = f"x: {{from: metadata.x, type: {kind}, normalize: strip}}"
    assert plan(attributes, "match: {x: {exists: true}}", {"metadata": {"x": value}}).rule in ("hit", "rest")


def test_a_declared_attribute_may_take_the_name_of_a_built_in_one() -> None:
    """Inside `from` the name means the built-in one."""
    attributes = "team: {from: [header.x-team, team], trust: caller}"
    assert plan(attributes, "match: {team: pay, stream: true}", {"team": "pay", "stream": True}).rule == "hit"
    request = {"team": "lab", "headers": {"x-team": "pay"}, "stream": True}
    assert plan(attributes, "match: {team: pay, stream: true}", request).rule == "hit"


def test_what_is_remembered_of_one_call_does_not_decide_another() -> None:
    """Two calls that differ only in a declared attribute are two decisions."""
    config = loaded("region: {from: metadata.region}", "  - {id: eu, match: {region: eu, team: t}, route: a}")
    table = RoutingTable.compile(config)
    rules = [
        table.resolve(record_from_request({"team": "t", "region": region}, config.vocabulary)).rule
        for region in ("eu", "us", "eu")
    ]
    assert rules == ["eu", "rest", "eu"]


# -- trust ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["metadata.x", "header.x", "user", "session_id", "environment", "tags"])
def test_in_the_proxy_a_clients_word_counts_only_where_it_is_trusted(path: str) -> None:
    """In an application everything is the host's word."""
    request: dict[str, Any] = {
        "metadata": {"x": "v"},
        "headers": {"x": "v"},
        "user": "v",
        "session_id": "v",
        "environment": "v",
    }
    request["tags"] = ["v"]
    kind = "list" if path == "tags" else "text"
    for trust, origin, rule in (("host", "sdk", "hit"), ("host", "proxy", "rest"), ("caller", "proxy", "hit")):
        attributes = f"x: {{from: {path}, type: {kind}, trust: {trust}}}"
        assert plan(attributes, "match: {x: v}", {**request, "origin": origin}).rule == rule


def test_in_the_proxy_the_host_is_read_where_the_client_may_not_speak() -> None:
    """A path that is the caller's is passed over."""
    attributes = "who: {from: [header.x-team, team]}"
    request = {"origin": "proxy", "team": "pay", "headers": {"x-team": "lab"}}
    assert plan(attributes, "match: {who: pay}", request).rule == "hit"


@given(st.dictionaries(st.sampled_from(["x-team", "team", "who"]), st.text(max_size=4), max_size=3))
def test_no_word_of_a_client_changes_a_route_of_the_host(words: dict[str, str]) -> None:
    """Metadata, headers and tags of the client leave the decision as it is."""
    attributes = "who: {from: [header.x-team, metadata.team, team]}"
    request = {"origin": "proxy", "team": "pay", "headers": words, "metadata": words, "tags": list(words.values())}
    assert plan(attributes, "match: {who: pay}", request).rule == "hit"


def test_a_rule_that_only_the_caller_decides_is_a_warning() -> None:
    """One host attribute beside it is enough, and so is `route: drop`."""
    attributes = "app: {from: header.x-app, trust: caller}"
    for rule, codes in (
        ("match: {app: web}, route: a", ["RT501"]),
        ("match: {app: web, team: t}, route: a", []),
        ("match: {app: web}, when: \"team == 't'\", route: a", []),
        ("match: {app: web}, route: drop", []),
    ):
        config = loaded(attributes, f"  - {{id: r, {rule}}}\n  - {{id: s, match: {{team: u}}, route: a}}")
        assert [warning.code for warning in config.warnings] == codes


# -- everywhere else -----------------------------------------------------------------------------------------------


def test_templates_samples_and_roll_outs_read_declared_attributes() -> None:
    """A session of one's own is kept or dropped whole."""
    attributes = "chat: {from: metadata.chat_id}"
    rule = 'match: {chat: {exists: true}}, sample: {rate: 0.5, by: chat}, trace: {set: {name: "chat {chat}"}}'
    kept = {
        chat: {plan(attributes, rule, {"chat": chat, "session_id": call}).sample.kept for call in "12345"}
        for chat in "abcdefgh"
    }
    assert all(len(answers) == 1 for answers in kept.values())
    assert len({answer for answers in kept.values() for answer in answers}) == 2
    assert plan(attributes, rule, {"chat": "a"}).trace["name"] == "chat a"


def test_an_expression_computes_with_declared_attributes() -> None:
    """Also where it sets a value."""
    attributes = "cost: {from: metadata.cost, type: number}"
    rule = 'match: {cost: {exists: true}}, trace: {set: {metadata.cost: {expr: "ceil(cost)"}}}'
    assert plan(attributes, rule, {"cost": "1.2"}).trace["metadata"] == {"cost": 2}


def test_requests_by_hand_name_declared_attributes_as_plain_keys() -> None:
    """The router, its tests and explain know them; a misspelt one is told."""
    config = load_text(
        "version: 1\nattributes: {region: {from: metadata.geo.region}}\nprojects: {a: {env: A}}\n"
        "rules: [{id: eu, match: {region: eu}, route: a}, {id: rest, route: a}]\n",
        environ={"A_PUBLIC_KEY": "pk-lf-a", "A_SECRET_KEY": "sk-lf-a"},
    )
    router = Router(config)
    assert router.resolve({"region": "eu", "metadata": {"k": 1}}).rule == "eu"
    with pytest.raises(RequestError) as error:
        router.resolve({"reigon": "eu"})
    assert str(error.value) == "unknown key `reigon` in a request; did you mean `region`?"
    router.shutdown(1)


def test_a_table_may_hold_the_values_of_a_declared_attribute() -> None:
    """Its cells fill holes, and its rows decide routes."""
    text = """
version: 1
attributes: {desk: {from: metadata.desk, values_from: desks}}
tables: {desks: {x: {project: a, floor: 3}, y: {project: b}}}
projects: {a: {env: A}, b: {env: B}}
rules:
  - {id: desk, match: {desk: {known: true}}, route: "{desk.project}", trace: {set: {name: "floor {desk.floor}"}}}
  - {id: rest, route: drop}
"""
    config = load_text(text)
    table = RoutingTable.compile(config)
    found = table.resolve(record_from_request({"desk": "x"}, config.vocabulary))
    assert (found.route, found.trace["name"]) == (("a",), "floor 3")
    with pytest.raises(ConfigError) as error:
        load_text(text.replace("{known: true}", "xx"))
    assert {problem.code for problem in error.value.problems} == {"RT213", "RT613"}


def test_a_call_without_a_required_attribute_goes_on_and_its_plan_says_so() -> None:
    """Declared or built in; an attribute that is there is not mentioned."""
    attributes = "team: {required: true}, region: {from: metadata.region, required: true}"
    found = plan(attributes, "match: {stream: true}", {"team": "t"})
    assert found.rule == "rest"
    assert [(reason.effect, reason.source) for reason in found.because] == [
        ("route b", "rule rest"),
        ("missing region", "attributes"),
    ]
    assert found.missing == ("region",)


@pytest.mark.parametrize(
    ("attribute", "request_", "is_unknown"),
    [
        ("region: {from: metadata.region, normalize: lower, values: [EU, us]}", {"region": "eu"}, False),
        ("region: {from: metadata.region, values: [eu, us]}", {"region": "mars"}, True),
        ("region: {from: metadata.region, values: [eu, us]}", {}, False),
        ("region: {from: metadata.region, values: [eu], default: eu}", {}, False),
        ("tier: {from: metadata.tier, type: number, values: [1, 2]}", {"tier": "2"}, False),
        ("tier: {from: metadata.tier, type: number, values: [1, 2]}", {"tier": 3}, True),
        ("tags: {values: [a, b]}", {"tags": ["a", "b"]}, False),
        ("tags: {values: [a, b]}", {"tags": ["a", "x"]}, True),
        ("model: {values: [gpt-4o]}", {"model": "gpt-4o", "provider": "openai", "model_group": "smart"}, False),
        ("model: {values: [gpt-4o]}", {"model": "o3", "provider": "openai", "model_group": "smart"}, True),
        ("stream: {values: [true]}", {"stream": False}, True),
    ],
)
def test_a_value_that_the_file_does_not_know_is_in_the_plan(
    attribute: str, request_: dict[str, Any], is_unknown: bool
) -> None:
    """By the name of the attribute; the call goes on, and the value is told nowhere."""
    name = attribute.partition(":")[0]
    found = plan(attribute, "match: {team: t}", request_)
    assert found.rule == "rest"
    assert found.unknown_values == ((name,) if is_unknown else ())
    assert ((f"unknown value of {name}", "attributes") in {(r.effect, r.source) for r in found.because}) is is_unknown


def test_a_value_that_is_no_row_of_its_table_is_in_the_plan() -> None:
    """With `values_from` the rows are the values."""
    config = load_text(
        "version: 1\nattributes: {team: {values_from: teams}}\ntables: {teams: {pay: {}}}\n"
        "projects: {a: {env: A}}\nrules: [{id: rest, route: a}]\n"
    )
    table = RoutingTable.compile(config)
    calls: list[dict[str, Any]] = [
        {"team": "pay"},
        {"team": "lab"},
        {},
        {"team": "pay"},
        {"authenticated": False, "metadata": {"team": "x"}},
    ]
    plans = [table.resolve(record_from_request(call, config.vocabulary)) for call in calls]
    assert [found.unknown_values for found in plans] == [(), ("team",), (), (), ()]


def test_what_calls_do_not_meet_is_counted_by_the_name_of_the_attribute() -> None:
    """`stats()` shows which attribute to look at; dropped calls count too."""
    attributes = "team: {required: true}, region: {from: metadata.region, values: [eu]}"
    config = loaded(attributes, "  - {id: drop, match: {stream: true}, route: drop}")
    router = Router(config)
    for number in range(3):
        metadata = {"region": f"secret-{number}"}
        router.log(record_from_request({"stream": True, "metadata": metadata, "call_id": str(number)}))
    router.flush()
    stats = router.stats()
    assert (stats.missing, stats.unknown_values) == ({"team": 3}, {"region": 3})
    assert "secret" not in str(stats.to_json())
    router.shutdown(1)
