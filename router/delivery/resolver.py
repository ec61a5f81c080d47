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
_HOLDS_UP_SECS = 0.25
"""How long a look-up keeps the next one waiting."""
_PATIENCE_SECS = 1.0
"""How long a look-up is waited for where an earlier answer is known."""
_MOST_HANGING = 64
"""Look-ups that take longer, each with a thread; while there are so many, none is begun."""
_MOST_HANGING_AGAIN = 16
"""While so many hang, none is begun of a name that has hung before: the other threads are for new names."""
_MOST_HOSTS = 1_000
"""Host names of which the last address is remembered, or that they hung; and those that are looked up."""

_Key = tuple[str, int, int]


class Resolver(AbstractResolver):
    """Looks each name up once at a time, and falls back on the last answer.

    The event loop's own way uses a thread pool that the interpreter joins, and refuses, before the last batches
    are sent at exit.
    """

    def __init__(self, getaddrinfo: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._getaddrinfo = getaddrinfo
        self._known: dict[_Key, list[ResolveResult]] = {}
        self._hung: dict[_Key, None] = {}
        self._asked: dict[_Key, asyncio.Task[list[ResolveResult]]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._hanging = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            OSError: it has none, or cannot be looked up at the moment, and had none before.
        """
        key = host, port, family
        asked = self._asked.get(key) or self._ask(key)
        known = self._known.get(key)
        try:
            async with asyncio.timeout(None if known is None else _PATIENCE_SECS):
                return await asyncio.shield(asked)
        except OSError:  # and TimeoutError, which is one
            if known is None:
                raise
            return known

    async def close(self) -> None:
        """Wait for no look-up any more."""
        for asked in self._asked.values():
            asked.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    def _ask(self, key: _Key) -> asyncio.Task[list[ResolveResult]]:
        if len(self._asked) >= _MOST_HOSTS:
            raise _too_many()
        asked = self._asked[key] = asyncio.get_running_loop().create_task(self._look_up(key))
        asked.add_done_callback(lambda done: self._remember(key, done))
        return asked

    def _remember(self, key: _Key, done: asyncio.Task[list[ResolveResult]]) -> None:
        del self._asked[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._hung.pop(key, None)
        _note(self._known, key, done.result())

    async def _look_up(self, key: _Key) -> list[ResolveResult]:
        async with self._free:
            if self._hanging >= (_MOST_HANGING_AGAIN if key in self._hung else _MOST_HANGING):
                raise _too_many()
            answer = self._begin(key)
            await asyncio.wait([answer], timeout=_HOLDS_UP_SECS)
        if not answer.done():
            self._note_hanging(key, answer)
        found = await answer
        return [_result(key[0], key[1], entry) for entry in found]

    def _note_hanging(self, key: _Key, answer: asyncio.Future[list[Any]]) -> None:
        def ends(_: asyncio.Future[list[Any]]) -> None:
            self._hanging -= 1

        _note(self._hung, key, None)
        self._hanging += 1
        answer.add_done_callback(ends)

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
            except Exception:  # noqa: BLE001 - a name may be none: UnicodeError, with the name in its text
                failed = OSError("the name cannot be looked up")
            with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(settle, found, failed)

        try:
            threading.Thread(target=look_up, name="router-resolver", daemon=True).start()
        except RuntimeError:
            if threading.main_thread().is_alive():  # no more threads for now; here it could hold up everything
                settle(None, OSError("there is no thread to look the name up"))
            else:  # the interpreter is about to end and starts no more threads
                look_up()
        return answer


def _too_many() -> OSError:
    return OSError("too many names are looked up")


def _note(names: dict[_Key, Any], key: _Key, value: Any) -> None:
    """Put a name behind the others, of which the first leaves: hosts that requests bring have no end."""
    names.pop(key, None)
    while len(names) >= _MOST_HOSTS:
        del names[next(iter(names))]
    names[key] = value


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
