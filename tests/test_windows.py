"""`active:`: when rules and overlays apply, on clocks that are changed twice a year."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import load_text
from router.config.windows import moment_of, read_window
from router.errors import RequestError
from router.pipeline import Router
from router.routing.request import record_from_request
from router.routing.table import RoutingTable
from router.routing.windows import is_open
from router.testing import make_record

HEAD = "version: 1\nprojects: {a: {env: A}, b: {env: B}}\nmasks: {m: [{detect: [email]}]}\n"


def table(rules: str) -> RoutingTable:
    return RoutingTable.compile(load_text(HEAD + rules))


def is_active(active: str, now: str) -> bool:
    rules = f"rules: [{{id: timed, active: {{{active}}}, route: b}}, {{id: rest, route: a}}]\n"
    return table(rules).resolve(record_from_request({"now": now})).rule == "timed"


@pytest.mark.parametrize(
    ("active", "inside", "outside"),
    [
        ("from: 2026-12-01", ["2026-12-01", "2030-01-01"], ["2026-11-30T23:59:59.999999"]),
        ("until: 2026-12-01", ["2026-11-30T23:59:59.999999", "1970-01-01T00:00:01"], ["2026-12-01", "2030-01-01"]),
        ("from: 2026-12-01, until: 2026-12-02", ["2026-12-01T12:00"], ["2026-11-30T12:00", "2026-12-02T00:00"]),
        ("from: 2026-12-01T10:00+02:00", ["2026-12-01T08:00Z"], ["2026-12-01T07:59Z"]),
        (
            "from: 2026-12-01, zone: Asia/Tokyo",
            ["2026-12-01T00:00+09:00", "2026-11-30T15:00Z"],
            ["2026-11-30T14:59Z"],
        ),
        ("days: mon-fri", ["2026-12-07", "2026-12-11T23:59"], ["2026-12-12", "2026-12-13"]),
        ("days: [sat, Sun]", ["2026-12-12", "2026-12-13"], ["2026-12-14"]),
        ("days: fri-mon", ["2026-12-11", "2026-12-12", "2026-12-13", "2026-12-14"], ["2026-12-15", "2026-12-10"]),
        ("days: mon, zone: Pacific/Auckland", ["2026-12-06T11:00Z"], ["2026-12-07T11:00Z"]),
        (
            "hours: 09:00-17:00",
            ["2026-12-07T09:00", "2026-12-07T16:59:59"],
            ["2026-12-07T08:59:59", "2026-12-07T17:00"],
        ),
        ("hours: [00:00-01:00, 23:00-24:00]", ["2026-12-07T23:59", "2026-12-07T00:59"], ["2026-12-07T01:00"]),
        ("hours: 22:00-06:00", ["2026-12-07T22:00", "2026-12-07T05:59"], ["2026-12-07T06:00", "2026-12-07T21:59"]),
        (
            "days: fri, hours: 22:00-06:00",
            ["2026-12-11T22:00", "2026-12-12T05:59"],
            ["2026-12-11T05:59", "2026-12-12T22:00", "2026-12-12T06:00"],
        ),
        ("days: mon, hours: 09:00-17:00", ["2026-12-07T12:00"], ["2026-12-08T12:00", "2026-12-07T08:00"]),
    ],
)
def test_a_rule_applies_only_at_its_time(active: str, inside: list[str], outside: list[str]) -> None:
    """The first moment is in, the end is out; hours over midnight belong to the day on which they begin."""
    assert [now for now in inside if not is_active(active, now)] == []
    assert [now for now in outside if is_active(active, now)] == []


BERLIN = "zone: Europe/Berlin"
SKIPPED = "2026-03-29"  # 02:00 becomes 03:00, at 01:00 UTC
REPEATED = "2026-10-25"  # 03:00 becomes 02:00, at 01:00 UTC


@pytest.mark.parametrize(
    ("active", "now", "expected"),
    [
        # A time that the clocks skip counts as that much later: 02:30 is 03:30, which is 01:30 UTC.
        (f"from: {SKIPPED}T02:30, {BERLIN}", f"{SKIPPED}T01:29:59Z", False),
        (f"from: {SKIPPED}T02:30, {BERLIN}", f"{SKIPPED}T01:30Z", True),
        # A time that they show twice is the first of the two: 02:30 is 00:30 UTC.
        (f"from: {REPEATED}T02:30, {BERLIN}", f"{REPEATED}T00:29:59Z", False),
        (f"from: {REPEATED}T02:30, {BERLIN}", f"{REPEATED}T00:30Z", True),
        (f"until: {REPEATED}T02:30, {BERLIN}", f"{REPEATED}T00:30Z", False),
        # Hours follow the clocks: both 02:30 are in, and on the other day there is none.
        (f"hours: 02:00-03:00, {BERLIN}", f"{REPEATED}T00:30Z", True),
        (f"hours: 02:00-03:00, {BERLIN}", f"{REPEATED}T01:30Z", True),
        (f"hours: 02:00-03:00, {BERLIN}", f"{REPEATED}T02:00Z", False),
        (f"hours: 02:00-03:00, {BERLIN}", f"{SKIPPED}T00:59:59Z", False),
        (f"hours: 02:00-03:00, {BERLIN}", f"{SKIPPED}T01:00Z", False),
        # Nine o'clock is nine o'clock, in winter and in summer.
        (f"hours: 09:00-17:00, {BERLIN}", "2026-01-07T08:00Z", True),
        (f"hours: 09:00-17:00, {BERLIN}", "2026-01-07T07:59Z", False),
        (f"hours: 09:00-17:00, {BERLIN}", "2026-07-07T07:00Z", True),
        (f"hours: 09:00-17:00, {BERLIN}", "2026-07-07T15:00Z", False),
    ],
)
def test_clocks_that_are_changed(active: str, now: str, expected: bool) -> None:
    """Days that have 23 or 25 hours."""
    assert is_active(active, now) is expected


@given(st.integers(946_684_800, 2_524_608_000), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]))
def test_hours_and_their_complement_share_out_every_moment(now: int, zone: str) -> None:
    """Whatever the clocks do, a moment is in 06:00-22:00 or in 22:00-06:00, and never in both."""
    rules = (
        f'rules: [{{id: day, active: {{hours: "06:00-22:00", zone: {zone}}}, route: a}}, '
        f'{{id: night, active: {{hours: "22:00-06:00", zone: {zone}}}, route: b}}, {{id: rest, route: a}}]'
    )
    config = load_text(HEAD + rules)
    windows = [read_window(rule.value.active) for rule in config.rules if rule.value.active is not None]
    assert sorted(bool(is_open(window, now * 1_000_000_000)) for window in windows) == [False, True]


def test_what_is_remembered_does_not_outlast_a_window() -> None:
    """The same call, a moment later, is another decision."""
    rules = "rules: [{id: december, match: {team: t}, active: {from: 2026-12-01}, route: b}, {id: rest, route: a}]\n"
    compiled = table(rules)
    calls = [{"team": "t", "now": now} for now in ("2026-11-30T23:59:59", "2026-12-01", "2026-11-30T23:59:59")]
    assert [compiled.resolve(record_from_request(call)).rule for call in calls] == ["rest", "december", "rest"]


def test_the_start_of_the_call_counts() -> None:
    """A call that ends in another window belongs to the one in which it began."""
    rules = "rules: [{id: old, active: {until: 2026-12-01}, route: b}, {id: rest, route: a}]\n"
    end = moment_of("2026-12-01T00:00:01")
    start = moment_of("2026-11-30T23:59:59")
    assert start is not None
    assert end is not None
    record = make_record(start_time_unix_nano=start, end_time_unix_nano=end)
    assert table(rules).resolve(record).rule == "old"


@pytest.mark.parametrize("start", [0, -1, 10**40])
def test_where_the_time_is_not_known_masks_apply_and_routes_do_not(start: int) -> None:
    """Fail closed, fall through, and say so: as with a condition that cannot be evaluated."""
    body = """
