"""What breaks in the hands of the host stays there: it raises into nobody, and ends no thread of ours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from router import Router
from router.routing.record import CallRecord
from router.testing import FakeLangfuse, make_record

YAML = """
version: 1
projects: {payments: {env: LANGFUSE}}
rules: [{id: rest, route: payments}]
"""


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    with FakeLangfuse(["payments"]) as server:
        yield server


def make_router(langfuse: FakeLangfuse, folder: Path, **settings: str) -> Router:
    (folder / "routing.yaml").write_text(YAML, "utf-8")
    quick = {"ROUTER_CHECK_PROJECTS": "false", "ROUTER_RETRY_MIN_SECS": "0.01", "ROUTER_FLUSH_INTERVAL_SECS": "0"}
    environ = langfuse.environ("LANGFUSE", "payments")
    return Router.from_file(folder / "routing.yaml", environ={**quick, **environ, **settings})


@pytest.fixture
def router(langfuse: FakeLangfuse, tmp_path: Path) -> Iterator[Router]:
    router = make_router(langfuse, tmp_path)
    yield router
    router.shutdown(60)


@pytest.fixture
def _log_that_raises() -> Iterator[None]:
    """As in a web framework whose filter wants the request that is being answered."""

    class NeedsRequest(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("working outside of a request")

    needs_request = NeedsRequest()
    logging.getLogger("router").addFilter(needs_request)
    yield
    logging.getLogger("router").removeFilter(needs_request)


@pytest.mark.usefixtures("_log_that_raises")
def test_a_log_that_raises_ends_no_thread(langfuse: FakeLangfuse, router: Router) -> None:
    """Neither that of the worker, which tells of a call that cannot be made, nor that of the sender, which retries."""

    def fail() -> CallRecord:
        raise ValueError

    langfuse.fail("payments", 503, times=1)
    router.handle(fail)
    router.log(make_record(call_id="1"))
    assert router.flush(60)
    router.log(make_record(call_id="2"))
    assert router.flush(60)
    stats = router.stats()
    assert (stats.handled, stats.delivered, stats.dropped) == (3, 2, {"adapter_failed": 1})


@pytest.mark.usefixtures("_log_that_raises")
def test_a_log_that_raises_is_not_met_by_the_caller(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """A call that finds the queue full is told of on the caller's thread, and counted once."""
    router = make_router(langfuse, tmp_path, ROUTER_MAX_QUEUE_BYTES="200000")
    router.log(make_record(size=10**9))
    assert router.stats().dropped == {"queue_full": 1}
    assert router.shutdown(60)
    assert router.stats().in_flight == 0


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit()], ids=["exit", "generator"])
def test_what_is_no_exception_ends_no_thread_either(error: BaseException, router: Router) -> None:
    """The call is counted, and the next one arrives."""

    def fail() -> CallRecord:
        raise error

    router.handle(fail)
    assert router.flush(60)
    router.log(make_record(call_id="after"))
    assert router.flush(60)
    assert (router.stats().delivered, router.stats().dropped) == (1, {"adapter_failed": 1})


def test_a_content_that_cannot_be_measured_arrives(langfuse: FakeLangfuse, router: Router) -> None:
    """`log` measures it on the caller's thread; the worker copies what there is."""

    class Moved(dict[str, str]):
        def values(self) -> object:  # type: ignore[override]
            raise RuntimeError("moved")

    router.log(make_record(input=Moved(a="1"), size=0))
    assert router.flush(60)
    assert (router.stats().handled, router.stats().delivered) == (1, 1)
    assert [span.input for span in langfuse.spans()] == [{"a": "1"}]


def test_a_call_that_was_taken_is_not_counted_as_lost(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong once it is in the queue, it leaves with the next one."""

    def start(thread: threading.Thread) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        router.log(make_record(call_id="1"))
    router.log(make_record(call_id="2"))
    assert router.flush(60)
    stats = router.stats()
    assert (stats.handled, stats.delivered, stats.dropped) == (2, 2, {})


def test_calls_that_a_shutdown_leaves_unmasked_are_told(
    langfuse: FakeLangfuse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As those are that were masked and not delivered."""
    router = make_router(langfuse, tmp_path)
    begun, told = threading.Event(), threading.Event()

    def slow() -> CallRecord:
        begun.set()
        told.wait(60)
        return make_record()

    router.handle(slow)
    assert begun.wait(60)
    for _ in range(20):
        router.log(make_record())
    assert not router.shutdown(0.1)
    told.set()
    assert "20 calls dropped (shutdown): not masked within 0.1 s." in caplog.messages
    assert router.stats().dropped["shutdown"] >= 20
