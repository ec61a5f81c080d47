"""The callback in a real LiteLLM: every kind of call, sync and async, streamed and failing, recorded once."""

from __future__ import annotations

import asyncio
import copy
import importlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import litellm
import pytest
from litellm.integrations.custom_logger import CustomLogger
from starlette.datastructures import Headers

import router.litellm
from router import ConfigError, Reloaded
from router.delivery import Health, Stats
from router.litellm import RouterLogger, host, private
from router.routing.record import CallRecord
from router.settings import process_environment
from router.testing import FakeLangfuse
from tests.payloads import Payload, load_payload
from tests.programs import Starter

MESSAGES = [{"role": "user", "content": "hello"}]
METADATA = {"team": "payments", "tags": ["prod"], "trace_name": "checkout", "extra": {"a": [1]}}
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}
YAML = """
version: 1
projects:
  payments: {env: PAYMENTS_LF}
  shared: {env: LANGFUSE}
rules:
  - {id: payments, match: {team: payments}, route: payments}
  - {id: rest, route: shared}
"""


class Recorder:
    """Stands for a Router: keeps the records and counts the rest."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.failures: list[str] = []
        self.duplicates = 0

    def handle(self, make_record: Callable[[], CallRecord], size: int = 0) -> None:
        try:
            self.records.append(make_record())
        except (AttributeError, TypeError, ValueError) as error:
            self.failures.append(type(error).__name__)

    def discard_duplicate(self) -> None:
        self.duplicates += 1

    def reload(self) -> Reloaded:
        raise NotImplementedError

    def stats(self) -> Stats:
        raise NotImplementedError

    def health(self) -> Health:
        raise NotImplementedError

    @property
    def shutdown_timeout_secs(self) -> float:
        raise NotImplementedError

    def flush(self, timeout: float = 10.0) -> bool:
        return True

    def shutdown(self, timeout: float | None = None) -> bool:
        return True


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def logger(recorder: Recorder) -> Iterator[RouterLogger]:
    """Return our callback, registered with LiteLLM, in front of a recorder."""
    made = RouterLogger(recorder, proxy_process=False)
    litellm.callbacks.append(made)
    yield made
    made.shutdown(5)


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    with FakeLangfuse(["payments", "shared"]) as server:
        yield server


@pytest.fixture
def routing_yaml(langfuse: FakeLangfuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")).items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    return path


def only(recorder: Recorder) -> CallRecord:
    assert (recorder.failures, recorder.duplicates) == ([], 0)
    (record,) = recorder.records
    return record


# Every kind of call


def test_a_completion_is_recorded_once_flush_returns(logger: RouterLogger, recorder: Recorder) -> None:
    """LiteLLM calls the hook on a thread after the call returned; `flush` waits for it."""
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", metadata=METADATA, user="u")
    assert logger.flush(60)
    record = only(recorder)
    assert (record.call_type, record.status, record.stream) == ("completion", "success", False)
    assert (record.team, record.tags, record.user) == ("payments", ("prod",), "u")
    assert record.input == {"messages": [{"role": "user", "content": "hello"}]}
    assert record.output == {"content": "hi", "role": "assistant"}
    assert (record.model, record.provider) == ("gpt-4o-mini", "openai")
    assert record.usage_details == {"input": 10, "output": 20, "total": 30}
    assert record.cost_details == {"input": 1.5e-06, "output": 1.2e-05, "total": 1.35e-05}
    assert record.requested.trace == {"name": "checkout", "tags": ["prod"], "user_id": "u"}
    assert record.requested.generation == {"metadata": {"team": "payments", "extra": {"a": [1]}}}
    assert record.start_time_unix_nano < record.end_time_unix_nano


def test_an_acompletion_is_recorded_inside_its_loop(logger: RouterLogger, recorder: Recorder) -> None:
    """`aflush` waits for LiteLLM's queue without blocking the loop."""

    async def call() -> bool:
        await litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", metadata=METADATA)
        return await logger.aflush(10)

    assert asyncio.run(call())
    record = only(recorder)
    assert (record.call_type, record.team, record.output) == (
        "acompletion",
        "payments",
        {"content": "hi", "role": "assistant"},
    )


