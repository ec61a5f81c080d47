"""What a user sees of a trace that later calls continue, on both generations of Langfuse."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router import Router
from router.masking.ids import normalise_trace_id
from router.routing.record import CallRecord
from router.routing.request import record_from_request
from router.testing import FakeLangfuse, ReceivedSpan, SeenTrace
from router.testing.traces import seen_on_v3, seen_on_v4
from tests.masked_calls import START

TRACE_ID = "trace-id22"
FOLDS = {"v3": seen_on_v3, "v4": seen_on_v4}
KEYS = {
    "input": "input",
    "output": "output",
    "trace_name": "name",
    "session_id": "session_id",
    "tags": "tags",
    "trace_user_id": "user_id",
    "trace_version": "version",
    "trace_release": "release",
    "trace_metadata": "metadata",
}
"""Keys that a call may update, and the field of the trace that is meant."""
ROWS = {
    "input": "update-input",
    "output": "update-output",
    "trace_version": "update-trace-version",
    "trace_release": "update-trace-release",
    "trace_metadata": "update-trace-metadata",
    "trace_user_id": "update-trace-user-id",
}
"""Keys that LiteLLM's documentation names, and their rows of the seed."""
FIRST = {
    "trace_id": TRACE_ID,
    "trace_name": "checkout",
    "session_id": "chat-1",
    "trace_user_id": "ann",
    "tags": ["first"],
    "trace_version": "1",
    "trace_release": "r1",
    "trace_public": True,
    "trace_metadata": {"city": "Rome", "kept": "yes"},
}
SECOND = {
    "existing_trace_id": TRACE_ID,
    "trace_name": "other",
    "session_id": "chat-2",
    "trace_user_id": "bob",
    "tags": ["second"],
    "trace_version": "2",
    "trace_release": "r2",
    "trace_metadata": {"city": "Oslo"},
}


def yaml_of(server: str, environment: str = "production", release: str = "") -> str:
    more = f", release: {release!r}" if release else ""
    return rf"""
version: 1
defaults: {{environment: {environment}, server: {server}{more}}}
projects: {{shared: {{env: LANGFUSE}}}}
masks:
  mail: [{{detect: [email]}}]
  strict: [{{paths: [input], action: redact}}, {{paths: [trace.metadata.city], action: redact}}]
  numbers: [{{detect: [ip]}}, {{pattern: '\d{{8,}}', as: "[N]"}}]
rules:
  - {{id: masked, match: {{metadata.private: true}}, route: shared, mask: [mail]}}
  - {{id: strict, match: {{metadata.strict: true}}, route: shared, mask: [strict]}}
  - {{id: numbers, match: {{metadata.numbers: true}}, route: shared, mask: [numbers]}}
  - {{id: "20261128", match: {{metadata.leaks: true}}, route: shared, mask: [numbers]}}
  - {{id: rest, route: shared}}
"""


class Caller:
    """An application that makes one call after the other, each a minute later."""

    def __init__(self, router: Router, langfuse: FakeLangfuse) -> None:
        self._router = router
        self._langfuse = langfuse
        self.made = 0

    def call(self, metadata: Mapping[str, Any], minutes: int = 1, **fields: Any) -> None:
        self.made += 1
        start = START + len(self._langfuse.spans()) * minutes * 60_000_000_000
        number = sum(span.model is not None for span in self._langfuse.spans()) + 1
        said = {"model": "m", "input": f"question {number}", "output": f"answer {number}", **fields}
        record = record_from_request({"metadata": dict(metadata), "call_type": "completion", **said})
        self._router.log(
            replace(record, call_id=f"{start}", start_time_unix_nano=start, end_time_unix_nano=start + 1_000_000_000)
        )
        assert self._router.flush(60)
        stats = self._router.stats()
        assert (stats.handled, stats.delivered) == (self.made, self.made)


@contextlib.contextmanager
def process(langfuse: FakeLangfuse, tmp_path: Path, server: str, **said: str) -> Iterator[Caller]:
    """Give an application in a process of its own: it remembers nothing that another one sent."""
    path = tmp_path / f"{server}.yaml"
    path.write_text(yaml_of(server, **said), "utf-8")
    router = Router.from_file(path, environ=langfuse.environ("LANGFUSE", "shared"))
    try:
        yield Caller(router, langfuse)
    finally:
        router.shutdown(5)


def changes(before: SeenTrace, after: SeenTrace) -> set[str]:
    old, new = asdict(before), asdict(after)
    return {name for name in old if old[name] != new[name]}


