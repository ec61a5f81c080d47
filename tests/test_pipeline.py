"""The Router as a user holds it: from a file to bytes, every call accounted for, nothing raised."""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from router import ConfigError, Router
from router.delivery.fork import no_fork_meanwhile
from router.routing.record import CallRecord, Requested
from router.settings import process_environment
from router.testing import FakeLangfuse, make_record

YAML = """
version: 1
defaults: {mask: [secrets]}
projects:
  payments: {env: PAYMENTS_LF}
  shared: {env: LANGFUSE}
rules:
  - {id: noise, match: {tags: loadtest}, route: drop}
  - {id: payments, match: {team: payments}, route: payments, mask: [pii]}
  - {id: both, match: {team: both}, route: [payments, shared]}
  - {id: rest, route: shared}
"""


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    """Return a Langfuse with two projects."""
    with FakeLangfuse(["payments", "shared"]) as server:
        yield server


@pytest.fixture
def router(langfuse: FakeLangfuse, tmp_path: Path) -> Iterator[Router]:
    """Return a router to that Langfuse."""
    made = _router(langfuse, tmp_path)
    yield made
    made.shutdown(5)


def _router(langfuse: FakeLangfuse, folder: Path, **settings: str) -> Router:
    path = folder / "routing.yaml"
    path.write_text(YAML, "utf-8")
    return Router.from_file(path, environ=_environ(langfuse) | settings)


def _environ(langfuse: FakeLangfuse) -> dict[str, str]:
    return langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")


def test_a_call_arrives_masked_in_its_project(langfuse: FakeLangfuse, router: Router) -> None:
    """The whole way: rule, project, mask, bytes."""
    router.log(make_record(team="payments", input="card 4111 1111 1111 1111"))
    assert router.flush(60)
    (span,) = langfuse.spans()
    assert (span.project, span.input, span.routing["rule"]) == ("payments", "card [CREDIT_CARD]", "payments")


def test_every_call_is_accounted_for(langfuse: FakeLangfuse, router: Router) -> None:
    """Handled = delivered + dropped + in flight; a call for two projects counts twice."""
    for changes in ({"team": "payments"}, {"team": "both"}, {"tags": ("loadtest",)}, {"team": None}):
        router.log(make_record(**changes))
    assert router.flush(60)
    stats = router.stats()
    assert (stats.handled, stats.delivered, stats.dropped, stats.in_flight) == (5, 4, {"policy": 1}, 0)
    assert len(langfuse.spans()) == 4


def test_a_mask_that_fails_is_counted_by_name_and_the_call_arrives(
    langfuse: FakeLangfuse, router: Router, caplog: pytest.LogCaptureFixture
) -> None:
    """What it guards is withheld; the log names mask and project once, never the content."""

    def broken(text: str) -> str:
        raise ValueError(text)

    for _ in range(3):
        router.log(make_record(team="payments", input="CANARY", requested=Requested(masking_function=broken)))
    assert router.flush(60)
    assert {span.input for span in langfuse.spans()} == {"[MASK FAILED: mask-function]"}
    stats = router.stats()
    assert (stats.delivered, stats.dropped) == (3, {})
    assert stats.projects["payments"].mask_failed == stats.mask_failed == {"mask-function": 3}
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "Mask mask-function failed on a call for project payments; what it guards was withheld."
    ]
    assert "CANARY" not in caplog.text


def test_a_record_that_cannot_be_made_is_counted(router: Router, caplog: pytest.LogCaptureFixture) -> None:
    """The adapter's failure reaches neither the host nor the log's text."""

    def fail() -> CallRecord:
        raise ValueError("the prompt was: my card is 4111")

    for _ in range(3):
        router.handle(fail)
    assert router.flush(60)
    assert (router.stats().dropped, router.stats().in_flight) == ({"adapter_failed": 3}, 0)
    assert caplog.messages == ["Calls are dropped (adapter_failed): ValueError."]


@pytest.mark.parametrize("junk", [None, 7, "text", object()], ids=["none", "int", "text", "object"])
def test_junk_instead_of_a_record_is_counted(router: Router, junk: Any) -> None:
    """Whatever `log` is given, it returns, and the call is accounted for."""
    router.log(junk)
    assert router.flush(60)
    assert (router.stats().dropped, router.stats().in_flight) == ({"resolve_failed": 1}, 0)


