"""What a LiteLLM proxy loses when it is told to end under load: with LiteLLM's own callbacks for Langfuse, and ours."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.fault_peers import ROUTER
from bench.measure import Effort
from bench.peers import LITELLM
from bench.receiver import Arrived, SinkClient, running_sink
from bench.report import Progress, Table, Target

_CALLBACKS = {LITELLM: "langfuse", "LiteLLM's langfuse_otel": "langfuse_otel", ROUTER: "router.litellm.proxy_handler"}
_SERVERS: dict[str, list[str]] = {"uvicorn": [], "gunicorn, 2 workers": ["--run_gunicorn", "--num_workers", "2"]}
_CLIENTS = 4
_LOAD_SECS = 5.0
_START_SECS = 120.0
_END_SECS = 90.0
_KEY = "sk-bench-master-key"
_CHAT = {"model": "fake", "messages": [{"role": "user", "content": "hello"}]}
_CONFIG = """\
model_list:
  - model_name: fake
    litellm_params: {{model: openai/gpt-4o-mini, api_key: none, mock_response: hello from mock}}
litellm_settings: {{callbacks: [{callback}]}}
general_settings: {{master_key: os.environ/LITELLM_MASTER_KEY}}
"""
_ROUTING = "version: 1\nprojects: {all: {env: LANGFUSE}}\nrules: [{id: all, route: all}]\n"


def measure_sigterm(effort: Effort, progress: Progress) -> list[Table]:
    """Send SIGTERM to a proxy that clients keep busy, for each server that LiteLLM runs on."""
    tables = []
    for server, arguments in _SERVERS.items():
        rows = []
        for name, callback in _CALLBACKS.items():
            progress(f"sigterm: {server}, {name}")
            with running_sink() as sink, _proxy(callback, arguments, sink) as (port, process):
                answered, secs = _end_under_load(port, process, min(_LOAD_SECS, effort.secs))
                reported = sum(sink.counts().values(), Arrived()).traces
            rows.append((name, answered, reported, max(0, answered - reported), secs))
        lost = rows[-1][3]
        tables.append(
            Table(
                title=f"sigterm: litellm --config on {server}, {_CLIENTS} clients, SIGTERM in the middle",
                columns=("callback", "calls answered", "arrived", "lost", "ended after s"),
                rows=tuple(rows),
                targets=(Target("no call is lost", f"{lost} of {rows[-1][1]}", lost == 0 < rows[-1][1]),),
            )
        )
    return tables


def _end_under_load(port: int, process: subprocess.Popen[Any], secs: float) -> tuple[int, float | None]:
    """Return how many calls were answered, and how long the proxy took to end; it is killed when it does not."""
    with ThreadPoolExecutor(_CLIENTS) as pool:
        clients = [pool.submit(_keep_busy, port) for _ in range(_CLIENTS)]
        threading.Event().wait(secs)
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        try:
            process.wait(_END_SECS)
            taken: float | None = time.monotonic() - started
        except subprocess.TimeoutExpired:
            process.kill()
            taken = None
        return sum(client.result() for client in clients), taken


def _keep_busy(port: int) -> int:
    answered = 0
    while True:
        try:
            answered += _ask(port, "POST", "/v1/chat/completions", _CHAT) == 200
        except (OSError, http.client.HTTPException):
            return answered


def _ask(port: int, method: str, path: str, body: object = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@contextmanager
def _proxy(callback: str, arguments: list[str], sink: SinkClient) -> Iterator[tuple[int, subprocess.Popen[Any]]]:
    """Run `litellm --config` and give its port and process once it answers."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        config, routing = Path(folder) / "config.yaml", Path(folder) / "routing.yaml"
        config.write_text(_CONFIG.format(callback=callback), encoding="utf-8")
        routing.write_text(_ROUTING, encoding="utf-8")
        command = [sys.executable, "-c", "from litellm.proxy.proxy_cli import run_server; run_server()"]
        command += ["--config", str(config), "--host", "127.0.0.1", "--port", str(port), *arguments]
        output = Path(folder) / "output.txt"
        with output.open("w") as stream:
            process = subprocess.Popen(
                command, cwd=folder, env=_environment(sink, routing), stdout=stream, stderr=subprocess.STDOUT
            )
        try:
            _wait_until_ready(port, process, output)
            yield port, process
        finally:
            process.kill()
            process.wait()


def _environment(sink: SinkClient, routing: Path) -> dict[str, str]:
    return {
        **os.environ,  # noqa: TID251 (the program that is started needs what this one has)
        "LANGFUSE_PUBLIC_KEY": "pk-well-sigterm",
        "LANGFUSE_SECRET_KEY": "sk-well-sigterm",
        "LANGFUSE_HOST": sink.host,
        "LANGFUSE_OTEL_HOST": sink.host,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": _KEY,
        "ROUTER_CONFIG": str(routing),
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }


def _wait_until_ready(port: int, process: subprocess.Popen[Any], output: Path) -> None:
    deadline, idle = time.monotonic() + _START_SECS, threading.Event()
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            if _ask(port, "GET", "/health/liveliness") == 200:
                return
        idle.wait(0.2)
    raise RuntimeError(f"the proxy did not start:\n{output.read_text()[-2000:]}")
