"""Whatever stands in a masked call, its span can be read, and every attribute in it has a value."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import SecretStr

from router.config.loaded import ResolvedProject
from router.delivery import encode_span
from router.delivery.decode import decode_request, decode_span
from router.delivery.jsontext import json_bytes
from router.delivery.protobuf import read_varint, varint
from router.masking.record import MaskedRecord

PROJECT = ResolvedProject("p", "pk", SecretStr("sk"), "https://h", environment="prod")
TRACE_FIELDS = ("name", "user_id", "session_id", "tags", "version", "release", "environment", "public", "metadata")

any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.builds(object) | st.binary(max_size=5)
keys = any_text | st.integers() | st.none() | st.floats() | st.booleans()
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
mappings = st.dictionaries(keys, junk, max_size=5)
times = st.integers(-(2**70), 2**70)


def fields_of(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, junk | mappings))


masked_calls = st.builds(
    MaskedRecord,
    call_id=any_text,
    call_type=any_text,
    status=st.sampled_from(["success", "failure"]),
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    completion_start_time_unix_nano=st.none() | times,
    span_seed=any_text,
    trace_id=any_text,
    span_id=any_text,
    parent_span_id=st.none() | any_text,
    continues_trace=st.booleans(),
    model=any_text,
    model_parameters=mappings,
    usage_details=st.none() | mappings,
    cost_details=st.none() | mappings,
    input=junk,
    output=junk,
    status_message=st.none() | any_text,
    trace=fields_of(*TRACE_FIELDS),
    generation=fields_of("name", "version", "metadata"),
    guardrails=st.lists(fields_of("guardrail_status", "input", "start", "end"), max_size=2).map(tuple),
    update_keys=st.lists(st.sampled_from([*TRACE_FIELDS, "input", "output"])).map(tuple),
    masked=st.dictionaries(any_text, st.integers(), max_size=3),
    failures=st.lists(any_text, max_size=3).map(tuple),
    rule=st.none() | any_text,
    overlays=st.lists(any_text, max_size=3).map(tuple),
)


@given(masked_calls)
def test_any_call_becomes_a_span_that_langfuse_can_store(masked):
    """No junk raises, nothing has an empty value, and both readers agree on the bytes."""
    raw = encode_span(masked, PROJECT)
    parsed = Span.FromString(raw)
    assert parsed.SerializeToString() == raw
    assert (len(parsed.trace_id), len(parsed.span_id)) == (16, 8)
    assert parsed.end_time_unix_nano >= parsed.start_time_unix_nano
    read = decode_span(raw)
    assert [item.key for item in parsed.attributes] == list(read.attributes)
    assert all(value not in (None, "", []) for value in read.attributes.values())
    for name in ("usage_details", "cost_details", "model.parameters"):
        json.loads(read.attributes.get(f"langfuse.observation.{name}", "{}"), parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


@given(junk)
def test_any_value_has_a_json_text(value):
    """What orjson refuses is repaired; integers that lose digits elsewhere are text."""
    read = json.loads(json_bytes(value), parse_constant=_refuse)
    assert all(abs(number) < 2**53 for number in _integers(read))


def _integers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _integers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _integers(item)]
    return [value] if isinstance(value, int) else []


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_read_as_it_was_written(number):
    """At every length."""
    assert read_varint(varint(number), 0) == (number, len(varint(number)))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_request_are_refused_as_such(data):
    """The reader raises ValueError and nothing else."""
    with contextlib.suppress(ValueError):
        decode_request(data)
