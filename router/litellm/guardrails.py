"""What guardrails decided about a call, out of LiteLLM's payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from router.litellm.content import excluded_fields
from router.litellm.figures import GUARDRAIL_FACTS, guardrail_facts
from router.litellm.snapshot import Snapshot

CONTENT = {"guardrail_request": "input", "guardrail_response": "output"}
_MOST = 64


def guardrails_of(
    payload: Mapping[str, Any] | None,
    snapshot: Snapshot,
    nanoseconds: Callable[[Any], int | None],
    *,
    may_quote: bool,
) -> tuple[dict[str, Any], ...]:
    """Return the guardrails that looked at a call: facts by LiteLLM's names, `input`, `output`, `start` and `end`.

    What a guardrail was given and answered quotes the call, so there is neither where `may_quote` is not, nor for a
    host that keeps messages or responses out of LiteLLM's payload.
    """
    given = (payload or {}).get("guardrail_information")
    entries = given if isinstance(given, (list, tuple)) else [given]
    may_quote = may_quote and excluded_fields().isdisjoint({"messages", "response"})
    found = []
    for entry in entries[:_MOST]:
        if not isinstance(entry, Mapping):
            continue
        known = guardrail_facts({name: snapshot.copy(entry.get(name)) for name in GUARDRAIL_FACTS})
        for name, part in CONTENT.items() if may_quote else ():
            if entry.get(name) is not None:
                known[part] = snapshot.copy(entry[name])
        times = {"start": nanoseconds(entry.get("start_time")), "end": nanoseconds(entry.get("end_time"))}
        found.append(known | {name: value for name, value in times.items() if value is not None})
    return tuple(found)
