"""The document of a call: everything that may reach the wire, rebuilt by allow-list, still unmasked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.config.model import GENERATION_FIELDS, TRACE_FIELDS
from router.masking.ids import SpanIds
from router.masking.plain import Copier
from router.routing.plan import Plan
from router.routing.record import CallRecord

GENERATION_PARTS = (*GENERATION_FIELDS, "prompt")
"""What a document holds of the generation: the fields that routing.yaml sets, and the prompt that was used."""
FACTS = frozenset({"call_id", "call_type", "usage_details", "cost_details", "guardrails"})
"""Fields of the document that no path reaches; every detector sees them all the same."""
UPDATE_KEYS = frozenset(
    """
    input output name user_id session_id tags version release metadata trace_name trace_user_id trace_version
    trace_release trace_metadata
    """.split()
)
"""Keys of a continued trace that a call can overwrite."""
SAFE_PARAMETERS = frozenset(
    """
    temperature max_tokens max_completion_tokens max_output_tokens top_p top_k min_p frequency_penalty presence_penalty
    repetition_penalty n seed stream logprobs top_logprobs dimensions parallel_tool_calls timeout max_retries
    num_retries store
    """.split()
)
"""Parameters that are numbers or switches."""
TEXT_PARAMETERS = frozenset(
    "stop response_format tool_choice reasoning_effort verbosity encoding_format modalities service_tier size quality"
    " voice".split()
)
"""Parameters that can hold words of the caller; hidden together with the input unless they are a plain word."""


@dataclass(slots=True, repr=False)
class Document:
    """A call as a tree of plain data that nobody else holds; masks change it in place.

    Attributes:
        tree: input, output, error {type, code, message}, model, model_parameters, trace, generation; and the
            facts call_id, call_type, usage_details, cost_details and guardrails, which no path reaches but every
            detector sees.
        removed: how many values went because their key names a secret.
        secrets: the texts among them.
    """

    tree: dict[str, Any]
    removed: int
    secrets: set[str]


def build_document(record: CallRecord, plan: Plan, ids: SpanIds) -> Document:
    """Return the document of `record` under `plan`.

    Raises whatever a foreign object raises when it is read.
    """
    copier = Copier()
    metadata = {**_mapping(record.details), **_mapping(plan.generation.get("metadata"))}
    if ids.foreign_trace_id is not None:
        metadata.setdefault("trace_id", ids.foreign_trace_id)
    error = record.error
    tree: dict[str, Any] = {
        "call_id": copier.copy(record.call_id),
        "call_type": copier.copy(record.call_type),
        "model": copier.copy(record.model),
        "model_parameters": copier.copy(_allowed_parameters(record.model_parameters)),
        "usage_details": copier.copy(record.usage_details),
        "cost_details": copier.copy(record.cost_details),
        "guardrails": copier.copy(record.guardrails) if record.guardrails else None,
        "trace": _fields(copier, plan.trace, TRACE_FIELDS),
        "generation": _fields(copier, {**plan.generation, "metadata": metadata}, GENERATION_PARTS),
        "error": {name: copier.copy(getattr(error, name)) for name in ("type", "code", "message")} if error else None,
        "input": copier.copy(record.input),
        "output": copier.copy(record.output),
    }
    return Document(tree, copier.removed, copier.secrets)


def _fields(copier: Copier, values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    present = {name: values[name] for name in names if values.get(name) is not None}
    return {name: copier.copy(value, in_metadata=name == "metadata") for name, value in present.items()}


def _allowed_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    allowed = SAFE_PARAMETERS | TEXT_PARAMETERS
    return {name: value for name, value in _mapping(parameters).items() if name in allowed and value is not None}


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
