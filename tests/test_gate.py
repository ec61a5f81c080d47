"""The gate: what tells which detectors find nothing never withholds a text from one that finds something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.masking.detectors import Gate, builtin_detectors
from router.masking.detectors.detector import Gated, Screened, parts_of
from router.masking.patterns import (
    ISSUED_TOKENS,
    TOKENS_BY_THEIR_MIDDLE,
    can_be_asked,
    compile_bytes,
    end_at,
    first_span,
    groups_at,
    loosened,
    spans,
)
from router.masking.phones import NUMBER, find_phones, phones_among
from tests.masks import found_by

DETECTORS = builtin_detectors()
PARTS = [part for each in DETECTORS.values() for part in parts_of(each)]
GATE = Gate(PARTS)
FINDS = {
    "email": "jane@example.org",
    "phone": "+49 30 23125 777",
    "credit_card": "4111 1111 1111 1111",
    "iban": "_DE89 3704 0044 0532 0130 00",
    "us_ssn": "536-90-4399",
    "ip": "2001:db8::1 203.0.113.7",
    "mac": "aa:bb:cc:dd:ee:01",
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE",
    "api_key": "sk-proj-Zt8w3Xv1Qm5Rk7Lp2Nc9Ub4Ha6Dy",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "auth_header": "Authorization: Bearer abcdefghij0123456789",
    "url_credentials": "https://user:hunter2@db.example",
    "secret_value": 'client_secret = "suDtTGRsIvXtkI8"',
}
TOLD = (
    "the password is hunter22x",
    "| token | Zt8w3Xv1Qm5R |",
    "ENV DB_PW Zt8w3Xv1Qm",
    "identified by 'Zt8w3Xv1Qm'",
    "access_id=Zt8w3Xv1Qm5R",
    "mysql -pZt8w3Xv1Qm",
    "redis-cli -a Zt8w3Xv1Qm",
    "docker login -p Zt8w3Xv1Qm",
    '"zip", "-P", "Zt8w3Xv1Qm"',
    'Login("bo", "Zt8w3Xv1Qm")',
    "echo Zt8w3Xv1Qm | sudo -S",
    "net user bo Zt8w3Xv1Qm /add",
    "API key: Zt8w3Xv1Qm5R",
    "密码：Zt8w3Xv1Qm",
    "Kennwort Zt8w3Xv1Qm",
    "user,senha\nbo,Zt8w3Xv1Qm",
    " -p",
    " -a ",
    "user_sk,",
    "_pat\n",
    " /p:",
)
NUMBERS = (
    "call 555 0123 44",
    "call 5550123",
    "555 0123 44 (office)",
    "home: ",
    "text ",
    ", fax",
    "(415) 555-2671",
    "030/23125 777",
    "0049 30 23125 777",
    "+ (49) 30 23125 777",
    "4111\t1111  1111 - 1111",
    "4111 1111\n11111111",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "3782 822463 10005",
    "12 34 56",
    "1234567",
    "(0",
    "+",
    "00",
)
GLUE = (
    *" \n-./()+,:_$%a0",
    "phone",
    "call ",
    "office",
    "home",
    "fax: ",
    "2026-03-14",
    "415 555 2671",
    "words between " * 5,
)
PIECES = [
    *TOLD,
    *NUMBERS,
    *FINDS.values(),
    " ",
    "",
    "\n",
    "-",
    ".",
    ":",
    "@",
    "1",
    "a",
    "é",
    "key=",
    '"',
    "\\n",
    "x@2x.png",
    "--token ",
    "4",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=6).map("".join))
def test_what_finds_something_is_not_taken_for_clean(text: str) -> None:
    """For any text, joined of finds, parts of them and anything else."""
    data = text.encode("utf-8", "replace")
    clean = GATE.clean(data)
    assert [each.name for each in clean if found_by(each, data)] == []


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=3).map("".join), max_size=4))
def test_of_several_texts_none_is_taken_for_clean_that_is_not(texts: list[str]) -> None:
    """Though all of them are looked at together first."""
    parts = [text.encode() for text in texts]
    told = zip(parts, GATE.clean_each(parts), strict=True)
    assert [each.name for part, clean in told for each in clean if found_by(each, part)] == []


@given(st.lists(st.sampled_from([*NUMBERS, *GLUE]) | st.text(max_size=3), max_size=16).map("".join))
def test_a_telephone_number_stands_near_a_sign_of_one(text: str) -> None:
    """So that nobody has to look at all the other numbers of a text."""
    data = text.encode("utf-8", "replace")
    assert [*filter(None, find_phones(data))] == [*filter(None, phones_among(spans(NUMBER, data), data))]


@pytest.mark.parametrize("name", FINDS)
def test_most_detectors_are_clean_for_what_another_one_finds(name: str) -> None:
    """Or the gate would be of no use; and a text of words is clean for all of them."""
    found = set(GATE.clean(FINDS[name].encode()))
    assert found_by(DETECTORS[name], FINDS[name].encode())
    assert not found.issuperset(part for part in parts_of(DETECTORS[name]) if isinstance(part, (Gated, Screened)))
    assert len(found) >= len(FINDS) - 4
    assert {each.name for each in GATE.clean(b"The weather is fine, he said.")} == set(FINDS)


@given(st.data())
def test_a_token_shows_the_sign_of_tokens(data: st.DataObject) -> None:
    """Whatever issuer's pattern it was made of: the sign is made of the same patterns, and counts less far."""
    source = data.draw(st.sampled_from([*ISSUED_TOKENS, *(middle for middle, _ in TOKENS_BY_THEIR_MIDDLE)]))
    token = data.draw(st.from_regex(source, fullmatch=True, alphabet=st.characters(max_codepoint=0x7F)))
    assert compile_bytes(loosened(source)).search(token.encode())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("on 2026-03-14 at 10:30, 12 345 678 of 90 123 456 rows", "phone"),
        ("trace 0f8fad5b-d9cb-469f-a165-70867728950e, 5e141933554a0b74e7341841f318be21e895339c", "phone"),
        ("trace 0f8fad5b-d9cb-469f-a165-70867728950e, at 1712345678 in 12 34 56 78 90 12 places", "credit_card"),
    ],
)
def test_numbers_of_other_kinds_are_clean(text: str, name: str) -> None:
    """Dates, counts and ids stand in most texts; nobody has to look at each."""
    assert name in {each.name for each in GATE.clean(text.encode())}


