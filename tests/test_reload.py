"""A new configuration takes the place of the one in use: whole, without losing a call, or not at all."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router import DeliveryError, Health, Reloaded, Router
from router.config import load_text
from router.delivery.projects import Changes
from router.delivery.signals import reload_on_sighup
from router.settings import process_environment
from router.testing import FakeLangfuse, make_record
from tests.masked_calls import wait_until
from tests.programs import Starter

YAML = """
version: 1
projects:
  payments: {env: PAYMENTS_LF}
  shared: {env: LANGFUSE}
rules:
  - {id: payments, match: {team: payments}, route: payments}
  - {id: rest, route: shared}
"""
LETTER = """
version: 1
projects: {shared: {env: LANGFUSE}}
masks: {hide: [{pattern: secret, as: "%(letter)s"}]}
overlays: [{id: all, mask: [hide], trace: {set: {name: "%(letter)s"}}}]
rules: [{id: "rule-%(letter)s", route: shared, generation: {set: {name: "%(letter)s"}}}]
"""


class Setup:
    """A router of a file that can be written anew."""

    def __init__(self, folder: Path, langfuse: FakeLangfuse) -> None:
        self.path = folder / "routing.yaml"
        self.langfuse = langfuse
        self.environ = langfuse.environ("PAYMENTS_LF", "payments") | langfuse.environ("LANGFUSE", "shared")
        self.environ |= {"ROUTER_CHECK_PROJECTS": "false", "ROUTER_FLUSH_INTERVAL_SECS": "0"}
        self.made: list[Router] = []

    def write(self, text: str) -> None:
        self.path.write_text(text, "utf-8")

    def router(self, text: str = YAML, **environ: str) -> Router:
        self.write(text)
        self.environ |= environ
        self.made.append(Router.from_file(self.path, environ=self.environ))
        return self.made[-1]


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    with FakeLangfuse(["payments", "shared", "search"]) as server:
        yield server


@pytest.fixture
def setup(langfuse: FakeLangfuse, tmp_path: Path) -> Iterator[Setup]:
    made = Setup(tmp_path, langfuse)
    yield made
    for router in made.made:
        router.shutdown(0.2)


def calls(langfuse: FakeLangfuse, project: str) -> list[Any]:
    return [span.metadata["litellm_call_id"] for span in langfuse.spans(project)]


# -- the swap ------------------------------------------------------------------------------------------


def test_the_next_call_goes_where_the_new_file_says(setup: Setup, langfuse: FakeLangfuse) -> None:
    """The answer names both configurations and what became of the projects."""
    router = setup.router()
    former = router.digest
    router.log(make_record(call_id="1", team="search"))
    assert router.flush(60)
    setup.environ |= langfuse.environ("SEARCH_LF", "search")
    text = YAML.replace("payments: {env: PAYMENTS_LF}", "search: {env: SEARCH_LF}")
    setup.write(text.replace("{team: payments}, route: payments", "{team: search}, route: search"))
    answer = router.reload()
    assert (answer.accepted, answer.former, answer.digest) == (True, former, router.digest)
    assert answer.digest != former
    assert answer.projects == Changes(added=frozenset({"search"}), removed=frozenset({"payments"}))
    assert str(answer) == f"configuration {answer.digest} in use, before {former}; projects: 1 added, 1 removed"
    router.log(make_record(call_id="2", team="search"))
    assert router.flush(60)
    assert (calls(langfuse, "shared"), calls(langfuse, "search")) == ([1], [2])
    told = json.loads(json.dumps(answer.to_json()))
    assert told["projects"] == {"added": ["search"], "changed": [], "removed": ["payments"]}


def test_every_call_is_routed_and_masked_by_one_configuration(setup: Setup, langfuse: FakeLangfuse) -> None:
    """A thousand calls of two threads, and as many swaps as fit between them: rule, trace and mask agree in each."""
    router = setup.router(LETTER % {"letter": "A"})
    done = threading.Event()

    def log(thread: int) -> None:
        for number in range(500):
            router.log(make_record(call_id=f"{thread}-{number}", input="a secret word"))

    def swap() -> None:
        for number in range(1_000_000):
            setup.write(LETTER % {"letter": "AB"[number % 2]})
            assert router.reload().accepted
            if done.is_set():
                return

    swapping = threading.Thread(target=swap)
    swapping.start()
    logging_ = [threading.Thread(target=log, args=(number,)) for number in range(2)]
    for thread in logging_:
        thread.start()
    for thread in logging_:
        thread.join()
    assert router.flush(60)
    done.set()
    swapping.join()
    seen = [
        (span.routing["rule"], span.attributes["langfuse.trace.name"], span.name, span.input)
        for span in langfuse.spans("shared")
    ]
    assert len(seen) == 1_000
    assert set(seen) == {(f"rule-{letter}", letter, letter, f"a {letter} word") for letter in "AB"}
    assert router.stats().config.accepted > 2


def test_resolve_uses_the_new_file(setup: Setup) -> None:
    """As calls do."""
    router = setup.router()
    setup.write(YAML.replace("id: rest", "id: everybody"))
    router.reload()
    assert router.resolve({"team": "x"}).rule == "everybody"


# -- a file that is not usable -------------------------------------------------------------------------


def test_a_bad_file_changes_nothing_and_says_so_once(
    setup: Setup, langfuse: FakeLangfuse, caplog: pytest.LogCaptureFixture
) -> None:
    """In the answer, in one line of the log, in health and in stats, until a good one comes."""
    router = setup.router()
    digest = router.digest
    setup.write(YAML.replace("match: {team", "mach: {team").replace("route: shared", "rout: shared"))
    answer = router.reload()
    assert (answer.accepted, answer.digest, answer.former) == (False, digest, digest)
    assert {problem.code for problem in answer.problems} >= {"RT110"}
    assert str(answer).startswith(f"rejected, configuration {digest} goes on\n{setup.path}:7:")
    assert len(answer.reasons) == 2
    words = f"The configuration was changed and is not used: {answer.reasons[0]} (and 1 more)."
    assert caplog.messages == [f"{words} Configuration {digest} goes on."]
    assert router.health() == Health("degraded", (f"the configuration was changed and is not used: {digest} goes on",))
    router.log(make_record(team="payments"))
    assert router.flush(60)
    assert len(langfuse.spans("payments")) == 1
    config = router.stats().config
    assert (config.digest, config.accepted, config.rejected, config.last_reload_successful) == (digest, 0, 1, False)
    setup.write(YAML)
    assert router.reload().accepted
    config = router.stats().config
    assert (config.accepted, config.rejected, config.last_reload_successful) == (1, 1, True)
    assert router.health() == Health("ready")


def test_a_file_that_is_gone_or_a_secret_that_is_missing_changes_nothing(setup: Setup) -> None:
    """Both are problems like any other."""
    router = setup.router()
    setup.path.unlink()
    assert [problem.code for problem in router.reload().problems] == ["RT100"]
    setup.write(YAML)
    del setup.environ["LANGFUSE_SECRET_KEY"]
    answer = router.reload()
    assert (answer.accepted, [problem.code for problem in answer.problems]) == (False, ["RT602"])


def test_embedded_tests_are_asked_where_the_setting_says_so(setup: Setup) -> None:
    """Without it they are for `router check`, as at the start."""
    failing = YAML + "tests: [{name: to payments, request: {team: x}, expect: {route: [payments]}}]\n"
    router = setup.router()
    setup.write(failing)
    assert router.reload().accepted
    router = setup.router(ROUTER_RELOAD_REQUIRE_TESTS="true")
    setup.write(failing)
    answer = router.reload()
    assert (answer.accepted, answer.failed_tests) == (False, ("to payments",))
    assert answer.reasons == ("the test 'to payments' failed",)


def test_an_error_that_nobody_expected_is_named_by_its_class(setup: Setup) -> None:
    """And the former configuration goes on."""
    router = setup.router()

    class Broken(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            raise LookupError("secret words")

        def __getitem__(self, key: str) -> str:
            raise LookupError("secret words")

        def __contains__(self, key: object) -> bool:
            raise LookupError("secret words")

    assert router._origin is not None
    object.__setattr__(router._origin, "environ", Broken())
    answer = router.reload()
    assert (answer.accepted, answer.reasons) == (False, ("LookupError",))


def test_a_relative_path_goes_on_to_mean_the_same_file(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the program makes its working directory."""
    setup.write(YAML)
    monkeypatch.chdir(tmp_path)
    router = Router.from_file("routing.yaml", environ=setup.environ)
    setup.made.append(router)
    monkeypatch.chdir("/")
    setup.write(YAML.replace("id: rest", "id: everybody"))
    assert router.reload().accepted
    assert router.resolve({}).rule == "everybody"


