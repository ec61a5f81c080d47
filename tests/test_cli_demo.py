"""`router demo`: real calls, real bytes, and a table that is true to them."""

from __future__ import annotations

import itertools
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from router import Router
from router.cli.demo import quickstart
from router.cli.demo_calls import CALLS
from router.settings import process_environment
from router.testing import make_record


def _demo(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "router", "demo", *options],
        env={**process_environment(), "COLUMNS": "140"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """Return what the demo says, as data."""
    loaded: dict[str, Any] = json.loads(_demo("--format", "json"))
    return loaded


def test_every_call_of_the_demo_is_told(shown: dict[str, Any]) -> None:
    """Sync, async, streaming, failing and embedding calls; each with its rule, its project and its masks."""
    told = [(row["call"], row["rule"], row["project"], row["masks"]) for row in shown["calls"]]
    assert told == [
        ("payments, card number", "payments", "payments", ["secrets", "pii"]),
        ("payments, API key pasted", "payments", "payments", ["secrets", "pii"]),
        ("payments, upstream fails", "payments", "payments", ["secrets", "pii"]),
        ("payments, load test", "drop-load-tests", None, []),
        ("search, streamed", "search", "search", ["secrets"]),
        ("search, streamed in the EU", "search", "search", ["secrets", "pii"]),
        ("search, embedding", "search-embeddings", "search", ["secrets"]),
        ("search, embedding", "search-embeddings", "shared", ["secrets"]),
        ("search, not to be stored", "search", "search", ["secrets", "no-content"]),
        ("a team nobody has heard of", "everybody-else", "shared", ["secrets"]),
        ("no team, asks to hide its input", "everybody-else", "shared", ["secrets", "mask-input"]),
    ]
    assert {row["kind"] for row in shown["calls"]} == {call.kind for call in CALLS}


def test_what_the_projects_got_is_masked(shown: dict[str, Any]) -> None:
    """No card, address or key of a masked call is in what was received; what no mask names arrives as it was."""
    got = {row["call"]: row["got"] for row in shown["calls"] if row["got"]}
    text = json.dumps([got[call] for call in got if call.startswith("payments")])
    for secret in ("4111", "5500", "bo@example.org", "sk-proj"):
        assert secret not in text
    failed = got["payments, upstream fails"]
    assert (failed["level"], "[CREDIT_CARD]" in failed["status_message"]) == ("ERROR", True)
    assert got["search, streamed"]["output"]["content"] == "Nobody yet."
    assert got["search, not to be stored"]["input"] == "redacted-by-litellm"
    assert got["no team, asks to hide its input"]["output"]["content"] == "A fine day."


def test_the_account_closes(shown: dict[str, Any]) -> None:
    """Every call is delivered or dropped under a name, and nothing is left."""
    stats = shown["stats"]
    assert (stats["handled"], stats["delivered"], stats["dropped"], stats["in_flight"]) == (11, 10, {"policy": 1}, 0)


def test_the_table_is_for_people() -> None:
    """Without a terminal: no colours, no progress, a closing line that accounts for every call."""
    text = _demo()
    assert "\033" not in text
    assert re.search(
        r"^10 calls \(\+1 for calls that go to two projects\): 10 delivered in \d+ requests, "
        r"1 dropped \(policy\), 0 in flight\.$",
        text,
        re.MULTILINE,
    )
    assert "Refund 49 EUR to card [CREDIT_CARD], mail [EMAIL]" in re.sub(r"\s+", " ", text)


@pytest.fixture
def ctrl_c_works() -> Iterator[None]:
    """Undo what a shell does to programs in the background, and they to theirs: they ignore Ctrl-C."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("ctrl_c_works")
def test_the_receiver_can_be_kept_for_an_application_of_ones_own() -> None:
    """`--keep` prints the variables to export, shows what arrives, and ends at Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-m", "router", "demo", "--keep"],
        env=dict(process_environment()),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        exports = dict(
            line.split()[1].split("=", 1)
            for line in itertools.takewhile(lambda line: "install(" not in line, lines)
            if line.startswith("  export ")
        )
        router = Router.from_file(quickstart(), environ=exports)
        router.log(make_record(team="payments", input="card 4111 1111 1111 1111", output="ok"))
        assert router.shutdown(60)
        assert next(line for line in lines if line.strip()) == "payments: payments: card [CREDIT_CARD] → ok\n"
        process.send_signal(signal.SIGINT)
        assert next(lines) == "Stopped.\n"
        assert process.wait(100) == 0
