"""A sender that cannot begin keeps its calls, says so, and begins later."""

from __future__ import annotations

import contextlib
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from router.testing import FakeLangfuse
from tests.masked_calls import Post, posting, wait_until


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.delivery.sender._START_AGAIN_SECS", 0.01)


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    with FakeLangfuse() as fake:
        yield fake


@contextlib.contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Let this process open nothing; what is open stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def causes(post: Post) -> list[str]:
    return [trouble.cause for trouble in post.sender.troubles()]


@pytest.mark.filterwarnings("error")
def test_without_a_descriptor_it_begins_once_there_are_some(langfuse, caplog):
    """The calls wait, a trouble says why, one line tells it; then all arrive, and the trouble is over."""
    with posting(langfuse) as post:
        with no_more_descriptors():
            post.send(1)
            wait_until(lambda: causes(post) == ["the sender cannot start: Too many open files"])
            post.send(2)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 2, "delivered": 2}
        assert causes(post) == []
    assert [record.getMessage() for record in caplog.records if "sender" in record.getMessage()] == [
        "The sender cannot start: Too many open files; calls wait."
    ]


def test_without_its_authorities_it_begins_once_they_are_there(langfuse, tmp_path: Path):
    """A file that is mounted late, say."""
    file = tmp_path / "authorities.pem"
    with posting(langfuse, ca_file=str(file)) as post:
        post.send(1)
        wait_until(lambda: causes(post) == ["the sender cannot start: No such file or directory"])
        shutil.copy(certifi.where(), file)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "delivered": 1}
        assert causes(post) == []


def test_one_that_never_begins_ends_with_its_account(langfuse, tmp_path: Path, monkeypatch):
    """What waits is dropped under its reason, and the thread waits for nothing any more."""
    monkeypatch.setattr("router.delivery.sender._START_AGAIN_SECS", 3600)
    with posting(langfuse, ca_file=str(tmp_path / "missing.pem")) as post:
        post.send(1, 2)
        wait_until(lambda: causes(post) != [])
        assert not post.sender.shutdown(0.1)
        assert post.account() == {"handled": 2, "dropped": {"shutdown": 2}}
        post.wait_for_end()
        thread = post.sender._thread
        assert thread is not None
        assert not thread.is_alive()
