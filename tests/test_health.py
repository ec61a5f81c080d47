"""Whether calls arrive, and if not why."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest

from router import Health, Router
from router.delivery.counters import ProjectStats, Stats
from router.delivery.health import read_health
from router.delivery.notices import LATELY_SECS, Notices, Trouble
from router.testing import FakeLangfuse, make_record

YAML = """
version: 1
projects: {payments: {env: PAYMENTS_LF}, shared: {env: LANGFUSE}}
rules:
  - {id: payments, match: {team: payments}, route: payments}
  - {id: rest, route: shared}
"""


@pytest.fixture
def langfuse():
    with FakeLangfuse(["payments", "shared"]) as server:
        yield server


def make_router(tmp_path: Path, langfuse: FakeLangfuse, text: str = YAML, **environ: str) -> Router:
    path = tmp_path / "routing.yaml"
    path.write_text(text, "utf-8")
    settings = {"ROUTER_CHECK_PROJECTS": "false", "ROUTER_RETRY_MIN_SECS": "0.01", "ROUTER_FLUSH_INTERVAL_SECS": "0"}
    keys = langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")
    return Router.from_file(path, environ=settings | keys | environ)


def untimed(health: Health) -> tuple[str, ...]:
    """Return the reasons without how long they hold, which is the machine's affair."""
    return tuple(re.sub(r", for \d+ s, ", ", for … s, ", reason) for reason in health.reasons)


def test_a_router_whose_calls_arrive_is_ready_and_one_that_was_shut_down_is_stopped(tmp_path, langfuse):
    """Nothing to say in between."""
    router = make_router(tmp_path, langfuse)
    assert router.health() == Health("ready")
    router.log(make_record(team="payments"))
    assert router.flush(60)
    assert router.health() == Health("ready")
    router.shutdown(10)
    assert router.health() == Health("stopped")


def test_a_project_that_cannot_be_reached_degrades_until_it_can(tmp_path, langfuse):
    """The reason names the project, the cause and how many calls wait; the end of the outage ends it at once."""
    router = make_router(tmp_path, langfuse)
    langfuse.fail("payments", status=503)
    router.log(make_record(team="payments", input="secret words"))
    router.log(make_record(team="search"))
    langfuse.wait_for_requests(3)
    assert not router.flush(0.1)
    health = router.health()
    assert health.state == "degraded"
    assert untimed(health) == ("project payments: HTTP 503, for … s, 1 waiting",)
    assert set(health.circuits.items()) <= {("payments", "open"), ("payments", "half_open")}
    told = {"state": "degraded", "reasons": list(health.reasons), "circuits": dict(health.circuits)}
    assert json.loads(json.dumps(health.to_json())) == told
    langfuse.heal("payments")
    assert router.flush(60)
    assert router.health() == Health("ready")
    router.shutdown(10)


def test_keys_that_are_refused_are_named(tmp_path, langfuse):
    """Their calls wait until somebody mends them."""
    router = make_router(tmp_path, langfuse, LANGFUSE_SECRET_KEY="sk-lf-unknown")
    router.log(make_record(team="search"))
    assert not router.flush(10)
    assert untimed(router.health()) == ("project shared: HTTP 401, check the keys of the project, for … s, 1 waiting",)
    assert router.health().circuits == {"shared": "open"}
    router.shutdown(10)


def test_keys_of_another_project_are_named(tmp_path, langfuse):
    """Which is why its calls are withheld."""
    text = YAML.replace("{env: PAYMENTS_LF}", "{env: PAYMENTS_LF, project_id: project-other}")
    router = make_router(tmp_path, langfuse, text)
    router.log(make_record(team="payments"))
    assert not router.flush(10)
    (reason,) = router.health().reasons
    assert reason.startswith("project payments: its keys belong to the Langfuse project project-payments")
    router.shutdown(10)


def test_a_queue_that_was_full_lately_degrades(tmp_path, langfuse, caplog):
    """Told once in the log, and by the probe for as long as it is news."""
    router = make_router(tmp_path, langfuse, ROUTER_MAX_QUEUE_BYTES="100000")
    with caplog.at_level(logging.WARNING, "router"):
        router.handle(make_record, 1_000_000)
        router.handle(make_record, 1_000_000)
    assert caplog.messages == ["Calls are dropped (queue_full): they come faster than they are masked."]
    assert untimed(router.health()) == ("queue_full before masking, for … s, 0 waiting",)
    router.shutdown(10)


