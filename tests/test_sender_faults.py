"""What the sender does when Langfuse does not answer 200: over real sockets, against real faults."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from router.delivery.backlog import Backlog
from router.delivery.compression import gunzip
from router.delivery.decode import decode_request
from router.delivery.retry import Answer, judge, parse_retry_after, pause
from router.testing import FakeLangfuse
from tests.masked_calls import Post, posting, texts, wait_until


@pytest.fixture
def langfuse():
    with FakeLangfuse() as fake:
        yield fake


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_succeed_later_is_sent_again_with_the_same_bytes(langfuse, status):
    """Three requests, one delivery; identical bytes become one row in Langfuse."""
    langfuse.fail("payments", status, times=2)
    with posting(langfuse) as post:
        post.send(1, 2)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 2, "delivered": 2}
    requests = langfuse.requests()
    assert [request.status for request in requests] == [status, status, 200]
    assert len({request.body for request in requests}) == 1


def test_a_connection_that_is_reset_is_tried_again(langfuse):
    """Like a status that asks for patience."""
    langfuse.reset("payments", times=2)
    with posting(langfuse) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "delivered": 1}


def test_a_request_without_an_answer_is_given_up_and_tried_again(langfuse):
    """A server that hangs once costs one timeout."""
    langfuse.hang("payments", times=1)
    with posting(langfuse, timeout_secs=0.1) as post:
        post.send(1)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "delivered": 1}


def test_retry_after_is_obeyed(langfuse):
    """The server asks for a second, the sender's own pause is a hundredth."""
    langfuse.fail("payments", 429, retry_after="1", times=1)
    with posting(langfuse, flush_interval_secs=0) as post:
        start = time.monotonic()
        post.send(1)
        langfuse.wait_for(1)
        assert time.monotonic() - start >= 1.0


def test_a_flush_does_not_sleep_through_a_pause(langfuse):
    """The next retry is an hour away when somebody flushes."""
    langfuse.fail("payments", 503, times=1)
    with posting(langfuse, retry_min_secs=3600, retry_max_secs=3600, flush_interval_secs=0) as post:
        post.send(1)
        langfuse.wait_for_requests(1)
        assert post.sender.force_flush(20)
        assert post.account() == {"handled": 1, "delivered": 1}


def test_projects_that_hang_do_not_delay_the_others(langfuse):
    """Twenty of forty never answer; the other twenty have everything at once."""
    bad = [f"bad-{number}" for number in range(20)]
    good = [f"good-{number}" for number in range(20)]
    for name in bad:
        langfuse.hang(name)
    with posting(langfuse, *bad, *good, flush_interval_secs=0, timeout_secs=3600) as post:
        for name in [*bad, *good]:
            post.send(1, 2, project=name)
        for name in good:
            langfuse.wait_for(2, project=name)
        assert all("delivered" not in post.account(name) for name in bad)


def test_projects_that_failed_never_take_all_connections(langfuse):
    """After a failure, projects share half of the connections; when they hang then, the other half stays free."""
    bad = [f"bad-{number}" for number in range(8)]
    for name in bad:
        langfuse.reset(name)
    with posting(langfuse, *bad, "good", flush_interval_secs=0, max_connections=5, timeout_secs=3600) as post:
        for name in bad:
            post.send(1, project=name)
        for name in bad:
            langfuse.wait_for_requests(2, project=name)
        for name in bad:
            langfuse.hang(name)
        langfuse.clear()
        langfuse.wait_for_requests(2)
        post.send(1, project="good")
        langfuse.wait_for(1, project="good")


@pytest.mark.parametrize("project_id", [None, "p-1"], ids=["calls", "questions"])
@pytest.mark.parametrize("hosts", [1, 3], ids=["one host", "three hosts"])
def test_hosts_that_hang_never_keep_all_connections(langfuse, hosts, project_id):
    """Not even when all of their projects begin to hang at once; nor when they are asked whose keys they have."""
    names = [f"hangs-{number}" for number in range(12)]
    with (
        contextlib.ExitStack() as silent,
        posting(langfuse, *names, "good", flush_interval_secs=0, max_connections=5, timeout_secs=3600) as post,
    ):
        ports = [
            silent.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64)).getsockname()[1]
            for _ in range(hosts)
        ]
        for number, name in enumerate(names):
            host = f"http://127.0.0.1:{ports[number % hosts]}"
            post.projects[name] = langfuse.project(name, host=host, project_id=project_id, server="v4")
            post.send(1, project=name)
        wait_until(lambda: post.sender._exporter is not None and len(post.sender._exporter._flights) == len(names))
        post.send(1, project="good")
        langfuse.wait_for(1, project="good")
        assert not any(post.account(name).get("delivered") for name in names)


