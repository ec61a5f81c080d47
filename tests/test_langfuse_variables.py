"""`LANGFUSE_*` variables: the default project, and what routing.yaml and `ROUTER_*` leave open."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from router import Router
from router.config import load_text
from router.delivery import DeliverySettings
from router.errors import ConfigError
from router.routing.record import CallRecord
from router.settings import load_settings
from router.testing import FakeLangfuse

YAML = """
version: 1
projects: {shared: {env: LANGFUSE}}
rules: [{id: rest, route: shared}]
"""
KEYS = {"LANGFUSE_PUBLIC_KEY": "pk-lf-shared", "LANGFUSE_SECRET_KEY": "sk-lf-shared"}
VARIABLE = "LANGFUSE_TRACING_ENABLED"
OURS = "defaults: {environment: ours, release: r-1, sample: 1.0}\n"


def sent(langfuse: FakeLangfuse, tmp_path: Path, environ: dict[str, str], yaml: str = YAML) -> Router:
    path = tmp_path / "routing.yaml"
    path.write_text(yaml, "utf-8")
    router = Router.from_file(path, environ=environ)
    for number in range(40):
        router.log(CallRecord(call_id=str(number), input="hello", start_time_unix_nano=1_790_000_000_000_000_000))
    assert router.shutdown(60)
    return router


@pytest.mark.seed("environment-project", "credentials-none")
@pytest.mark.parametrize("variable", ["LANGFUSE_HOST", "LANGFUSE_BASE_URL"])
def test_they_name_the_default_project(tmp_path: Path, variable: str) -> None:
    """`{env: LANGFUSE}`; the host by either name."""
    with FakeLangfuse(["shared"]) as langfuse:
        sent(langfuse, tmp_path, {**KEYS, variable: langfuse.url})
        assert {span.project for span in langfuse.spans()} == {"shared"}


@pytest.mark.seed("environment-project")
def test_without_a_host_it_is_langfuse_cloud() -> None:
    """As for the SDK."""
    loaded = load_text(YAML, environ=KEYS)
    assert loaded.projects["shared"].host == "https://cloud.langfuse.com"


@pytest.mark.seed("environment-settings")
def test_environment_release_and_sample_fill_the_defaults(tmp_path: Path) -> None:
    """The trace has the first two; of the calls a quarter or so is kept, always the same ones."""
    environ = {"LANGFUSE_TRACING_ENVIRONMENT": "staging", "LANGFUSE_RELEASE": "v7", "LANGFUSE_SAMPLE_RATE": "0.25"}
    with FakeLangfuse(["shared"]) as langfuse:
        first = sent(langfuse, tmp_path, {**langfuse.environ("LANGFUSE", "shared"), **environ})
        assert {(span.trace["environment"], span.trace["release"]) for span in langfuse.spans()} == {("staging", "v7")}
        again = sent(langfuse, tmp_path, {**langfuse.environ("LANGFUSE", "shared"), **environ})
    assert 0 < first.stats().delivered < 20
    assert first.stats().dropped == again.stats().dropped == {"sampled_out": 40 - first.stats().delivered}


@pytest.mark.seed("environment-settings")
def test_what_routing_yaml_says_beats_them(tmp_path: Path) -> None:
    """A file that was reviewed is worth more than a variable; a variable it does not need may be wrong."""
    environ = {"LANGFUSE_TRACING_ENVIRONMENT": "Sta ging", "LANGFUSE_RELEASE": "v7", "LANGFUSE_SAMPLE_RATE": "often"}
    with FakeLangfuse(["shared"]) as langfuse:
        router = sent(langfuse, tmp_path, {**langfuse.environ("LANGFUSE", "shared"), **environ}, YAML + OURS)
        assert {(span.trace["environment"], span.trace["release"]) for span in langfuse.spans()} == {("ours", "r-1")}
    assert router.stats().delivered == 40


@pytest.mark.seed("environment-settings")
@pytest.mark.parametrize(
    ("word", "is_on"), [("false", False), ("False ", False), ("0", False), ("true", True), ("", True)]
)
def test_tracing_that_is_switched_off_sends_nothing(
    word: str, is_on: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the file says of samples; a warning and the account of calls tell of it."""
    yaml = YAML.replace("route: shared}", "route: shared, sample: 1.0}") + OURS
    with FakeLangfuse(["shared"]) as langfuse, caplog.at_level(logging.WARNING, logger="router"):
        router = sent(langfuse, tmp_path, {**langfuse.environ("LANGFUSE", "shared"), VARIABLE: word}, yaml)
        assert len(langfuse.spans()) == (40 if is_on else 0)
    assert router.stats().dropped == ({} if is_on else {"sampled_out": 40})
    assert [VARIABLE in entry.getMessage() for entry in caplog.records] == ([] if is_on else [True])


