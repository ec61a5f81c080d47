"""Why ours differs from LiteLLM's own callback on purpose, attribute by attribute, and in which way it may differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ABSENT = "—"
"""Stands for an attribute that was not sent."""


@dataclass(frozen=True)
class Reason:
    """Why ours is on purpose.

    Attributes:
        attribute: a pattern of names on the wire.
        case: patterns of cases, between spaces.
        holds: tells by both values, LiteLLM's first, whether this is the difference that is meant.
    """

    attribute: str
    case: str
    holds: Callable[[Any, Any], bool]
    reason: str


def left_out(_native: Any, routed: Any) -> bool:
    """Tell whether ours sends nothing."""
    return bool(routed == ABSENT)


def empty_left_out(native: Any, routed: Any) -> bool:
    """Tell whether ours sends nothing because there is nothing to say."""
    return routed == ABSENT and _without_empty(native) in (None, {}, [])


def added(native: Any, _routed: Any) -> bool:
    """Tell whether only ours sends it."""
    return bool(native == ABSENT)


def without_empty(native: Any, routed: Any) -> bool:
    """Tell whether ours is LiteLLM's without what is null, empty or zero."""
    return bool(_without_empty(native) == _without_empty(routed) != ABSENT)


def same_scalar(native: Any, routed: Any) -> bool:
    """Tell whether both are the same number or truth value, spelt differently."""
    try:
        return float(native) == float(routed)
    except (TypeError, ValueError):
        return str(native).lower() == str(routed).lower()


def both_ids(native: Any, routed: Any) -> bool:
    """Tell whether both sent an id."""
    return ABSENT not in (native, routed)


def redacted(_native: Any, routed: Any) -> bool:
    """Tell whether ours says nothing but that it was redacted."""
    return isinstance(routed, str) and routed.endswith("redacted-by-litellm")


def total_is_a_sum(native: Any, routed: Any) -> bool:
    """Tell whether ours has LiteLLM's counts and their sum."""
    if not (isinstance(native, dict) and isinstance(routed, dict)):
        return False
    same = all(native.get(kind) == routed.get(kind) for kind in ("input", "output"))
    return bool(same and routed["total"] == routed["input"] + routed["output"])


def one_more(native: Any, routed: Any) -> bool:
    """Tell whether ours has one more."""
    return bool(routed == native + 1)


def split_price(native: Any, routed: Any) -> bool:
    """Tell whether ours has LiteLLM's price, and parts that add up to it."""
    if not (isinstance(native, dict) and isinstance(routed, dict)):
        return False
    parts = sum(amount for kind, amount in routed.items() if kind != "total")
    return bool(native["total"] == routed["total"]) and math.isclose(parts, routed["total"])


def without_provider(native: Any, routed: Any) -> bool:
    """Tell whether ours is LiteLLM's without the provider before a slash."""
    return str(native).endswith(f"/{routed}")


def text_of_message(native: Any, routed: Any) -> bool:
    """Tell whether ours is the text of the message that LiteLLM sends."""
    return isinstance(native, dict) and native.get("content") == routed


def cut(native: Any, routed: Any) -> bool:
    """Tell whether ours begins as LiteLLM's, and has 200 characters."""
    return isinstance(routed, str) and len(routed) == 200 and str(native).startswith(routed[:183])


def no_usage(_native: Any, routed: Any) -> bool:
    """Tell whether ours says that no tokens were used."""
    return isinstance(routed, dict) and not any(routed.values())


def more_than_counts(native: Any, routed: Any) -> bool:
    """Tell whether ours keeps the counts of LiteLLM's."""
    counts = ("prompt_tokens", "completion_tokens", "total_tokens")
    both = isinstance(native, dict) and isinstance(routed, dict)
    return both and all(native.get(name) == routed.get(name) for name in counts)


def only_counts(native: Any, routed: Any) -> bool:
    """Tell whether ours leaves out an object that says no more than the three counts."""
    said = _without_empty(native) or {}
    return routed == ABSENT and said.keys() <= {"prompt_tokens", "completion_tokens", "total_tokens"}


def fewer_parameters(native: Any, routed: Any) -> bool:
    """Tell whether ours has all that is a parameter of the model."""
    if not isinstance(native, dict):
        return False
    kept = {name: value for name, value in native.items() if name not in ("extra_body", "max_retries", "user")}
    return bool(kept == ({} if routed == ABSENT else routed))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        found = {name: _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in found.items() if item not in (None, {}, [], 0)}
    return value


_META = "langfuse.observation.metadata."
_TRACE_UPDATE = (
    "update_trace_keys works as the documentation says; LiteLLM wants a switch for it that is off by default"
)
_ONE_SHAPE = "a masked or redacted field is one text, whatever it held: what its parts were called is content, too"
_UPDATE_SPAN = "servers since 4 take input, output and metadata of a trace from a span without a parent: a second one"
_NO_TRACE_IO = "servers since 4 take a trace's input and output from its generation; sending both doubles every call"