def test_what_comes_after_shutdown_is_counted(langfuse: FakeLangfuse, router: Router) -> None:
    """A late call is dropped under its own reason; a second shutdown changes nothing."""
    router.log(make_record(team="payments"))
    assert router.shutdown(60)
    router.log(make_record(team="payments"))
    assert router.shutdown(1)
    stats = router.stats()
    assert (stats.delivered, stats.dropped, stats.in_flight) == (1, {"shutdown": 1}, 0)


def test_shutdown_keeps_its_deadline_while_langfuse_hangs(langfuse: FakeLangfuse, router: Router) -> None:
    """A server that never answers costs the deadline once, and its calls are counted."""
    langfuse.hang()
    for _ in range(3):
        router.log(make_record(team="both"))
    assert not router.shutdown(0.3)
    stats = router.stats()
    assert (stats.handled, stats.dropped, stats.in_flight) == (6, {"shutdown": 6}, 0)


def test_a_full_queue_drops_and_counts(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Memory is bounded in bytes; what does not fit is dropped under `queue_full`, the caller never waits."""
    router = _router(langfuse, tmp_path, ROUTER_MAX_QUEUE_BYTES="200000")
    langfuse.hang()
    for _ in range(200):
        router.log(make_record(team="payments", input="x" * 10_000, size=12_000))
    assert router.stats().dropped["queue_full"] > 100
    langfuse.heal()
    assert router.shutdown(60)
    stats = router.stats()
    assert stats.in_flight == 0
    assert stats.handled == 200 == stats.delivered + sum(stats.dropped.values())
    assert len({span.span_id for span in langfuse.spans()}) == 1


def test_a_record_made_by_hand_is_bounded_by_what_it_holds(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Nobody has to count the bytes of a record that he makes himself."""
    router = _router(langfuse, tmp_path, ROUTER_MAX_QUEUE_BYTES="500000")
    router.log(make_record(team="payments", input=["x" * 1_000_000], size=0))
    assert router.stats().dropped == {"queue_full": 1}
    assert router.shutdown(60)


def test_a_thread_that_cannot_be_started_is_tried_again(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """The call waits in the queue, and the next one finds room for the thread."""
    script = """
import resource, sys, threading
from router import Router
from router.testing import make_record
router = Router.from_file(sys.argv[1])
started, start = [], threading.Thread.start
def refuse(thread):
    if thread.name.startswith("router-") and thread.name not in started:
        started.append(thread.name)
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = refuse
for number in range(3):
    router.log(make_record(call_id=str(number), team="payments"))
    router.flush(0.5)
print(router.flush(10), router.stats().delivered, sorted(started))
"""
    (tmp_path / "routing.yaml").write_text(YAML, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "routing.yaml")],
        env={**process_environment(), **_environ(langfuse)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True 3 ['router-sender', 'router-worker']\n", "")


def test_many_threads_may_log(langfuse: FakeLangfuse, router: Router) -> None:
    """Calls of many threads all arrive."""

    def log(number: int) -> None:
        for each in range(50):
            router.log(make_record(call_id=f"{number}-{each}", team="both"))

    threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert router.flush(60)
    assert len({span.span_id for span in langfuse.spans("shared")}) == 400
    assert router.stats().delivered == 800


def _log_in_child(router: Router) -> None:
    router.log(make_record(call_id="child", team="payments"))


@pytest.mark.parametrize("end", [Router.shutdown, Router.flush])
def test_a_call_that_takes_long_keeps_no_ready_one_from_leaving(
    langfuse: FakeLangfuse, tmp_path: Path, end: Callable[[Router, float], bool]
) -> None:
    """They wait for others to share their request; at the end they leave while one is still being masked."""
    router, masked = _router(langfuse, tmp_path, ROUTER_FLUSH_INTERVAL_SECS="3600"), threading.Event()
    for _ in range(5):
        router.log(make_record(team="payments"))

    def slow() -> CallRecord:
        masked.wait(60)
        return make_record(team="payments")

    router.handle(slow)
    ending = threading.Thread(target=end, args=(router, 60))
    ending.start()
    langfuse.wait_for(5, project="payments")
    masked.set()
    ending.join()
    found = router.stats()
    assert (found.handled, found.delivered) == (6, 6)
    router.shutdown(5)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_fork_waits_for_what_no_child_may_keep_open() -> None:
    """And the child can do the same at once."""
    begun = threading.Event()
    order: list[str] = []

    def work() -> None:
        with no_fork_meanwhile():
            begun.set()
            threading.Event().wait(0.2)  # the fork has no way to say that it waits
            order.append("done")

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait(10)
    child = os.fork()
    if not child:
        with no_fork_meanwhile():
            os._exit(0 if order == ["done"] else 1)
    worker.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_child_logs_on_its_own(langfuse: FakeLangfuse, router: Router) -> None:
    """Parent and child deliver what they accepted, each once."""
    router.log(make_record(call_id="parent", team="payments"))
    child = multiprocessing.get_context("fork").Process(target=_log_in_child, args=(router,))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert router.flush(60)
    assert len({span.span_id for span in langfuse.spans()}) == 2 == len(langfuse.spans())


FORKING = """
import os, sys, threading
from importlib.abc import MetaPathFinder

importing, forked = threading.Event(), threading.Event()

class Slow(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "aiohttp" and not forked.is_set():
            importing.set()
            forked.wait(0.5)
        return None

sys.meta_path.insert(0, Slow())
from router import Router
from router.testing import make_record
router = Router.from_file(sys.argv[1])
router.log(make_record(call_id="parent", team="payments"))
assert importing.wait(10)
child = os.fork()
forked.set()
router.log(make_record(call_id="child" if child == 0 else "parent again", team="payments"))
done = router.flush(10)
if child == 0:
    os._exit(0 if done else 1)
assert done
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_fork_while_the_http_client_is_imported_leaves_a_child_that_can_send(
    langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """The fork waits for the import: in the child nobody would be left to end it."""
    (tmp_path / "routing.yaml").write_text(YAML, "utf-8")
    run = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path / "routing.yaml")],
        env={**process_environment(), **_environ(langfuse)},
        timeout=200,
        check=False,
    )
    assert run.returncode == 0
    assert len(langfuse.spans("payments")) == 3


SCRIPT = """
import sys
from router import Router
from router.testing import make_record
router = Router.from_file(sys.argv[1])
for number in range(20):
    router.log(make_record(call_id=str(number), team="payments"))
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_program_that_just_ends_loses_nothing(langfuse: FakeLangfuse, tmp_path: Path, host: str) -> None:
    """The queue is drained at exit, though the first connection is made only then and its name must be looked up."""
    environ = {name: value.replace("127.0.0.1", host) for name, value in _environ(langfuse).items()}
    environ["ROUTER_SHUTDOWN_TIMEOUT_SECS"] = "60"  # it takes no longer than delivery does
    assert _run_to_its_end(tmp_path, environ) == (0, "")
    assert len(langfuse.spans("payments")) == 20


def test_a_program_leaves_the_interpreter_time_to_end(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """Of the four seconds that the setting allows, delivery gets the most; what it could not send is told."""
    langfuse.hang()
    environ = {**_environ(langfuse), "ROUTER_SHUTDOWN_TIMEOUT_SECS": "4"}
    code, words = _run_to_its_end(tmp_path, environ)
    assert code == 0
    told = re.fullmatch(r"20 calls dropped \(shutdown\): not delivered within (\d\.\d) s\.\n", words)
    assert told is not None, words
    assert 0 < float(told[1]) <= 3.2


def _run_to_its_end(folder: Path, environ: dict[str, str]) -> tuple[int, str]:
    """Return the exit status and the standard error of a program that logs and ends."""
    (folder / "routing.yaml").write_text(YAML, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder / "routing.yaml")],
        env={**process_environment(), **environ},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_bad_file_is_refused_loudly(tmp_path: Path) -> None:
    """Every problem at once, and no secret in the text."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML.replace("match: {team: payments}", "mach: {team: payments}"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        Router.from_file(path, environ={})
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"RT110", "RT602"}


def test_a_bad_setting_is_refused(langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """A `ROUTER_*` variable that makes no sense stops the start, by name."""
    with pytest.raises(ConfigError, match="ROUTER_FLUSH_INTERVAL_SECS"):
        _router(langfuse, tmp_path, ROUTER_FLUSH_INTERVAL_SECS="soon")


def test_resolve_takes_a_request_by_hand(router: Router) -> None:
    """Without LiteLLM, and without sending anything."""
    assert router.resolve({"team": "payments"}).route == ("payments",)
    assert router.stats().handled == 0
