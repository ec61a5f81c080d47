"""Which generation of Langfuse a project's server is: said in routing.yaml, or asked of its host."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from dataclasses import replace
from typing import Any

import pytest

from router import Router
from router.config import load_config
from router.config.loaded import ResolvedProject
from router.config.model import AD_HOC
from router.delivery.servers import AGAIN_SECS, FRESH_SECS, Servers, read_generation
from router.delivery.settings import DeliverySettings
from router.delivery.transport import Transport
from router.routing.plan import Plan
from router.testing import FakeLangfuse
from tests.masked_calls import posting

V3, V4 = "3.225.4", "4.16.0"


class Asked(FakeLangfuse):
    """A server that tells when it was asked for its version."""

    def __init__(self, **arguments: Any) -> None:
        self.asked = threading.Semaphore(0)
        super().__init__(**arguments)

    @property
    def version(self) -> str | None:
        self.asked.release()
        return self._version

    @version.setter
    def version(self, value: str | None) -> None:
        self._version = value


def project(host: str = "https://a.example", **changes: Any) -> ResolvedProject:
    with_host = FakeLangfuse().project("p")
    return replace(with_host, host=host, **changes)


@pytest.mark.parametrize(
    ("version", "generation"),
    [
        ("4.16.0", "v4"),
        ("v4.0.0-rc.1", "v4"),
        ("5.1.0", "v4"),
        ("3.225.4", "v3"),
        ("3", "v3"),
        ("2.95.1", None),  # takes no OTLP at all
        ("", None),
        ("nightly", None),
        (4, None),
        (None, None),
    ],
)
def test_the_version_of_a_server_names_its_generation(version: object, generation: str | None) -> None:
    """Only the first number counts; what is no version says nothing."""
    assert read_generation(json.dumps({"status": "OK", "version": version}).encode()) == generation


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"4.16.0"', b"{}", b"[" * 100_000])
def test_an_answer_that_is_none_says_nothing(body: bytes) -> None:
    """A proxy in between may answer anything."""
    assert read_generation(body) is None


def test_each_host_is_asked_once_and_again_after_a_while() -> None:
    """Projects of one host share its answer; a failure is asked again sooner, and takes nothing away."""
    now = [100.0]
    servers = Servers(lambda: now[0])
    one, two, other = project(), project(environment="x"), project("https://b.example")
    assert servers.generation(one) is None
    assert [servers.claim(each) for each in (one, one, two, other)] == [True, False, False, True]
    servers.learn(one, "v3")
    assert (servers.generation(two), servers.generation(other)) == ("v3", None)
    now[0] += AGAIN_SECS
    assert [servers.claim(each) for each in (one, other)] == [False, True]
    now[0] += FRESH_SECS
    assert servers.claim(one)
    servers.learn(one, None)
    assert servers.generation(one) == "v3"
    assert not servers.claim(one)
    now[0] += AGAIN_SECS
    assert servers.claim(one)
    servers.learn(one, "v4")
    assert servers.generation(one) == "v4"


def test_hosts_that_requests_bring_are_forgotten_one_day() -> None:
    """However many there are."""
    servers = Servers(lambda: 0.0)
    for number in range(1_500):
        assert servers.claim(project(f"https://{number}.example"))
    servers.learn(project("https://0.example"), "v4")
    assert servers.generation(project("https://0.example")) is None
    assert len(servers._hosts) == 1_000


def test_however_many_hosts_hang_few_questions_wait() -> None:
    """Those for whom there is no place are asked another time."""
    servers = Servers(lambda: 0.0)

    async def ask(host: str) -> int:
        hosts = [project(f"{host}/{number}") for number in range(200)]
        async with Transport(DeliverySettings(timeout_secs=5), servers) as transport:
            for each in hosts:
                transport.ask(each)
            return sum(servers.claim(each) for each in hosts)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert asyncio.run(ask(f"http://127.0.0.1:{silent.getsockname()[1]}")) == 200 - 64


def test_a_project_that_says_what_its_server_is_is_not_asked() -> None:
    """`server: v3` also stands for a server of version 4 that writes the old tables only."""
    servers = Servers()
    for said in ("v3", "v4"):
        assert not servers.claim(project(server=said))
        assert servers.generation(project(server=said)) == said


@pytest.mark.parametrize(("version", "generation"), [(V3, "v3"), (V4, "v4")])
def test_the_first_call_makes_the_sender_ask(version: str, generation: str) -> None:
    """It asks the host beside the delivery, and knows soon after."""
    with Asked(version=version) as langfuse, posting(langfuse) as post:
        assert post.sender.server_of(post.projects["payments"]) is None
        post.send(1)
        assert langfuse.asked.acquire(timeout=200)
        post.send(2)
        assert post.sender.force_flush(60)
        # The answer came on the connection's thread; each further call gives the sender's thread its turn.
        for number in range(3, 200):
            if post.sender.server_of(post.projects["payments"]) is not None:
                break
            post.send(number)
            assert post.sender.force_flush(60)
        assert post.sender.server_of(post.projects["payments"]) == generation
        assert not langfuse.asked.acquire(blocking=False)


def test_a_server_that_does_not_know_its_version_delays_nothing() -> None:
    """What is not known stays unknown."""
    with Asked(version=None) as langfuse, posting(langfuse) as post:
        post.send(1)
        assert langfuse.asked.acquire(timeout=200)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "delivered": 1}
        assert post.sender.server_of(post.projects["payments"]) is None


YAML = """
version: 1
defaults: {server: v4, allow_http: true}
projects:
  old: {env: OLD, server: v3}
  new: {env: NEW}
rules: [{id: rest, route: [old, new]}]
"""


def test_the_file_says_it_for_a_project_for_all_and_for_those_of_requests(tmp_path: Any) -> None:
    """A project's own word beats `defaults.server`, which holds for keys that calls bring as well."""
    path = tmp_path / "routing.yaml"
    path.write_text(YAML, "utf-8")
    with FakeLangfuse() as langfuse:
        environ = {**langfuse.environ("OLD"), **langfuse.environ("NEW")}
        router = Router.from_file(path, environ=environ)
        metadata = {
            "langfuse_public_key": "pk-lf-own",
            "langfuse_secret_key": "sk-lf-own",
            "langfuse_host": langfuse.url,
        }
        plan: Plan = router.resolve({"metadata": metadata})
        assert plan.ad_hoc is not None
        assert plan.ad_hoc.name.startswith(AD_HOC)
        assert plan.ad_hoc.server == "v4"
        found = {name: each.server for name, each in load_config(path, environ=environ).projects.items()}
        assert found == {"old": "v3", "new": "v4"}
        router.shutdown(1)