def test_a_request_that_is_too_large_is_halved_until_it_fits(langfuse):
    """Every call arrives once."""
    langfuse.limit("payments", max_bytes=6_000)
    with posting(langfuse) as post:
        for number, text in enumerate(texts(8, 4_000)):
            post.send(number, input=text)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 8, "delivered": 8}
    assert [span.metadata["litellm_call_id"] for span in langfuse.spans()] == [f"call-{number}" for number in range(8)]
    assert {request.status for request in langfuse.requests()} == {413, 200}


def test_a_call_that_even_cut_is_too_large_is_dropped_and_the_rest_arrives(langfuse):
    """Its neighbours in the batch do not pay."""
    langfuse.limit("payments", max_bytes=3_000)
    with posting(langfuse) as post:
        small = texts(2, 1_000)[0]
        many = {f"key{number}": text for number, text in enumerate(texts(200, 400))}
        post.send(1, input=small)
        post.send(2, input=small, generation={"name": "n", "metadata": many})
        post.send(3, input=small)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 3, "delivered": 2, "dropped": {"too_large": 1}}


def test_a_single_call_that_is_too_large_is_cut_until_it_fits(langfuse):
    """Its longest texts end in a mark that says how long they were; its ids, times and its short texts stay."""
    langfuse.limit("payments", max_bytes=60_000)
    with posting(langfuse) as post:
        post.send(1, input=texts(1, 400_000)[0], output="short")
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "delivered": 1}
    (span,) = langfuse.spans()
    assert re.search(r"… \[cut: [0-9]+ bytes\]$", span.input)
    assert (span.output, span.metadata["litellm_call_id"], span.span_id) == ("short", "call-1", f"{2:016x}")


def test_one_call_that_is_refused_does_not_take_its_batch_with_it(langfuse):
    """A server that answers 400 says nothing about which span it meant: the batch is halved down to it."""
    langfuse.refuse("payments", containing="poison")
    with posting(langfuse) as post:
        for number in range(40):
            post.send(number, input="poison" if number == 17 else "fine")
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 40, "delivered": 39, "dropped": {"rejected": 1}}
    assert [span.metadata["litellm_call_id"] for span in langfuse.spans()] == [
        f"call-{number}" for number in range(40) if number != 17
    ]


def test_a_server_that_refuses_everything_is_not_asked_for_each_call(langfuse):
    """After many refusals in a row the rest of the batch is given up."""
    langfuse.fail("payments", 400)
    with posting(langfuse) as post:
        for number in range(200):
            post.send(number)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 200, "dropped": {"rejected": 200}}
    assert len(langfuse.requests()) < 90


@pytest.mark.parametrize("status", [401, 503])
def test_flushes_do_not_switch_the_breaker_off(langfuse, status):
    """A flush behind each call, as of an application that is short-lived by the request: two requests a second."""
    langfuse.fail("payments", status)
    with posting(langfuse, retry_min_secs=0.5, retry_max_secs=30) as post:
        start = time.monotonic()
        for number in range(40):
            post.send(number)
            post.sender.force_flush(0.02)
        assert len(langfuse.requests()) <= 2 + (time.monotonic() - start) / 0.5
        langfuse.heal("payments")
        assert post.sender.force_flush(20)
        assert post.account() == {"handled": 40, "delivered": 40}


def test_a_server_may_ask_for_an_hour_of_patience_at_most(langfuse):
    """A year would be a mistake of its clock; more than an hour is believed where the setting allows it."""
    for longest, most in ((30, 3_600), (7_200, 7_200)):
        with posting(langfuse, retry_max_secs=longest) as post:
            post.send(1)
            wait_until(lambda: post.sender._exporter is not None)
            exporter = post.sender._exporter
            assert exporter is not None
            assert exporter._next_pause(Backlog("payments"), 31_536_000.0) == most
            assert exporter._next_pause(Backlog("payments"), 5_000.0) == min(5_000, most)


@pytest.mark.parametrize("status", [401, 403, 404, 307])
def test_what_only_an_operator_can_change_is_held_back(langfuse, status):
    """A redirect is not followed. A flush asks once more, and waits for nothing that it cannot help."""
    langfuse.fail("payments", status)
    with posting(langfuse, flush_interval_secs=0, retry_min_secs=3600, retry_max_secs=3600) as post:
        post.send(1, 2)
        langfuse.wait_for_requests(1)
        start = time.monotonic()
        assert not post.sender.force_flush(200)
        assert time.monotonic() - start < 100
        assert post.account() == {"handled": 2, "in_flight": 2}
        langfuse.heal("payments")
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 2, "delivered": 2}
    assert {request.path for request in langfuse.requests()} == {"/api/public/otel/v1/traces"}


