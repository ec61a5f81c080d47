"""A stand-in for Langfuse in a process of its own: acknowledges at once, counts spans when asked, fails on demand.

Run as a program it prints its port and lives until its standard input is closed.

    POST /api/public/otel/v1/traces   the traces endpoint
    GET  /api/public/projects         what LiteLLM's callback asks when it starts
    GET  /counts                      {"<public key>": {"requests", "wire_bytes", "spans", "unique", "differing",
                                      "traces"}},
                                      then forgets, unless it is asked to `?keep=yes`
    POST /fault?kind=…                from now on, requests with a public key that starts with `pk-hang` fail …
    POST /release                     … until now

The kinds: `hang` never answers; `503` says so; `reset` cuts the connection, of a key's first request after it was
taken; `limit` answers 413 to more than `max_bytes`, and `max_bytes` stands in the query.
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

FAILING = "pk-hang"


class Sink:
    """What was received since the last count, by public key: uncompressed bodies and the size they came with."""

    def __init__(self) -> None:
        self._bodies: dict[str, list[tuple[bytes, int]]] = defaultdict(list)
        self._released = asyncio.Event()
        self._kind = ""
        self._max_bytes = 0
        self._cut: set[str] = set()

    def application(self) -> web.Application:
        application = web.Application(client_max_size=2**30)
        application.add_routes(
            [
                web.post("/api/public/otel/v1/traces", self._traces),
                web.get("/api/public/projects", self._projects),
                web.get("/counts", self._counts),
                web.post("/fault", self._fault),
                web.post("/release", self._release),
            ]
        )
        return application

    async def _traces(self, request: web.Request) -> web.Response:
        key = _public_key(request)
        body = await request.read()
        kind = self._kind if key.startswith(FAILING) else ""
        if kind == "hang":
            await self._released.wait()
        elif kind == "503":
            return web.Response(status=503)
        elif kind == "limit" and len(body) > self._max_bytes:
            return web.Response(status=413)
        if request.transport is None:  # the client gave up, and will come again
            return web.Response()
        if kind != "reset" or key not in self._cut:
            self._bodies[key].append((body, request.content_length or len(body)))
        if kind == "reset":
            self._cut.add(key)
            request.transport.abort()
        return web.Response(content_type="application/x-protobuf")

    async def _projects(self, request: web.Request) -> web.Response:
        if self._kind == "hang" and _public_key(request).startswith(FAILING):
            await self._released.wait()
        return web.json_response({"data": [{"id": "p", "name": "bench", "metadata": {}}]})

    async def _counts(self, request: web.Request) -> web.Response:
        # Decoded only now, so that the sink is quick, and idle afterwards, while somebody measures.
        bodies = self._bodies
        if "keep" not in request.query:
            self._bodies = defaultdict(list)
        return web.json_response({key: _count(received) for key, received in bodies.items()})

    async def _fault(self, request: web.Request) -> web.Response:
        self._released = asyncio.Event()
        self._cut.clear()
        self._kind = request.query["kind"]
        self._max_bytes = int(request.query.get("max_bytes", "0"))
        return web.Response()

    async def _release(self, request: web.Request) -> web.Response:
        self._kind = ""
        self._released.set()
        return web.Response()


def _count(received: list[tuple[bytes, int]]) -> dict[str, int]:
    spans: list[tuple[bytes, bytes]] = []
    traces: set[bytes] = set()
    for body, _ in received:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                spans += [(span.span_id, span.SerializeToString(deterministic=True)) for span in scope.spans]
                traces.update(span.trace_id for span in scope.spans)
    wire = sum(size for _, size in received)
    unique = len({span_id for span_id, _ in spans})
    return {
        "requests": len(received),
        "wire_bytes": wire,
        "spans": len(spans),
        "unique": unique,
        "differing": len(set(spans)) - unique,
        "traces": len(traces),
    }


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