def test_a_spool_that_cannot_be_used_degrades_until_it_can(tmp_path, langfuse, monkeypatch):
    """For as long as that lasts, not only for as long as it is news."""
    monkeypatch.setattr("router.delivery.sender._SPOOL_AGAIN_SECS", 0)
    monkeypatch.setattr("router.delivery.notices.LATELY_SECS", -1)
    folder = tmp_path / "spool"
    folder.write_text("in its way")
    router = make_router(tmp_path, langfuse, ROUTER_SPOOL_DIR=str(folder))
    router.log(make_record())
    assert router.flush(60)
    (reason,) = untimed(router.health())
    assert reason == "the spool cannot be used: Not a directory, for … s, 0 waiting"
    folder.unlink()
    router.log(make_record())
    assert router.flush(60)
    assert router.health() == Health("ready")
    assert list(folder.glob("*/lock"))
    router.shutdown(10)


def test_a_spool_that_is_full_degrades_until_there_is_room(tmp_path, langfuse, monkeypatch):
    """Its calls wait in memory only: they would not survive the end of the process."""
    monkeypatch.setattr("router.delivery.notices.LATELY_SECS", -1)
    folder = {"ROUTER_SPOOL_DIR": str(tmp_path / "spool"), "ROUTER_SPOOL_MAX_BYTES": "100000"}
    router = make_router(tmp_path, langfuse, **folder)
    router.log(make_record(input="x" * 200_000))
    assert router.flush(60)
    (reason,) = untimed(router.health())
    assert reason == "the spool takes no calls: ROUTER_SPOOL_MAX_BYTES is reached, for … s, 0 waiting"
    router.log(make_record())
    assert router.flush(60)
    assert router.health() == Health("ready")
    router.shutdown(10)


def test_a_call_that_cannot_be_taken_degrades_without_its_words(tmp_path, langfuse):
    """The class of the error alone."""

    def broken():
        raise ValueError("secret words")

    router = make_router(tmp_path, langfuse)
    router.handle(broken)
    assert router.flush(60)
    assert untimed(router.health()) == ("adapter_failed ValueError, for … s, 0 waiting",)
    router.shutdown(10)


def test_a_team_file_that_is_left_out_degrades(tmp_path, langfuse):
    """Until somebody mends it."""
    (tmp_path / "search.yaml").write_text("version: 1\nrule: []\n", "utf-8")
    mount = '  - {mount: "search.yaml", scope: {team: "{stem}"}, on_error: quarantine}\n'
    router = make_router(tmp_path, langfuse, YAML.replace("rules:\n", f"rules:\n{mount}"))
    (reason,) = router.health().reasons
    assert reason.endswith("search.yaml is left out (problems: 2)")
    router.shutdown(1)


def test_a_trouble_is_news_for_five_minutes():
    """It counts from its first time; after a quiet while it begins anew; somebody who waits longer is not forgotten."""
    now = 1_000.0
    notices = Notices(lambda: now)
    notices.say("a", "HTTP 503", logging.DEBUG, "x")
    now += 100
    notices.say("a", "HTTP 503", logging.DEBUG, "x")
    notices.say("b", "HTTP 429", logging.DEBUG, "x", pause=LATELY_SECS)
    assert notices.troubles() == [Trouble("a", "HTTP 503", 100.0), Trouble("b", "HTTP 429", 0.0)]
    now += LATELY_SECS + 1
    assert notices.troubles() == [Trouble("b", "HTTP 429", LATELY_SECS + 1)]
    notices.say("a", "HTTP 503", logging.DEBUG, "x")
    assert notices.troubles()[0] == Trouble("a", "HTTP 503", 0.0)
    notices.forget("a")
    notices.forget("b")
    assert notices.troubles() == []


def test_reasons_are_bounded_and_the_oldest_come_first():
    """A thousand projects that wait are twenty lines and a number."""
    troubles = [Trouble(f"team-{number}", "HTTP 503", float(number)) for number in range(1_000)]
    health = read_health(troubles, (), Stats(projects={"team-999": ProjectStats(handled=7)}), stopped=False)
    assert health.reasons[0] == "project team-999: HTTP 503, for 999 s, 7 waiting"
    assert health.reasons[19:] == ("project team-980: HTTP 503, for 980 s, 0 waiting", "and 980 more")


def test_a_project_without_calls_has_none_waiting():
    """Its keys were checked at the start; what waits for others is not counted as its own."""
    stats = Stats(projects={"payments": ProjectStats(handled=1)}, handled=1)
    troubles = [Trouble("shared", "no such host", 1.0), Trouble("", "the spool is full", 2.0)]
    assert read_health(troubles, (), stats, stopped=False).reasons == (
        "the spool is full, for 2 s, 1 waiting",
        "project shared: no such host, for 1 s, 0 waiting",
    )
