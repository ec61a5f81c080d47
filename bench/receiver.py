"""Starting the sink's process and asking it what arrived."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SINK = Path(__file__).with_name("sink.py")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the sink got from one public key.

    Attributes:
        requests: requests it acknowledged.
        wire_bytes: size of their bodies as sent, compressed ones compressed.
        spans: spans in them.
        unique: different span ids among those.
        differing: spans that came under an id of another one and are not identical to it.
        traces: different trace ids.
    """

    requests: int = 0
    wire_bytes: int = 0
    spans: int = 0
    unique: int = 0
    differing: int = 0
    traces: int = 0

    def __add__(self, other: Arrived) -> Arrived:
        return Arrived(
            self.requests + other.requests,
            self.wire_bytes + other.wire_bytes,
            self.spans + other.spans,
            self.unique + other.unique,
            self.differing + other.differing,
            self.traces + other.traces,
        )


class SinkClient:
    """Talks to a sink that runs.

    Attributes:
        host: its address, as `LANGFUSE_HOST` would have it.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"http://127.0.0.1:{port}"

    def counts(self, *, keep: bool = False) -> dict[str, Arrived]:
        """Return what arrived, by public key, since the last time this was asked without `keep`."""
        path = "/counts?keep=yes" if keep else "/counts"
        return {key: Arrived(**counts) for key, counts in json.loads(self._ask("GET", path)).items()}

    def hang(self) -> None:
        """Answer no request with a public key that starts with `pk-hang` any more."""
        self.fail("hang")

    def fail(self, kind: str, max_bytes: int = 0) -> None:
        """Fail every request with a public key that starts with `pk-hang`; the kinds stand in bench/sink.py."""
        self._ask("POST", f"/fault?kind={kind}&max_bytes={max_bytes}")

    def release(self) -> None:
        """Answer every request again, those that hang included."""
        self._ask("POST", "/release")

    def _ask(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def running_sink() -> Iterator[SinkClient]:
    """Run the sink in a process of its own for as long as the block takes."""
    process = subprocess.Popen([sys.executable, str(_SINK)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.strip().isdigit():
            raise RuntimeError("the sink of the benchmark did not start")
        yield SinkClient(int(line))
    finally:
        process.communicate()  # closes its input, which ends it
