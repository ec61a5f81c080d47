"""The spool and the disk beneath it: who may read it, when it is forced down, and what stands in its way."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from router.delivery.notices import Notices
from router.delivery.spool.adoption import Adoption
from router.delivery.spool.files import Files
from router.delivery.spool.folders import create_folder, open_root, read_file, take_folder
from router.delivery.spool.records import read_content
from router.testing import FakeLangfuse
from tests.masked_calls import leave, posting, wait_until
from tests.test_fork import opened_in
from tests.test_spool import calls_of, deliver, spool_files


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def leave_apart(langfuse: FakeLangfuse, folder: Path, *numbers: int) -> None:
    """Leave calls of one more process, which does not adopt those of the others."""
    own = folder.with_name(f"{folder.name}-{numbers[0]}")
    leave(langfuse, own, *numbers)
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in own.iterdir():
        path.rename(folder / path.name)
    own.rmdir()


def test_everything_is_for_its_owner_alone_whatever_the_umask(langfuse, tmp_path):
    """Folders 0700, files 0600: waiting calls, orphans and dead letters alike."""
    before = os.umask(0)
    folder = tmp_path / "spool"
    try:
        leave(langfuse, folder, 1, project="old")
        langfuse.refuse("payments", containing="question 2")
        with posting(langfuse, spool_dir=str(folder)) as post:
            post.send(2, 3)
            assert post.sender.force_flush(60)
            wait_until(lambda: list(folder.glob("orphans/*.spool")))
            found = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    finally:
        os.umask(before)
    assert {found[path] for path in found if path.is_dir()} == {0o700}
    assert {found[path] for path in found if path.is_file()} == {0o600}
    assert {path.parent.name for path in found if path.suffix == ".spool"} >= {"dead", "orphans"}


def test_each_process_has_a_folder_that_it_holds(langfuse, tmp_path):
    """One lock for each writer, for as long as it lives."""
    with posting(langfuse, spool_dir=str(tmp_path)) as first:
        first.send(1)
        (lock,) = tmp_path.glob("*/lock")
        with posting(langfuse, spool_dir=str(tmp_path)) as second:
            second.send(2)
            assert len(list(tmp_path.glob("*/lock"))) == 2
        with lock.open("rb") as held, pytest.raises(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_who_only_asks_whether_a_process_runs_keeps_nobody_from_adopting(langfuse, tmp_path):
    """`router spool ls` has the lock of a folder for a moment; the folder is tried again before it is left."""
    leave(langfuse, tmp_path, 1)
    (lock,) = tmp_path.glob("*/lock")
    root = os.open(tmp_path, os.O_RDONLY)
    try:
        with lock.open("rb") as asked:
            fcntl.flock(asked, fcntl.LOCK_SH)
            assert take_folder(root, lock.parent.name) is None
            folder = take_folder(root, lock.parent.name, lambda: fcntl.flock(asked, fcntl.LOCK_UN))
        assert folder is not None
        folder.close()
    finally:
        os.close(root)


@pytest.mark.parametrize("policy", ["never", "interval", "always"])
def test_calls_are_forced_to_the_disk_as_the_policy_says(langfuse, tmp_path, monkeypatch, policy):
    """Never; beside the calls, many at once; or each before the next one, and the folder that names the file too."""
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_mode))
    langfuse.hang("payments")
    with posting(langfuse, spool_dir=str(tmp_path), spool_fsync=policy) as post:
        post.send(*range(20))
        if policy == "always":
            assert len(synced) == 21
        elif policy == "interval":
            wait_until(lambda: sum(map(stat.S_ISREG, synced)))
            assert sum(map(stat.S_ISREG, synced)) < 20
        langfuse.heal()
        assert post.sender.force_flush(60)
    assert sum(map(stat.S_ISDIR, synced)) == (0 if policy == "never" else 1)
    if policy == "never":
        assert synced == []


def test_the_size_holds_for_all_processes_together(langfuse, tmp_path):
    """Two that write at the same time stay below it, but for a share that each may write before it measures again."""
    langfuse.fail("payments", 503)
    most = 640_000
    settings = {"spool_dir": str(tmp_path), "spool_max_bytes": most}
    with posting(langfuse, **settings) as first, posting(langfuse, **settings) as second:
        for number in range(0, 200, 2):
            first.send(number, input="x" * 5_000)
            second.send(number + 1, input="x" * 5_000)
        size = sum(path.stat().st_size for path in spool_files(tmp_path))
        held = {post.account()["in_flight"] for post in (first, second)}
    assert most - most // 8 < size <= most + 2 * (most // 32 + 6_000)
    assert held == {100}


def test_a_project_has_a_new_file_once_the_last_one_is_full(langfuse, tmp_path, monkeypatch):
    """A file goes once all of its calls are settled, and all arrive in their order."""
    monkeypatch.setattr("router.delivery.spool.files.SEGMENT_BYTES", 20_000)
    langfuse.hang("payments")
    with posting(langfuse, spool_dir=str(tmp_path), max_batch_spans=5) as post:
        post.send(*range(30), input="x" * 5_000)
        assert len(spool_files(tmp_path)) == 8
        assert all(read_content(file.read_bytes()).project == "payments" for file in spool_files(tmp_path))
        langfuse.heal()
        assert post.sender.force_flush(60)
        assert len(spool_files(tmp_path)) <= 1
    assert list(dict.fromkeys(calls_of(langfuse))) == list(range(30))


RACE = """
import sys
from tests.masked_calls import Post
from router.testing import FakeLangfuse

