"""The benchmarks, with a handful of calls: tables come out, every call is accounted for, nothing is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.calls import TYPICAL, capture, fresh
from bench.engines import installed
from bench.fault_peers import PEERS, make_peer
from bench.faults import FAULTS
from bench.generated import write_platform
from bench.mask_texts import dense_texts
from bench.measure import Effort, percentile
from bench.receiver import running_sink
from bench.report import Progress, Table, Target
from bench.rules import Runner
from router.config import load_config
from router.routing.record import CallRecord
from router.routing.table import RoutingTable
from router.settings import process_environment
from tests.programs import Starter

CALLS = 6
RULES = 12
NAMES = ["LiteLLM's own callback", "router, no masks", "router, secrets + pii"]


@pytest.fixture(scope="module")
def run(with_litellm: Starter, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run one benchmark as `make bench` does, with few calls; return what was printed and written."""

    def run(name: str, *more: str) -> Any:
        folder = tmp_path_factory.mktemp(name)
        file, printed = folder / "bench.json", folder / "printed"
        code = "import sys; from bench.command import main; sys.exit(main(sys.argv[1:]))"
        options = ["--rounds", "1", "--calls", str(CALLS), "--rules", str(RULES), "--json", str(file), *more]
        with printed.open("w") as stream:
            bench = with_litellm.start(
                code, name, *options, environ=process_environment(), folder=checkout, stdout=stream.fileno()
            )
        with bench:
            assert bench.wait(280) == 0
        return SimpleNamespace(printed=printed.read_text("utf-8"), written=json.loads(file.read_text("utf-8")))

    return run


@pytest.fixture(scope="module")
def start(run: Any) -> Any:
    """Run the benchmark of starts once: it starts many interpreters."""
    return run("start")


def test_every_call_of_the_hook_benchmark_arrives_once(run):
    """Each peer delivers what was logged, of every size, back to back and paced: only then its times count."""
    tables = run("hook").written["results"]["hook"]
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
    in_use, first = run("hang").written["results"]["hang"]
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
    (table,) = run("memory").written["results"]["memory"]
    own, router = table["rows"]
    assert own["arrived once"] == own["logged"]
    assert router["delivered"] == router["arrived once"] == router["logged"]
    assert own["accounted for"]
    assert router["accounted for"]


def test_starting_reports_what_is_loaded(start):
    """The same program that is timed says which heavy packages it loaded."""
    (table,) = start.written["results"]["start"]
    loaded = {row["program"]: row["loads, of aiohttp, langfuse, litellm, opentelemetry"] for row in table["rows"]}
    assert loaded["import router"] == "none"
    assert loaded["router check examples/quickstart/routing.yaml --no-env"] == "none"
    assert loaded["import langfuse"] == "langfuse, opentelemetry"


def test_every_engine_finds_the_last_rule_of_every_size(run):
    """Ours with and without what is remembered, a plain scan, and what is installed; the others are named."""
    resolving, compiling, platform = run("rules").written["results"]["rules"]
    engines, missing = installed()
    assert [row["who"] for row in resolving["rows"]] == [
        "router: resolve, facts seen before",
        "router: resolve, never seen",
        "router: resolve, wishes",
        "router: decide, facts seen before",
        "router: decide, never seen",
        *(engine.name for engine, _ in engines),
    ]
    for row in resolving["rows"]:
        assert all(row[f"{size} rules µs"] > 0 for size in (1, 10, RULES))
    assert all(name in resolving["notes"][-1] for name in missing)
    assert [row["rules"] for row in compiling["rows"]] == ["10", "12"]
    assert platform["title"].startswith("rules: a platform of 1 teams")


def test_an_engine_that_is_too_slow_for_many_rules_is_left_out_visibly():
    """The line of its table stays, and the reason stands below it."""
    slow = Runner("slow", lambda size: lambda: None, secs=1.0, size=10)
    assert slow.get_ready(50) == ""
    slow.secs, slow.size = 1.0, 10
    assert slow.get_ready(1_000) == "slow at 1,000 rules (compiling and finding one would take 100 s)"
    assert slow.find is None


