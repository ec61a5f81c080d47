"""Dead letters: what a server refuses for good is dropped from the account, and kept where there is a spool."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from router.delivery import encode_call
from router.delivery.spool.records import Record, read_content, read_records
from router.testing import FakeLangfuse
from tests.masked_calls import make_masked, posting, texts


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
        assert post.sender.force_flush(10)
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
        assert post.sender.force_flush(20)
        assert post.account() == {"handled": 1, "dropped": {"too_large": 1}, "dead_letters": 1}
        (letter,) = letters(tmp_path)
        assert letter.note == "too_large HTTP 413"
        assert letter.span == encode_call(make_masked(1, input=text), post.projects["payments"])


def test_without_a_spool_nothing_is_kept(langfuse):
    """It is dropped and counted, as ever."""
    langfuse.refuse(containing="question")
    with posting(langfuse) as post:
        post.send(1)
        assert post.sender.force_flush(10)
        assert post.account() == {"handled": 1, "dropped": {"rejected": 1}}


def test_none_are_kept_where_nobody_wants_them(langfuse, tmp_path):
    """ROUTER_SPOOL_DEAD_MAX_BYTES=0."""
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path), spool_dead_max_bytes=0) as post:
        post.send(1)
        assert post.sender.force_flush(10)
        assert post.account() == {"handled": 1, "dropped": {"rejected": 1}}
    assert letters(tmp_path) == []


def test_the_oldest_give_way_and_are_counted(langfuse, tmp_path, caplog):
    """Room for about ten letters of 1 kB: what is kept and what was removed are all that were dropped."""
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path), spool_dead_max_bytes=16_000, max_batch_spans=1) as post:
        post.send(*range(40))
        assert post.sender.force_flush(30)
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
        assert post.sender.force_flush(10)
        (first,) = tmp_path.glob("dead/*.spool")
        with first.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            post.send(2)
            assert post.sender.force_flush(10)
        post.send(3)
        assert post.sender.force_flush(10)
    assert [len(list(read_records(file.read_bytes()))) for file in sorted(tmp_path.glob("dead/*.spool"))] == [1, 2]


def test_letters_of_calls_that_bring_their_own_keys_are_not_written(langfuse, tmp_path):
    """Nothing of them is ever on the disk."""
    langfuse.refuse(containing="question")
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        ad_hoc = langfuse.project("ad-hoc:123")
        post.counters.accept(ad_hoc.name)
        post.sender.send(ad_hoc, encode_call(make_masked(1), ad_hoc))
        assert post.sender.force_flush(10)
        assert post.account("ad-hoc") == {"handled": 1, "dropped": {"rejected": 1}}
    assert letters(tmp_path) == []