def test_the_first_acompletion_of_a_process_is_waited_for(
    logger: RouterLogger, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM makes its queue only after that call has returned."""
    module = importlib.import_module(private.WORKER.module)
    monkeypatch.setattr(module, private.WORKER.path, type(private.find(private.WORKER))())

    async def call() -> tuple[bool, int]:
        await litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi")
        return await host.wait_for_hooks_async(10), len(recorder.records)

    assert asyncio.run(call()) == (True, 1)


def test_an_acompletion_is_recorded_after_its_loop(logger: RouterLogger, recorder: Recorder) -> None:
    """LiteLLM leaves the hooks of a loop that ended in its queue; `flush` runs them."""
    asyncio.run(litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi"))
    assert logger.flush(60)
    assert only(recorder).call_type == "acompletion"


def test_flush_waits_for_a_loop_on_another_thread(logger: RouterLogger, recorder: Recorder) -> None:
    """A web server's loop runs beside the thread that flushes."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        call = litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi")
        asyncio.run_coroutine_threadsafe(call, loop).result(10)
        assert logger.flush(60)
        assert only(recorder).call_type == "acompletion"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def test_a_stream_is_recorded_assembled(logger: RouterLogger, recorder: Recorder) -> None:
    """One record for all chunks, with the first token's time."""
    list(litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi there you", stream=True))
    assert logger.flush(60)
    record = only(recorder)
    assert (record.stream, record.output) == (True, {"content": "hi there you", "role": "assistant"})
    first = record.completion_start_time_unix_nano
    assert first is not None
    assert record.start_time_unix_nano < first <= record.end_time_unix_nano


def test_an_async_stream_is_recorded_assembled(logger: RouterLogger, recorder: Recorder) -> None:
    """The same for `acompletion`."""

    async def call() -> bool:
        stream = await litellm.acompletion(
            model="gpt-4o-mini", messages=MESSAGES, mock_response="hi there you", stream=True, metadata=METADATA
        )
        async for _ in stream:
            pass
        return await logger.aflush(10)

    assert asyncio.run(call())
    record = only(recorder)
    assert (record.stream, record.output) == (True, {"content": "hi there you", "role": "assistant"})
    assert record.team == "payments"


@pytest.mark.parametrize("asynchronous", [False, True], ids=["completion", "acompletion"])
def test_a_failure_is_recorded(logger: RouterLogger, recorder: Recorder, asynchronous: bool) -> None:
    """The input, and why it failed; the exception reaches the application unchanged."""
    arguments: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES, "metadata": METADATA}
    arguments["mock_response"] = Exception("boom upstream")
    call = _awaited if asynchronous else litellm.completion
    with pytest.raises(litellm.InternalServerError):
        call(**arguments)
    assert logger.flush(60)
    record = only(recorder)
    assert (record.status, record.output, record.usage_details) == ("failure", None, None)
    assert record.input == {"messages": MESSAGES}
    assert record.error is not None
    assert (record.error.type, record.error.code) == ("InternalServerError", "500")
    assert record.error.message.endswith("boom upstream")


def _awaited(**arguments: Any) -> Any:
    return asyncio.run(litellm.acompletion(**arguments))


def test_embeddings_are_recorded_without_vectors(logger: RouterLogger, recorder: Recorder) -> None:
    """Sync and async."""
    arguments: dict[str, Any] = {"model": "text-embedding-3-small", "input": ["good morning"], "metadata": METADATA}
    litellm.embedding(**arguments, mock_response=[0.1, 0.2])
    asyncio.run(litellm.aembedding(**arguments, mock_response=[0.1, 0.2]))
    assert logger.flush(60)
    assert {record.call_type for record in recorder.records} == {"embedding", "aembedding"}
    for record in recorder.records:
        assert record.input == {"messages": [{"role": "user", "content": "good morning"}]}
        assert (record.output, record.team) == (None, "payments")
        assert record.usage_details == {"input": 10, "output": 0, "total": 10}


def test_tool_calls_and_text_completions_are_recorded(logger: RouterLogger, recorder: Recorder) -> None:
    """Tool calls inside the message; a text completion by what it answers."""
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    litellm.completion(
        model="gpt-4o-mini", messages=MESSAGES, tools=tools, mock_response="", mock_tool_calls=[TOOL_CALL]
    )
    litellm.text_completion(model="gpt-3.5-turbo-instruct", prompt="say this", mock_response="done")
    assert logger.flush(60)
    chat = next(record for record in recorder.records if record.call_type == "completion")
    text = next(record for record in recorder.records if record.call_type == "text_completion")
    assert chat.input["tools"] == tools
    assert chat.output["tool_calls"][0]["function"] == TOOL_CALL["function"]
    assert text.input == {"messages": [{"role": "user", "content": "say this"}]}
    assert text.output == "done"


@pytest.mark.seed("duplicates")
def test_a_call_that_litellm_reports_to_both_hooks_is_recorded_once(logger: RouterLogger, recorder: Recorder) -> None:
    """Beside a plain function as callback, async image generation calls the sync and the async hook."""
    litellm.success_callback.append(lambda kwargs, response, start, end: None)

    async def call() -> bool:
        await litellm.aimage_generation(prompt="a cat", model="dall-e-3", mock_response="https://example.com/cat")
        return await logger.aflush(10)

    assert asyncio.run(call())
    assert recorder.duplicates >= 1  # LiteLLM before 1.100 reports it three times
    (record,) = recorder.records
    assert record.call_type == "aimage_generation"
    assert record.input == {"messages": [{"role": "user", "content": "a cat"}]}
    assert record.output[0]["url"] == "https://example.com/cat"


@pytest.mark.seed("no-log")
def test_no_log_records_nothing(logger: RouterLogger, recorder: Recorder) -> None:
    """The seed's flag for calls that must not be logged."""
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", **{"no-log": True})
    assert logger.flush(60)
    assert recorder.records == []


def test_message_logging_turned_off_masks(
    logger: RouterLogger, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM blanks the messages itself (before 1.100 all of the answer); the mask takes care of the error's text."""
    monkeypatch.setattr(litellm, "turn_off_message_logging", True)
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", metadata=METADATA)
    assert logger.flush(60)
    record = only(recorder)
    assert "hello" not in repr(record.input)
    output = record.output if isinstance(record.output, str) else record.output["content"]
    assert output == "redacted-by-litellm"
    assert record.requested.mask == {"input", "output"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"tags": "a,b", "team": "payments"},
        {"team": "payments", "tags": ["a", "b"], "lock": threading.Lock()},
        {"team": "payments", "tags": ["a", "b"], 7: {1, 2}, "when": object()},
    ],
    ids=["tags as text", "lock", "odd keys"],
)
def test_odd_metadata_loses_no_call(logger: RouterLogger, recorder: Recorder, metadata: dict[Any, Any]) -> None:
    """What breaks LiteLLM's own payload is recorded all the same."""
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", metadata=metadata)
    assert logger.flush(60)
    record = only(recorder)
    assert (record.team, record.tags) == ("payments", ("a", "b"))
    assert record.output == {"content": "hi", "role": "assistant"}