def test_the_generated_platform_routes_its_teams(tmp_path):
    """What is measured is a real configuration: rows have projects, some share one, rules come before."""
    platform = write_platform(tmp_path, teams=20)
    table = RoutingTable.compile(load_config(platform.path, environ=platform.environ))
    routes = {
        (team, *tags): table.resolve(CallRecord(call_id="c", team=team, tags=tags), 0.0).route
        for team, tags in (
            ("team-0001", ()),
            ("team-0002", ("batch",)),
            ("team-0009", ()),
            ("team-0018", ("batch",)),
            ("nobody", ()),
        )
    }
    assert routes == {
        ("team-0001",): ("team-team-0001",),
        ("team-0002", "batch"): ("team-team-0002", "shared"),
        ("team-0009",): ("shared",),
        ("team-0018", "batch"): ("team-team-0018",),
        ("nobody",): ("shared",),
    }


def broken(fault: str, secs: float = 2.0) -> tuple[dict[str, Any], list[Any]]:
    """Return our row, and the targets, of two seconds of a fault without the peers."""
    table = FAULTS[fault](Effort(calls=4, secs=secs, projects=2, alone=True), Progress()).to_json()
    return table["rows"][0], table["targets"]


@pytest.mark.parametrize("fault", sorted({*FAULTS} - {"leave", "cap"}))
def test_what_fails_loses_and_alters_nothing(fault):
    """Whatever Langfuse does, everything arrives."""
    row, _ = broken(fault)
    assert row["delivered"] == row["logged"] > 0
    assert row.get("of these altered", 0) == 0
    if fault == "reset":
        assert row["sent again"] > 0
    if fault == "scale":
        assert row["connections"] > 0


def test_the_end_of_a_program_is_measured_while_projects_hang():
    """It waits for what may still arrive."""
    row, _ = broken("leave", secs=30)  # lasts no longer, but is not given up so soon
    assert row["ended after s"] > 4


def test_what_has_no_room_is_counted():
    """Calls beyond the bound of the queue are dropped, under their reason."""
    row, targets = broken("cap")
    assert row["delivered"] < row["logged"]
    assert targets[1]["met"]


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_of_the_faults_delivers_where_nothing_fails(name):
    """So that what is missing in the tables was lost to the fault."""
    captured = capture(TYPICAL, 1)
    with running_sink() as sink:
        peer = make_peer(name, ["pk-faults-0", "pk-faults-1"], sink.host)
        for number, call in enumerate(fresh(captured, 4)):
            peer.log(number % 2, call)
        peer.flush()
        assert {key: found.unique for key, found in sink.counts().items()} == {"pk-faults-0": 2, "pk-faults-1": 2}
        peer.close()


def test_masking_is_measured_by_text_by_group_and_for_the_gil(run):
    """Also where nothing to compare with is installed; then the table says so."""
    common, hostile, by_size, different, gil, crowded = run("mask", "--longest-kb", "50").written["results"]["mask"]
    assert [row["peer"] for row in common["rows"]][:2] == ["router", "python re, 5 patterns"]
    assert all(row["4 kB, 5 finds"] > 0 for row in common["rows"])
    assert len(common["rows"]) == 5 or "`make bench` puts them into .venv-peers" in common["notes"][0]
    assert all(row["CPU ms"] > 0 for row in (*hostile["rows"], *crowded["rows"]))
    groups = ["secrets", "all but phone", "secrets and pii"]
    assert [[row["detectors"] for row in table["rows"]] for table in (by_size, different)] == [groups, groups]
    stalls = ["nothing", "50 kB of prose", "10 kB with 10 finds", "50 kB of digits", "10 kB of base64"]
    stalls += [f"10 kB of {name}" for name in dense_texts(1_000)]
    assert [row["while masking"] for row in gil["rows"]] == stalls


def test_the_report_opens_with_versions_and_the_caveat(start):
    """Numbers without their circumstances are worth nothing."""
    assert start.written["schema"] == "router.bench/v1"
    assert start.written["head"]["versions"]["litellm"] in start.printed.splitlines()[1]
    assert start.written["head"]["caveat"] == start.printed.splitlines()[2]


def test_an_unknown_benchmark_is_named(checkout):
    """A typo measures nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "hok"], cwd=checkout, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.endswith(
        "error: no benchmark is called 'hok'; there are hook, hang, memory, start, rules, mask, faults, sigterm, kill\n"
    )


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