def test_a_router_without_a_file_says_that_it_has_none(setup: Setup) -> None:
    """Made from a text, for example."""
    router = Router(load_text(YAML, environ=setup.environ))
    setup.made.append(router)
    with pytest.raises(DeliveryError, match="no file to read again"):
        router.reload()


def test_no_call_is_routed_to_a_project_that_the_sender_does_not_know(
    setup: Setup, langfuse: FakeLangfuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that comes while the file takes effect goes where the former or the new one says, and arrives."""
    router = setup.router("version: 1\nprojects: {shared: {env: LANGFUSE}}\nrules: [{id: rest, route: shared}]\n")
    replace = router._sender.replace_projects

    def log_before(projects: Any) -> Changes:
        router.log(make_record(call_id="1", team="payments"))
        assert router.flush(60)
        return replace(projects)

    monkeypatch.setattr(router._sender, "replace_projects", log_before)
    setup.write(YAML)
    assert router.reload().accepted
    router.log(make_record(call_id="2", team="payments"))
    assert router.flush(60)
    assert (router.stats().delivered, router.stats().dropped) == (2, {})
    assert calls(langfuse, "payments")[-1:] == [2]


# -- what waits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spool", [True, False], ids=["spool", "memory"])
def test_what_waits_goes_on_with_new_keys_at_once(
    setup: Setup, langfuse: FakeLangfuse, tmp_path: Path, spool: bool
) -> None:
    """Though its next retry were a minute away."""
    folder = {"ROUTER_SPOOL_DIR": str(tmp_path / "spool")} if spool else {}
    waits = {"ROUTER_RETRY_MIN_SECS": "60", "ROUTER_RETRY_MAX_SECS": "3600"}
    langfuse.fail("payments", 503)
    router = setup.router(**waits, **folder)
    router.log(make_record(call_id="1", team="payments"))
    langfuse.wait_for_requests(1)
    setup.environ |= langfuse.environ("PAYMENTS_LF", "search")
    answer = router.reload()
    assert answer.accepted
    assert answer.projects.changed == {"payments"}
    langfuse.wait_for(1, 20, project="search")
    assert router.flush(60)
    assert (router.stats().delivered, router.stats().dropped) == (1, {})


def test_what_waits_for_a_project_that_is_gone_still_goes_to_it(setup: Setup, langfuse: FakeLangfuse) -> None:
    """With the keys that it had."""
    langfuse.fail("payments", 503)
    router = setup.router(ROUTER_RETRY_MIN_SECS="0.01", ROUTER_RETRY_MAX_SECS="0.02")
    router.log(make_record(call_id="1", team="payments"))
    langfuse.wait_for_requests(1)
    setup.write("version: 1\nprojects: {shared: {env: LANGFUSE}}\nrules: [{id: rest, route: shared}]\n")
    assert router.reload().projects.removed == {"payments"}
    langfuse.heal("payments")
    assert router.flush(60)
    assert calls(langfuse, "payments") == [1]


def test_calls_in_the_spool_for_a_project_that_comes_back_are_adopted(
    setup: Setup, langfuse: FakeLangfuse, tmp_path: Path
) -> None:
    """They lie there since an earlier process; the file did not know their project for a while."""
    spool = {"ROUTER_SPOOL_DIR": str(tmp_path / "spool")}
    langfuse.fail("payments", 503)
    first = setup.router(**spool)
    first.log(make_record(call_id="1", team="payments"))
    langfuse.wait_for_requests(1)
    first.shutdown(0.2)
    langfuse.heal("payments")
    second = setup.router("version: 1\nprojects: {shared: {env: LANGFUSE}}\nrules: [{id: rest, route: shared}]\n")
    second.log(make_record(call_id="2"))
    langfuse.wait_for(1, project="shared")
    setup.write(YAML)
    assert second.reload().projects.added == {"payments"}
    langfuse.wait_for(1, project="payments")


def test_projects_with_new_keys_are_checked_and_the_others_are_not(
    setup: Setup, langfuse: FakeLangfuse, caplog: pytest.LogCaptureFixture
) -> None:
    """What contradicts is told, as at the start; what was wrong with former keys is forgotten."""
    router = setup.router(ROUTER_CHECK_PROJECTS="true")
    router.log(make_record(team="payments"))
    assert router.flush(60)
    told = Told("Projects payments and shared are one Langfuse project, project-payments: ")
    with told:
        setup.environ |= langfuse.environ("LANGFUSE", "payments")
        assert router.reload().projects.changed == {"shared"}
        assert told.came.wait(60)
    assert [reason.partition(",")[0] for reason in router.health().reasons] == [
        "project shared: is the same Langfuse project as payments"
    ]
    setup.environ |= langfuse.environ("LANGFUSE", "shared")
    router.reload()
    router.log(make_record(team="search"))
    assert router.flush(60)
    assert router.health() == Health("ready")


class Told(logging.Handler):
    """Lets a test wait for a line of the log that begins with some words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.came = threading.Event()
        self._words = words

    def __enter__(self) -> None:
        logging.getLogger("router").addHandler(self)

    def __exit__(self, *_: object) -> None:
        logging.getLogger("router").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith(self._words):
            self.came.set()


def test_an_answer_without_problems_is_plain() -> None:
    """For whoever prints it."""
    assert str(Reloaded(accepted=True, digest="b", former="a")) == "configuration b in use, before a"


# -- without being asked each time ---------------------------------------------------------------------

WATCHED = """
version: 1
tables: {teams: {file: teams.csv, key: team}}
projects:
  shared: {host: "%(host)s", public_key: {env: PUBLIC}, secret_key: {file: secret}}
rules:
  - {mount: "teams/*.yaml", scope: {team: "{stem}"}, on_error: quarantine}
  - {id: known, match: {team: {in: teams}}, route: shared}
  - {id: rest, route: shared}
"""


@pytest.fixture
def watched(setup: Setup, langfuse: FakeLangfuse, tmp_path: Path) -> Router:
    """Return a router of every kind of file, which looks at them all the time."""
    (tmp_path / "teams.csv").write_text("team\nsearch\n", "utf-8")
    (tmp_path / "secret").write_text("sk-lf-shared", "utf-8")
    (tmp_path / "teams").mkdir()
    return setup.router(WATCHED % {"host": langfuse.url}, PUBLIC="pk-lf-shared", ROUTER_RELOAD_INTERVAL_SECS="0.01")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("routing.yaml", None),
        ("teams.csv", "team\nsearch\npayments\n"),
        ("secret", "sk-lf-payments"),
        ("teams/search.yaml", "version: 1\nrules: [{id: own, route: shared}]\n"),
    ],
)
def test_a_file_that_changes_is_read_again(watched: Router, tmp_path: Path, file: str, text: str | None) -> None:
    """The main file, a table, a secret, and a team file that is new; once for each change."""
    (tmp_path / file).write_text(text or (tmp_path / file).read_text("utf-8") + "# changed\n", "utf-8")
    wait_until(lambda: watched.stats().config.accepted == 1)
    former = watched._seen
    wait_until(lambda: watched._watcher is not None and watched._watcher.looks > 5)
    assert (watched.stats().config.accepted, watched._seen) == (1, former)


