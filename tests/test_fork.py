"""Forks: whatever goes on in the parent, and whatever goes wrong, the child starts afresh and waits for nobody."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from router.delivery import fork
from router.delivery.fork import no_fork_meanwhile, reset_in_child
from router.delivery.notices import Notices
from router.delivery.settings import DeliverySettings
from router.delivery.spool import Spool
from router.testing import FakeLangfuse
from tests.masked_calls import posting


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def in_child(work: Callable[[], bool]) -> bool:
    """Return what `work` does in a forked child, False if it hangs."""
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if work() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_child_waits_for_nothing_that_was_under_way_in_its_parent(monkeypatch):
    """The disk was slow, and the fork did not wait for it any longer; the parent's thread goes on as if nothing was."""
    monkeypatch.setattr(fork, "_MOST_WAIT_SECS", 0.01)
    begun, forked, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with no_fork_meanwhile():
            begun.set()
            forked.wait(60)
        ended.set()

    def can_go_on() -> bool:
        with no_fork_meanwhile():
            return in_child(lambda: True)

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait(60)
    assert in_child(can_go_on)
    assert fork._quiet.locked()
    forked.set()
    worker.join()
    assert ended.is_set()
    assert not fork._quiet.locked()


def test_two_threads_that_fork_at_once_leave_nothing_locked(monkeypatch):
    """The second one did not get what the first one has, and gives nothing back."""
    monkeypatch.setattr(fork, "_MOST_WAIT_SECS", 0.01)
    fork._before()
    second = threading.Thread(target=fork._before)
    second.start()
    second.join()
    fork._after_in_parent()
    assert not fork._quiet.locked()


class Part:
    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.is_fresh = False
        reset_in_child(self.start_afresh)

    def start_afresh(self) -> None:
        self.is_fresh = True
        if self.fails:
            raise OSError("secret")


def test_what_cannot_start_afresh_keeps_nothing_else_from_it(caplog):
    """It is told, without the words of the error."""
    parts = [Part(fails=True), Part(fails=False)]

    def are_fresh() -> bool:
        return all(part.is_fresh for part in parts) and caplog.messages == [
            "At a fork Part.start_afresh failed: OSError."
        ]

    assert in_child(are_fresh)


def test_nor_does_a_log_that_raises():
    """A filter of the host that wants the request which is being answered, say."""

    class NeedsRequest(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise RuntimeError

    parts, needs_request = [Part(fails=True), Part(fails=False)], NeedsRequest()
    logging.getLogger("router").addFilter(needs_request)
    try:
        assert in_child(lambda: all(part.is_fresh for part in parts))
    finally:
        logging.getLogger("router").removeFilter(needs_request)


def opened_in(folder: Path) -> list[int]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # what /proc/self/fd was listed with
            if link.readlink().is_relative_to(folder):
                found.append(int(link.name))
    return sorted(found)


@pytest.mark.parametrize("place", range(4))
def test_a_child_closes_what_its_parent_had_open_whatever_the_host_closed_of_it(tmp_path, place):
    """A daemon closes every descriptor that it does not know: that is no error, and the others are let go of."""
    spool = Spool(DeliverySettings(spool_dir=str(tmp_path)), Notices(), lambda _: True, lambda *_: None)
    spool.append("payments", b"call")
    opened = opened_in(tmp_path)
    assert len(opened) == 4  # the folder of all, its own, its lock, and the file
    os.close(opened[place])
    spool.forget_parent()
    assert opened_in(tmp_path) == []


def test_no_child_is_forked_while_the_spool_is_opened(langfuse, tmp_path, monkeypatch):
    """It would hold the lock of a folder that it knows nothing of, and nobody could adopt what is in it."""
    lock, begun, children = fcntl.flock, threading.Event(), []

    def slow(descriptor: int, operation: int) -> None:
        lock(descriptor, operation)
        begun.set()
        forking.join(0.2)  # the fork has no way to say that it waits

    def fork_meanwhile() -> None:
        begun.wait(60)
        children.append(in_child(lambda: opened_in(tmp_path) == []))

    forking = threading.Thread(target=fork_meanwhile)
    forking.start()
    monkeypatch.setattr("fcntl.flock", slow)
    with posting(langfuse, spool_dir=str(tmp_path)):
        forking.join()
    assert children == [True]
