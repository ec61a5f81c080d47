"""The spool: what was masked and encoded outlives the process, and arrives."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from router import Router
from router.delivery.spool.records import RECORD_HEAD, header_of, read_content, record_of, size_at
from router.testing import FakeLangfuse, make_record
from tests.masked_calls import Post, leave, posting, wait_until


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


def calls_of(langfuse: FakeLangfuse, project: str = "payments") -> list[int]:
    return [int(span.metadata["litellm_call_id"].removeprefix("call-")) for span in langfuse.spans(project)]


def spool_files(folder: Path) -> list[Path]:
    # `rglob` raises when a folder goes meanwhile.
    found = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if path.suffix == ".spool")


def deliver(
    langfuse: FakeLangfuse, folder: Path, count: int, projects: tuple[str, ...] = ("payments",), **settings
) -> Post:
    """Let a process adopt what others left, and wait for it."""
    with posting(langfuse, *projects, spool_dir=str(folder), **settings) as post:
        langfuse.wait_for(count)
        assert post.sender.shutdown(60)
    return post


def test_what_was_not_delivered_arrives_with_the_next_process(langfuse, tmp_path):
    """The calls stay in the spool, the next process adopts them, and nothing is left of the files."""
    leave(langfuse, tmp_path, *range(5))
    post = deliver(langfuse, tmp_path, 5)
    assert calls_of(langfuse) == [0, 1, 2, 3, 4]
    assert post.account() == {"handled": 5, "delivered": 5}
    assert list(tmp_path.iterdir()) == []


def test_two_processes_adopt_each_call_once(langfuse, tmp_path):
    """Whoever has the lock delivers; the other leaves it alone."""
    leave(langfuse, tmp_path, *range(20))
    first, second = (Post(langfuse, spool_dir=str(tmp_path)) for _ in range(2))
    langfuse.wait_for(20)
    assert first.sender.shutdown(60)
    assert second.sender.shutdown(60)
    assert sorted(calls_of(langfuse)) == list(range(20))


def test_files_are_for_their_owner_alone_whatever_the_umask(langfuse, tmp_path):
    """0700 and 0600."""
    before = os.umask(0)
    try:
        leave(langfuse, tmp_path / "spool", 1)
    finally:
        os.umask(before)
    modes = {
        stat.S_IMODE(path.stat().st_mode): path.is_dir()
        for path in ((tmp_path / "spool"), *(tmp_path / "spool").rglob("*"))
    }
    assert modes == {0o700: True, 0o600: False}


def test_a_link_in_the_place_of_the_spool_is_refused(langfuse, tmp_path, caplog):
    """The calls wait in memory, and the operator is told."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spool").symlink_to(tmp_path / "elsewhere")
    with posting(langfuse, spool_dir=str(tmp_path / "spool")) as post:
        post.send(1)
        assert post.sender.force_flush(60)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert caplog.messages == ["The spool cannot be used: Not a directory; calls wait in memory only."]


def test_a_link_in_the_place_of_a_file_is_not_followed(langfuse, tmp_path, caplog):
    """What it leads to stays as it is; the rest is delivered."""
    leave(langfuse, tmp_path, 1)
    (file,) = spool_files(tmp_path)
    (tmp_path / "outside").write_bytes(file.read_bytes())
    file.with_name("zz.spool").symlink_to(tmp_path / "outside")
    before = (tmp_path / "outside").read_bytes()
    deliver(langfuse, tmp_path, 1)
    assert calls_of(langfuse) == [1]
    assert (tmp_path / "outside").read_bytes() == before
    assert any("zz.spool is left alone" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("junk", "word"), [(b"x", "left alone"), (b"x" * 500, "left alone"), (b"LFROUTE1", "left alone")]
)
def test_a_file_that_is_not_ours_is_left_alone(langfuse, tmp_path, caplog, junk, word):
    """Told once, skipped, and still there."""
    leave(langfuse, tmp_path, 1)
    foreign = spool_files(tmp_path)[0].with_name("00.spool")
    foreign.write_bytes(junk)
    deliver(langfuse, tmp_path, 1)
    assert calls_of(langfuse) == [1]
    assert foreign.read_bytes() == junk
    assert sum(word in message for message in caplog.messages) == 1


