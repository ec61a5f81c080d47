"""No text takes a detector more time than its length: hunted for in texts made of what the detector looks for."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from router.masking.detectors import builtin_detectors
from tests.linear import grows_with_text

MARKS = (
    *(
        ":",
        ": ",
        "=",
        " = ",
        "->",
        " => ",
        "→",
        " → ",
        "–",
        " – ",
        " - ",
        "|",
        " | ",
        ";",
        ",",
        ", ",
        ".",
        "/",
        "\\",
        "&",
    ),
    *("\t", "\n", " ", '"', "'", "`", '\\"', "(", ")", "[", "{", "<", ">", "**", "@", "-", "+", "#"),
)
WORDS = {
    "api_key": ("sk-", "AKIA", "AP1", "JQQJ99", "ghp_", "A3-", "xox", "a3B4" * 8, "-us1", "12345678"),
    "auth_header": ("bearer", "basic", "authorization", "x-api-key", "cookie", "-u", "a=b", "BUNDLE_A__B"),
    "credit_card": ("4111", "4", "411111", "4111 1111 1111 1111", "4111111111111111", "card"),
    "email": ("a", "a@b", "a@b.co", "é", "xn--", '"a b"'),
    "iban": ("DE89", "3704", "DE89370400440532013000", "FR14", "A1"),
    "ip": ("1.1", "1.1.1.1", "::1", "fe80", "1:2:3", "version"),
    "jwt": ("eyJhbGciOiJ9", "ey", "eyJ.", "a3B4" * 4),
    "mac": ("aa:bb:cc", "aa-bb-cc-dd-ee-ff", "aabb.ccdd", "0a"),
    "phone": ("+1", "030", "(212)", "phone", "555", "1234567"),
    "private_key": ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "PRIVATE KEY", "MIIE"),
    "secret_value": ("key", "password", "token", "name", "value", "-p", "is", "api key", "mysql", "a1b2c3d4"),
    "url_credentials": ("://a", "https://", "a3B4" * 6, "a:b", "@"),
    "us_ssn": ("123-45-6789", "123", "45", "123456789", "ssn"),
}


def units(name: str) -> Iterator[str]:
    """Yield each word of a detector with each mark, and longer mixtures of them."""
    words, chosen = WORDS[name], random.Random(name)
    for word in words[:3]:
        yield from (word + mark for mark in MARKS)
    for size in (4, 6, 8) * 10:
        yield "".join(chosen.choice(words if number % 2 == 0 else MARKS) for number in range(size))


@pytest.mark.parametrize("name", sorted(builtin_detectors()))
def test_what_a_detector_looks_for_takes_it_time_in_proportion(name: str) -> None:
    """Each of its words beside each mark, over and over: what is turned down is not read again to its end."""
    detector = builtin_detectors()[name]
    assert [unit for unit in units(name) if not grows_with_text(detector.find, unit)] == []


@pytest.mark.parametrize("unit", ["key→", "key–", "token→a", "name=key;value="])
def test_a_value_that_holds_further_names_is_not_read_again_to_its_end(unit: str) -> None:
    """A row of names and arrows without a blank is one value after each of its names."""
    assert grows_with_text(builtin_detectors()["secret_value"].find, unit)