# A guest in its host


def test_what_the_application_changes_later_is_not_recorded(logger: RouterLogger, recorder: Recorder) -> None:
    """The record is a snapshot of the moment the hook ran."""
    messages, metadata = copy.deepcopy(MESSAGES), copy.deepcopy(METADATA)
    response = litellm.completion(model="gpt-4o-mini", messages=messages, mock_response="hi", metadata=metadata)
    assert logger.flush(60)
    messages[0]["content"] = "changed"
    metadata["extra"]["a"].append("changed")  # type: ignore[index]
    response.choices[0].message.content = "changed"
    assert "changed" not in repr([only(recorder).input, only(recorder).output, only(recorder).metadata])


def test_the_hook_changes_nothing_it_is_given(recorder: Recorder) -> None:
    """Other callbacks get the same objects after us."""
    payload = load_payload("sdk_acompletion_tools")
    before = repr((payload.kwargs, payload.response_obj))
    report(RouterLogger(recorder), payload)
    assert repr((payload.kwargs, payload.response_obj)) == before
    assert len(recorder.records) == 1


def test_the_hook_raises_nothing(recorder: Recorder) -> None:
    """What cannot be recorded is handed to the router as a failure to count."""
    logger = RouterLogger(recorder)
    logger.log_success_event(kwargs=None, response_obj=None, start_time=None, end_time=None)
    asyncio.run(logger.async_log_failure_event(kwargs=5, response_obj=None, start_time=None, end_time=None))
    assert recorder.failures == ["AttributeError", "AttributeError"]


