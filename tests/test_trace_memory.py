"""What is remembered of traces that requests name is bounded, and belongs to one project."""

from __future__ import annotations

from dataclasses import replace

from pydantic import SecretStr

from router.delivery.traces import MAX_BYTES, MAX_CONTENT, MAX_TRACES, OVERHEAD, TraceMemory
from router.testing import FakeLangfuse

PROJECT = FakeLangfuse().project("p")


def test_a_trace_is_known_to_the_project_that_was_sent_it() -> None:
    """Another secret key, host or environment is another project."""
    memory = TraceMemory()
    memory.remember(PROJECT, "t", {"name": "n"})
    assert memory.recall(PROJECT, "t") == {"name": "n"}
    assert memory.recall(PROJECT, "u") == {}
    assert memory.recall(replace(PROJECT, secret_key=SecretStr("sk-lf-other")), "t") == {}
    assert memory.recall(replace(PROJECT, host="https://other.example"), "t") == {}


def test_the_oldest_traces_are_forgotten() -> None:
    """Their number and their size are bounded; what is written again is young again."""
    memory = TraceMemory()
    for number in range(MAX_TRACES + 5):
        memory.remember(PROJECT, "kept", {"name": "n"})
        memory.remember(PROJECT, str(number), {"name": str(number)})
    assert len(memory) == MAX_TRACES
    assert memory.recall(PROJECT, "kept") == {"name": "n"}
    assert (memory.recall(PROJECT, "5"), memory.recall(PROJECT, "6")) == ({}, {"name": "6"})
    for number in range(400):
        memory.remember(PROJECT, f"large-{number}", {"input": "x" * (MAX_CONTENT - 1_000)})
        assert memory.held_bytes <= MAX_BYTES
    assert memory.recall(PROJECT, "large-399")["input"]
    assert memory.recall(PROJECT, "large-0") == {}


def test_a_large_content_is_not_held() -> None:
    """The rest of the trace is known all the same."""
    memory = TraceMemory()
    memory.remember(PROJECT, "t", {"name": "n", "input": "x" * MAX_CONTENT, "output": "y", "metadata": {"a": 1}})
    assert memory.recall(PROJECT, "t") == {"name": "n"}
    assert OVERHEAD < memory.held_bytes < OVERHEAD + 1_000
    memory.remember(PROJECT, "t", {"name": "m"})
    assert OVERHEAD < memory.held_bytes < OVERHEAD + 1_000


def test_what_a_small_continuation_goes_on_holding_counts() -> None:
    """The content of the first call stays known after one that says little."""
    memory = TraceMemory()
    first = {"name": "n", "input": "x" * 50_000, "tags": ["t" * 200] * 100}
    memory.remember(PROJECT, "t", first)
    memory.remember(PROJECT, "t", {**memory.recall(PROJECT, "t"), "name": "m"})
    assert 70_000 < memory.held_bytes < 80_000
