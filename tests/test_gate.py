"""The gate: what tells which detectors find nothing never withholds a text from one that finds something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.masking.detectors import Gate, builtin_detectors
from router.masking.patterns import compile_bytes, spans

DETECTORS = builtin_detectors()
GATE = Gate(DETECTORS.values())
FINDS = {
    "email": "jane@example.org",
    "phone": "+49 30 23125 777",
    "credit_card": "4111 1111 1111 1111",
    "iban": "_DE89 3704 0044 0532 0130 00",
    "us_ssn": "536-90-4399",
    "ip": "2001:db8::1 203.0.113.7",
    "mac": "aa:bb:cc:dd:ee:01",
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE",
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
)
PIECES = [
    *TOLD,
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
    assert [each.name for each in clean if each.find(data)] == []


@pytest.mark.parametrize("name", FINDS)
def test_most_detectors_are_clean_for_what_another_one_finds(name: str) -> None:
    """Or the gate would be of no use; and a text of words is clean for all of them."""
    found = GATE.clean(FINDS[name].encode())
    assert DETECTORS[name].find(FINDS[name].encode())
    assert DETECTORS[name] not in found
    assert len(found) >= len(FINDS) - 4
    assert {each.name for each in GATE.clean(b"The weather is fine, he said.")} == set(FINDS)


@given(st.text(max_size=40), st.integers(0, 5), st.sampled_from(["a+", "[0-9]{2,}", "é|b", "ab|a", "b*"]))
def test_spans_are_those_of_finditer(text: str, position: int, source: str) -> None:
    """google-re2's own, from any position on, also empty ones."""
    pattern, data = compile_bytes(source.encode().decode("latin-1")), text.encode("utf-8", "replace") + b"aab12ab"
    assert list(spans(pattern, data, position)) == [match.span() for match in pattern.finditer(data, position)]