def test_the_hook_of_refusals_raises_nothing(recorder: Recorder) -> None:
    """Neither where LiteLLM's own object does: such a call is counted as one that could not be recorded."""

    class Moved:
        @property
        def standard_callback_dynamic_params(self) -> object:
            raise ValueError("moved")

    params = {"proxy_server_request": {"headers": Headers({})}, "litellm_logging_obj": Moved()}
    logger = RouterLogger(recorder)
    asyncio.run(logger.async_post_call_failure_hook({"litellm_params": params}, ValueError(), None))
    asyncio.run(logger.async_post_call_failure_hook(None, ValueError(), None))
    assert recorder.failures == ["ValueError"]


def report(logger: RouterLogger, payload: Payload) -> None:
    hook = getattr(logger, payload.hook.removeprefix("async_"))
    hook(
        kwargs=payload.kwargs,
        response_obj=payload.response_obj,
        start_time=payload.start_time,
        end_time=payload.end_time,
    )


def test_a_call_reported_twice_is_recorded_once() -> None:
    """LiteLLM reports some calls to the sync and the async hook; after five minutes the memory is gone."""
    now = [0.0]
    recorder = Recorder()
    logger = RouterLogger(recorder, clock=lambda: now[0])
    for _ in range(3):
        report(logger, load_payload("proxy_bad_model"))
    report(logger, load_payload("proxy_chat_failure"))
    assert (len(recorder.records), recorder.duplicates) == (2, 2)
    now[0] = 301.0
    report(logger, load_payload("proxy_bad_model"))
    assert (len(recorder.records), recorder.duplicates) == (3, 2)


def test_the_memory_of_attempts_is_bounded() -> None:
    """Ten thousand calls leave the traces of 4096."""
    logger = RouterLogger(Recorder())
    for number in range(10_000):
        assert logger._attempts.is_new((str(number), "success", None, number))
    assert len(logger._attempts._seen) == 4096


def test_only_hooks_that_log_are_overridden() -> None:
    """Any other could slow down, change or refuse the host's calls; so could the last, if it returned anything."""
    overridden = {name for name in vars(RouterLogger) if hasattr(CustomLogger, name) and not name.startswith("__")}
    assert overridden == {
        "log_success_event",
        "log_failure_event",
        "async_log_success_event",
        "async_log_failure_event",
        "async_post_call_failure_hook",
    }
    refused = {"litellm_params": {"proxy_server_request": {"headers": Headers({})}}}
    assert asyncio.run(RouterLogger(Recorder()).async_post_call_failure_hook(refused, ValueError(), None)) is None
    assert "_PROXY_" not in RouterLogger.__name__


def test_litellm_sees_one_public_text_and_no_secret() -> None:
    """LiteLLM compares and prints the public attributes of a callback."""
    public = {name: value for name, value in vars(RouterLogger(Recorder())).items() if not name.startswith("_")}
    assert {name for name, value in public.items() if isinstance(value, str)} == {"name"}


# install


def test_install_delivers_to_the_team_of_the_metadata(langfuse: FakeLangfuse, routing_yaml: Path) -> None:
    """The two lines of the README, down to the bytes received."""
    logger = router.litellm.install(routing_yaml)
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi", metadata={"team": "payments"})
    assert logger.flush(60)
    (span,) = langfuse.spans("payments")
    assert span.input == {"messages": MESSAGES}
    assert span.output == {"content": "hi", "role": "assistant"}
    assert logger.shutdown(60)
    assert logger.stats().delivered == 1


def test_a_second_install_has_the_same_callback_route_by_the_new_file(
    langfuse: FakeLangfuse, routing_yaml: Path
) -> None:
    """No call is logged twice, and none of the first is lost."""
    first = router.litellm.install(routing_yaml)
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="one")
    routing_yaml.write_text(YAML.replace("route: shared", "route: payments"), "utf-8")
    second = router.litellm.install(routing_yaml)
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="two")
    assert second is first
    assert second.flush(60)
    assert sorted(span.output["content"] for span in langfuse.spans()) == ["one", "two"]
    assert "two" in [span.output["content"] for span in langfuse.spans("payments")]
    assert litellm.callbacks.count(second) == 1
    assert second.shutdown(60)


def test_calls_made_during_a_second_install_are_logged(langfuse: FakeLangfuse, routing_yaml: Path) -> None:
    """The former router waits for a Langfuse that hangs; neither `install` nor a call waits with it."""
    logger = router.litellm.install(routing_yaml)
    langfuse.hang("payments")
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="stuck", metadata={"team": "payments"})
    assert not logger.flush(0.3)
    stop = threading.Event()
    made: list[str] = []

    def call() -> None:
        while not stop.is_set():
            litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response=str(len(made)))
            made.append(str(len(made)))

    thread = threading.Thread(target=call)
    thread.start()
    for _ in range(3):
        router.litellm.install(routing_yaml)
    stop.set()
    thread.join(30)
    langfuse.heal()
    assert logger.flush(60)
    assert sorted(span.output["content"] for span in langfuse.spans("shared")) == sorted(made)
    assert logger.shutdown(60)


