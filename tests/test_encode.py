"""One masked call becomes the span that Langfuse files as a generation."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from langfuse import LangfuseOtelSpanAttributes
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import SecretStr

from router.config.loaded import ResolvedProject
from router.delivery import attributes, encode_call, encode_span
from router.delivery.batch import encode_request, make_batch, shorten_batch, split_batch
from router.delivery.compression import gunzip
from router.delivery.decode import DecodedSpan, decode_request, decode_span
from router.masking.record import MaskedRecord
from tests.masked_calls import START, make_masked

NATIVE = Path(__file__).parent / "fixtures" / "litellm-payloads" / "native_langfuse_spans"
PROJECT = ResolvedProject("payments", "pk-lf-1", SecretStr("sk-lf-1"), "https://langfuse.example")


def encoded(project: ResolvedProject = PROJECT, **changes: Any) -> DecodedSpan:
    """Encode a call and read it back, first proving that protobuf's own runtime reads the same bytes."""
    raw = encode_span(make_masked(**changes), project)
    parsed = Span.FromString(raw)
    assert parsed.SerializeToString() == raw
    assert all(item.value.WhichOneof("value") for item in parsed.attributes)
    names = [item.key for item in parsed.attributes]
    assert len(names) == len(set(names))
    return decode_span(raw)


def sent(**changes: Any) -> dict[str, Any]:
    return encoded(**changes).attributes


def test_a_successful_call_is_a_generation_with_everything_known_about_it():
    """The whole span of an ordinary call."""
    span = encoded(
        completion_start_time_unix_nano=START + 400_000_123,
        model_parameters={"temperature": 0.2},
        usage_details={"input": 21, "output": 9, "total": 30},
        cost_details={"total": 1.35e-05},
        trace={
            "name": "checkout",
            "user_id": "user-1",
            "session_id": "session-1",
            "tags": ["prod", "eu"],
            "version": "3",
            "release": "r7",
            "environment": "staging",
            "public": True,
            "metadata": {"cost_center": "cc-1", "limits": {"eur": 5}},
        },
        generation={"name": "answer", "metadata": {"response_id": "chatcmpl-1", "cache_hit": False, "n": 2}},
        overlays=("eu-pii",),
        masked={"email": 1},
        failures=("pci",),
    )
    assert (span.name, span.kind, span.status_code) == ("answer", 1, 0)
    assert (span.trace_id, span.span_id, span.parent_span_id) == ("0" * 31 + "1", "0" * 15 + "1", "")
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (START, START + 1_250_000_000)
    assert span.attributes == {
        "langfuse.observation.type": "generation",
        "langfuse.observation.level": "DEFAULT",
        "langfuse.observation.input": '{"messages":[{"role":"user","content":"question 0"}]}',
        "langfuse.observation.output": '{"role":"assistant","content":"answer"}',
        "langfuse.observation.model.name": "gpt-4o-mini",
        "langfuse.observation.model.parameters": '{"temperature":0.2}',
        "langfuse.observation.usage_details": '{"input":21,"output":9,"total":30}',
        "langfuse.observation.cost_details": '{"total":0.0000135}',
        "langfuse.observation.completion_start_time": "2026-09-21T14:13:20.400000+00:00",
        "langfuse.observation.metadata.response_id": "chatcmpl-1",
        "langfuse.observation.metadata.cache_hit": "false",
        "langfuse.observation.metadata.n": "2",
        "langfuse.observation.metadata.litellm_call_id": "call-0",
        "langfuse.observation.metadata.routing": (
            '{"rule":"payments","overlays":["eu-pii"],"masked":{"email":1},"mask_failures":["pci"]}'
        ),
        "langfuse.environment": "staging",
        "langfuse.version": "3",
        "langfuse.trace.name": "checkout",
        "user.id": "user-1",
        "session.id": "session-1",
        "langfuse.release": "r7",
        "langfuse.trace.tags": ["prod", "eu"],
        "langfuse.trace.public": True,
        "langfuse.trace.metadata.cost_center": "cc-1",
        "langfuse.trace.metadata.limits": '{"eur":5}',
    }