@pytest.mark.parametrize("given_up", [(), None, [0]], ids=["nothing", "none", "without the last"])
def test_where_re2_gives_up_nothing_is_clean(given_up: Any) -> None:
    """It says of no sign that it stands there; the last, which stands in every text, tells that from a clean text."""
    text = b"The weather is fine."
    kept = {part for part in PARTS if isinstance(part, Gated)}
    assert set(Gate(PARTS, lambda signs: lambda text: given_up).clean(text)).isdisjoint(kept)
    assert set(Gate(PARTS, lambda signs: lambda text: [len(signs)]).clean(text)).issuperset(kept)


@pytest.mark.parametrize("direct", [None, True, False])
@given(st.text(max_size=40), st.integers(0, 5), st.sampled_from(["a+", "[0-9]{2,}", "é|b", "ab|a", "b*"]))
def test_spans_are_those_of_finditer(direct: bool | None, text: str, position: int, source: str) -> None:
    """google-re2's own, from any position on, also empty ones; whether RE2 can be asked past its objects or not."""
    pattern, data = compile_bytes(source.encode().decode("latin-1")), text.encode("utf-8", "replace") + b"aab12ab"
    expected = [match.span() for match in pattern.finditer(data, position)]
    assert list(spans(pattern, data, position, direct=direct)) == expected
    assert first_span(pattern, data, len(data) + 1, direct=direct) is None


@pytest.mark.parametrize("direct", [None, True, False])
@given(
    st.text(max_size=20), st.integers(0, 5), st.integers(0, 9), st.sampled_from(["(a)|(ab)(1?)", "(b*)(a)?", "é|(b)"])
)
def test_the_match_at_a_place_is_that_of_match(
    direct: bool | None, text: str, position: int, more: int, source: str
) -> None:
    """Its end, and the spans of its groups."""
    data = b"aab1b" + text.encode("utf-8", "replace")
    pattern = compile_bytes(source.encode().decode("latin-1"), captures=True)
    latest = position + more
    match = pattern.match(data, position, min(latest, len(data)))
    expected = [match.span(group) if match else (-1, -1) for group in range(pattern.groups + 1)]
    assert list(groups_at(pattern, data, position, latest, direct=direct)) == expected
    ends = compile_bytes(source.encode().decode("latin-1"), longest=False)
    assert end_at(ends, data, position, latest, direct=direct) == expected[0][1]


def answering(answer: Any) -> Any:
    """Return a pattern whose inner one gives an answer of its own."""
    return SimpleNamespace(_regexp=SimpleNamespace(Match=lambda *arguments: answer))


@pytest.mark.parametrize("pattern", [object(), *map(answering, ([(1, 3)], [[1, 3]], ()))])
def test_a_pattern_of_another_form_is_not_asked_directly(pattern: Any) -> None:
    """As a later google-re2 may have it; this one can be asked."""
    assert not can_be_asked(pattern)
    assert can_be_asked(compile_bytes("b+"))
