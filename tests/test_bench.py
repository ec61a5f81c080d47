"""The benchmarks, with a handful of calls: tables come out, every call is accounted for, nothing is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from bench.measure import percentile
from bench.report import Progress, Table, Target

CALLS = 6
NAMES = ["LiteLLM's own callback", "router, no masks", "router, secrets + pii"]


@pytest.fixture(scope="module")
def run(checkout, tmp_path_factory) -> Any:
    """Run all benchmarks as `make bench` does, with few calls; return what was printed and written."""
    file = tmp_path_factory.mktemp("bench") / "bench.json"
    command = [sys.executable, "-m", "bench", "--rounds", "1", "--calls", str(CALLS), "--json", str(file)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(printed=done.stdout, written=json.loads(file.read_text("utf-8")))


def test_every_call_of_the_hook_benchmark_arrives_once(run):
    """Each peer delivers what was logged, of every size, back to back and paced: only then its times count."""
    tables = run.written["results"]["hook"]
    assert [table["title"].partition(",")[0] for table in tables] == [
        "hook: small calls (300 characters in",
        "hook: typical calls (4",
        "hook: typical calls (4",
        "hook: large calls (100",
    ]
    for table in tables:
        assert [row["peer"] for row in table["rows"]] == NAMES
        for row in table["rows"]:
            assert row["arrived once"] == row["logged"] > 0
            assert row["hook median µs"] > 0
            assert row["CPU µs/call"] > 0


def test_calls_wait_while_langfuse_hangs_and_arrive_afterwards(run):
    """The sink really hangs for those whom it shall, and nothing is lost or doubled by it."""
    in_use, first = run.written["results"]["hang"]
    assert [(row["Langfuse"], row["arrived meanwhile"], row["in the end"]) for row in in_use["rows"]] == [
        ("answers", CALLS, CALLS),
        ("hangs", 0, CALLS),
        ("answers", CALLS, CALLS),
        ("hangs", 0, CALLS),
    ]
    assert [(row["Langfuse"], row["projects"]) for row in first["rows"]] == [
        ("answers", CALLS),
        ("hangs", 0),  # 20 s is too long for a test
        ("answers", CALLS),
        ("hangs", CALLS),
    ]


def test_memory_is_measured_with_every_call_accounted_for(run):
    """Delivered and dropped make up what was logged, and what was delivered arrived."""
    (table,) = run.written["results"]["memory"]
    own, router = table["rows"]
    assert own["arrived once"] == own["logged"]
    assert router["delivered"] == router["arrived once"] == router["logged"]
    assert own["accounted for"]
    assert router["accounted for"]


def test_starting_reports_what_is_loaded(run):
    """The same program that is timed says which heavy packages it loaded."""
    (table,) = run.written["results"]["start"]
    loaded = {row["program"]: row["loads, of aiohttp, langfuse, litellm, opentelemetry"] for row in table["rows"]}
    assert loaded["import router"] == "none"
    assert loaded["router check examples/quickstart/routing.yaml --no-env"] == "none"
    assert loaded["import langfuse"] == "langfuse, opentelemetry"


def test_the_report_opens_with_versions_and_the_caveat(run):
    """Numbers without their circumstances are worth nothing."""
    assert run.written["schema"] == "router.bench/v1"
    assert run.written["head"]["versions"]["litellm"] in run.printed.splitlines()[1]
    assert run.written["head"]["caveat"] == run.printed.splitlines()[2]


def test_an_unknown_benchmark_is_named(checkout):
    """A typo measures nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "hok"], cwd=checkout, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.endswith("error: no benchmark is called 'hok'; there are hook, hang, memory, start\n")


def test_a_table_is_plain_text_with_its_targets():
    """Columns are aligned, numbers to the right, and a missed target is hard to overlook."""
    table = Table(
        title="hook",
        columns=("peer", "µs", "n"),
        rows=(("a", 1234.5, 3), ("bcd", 0.123, None)),
        targets=(Target("fast", "slow", False), Target("small", "1 MB", True)),
        notes=("By the way.",),
    )
    assert str(table) == (
        "hook\n\npeer     µs  n\n----  -----  -\na     1,234  3\nbcd    0.12  -\n\n"
        "By the way.\ntarget: fast: slow — MISSED\ntarget: small: 1 MB — met"
    )


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.99, 4), (1.0, 4), (0.01, 1)])
def test_a_percentile_is_a_measured_value(share, value):
    """The smallest that so many do not exceed."""
    assert percentile([1, 2, 3, 4], share) == value


def test_progress_is_silent_for_two_seconds(capsys):
    """Quick runs print tables only."""
    Progress()("hook: round 1")
    assert capsys.readouterr().err == ""