def test_the_same_call_always_gives_the_same_bytes():
    """A span that is sent twice is one row in Langfuse only if nothing in it moved."""
    assert encode_span(make_masked(), PROJECT) == encode_span(make_masked(), PROJECT)


def test_every_attribute_name_is_one_of_langfuse_s_own():
    """A misspelled name would be dropped in silence."""
    not_theirs = {"SCOPE_NAME"} if version("langfuse") < "5" else {"SCOPE_NAME", "TRACE_INPUT", "TRACE_OUTPUT"}
    ours = {name: value for name, value in vars(attributes).items() if name.isupper() and name not in not_theirs}
    theirs = {name: value for name, value in vars(LangfuseOtelSpanAttributes).items() if name.isupper()}
    assert ours.items() <= theirs.items()


# -- failures ------------------------------------------------------------------------------------------


def test_a_failed_call_says_why_and_counts_no_tokens():
    """Without an explicit zero the server counts the tokens of a failed call itself, and bills them."""
    span = encoded(status="failure", output=None, status_message="RateLimitError: slow down")
    assert span.status_code == 2
    assert span.attributes["langfuse.observation.level"] == "ERROR"
    assert span.attributes["langfuse.observation.status_message"] == "RateLimitError: slow down"
    assert span.attributes["langfuse.observation.output"] == "RateLimitError: slow down"
    assert span.attributes["langfuse.observation.usage_details"] == '{"input":0,"output":0,"total":0}'


def test_a_failed_stream_keeps_what_it_produced():
    """Output that exists is not replaced by the error, and known usage not by zeros."""
    attributes = sent(status="failure", output="half a sen", status_message="boom", usage_details={"input": 3})
    assert attributes["langfuse.observation.output"] == "half a sen"
    assert attributes["langfuse.observation.usage_details"] == '{"input":3}'


# -- what must never be on the wire --------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_has_no_value_is_not_sent(nothing):
    """One attribute without a value makes the server lose the whole request, after a 200."""
    attributes = sent(
        input=nothing,
        output=nothing,
        model="",
        trace={"name": nothing, "user_id": nothing, "tags": [], "metadata": {"a": nothing}},
        generation={"name": nothing, "metadata": {"b": nothing}},
        usage_details=None,
        cost_details={},
    )
    assert set(attributes) == {
        "langfuse.observation.type",
        "langfuse.observation.level",
        "langfuse.observation.metadata.litellm_call_id",
        "langfuse.observation.metadata.routing",
    }


def test_falsy_values_that_are_values_are_sent():
    """0, False and empty containers say something."""
    attributes = sent(input=0, output=False, generation={"metadata": {"zero": 0, "none_found": [], "empty": {}}})
    assert attributes["langfuse.observation.input"] == "0"
    assert attributes["langfuse.observation.output"] == "false"
    assert attributes["langfuse.observation.metadata.zero"] == "0"
    assert attributes["langfuse.observation.metadata.none_found"] == "[]"
    assert attributes["langfuse.observation.metadata.empty"] == "{}"


def test_usage_holds_non_negative_whole_numbers_only():
    """Langfuse drops the rest, and a NaN is not even JSON."""
    attributes = sent(
        usage_details={
            "input": 3,
            "output": 4.0,
            "cached": -1,
            "half": 0.5,
            "nan": float("nan"),
            "text": "7",
            "on": True,
        },
        cost_details={"total": 0.5, "input": -1.0, "nan": float("nan"), "inf": float("inf"), "text": "0.1", "on": True},
    )
    assert attributes["langfuse.observation.usage_details"] == '{"input":3,"output":4}'
    assert attributes["langfuse.observation.cost_details"] == '{"total":0.5}'


def test_public_is_sent_only_when_it_is_true():
    """`public` is sticky on newer servers, and false is what older ones assume."""
    assert "langfuse.trace.public" not in sent(trace={"public": False})
    assert "langfuse.trace.public" not in sent(trace={"public": 1})
    assert sent(trace={"public": True})["langfuse.trace.public"] is True


def test_an_end_before_the_start_becomes_the_start():
    """Clocks may jump back."""
    span = encoded(end_time_unix_nano=START - 5)
    assert span.end_time_unix_nano == span.start_time_unix_nano == START


# -- environment, version, release ---------------------------------------------------------------------