overlays:
  - {id: o1, active: {days: mon-fri}, mask: [m]}
  - {id: o2, active: {days: mon-fri}, trace: {append: {tags: [t]}}}
rules:
  - {id: r, active: {days: mon-sun, hours: 00:00-24:00}, route: b}
  - {id: rest, route: a}
"""
    record = make_record(start_time_unix_nano=start, end_time_unix_nano=start)
    plan = table(body).resolve(record)
    assert (plan.rule, plan.masks, plan.undecided) == ("rest", {"a": ("m",)}, ("o1", "o2", "r"))
    steps = table(body).explain(record).steps
    unknown = "but the time of the call is not known, which counts as"
    assert steps[0].why == f"active on mon-fri in UTC, {unknown} a match"
    assert steps[2].why == f"active on mon-sun at 00:00-24:00 in UTC, {unknown} no match"


def test_explain_tells_the_time_at_the_place_of_the_window() -> None:
    """Why a rule does not apply now, on its own clock."""
    rules = (
        "rules: [{id: r, match: {team: t}, active: {from: 2026-01-01, days: mon-fri, hours: 09:00-17:00, "
        "zone: Europe/Berlin}, route: b}, {id: rest, route: a}]\n"
    )
    whys = [
        table(rules).explain(record_from_request({"team": "t", "now": now})).steps[0].why
        for now in ("2026-07-07T07:00Z", "2026-07-07T15:00Z")
    ]
    window = 'team = "t", active from 2026-01-01 on mon-fri at 09:00-17:00 in Europe/Berlin'
    assert whys == [window, f"{window}, but it is tue 2026-07-07 17:00 there"]


@pytest.mark.parametrize("now", ["noon", 5, "2026-13-01", "1969-01-01", "2026-12-24T10:00:00 Europe/Berlin"])
def test_a_time_that_a_request_cannot_have_is_refused(now: Any) -> None:
    """The error shows how to write one."""
    with pytest.raises(RequestError) as caught:
        record_from_request({"now": now})
    assert str(caught.value) == "`now` in a request must be a time such as 2026-12-24T10:00:00+01:00"


def test_a_request_without_a_time_is_made_at_present() -> None:
    """`Router.resolve` of a mapping is the only place that looks at a clock."""
    rules = "rules: [{id: now, active: {from: 2026-01-01, until: 2100-01-01}, route: drop}, {id: rest, route: a}]\n"
    router = Router(load_text(HEAD + rules))
    assert router.resolve({}).rule == "now"
    assert router.resolve({"now": "2025-12-31"}).rule == "rest"
    router.shutdown(1)
