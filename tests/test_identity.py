"""Whose keys these are: asked of the server, told to the operator, and believed before anything is sent."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from router.config import load_text
from router.config.loaded import ResolvedProject
from router.delivery.identity import Identity, read_identity
from router.delivery.projects import Changes
from router.delivery.retry import Answer
from router.delivery.transport import Transport
from router.testing import FakeLangfuse
from tests.masked_calls import Post, posting, wait_until

PROJECT = ResolvedProject("payments", "pk-lf-1", SecretStr("sk-lf-1"), "https://langfuse.example", project_id="p-1")


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    """Return a server that knows two projects; their ids are `project-NAME`."""
    with FakeLangfuse(["payments", "search"]) as server:
        yield server


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "router"]


def expecting(post: Post, langfuse: FakeLangfuse, project_id: str, host: str | None = None) -> None:
    """Let the keys of `payments` be expected to be those of a project."""
    post.projects["payments"] = langfuse.project("payments", project_id=project_id, host=host or langfuse.url)


def test_calls_go_where_the_keys_are_those_of_the_project(langfuse: FakeLangfuse) -> None:
    """The server is asked once, before the first batch."""
    with posting(langfuse, max_batch_spans=1) as post:
        expecting(post, langfuse, "project-payments")
        post.send(1, 2)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 2, "delivered": 2}


def test_calls_are_withheld_from_another_project(langfuse: FakeLangfuse, caplog: pytest.LogCaptureFixture) -> None:
    """Swapped secrets would file one team's calls in the project of another; the log says whose the keys are."""
    with posting(langfuse, max_batch_spans=1) as post:
        expecting(post, langfuse, "project-search")
        post.send(1, 2)
        assert not post.sender.force_flush(10)
    assert post.account() == {"handled": 2, "dropped": {"wrong_project": 2}}
    assert langfuse.requests() == []
    cause = "its keys belong to the Langfuse project project-payments, not to project-search"
    waiting, lost = lines(caplog)
    assert re.search(rf"to project payments waiting for \d+ s: {re.escape(cause)}\.$", waiting)
    assert lost == f"2 calls to project payments dropped (wrong_project): {cause}."


def test_a_server_that_cannot_be_asked_keeps_the_calls_waiting(langfuse: FakeLangfuse) -> None:
    """Nothing is sent on trust; after the maximum age the calls are counted as any others."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with posting(langfuse, max_age_secs=0.2) as post:
        expecting(post, langfuse, "project-payments", host=f"http://127.0.0.1:{port}")
        post.send(1)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "dropped": {"unreachable": 1}}


class Waiting(logging.Handler):
    """Keeps log lines, and lets a test wait for them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.came = threading.Event()
        self._count = count

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if len(self.lines) >= self._count:
            self.came.set()


def test_keys_that_are_refused_are_told_before_a_call_is_lost() -> None:
    """Once for each project, beside the calls; a second project of the same keys is told too."""
    told = Waiting(2)
    logging.getLogger("router").addHandler(told)
    try:
        with (
            FakeLangfuse(["payments"]) as langfuse,
            posting(langfuse, "payments", "search", "twin", check_projects=True) as post,
        ):
            post.projects["twin"] = langfuse.project("payments")
            post.send(1)
            assert post.sender.force_flush(60)
            assert told.came.wait(60)
    finally:
        logging.getLogger("router").removeHandler(told)
    assert told.lines == [
        "Project search cannot be used: HTTP 401, check the keys of the project.",
        "Projects payments and twin are one Langfuse project, project-payments: their calls land in the same place.",
    ]


@pytest.mark.parametrize(
    ("status", "body", "verdict", "project_id"),
    [
        (200, {"data": [{"id": "p-1", "name": "pay"}]}, "delivered", "p-1"),
        (200, {"data": [{"id": "p-2"}]}, "wrong_project", "p-2"),
        (200, {"data": [{"id": "p-1"}, {"id": "p-2"}]}, "delivered", None),
        (200, {"data": []}, "delivered", None),
        (200, {"data": [{"id": ["p-2"]}]}, "delivered", None),
        (200, {"data": [{"id": "a\nb"}]}, "delivered", None),
        (200, [], "delivered", None),
        (404, {}, "delivered", None),
        (405, {}, "delivered", None),
        (401, {}, "rejected", None),
        (400, {}, "rejected", None),
        (429, {}, "retry", None),
        (503, {}, "retry", None),
    ],
)
def test_what_an_answer_says(status: int, body: object, verdict: str, project_id: str | None) -> None:
    """Only a server that names another project contradicts."""
    found = read_identity(PROJECT, status, json.dumps(body).encode())
    assert (found.answer.verdict, found.project_id) == (verdict, project_id)


