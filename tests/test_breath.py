"""Masking lets other threads in: between texts, and within one that is full of what has to be looked at."""

from __future__ import annotations

import json
from itertools import count

import pytest
from pydantic import SecretStr

from router.config import load_text
from router.config.loaded import ResolvedProject
from router.delivery import call_pieces
from router.masking import MaskingPolicies, breath, mask_text, seal
from router.routing.plan import Plan
from router.routing.record import CallRecord

PROJECT = ResolvedProject("p", "pk-lf-1", SecretStr("sk-lf-1"), "https://langfuse.example")
TIMES = 200
POLICIES = MaskingPolicies.compile(
    load_text("""\
version: 1
projects: { p: { env: P } }
rules: [{ id: rest, route: p }]
masks: { all: [{ detect: [secrets, pii] }] }
""").masks,
    {},
)
DENSE = {
    "short strings in JSON": json.dumps([f"text {number}" for number in range(TIMES)]),
    "cards": "card 4111 1111 1111 1111, " * TIMES,
    "groups that are no cards": "4111 1111 1111 1112, " * TIMES,
    "phones": "call +49 30 23125 777, " * TIMES,
    "numbers that are no phones": "at 2026-03-14 12345; " * TIMES + "call +49 30 23125 777",
    "account numbers": "DE89 3704 0044 0532 0130 00, " * TIMES,
    "social security numbers": "536-90-4399, " * TIMES,
    "addresses": "203.0.113.7, " * TIMES,
    "addresses of version 6": "2001:db8::1, " * TIMES,
    "network cards": "aa:bb:cc:dd:ee:01, " * TIMES,
    "mail": "jane@example.org, " * TIMES,
    "tokens": "sk-proj-Zt8w3Xv1Qm5Rk7Lp2Nc9Ub4Ha6Dy, " * TIMES,
    "base64": "eyJhbGciOiJIUzI1NiJ9eyJzdWIi, " * TIMES,
    "names of secrets": "password: " * TIMES,
    "names in a row": "->key" * 2 * TIMES,
    "passwords": "password = Zt8w3Xv1Qm5\n" * TIMES,
    "options": "mysql" + " -p" * 2 * TIMES,
    "headers": "Authorization: Bearer abcdefghij0123456789\n" * TIMES,
    "disguised characters": "a\u200bb\u00a0" * TIMES,
}


@pytest.mark.parametrize("name", DENSE)
def test_other_threads_get_their_turn_within_a_text(name: str) -> None:
    """Once for each thing that is looked at, whether it is a find or not."""
    pauses: list[float] = []
    # A clock that is so late each time makes a pause of every breath.
    mask_text(DENSE[name], POLICIES, ["all"], breathe=breath(count().__next__, pauses.append))
    assert len(pauses) >= TIMES


def test_other_threads_get_their_turn_within_a_row_of_digits() -> None:
    """Of which every group may begin a card number."""
    pauses: list[float] = []
    text = "1 " * 50_000
    assert mask_text(text, POLICIES, ["all"], breathe=breath(count().__next__, pauses.append))[0] == text
    assert len(pauses) >= len(text) // 8_192


@pytest.mark.parametrize("name", DENSE)
def test_breathing_changes_nothing(name: str) -> None:
    """What is found is what is found without."""
    breathe = breath(lambda: 0.0, lambda secs: None)
    assert mask_text(DENSE[name], POLICIES, ["all"], breathe=breathe) == mask_text(DENSE[name], POLICIES, ["all"])


def test_a_call_is_sealed_with_breaths() -> None:
    """In every field of it, in the second masking where a value has to be hidden everywhere, and in the last check."""
    pauses: list[float] = []
    record = CallRecord(call_id="c-1", input=DENSE["mail"], output="jane@example.org")
    clock = count().__next__  # so late each time that every breath is one
    seal(
        record,
        Plan(rule="r", route=("p",), masks={"p": ("all",)}),
        "p",
        POLICIES,
        lambda masked: call_pieces(masked, PROJECT),
        breathe=breath(clock, pauses.append),
    )
    assert len(pauses) > TIMES
    assert set(pauses) == {pauses[0]}
    assert 0 < pauses[0] < 0.001


@pytest.mark.parametrize(("passed", "pauses"), [(0.0019, 0), (0.0021, 1)])
def test_a_breath_pauses_when_two_milliseconds_have_passed(passed: float, pauses: int) -> None:
    """And then not again before as many have passed since it was over."""
    now = 0.0
    slept: list[float] = []
    breathe = breath(lambda: now, slept.append)
    for _ in range(3):
        breathe()
    now += passed
    for _ in range(3):
        breathe()
    assert len(slept) == pauses
