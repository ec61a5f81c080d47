"""What is compared when Langfuse fails: LiteLLM's callback, the OpenTelemetry SDK's batch processor, and ours."""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from bench.calls import HookArguments
from bench.peers import LITELLM, OwnCallback
from router.pipeline import Router

OTEL = "OTel SDK, batch processor"
ROUTER = "router"
PEERS = (LITELLM, OTEL, ROUTER)

_TRACES = "/api/public/otel/v1/traces"
_PROJECT = "bench_project"


class ManyProjects(Protocol):
    """One way to log to several projects, numbered from 0."""

    def log(self, project: int, call: HookArguments) -> None:
        """Do what the hook does, on the caller's thread."""

    def flush(self) -> None:
        """Wait until everything was acknowledged or given up."""

    def close(self) -> None:
        """End its threads."""


def make_peer(name: str, keys: Sequence[str], host: str, settings: Mapping[str, str] | None = None) -> ManyProjects:
    """Return a peer with a project for each public key; `settings` are `ROUTER_*` variables."""
    if name == LITELLM:
        return OwnCallbacks(keys, host)
    return OpenTelemetry(keys, host) if name == OTEL else RoutedProjects(keys, host, settings or {})


class OwnCallbacks:
    """LiteLLM's callback with a client for each project, of which it allows 49 in a process."""

    def __init__(self, keys: Sequence[str], host: str) -> None:
        self._clients: list[OwnCallback] = []
        for key in keys:
            with contextlib.suppress(Exception):  # "Max langfuse clients reached": its calls are lost
                self._clients.append(OwnCallback(LITELLM, key, host))

    def log(self, project: int, call: HookArguments) -> None:
        if project < len(self._clients):
            self._clients[project].log(call)

    def flush(self) -> None:
        for client in self._clients:
            client.flush()

    def close(self) -> None:
        for client in self._clients:
            client.close()


class OpenTelemetry:
    """Spans as an application would make them by hand, with a provider, a processor and an exporter per project."""

    def __init__(self, keys: Sequence[str], host: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._providers = []
        for key in keys:
            credentials = base64.b64encode(f"{key}:secret".encode()).decode()
            exporter = OTLPSpanExporter(host + _TRACES, headers={"Authorization": f"Basic {credentials}"})
            provider = TracerProvider(resource=Resource({}))
            provider.add_span_processor(BatchSpanProcessor(exporter))
            self._providers.append(provider)
        self._tracers = [provider.get_tracer("langfuse-sdk") for provider in self._providers]

    def log(self, project: int, call: HookArguments) -> None:
        kwargs, response, start, end = call
        attributes = {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": kwargs["model"],
            "langfuse.observation.input": json.dumps(kwargs["messages"]),
            "langfuse.observation.output": json.dumps(response.choices[0].message.content),
        }
        span = self._tracers[project].start_span("call", attributes=attributes, start_time=_nanoseconds(start))
        span.end(_nanoseconds(end))

    def flush(self) -> None:
        for provider in self._providers:
            provider.force_flush(120_000)

    def close(self) -> None:
        for provider in self._providers:
            provider.shutdown()


class RoutedProjects:
    """Our callback, with a routing.yaml of a rule for each project."""

    def __init__(self, keys: Sequence[str], host: str, settings: Mapping[str, str]) -> None:
        from router.litellm import RouterLogger

        environ = dict(settings)
        for number, key in enumerate(keys):
            environ |= {f"P{number}_PUBLIC_KEY": key, f"P{number}_SECRET_KEY": f"sk-{number}", f"P{number}_HOST": host}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "routing.yaml"
            path.write_text(_routing(len(keys)), encoding="utf-8")
            self.router = Router.from_file(path, environ=environ)
        self._log = RouterLogger(self.router, proxy_process=False).log_success_event

    def log(self, project: int, call: HookArguments) -> None:
        call[0]["litellm_params"]["metadata"][_PROJECT] = f"p{project}"
        self._log(*call)

    def flush(self) -> None:
        self.router.flush(120)

    def close(self) -> None:
        self.router.shutdown()


def _routing(projects: int) -> str:
    named = [f"  p{number}: {{ env: P{number} }}" for number in range(projects)]
    rules = [
        f"  - {{ id: p{number}, match: {{ metadata.{_PROJECT}: p{number} }}, route: p{number} }}"
        for number in range(projects)
    ]
    return "\n".join(["version: 1", "projects:", *named, "rules:", *rules, "  - { id: rest, route: p0 }", ""])


def _nanoseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1_000_000_000)