def test_environment_and_release_of_the_project_are_the_fallback():
    """What a project says holds for every trace that says nothing."""
    project = ResolvedProject("p", "pk", SecretStr("sk"), "https://h", environment="prod", release="r1")
    attributes = sent(project=project, trace={})
    assert (attributes["langfuse.environment"], attributes["langfuse.release"]) == ("prod", "r1")
    attributes = sent(project=project, trace={"environment": "test", "release": "r2"})
    assert (attributes["langfuse.environment"], attributes["langfuse.release"]) == ("test", "r2")


def test_the_generation_s_version_is_kept_beside_the_trace_s():
    """Langfuse has one attribute for both."""
    attributes = sent(trace={"version": "t1"}, generation={"version": "g1"})
    assert attributes["langfuse.version"] == "t1"
    assert attributes["langfuse.observation.metadata.version"] == "g1"
    attributes = sent(generation={"version": "g1"})
    assert attributes["langfuse.version"] == "g1"
    assert "langfuse.observation.metadata.version" not in attributes


def test_a_prompt_is_linked_by_name_and_an_integer_version():
    """Langfuse drops an observation whose prompt has a version that is text, or none."""
    attributes = sent(generation={"name": "g", "prompt": {"name": "support", "version": 300}})
    assert attributes["langfuse.observation.prompt.name"] == "support"
    assert attributes["langfuse.observation.prompt.version"] == 300
    assert attributes["langfuse.observation.type"] == "generation"
    assert not any(name.startswith("langfuse.observation.prompt") for name in sent())


# -- continued traces ----------------------------------------------------------------------------------

TRACE = {
    "name": "n",
    "user_id": "u",
    "session_id": "s",
    "tags": ["t"],
    "version": "v",
    "release": "r",
    "environment": "e",
    "public": True,
    "metadata": {"a": "1", "b": "2"},
}


def trace_part(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if not name.startswith("langfuse.observation.")}


def test_a_continued_trace_keeps_what_it_has():
    """Only the environment goes along: without it the trace would fall back to "default"."""
    span = encoded(continues_trace=True, trace=TRACE)
    assert trace_part(span.attributes) == {"langfuse.environment": "e"}


def test_a_continuation_is_never_a_second_root():
    """A second span without a parent would replace the trace's name, input and output."""
    one, two = encoded(continues_trace=True), encoded(number=0, continues_trace=True)
    assert len(one.parent_span_id) == 16
    assert one.parent_span_id == two.parent_span_id != one.span_id
    assert encoded(continues_trace=True, parent_span_id="00000000000000aa").parent_span_id == "00000000000000aa"


def test_a_continued_trace_gets_the_keys_it_was_told_to_update():
    """Of everything the plan holds, just these."""
    keys = ("name", "tags", "input", "version")
    attributes = trace_part(sent(continues_trace=True, trace=TRACE, update_keys=keys))
    assert attributes == {
        "langfuse.environment": "e",
        "langfuse.version": "v",
        "langfuse.trace.name": "n",
        "langfuse.trace.tags": ["t"],
        "langfuse.trace.input": '{"messages":[{"role":"user","content":"question 0"}]}',
    }
    assert trace_part(sent(continues_trace=True, trace=TRACE, update_keys=("metadata", "output"))) == {
        "langfuse.environment": "e",
        "langfuse.trace.metadata.a": "1",
        "langfuse.trace.metadata.b": "2",
        "langfuse.trace.output": '{"role":"assistant","content":"answer"}',
    }


# -- values that JSON or protobuf cannot hold ----------------------------------------------------------


def test_what_json_cannot_hold_is_repaired():
    """Digits beyond 2**53, lone surrogates, foreign keys, NaN and objects all arrive as something readable."""
    attributes = sent(
        input={"big": 2**60, "huge": 10**30, "half": "a\ud800b", 5: "five", None: "none", "nan": float("nan")},
        output="\ud83d\ude00 and \udc00",
        generation={"metadata": {"object": object(), "set": {"x"}, "tuple": (1, 2), "vast": 10**5000}},
    )
    assert json.loads(attributes["langfuse.observation.input"]) == {
        "big": str(2**60),
        "huge": str(10**30),
        "half": "a\ufffdb",
        "5": "five",
        "null": "none",
        "nan": None,
    }
    assert attributes["langfuse.observation.output"] == "😀 and \ufffd"
    assert attributes["langfuse.observation.metadata.object"] == '"<object>"'
    assert attributes["langfuse.observation.metadata.set"] == '["x"]'
    assert attributes["langfuse.observation.metadata.tuple"] == "[1,2]"
    assert attributes["langfuse.observation.metadata.vast"].startswith('"0x')