SERVERS = [("v3", "v3"), ("v4", "v4"), ("auto", "v3"), ("auto", "v4")]
"""What is known of the server, and what it is; `auto` meets one that does not say."""


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    with FakeLangfuse(version=None) as server:
        yield server


def of_the_seed(key: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.seed(ROWS[key])] if key in ROWS else []


def lost(span: ReceivedSpan) -> tuple[set[str], set[str]]:
    return set(span.routing.get("not_kept", ())), set(span.routing.get("not_updated", ()))


@pytest.mark.seed("existing-trace-id")
@pytest.mark.parametrize(("known", "server"), SERVERS)
@pytest.mark.parametrize("minutes", [1, 20])
def test_a_continuation_changes_nothing(
    known: str, server: str, minutes: int, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """Whatever the call says of its trace, also once the server has forgotten that it has the trace."""
    with process(langfuse, tmp_path, known) as caller:
        caller.call(FIRST)
        before = FOLDS[server](langfuse.spans())
        caller.call(SECOND, minutes)
    assert changes(before, FOLDS[server](langfuse.spans())) == set()
    assert len(langfuse.spans()) == 2
    assert lost(langfuse.spans()[1]) == (set(), set())


@pytest.mark.parametrize(("known", "server"), SERVERS)
@pytest.mark.parametrize("key", [pytest.param(key, id=key, marks=of_the_seed(key)) for key in KEYS])
def test_a_key_that_is_updated_changes_and_no_other(
    key: str, known: str, server: str, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """One process wrote the trace and continues it: everything else is said again where it would be reset."""
    with process(langfuse, tmp_path, known) as caller:
        caller.call(FIRST)
        before = FOLDS[server](langfuse.spans())
        caller.call({**SECOND, "update_trace_keys": [key]})
    after = FOLDS[server](langfuse.spans())
    assert changes(before, after) == {KEYS[key]}
    expected = {
        "input": "question 2",
        "output": "answer 2",
        "tags": ("first", "second") if server == "v3" else ("second",),
        "trace_metadata": {**before.metadata, "city": "Oslo"},
    }
    assert getattr(after, KEYS[key]) == expected.get(key, SECOND.get(key))
    assert after.metadata["kept"] == "yes"
    assert lost(langfuse.spans()[1]) == (set(), set())


@pytest.mark.parametrize(("known", "server"), SERVERS)
@pytest.mark.parametrize("keys", [[], ["input", "output"], *([key] for key in KEYS)], ids="+".join)
def test_what_another_process_wrote_and_is_lost_is_told(
    keys: list[str], known: str, server: str, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """The span's `routing` names every field that was reset, and every key that was left alone on that account."""
    with process(langfuse, tmp_path, known) as caller:
        caller.call(FIRST)
    before = FOLDS[server](langfuse.spans())
    with process(langfuse, tmp_path, known) as caller:
        caller.call({**SECOND, "update_trace_keys": keys})
    after = FOLDS[server](langfuse.spans())
    not_kept, not_updated = lost(langfuse.spans()[1])
    wanted = {KEYS[key] for key in keys}
    changed = changes(before, after)
    assert changed <= wanted | not_kept
    assert wanted - not_updated <= changed
    assert not not_kept & wanted
    if known != "auto":
        assert not changed & not_updated
    if not keys:
        assert changed == set()
    if keys == ["input", "output"] and known != "auto":
        assert wanted <= changed
    assert "input" not in not_kept
    assert "output" not in not_kept


UPDATES = st.lists(st.lists(st.sampled_from(sorted(KEYS)), unique=True), min_size=1, max_size=4)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(updates=UPDATES, known=st.sampled_from(["v3", "v4", "auto"]))
def test_any_chain_of_continuations_changes_what_it_says(
    updates: list[list[str]], known: str, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """Each call changes the keys that it names, and leaves what the calls before it changed."""
    langfuse.clear()
    folds = FOLDS if known == "auto" else {known: FOLDS[known]}
    with process(langfuse, tmp_path, known) as caller:
        caller.call(FIRST)
        for number, keys in enumerate(updates):
            before = {server: fold(langfuse.spans()) for server, fold in folds.items()}
            said = {
                name: f"{value}-{number}" if isinstance(value, str) and name != "existing_trace_id" else value
                for name, value in SECOND.items()
            }
            said |= {"tags": [f"tag-{number}"], "trace_metadata": {"city": f"city-{number}"}}
            caller.call({**said, "update_trace_keys": keys})
            for server, fold in folds.items():
                assert changes(before[server], fold(langfuse.spans())) == {KEYS[key] for key in keys}


def test_a_trace_that_is_named_by_its_span_is_updated_and_its_name_told_as_lost(
    langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """The Langfuse SDK sets no name of the trace. Who says the name in the call, keeps it."""
    update = {"existing_trace_id": TRACE_ID, "update_trace_keys": ["input", "output"]}
    with process(langfuse, tmp_path, "v4") as caller:
        caller.call(FIRST)
    (first,) = langfuse.spans()
    unnamed = {key: value for key, value in first.attributes.items() if key != "langfuse.trace.name"}
    foreign = replace(first, name="checkout-agent", attributes=unnamed)
    with process(langfuse, tmp_path, "v4") as caller:
        caller.call(update)
        caller.call({**update, "trace_name": "mine", "update_trace_keys": ["input", "output", "trace_name"]})
    updated, _, named, _ = langfuse.spans()[1:]
    assert lost(updated)[0] == {"metadata", "name"}
    assert "name" not in lost(named)[0]
    seen = seen_on_v4([foreign, *langfuse.spans()[1:]])
    assert (seen.name, seen.input, seen.output) == ("mine", "question 3", "answer 3")


@pytest.mark.seed("mask-continued-trace")
@pytest.mark.parametrize(("known", "server"), SERVERS)
def test_what_a_call_hides_replaces_what_the_trace_had(
    known: str, server: str, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """Seed: with the key to update and `mask_input`, the trace's input becomes the redacted text."""
    with process(langfuse, tmp_path, known) as caller:
        caller.call(FIRST)
        caller.call({**SECOND, "update_trace_keys": ["input", "output"], "mask_input": True, "mask_output": True})
    seen = FOLDS[server](langfuse.spans())
    assert (seen.input, seen.output) == ("redacted-by-litellm", "redacted-by-litellm")
    assert all(b"question 2" not in request.body for request in langfuse.requests())


def test_what_is_said_again_is_masked_as_the_call_is(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """A former input leaves a second time only where the masks of the call that brings it leave it alone."""
    with process(langfuse, tmp_path, "v4") as caller:
        caller.call(FIRST, input="mail ann@example.com")
        assert langfuse.spans()[0].input == "mail ann@example.com"
        caller.call({**SECOND, "update_trace_keys": ["output"], "private": True}, input="ann@example.com asks again")
    (span,) = langfuse.spans()[1:]
    assert span.input == "[EMAIL] asks again"
    assert lost(span) == (set(), {"output"})


def test_what_a_path_hides_is_not_said_again(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Former content stands under the paths of the fields that it comes from."""
    with process(langfuse, tmp_path, "v4") as caller:
        caller.call(FIRST)
        caller.call({**SECOND, "update_trace_keys": ["output"], "strict": True})
        assert lost(langfuse.spans()[1]) == (set(), {"output"})
        caller.call({**SECOND, "update_trace_keys": ["input", "output"], "strict": True})
    assert "metadata" in lost(langfuse.spans()[2])[0]
    for request in langfuse.requests()[1:]:
        assert b"question 1" not in request.body
        assert b"Rome" not in request.body


def test_what_is_the_same_under_a_mask_is_said_again(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """A mask that finds nothing, or what it has redacted already, costs no update."""
    with process(langfuse, tmp_path, "v4") as caller:
        caller.call({**FIRST, "strict": True})
        caller.call({**SECOND, "update_trace_keys": ["output"], "strict": True})
    assert lost(langfuse.spans()[1]) == (set(), set())
    seen = seen_on_v4(langfuse.spans())
    assert (seen.input, seen.output, seen.metadata["kept"]) == ("redacted-by-litellm", "answer 2", "yes")


@pytest.mark.parametrize(("known", "server"), SERVERS)
def test_a_call_that_is_withheld_changes_nothing_of_its_trace(
    known: str, server: str, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """What it said is not known, so neither is an update of it; what was known of the trace still is."""
    with process(langfuse, tmp_path, known) as caller:
        caller.call({**FIRST, "trace_environment": "staging"})
        before = FOLDS[server](langfuse.spans())
        assert before.environment == "staging"
        # The number is found in the input, and stands in the rule's id, where nothing can hide it.
        update = {**SECOND, "update_trace_keys": ["input", "output", "trace_name"], "leaks": True}
        caller.call(update, input="account 20261128")
        assert langfuse.spans()[1].input == "[MASK FAILED: egress]"
        assert changes(before, FOLDS[server](langfuse.spans())) == set()
        caller.call({**SECOND, "update_trace_keys": ["output"]})
    assert changes(before, FOLDS[server](langfuse.spans())) == {"output"}


@pytest.mark.parametrize("known", ["v3", "v4"])
def test_the_words_of_the_project_are_not_masked(known: str, langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Its environment and release stand in routing.yaml, and looking like a number or address changes neither."""
    with process(langfuse, tmp_path, known, environment="eu-20261128", release="1.2.3.4") as caller:
        caller.call({**FIRST, "trace_release": None, "numbers": True})
        before = FOLDS[known](langfuse.spans())
        caller.call({**SECOND, "update_trace_keys": ["trace_name"], "numbers": True})
    after = FOLDS[known](langfuse.spans())
    assert (before.environment, before.release) == ("eu-20261128", "1.2.3.4")
    assert changes(before, after) == {"name"}
    assert lost(langfuse.spans()[1]) == (set(), set())


def test_a_project_is_told_nothing_that_another_was_sent(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Keys that calls bring are told apart by the secret one: the public one may be anybody's."""
    with process(langfuse, tmp_path, "v4") as caller:
        keys = {"langfuse_public_key": "pk-lf-same", "langfuse_host": langfuse.url}
        caller.call({**FIRST, **keys, "langfuse_secret_key": "sk-lf-one"})
        update = {**SECOND, "update_trace_keys": ["output"], **keys, "langfuse_secret_key": "sk-lf-two"}
        record: CallRecord = record_from_request({"metadata": update, "input": "x", "output": "y"})
        assert record.requested.credentials is not None
        caller.call(update)
    (span,) = langfuse.spans("two")
    assert "question 1" not in repr(span)
    assert lost(span) == (set(), {"output"})


def test_a_trace_update_is_one_call_with_its_generation(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Two spans, one unit in the account, and the same ids whenever the call is sent."""
    with process(langfuse, tmp_path, "v4") as caller:
        caller.call(FIRST)
        caller.call({**SECOND, "update_trace_keys": ["input", "output", "trace_metadata"]})
    _, generation, update = langfuse.spans()
    assert [generation.attributes["langfuse.observation.type"], update.attributes["langfuse.observation.type"]] == [
        "generation",
        "event",
    ]
    assert (bool(generation.parent_span_id), update.parent_span_id) == (True, "")
    assert update.start_time_unix_nano == update.end_time_unix_nano == generation.end_time_unix_nano
    assert (update.model, update.usage, update.cost) == (None, {}, {})
    assert generation.trace == {"environment": "production"}


def test_the_version_of_a_continuing_generation_is_its_own(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Generation 3 keeps it beside the trace's; on 4 it would become the trace's, so it stands in the metadata."""
    for known in ("v3", "v4"):
        langfuse.clear()
        with process(langfuse, tmp_path, known) as caller:
            caller.call({**FIRST, "trace_public": False})
            caller.call({"existing_trace_id": TRACE_ID, "version": "prompt-9"})
        span = langfuse.spans()[1]
        assert FOLDS[known](langfuse.spans()).version == "1"
        found = span.attributes.get("langfuse.version"), span.metadata.get("version")
        assert found == (("prompt-9", None) if known == "v3" else (None, "prompt-9"))


@pytest.mark.seed("update-trace-version")
@pytest.mark.parametrize(("known", "server"), SERVERS)
@pytest.mark.parametrize(("key", "expected"), [("version", "prompt-9"), ("trace_version", "2")])
def test_a_traces_version_becomes_the_generations_or_the_one_given(
    key: str, expected: str, known: str, server: str, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """Which of the two is what `update_trace_keys` says, and nothing else of the trace changes."""
    with process(langfuse, tmp_path, known) as caller:
        caller.call(FIRST)
        before = FOLDS[server](langfuse.spans())
        caller.call({**SECOND, "version": "prompt-9", "update_trace_keys": [key]})
    after = FOLDS[server](langfuse.spans())
    assert (after.version, changes(before, after)) == (expected, {"version"})


def test_the_double_shows_a_trace_as_its_version_does(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """`FakeLangfuse.trace` is for the tests of users."""
    with process(langfuse, tmp_path, "v4") as caller:
        caller.call(FIRST)
        caller.call({**SECOND, "update_trace_keys": ["tags"]})
    trace_id = normalise_trace_id(TRACE_ID)
    langfuse.version = "3.225.4"
    assert langfuse.trace(trace_id).tags == ("first", "second")
    langfuse.version = "4.16.0"
    assert langfuse.trace(trace_id).tags == ("second",)
    assert langfuse.trace(trace_id, "shared").metadata["kept"] == "yes"
    assert langfuse.trace(trace_id).name == "checkout"
