"""Names are looked up on threads of their own, and no name holds up another one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from router.delivery import DeliverySettings
from router.delivery.resolver import Resolver
from router.delivery.servers import Servers
from router.delivery.transport import Transport


class Names:
    """Looks every name up as this machine; those of `hanging` once `go_on` is called."""

    def __init__(self) -> None:
        self.hanging: set[str] = set()
        self.threads: list[str] = []
        self._goes_on = threading.Event()

    def getaddrinfo(self, host: str, port: int, **options: Any) -> list[Any]:
        """Do as `socket.getaddrinfo`."""
        self.threads.append(threading.current_thread().name)
        if host in self.hanging:
            self._goes_on.wait(30)
        return socket.getaddrinfo("127.0.0.1", port, **options)

    def go_on(self) -> None:
        """Let names that hang be found."""
        self._goes_on.set()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """Return names of which a look-up soon counts as one that hangs."""
    monkeypatch.setattr("router.delivery.resolver._HOLDS_UP_SECS", 0.005)
    monkeypatch.setattr("router.delivery.resolver._PATIENCE_SECS", 0.02)
    names = Names()
    yield names
    names.go_on()


async def begin(resolver: Resolver, *hosts: str) -> list[asyncio.Task[Any]]:
    """Return look-ups that have begun, as far as others let them."""
    tasks = [asyncio.create_task(resolver.resolve(host, 9)) for host in hosts]
    await asyncio.sleep(0)
    return tasks


def test_addresses_of_hosts_that_calls_bring_are_not_kept_without_end(monkeypatch):
    """Only those of the last ones; one that is used goes on being known."""
    monkeypatch.setattr("router.delivery.resolver._MOST_HOSTS", 2)

    async def resolve() -> list[int]:
        resolver = Resolver()
        for port in (1, 2, 1, 3):
            await resolver.resolve("127.0.0.1", port)
        return [port for _, port, _ in resolver._known]

    assert asyncio.run(resolve()) == [1, 3]


def test_names_that_hang_hold_up_no_other(names):
    """A new one is looked up beside them, also beside forty; one that was found before keeps its address."""

    async def resolve() -> list[int]:
        resolver = Resolver(names.getaddrinfo)
        await resolver.resolve("known", 1)
        hosts = [f"hangs-{number}" for number in range(40)]
        names.hanging.update(hosts, ["known"])
        waiting = await begin(resolver, *hosts)
        found = await asyncio.gather(resolver.resolve("new", 2), resolver.resolve("known", 1))
        assert not any(task.done() for task in waiting)
        names.go_on()
        await asyncio.gather(*waiting, *resolver._asked.values())  # that of the known one goes on, too
        assert resolver._hanging == 0
        return [result["port"] for (result, *_) in found]

    assert asyncio.run(resolve()) == [2, 1]


def test_names_that_hang_take_no_thread_more_than_there_may_be(names, monkeypatch):
    """What has hung before waits for fewer of them; a new one fails only where all threads hang, and for so long."""
    monkeypatch.setattr("router.delivery.resolver._AT_ONCE", 1)
    monkeypatch.setattr("router.delivery.resolver._MOST_HANGING", 3)
    monkeypatch.setattr("router.delivery.resolver._MOST_HANGING_AGAIN", 1)

    async def resolve() -> None:
        resolver = Resolver(names.getaddrinfo)
        names.hanging.update("abcd")
        resolver._hung["d", 9, socket.AF_INET] = None
        waiting = await begin(resolver, "a", "b")
        with pytest.raises(OSError, match="too many names"):
            await resolver.resolve("d", 9)
        assert await resolver.resolve("new", 9)
        waiting += await begin(resolver, "c")
        with pytest.raises(OSError, match="too many names"):
            await resolver.resolve("newer", 9)
        names.go_on()
        await asyncio.gather(*waiting)
        assert await resolver.resolve("d", 9)
        assert not resolver._hung

    asyncio.run(resolve())


def test_what_is_no_name_fails_and_holds_up_nothing(names, monkeypatch):
    """A label of 64 letters is an error of another kind; its text, with the name, reaches nobody."""
    monkeypatch.setattr("router.delivery.resolver._HOLDS_UP_SECS", 60)

    async def resolve() -> None:
        resolver = Resolver()
        for number in range(5):
            with pytest.raises(OSError, match=r"^the name cannot be looked up$") as caught:
                await resolver.resolve(f"{'a' * 64}.x{number}.example.com", 9)
            assert caught.value.__cause__ is caught.value.__context__ is None
        assert await resolver.resolve("127.0.0.1", 9)
        assert not resolver._asked

    asyncio.run(resolve())


def test_names_that_wait_have_an_end(monkeypatch):
    """Hosts that requests bring do not pile up before those that are looked up."""
    monkeypatch.setattr("router.delivery.resolver._MOST_HOSTS", 3)
    names = Names()
    names.hanging.update("abc")

    async def resolve() -> None:
        resolver = Resolver(names.getaddrinfo)
        waiting = await begin(resolver, *"abc")
        with pytest.raises(OSError, match="too many names"):
            await resolver.resolve("d", 9)
        names.go_on()
        await asyncio.gather(*waiting)

    asyncio.run(resolve())


def test_without_a_thread_nothing_is_looked_up_on_the_loop(names, monkeypatch):
    """It fails at once, and is tried again as everything is; with a thread it goes on."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "router-resolver":
            raise RuntimeError("can't start new thread")
        start(thread)

    async def resolve() -> None:
        resolver = Resolver(names.getaddrinfo)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with pytest.raises(OSError, match="no thread"):
                await resolver.resolve("new", 9)
        assert names.threads == []
        assert await resolver.resolve("new", 9)

    asyncio.run(resolve())
    assert names.threads == ["router-resolver"]


def test_closing_waits_for_no_look_up(names):
    """Neither for one that hangs nor for one that has not begun."""
    names.hanging.update("abcd")

    async def resolve() -> None:
        resolver = Resolver(names.getaddrinfo)
        waiting = await begin(resolver, *"abcd")
        await resolver.close()
        for task in waiting:
            with pytest.raises(asyncio.CancelledError):
                await task
        assert not resolver._asked

    asyncio.run(resolve())


def test_the_end_of_the_connections_ends_the_look_ups(names):
    """Nothing waits on for an address that nobody needs any more."""
    names.hanging.add("a")

    async def resolve() -> None:
        async with Transport(DeliverySettings(), Servers()) as transport:
            transport._resolver = resolver = Resolver(names.getaddrinfo)
            (waiting,) = await begin(resolver, "a")
        assert waiting.cancelled()
        assert not resolver._asked

    asyncio.run(resolve())