def test_a_switch_that_is_none_stops_the_start() -> None:
    """The message names the variable, not its value."""
    with pytest.raises(ConfigError) as caught:
        load_text(YAML, environ={**KEYS, VARIABLE: "maybe"})
    (problem,) = caught.value.problems
    assert (problem.code, problem.severity, problem.message) == (
        "RT118",
        "error",
        "`LANGFUSE_TRACING_ENABLED` should be true or false",
    )


@pytest.mark.seed("environment-settings")
@pytest.mark.parametrize("rate", ["often", "1.5", "-0.1", "nan"])
def test_a_rate_that_is_none_stops_the_start(rate: str) -> None:
    """The message names the variable, not its value."""
    with pytest.raises(ConfigError) as caught:
        load_text(YAML, environ={**KEYS, "LANGFUSE_SAMPLE_RATE": rate})
    (problem,) = caught.value.problems
    assert str(problem.location) == "environment"
    assert (problem.code, problem.message) == ("RT118", "`LANGFUSE_SAMPLE_RATE` should be a number from 0 to 1")
    assert problem.effect == "the router does not start"
    assert problem.hint == "unset the variable, or say `sample` in `defaults`, which beats it"


@pytest.mark.seed("environment-settings")
def test_an_environment_in_another_spelling_is_a_warning() -> None:
    """It is sent as Langfuse spells it."""
    loaded = load_text(YAML, environ={**KEYS, "LANGFUSE_TRACING_ENVIRONMENT": "Sta ging"})
    (problem,) = [one for one in loaded.problems if one.code == "RT118"]
    assert (problem.code, problem.severity) == ("RT118", "warning")
    assert problem.message == "`LANGFUSE_TRACING_ENVIRONMENT` is no environment that Langfuse takes"
    assert problem.effect == "calls are filed under another spelling of it"
    assert loaded.projects["shared"].environment == "sta-ging"


@pytest.mark.seed("environment-settings")
def test_sizes_and_times_are_settings() -> None:
    """`ROUTER_*` goes first."""
    environ = {"LANGFUSE_FLUSH_AT": "15", "LANGFUSE_FLUSH_INTERVAL": "2", "LANGFUSE_TIMEOUT": "20"}
    assert load_settings(environ).delivery == DeliverySettings(
        max_batch_spans=15, flush_interval_secs=2.0, timeout_secs=20.0
    )
    assert load_settings({**environ, "ROUTER_MAX_BATCH_SPANS": "7"}).delivery.max_batch_spans == 7


@pytest.mark.seed("environment-settings")
@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LANGFUSE_FLUSH_AT", "0", "should be greater than or equal to 1"),
        ("LANGFUSE_FLUSH_INTERVAL", "soon", "should be a valid number"),
        ("LANGFUSE_TIMEOUT", "-1", "should be greater than 0"),
        ("LANGFUSE_DEBUG", "perhaps", "should be a valid boolean"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(variable: str, value: str, words: str) -> None:
    """By the variable that was set."""
    with pytest.raises(ConfigError) as caught:
        load_settings({variable: value})
    (problem,) = caught.value.problems
    assert problem.message.startswith(f"`{variable}` {words}")


@pytest.mark.seed("environment-settings")
@pytest.mark.parametrize("variable", ["LANGFUSE_DEBUG", "ROUTER_DEBUG"])
def test_debug_has_the_logger_say_all(variable: str, tmp_path: Path) -> None:
    """Its level only: handlers are the host's."""
    logger = logging.getLogger("router")
    level, handlers = logger.level, list(logger.handlers)
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    try:
        Router.from_file(path, environ={**KEYS, variable: "true"}).shutdown(5)
        assert (logger.level, logger.handlers) == (logging.DEBUG, handlers)
    finally:
        logger.setLevel(level)
