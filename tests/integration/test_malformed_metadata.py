"""Metadata of any shape: raises nothing, loses no call, keeps Langfuse's limits."""

from __future__ import annotations

import asyncio
import copy
import re
import threading
from collections.abc import Iterator
from typing import Any

import litellm
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router import Router
from router.litellm import RouterLogger
from router.routing.requested import SEED_KEYS
from router.testing import FakeLangfuse, ReceivedSpan
from tests.integration.conftest import YAML
from tests.payloads import load_payload

MESSAGES = [{"role": "user", "content": "hello"}]


class Raising:
    """An object that raises at everything."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def circular() -> dict[str, Any]:
    made: dict[str, Any] = {"tags": ["a"]}
    made["self"] = {"again": [made]}
    return made


def deep() -> list[Any]:
    made: list[Any] = []
    for _ in range(80):
        made = [made]
    return made


MALFORMED: dict[str, Any] = {
    "circular": circular(),
    "lock": {"lock": threading.Lock(), "session_id": threading.Lock()},
    "sets and tuples": {"set": {1, 2}, "tuple": (1, (2,)), "tags": {"a", "b"}, "trace_metadata": ("a", "b")},
    "ten megabytes": {"long": "x" * 10_000_000, "trace_name": "y" * 10_000_000, "session_id": "z" * 10_000_000},
    "keys that are no text": {7: "a", None: "b", (1, 2): "c", True: "d", 1.5: "e"},
    "tags as text": {"tags": "a,b"},
    "tags of all sorts": {"tags": ["a", 5, None, {"x": 1}, ["b"], "t" * 500, Raising()]},
    "numbers where text is due": {
        "trace_name": 7,
        "trace_user_id": 1.5,
        "session_id": 10**400,
        "trace_version": True,
        "trace_release": 0,
        "generation_name": -1,
        "trace_id": 5,
        "generation_id": 6,
        "parent_observation_id": 7,
        "version": 8,
    },
    "texts where more is due": {
        "trace_metadata": "{broken",
        "update_trace_keys": "input",
        "existing_trace_id": "",
        "trace_public": "maybe",
        "mask_input": "perhaps",
        "prompt": "none",
        "debug_langfuse": "?",
    },
    "objects": {"object": Raising(), "trace_name": Raising(), "tags": Raising(), "trace_metadata": Raising()},
    "lone surrogates": {"trace_name": "\ud800", "\udfff": "\ud800", "tags": ["\ud800"]},
    "deep": {"deep": deep()},
}


def assert_within_limits(span: ReceivedSpan) -> None:
    """Names of 1000 signs of UTF-16; sessions, users and tags of 200 characters; texts where texts are due; hex ids."""
    assert all(isinstance(span.trace.get(name, ""), str) for name in ("name", "version", "release"))
    assert all(len(name.encode("utf-16-le")) <= 2000 for name in (span.name, span.trace.get("name", "")))
    assert all(len(span.trace.get(name, "")) <= 200 for name in ("session_id", "user_id"))
    assert all(isinstance(tag, str) and 0 < len(tag) <= 200 for tag in span.trace.get("tags", []))
    assert re.fullmatch(r"[0-9a-f]{32}", span.trace_id)
    assert re.fullmatch(r"[0-9a-f]{16}", span.span_id)


@pytest.mark.seed("malformed-metadata")
@pytest.mark.parametrize("asynchronous", [False, True], ids=["completion", "acompletion"])
@pytest.mark.parametrize("kind", MALFORMED)
def test_a_call_with_malformed_metadata_is_one_generation(
    kind: str, asynchronous: bool, logger: RouterLogger, shared: FakeLangfuse
) -> None:
    """Through a real LiteLLM, which itself loses some of them."""
    metadata = dict(MALFORMED[kind])
    arguments: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES, "metadata": metadata}

    async def call() -> None:
        await litellm.acompletion(**arguments, mock_response="hi")
        await logger.aflush(20)

    if asynchronous:
        asyncio.run(call())
    else:
        litellm.completion(**arguments, mock_response="hi")
    assert logger.flush(60)
    (span,) = shared.spans()
    assert_within_limits(span)
    stats = logger.stats()
    assert (stats.handled, stats.delivered, stats.dropped) == (1, 1, {})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RouterLogger, FakeLangfuse]]:
    """Return a callback that serves all examples, and its Langfuse."""
    path = tmp_path_factory.mktemp("malformed") / "routing.yaml"
    path.write_text(YAML, "utf-8")
    with FakeLangfuse(["shared"]) as langfuse:
        environ = {**langfuse.environ("LANGFUSE", "shared"), "ROUTER_FLUSH_INTERVAL_SECS": "0"}
        logger = RouterLogger(Router.from_file(path, environ=environ), proxy_process=False)
        yield logger, langfuse
        logger.shutdown(10)


KEYS = st.one_of(st.sampled_from(sorted(SEED_KEYS)), st.text(max_size=8), st.integers(), st.none(), st.booleans())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=300),
    st.binary(max_size=20),
    st.builds(object),
    st.builds(Raising),
    st.builds(threading.Lock),
    st.frozensets(st.integers(), max_size=3),
    st.just("x" * 100_000),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4) | st.tuples(inner)
)
PAYLOAD = load_payload("sdk_acompletion")


@pytest.mark.seed("malformed-metadata")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    metadata=st.dictionaries(KEYS, VALUES, max_size=8),
    hook=st.sampled_from(["log_success_event", "log_failure_event"]),
    with_payload=st.booleans(),
)
def test_any_metadata_is_one_generation(
    running: tuple[RouterLogger, FakeLangfuse], metadata: dict[Any, Any], hook: str, with_payload: bool
) -> None:
    """Through the hooks themselves, down to the bytes received."""
    logger, langfuse = running
    langfuse.clear()
    before = logger.stats()
    kwargs = copy.copy(PAYLOAD.kwargs)
    kwargs["litellm_call_id"] = str(before.handled)
    kwargs["litellm_params"] = {**kwargs["litellm_params"], "metadata": metadata}
    if not with_payload:
        kwargs["standard_logging_object"] = None
    getattr(logger, hook)(
        kwargs=kwargs, response_obj=PAYLOAD.response_obj, start_time=PAYLOAD.start_time, end_time=PAYLOAD.end_time
    )
    assert logger.flush(60)
    (span,) = langfuse.spans()
    assert_within_limits(span)
    after = logger.stats()
    assert (after.handled, after.delivered, after.dropped) == (before.handled + 1, before.delivered + 1, {})