def test_a_flush_asks_what_is_held_back_once(langfuse, monkeypatch):
    """However long it waits for another project."""
    monkeypatch.setattr("router.delivery.exporter._FLUSH_GAP_SECS", 0.01)
    langfuse.fail("payments", 401)
    langfuse.slow("slow", seconds=0.2)
    with posting(langfuse, "payments", "slow", retry_min_secs=3600, retry_max_secs=3600) as post:
        post.send(1)
        assert not post.sender.force_flush(20)
        post.send(2, project="slow")
        assert not post.sender.force_flush(0.4)
        assert [request.project for request in langfuse.requests()].count("payments") == 2


def test_what_is_held_back_is_dropped_after_the_maximum_age(langfuse):
    """Under its own reason; a server that refuses is not asked for each of the calls."""
    langfuse.fail("payments", 401)
    with posting(langfuse, max_age_secs=0.2, retry_min_secs=0.1, retry_max_secs=0.1) as post:
        post.send(*range(50))
        post.sender.force_flush(10)
        wait_until(lambda: post.account().get("dropped") == {"rejected": 50})
    assert len(langfuse.requests()) < 10


def test_what_is_held_back_at_the_end_is_dropped_for_what_held_it(caplog):
    """The end does not wait for it."""
    with FakeLangfuse(projects=["other"]) as langfuse:
        post = Post(langfuse)
        post.send(1)
        start = time.monotonic()
        assert not post.sender.shutdown(200)
        assert time.monotonic() - start < 100
        assert post.account() == {"handled": 1, "dropped": {"rejected": 1}}
    assert (
        lines(caplog)[-1] == "1 call to project payments dropped (rejected): HTTP 401, check the keys of the project."
    )


# -- the circuit breaker -------------------------------------------------------------------------------


def test_after_failures_in_a_row_one_call_is_tried_alone(langfuse):
    """Three whole batches, then single calls until one arrives, then the rest at once; all of it identical."""
    langfuse.fail("payments", 503, times=6)
    with posting(langfuse, retry_min_secs=0.01, retry_max_secs=0.02) as post:
        post.send(*range(20), input=texts(1, 2_000)[0])
        assert post.sender.circuits() == {"payments": "closed"}
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 20, "delivered": 20}
        assert post.sender.circuits() == {"payments": "closed"}
    requests = langfuse.requests()
    assert [request.status for request in requests] == [503] * 6 + [200] * 2
    assert [len(decode_request(gunzip(request.body))) for request in requests] == [20] * 3 + [1] * 4 + [19]
    assert len({request.body for request in requests[:3]}) == len({request.body for request in requests[3:7]}) == 1
    assert [span.metadata["litellm_call_id"] for span in langfuse.spans()] == [f"call-{n}" for n in range(20)]


def test_the_state_of_a_circuit_can_be_seen(langfuse):
    """Open while it pauses, half open while the one call is on its way, closed once that has arrived."""
    langfuse.fail("payments", 503)
    with posting(langfuse, flush_interval_secs=0, retry_min_secs=0.01, retry_max_secs=3600) as post:
        post.send(1, 2)
        langfuse.wait_for_requests(2)
        assert post.sender.circuits() == {"payments": "closed"}
        langfuse.fail("payments", 429, retry_after="3600")
        langfuse.wait_for_requests(3)
        wait_until(lambda: post.sender.circuits() == {"payments": "open"})
        langfuse.hang("payments")
        flushing = threading.Thread(target=post.sender.force_flush, args=(10,))
        flushing.start()
        langfuse.wait_for_requests(4)
        assert post.sender.circuits() == {"payments": "half_open"}
        langfuse.heal("payments")
        flushing.join()
        assert post.sender.circuits() == {"payments": "closed"}
        assert post.account() == {"handled": 2, "delivered": 2}


def test_calls_that_are_too_old_are_not_tried_while_a_circuit_is_open(langfuse):
    """A long outage ends for each of them without a request of its own."""
    langfuse.fail("payments", 503)
    with posting(langfuse, max_age_secs=0.3, max_batch_spans=10, retry_min_secs=0.2, retry_max_secs=0.2) as post:
        start = time.monotonic()
        post.send(*range(500))
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 500, "dropped": {"unreachable": 500}}
        assert len(langfuse.requests()) <= 2 + (time.monotonic() - start) / 0.1