def test_a_bad_file_is_tried_once_and_again_when_it_changes(
    watched: Router, setup: Setup, langfuse: FakeLangfuse, caplog: pytest.LogCaptureFixture
) -> None:
    """One line of the log, however often somebody looks."""
    setup.write("version: 2\n")
    wait_until(lambda: watched.stats().config.rejected == 1)
    looks = watched._watcher.looks if watched._watcher else 0
    wait_until(lambda: watched._watcher is not None and watched._watcher.looks > looks + 5)
    assert watched.stats().config.rejected == 1
    assert len([text for text in caplog.messages if "is not used" in text]) == 1
    setup.write(WATCHED % {"host": langfuse.url} + "# mended\n")
    wait_until(lambda: watched.stats().config.accepted == 1)
    watched.shutdown(1)


def test_a_link_that_leads_elsewhere_is_a_change(setup: Setup, langfuse: FakeLangfuse, tmp_path: Path) -> None:
    """As Kubernetes changes the files of a ConfigMap: by one link to a folder."""
    for name, text in (("one", YAML), ("two", YAML.replace("id: rest", "id: everybody"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "routing.yaml").write_text(text, "utf-8")
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "routing.yaml").symlink_to("..data/routing.yaml")
    router = Router.from_file(setup.path, environ=setup.environ | {"ROUTER_RELOAD_INTERVAL_SECS": "0.01"})
    setup.made.append(router)
    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").rename(tmp_path / "..data")
    wait_until(lambda: router.resolve({}).rule == "everybody")


CHILD = """
import os, sys, threading
from router import Router
from router.testing import make_record

path = sys.argv[1]
router = Router.from_file(path)
router.log(make_record(call_id="1"))
assert router.flush(60)
child = os.fork()
if child == 0:
    text = open(path).read()
    with open(path, "w") as file:
        file.write(text.replace("id: rest", "id: everybody"))
    router.log(make_record(call_id="2"))
    idle = threading.Event()
    for _ in range(1000):
        if router.stats().config.accepted:
            break
        idle.wait(0.01)
    os._exit(0 if router.resolve({}).rule == "everybody" and router.flush(10) else 1)
status = os.waitpid(child, 0)[1]
print(os.waitstatus_to_exitcode(status), [thread.name for thread in threading.enumerate() if "reload" in thread.name])
"""


def test_a_forked_child_looks_at_the_files_from_its_first_call_on(setup: Setup) -> None:
    """Its parent's thread is not there any more."""
    setup.write(YAML)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, str(setup.path)],
        env={**process_environment(), **setup.environ, "ROUTER_RELOAD_INTERVAL_SECS": "0.05"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 ['router-reload']\n", "")


# -- SIGHUP --------------------------------------------------------------------------------------------


def test_sighup_reloads_and_then_does_what_it_did() -> None:
    """On a thread of its own; `restore` puts back what was before."""
    former = signal.getsignal(signal.SIGHUP)
    own, reloaded = threading.Event(), threading.Event()
    try:
        signal.signal(signal.SIGHUP, lambda number, frame: own.set())
        mine = signal.getsignal(signal.SIGHUP)
        restore = reload_on_sighup(reloaded.set)
        os.kill(os.getpid(), signal.SIGHUP)
        assert reloaded.wait(10)
        assert own.wait(10)
        restore()
        assert signal.getsignal(signal.SIGHUP) is mine
    finally:
        signal.signal(signal.SIGHUP, former)


def test_a_reload_that_fails_at_sighup_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The program goes on."""
    former = signal.getsignal(signal.SIGHUP)

    def fail() -> None:
        raise ValueError("secret words")

    try:
        restore = reload_on_sighup(fail)
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: bool(caplog.messages))
        restore()
    finally:
        signal.signal(signal.SIGHUP, former)
    assert caplog.messages == ["The reload at SIGHUP failed: ValueError."]


APPLICATION = """
import os, signal, sys, threading
import router.litellm

before = signal.getsignal(signal.SIGHUP)
logger = router.litellm.install("routing.yaml")
untouched = signal.getsignal(signal.SIGHUP) is before
router.litellm.install("routing.yaml", reload_on_sighup=True)
print(untouched, signal.getsignal(signal.SIGHUP) is before, flush=True)
for _ in range(9000):
    if logger.stats().config.accepted:
        break
    threading.Event().wait(0.01)
logger.shutdown(1)
print(logger.stats().config.accepted, signal.getsignal(signal.SIGHUP) is before)
os.environ["ROUTER_RELOAD_ON_SIGHUP"] = "true"
logger = router.litellm.install("routing.yaml")
print(signal.getsignal(signal.SIGHUP) is before)
logger.shutdown(1)
"""


def test_an_application_can_ask_for_sighup(with_litellm: Starter, setup: Setup, checkout: Path) -> None:
    """By an argument or a setting; no signal is touched before, and shutdown takes the handler away."""
    setup.write(YAML)
    variables = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONPATH": str(checkout)}
    environ = {**process_environment(), **setup.environ, **variables}
    with with_litellm.start(APPLICATION, environ=environ, folder=setup.path.parent) as application:
        assert application.stdout is not None
        assert application.stdout.readline() == "True False\n"
        application.send_signal(signal.SIGHUP)
        out = application.communicate(timeout=200)
        assert (application.wait(0), out) == (0, "1 True\nFalse\n")