def test_a_file_that_was_only_just_made_is_removed(langfuse, tmp_path):
    """Its process died before it wrote anything into it."""
    leave(langfuse, tmp_path, 1)
    spool_files(tmp_path)[0].with_name("00.spool").touch(0o600)
    deliver(langfuse, tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_calls_takes_its_folder_from_no_other(langfuse, tmp_path, caplog):
    """It is removed before the next one is looked at, whose calls are not left alone for it."""
    leave(langfuse, tmp_path, 1)
    empty = spool_files(tmp_path)[0].with_name("00.spool")
    empty.touch(0o600)
    empty.write_bytes(header_of("payments"))
    caplog.clear()
    deliver(langfuse, tmp_path, 1)
    assert calls_of(langfuse) == [1]
    assert caplog.messages == []
    assert list(tmp_path.iterdir()) == []


def test_every_way_to_cut_a_file_loses_only_what_was_cut(langfuse, tmp_path):
    """A record that was being written when its process died is cut off; all before it are good."""
    records = [record_of(b"x" * size, 1) for size in (0, 10, 300)]
    data = header_of("payments") + b"".join(records)
    ends = [len(header_of("payments")) + sum(map(len, records[:number])) for number in range(4)]
    for length in range(ends[0], len(data) + 1):
        content = read_content(data[:length])
        whole = sum(end <= length for end in ends[1:])
        assert (content.count, content.end, content.torn) == (whole, ends[whole], length - ends[whole])


def test_every_byte_that_changes_costs_at_most_what_stands_behind_it(tmp_path):
    """No damage makes a wrong span, and none is an error that nobody expects."""
    spans = [bytes([number]) * 20 for number in range(3)]
    data = header_of("payments") + b"".join(record_of(span, 1) for span in spans)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        try:
            content = read_content(changed)
        except ValueError:
            assert at < len(header_of("payments"))
            continue
        for run in content.runs:
            for number in range(run.count):
                start = run.start + number * (RECORD_HEAD + 20)
                assert changed[start + RECORD_HEAD : start + RECORD_HEAD + 20] in spans


def test_a_damaged_call_is_told_and_the_others_arrive(langfuse, tmp_path, caplog):
    """One byte of the second of three calls was changed."""
    leave(langfuse, tmp_path, 1, 2, 3)
    (file,) = spool_files(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"question 2", b"question X"))
    post = deliver(langfuse, tmp_path, 2)
    assert calls_of(langfuse) == [1, 3]
    assert post.account() == {"handled": 3, "delivered": 2, "dropped": {"spool_damaged": 1}}
    assert any(
        "is damaged: calls unreadable: 1, bytes without a call at its end: 0." in message for message in caplog.messages
    )


def test_a_length_that_changed_costs_its_own_call_only(langfuse, tmp_path):
    """The next call is found by how a record begins."""
    leave(langfuse, tmp_path, 1, 2, 3)
    (file,) = spool_files(tmp_path)
    data = bytearray(file.read_bytes())
    second = read_content(bytes(data)).runs[0].start
    second += size_at(bytes(data[second : second + RECORD_HEAD]))
    data[second + 9] ^= 0x40  # of the length: it reaches far behind the end of the file
    file.write_bytes(data)
    post = deliver(langfuse, tmp_path, 2)
    assert calls_of(langfuse) == [1, 3]
    assert post.account() == {"handled": 3, "delivered": 2, "dropped": {"spool_damaged": 1}}


