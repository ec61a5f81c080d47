"""A span that is too large for a server: its longest texts are cut, the rest stays byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import SecretStr

from router.config.loaded import ResolvedProject
from router.delivery import encode_span
from router.delivery.shorten import shorten_span
from tests.masked_calls import make_masked

PROJECT = ResolvedProject("p", "pk-lf-1", SecretStr("sk-lf-1"), "https://langfuse.example")


def parsed(span: bytes) -> Span:
    """Return a span as OpenTelemetry's own parser reads it."""
    found = Span()
    found.ParseFromString(span)
    return found


def texts(span: bytes) -> dict[str, str]:
    return {each.key: each.value.string_value for each in parsed(span).attributes}


def test_the_longest_text_pays():
    """The short ones stay as they are, and so do ids and times."""
    span = encode_span(make_masked(1, input="x" * 50_000, output="y" * 1_000), PROJECT)
    short = shorten_span(span, 20_000)
    assert short is not None
    before, after = texts(span), texts(short)
    assert after.pop("langfuse.observation.input").endswith("x… [cut: 50000 bytes]")
    del before["langfuse.observation.input"]
    assert after == before
    assert 19_000 < len(short) <= 20_100
    for name in ("trace_id", "span_id", "start_time_unix_nano", "end_time_unix_nano", "name"):
        assert getattr(parsed(short), name) == getattr(parsed(span), name)


def test_texts_of_the_same_length_share_what_there_is():
    """Neither is cut to nothing for the other."""
    short = shorten_span(encode_span(make_masked(1, input="x" * 9_000, output="z" * 9_000), PROJECT), 12_000)
    assert short is not None
    question = texts(short)["langfuse.observation.input"].count("x")
    answer = texts(short)["langfuse.observation.output"].count("z")
    assert question == answer
    assert 5_000 < answer < 6_000


def test_what_has_no_long_text_cannot_be_shortened():
    """A thousand keys stay a thousand keys."""
    metadata = {f"key{number}": "value" for number in range(1_000)}
    assert shorten_span(encode_span(make_masked(1, generation={"metadata": metadata}), PROJECT), 5_000) is None


def test_bytes_that_are_no_span_are_refused():
    """They come from a file, perhaps."""
    with pytest.raises(ValueError, match="protobuf"):
        shorten_span(b"\xff\xff", 100)


@given(content=st.text(min_size=1_000), most=st.integers(min_value=1_500, max_value=4_000))
def test_a_cut_text_is_still_text(content: str, most: int) -> None:
    """Never half a character, whatever script it is written in."""
    span = encode_span(make_masked(1, input=content * 4), PROJECT)
    short = shorten_span(span, most)
    if short is not None:
        assert parsed(short).span_id == parsed(span).span_id
        assert len(short) <= most + 100 or short == span
