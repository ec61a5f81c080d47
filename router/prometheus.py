"""The account of a router as Prometheus metrics, read when they are scraped; needs `prometheus_client`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from router.delivery import ConfigStats, Health, Stats
from router.delivery.counters import TIMING_BOUNDS, Timing
from router.delivery.health import STATES, State
from router.pipeline import Router

_BY_PROJECT = {
    "router_mask_hits": ("Values that a detector found.", "detector", "masked"),
    "router_mask_failures": ("Masks that failed; what they guarded was withheld.", "mask", "mask_failed"),
}
_BY_NAME = {
    "router_shadow_matches": ("Calls that an entry in shadow mode would have matched.", "entry", "shadow"),
    "router_eval_errors": ("Conditions that could not be evaluated.", "entry", "undecided"),
    "router_override_denied": ("What requests asked for and did not get.", "field", "denied"),
    "router_missing_attribute": ("Calls without a required attribute.", "attribute", "missing"),
    "router_unknown_value": ("Calls with a value that routing.yaml does not know.", "attribute", "unknown_values"),
}


def register(router: Router, registry: CollectorRegistry = REGISTRY) -> Collector:
    """Add a router's metrics to a registry, by default the one that LiteLLM's `/metrics` shows.

    Every label comes from routing.yaml or from a closed set: no request can add a series. Returns the collector, for
    `registry.unregister`.

    Raises:
        ValueError: the registry has such metrics already.
    """
    collector = _RouterCollector(router)
    registry.register(collector)
    return collector


class _RouterCollector(Collector):
    def __init__(self, router: Router) -> None:
        self._router = router

    def describe(self) -> Iterator[Metric]:
        """Name the metrics, so that a registry notices a second router."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        stats = self._router.stats()
        accounts = {**stats.projects, "": stats.unrouted}
        handled = CounterMetricFamily("router_handled", "Calls taken over, one for each project.", labels=["project"])
        emitted = CounterMetricFamily("router_emit", "Calls that Langfuse acknowledged.", labels=["project"])
        dropped = CounterMetricFamily("router_dropped", "Calls never delivered.", labels=["project", "reason"])
        in_flight = GaugeMetricFamily("router_queue_depth", "Calls neither delivered nor dropped.", labels=["project"])
        spooled = CounterMetricFamily("router_spooled", "Calls left in the spool at the end.", labels=["project"])
        letters = CounterMetricFamily("router_dead_letters", "Dropped calls that the spool keeps.", labels=["project"])
        for project, account in accounts.items():
            handled.add_metric([project], account.handled)
            emitted.add_metric([project], account.delivered)
            in_flight.add_metric([project], account.in_flight)
            spooled.add_metric([project], account.spooled)
            letters.add_metric([project], account.dead_letters)
            for reason, count in account.dropped.items():
                dropped.add_metric([project, reason], count)
        health = self._router.health()
        yield from (handled, emitted, dropped, in_flight, spooled, letters)
        yield from (_health(health.state), _circuits(stats, health))
        routed: dict[tuple[str, ...], int] = {
            (rule, to): count for rule, counts in stats.routes.items() for to, count in counts.items()
        }
        yield _counter("router_decisions", "Calls by the rule that decided.", ["rule", "route"], routed)
        yield _decision_seconds(stats.decisions)
        yield from _config(stats.config)
        for name, (words, label, field) in _BY_PROJECT.items():
            found = {project: getattr(account, field) for project, account in accounts.items()}
            yield _by_project(name, words, label, found)
        for name, (words, label, field) in _BY_NAME.items():
            yield _counter(name, words, [label], {(key,): count for key, count in getattr(stats, field).items()})


def _health(state: State) -> Metric:
    family = GaugeMetricFamily("router_health", "1 for the state that the router is in.", labels=["state"])
    for name in STATES:
        family.add_metric([name], name == state)
    return family


def _circuits(stats: Stats, health: Health) -> Metric:
    words = "1 while the circuit breaker of a project is open or half open."
    family = GaugeMetricFamily("router_circuit_open", words, labels=["project"])
    for project in stats.projects:
        family.add_metric([project], project in health.circuits)
    return family


def _decision_seconds(timing: Timing) -> Metric:
    bounds = [*map(str, TIMING_BOUNDS), "+Inf"]
    buckets = list(zip(bounds, accumulate(timing.counts), strict=True))
    words = "What it took to decide about a call."
    return HistogramMetricFamily("router_decision_seconds", words, buckets=buckets, sum_value=timing.seconds)


def _config(config: ConfigStats) -> Iterator[Metric]:
    info = GaugeMetricFamily("router_config_info", "The configuration in use.", labels=["hash"])
    info.add_metric([config.digest], 1)
    yield info
    for name, words, value in (
        ("last_reload_successful", "0 while changed files were refused.", config.last_reload_successful),
        ("last_reload_success_timestamp_seconds", "When the one in use was read.", config.loaded_at),
        ("left_out_files", "Broken team files that it does without.", config.left_out),
    ):
        yield GaugeMetricFamily(f"router_config_{name}", words, value=value)
    results: dict[tuple[str, ...], int] = {("accepted",): config.accepted, ("rejected",): config.rejected}
    yield _counter("router_config_reloads", "How often the files were read again.", ["result"], results)


def _by_project(name: str, words: str, label: str, found: Mapping[str, Mapping[str, int]]) -> Metric:
    counts: dict[tuple[str, ...], int] = {
        (project, key): count for project, inner in found.items() for key, count in inner.items()
    }
    return _counter(name, words, ["project", label], counts)


def _counter(name: str, words: str, labels: list[str], counts: Mapping[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for values, count in counts.items():
        family.add_metric(list(values), count)
    return family