def test_nesting_without_end_is_cut():
    """A structure that holds itself is sent up to a depth."""
    loop: list[Any] = []
    loop.append(loop)
    assert "<nested too deeply>" in sent(input=loop)["langfuse.observation.input"]


# -- requests ------------------------------------------------------------------------------------------


def test_a_request_is_what_opentelemetry_reads_and_writes():
    """Byte for byte: our framing, protobuf's own, and back."""
    masked = [make_masked(number, input="x" * number * 500) for number in range(40)]
    body = encode_request([encode_call(each, PROJECT) for each in masked])
    request = ExportTraceServiceRequest.FromString(body)
    assert request.SerializeToString() == body
    (resource_spans,) = request.resource_spans
    (scope_spans,) = resource_spans.scope_spans
    assert list(resource_spans.resource.attributes) == []
    assert (scope_spans.scope.name, scope_spans.scope.version) == ("langfuse-sdk", "")
    assert [span.SerializeToString() for span in scope_spans.spans] == [encode_span(each, PROJECT) for each in masked]


def test_a_batch_can_be_halved_and_made_again():
    """Nothing but the compressed body is kept, and the same spans give the same body."""
    spans = [encode_call(make_masked(number), PROJECT) for number in range(5)]
    batch = make_batch(spans, 1.0)
    assert make_batch(spans, 1.0) == batch
    assert split_batch(batch) == (make_batch(spans[:2], 1.0), make_batch(spans[2:], 1.0))


def continuing(number: int, **changes: Any) -> bytes:
    """Return a call of two spans: its generation, and what it changes of the trace."""
    changes = {"continues_trace": True, "update_keys": ("input", "output"), **changes}
    return encode_call(make_masked(number, span_seed=f"{number:064x}", **changes), PROJECT, "v4")


def test_the_spans_of_a_call_stay_together():
    """However a batch is taken apart, it is taken apart between calls."""
    calls = [continuing(0), encode_call(make_masked(1), PROJECT), continuing(2)]
    batch = make_batch(calls, 1.0)
    assert batch.count == 3
    assert len(decode_request(gunzip(batch.body))) == 5
    first, rest = split_batch(batch)
    assert (first, rest) == (make_batch(calls[:1], 1.0), make_batch(calls[1:], 1.0))
    assert split_batch(rest) == (make_batch(calls[1:2], 1.0), make_batch(calls[2:], 1.0))


def test_a_call_of_several_spans_is_shortened_as_a_whole():
    """Every span keeps its ids and loses of its texts; one that has nothing to lose stays."""
    whole = continuing(0, input="x" * 40_000, output="y" * 300)
    shorter = shorten_batch(make_batch([whole], 1.0))
    assert shorter is not None
    assert (shorter.count, shorter.since) == (1, 1.0)
    assert shorter.sizes[0] < len(whole) * 0.6
    before, after = decode_request(encode_request([whole])), decode_request(gunzip(shorter.body))
    assert [span.span_id for span in after] == [span.span_id for span in before]
    assert all("[cut: 40000 bytes]" in span.attributes["langfuse.observation.input"] for span in after)
    assert shorten_batch(make_batch([continuing(0)], 1.0)) is None


