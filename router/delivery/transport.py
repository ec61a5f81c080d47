"""HTTP to Langfuse: one connection pool for all projects, authorised request by request.

aiohttp because of what a request costs the process (measured, 2 kB body): aiohttp 78 µs of CPU, urllib3 138,
httpx 324, requests 445. Imported only on the sender's thread: importing aiohttp takes 0.2 s.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from router.config.loaded import ResolvedProject
from router.delivery.identity import PATH as IDENTITY_PATH
from router.delivery.identity import Identity, read_identity
from router.delivery.network import proxy_for, tls_context
from router.delivery.resolver import Resolver
from router.delivery.retry import Answer, judge
from router.delivery.servers import PATH as HEALTH_PATH
from router.delivery.servers import Servers, read_generation
from router.delivery.settings import DeliverySettings

PATH = "/api/public/otel/v1/traces"
_MAX_ANSWER = 64 * 1024
_WRITE = 256 * 1024
_CLOSING_TURNS = 5
"""Of the loop, in which connections let go of their sockets; to close them only asks for that."""
_QUESTIONS_IN_LINE = 64
"""Servers that wait to be asked; any more are asked another time, however many hang."""


def _own_version() -> str:
    with contextlib.suppress(PackageNotFoundError):
        return version("langfuse-router")
    return "0"


_VERSION = _own_version()


def headers_of(project: ResolvedProject) -> dict[str, str]:
    """Return the headers of a request to `project`, its secret included."""
    credentials = f"{project.public_key}:{project.secret_key.get_secret_value()}"
    return {
        "Authorization": "Basic " + base64.b64encode(credentials.encode()).decode(),
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "gzip",
        "User-Agent": f"langfuse-router/{_VERSION}",
        "x-langfuse-sdk-name": "langfuse-router",
        "x-langfuse-sdk-version": _VERSION,
        "x-langfuse-public-key": project.public_key,
        # Without it, servers that write both old and new tables show the call only after ten minutes.
        "x-langfuse-ingestion-version": "4",
    }


class Transport:
    """Posts request bodies; an async context manager that owns the connections.

    Attributes:
        questions: who has it may ask a server something beside the calls.
    """

    def __init__(self, settings: DeliverySettings, servers: Servers) -> None:
        self._settings = settings
        self._servers = servers
        self.questions = asyncio.Semaphore(settings.max_questions)
        self._asking: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._resolver = Resolver()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._settings.max_connections,
                resolver=self._resolver,
                ttl_dns_cache=60,
                ssl=tls_context(self._settings) or True,
            ),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout_secs),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding"),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for question in self._asking:
            question.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._session.close()
        await self._resolver.close()
        for _ in range(_CLOSING_TURNS):
            await asyncio.sleep(0)

    def ask(self, project: ResolvedProject) -> None:
        """Have the project's server asked which generation it is, if that is due; waits for nothing."""
        if len(self._asking) < _QUESTIONS_IN_LINE and self._servers.claim(project):
            question = asyncio.get_running_loop().create_task(self._ask(project))
            self._asking.add(question)
            question.add_done_callback(self._asking.discard)

    async def _ask(self, project: ResolvedProject) -> None:
        url = project.host.rstrip("/") + HEALTH_PATH
        headers = {"User-Agent": f"langfuse-router/{_VERSION}"}
        with contextlib.suppress(TimeoutError, ValueError, aiohttp.ClientError, OSError):
            async with (
                self.questions,
                self._session.get(
                    url, headers=headers, allow_redirects=False, proxy=proxy_for(self._settings, url)
                ) as response,
            ):
                self._servers.learn(project, read_generation(await response.content.read(_MAX_ANSWER)))

    async def post(self, project: ResolvedProject, body: bytes) -> Answer:
        """Send one gzip-compressed request; whatever goes wrong becomes an Answer."""
        url = project.host.rstrip("/") + PATH
        try:
            async with self._session.post(
                url,
                data=_Body(body),
                headers=headers_of(project),
                allow_redirects=False,
                proxy=proxy_for(self._settings, url),
            ) as response:
                await _read_to_end(response)
                return judge(response.status, response.headers.get("Retry-After"))
        except (TimeoutError, ValueError, aiohttp.ClientError, OSError) as error:
            return self._answer_to(error)

    def _answer_to(self, error: Exception) -> Answer:
        if isinstance(error, TimeoutError):
            return Answer("retry", f"no answer within {self._settings.timeout_secs:g} s")
        if isinstance(error, aiohttp.ClientConnectorCertificateError):  # before ValueError, which it is too
            return Answer("retry", "the server's certificate is not trusted; ROUTER_CA_FILE names further authorities")
        if isinstance(error, ValueError):
            return Answer("rejected", "the host or a key of the project is malformed")
        return Answer("retry", _words(error))

    async def identify(self, project: ResolvedProject) -> Identity:
        """Ask the server whose keys these are; whatever goes wrong becomes an answer."""
        url = project.host.rstrip("/") + IDENTITY_PATH
        headers = {name: value for name, value in headers_of(project).items() if not name.startswith("Content-")}
        try:
            async with self._session.get(
                url, headers=headers, allow_redirects=False, proxy=proxy_for(self._settings, url)
            ) as response:
                body = await response.content.read(_MAX_ANSWER)
                return read_identity(project, response.status, body, response.headers.get("Retry-After"))
        except (TimeoutError, ValueError, aiohttp.ClientError, OSError) as error:
            return Identity(self._answer_to(error))


async def _read_to_end(response: aiohttp.ClientResponse) -> None:
    # A connection is used again only when its answer was read; nobody needs what stands in it.
    size = 0
    while size < _MAX_ANSWER and (chunk := await response.content.readany()):
        size += len(chunk)


def _words(error: Exception) -> str:
    """Describe an error by class and operating system only: its text may quote anything."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0 and not isinstance(error, socket.gaierror):
        return f"{type(error).__name__}: {os.strerror(number)}"
    return type(error).__name__


class _Body(aiohttp.payload.Payload):
    """A request body that is compressed already; aiohttp's own for bytes warns about a megabyte."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body, content_type="application/x-protobuf")
        self._size = len(body)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return ""

    async def write(self, writer: AbstractStreamWriter) -> None:
        body: bytes = self._value
        for start in range(0, len(body), _WRITE):
            await writer.write(body[start : start + _WRITE])