def test_a_server_that_is_not_there_is_given_up_after_the_maximum_age(langfuse):
    """Nothing listens on that port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with posting(langfuse, max_age_secs=0.2) as post:
        post.projects["payments"] = langfuse.project("payments", host=f"http://127.0.0.1:{port}")
        post.send(1)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "dropped": {"unreachable": 1}}


@pytest.mark.parametrize("host", ["no-url", "http://", "http://\n"])
def test_a_host_that_is_no_url_is_counted(langfuse, host):
    """The check refuses it; the sender survives it."""
    post = Post(langfuse)
    post.projects["payments"] = langfuse.project("payments", host=host)
    post.send(1)
    assert not post.sender.shutdown(10)
    assert sum(post.account()["dropped"].values()) == 1


def test_a_host_with_a_slash_at_its_end_is_the_same_host(langfuse):
    """A double slash would be answered by a redirect."""
    with posting(langfuse) as post:
        post.projects["payments"] = langfuse.project("payments", host=langfuse.url + "/")
        post.send(1)
        assert post.sender.force_flush(60)
        assert post.account() == {"handled": 1, "delivered": 1}


# -- what operators read -------------------------------------------------------------------------------


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "router"]


def test_an_outage_is_one_line_and_its_end_another(langfuse, caplog):
    """However many retries and calls there are; without content and without keys."""
    caplog.set_level(logging.INFO, logger="router")
    langfuse.fail("payments", 503, times=5)
    with posting(langfuse, max_batch_spans=1) as post:
        post.send(1, 2, 3, input="secret words")
        assert post.sender.force_flush(60)
    waiting, again = lines(caplog)
    assert re.fullmatch(r"[1-3] calls? to project payments waiting for [0-9]+ s: HTTP 503\.", waiting)
    assert again == "Project payments can be reached again."


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (405, "HTTP 405"),
        (401, "HTTP 401, check the keys of the project"),
        (308, "HTTP 308, a redirect: check the host of the project"),
    ],
)
def test_a_refusal_says_what_to_look_at(langfuse, caplog, status, cause):
    """Once, with how many calls wait for it, as an error; and at the end with how many it cost."""
    langfuse.fail("payments", status)
    with posting(langfuse, max_batch_spans=2) as post:
        post.send(1, 2, 3, 4)
        assert not post.sender.force_flush(10)
        assert not post.sender.force_flush(10)
    waiting, lost = lines(caplog)
    assert re.fullmatch(rf"[2-4] calls to project payments waiting for \d+ s: {re.escape(cause)}\.", waiting)
    assert lost == f"4 calls to project payments dropped (rejected): {cause}."
    assert {record.levelname for record in caplog.records} == {"ERROR"}


def test_a_connection_that_fails_is_named_by_its_kind_only(langfuse, caplog):
    """No address, no text of a foreign exception."""
    langfuse.reset("payments", times=1)
    with posting(langfuse) as post:
        post.send(1)
        assert post.sender.force_flush(60)
    assert re.fullmatch(
        r"1 call to project payments waiting for \d+ s: "
        r"(ServerDisconnectedError|ClientOSError: Connection reset by peer)\.",
        lines(caplog)[0],
    )


def test_calls_lost_at_the_end_are_told(langfuse, caplog):
    """Nobody should have to compare two dashboards."""
    langfuse.hang()
    post = Post(langfuse)
    post.send(1, 2)
    assert not post.sender.shutdown(0.2)
    assert lines(caplog) == ["2 calls dropped (shutdown): not delivered within 0.2 s."]


# -- judging, without a network ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (301, "rejected"),
        (400, "refused"),
        (408, "retry"),
        (413, "too_large"),
        (404, "rejected"),
        (422, "refused"),
        (429, "retry"),
        (500, "retry"),
        (599, "retry"),
    ],
)
def test_a_status_has_one_meaning(status, verdict):
    """For every class of answers."""
    assert judge(status).verdict == verdict


def test_retry_after_has_two_forms():
    """Seconds, or a date; anything else says nothing."""
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    assert parse_retry_after("120") == 120
    assert parse_retry_after("Mon, 23 Nov 2026 12:00:30 GMT", now) == 30
    assert parse_retry_after("Mon, 23 Nov 2026 11:00:00 GMT", now) == 0
    assert parse_retry_after("soon") is None
    assert parse_retry_after("-5") is None
    assert parse_retry_after(None) is None
    assert judge(429, "7") == Answer("retry", "HTTP 429", 7)


def test_pauses_double_up_to_a_limit_and_spread_by_half():
    """The chance takes up to half of a pause away."""
    assert [pause(failures, 0.5, 30, 0) for failures in (1, 2, 3, 8, 1000)] == [0.5, 1, 2, 30, 30]
    assert [pause(failures, 0.5, 30, 1) for failures in (1, 2, 3, 8)] == [0.25, 0.5, 1, 15]