def test_our_reader_finds_what_opentelemetry_finds():
    """The reader of the demo against protobuf's own, on every kind of value."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "s"
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name, scope_spans.scope.version = "scope", "1"
    span = scope_spans.spans.add(name="n", trace_id=b"\x01" * 16, span_id=b"\x02" * 8, kind=3)
    span.start_time_unix_nano, span.end_time_unix_nano = 5, 2**63
    span.status.code, span.status.message = 2, "bad"
    span.attributes.add(key="text").value.string_value = "é"
    span.attributes.add(key="flag").value.bool_value = False
    span.attributes.add(key="minus").value.int_value = -7
    span.attributes.add(key="real").value.double_value = 0.5
    span.attributes.add(key="raw").value.bytes_value = b"\x00"
    span.attributes.add(key="list").value.array_value.values.add().string_value = "a"
    span.attributes.add(key="map").value.kvlist_value.values.add(key="k").value.int_value = 1
    span.attributes.add(key="nothing")
    assert decode_request(request.SerializeToString()) == [
        DecodedSpan(
            name="n",
            trace_id="01" * 16,
            span_id="02" * 8,
            kind=3,
            start_time_unix_nano=5,
            end_time_unix_nano=2**63,
            attributes={
                "text": "é",
                "flag": False,
                "minus": -7,
                "real": 0.5,
                "raw": b"\x00",
                "list": ["a"],
                "map": {"k": 1},
                "nothing": None,
            },
            status_code=2,
            status_message="bad",
            resource={"service.name": "s"},
            scope_name="scope",
            scope_version="1",
        )
    ]


# -- parity with LiteLLM's own callback ----------------------------------------------------------------


def native_spans() -> list[Any]:
    return [
        pytest.param(span, id=f"{path.stem}-{number}")
        for path in sorted(NATIVE.glob("*.json"))
        for number, span in enumerate(json.loads(path.read_text())["spans"])
        if span["attributes"].get("langfuse.observation.type") == "generation"
    ]


def masked_from_native(span: dict[str, Any]) -> MaskedRecord:
    """Return the call that LiteLLM's own callback must have seen to send this span."""
    given = span["attributes"]

    def below(prefix: str) -> dict[str, Any]:
        return {name[len(prefix) :]: value for name, value in given.items() if name.startswith(prefix)}

    trace = {
        name: given[key]
        for name, key in {
            "name": "langfuse.trace.name",
            "user_id": "user.id",
            "session_id": "session.id",
            "tags": "langfuse.trace.tags",
            "version": "langfuse.version",
            "release": "langfuse.release",
            "environment": "langfuse.environment",
            "public": "langfuse.trace.public",
        }.items()
        if key in given
    }
    own = "langfuse.observation."
    linked = below(f"{own}prompt.")
    prompt = {"prompt": linked} if linked else {}
    return make_masked(
        status="failure" if given[f"{own}level"] == "ERROR" else "success",
        status_message=given.get(f"{own}status_message"),
        trace_id=span["trace_id"],
        span_id=span["span_id"],
        parent_span_id=span["parent"] or None,
        input=given.get(f"{own}input"),
        output=given.get(f"{own}output"),
        model=given.get(f"{own}model.name", ""),
        model_parameters=json.loads(given.get(f"{own}model.parameters", "{}")),
        usage_details=json.loads(given.get(f"{own}usage_details", "null")),
        cost_details=json.loads(given.get(f"{own}cost_details", "null")),
        trace=trace | {"metadata": below("langfuse.trace.metadata.")},
        generation={"name": span["name"], "metadata": below(f"{own}metadata."), **prompt},
    )


@pytest.mark.parametrize("span", native_spans())
def test_the_attributes_of_litellm_s_own_callback_come_out_the_same(span):
    """Each span of the callback we replace, put through our encoder, loses and changes nothing."""
    ours = decode_span(encode_span(masked_from_native(span), PROJECT))
    assert (ours.name, ours.trace_id, ours.span_id, ours.parent_span_id) == (
        span["name"],
        span["trace_id"],
        span["span_id"],
        span["parent"],
    )
    left_out = {
        "langfuse.trace.input",  # the root's own, which Langfuse takes from the observation
        "langfuse.trace.output",
        "langfuse.observation.completion_start_time",  # quoted twice there; see the first test
        "langfuse.trace.metadata",  # a header's text, which Langfuse throws away
        *(name for name, value in span["attributes"].items() if value in ("{}", []) and "parameters" in name),
    }
    for name, value in span["attributes"].items():
        if name not in left_out:
            assert comparable(ours.attributes[name]) == comparable(value), name


def comparable(value: Any) -> Any:
    """Return the value behind a text: number, flag or JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
