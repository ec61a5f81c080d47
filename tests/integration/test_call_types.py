"""Every kind of call of a real LiteLLM, against a provider on loopback: one generation each, as Langfuse shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from router.litellm.facts import nanoseconds
from router.settings import process_environment
from router.testing import FakeLangfuse, ReceivedSpan
from tests.integration.conftest import TOKENIZERS, YAML
from tests.programs import Starter
from tests.upstream import SOUND, upstream

MESSAGES = [{"role": "user", "content": "hello"}]
HELLO = {"messages": MESSAGES}
CHAT = {"content": "all is well", "role": "assistant"}
COUNTED = {"input": 3, "output": 2, "total": 5}
READ = {"input": 3, "output": 0, "total": 3}
NOTHING = {"input": 0, "output": 0, "total": 0}


def said(*texts: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text} for text in texts], **more}


SAY, WORDS, WHICH = said("say this"), said("good", "morning"), said("which?", documents=["one", "two"])
FILE = said("[file with the SHA-256 041e14b8c1c714d72e669c3850a8fbae5aff696261586efcc47ca77e87992400]")
PART: dict[str, Any] = {"type": "output_text", "text": "all is well", "annotations": [], "logprobs": None}
ANSWERED = [{"id": "msg-1", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}]
PICTURE = [{"url": "https://example.com/cat.png"}]
BYTES = {"object": "binary", "content_type": "audio/mpeg", "num_bytes": len(SOUND)}
RANKED = [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}]

SHOWN: dict[str, tuple[Any, Any, dict[str, int]]] = {
    "completion": (HELLO, CHAT, COUNTED),
    "acompletion": (HELLO, CHAT, COUNTED),
    "completion streamed": (HELLO, CHAT, COUNTED),
    "acompletion streamed": (HELLO, CHAT, COUNTED),
    "text_completion": (SAY, "all is well", COUNTED),
    "atext_completion": (SAY, "all is well", COUNTED),
    "text_completion streamed": (SAY, "all is well", COUNTED),
    "atext_completion streamed": (SAY, "all is well", COUNTED),
    "embedding": (WORDS, None, READ),
    "aembedding": (WORDS, None, READ),
    "image_generation": (said("a cat"), PICTURE, NOTHING),
    "aimage_generation": (said("a cat"), PICTURE, NOTHING),
    "image_edit": (said("a hat"), PICTURE, NOTHING),
    "aimage_edit": (said("a hat"), PICTURE, NOTHING),
    "speech": (SAY, BYTES, {}),
    "aspeech": (SAY, BYTES, {}),
    "transcription": (FILE, "all is well", COUNTED),
    "atranscription": (FILE, "all is well", COUNTED),
    "rerank": (WHICH, RANKED, {}),
    "arerank": (WHICH, RANKED, {}),
    "responses": (HELLO, ANSWERED, COUNTED),
    "aresponses": (HELLO, ANSWERED, COUNTED),
    "responses streamed": (HELLO, ANSWERED, COUNTED),
    "aresponses streamed": (HELLO, ANSWERED, COUNTED),
    "anthropic_messages": (HELLO, CHAT, COUNTED),
    "anthropic_messages streamed": (HELLO, CHAT, COUNTED),
}
"""Of each kind of call its input, its output and its usage."""


@dataclass(frozen=True)
class Made:
    """What an application made, and what Langfuse got of it."""

    spans: dict[str, list[ReceivedSpan]]
    raised: list[str]
    dropped: dict[str, int]

    def only(self, kind: str) -> ReceivedSpan:
        (span,) = self.spans[kind]
        return span


@pytest.fixture(scope="module")
def made(with_litellm: Starter, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Run the application once."""
    folder = tmp_path_factory.mktemp("calls")
    routing, said = folder / "routing.yaml", folder / "said.json"
    routing.write_text(YAML, "utf-8")
    program = Path(__file__).with_name("every_call.py")
    with upstream() as provider, FakeLangfuse(["shared"]) as langfuse:
        environment = {
            **{name: value for name, value in process_environment().items() if not name.startswith("LITELLM_")},
            **langfuse.environ("LANGFUSE", "shared"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "TIKTOKEN_CACHE_DIR": TOKENIZERS,
            "PYTHONPATH": str(checkout),
        }
        with said.open("w") as stream:
            application = with_litellm.start(
                program.read_text("utf-8"),
                *(provider, str(routing)),
                environ=environment,
                folder=folder,
                stdout=stream.fileno(),
            )
        with application:
            assert application.wait(280) == 0
        spans: dict[str, list[ReceivedSpan]] = {}
        for span in langfuse.spans():
            spans.setdefault(span.metadata.get("kind", span.name), []).append(span)
    return Made(spans, **json.loads(said.read_text("utf-8")))


@pytest.mark.seed("call-types", "success-callback")
@pytest.mark.parametrize("kind", SHOWN)
def test_a_call_of_each_kind_is_one_generation(kind: str, made: Made) -> None:
    """Input, output, usage and metadata are there, bytes are described, and nothing of LiteLLM's own bookkeeping."""
    asked, answered, usage = SHOWN[kind]
    span = made.only(kind)
    assert (span.level, span.name) == ("DEFAULT", f"litellm-{kind.partition(' ')[0]}")
    assert (span.input, _filled(span.output), span.usage) == (asked, answered, usage)
    assert span.trace == {"name": "checkout", "session_id": "s-1", "tags": ["prod"]}
    own = {
        "litellm_call_id",
        "response_id",
        "litellm_response_cost",
        "cache_hit",
        "api_base",
        "usage_object",
        "routing",
    }
    assert span.metadata.keys() - own == {"kind"}


def _filled(output: Any) -> Any:
    """Leave out empty fields, which differ between versions of LiteLLM."""
    if not isinstance(output, list):
        return output
    return [{key: value for key, value in item.items() if value is not None} for item in output]


@pytest.mark.seed("call-types")
def test_a_moderation_says_what_it_found(made: Made) -> None:
    """LiteLLM tells no callback of the synchronous `moderation()`, of the other all."""
    span = made.only("amoderation")
    assert (span.input, span.output[0]["categories"]["hate"]) == (said("bad words"), False)


@pytest.mark.seed("usage")
@pytest.mark.parametrize("kind", ["completion detailed", "acompletion detailed and streamed"])
def test_cached_and_reasoning_tokens_of_a_provider_are_counted_once(kind: str, made: Made) -> None:
    """Langfuse adds the kinds up: together they are the 10 and 5 of the provider."""
    kinds = {"input": 6, "cache_read_input_tokens": 4, "output": 2, "output_reasoning_tokens": 3}
    assert made.only(kind).usage == {**kinds, "total": 15}


@pytest.mark.seed("times")
@pytest.mark.parametrize("kind", ["completion streamed", "acompletion streamed", "text_completion streamed"])
def test_a_stream_says_when_its_first_token_came(kind: str, made: Made) -> None:
    """Between its start and its end, which are when the call was made and when it was read."""
    span = made.only(kind)
    first = nanoseconds(datetime.fromisoformat(span.attributes["langfuse.observation.completion_start_time"]))
    assert first is not None
    begun, ended = span.start_time_unix_nano, span.end_time_unix_nano
    assert begun // 1_000_000 <= first // 1_000_000 <= ended // 1_000_000
    assert ended > begun


@pytest.mark.seed("grounding")
@pytest.mark.parametrize("kind", ["completion grounded", "acompletion grounded"])
def test_what_grounds_an_answer_is_metadata_of_its_generation(kind: str, made: Made) -> None:
    """Vertex AI's and Gemini's searches, by LiteLLM's name."""
    span = made.only(kind)
    (grounding,) = span.metadata["vertex_ai_grounding_metadata"]
    assert grounding["webSearchQueries"] == ["is all well"]
    assert (span.output["content"], span.usage) == ("all is well", COUNTED)


@pytest.mark.seed("mask-output", "grounding")
def test_what_grounds_an_answer_that_is_hidden_is_hidden_with_it(made: Made) -> None:
    """It quotes the answer, and what was searched for."""
    span = made.only("acompletion grounded and masked")
    assert span.output == "redacted-by-litellm"
    assert "all is well" not in repr(span.attributes)
    assert "is all well" not in repr(span.attributes)


@pytest.mark.seed("call-types", "failure-callback")
@pytest.mark.parametrize("kind", ["completion failing", "acompletion failing"])
def test_a_refusal_of_the_provider_is_one_generation(kind: str, made: Made) -> None:
    """With its input, its level and why; it used nothing."""
    span = made.only(kind)
    assert kind in made.raised
    assert (span.level, span.input, span.usage) == ("ERROR", HELLO, NOTHING)
    assert span.status_text == "litellm.RateLimitError: RateLimitError: OpenAIException - too many requests"


@pytest.mark.seed("fallbacks")
@pytest.mark.parametrize("kind", ["completion falling back", "acompletion falling back"])
def test_a_fallback_is_two_generations_of_one_trace(kind: str, made: Made) -> None:
    """`completion(fallbacks=[…])`: what failed, and what answered."""
    spans = made.spans[kind]
    assert sorted(span.level for span in spans) == ["DEFAULT", "ERROR"]
    assert (len({span.span_id for span in spans}), len({span.trace_id for span in spans})) == (2, 1)


@pytest.mark.seed("fallbacks")
@pytest.mark.parametrize(
    "kind", ["completion of a router", "acompletion of a router", "acompletion of a router with ids"]
)
def test_attempts_of_litellms_router_are_generations_of_one_trace(kind: str, made: Made) -> None:
    """Each has a call id of its own there: the first attempt, its retry, the fallback."""
    spans = made.spans[kind]
    assert sorted(span.level for span in spans) == ["DEFAULT", "ERROR", "ERROR"]
    assert (len({span.span_id for span in spans}), len({span.trace_id for span in spans})) == (3, 1)
    assert not any(key.startswith("_") for span in spans for key in span.metadata)


def test_calls_of_a_session_stay_traces_of_their_own(made: Made) -> None:
    """LiteLLM gives them one trace id, its session's."""
    calls = ("completion of a session", "completion of a session again", "completion")
    assert len({made.only(kind).trace_id for kind in calls}) == 3


def test_an_application_joins_calls_by_litellms_trace_id(made: Made) -> None:
    """`litellm_trace_id` of a call means what a router's does."""
    calls = ("completion joined", "completion joined again")
    assert {made.only(kind).trace_id for kind in calls} == {"0123456789abcdef0123456789abcdef"}


@pytest.mark.seed("duplicates")
def test_a_call_that_litellm_reports_twice_is_one_generation(made: Made) -> None:
    """Beside a plain function as callback five kinds of call are reported to both hooks."""
    twice = [kind for kind in made.spans if kind.endswith(" twice")]
    assert len(twice) == 5
    assert [len(made.spans[kind]) for kind in twice] == [1] * 5
    assert made.dropped.keys() == {"duplicate"}
    assert made.dropped["duplicate"] >= 5


@pytest.mark.seed("cache-hits")
@pytest.mark.parametrize("kind", ["completion cached", "completion cached and streamed", "acompletion cached"])
def test_an_answer_from_the_cache_says_so_and_costs_nothing(kind: str, made: Made) -> None:
    """Two generations, the second one with `cache_hit` and a cost of 0."""
    first, again = made.only(f"{kind} first"), made.only(f"{kind} again")
    assert (first.metadata["cache_hit"], again.metadata["cache_hit"]) == (False, True)
    assert first.cost["total"] > 0
    assert again.cost == {"total": 0.0}
    assert (again.output, again.usage) == (first.output, first.usage)
