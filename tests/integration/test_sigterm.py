"""SIGTERM in an application without a proxy: nothing happens unasked, and then nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import router.litellm
from router import DeliveryError
from router.delivery.signals import drain_on_sigterm
from router.settings import process_environment
from router.testing import FakeLangfuse
from tests.programs import Starter

APPLICATION = """
import signal, sys, threading
import litellm, router.litellm

{before}
logger = router.litellm.install("routing.yaml"{option})
for number in range(20):
    litellm.completion(model="gpt-4o-mini", messages=[{{"role": "user", "content": str(number)}}], mock_response="ok")
print("ready", flush=True)
threading.Event().wait()
"""
ROUTING = "version: 1\nprojects: {all: {env: LANGFUSE}}\nrules: [{id: all, route: all}]\n"
DRAIN = ", drain_on_sigterm=True"
OWN = 'signal.signal(signal.SIGTERM, lambda number, frame: (print("own", number), sys.exit(7)))'


@pytest.fixture
def langfuse():
    with FakeLangfuse(["all"]) as server:
        yield server


End = Callable[..., tuple[int, str]]


@pytest.fixture
def end(with_litellm: Starter, langfuse: FakeLangfuse, tmp_path: Path, checkout: Path) -> End:
    """Return what runs the application and ends it."""
    return partial(_end, with_litellm, langfuse, tmp_path, checkout)


def _end(
    starter: Starter,
    langfuse: FakeLangfuse,
    folder: Path,
    checkout: Path,
    *,
    option: str,
    before: str = "",
    limit_secs: int = 30,
) -> tuple[int, str]:
    """Run the application, end it by SIGTERM once its calls have returned; return its exit status and last words."""
    (folder / "routing.yaml").write_text(ROUTING, "utf-8")
    environment = {
        **{name: value for name, value in process_environment().items() if not name.startswith("LITELLM_")},
        **langfuse.environ("LANGFUSE", "all"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "ROUTER_CHECK_PROJECTS": "false",
        "ROUTER_FLUSH_INTERVAL_SECS": "3600",
        "ROUTER_SHUTDOWN_TIMEOUT_SECS": str(limit_secs),
        "PYTHONPATH": str(checkout),
    }
    code = APPLICATION.format(before=before, option=option)
    with starter.start(code, environ=environment, folder=folder) as application:
        assert application.stdout is not None
        assert application.stdout.readline() == "ready\n"
        application.send_signal(signal.SIGTERM)
        words = application.communicate(timeout=200)
        return application.wait(0), words


def test_a_drain_comes_before_the_end_by_the_signal(langfuse, end):
    """Every call arrives, and the process still ends as one that was told to."""
    assert end(option=DRAIN) == (-signal.SIGTERM, "")
    assert len(langfuse.spans("all")) == 20


def test_the_handler_of_the_application_has_its_turn_after_the_drain(langfuse, end):
    """As if nothing had stood before it."""
    assert end(option=DRAIN, before=OWN) == (7, f"own {int(signal.SIGTERM)}\n")
    assert len(langfuse.spans("all")) == 20


def test_a_langfuse_that_hangs_does_not_hold_the_end_up(langfuse, end):
    """The setting says two seconds; the test would wait two hundred."""
    langfuse.hang()
    assert end(option=DRAIN, limit_secs=2) == (-signal.SIGTERM, "")
    assert langfuse.spans("all") == []


def test_without_being_asked_for_no_signal_is_touched(langfuse, end):
    """Python's own way: the end comes at once."""
    assert end(option="") == (-signal.SIGTERM, "")
    assert langfuse.spans("all") == []


def test_only_the_main_thread_can_ask_for_it(tmp_path):
    """Elsewhere the error says why, before the file is even read."""
    raised: list[str] = []

    def install() -> None:
        with pytest.raises(DeliveryError) as caught:
            router.litellm.install(tmp_path / "missing.yaml", drain_on_sigterm=True)
        raised.append(str(caught.value))

    thread = threading.Thread(target=install)
    thread.start()
    thread.join()
    assert raised == ["drain_on_sigterm needs the main thread: only there Python lets a handler be set"]


def test_what_was_before_is_put_back():
    """Unless somebody has set a handler of their own since, which stays."""
    former = signal.getsignal(signal.SIGTERM)
    try:
        restore = drain_on_sigterm(lambda: None)
        assert signal.getsignal(signal.SIGTERM) is not former
        restore()
        assert signal.getsignal(signal.SIGTERM) is former
        restore = drain_on_sigterm(lambda: None)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        restore()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, former)
