"""A value that a mask hides at its path is not shown where a rule or an overlay wrote it elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from router.config import load_text
from router.masking import MaskedRecord, MaskingPolicies, mask
from router.routing.record import CallRecord
from router.routing.request import record_from_request
from router.routing.table import RoutingTable
from tests.masks import dump

YAML = """
version: 1
attributes: {{who: {{from: [metadata.who, user], normalize: lower}}}}
tables: {{teams: {{payments: {{cost_center: cc-1}}}}}}
projects: {{a: {{env: A}}}}
masks:
  pseudo:
    - {{paths: [trace.user_id], action: hash, key: {{env: MASK_KEY}}}}
    - {{paths: [metadata.account, trace.session_id], action: remove}}
    - {{paths: [metadata.note], detect: [email]}}
    - {{keys: [token]}}
rules:
  - id: all
    match: {{team: {{in: teams}}}}
    route: a
    mask: [pseudo]
    trace: {update}
  - {{id: rest, route: a}}
"""
CALL: dict[str, Any] = {
    "team": "payments",
    "user": "Alice@x.example",
    "session_id": "sess-9",
    "metadata": {"account": "ACC-123", "note": "from bo@x.example", "region": "eu", "token": "t0ken-77"},
}


def seen(update: str, **changes: Any) -> MaskedRecord:
    """Return what the project sees of the call under a rule with this `trace:`."""
    loaded = load_text(YAML.format(update=update))
    record: CallRecord = record_from_request({**CALL, **changes}, loaded.vocabulary)
    plan = RoutingTable.compile(loaded).resolve(record)
    return mask(record, plan, "a", MaskingPolicies.compile(loaded.masks, loaded.secrets))


@pytest.mark.parametrize(
    "update",
    [
        '{set: {name: "{user}"}}',
        '{default: {name: "by {user}"}}',
        "{set: {name: {expr: user}}}",
        "{set: {name: {expr: \"join('-', [team, user])\"}}}",
        '{set: {metadata.who: "{who}"}}',
        '{set: {metadata: {a: "{user}"}}}',
        '{append: {tags: ["by:{user}"]}}',
        '{set: {tags: ["{user}", "x"]}}',
        '{set: {release: "{session_id}"}}',
        '{set: {name: "{metadata.account}"}}',
        "{set: {name: {expr: metadata.account}}}",
        '{set: {name: {expr: "metadata.{a: account}.a"}}}',
        '{set: {name: "{metadata.token}"}}',
    ],
)
def test_a_copy_is_hidden_as_its_original_is(update: str) -> None:
    """Whichever way it was computed: a hole, an expression, a declared attribute, in a mapping or a list."""
    shown = dump(seen(update)).lower()
    for secret in ("alice@x.example", "sess-9", "acc-123", "t0ken-77"):
        assert secret not in shown


def test_what_a_detector_finds_below_a_path_is_found_in_the_copy() -> None:
    """The rest of the text stays."""
    assert seen('{set: {name: "note: {metadata.note}"}}').trace["name"] == "note: from [EMAIL]"


def test_a_hash_of_a_copy_is_the_hash_of_its_original() -> None:
    """So that the two can still be seen to belong together."""
    masked = seen('{set: {name: "{user}"}}')
    assert masked.trace["name"] == masked.trace["user_id"]
    assert masked.trace["name"].startswith("hash_test_")


@pytest.mark.parametrize(
    ("update", "name"),
    [
        ('{set: {name: "{team}/{metadata.region}"}}', "payments/eu"),
        ('{set: {name: "{team.cost_center}"}}', "cc-1"),
        ("{set: {name: {expr: metadata.region}}}", "eu"),
        ("{set: {name: plain}}", "plain"),
    ],
)
def test_what_no_mask_hides_is_shown(update: str, name: str) -> None:
    """A mask by path is about that path, and about nothing else."""
    assert seen(update).trace["name"] == name