def test_shutdown_waits_for_the_hooks_of_calls_that_returned(langfuse: FakeLangfuse, routing_yaml: Path) -> None:
    """The callback leaves LiteLLM's lists only after its hooks were called."""
    logger = router.litellm.install(routing_yaml)
    for _ in range(30):
        litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi")
    assert logger.shutdown(60)
    assert (logger.stats().handled, len(langfuse.spans())) == (30, 30)
    assert all(logger not in getattr(litellm, name) for name in host.CALLBACK_LISTS)


def test_an_application_stays_one_when_litellm_loads_its_proxy(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Some features of LiteLLM import its proxy; calls through a proxy are told by their own marks, and once."""
    monkeypatch.delitem(sys.modules, "litellm.proxy.proxy_server", raising=False)
    logger = RouterLogger(recorder)
    monkeypatch.setitem(sys.modules, "litellm.proxy.proxy_server", ModuleType("litellm.proxy.proxy_server"))
    report(logger, load_payload("sdk_completion_metadata"))
    assert [record.authenticated for record in recorder.records] == [True]
    assert [entry for entry in caplog.records if entry.name == "router"] == []
    for number in range(2):
        payload = load_payload("proxy_bad_key_spoof")
        report(logger, replace(payload, kwargs={**payload.kwargs, "litellm_call_id": str(number)}))
    assert [record.authenticated for record in recorder.records] == [True, False, False]
    (warning,) = [entry.message for entry in caplog.records if entry.name == "router"]
    assert warning == (
        "LiteLLM reported a call of its proxy without an authenticated key: it is dropped (unauthenticated), as all "
        "such calls are that no rule with `authenticated: false` takes; this is said once. In an application without a "
        "proxy, call router.litellm.install() before anything imports litellm.proxy.proxy_server."
    )


def test_code_that_a_proxy_loads_installs_for_a_proxy(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The proxy is there before its modules of callbacks: then a call without a key is nobody's."""
    monkeypatch.setitem(sys.modules, "litellm.proxy.proxy_server", ModuleType("litellm.proxy.proxy_server"))
    report(RouterLogger(recorder), load_payload("sdk_completion_metadata"))
    assert [(record.origin, record.authenticated) for record in recorder.records] == [("proxy", False)]


def test_flush_inside_the_loop_that_holds_hooks_says_that_it_could_not(
    logger: RouterLogger, recorder: Recorder
) -> None:
    """Blocking the loop would wait for ever; `aflush` can wait."""

    async def call() -> tuple[bool, bool]:
        await litellm.acompletion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi")
        for _ in range(1_000):  # LiteLLM puts the hook into its queue a few turns after the call returned
            if host._coroutines_of_this_thread():
                break
            await asyncio.sleep(0)
        return logger.flush(5), await logger.aflush(10)

    assert asyncio.run(call()) == (False, True)
    assert only(recorder).call_type == "acompletion"


def test_a_broken_file_is_refused_and_changes_nothing(langfuse: FakeLangfuse, routing_yaml: Path) -> None:
    """The callback that was installed goes on."""
    logger = router.litellm.install(routing_yaml)
    routing_yaml.write_text("version: 1\nrule: []\n", "utf-8")
    with pytest.raises(ConfigError):
        router.litellm.install(routing_yaml)
    litellm.completion(model="gpt-4o-mini", messages=MESSAGES, mock_response="hi")
    assert logger.flush(60)
    assert len(langfuse.spans("shared")) == 1
    assert logger.shutdown(60)


def test_without_a_path_the_environment_names_the_file(
    routing_yaml: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`ROUTER_CONFIG`, else ./routing.yaml; `proxy_handler` likewise."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(ConfigError):
        router.litellm.install()
    monkeypatch.setenv("ROUTER_CONFIG", str(routing_yaml))
    assert router.litellm.install().shutdown(10)
    monkeypatch.delenv("ROUTER_CONFIG")
    monkeypatch.chdir(tmp_path)
    assert router.litellm.install().shutdown(10)


@pytest.mark.seed("own-callback")
def test_litellms_own_langfuse_callback_is_warned_of(routing_yaml: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Both on means every call twice, once of them unmasked."""
    litellm.success_callback.append("langfuse")
    with caplog.at_level(logging.WARNING, logger="router"):
        logger = router.litellm.install(routing_yaml)
        logger.warn_of_own_langfuse()  # as later, when more of LiteLLM's settings may have been read
    litellm.success_callback.remove("langfuse")
    assert logger.shutdown(60)
    (warning,) = [entry.message for entry in caplog.records if entry.name == "router"]
    assert warning == (
        "LiteLLM's own Langfuse callback is on as well: it sends every call a second time, unrouted and unmasked. "
        "Take `langfuse` out of success_callback, failure_callback and callbacks, also of default_team_settings."
    )


@pytest.mark.seed("own-callback")
@pytest.mark.parametrize("name", ["success_callback", "failure_callback", "callbacks", "_async_success_callback"])
@pytest.mark.parametrize("entry", ["langfuse", "langfuse_otel"])
def test_it_is_found_in_every_list(name: str, entry: str) -> None:
    """By either of its names."""
    assert not host.has_own_langfuse()
    getattr(litellm, name).append(entry)
    assert host.has_own_langfuse()


@pytest.mark.seed("own-callback")
@pytest.mark.parametrize("key", ["success_callback", "failure_callback"])
def test_it_is_found_in_the_settings_of_teams(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`default_team_settings` of a proxy's config.yaml."""
    monkeypatch.setattr(litellm, "default_team_settings", [{"team_id": "a", key: ["prometheus"]}, None])
    assert not host.has_own_langfuse()
    monkeypatch.setattr(litellm, "default_team_settings", [{"team_id": "a", key: ["langfuse"]}])
    assert host.has_own_langfuse()


@pytest.mark.seed("own-callback")
@pytest.mark.parametrize(
    "settings",
    [
        {"metadata": {"logging": [{"callback_name": "langfuse", "callback_vars": {}}]}},
        {"team_metadata": {"logging": [{"callback_name": "langfuse_otel"}]}},
        {"team_metadata": {"callback_settings": {"success_callback": ["langfuse"]}}},
    ],
    ids=["key", "team", "deprecated"],
)
def test_a_key_or_team_that_turns_it_on_is_warned_of_once(
    settings: dict[str, Any], recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Such settings stand in LiteLLM's database, so they show with the first call."""
    logger = RouterLogger(recorder, proxy_process=True)
    for call_id in ("1", "2"):
        payload = load_payload("proxy_chat_minimal")
        auth = payload.kwargs["litellm_params"]["metadata"]["user_api_key_auth"]
        for name, value in settings.items():
            setattr(auth, name, value)
        report(logger, replace(payload, kwargs={**payload.kwargs, "litellm_call_id": call_id}))
    (warning,) = [entry.message for entry in caplog.records if entry.name == "router"]
    assert warning == (
        "A key or a team turns LiteLLM's own Langfuse callback on as well: it sends each of its calls a second time, "
        "unrouted and unmasked; this is said once. Take `langfuse` out of the logging settings of keys and teams."
    )
    assert len(recorder.records) == 2


@pytest.mark.parametrize("installs", [1, 2])
def test_a_program_that_just_ends_loses_nothing(
    with_litellm: Starter, langfuse: FakeLangfuse, routing_yaml: Path, installs: int
) -> None:
    """Calls of a loop that nobody closed, in a program that never flushes, are sent at exit."""
    program = (
        "import asyncio, litellm, router.litellm\n"
        f"for _ in range({installs}): router.litellm.install({str(routing_yaml)!r})\n"
        "messages = [{'role': 'user', 'content': 'hello'}]\n"
        "litellm.completion(model='gpt-4o-mini', messages=messages, mock_response='sync')\n"
        "loop = asyncio.new_event_loop()\n"
        "loop.run_until_complete(litellm.acompletion(model='gpt-4o-mini', messages=messages, mock_response='async'))\n"
    )
    environ = {**process_environment(), "ROUTER_SHUTDOWN_TIMEOUT_SECS": "60"}  # it takes no longer than delivery does
    with with_litellm.start(program, environ=environ, folder=routing_yaml.parent) as application:
        assert application.wait(200) == 0
    assert sorted(span.output["content"] for span in langfuse.spans("shared")) == ["async", "sync"]
