"""Dead letters: what a server refuses for good is dropped from the account, and kept where there is a spool."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from router.delivery import encode_call
from router.delivery.spool.folders import open_root, take_file
from router.delivery.spool.letters import DeadLetters
from router.delivery.spool.records import Record, read_content, read_records
from router.delivery.spool.survey import Survey
from router.testing import FakeLangfuse
from tests.masked_calls import make_masked, posting, texts, wait_until


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def letters(folder: Path) -> list[Record]:
    """Return every dead letter, oldest first."""
    files = sorted((folder / "dead").glob("*.spool")) if (folder / "dead").exists() else []
    return [record for file in files for record in read_records(file.read_bytes())]


def test_a_call_that_is_refused_is_kept_with_the_reason(langfuse, tmp_path):
    """The very bytes, masked as they were; the account calls it dropped."""
    langfuse.refuse(containing="question 1")
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(0, 1, 2)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 3, "delivered": 2, "dropped": {"rejected": 1}, "dead_letters": 1}
        (letter,) = letters(tmp_path)
        assert letter.note == "rejected HTTP 400"
        assert letter.span == encode_call(make_masked(1), post.projects["payments"])
    (file,) = tmp_path.rglob("*.spool")
    assert read_content(file.read_bytes()).project == "payments"


def test_a_call_that_even_cut_is_too_large_is_kept_uncut(langfuse, tmp_path):
    """What a server with a higher limit would take."""
    langfuse.limit(max_bytes=1_000)
    (text,) = texts(1, 60_000)
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(1, input=text)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "dropped": {"too_large": 1}, "dead_letters": 1}
        (letter,) = letters(tmp_path)
        assert letter.note == "too_large HTTP 413"
        assert letter.span == encode_call(make_masked(1, input=text), post.projects["payments"])


def test_without_a_spool_nothing_is_kept(langfuse):
    """It is dropped and counted, as ever."""
    langfuse.refuse(containing="question")
    with posting(langfuse) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "dropped": {"rejected": 1}}


def test_none_are_kept_where_nobody_wants_them(langfuse, tmp_path):
    """ROUTER_SPOOL_DEAD_MAX_BYTES=0."""
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path), spool_dead_max_bytes=0) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "dropped": {"rejected": 1}}
    assert letters(tmp_path) == []


def test_the_oldest_give_way_and_are_counted(langfuse, tmp_path, caplog):
    """Room for about ten letters of 1 kB: what is kept and what was removed are all that were dropped."""
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path), spool_dead_max_bytes=16_000, max_batch_spans=1) as post:
        post.send(*range(40))
        assert post.sender.force_flush(60)
        account = post.account()
        assert account["dropped"] == {"rejected": 40}
        assert account["dead_letters"] == 40
        kept = letters(tmp_path)
        assert len(kept) + account["dead_letters_removed"] == 40
        assert [letter.span for letter in kept] == [
            encode_call(make_masked(number), post.projects["payments"]) for number in range(40 - len(kept), 40)
        ]
    assert 5 <= len(kept) < 40
    assert sum(file.stat().st_size for file in tmp_path.glob("dead/*")) <= 16_000
    assert (
        sum("of project payments removed: ROUTER_SPOOL_DEAD_MAX_BYTES is reached." in m for m in caplog.messages) == 1
    )


def test_a_file_that_a_command_is_at_work_with_is_left_to_it(langfuse, tmp_path):
    """The next letter begins another file; nobody waits."""
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        (first,) = tmp_path.glob("dead/*.spool")
        with first.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            post.send(2)
            assert post.sender.force_flush(60)
        post.send(3)
        assert post.sender.force_flush(60)
    assert [len(list(read_records(file.read_bytes()))) for file in sorted(tmp_path.glob("dead/*.spool"))] == [1, 2]


def test_letters_of_calls_that_bring_their_own_keys_are_not_written(langfuse, tmp_path):
    """Nothing of them is ever on the disk."""
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        ad_hoc = langfuse.project("ad-hoc:123")
        post.counters.accept(ad_hoc.name)
        post.sender.send(ad_hoc, encode_call(make_masked(1), ad_hoc))
        assert post.sender.force_flush(60)
        assert post.account("ad-hoc") == {"handled": 1, "dropped": {"rejected": 1}}
    assert letters(tmp_path) == []


def test_the_size_holds_for_all_processes_together(tmp_path):
    """Eight of them, each of which may write a 32nd of it between two measures."""
    root = open_root(str(tmp_path))
    processes = [DeadLetters(root, 320_000, "never") for _ in range(8)]
    kept = removed = 0
    for _ in range(40):
        for number, process in enumerate(processes):
            found = process.keep(f"p{number}", [bytes(3_000)], "rejected HTTP 400")
            kept, removed = kept + found.count, removed + found.removed.total()
    size = sum(file.stat().st_size for file in tmp_path.glob("dead/*"))
    assert 160_000 < size <= 320_000 + 8 * (10_000 + 3_000)
    assert kept == 320
    assert len(letters(tmp_path)) == kept - removed


def test_a_file_that_a_command_writes_anew_gets_no_hole(tmp_path, monkeypatch):
    """Its size is read once nobody else can change it."""
    process = DeadLetters(open_root(str(tmp_path)), 10**7, "never")
    process.keep("payments", [b"one", b"two", b"three"], "rejected HTTP 400")
    name = "router.delivery.spool.letters.take_file"

    def take_after_a_command(folder: int, file: str) -> int | None:
        monkeypatch.setattr(name, take_file)
        with Survey(str(tmp_path)) as survey:
            for held in survey.hold(["dead"]):
                for start, _ in held.calls[:2]:
                    held.settle(start)
        return take_file(folder, file)

    monkeypatch.setattr(name, take_after_a_command)
    process.keep("payments", [b"four"], "rejected HTTP 400")
    (file,) = tmp_path.glob("dead/*.spool")
    assert read_content(file.read_bytes()).damaged == 0
    assert [letter.span for letter in letters(tmp_path)] == [b"three", b"four"]


def test_letters_are_forced_to_the_disk_without_the_event_loop(langfuse, tmp_path, monkeypatch):
    """With the default policy by the thread of the spool, file and folder, once for many letters."""
    threads: list[tuple[str, str]] = []
    fsync = os.fsync

    def remember(descriptor: int) -> None:
        threads.append((threading.current_thread().name, str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", remember)
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(*range(64))
        assert post.sender.force_flush(60)
        wait_until(lambda: any(path.endswith("/dead") for _, path in threads))
        assert post.account()["dead_letters"] == 64
    assert {name for name, _ in threads} == {"router-spool"}
    assert any("/dead/" in path for _, path in threads)


FORKED = """\
import os, sys
from router.delivery import Counters, DeliverySettings
from router.delivery.notices import Notices
from router.delivery.spool.folders import open_root, open_shared, take_file
from router.delivery.spool.spool import Spool

folder = sys.argv[1]
spool = Spool(DeliverySettings(spool_dir=folder, spool_fsync="always"), Notices(), lambda _: True, lambda *_: None)
alive, end = os.pipe()
child, fsync = 0, os.fsync

def fork(descriptor):
    global child
    if not child:
        ready, told = os.pipe()
        child = os.fork()
        if not child:
            spool.forget_parent()
            os.close(end)
            os.write(told, b".")
            os.read(alive, 1)
            os._exit(0)
        os.read(ready, 1)
    fsync(descriptor)

os.fsync = fork
spool.keep_dead("payments", [b"one"], "rejected HTTP 400")
dead = open_shared(open_root(folder), "dead")
(name,) = os.listdir(dead.descriptor)
print("held" if take_file(dead.descriptor, name) is None else "free")
os.close(end)
os.waitpid(child, 0)
"""


def test_a_child_that_is_forked_while_a_letter_is_written_does_not_hold_its_file(tmp_path, checkout):
    """Else its lock would live as long as the child: no command could take these letters."""
    command = [sys.executable, "-c", FORKED, str(tmp_path)]
    run = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=200)
    assert (run.stdout, run.stderr) == ("free\n", "")
