"""Processes with a spool are killed at random moments; afterwards every call is accounted for.

`make test` plays ten rounds, `make test-nightly` two hundred; a round's number is the seed of its chances.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from router.delivery.decode import decode_call
from router.delivery.spool.survey import Survey
from router.testing import FakeLangfuse
from tests.masked_calls import posting, wait_until

CALLS = """
import os, sys
import router.delivery.spool.spool
from tests.masked_calls import Post
from router.testing import FakeLangfuse

port, folder, first, policy, segment_bytes = sys.argv[1:]
router.delivery.spool.files.SEGMENT_BYTES = int(segment_bytes)
post = Post(FakeLangfuse(port=int(port)), spool_dir=folder, spool_fsync=policy, flush_interval_secs=0.002)
for number in range(int(first), 10**9):
    post.send(number)
    os.write(1, b"%d\\n" % number)
"""
REPLAY = """
import sys
from router.cli import main
sys.exit(main(["spool", "replay", "--state", "dead", "--state", "orphaned"]))
"""
YAML = "version: 1\nprojects: {payments: {env: PAYMENTS_LF}}\nrules: [{id: all, route: payments}]\n"
_APART = 1_000_000


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def number_of(span) -> int:
    return int(span.attributes["langfuse.observation.metadata.litellm_call_id"].removeprefix("call-"))


def settled(langfuse: FakeLangfuse, folder: Path) -> set[int]:
    """Return the calls that arrived, and those that are dead letters."""
    with Survey(str(folder)) as survey:
        dead = [call for file in survey.files() for call in file.calls if call.state == "dead"]
    return {number_of(span) for span in (*langfuse.spans(), *(decode_call(call.span)[0] for call in dead))}


def left(folder: Path) -> set[str]:
    """Return the folders of processes that have files with calls; they may go while one looks."""
    return {path.name for path in folder.iterdir() if path.name != "dead" and has_calls(path)}


def has_calls(folder: Path) -> bool:
    try:
        return any(path.suffix == ".spool" for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False


class Story:
    """What the chances of one round make of some processes."""

    def __init__(self, chance: random.Random, langfuse: FakeLangfuse, folder: Path, checkout: Path) -> None:
        self.chance = chance
        self.langfuse = langfuse
        self.folder = folder
        self.checkout = checkout
        self.accepted: set[int] = set()

    def trouble(self) -> None:
        """Let the server do something wrong, or mend it."""
        kind = self.chance.choice(("heal", "heal", "fail", "refuse", "hang"))
        if kind == "heal":
            self.langfuse.heal()
        elif kind == "fail":
            self.langfuse.fail("payments", 503)
        elif kind == "hang":
            self.langfuse.hang("payments")
        else:
            self.langfuse.refuse("payments", containing=f"question {self.chance.randrange(1, 10)}")

    def life(self, number: int) -> None:
        """Let one process adopt what others left, send calls, and be killed."""
        first = number * _APART
        settings = self.chance.choice(("never", "interval", "always")), str(self.chance.choice((8_000_000, 20_000)))
        arguments = [self.langfuse.url.rpartition(":")[2], str(self.folder), str(first), *settings]
        process = self.start(CALLS, *arguments)
        assert process.stdout is not None
        for _ in range(self.chance.randrange(1, 4)):
            read = [process.stdout.readline() for _ in range(self.chance.randrange(1, 400))]
            self.accept(first, read)
            self.trouble()
        self.accept(first, self.kill(process).split())

    def replay(self) -> None:
        """Let `router spool replay` be killed, or come to its end."""
        process = self.start(REPLAY)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.chance.uniform(0.3, 2.0))
        self.kill(process)

    def start(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        environ = {
            **self.langfuse.environ("PAYMENTS_LF"),
            "ROUTER_SPOOL_DIR": str(self.folder),
            "ROUTER_CONFIG": str(self.folder.parent / "routing.yaml"),
            "PATH": "/usr/bin:/bin",
        }
        command = [sys.executable, "-c", script, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, cwd=self.checkout, env=environ)

    def kill(self, process: subprocess.Popen[bytes]) -> bytes:
        process.send_signal(signal.SIGKILL)
        return process.communicate()[0]

    def accept(self, first: int, lines: list[bytes]) -> None:
        if lines and lines[-1].strip():
            self.accepted |= set(range(first, int(lines[-1]) + 1))


def test_processes_that_are_killed_lose_no_call_that_they_have_accepted(langfuse, tmp_path, checkout, crash_round):
    """Each arrives or is a dead letter; one that arrives twice has the same ids and content.

    Processes adopt what others left and are killed over it; the server fails, hangs and refuses; a command that
    replays is killed as well.
    """
    chance = random.Random(crash_round)
    (tmp_path / "routing.yaml").write_text(YAML, "utf-8")
    story = Story(chance, langfuse, tmp_path / "spool", checkout)
    for number in range(chance.randrange(1, 4)):
        story.life(number)
    if chance.random() < 0.3:
        story.trouble()
        story.replay()
    langfuse.heal()
    with posting(langfuse, spool_dir=str(tmp_path / "spool")) as post:
        arrived = len(langfuse.spans())
        while not story.accepted <= settled(langfuse, tmp_path / "spool"):
            arrived = len(langfuse.wait_for(arrived + 1, timeout=200))
        # What a process left that was killed between the server's answer and its own note of it has arrived already.
        wait_until(lambda: all(name.startswith(f"{os.getpid()}-") for name in left(tmp_path / "spool")), timeout=200)
        assert post.sender.shutdown(60)
    assert left(tmp_path / "spool") == set()
    contents = {(span.span_id, span.attributes["langfuse.observation.input"]) for span in langfuse.spans()}
    assert len(contents) == len({number_of(span) for span in langfuse.spans()})
