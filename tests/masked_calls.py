"""Masked calls and senders to test delivery with."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from router.delivery import Counters, DeliverySettings, Sender, encode_call
from router.masking.record import MaskedRecord
from router.testing import FakeLangfuse

START = 1_790_000_000_000_000_000


def make_masked(number: int = 0, **changes: Any) -> MaskedRecord:
    """Return a call after masking; calls of different numbers have different ids."""
    fields: dict[str, Any] = {
        "call_id": f"call-{number}",
        "call_type": "acompletion",
        "status": "success",
        "start_time_unix_nano": START,
        "end_time_unix_nano": START + 1_250_000_000,
        "span_seed": "5" * 64,
        "trace_id": f"{number + 1:032x}",
        "span_id": f"{number + 1:016x}",
        "model": "gpt-4o-mini",
        "input": {"messages": [{"role": "user", "content": f"question {number}"}]},
        "output": {"role": "assistant", "content": "answer"},
        "trace": {"name": "litellm-acompletion"},
        "generation": {"name": "litellm-acompletion"},
        "rule": "payments",
    }
    return MaskedRecord(**{**fields, **changes})


class Post:
    """A sender to a double, and the account of what it does."""

    def __init__(self, langfuse: FakeLangfuse, *projects: str, **settings: Any) -> None:
        quick = {"retry_min_secs": 0.01, "retry_max_secs": 0.02, "flush_interval_secs": 3600, "check_projects": False}
        self.projects = {name: langfuse.project(name) for name in projects or ("payments",)}
        self.counters = Counters()
        self.sender = Sender(self.projects, DeliverySettings(**{**quick, **settings}), self.counters)

    def send(self, *numbers: int, project: str = "payments", **changes: Any) -> None:
        """Count and send one call per number."""
        for number in numbers:
            self.counters.accept(project)
            self.sender.send(project, encode_call(make_masked(number, **changes), self.projects[project]))

    def wait_for_end(self) -> None:
        """Wait until the sender's thread has ended: on a busy machine its last request outlasts the shutdown."""
        thread = self.sender._thread
        if thread is not None:
            thread.join(30)

    def account(self, project: str = "payments") -> dict[str, Any]:
        """Return what became of the calls of one project, without the zeros."""
        found = self.counters.snapshot().projects[project].to_json()
        return {name: value for name, value in found.items() if value}


@contextlib.contextmanager
def posting(langfuse: FakeLangfuse, *projects: str, **settings: Any) -> Iterator[Post]:
    """Give a sender that is shut down at the end, whatever became of its calls."""
    post = Post(langfuse, *projects, **settings)
    try:
        yield post
    finally:
        post.sender.shutdown(0.2)
        post.wait_for_end()


def leave(langfuse: FakeLangfuse, folder: Path, *numbers: int, project: str = "payments") -> None:
    """Leave calls in the spool, as a process does that ends while nothing listens where Langfuse should.

    A server that refuses could still take the last request when it has recovered, and the calls would come twice.
    """
    with socket.socket() as deaf, posting(langfuse, project, spool_dir=str(folder)) as post:
        deaf.bind(("127.0.0.1", 0))
        post.projects[project] = langfuse.project(project, host=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        post.send(*numbers, project=project)
        assert post.sender.shutdown(0.2)
        post.wait_for_end()
        assert post.account(project) == {"handled": len(numbers), "spooled": len(numbers)}


def wait_until(holds: Callable[[], object], timeout: float = 60.0) -> None:
    """Wait for what another thread does, and nobody tells.

    Raises:
        TimeoutError: it does not come within `timeout` seconds.
    """
    deadline, idle = time.monotonic() + timeout, threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s")
        idle.wait(0.005)


def texts(number_of_calls: int, size: int) -> list[str]:
    """Return texts of about `size` bytes that do not get smaller by compression."""
    import hashlib

    return [
        "".join(hashlib.sha256(f"{call}|{part}".encode()).hexdigest() for part in range(size // 64 + 1))
        for call in range(number_of_calls)
    ]