def test_calls_of_a_project_that_comes_back_into_the_file_arrive(langfuse, tmp_path):
    """Meanwhile a process that runs does not hold them: whoever knows the project takes them."""
    leave(langfuse, tmp_path, 1, 2, project="old")
    with posting(langfuse, "new", spool_dir=str(tmp_path)) as other:
        wait_until(lambda: list(tmp_path.glob("orphans/*.spool")))
        deliver(langfuse, tmp_path, 2, projects=("old",))
        assert calls_of(langfuse, "old") == [1, 2]
        assert spool_files(tmp_path) == []
        assert other.counters.snapshot().handled == 0


def test_a_folder_that_others_use_is_not_closed_to_them(langfuse, tmp_path, caplog):
    """A spool in the place of /var/lib, say, by mistake."""
    tmp_path.chmod(0o755)
    (tmp_path / "application.db").write_text("1")
    with posting(langfuse, spool_dir=str(tmp_path)) as post:
        post.send(1)
        assert post.sender.force_flush(60)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    (message,) = caplog.messages
    why = "it holds other files, and others may look into it; name a folder within it"
    assert message == f"The spool cannot be used: {why}; calls wait in memory only."


def test_a_project_that_is_no_longer_in_the_file_keeps_its_calls(langfuse, tmp_path, caplog):
    """Renamed in routing.yaml: its calls wait, and the operator is told."""
    leave(langfuse, tmp_path, 1, project="old")
    leave(langfuse, tmp_path, 2)
    deliver(langfuse, tmp_path, 1)
    assert calls_of(langfuse) == [2]
    assert len(spool_files(tmp_path)) == 1
    assert any("for project old, which is not in the file any more" in message for message in caplog.messages)


def test_when_the_memory_is_full_calls_wait_on_disk(langfuse, tmp_path):
    """Ten times what memory holds, in order, and nothing is dropped."""
    langfuse.hang("payments")
    with posting(langfuse, spool_dir=str(tmp_path), max_queue_bytes=200_000, max_batch_spans=20) as post:
        post.send(*range(300), input="x" * 5_000)
        langfuse.heal()
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 300, "delivered": 300}
    assert list(dict.fromkeys(calls_of(langfuse))) == list(range(300))


def test_a_call_larger_than_the_memory_goes_by_way_of_the_disk(langfuse, tmp_path):
    """In memory alone it would be dropped; those before it in line arrive before it."""
    with posting(langfuse, spool_dir=str(tmp_path), max_queue_bytes=100_000) as post:
        post.send(1)
        post.send(2, input="x" * 200_000)
        post.send(3)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 3, "delivered": 3}
    assert calls_of(langfuse) == [1, 2, 3]


def test_a_full_spool_is_told_once_and_calls_wait_in_memory(langfuse, tmp_path, caplog):
    """And it is used again once there is room."""
    caplog.set_level(logging.INFO, "router")
    with posting(langfuse, spool_dir=str(tmp_path), spool_max_bytes=100_000) as post:
        post.send(*range(40), input="x" * 5_000)
        assert post.sender.force_flush(60)
        post.send(40)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 41, "delivered": 41}
    assert [message for message in caplog.messages if "spool" in message] == [
        "The spool takes no calls: ROUTER_SPOOL_MAX_BYTES is reached; they wait in memory only.",
        "The spool takes calls again.",
    ]


def test_refused_keys_keep_the_calls_until_somebody_mends_them(langfuse, tmp_path, caplog):
    """Without a spool they would be dropped."""
    langfuse.fail("payments", 401)
    with posting(langfuse, spool_dir=str(tmp_path), flush_interval_secs=0) as post:
        post.send(1, 2)
        langfuse.wait_for_requests(2)
        assert post.account() == {"handled": 2, "in_flight": 2}
        langfuse.heal("payments")
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 2, "delivered": 2}
    assert sum("HTTP 401, check the keys of the project" in message for message in caplog.messages) == 1


