"""The account of a router as Prometheus metrics."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from router import Router
from router.prometheus import register
from router.routing.record import Requested
from router.testing import FakeLangfuse, make_record

YAML = """
version: 1
attributes: {team: {values: [payments]}}
projects: {payments: {env: PAYMENTS_LF}, shared: {env: LANGFUSE}}
rules:
  - {id: noise, match: {tags: loadtest}, route: drop}
  - {id: payments, match: {team: payments}, route: payments, mask: [pii]}
  - {id: rest, route: shared}
"""


def series(registry: CollectorRegistry) -> dict[str, float]:
    """Return every series that is not zero, as Prometheus scrapes it."""
    lines = [line.rpartition(" ") for line in generate_latest(registry).decode().splitlines() if line[0] != "#"]
    return {name: float(value) for name, _, value in lines if float(value)}


def test_a_scrape_shows_the_account(tmp_path: Path) -> None:
    """Every call under its project, its rule and its fate; labels come from routing.yaml only."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    registry = CollectorRegistry()
    with FakeLangfuse(["payments", "shared"]) as langfuse:
        environ = langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")
        router = Router.from_file(path, environ=environ)
        collector = register(router, registry)
        router.log(make_record(team="payments", input="bo@example.org and jo@example.org"))
        router.log(make_record(team="made-up-by-a-client"))
        router.log(make_record(tags=("loadtest",)))
        assert router.shutdown(60)
    found = series(registry)
    seconds = {name: found.pop(name) for name in list(found) if name.startswith("router_decision_seconds")}
    assert seconds["router_decision_seconds_count"] == seconds['router_decision_seconds_bucket{le="+Inf"}'] == 3
    assert 0 < seconds["router_decision_seconds_sum"] < 10
    assert found.pop("router_config_last_reload_success_timestamp_seconds") > 1_700_000_000
    assert found == {
        f'router_config_info{{hash="{router.digest}"}}': 1,
        "router_config_last_reload_successful": 1,
        'router_handled_total{project="payments"}': 1,
        'router_handled_total{project="shared"}': 1,
        'router_handled_total{project=""}': 1,
        'router_emit_total{project="payments"}': 1,
        'router_emit_total{project="shared"}': 1,
        'router_dropped_total{project="",reason="policy"}': 1,
        'router_mask_hits_total{detector="email",project="payments"}': 2,
        'router_decisions_total{route="drop",rule="noise"}': 1,
        'router_decisions_total{route="payments",rule="payments"}': 1,
        'router_decisions_total{route="shared",rule="rest"}': 1,
        'router_unknown_value_total{attribute="team"}': 1,
        'router_health{state="stopped"}': 1,
    }
    registry.unregister(collector)
    assert series(registry) == {}


def test_a_scrape_shows_what_the_spool_keeps(tmp_path: Path) -> None:
    """Dead letters, and what the next process has to deliver."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    registry = CollectorRegistry()
    with FakeLangfuse(["shared"]) as langfuse:
        environ = langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")
        environ |= {"ROUTER_CHECK_PROJECTS": "false", "ROUTER_SPOOL_DIR": str(tmp_path / "spool")}
        router = Router.from_file(path, environ=environ)
        register(router, registry)
        langfuse.refuse("shared", containing="disliked")
        router.log(make_record(team="search", input="disliked"))
        assert router.flush(60)
        langfuse.fail("shared", 503)
        router.log(make_record(team="search", input="kept"))
        router.shutdown(1)
    found = series(registry)
    assert found['router_dead_letters_total{project="shared"}'] == 1
    assert found['router_dropped_total{project="shared",reason="rejected"}'] == 1
    assert found['router_spooled_total{project="shared"}'] == 1


def test_two_routers_do_not_share_a_registry(tmp_path: Path) -> None:
    """The second one is told so, instead of hiding the first."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    registry = CollectorRegistry()
    with FakeLangfuse() as langfuse:
        environ = langfuse.environ("PAYMENTS_LF") | langfuse.environ("LANGFUSE")
        first, second = (Router.from_file(path, environ=environ) for _ in range(2))
    register(first, registry)
    with pytest.raises(ValueError, match="router_handled"):
        register(second, registry)


def test_a_scrape_shows_reloads_and_open_circuits(tmp_path: Path) -> None:
    """What an alert is made of."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    registry = CollectorRegistry()
    with FakeLangfuse(["payments"]) as langfuse:
        environ = langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")
        router = Router.from_file(path, environ=environ | {"ROUTER_CHECK_PROJECTS": "false"})
        register(router, registry)
        router.log(make_record(team="search"))
        assert not router.flush(10)
        former = router.digest
        path.write_text(YAML + "# changed\n", "utf-8")
        assert router.reload().accepted
        path.write_text("version: 1\n", "utf-8")
        assert not router.reload().accepted
        found = series(registry)
        assert found['router_circuit_open{project="shared"}'] == 1
        assert found[f'router_config_info{{hash="{router.digest}"}}'] == 1
        assert f'router_config_info{{hash="{former}"}}' not in found
        assert "router_config_last_reload_successful" not in found
        assert found['router_config_reloads_total{result="accepted"}'] == 1
        assert found['router_config_reloads_total{result="rejected"}'] == 1
        router.shutdown(1)


def test_a_mask_that_fails_is_counted_by_mask_and_project(tmp_path: Path) -> None:
    """As `stats()` counts it."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    registry = CollectorRegistry()

    def broken(text: str) -> str:
        raise ValueError(text)

    with FakeLangfuse(["payments", "shared"]) as langfuse:
        environ = langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")
        router = Router.from_file(path, environ=environ)
        register(router, registry)
        router.log(make_record(team="payments", requested=Requested(masking_function=broken)))
        assert router.shutdown(60)
    assert series(registry)['router_mask_failures_total{mask="mask-function",project="payments"}'] == 1
    assert router.stats().projects["payments"].mask_failed == {"mask-function": 1}
