"""Whose word decides: captured calls whose clients lie are routed as the honest call of the same key would be."""

from __future__ import annotations

import pytest

from router.config import load_text
from router.config.attributes import BUILTIN_ATTRIBUTES
from router.routing.attributes import getter_of
from router.routing.record import CallRecord
from router.routing.request import record_from_request
from router.routing.table import RoutingTable
from tests.payloads import NAMES, capture_of, load_payload, record_of

TABLE = RoutingTable.compile(
    load_text("""
version: 1
attributes: {label: {from: [metadata.team_id, metadata.team, metadata.tags, header.x-team, tags, user]}}
projects: {evil: {env: EVIL}, a: {env: A}, b: {env: B}, nobodys: {env: NOBODYS}, shared: {env: SHARED}}
overlays:
  - {id: key-tag, match: {label: {exists: true}}, mask: [secrets]}
rules:
  - id: claimed
    match:
      any:
        - team: {glob: "*evil*"}
        - team_alias: {glob: "*evil*"}
        - key_alias: {glob: "*evil*"}
        - model: {glob: "*evil*"}
        - label: {exists: true}
    route: evil
  - {id: a, match: {team: team-a-id, team_alias: team-a, key_alias: key-a, org: org-1, model_group: fake-gpt}, route: a}
  - {id: b, match: {team: team-b-id, team_alias: team-b, key_alias: key-b, model_group: fake-gpt}, route: b}
  - {id: no-key, match: {authenticated: false}, route: nobodys}
  - {id: rest, route: shared}
""")
)
OF_KEY_A = {"team": "team-a-id", "team_alias": "team-a", "key_alias": "key-a", "org": "org-1"}
OF_KEY_B = {"team": "team-b-id", "team_alias": "team-b", "key_alias": "key-b"}


def _record(name: str, **changes: object) -> CallRecord:
    return record_of(load_payload(name), **changes)


@pytest.mark.parametrize("standard_logging_object", [True, False], ids=["whole", "without its standard object"])
@pytest.mark.parametrize(
    ("name", "honest", "rule"),
    [
        ("proxy_spoof", OF_KEY_A, "a"),
        ("proxy_keyhash_spoof_messages", OF_KEY_A, "a"),
        ("proxy_tags_string_breaks_slo", OF_KEY_B, "b"),
        ("proxy_tags_string_breaks_slo_messages", OF_KEY_A, "a"),
        ("proxy_bad_key_spoof", {"authenticated": False}, "no-key"),
    ],
)
def test_a_client_that_lies_is_routed_as_an_honest_one(
    name: str, honest: dict[str, object], rule: str, standard_logging_object: bool
) -> None:
    """Body, headers, tags and LiteLLM's own names claim other teams, keys and models; the key alone decides."""
    record = _record(name) if standard_logging_object else _record(name, standard_logging_object=None)
    expected = TABLE.resolve(record_from_request({**honest, "origin": "proxy", "model_group": "fake-gpt"}))
    plan = TABLE.resolve(record)
    assert (plan.rule, plan.route, plan.overlays, plan.masks) == (rule, expected.route, (), expected.masks)
    assert plan.rule == expected.rule


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_standard_logging_object_changes_no_attribute(name: str) -> None:
    """LiteLLM fails to build it when a client sends tags as a text: what rules read does not hang on it."""
    whole, without = _record(name), _record(name, standard_logging_object=None)
    split = {"input_tokens", "output_tokens"} if name == "proxy_responses_api" else set()  # the capture lost them
    read = {attribute: getter_of(attribute) for attribute in BUILTIN_ATTRIBUTES.keys() - split}
    assert {key: get(without) for key, get in read.items()} == {key: get(whole) for key, get in read.items()}
    assert (without.metadata, without.headers) == (whole.metadata, whole.headers)


@pytest.mark.parametrize(("given", "host_tags"), [(("vip",), ("vip",)), (["vip"], ()), ("vip", ())], ids=repr)
def test_only_a_tuple_of_tags_is_the_hosts(given: object, host_tags: tuple[str, ...]) -> None:
    """What JSON can bring is a list, and versions of LiteLLM that do not know the key let it through."""
    payload = load_payload("proxy_chat_minimal")
    payload.kwargs["litellm_params"]["metadata"]["inherited_tags"] = given
    assert record_of(payload).host_tags == host_tags
    assert capture_of(payload).record().host_tags == host_tags