SEND = """
import os, sys
from tests.masked_calls import Post
from router.testing import FakeLangfuse

langfuse = FakeLangfuse(port=int(sys.argv[1]))
post = Post(langfuse, spool_dir=sys.argv[2], flush_interval_secs=0.002)
{limit}
for number in range({calls}):
    post.send(number)
    os.write(1, b"%d\\n" % number)
{end}
"""


def start(langfuse: FakeLangfuse, folder: Path, checkout: Path, **parts: object) -> subprocess.Popen[bytes]:
    """Start a process that sends calls through a spool and writes the number of each that it has accepted."""
    script = SEND.format(**{"limit": "", "calls": 10**9, "end": "", **parts})
    arguments = [sys.executable, "-c", script, langfuse.url.rpartition(":")[2], str(folder)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=checkout)


DISK_FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
"""
UNREACHABLE = """
post.sender.shutdown(0.2)
print(post.counters.snapshot().to_json()["dropped"], post.counters.snapshot().spooled)
"""


def test_a_full_disk_leaves_whole_records_and_is_told_once(langfuse, tmp_path, checkout):
    """The operating system refuses to let the file grow: what was written arrives later, the rest waits in memory."""
    langfuse.fail("payments", 503)
    process = start(langfuse, tmp_path, checkout, limit=DISK_FULL, calls=60, end=UNREACHABLE)
    out, err = process.communicate(timeout=200)
    spooled = int(out.split()[-1])
    assert out.decode().splitlines()[-1] == f"{{'shutdown': {60 - spooled}}} {spooled}"
    assert err.decode().count("The spool takes no calls: file too large; they wait in memory only.") == 1
    langfuse.heal("payments")
    deliver(langfuse, tmp_path, spooled)
    assert calls_of(langfuse) == list(range(spooled))


FORK = """
import os
post.sender.force_flush(10)
child = os.fork()
if not child:
    post.send(100)
    os._exit(0 if post.sender.shutdown(10) and post.counters.snapshot().delivered == 1 else 1)
status = os.waitpid(child, 0)[1]
post.sender.shutdown(10)
print(status, post.counters.snapshot().delivered, sorted(os.listdir(sys.argv[2])))
"""


def test_a_forked_child_has_a_spool_of_its_own(langfuse, tmp_path, checkout):
    """The child's end neither adopts nor removes what its parent still holds."""
    process = start(langfuse, tmp_path, checkout, calls=3, end=FORK)
    out, err = process.communicate(timeout=200)
    assert err == b""
    assert out.decode().splitlines()[-1] == "0 3 []"
    assert sorted(calls_of(langfuse)) == [0, 1, 2, 100]


def test_only_what_was_masked_is_written(tmp_path):
    """The files hold neither what a mask hides nor a key; they do hold what it leaves."""
    text = (
        "version: 1\nprojects: {pay: {env: PAY_LF}}\n"
        "masks: {mails: [{detect: [email]}]}\nrules: [{id: all, route: pay, mask: [mails]}]\n"
    )
    (tmp_path / "routing.yaml").write_text(text, "utf-8")
    with FakeLangfuse() as langfuse:
        langfuse.fail("pay", 503)
        settings = {"ROUTER_SPOOL_DIR": str(tmp_path / "spool"), "ROUTER_FLUSH_INTERVAL_SECS": "0"}
        environ = langfuse.environ("PAY_LF") | settings
        router = Router.from_file(tmp_path / "routing.yaml", environ=environ)
        router.log(make_record(input={"messages": [{"role": "user", "content": "canary@example.com asks for tea"}]}))
        langfuse.wait_for_requests(1)
        router.shutdown(0.5)
    (file,) = spool_files(tmp_path)
    written = file.read_bytes()
    assert b"asks for tea" in written
    assert b"canary" not in written
    assert b"sk-lf-" not in written
    assert router.stats().projects["pay"].to_json()["spooled"] == 1