REASONS: tuple[Reason, ...] = (
    Reason(
        "span_id",
        "failure",
        both_ids,
        "a failed attempt does not take the generation_id that the attempt after it will have",
    ),
    Reason(
        "span_id",
        "*",
        both_ids,
        "made of the call's id where none is asked for, so that what is sent twice is one; LiteLLM's is random",
    ),
    Reason(
        "trace_id",
        "*",
        both_ids,
        "made of the call's id where none is asked for; LiteLLM takes an id of its own log, or the session's id",
    ),
    Reason(
        "parent_span_id",
        "existing_trace*",
        both_ids,
        "made of the trace's id, so that all continuations hang in one place; LiteLLM's is random each time",
    ),
    Reason(f"{_META}routing", "*", added, "says by which rule a call came here"),
    Reason(f"{_META}trace_id", "*", added, "the id as it was given, to search for; the wire has 32 hex digits"),
    Reason(f"{_META}extra_key", "*", added, "any other key becomes metadata of the generation, as is documented"),
    Reason(
        f"{_META}ticket", "nested_metadata", added, "any other key becomes metadata of the generation, as documented"
    ),
    Reason(f"{_META}metadata", "nested_metadata", added, "kept under its own name"),
    Reason(f"{_META}requester_metadata", "*", left_out, "LiteLLM's copy of the metadata: its keys stand one by one"),
    Reason(
        f"{_META}version",
        "*",
        added,
        "where trace_version differs, Langfuse has one attribute for both, so this is kept",
    ),
    Reason(f"{_META}response_id", "embedding", added, "an embedding's response has one, too"),
    Reason(f"{_META}applied_guardrails", "*", empty_left_out, "nothing to say"),
    Reason(f"{_META}usage_object", "*", only_counts, "it says what usage_details says"),
    Reason(f"{_META}usage_object", "*", more_than_counts, "without its empty fields, with the provider's cost"),
    Reason(f"{_META}hidden_params", "*", left_out, "LiteLLM's internals; what matters of them has a name of its own"),
    Reason(f"{_META}litellm_response_cost", "*", same_scalar, "a number as JSON has it"),
    Reason(f"{_META}feature", "circular", added, "any other key becomes metadata of the generation, as is documented"),
    Reason(f"{_META}self", "circular", added, "what repeats itself is cut where it gets deep"),
    Reason(f"{_META}lock", "lock", added, "what is no plain data is named by its type"),
    Reason(f"{_META}response_id", "cached", both_ids, "as LiteLLM's payload has it: its cache marks the id"),
    Reason(f"{_META}attempted_fallbacks", "fallback", added, "how many deployments failed before"),
    Reason(f"{_META}guardrail_*", "guardrail", added, "what a guardrail decided, and who it is"),
    Reason(f"{_META}litellm_response_cost", "*failure fallback", left_out, "a call that failed has no cost"),
    Reason(f"{_META}cache_hit", "*", same_scalar, "a truth value as JSON has it"),
    Reason(
        f"{_META}user_api_key_alias",
        "key_alias",
        left_out,
        "a name of the proxy that an application may not take; it names the generation",
    ),
    Reason("langfuse.observation.model.parameters", "*", fewer_parameters, "parameters of the model alone"),
    Reason(
        "langfuse.observation.usage_details",
        "embedding",
        total_is_a_sum,
        "LiteLLM's own usage has a total of 0 with 10 in",
    ),
    Reason("langfuse.observation.cost_details", "*", split_price, "LiteLLM's price, by kinds of tokens"),
    Reason(
        "spans",
        "existing_trace_update* existing_trace_masked",
        one_more,
        _UPDATE_SPAN,
    ),
    Reason("langfuse.observation.usage_details", "*", without_empty, "kinds of tokens that were used"),
    Reason(
        "langfuse.observation.usage_details",
        "*failure fallback",
        no_usage,
        "else the server counts tokens of a failed call itself",
    ),
    Reason(
        "langfuse.observation.model.name", "*", without_provider, "the model's name alone, as prices are found by it"
    ),
    Reason("langfuse.observation.output", "text_completion", text_of_message, "a text completion answers with a text"),
    Reason("langfuse.observation.output", "*", without_empty, "without the empty fields of LiteLLM's message"),
    Reason("langfuse.observation.*put", "turn_off_message_logging*", redacted, _ONE_SHAPE),
    Reason(
        "langfuse.observation.status_message",
        "turn_off_message_logging_failure",
        redacted,
        "an error quotes what was asked: it is redacted, too",
    ),
    Reason("langfuse.trace.*", "existing_trace_update existing_trace_masked", left_out, _UPDATE_SPAN),
    Reason("langfuse.trace.*put", "all_metadata* embedding failure", left_out, _NO_TRACE_IO),
    Reason(
        "langfuse.trace.output", "existing_trace_update", without_empty, "without the empty fields of LiteLLM's message"
    ),
    Reason("*", "existing_trace_update_off", added, _TRACE_UPDATE),
    Reason("user.id", "user_argument", added, "the argument `user` is the default, as is documented"),
    Reason("session.id", "long_session", cut, "Langfuse drops a session of more than 200 characters"),
    Reason("spans", "keys_that_are_no_text", one_more, "LiteLLM loses the call"),
    Reason("spans", "host_of_request", one_more, "keys of the environment never go to a host that a request names"),
    Reason("name", "guardrail", both_ids, "a guardrail by its name"),
    Reason("langfuse.observation.type", "guardrail", both_ids, "Langfuse has a type for guardrails"),
    Reason("langfuse.observation.level", "guardrail", added, "one that intervened is a warning"),
    Reason("langfuse.observation.status_message", "guardrail", added, "one that intervened is a warning"),
    Reason("parent_span_id", "guardrail", both_ids, "both hang it below the generation, whose id differs"),
    Reason(
        "langfuse.trace.tags",
        "tags_as_text",
        added,
        "tags as one text are split; LiteLLM loses its whole payload by them",
    ),
)
