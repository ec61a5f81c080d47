"""What goes wrong while calls are read back from the spool and sent: it costs a pause, never a call."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from router.delivery.settings import DeliverySettings
from router.delivery.spool.records import RECORD_HEAD, SYNC, read_content, size_at
from router.delivery.spool.segment import Segment
from router.delivery.transport import Transport
from router.testing import FakeLangfuse
from tests.masked_calls import leave, posting, texts, wait_until
from tests.test_spool import calls_of, deliver, spool_files


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def test_an_error_that_nobody_expected_leaves_the_calls_in_the_spool(langfuse, tmp_path, monkeypatch, caplog):
    """They are tried again, in their order, each once; what an operator sees is its class."""
    post_one, failures = Transport.post, [MemoryError(), RuntimeError("secret")]

    async def fail_twice(*arguments: Any) -> Any:
        if failures:
            raise failures.pop(0)
        return await post_one(*arguments)

    monkeypatch.setattr(Transport, "post", fail_twice)
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(*range(20))
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 20, "delivered": 20}
        assert post.sender._outbox.held_bytes == 0
    assert calls_of(langfuse) == list(range(20))
    assert caplog.messages == [
        "20 calls to project payments waiting in the spool: MemoryError.",
        "20 calls to project payments waiting in the spool: RuntimeError.",
    ]
    assert spool_files(tmp_path) == []


def test_calls_that_do_not_stand_in_the_spool_are_counted_then(langfuse, tmp_path, monkeypatch):
    """The spool was full when they came."""
    post_one, failures = Transport.post, [MemoryError()]

    async def fail_once(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await post_one(*arguments)

    monkeypatch.setattr(Transport, "post", fail_once)
    with posting(langfuse, spool_dir=str(tmp_path), spool_max_bytes=100_000) as post:
        post.send(*range(40), input="x" * 5_000)
        assert post.sender.force_flush(60)
        account = post.account()
    assert account["delivered"] + account["dropped"]["rejected"] == account["handled"] == 40
    assert calls_of(langfuse) == list(range(account["delivered"]))
    assert 10 < account["delivered"] < 20


def test_a_file_that_cannot_be_read_for_a_moment_is_read_later(langfuse, tmp_path, monkeypatch, caplog):
    """A process that is short of file descriptors has lost nothing, however often it tries."""
    leave(langfuse, tmp_path, *range(10))
    read, shortages = Segment.read, [3, 0, 0, 0, 0, 0]  # reads before the next shortage

    def short(segment: Segment, start: int) -> Any:
        if shortages and not shortages[0]:
            shortages.pop(0)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        if shortages:
            shortages[0] -= 1
        return read(segment, start)

    monkeypatch.setattr(Segment, "read", short)
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        langfuse.wait_for(10)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 10, "delivered": 10}
    assert calls_of(langfuse) == list(range(10))
    assert sum(message.endswith("cannot be read: too many open files.") for message in caplog.messages) == 1


def test_a_file_that_cannot_be_read_holds_no_other_call(langfuse, tmp_path, monkeypatch, caplog):
    """After a few tries it is left to the next process, which reads it; what this process accepts arrives meanwhile."""
    leave(langfuse, tmp_path, *range(10))

    def fail(segment: Segment, start: int) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(Segment, "read", fail)
        with posting(langfuse, spool_dir=str(tmp_path)) as post:
            wait_until(lambda: post.counters.snapshot().handled == 10)
            post.send(*range(10, 15))
            assert post.sender.force_flush(60)
            assert post.account() == {"handled": 15, "delivered": 5, "spooled": 10}
    assert calls_of(langfuse) == list(range(10, 15))
    text = "10 calls to project payments left in the spool to the next process: their file cannot be read."
    assert caplog.messages.count(text) == 1
    deliver(langfuse, tmp_path, 15)
    assert sorted(calls_of(langfuse)) == list(range(15))
    assert spool_files(tmp_path) == []


def test_hundreds_of_projects_cost_few_open_files(langfuse, tmp_path):
    """Files are forced to the disk a few at a time, and closed then."""
    projects = [f"p{number}" for number in range(200)]
    langfuse.hang()
    with posting(langfuse, *projects, spool_dir=str(tmp_path)) as post:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for name in projects:
            post.send(1, project=name)
        spool = post.sender._outbox.spool
        assert spool is not None
        wait_until(lambda: not spool._files._dirty)
        assert len(list(Path("/proc/self/fd").iterdir())) - before < 120


def test_a_file_that_cannot_be_deleted_lets_the_end_go_on(langfuse, tmp_path, caplog):
    """A folder stands where it was: what a read-only disk would say."""
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        (file,) = spool_files(tmp_path)
        file.unlink()
        (file / "inside").mkdir(parents=True)
        caplog.clear()
        assert post.sender.shutdown(60)
    assert caplog.messages == ["Files of the spool cannot be deleted: is a directory; their calls may be sent twice."]


def test_a_file_with_nothing_but_damage_is_counted_once(langfuse, tmp_path):
    """One call, one byte of it changed, or of its length: it is lost, and the account says so."""
    for at in (RECORD_HEAD + 40, len(SYNC) + 3):
        leave(langfuse, tmp_path, 1)
        (file,) = spool_files(tmp_path)
        start = read_content(file.read_bytes()).runs[0].start
        with file.open("r+b") as changed:
            changed.seek(start + at)
            changed.write(b"?")
        with posting(langfuse, spool_dir=str(tmp_path)) as post:
            wait_until(lambda: not spool_files(tmp_path))
            wait_until(lambda: post.counters.snapshot().in_flight == 0 and post.counters.snapshot().handled == 1)
            assert post.account() == {"handled": 1, "dropped": {"spool_damaged": 1}}


def test_damage_that_comes_while_calls_wait_costs_the_damaged_one(langfuse, tmp_path):
    """One byte of the second of four, after they were parked."""
    langfuse.hang("payments")
    with posting(langfuse, spool_dir=str(tmp_path), max_queue_bytes=100_000) as post:
        post.send(*range(4), input="x" * 100_000)  # larger than the memory: all of them are read from the disk
        langfuse.wait_for_requests(1)
        (file,) = spool_files(tmp_path)
        data = bytearray(file.read_bytes())
        at = read_content(bytes(data)).runs[0].start
        for _ in range(2):
            at += size_at(bytes(data[at : at + RECORD_HEAD]))
        with file.open("r+b") as changed:
            changed.seek(at + RECORD_HEAD + 40)
            changed.write(b"?")
        langfuse.heal("payments")
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 4, "delivered": 3, "dropped": {"spool_damaged": 1}}
    assert sorted(set(calls_of(langfuse))) == [0, 1, 3]


def test_memory_is_bounded_when_calls_come_back_from_the_disk(langfuse, tmp_path):
    """Thirty projects that all fail: together they hold what is allowed, and one call each at most beyond it."""
    projects, size = [f"p{number}" for number in range(30)], 50_000
    langfuse.fail(None, 503)
    with posting(langfuse, *projects, spool_dir=str(tmp_path)) as post:
        for name in projects:
            for number, text in enumerate(texts(8, size)):
                post.send(number, project=name, input=text)
    settings = {"spool_dir": str(tmp_path), "max_queue_bytes": 1_000_000, "retry_min_secs": 5, "retry_max_secs": 5}
    with posting(langfuse, *projects, **settings) as post:
        langfuse.clear()
        for name in projects:
            langfuse.wait_for_requests(1, project=name)
        limit = DeliverySettings(max_queue_bytes=1_000_000).span_buffer_bytes
        assert post.sender._outbox.held_bytes <= limit + len(projects) * (size + 2_000)
        langfuse.heal()
        assert post.sender.force_flush(60)
        wait_until(lambda: post.sender._outbox.held_bytes == 0)
    assert all(set(calls_of(langfuse, name)) == set(range(8)) for name in projects)


def test_a_thread_that_the_disk_keeps_is_not_left_without_its_folders(langfuse, tmp_path, monkeypatch):
    """What it has open would otherwise be another file by the time it goes on."""
    force, disk, stuck = os.fsync, threading.Event(), threading.Event()

    def slow(descriptor: int) -> None:
        stuck.set()
        disk.wait(30)
        force(descriptor)

    monkeypatch.setattr("os.fsync", slow)
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(1)
        assert stuck.wait(10)
        spool = post.sender._spool
        assert spool is not None
        root = spool._root
        post.sender.shutdown(1)
        os.fstat(root)
        assert list(tmp_path.glob("*/lock"))
        disk.set()
        spool._thread.join(10)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(root)
    assert list(tmp_path.glob("*/lock")) == []


def test_a_disk_that_hangs_keeps_neither_health_nor_a_flush(langfuse, tmp_path, monkeypatch):
    """What is asked meanwhile is answered, and the flush ends with its limit."""
    write, disk, stuck = os.pwrite, threading.Event(), threading.Event()

    def slow(*arguments: Any) -> int:
        stuck.set()
        disk.wait(60)
        return write(*arguments)

    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        monkeypatch.setattr("os.pwrite", slow)
        sending = threading.Thread(target=post.send, args=(2,))
        sending.start()
        assert stuck.wait(60)
        assert post.sender.circuits() == {"payments": "closed"}
        assert not post.sender.force_flush(0.1)
        disk.set()
        sending.join()
        assert post.sender.force_flush(60)