def test_an_answer_that_is_no_json_says_nothing() -> None:
    """A page of a proxy, for example."""
    assert read_identity(PROJECT, 200, b"<html>").answer == Answer("delivered")


def test_the_id_stands_in_routing_yaml_also_for_each_row_of_a_table() -> None:
    """Beside the credentials, or as a column."""
    text = """
version: 1
tables: {teams: {payments: {id: p-1}, search: {id: p-2}}}
projects:
  shared: {env: LANGFUSE, project_id: p-0}
  team-{team}: {for_each: teams, env: "LF_{TEAM}", project_id: "{team.id}"}
rules:
  - {id: teams, match: {team: {in: teams}}, route: "team-{team}"}
  - {id: rest, route: shared}
"""
    environ = {
        f"{prefix}_{name}": f"{start}-lf-{prefix}"
        for prefix in ("LANGFUSE", "LF_PAYMENTS", "LF_SEARCH")
        for name, start in (("PUBLIC_KEY", "pk"), ("SECRET_KEY", "sk"))
    }
    projects = load_text(text, environ=environ).projects
    assert {name: project.project_id for name, project in projects.items()} == {
        "shared": "p-0",
        "team-payments": "p-1",
        "team-search": "p-2",
    }


def test_plain_http_needs_a_word() -> None:
    """Of the file or of one project; on this machine it needs none."""
    text = """
version: 1
defaults: {allow_http: true, host: "http://langfuse.internal"}
projects:
  a: {env: A}
  b: {env: B, host: "http://other.internal"}
  c: {env: C, host: "http://localhost:3000", allow_http: false}
rules:
  - {id: all, route: [a, b, c]}
"""
    environ = {f"{name}_{part}_KEY": f"{name}-{part}" for name in "ABC" for part in ("PUBLIC", "SECRET")}
    hosts = {name: project.host for name, project in load_text(text, environ=environ).projects.items()}
    assert hosts == {"a": "http://langfuse.internal", "b": "http://other.internal", "c": "http://localhost:3000"}


# -- a new file ----------------------------------------------------------------------------------------


def test_a_project_that_comes_back_with_other_keys_is_asked_again(langfuse: FakeLangfuse) -> None:
    """What it confirmed before it went, and for a call that came too late, says nothing of the keys it has now."""
    with posting(langfuse) as post:
        expecting(post, langfuse, "project-payments")
        post.send(1)
        assert post.sender.force_flush(60)
        post.sender.replace_projects({})
        post.send(2)
        assert post.sender.force_flush(60)
        swapped = replace(langfuse.project("search"), name="payments", project_id="project-payments")
        changes = post.sender.replace_projects({"payments": swapped})
        assert changes == Changes(changed=frozenset({"payments"}))
        post.send(3)
        assert not post.sender.force_flush(10)
        assert post.account() == {"handled": 3, "delivered": 2, "in_flight": 1}
        assert langfuse.spans("search") == []
        post.sender.replace_projects({"payments": langfuse.project("payments", project_id="project-payments")})
        langfuse.wait_for(3, project="payments")


def test_an_answer_about_former_keys_confirms_nothing_of_new_ones(
    langfuse: FakeLangfuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file comes while the server is asked about those of the former one."""
    identify, replaced = Transport.identify, asyncio.Event()
    asked: list[str] = []

    async def slow(transport: Transport, project: ResolvedProject) -> Identity:
        answer = await identify(transport, project)
        asked.append(project.public_key)
        await replaced.wait()
        return answer

    monkeypatch.setattr(Transport, "identify", slow)
    with posting(langfuse) as post:
        expecting(post, langfuse, "project-payments")
        post.send(1)
        flushing = threading.Thread(target=post.sender.force_flush, args=(10,))
        flushing.start()
        wait_until(lambda: asked == ["pk-lf-payments"])
        swapped = replace(langfuse.project("search"), name="payments", project_id="project-payments")
        post.sender.replace_projects({"payments": swapped})
        post.sender._call(lambda _: replaced.set())  # behind the new file, on the sender's thread
        flushing.join()
        post.send(2)
        assert not post.sender.force_flush(10)
        assert asked[:2] == ["pk-lf-payments", "pk-lf-search"]
        assert langfuse.spans("search") == []