post = Post(FakeLangfuse(port=int(sys.argv[1])), spool_dir=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(post.sender.shutdown(10), post.counters.snapshot().delivered)
"""


def test_two_processes_that_start_at_once_adopt_each_call_once(langfuse, tmp_path, checkout):
    """What three have left; together they deliver all of it, and none twice."""
    for part in range(3):
        leave_apart(langfuse, tmp_path / "spool", *range(part * 50, part * 50 + 50))
    arguments = [sys.executable, "-c", RACE, langfuse.url.rpartition(":")[2], str(tmp_path / "spool")]
    pipe = subprocess.PIPE
    racers = [subprocess.Popen(arguments, stdin=pipe, stdout=pipe, text=True, cwd=checkout) for _ in range(2)]
    langfuse.wait_for(150, timeout=30)
    ends = [racer.communicate("\n")[0].split() for racer in racers]
    assert sorted(calls_of(langfuse)) == list(range(150))
    assert [end[:2] for end in ends] == [["ready", "True"]] * 2
    assert sum(int(end[2]) for end in ends) == 150


def test_a_clock_that_jumps_changes_nothing(langfuse, tmp_path, monkeypatch):
    """Decades back and forth with every call: order, retries and adoption go by a clock of their own."""
    chance = random.Random(5)
    monkeypatch.setattr("time.time_ns", lambda: chance.randrange(0, 2**63))
    monkeypatch.setattr("time.time", lambda: chance.uniform(0, 2**33))
    leave(langfuse, tmp_path, *range(20))
    langfuse.fail("payments", 503, times=3)
    with posting(langfuse, spool_dir=str(tmp_path), max_batch_spans=4) as post:
        post.send(*range(20, 40))
        langfuse.wait_for(20)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 40, "delivered": 40}
    assert sorted(calls_of(langfuse)) == list(range(40))


def test_a_link_in_the_place_of_a_folder_or_a_lock_is_not_followed(langfuse, tmp_path, caplog):
    """What they lead to stays as it is; the rest is delivered."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    folder = tmp_path / "spool"
    leave_apart(langfuse, folder, 1)
    leave_apart(langfuse, folder, 2)
    first = spool_files(folder)[0].parent
    (first / "lock").unlink()
    (first / "lock").symlink_to(outside / "lock")
    (folder / "1-0123456789ab").symlink_to(outside)
    (folder / "dead").symlink_to(outside)
    langfuse.refuse("payments", containing="question 3")
    with posting(langfuse, spool_dir=str(folder)) as post:
        post.send(3, 4)
        assert post.sender.force_flush(60)
        langfuse.wait_for(2)
        assert post.account()["dropped"] == {"rejected": 1}
    assert list(outside.iterdir()) == []
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755
    told = [message for message in caplog.messages if "left alone" in message or "Dead letters" in message]
    assert sorted(told) == sorted(
        [
            "1-0123456789ab in the spool is left alone: not a directory.",
            f"{first.name} in the spool is left alone: too many levels of symbolic links.",
            "Dead letters cannot be kept: not a directory.",
        ]
    )


@pytest.mark.parametrize("step", ["os.open", "os.fchmod", "fcntl.flock", "os.rename"])
def test_a_spool_that_cannot_be_opened_leaves_nothing_behind(tmp_path, monkeypatch, step):
    """It is tried again each minute: neither descriptors nor folders may add up."""
    root = open_root(str(tmp_path))

    def fail(*arguments: object, **words: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises(OSError, match="Too many open files"):
            create_folder(root)
    assert opened_in(tmp_path) == [root]
    assert list(tmp_path.iterdir()) == []
    os.close(root)


def test_what_a_process_left_that_was_killed_while_it_made_its_folder_is_removed(tmp_path):
    """Empty or with its lock; one that somebody holds, or is making at this moment, stays."""
    root = open_root(str(tmp_path))
    held = create_folder(root)
    names = [f".{number}-0123456789ab" for number in range(4)]
    (tmp_path / held.name).rename(tmp_path / names[0])
    for name in names[1:]:
        (tmp_path / name).mkdir(0o700)
    (tmp_path / names[1] / "lock").touch(0o600)
    for name in names[:3]:
        os.utime(tmp_path / name, (0, 0))
    files = Files(create_folder(root))
    Adoption(root, files, threading.Lock(), Notices(), lambda _: True, lambda *_: None).look(threading.Event())
    files.leave()
    assert sorted(path.name for path in tmp_path.iterdir()) == [names[0], names[3]]
    held.close()
    os.close(root)


def test_a_folder_that_goes_before_it_is_opened_is_nobodys_trouble(tmp_path, caplog):
    """Its process ended, and took it away, after the folder of all was listed."""
    root = open_root(str(tmp_path))
    assert take_folder(root, "1-0123456789ab") is None
    os.close(root)


def test_a_file_that_is_not_a_spools_is_read_and_told_once(tmp_path, monkeypatch, caplog):
    """Until it changes: it could be a large one, and the folder is looked at every 30 s."""
    clock = [0.0]
    reads: list[str] = []

    def read(folder: int, name: str) -> bytes:
        reads.append(name)
        return read_file(folder, name)

    monkeypatch.setattr("router.delivery.spool.adoption.read_file", read)
    left = tmp_path / "1-0123456789ab"
    left.mkdir(0o700)
    (left / "lock").touch(0o600)
    (left / "1.spool").write_bytes(b"foreign")
    root = open_root(str(tmp_path))
    files = Files(create_folder(root))
    notices = Notices(lambda: clock[0])
    adoption = Adoption(root, files, threading.Lock(), notices, lambda _: True, lambda *_: None)
    for _ in range(3):
        adoption.look(threading.Event())
        clock[0] += 100
    assert reads == ["1.spool"]
    text = f"The spool file {left.name}/1.spool is left alone: it is damaged, or not a file of the spool."
    assert caplog.messages == [text]
    (left / "1.spool").write_bytes(b"foreign as well")
    adoption.look(threading.Event())
    assert caplog.messages == [text, text]
    files.leave()
    os.close(root)


READ_ONLY = """
import os, sys
from tests.masked_calls import Post
from router.testing import FakeLangfuse
import aiohttp, router.delivery.exporter, router.delivery.spool, router.delivery.spool.letters

if os.geteuid() == 0:  # nothing is read-only for root
    os.seteuid(65534)
post = Post(FakeLangfuse(port=int(sys.argv[1])), spool_dir=sys.argv[2])
sys.stdin.readline()
print(post.sender.shutdown(10), post.counters.snapshot().delivered)
"""


def test_a_file_that_cannot_be_written_is_left_alone(langfuse, checkout):
    """It could not be settled: its calls would be sent again by every process. What can be written is delivered."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        leave_apart(langfuse, folder, 1)
        leave_apart(langfuse, folder, 2)
        locked, _ = spool_files(folder)
        number = int(locked.read_bytes().partition(b"question ")[2][:1])
        locked.chmod(0o400)
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, 65534, 65534)
        arguments = [sys.executable, "-c", READ_ONLY, langfuse.url.rpartition(":")[2], str(folder)]
        pipe = subprocess.PIPE
        with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=checkout) as process:
            langfuse.wait_for(1, timeout=30)
            out, err = process.communicate("\n")
        assert out.split() == ["True", "1"]
        assert err == f"The spool file {locked.parent.name}/{locked.name} is left alone: permission denied.\n"
        assert calls_of(langfuse) == [3 - number]
        assert spool_files(folder) == [locked]
        locked.chmod(0o600)
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, 0, 0)
        deliver(langfuse, folder, 2)
        assert sorted(calls_of(langfuse)) == [1, 2]
    finally:
        shutil.rmtree(folder)
