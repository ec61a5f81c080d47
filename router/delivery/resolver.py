"""Host names to addresses, on daemon threads: a name that hangs holds up nobody else's."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_AT_ONCE = 2
_PATIENCE_SECS = 1.0
"""How long a look-up keeps others waiting, and how long one waits where an earlier answer is known."""
_MOST_SLOW = 16
"""Look-ups that take longer, at most; any more wait for one of them."""
_MOST_HOSTS = 1_000
"""Host names of which the last address is remembered."""

_Key = tuple[str, int, int]


class Resolver(AbstractResolver):
    """Looks each name up once at a time, and falls back on the last answer.

    The event loop's own way uses a thread pool that the interpreter joins, and refuses, before the last batches
    are sent at exit.
    """

    def __init__(self, getaddrinfo: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._getaddrinfo = getaddrinfo
        self._known: dict[_Key, list[ResolveResult]] = {}
        self._asked: dict[_Key, asyncio.Task[list[ResolveResult]]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._slow = asyncio.Semaphore(_MOST_SLOW)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            OSError: it has none, and had none before.
        """
        key = host, port, family
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.get_running_loop().create_task(self._look_up(key))
            asked.add_done_callback(lambda done: self._remember(key, done))
        known = self._known.get(key)
        try:
            async with asyncio.timeout(None if known is None else _PATIENCE_SECS):
                return await asyncio.shield(asked)
        except OSError:  # and TimeoutError, which is one
            if known is None:
                raise
            return known

    def _remember(self, key: _Key, done: asyncio.Task[list[ResolveResult]]) -> None:
        del self._asked[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._known.pop(key, None)
        while len(self._known) >= _MOST_HOSTS:  # hosts that requests bring have no end
            del self._known[next(iter(self._known))]
        self._known[key] = done.result()

    async def _look_up(self, key: _Key) -> list[ResolveResult]:
        async with self._free:
            answer = self._begin(key)
            await asyncio.wait([answer], timeout=_PATIENCE_SECS)
            if not answer.done():
                await self._slow.acquire()
                answer.add_done_callback(lambda _: self._slow.release())
        found = await answer
        return [_result(key[0], key[1], entry) for entry in found]

    def _begin(self, key: _Key) -> asyncio.Future[list[Any]]:
        """Look a name up on a thread of its own."""
        host, port, family = key
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def settle(found: list[Any] | None, error: OSError | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(found or [])

        def look_up() -> None:
            found, failed = None, None
            try:
                found = self._getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
            except OSError as error:
                failed = error
            with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(settle, found, failed)

        try:
            threading.Thread(target=look_up, name="router-resolver", daemon=True).start()
        except RuntimeError:  # the interpreter is about to end and starts no more threads
            look_up()
        return answer

    async def close(self) -> None:
        for asked in self._asked.values():
            asked.cancel()
        self._known.clear()


def _result(host: str, port: int, entry: Any) -> ResolveResult:
    family, _, proto, _, address = entry
    return ResolveResult(
        hostname=host,
        host=address[0],
        port=port,
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
