"""Values that were found once in a call are found wherever they stand."""

from __future__ import annotations

import json

import orjson
import pytest

from router.masking.literals import Literals, holds_any
from router.masking.policy import BY_NAME
from tests.linear import cpu_seconds, takes_linear_time


@pytest.mark.parametrize(
    ("values", "text", "hidden"),
    [
        (["needle-4711"], "a needle-4711 and needle-4711", "a ########### and ###########"),
        (["abcdefgh", "efghijklmnop"], "abcdefghijklmnop", "################"),
        (["needle-4711", "a needle-4711 b"], "a needle-4711 b", "###############"),
        (["needle-4711", "a needle-4711"], "a needle-4711 or needle-4711", "############# or ###########"),
        (["needle-4711", "needle-4711 b"], "needle-4711 b", "#############"),
        (["needle-4711", "a needle-4711"], "a needle-4711a needle-4711", "##########################"),
        (["abababab"], "abababababx", "##########x"),
        (["nowhere-4711"], "needle-4711", "needle-4711"),
    ],
)
def test_values_are_found_wherever_they_stand(values: list[str], text: str, hidden: str) -> None:
    """Also where they overlap, and where one holds another."""
    assert _hidden(values, text) == hidden


@pytest.mark.parametrize("before", [65_520, 65_530, 65_536, 131_066])
def test_a_long_text_hides_nothing_at_the_seams_of_its_pieces(before: int) -> None:
    """It is searched in pieces, for the sake of other threads."""
    assert _hidden(["needle-4711"], "x" * before + "needle-4711" + "x" * 99) == "x" * before + "#" * 11 + "x" * 99


@pytest.mark.parametrize("before", [65_520, 65_530, 65_536, 131_066])
@pytest.mark.parametrize("count", [1, 33])
def test_a_value_stands_at_the_seams_of_long_bytes(count: int, before: int) -> None:
    """One of few is looked for at once, one of many in pieces."""
    found = {BY_NAME: {f"needle-{number:04}" for number in range(count)}}
    assert holds_any([b"x" * before, b"y" * before + b"needle-0000" + b"x" * 99], found)
    assert not holds_any([b"x" * before, b"y" * before + b"needle-4711" + b"x" * 99], found)


@pytest.mark.parametrize("size", [1, 3_000])
@pytest.mark.parametrize("value", ['a"b canary', "a\nb canary", "a\\b canary", "é canary", "a\x7fb canary"])
def test_a_value_is_found_as_json_spells_it(value: str, size: int) -> None:
    """However long it is."""
    long = value * size
    found = {BY_NAME: {long}}
    for spelled in (long.encode(), json.dumps([long], ensure_ascii=False).encode(), orjson.dumps({"k": long})):
        assert holds_any([b"x", spelled], found)
        assert not holds_any([b"x", spelled.replace(b"canary", b"carany")], found)


def test_texts_of_repeated_values_take_linear_time() -> None:
    """A hundred values that hold one another make no hundred finds of each byte."""
    nested = Literals([(b"abc4" * 30)[:size] for size in range(8, 108)])
    assert takes_linear_time(nested.find, "abc4")
    assert len(nested.find(b"abc4" * 10_000)) < 10


def test_many_values_take_no_longer_than_few() -> None:
    """The text is read once for all of them."""
    text = b"text number 000001 here it is " * 2_000
    few, many = (Literals([b"user%06d@example.com" % index for index in range(count)]) for count in (10, 1_000))
    assert cpu_seconds(lambda: many.find(text)) < 10 * cpu_seconds(lambda: few.find(text)) + 0.01


def _hidden(values: list[str], text: str) -> str:
    data = bytearray(text.encode())
    for start, end in Literals([value.encode() for value in values]).find(bytes(data)):
        data[start:end] = b"#" * (end - start)
    return data.decode()
