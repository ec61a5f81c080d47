"""A stand-in for Langfuse in a process of its own: acknowledges at once, counts spans when asked, hangs on demand.

Run as a program it prints its port and lives until its standard input is closed.

    POST /api/public/otel/v1/traces   the traces endpoint
    GET  /api/public/projects         what LiteLLM's callback asks when it starts
    GET  /counts                      {"<public key>": {"requests", "wire_bytes", "spans", "unique"}}, then forgets
    POST /hang                        from now on, requests with a public key that starts with `pk-hang` wait …
    POST /release                     … until now
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import sys
from collections import defaultdict
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

HANGING = "pk-hang"


class Sink:
    """What was received since the last count, by public key: uncompressed bodies and the size they came with."""

    def __init__(self) -> None:
        self._bodies: dict[str, list[tuple[bytes, int]]] = defaultdict(list)
        self._released = asyncio.Event()
        self._released.set()

    def application(self) -> web.Application:
        application = web.Application(client_max_size=2**30)
        application.add_routes(
            [
                web.post("/api/public/otel/v1/traces", self._traces),
                web.get("/api/public/projects", self._projects),
                web.get("/counts", self._counts),
                web.post("/hang", self._hang),
                web.post("/release", self._release),
            ]
        )
        return application

    async def _traces(self, request: web.Request) -> web.Response:
        key = _public_key(request)
        body = await request.read()
        await self._wait(key)
        if request.transport is None:  # the client gave up, and will come again
            return web.Response()
        self._bodies[key].append((body, request.content_length or len(body)))
        return web.Response(content_type="application/x-protobuf")

    async def _projects(self, request: web.Request) -> web.Response:
        await self._wait(_public_key(request))
        return web.json_response({"data": [{"id": "p", "name": "bench", "metadata": {}}]})

    async def _counts(self, request: web.Request) -> web.Response:
        # Decoded only now, so that the sink is quick, and idle afterwards, while somebody measures.
        bodies, self._bodies = self._bodies, defaultdict(list)
        return web.json_response({key: _count(received) for key, received in bodies.items()})

    async def _hang(self, request: web.Request) -> web.Response:
        self._released.clear()
        return web.Response()

    async def _release(self, request: web.Request) -> web.Response:
        self._released.set()
        return web.Response()

    async def _wait(self, key: str) -> None:
        if key.startswith(HANGING):
            await self._released.wait()


def _count(received: list[tuple[bytes, int]]) -> dict[str, int]:
    ids: list[bytes] = []
    for body, _ in received:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                ids += [span.span_id for span in scope.spans]
    wire = sum(size for _, size in received)
    return {"requests": len(received), "wire_bytes": wire, "spans": len(ids), "unique": len(set(ids))}


def _public_key(request: web.Request) -> str:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(encoded).decode().partition(":")[0] if scheme == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _serve() -> None:
    runner = web.AppRunner(Sink().application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    addresses: list[Any] = runner.addresses
    print(addresses[0][1], flush=True)
    # A daemonic wait in the loop's thread pool: end of input means that whoever started this is gone.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve())
