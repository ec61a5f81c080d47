"""What happened: one finished LLM call as frozen data, free of LiteLLM, YAML and Langfuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import SecretStr

from router.routing.numbers import number_of, total_of

Status = Literal["success", "failure"]
Origin = Literal["sdk", "proxy"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallError:
    """Why a call failed. `message` often quotes the prompt, so masks treat it as input and as output."""

    type: str
    message: str
    code: str | None = None

    def __repr__(self) -> str:
        return f"CallError(type={self.type!r}, code={self.code!r}, message=<{len(self.message)} chars>)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCredentials:
    """The Langfuse keys, and the host, that a request names; any may be missing. None of them is ever shown."""

    public_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    host: SecretStr | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Requested:
    """What the request itself asks of Langfuse; `overrides:` decides how much of it is granted.

    Attributes:
        trace: trace fields by name (name, user_id, session_id, tags, version, release, public, metadata).
        generation: generation fields by name (name, version, metadata; prompt: {name, version}).
        trace_id: id of a new trace, in the caller's spelling.
        existing_trace_id: id of a trace to continue, in the caller's spelling.
        parent_observation_id, generation_id: ids in the caller's spelling.
        update_keys: with `existing_trace_id`, the keys of that trace which this call overwrites.
        mask: of "input" and "output", what the request wants hidden. It can only add.
        project: a project by name, which the request wants its call to go to.
        masking_function: the application's own `langfuse_masking_function`; only code can bring one.
        credentials: Langfuse keys or a host of its own.
    """

    trace: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    trace_id: str | None = None
    existing_trace_id: str | None = None
    parent_observation_id: str | None = None
    generation_id: str | None = None
    update_keys: tuple[str, ...] = ()
    mask: frozenset[str] = frozenset()
    masking_function: Callable[[Any], Any] | None = None
    project: str | None = None
    credentials: RequestCredentials | None = None

    def __repr__(self) -> str:
        return f"Requested(trace={sorted(self.trace)}, generation={sorted(self.generation)})"


NOTHING_REQUESTED = Requested()
"""What most calls ask for; one object, so that it is known at sight."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallRecord:
    """One finished LLM call, success or failure, as a snapshot nobody else holds or changes.

    All content (`input`, `output`, metadata, headers, …) is plain JSON-able data. Times are nanoseconds since
    the Unix epoch. `team` … `org` are the host's words (in the proxy: of the authenticated key; in the SDK: of
    the application); `user`, `tags`, `metadata`, `headers`, `session_id` are the caller's.

    Attributes:
        call_id: LiteLLM's call id; with `status`, `model_id` and the start it identifies the attempt.
        request_id: what the attempts of one request share where each has a call id of its own; None where they
            share that.
        model: model name; `model_group` the alias the client asked for; `model_id` the deployment.
        usage_details: token counts by Langfuse's names; `cost_details`: US dollars by Langfuse's names.
        guardrails: what each guardrail decided, by LiteLLM's names; `input` and `output` quote the call, `start` and
            `end` are times.
        authenticated: False only for a call of the proxy that no key answers for; then nobody says `team` … `org`,
            and `host_tags` are none.
        host_tags: those of `tags` that the host set itself.
        details: facts of the host for the generation's metadata (response id, cache hit, cost, …).
        size: estimate of the memory this record holds, in bytes.
    """

    call_id: str
    request_id: str | None = None
    call_type: str = "completion"
    status: Status = "success"
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    completion_start_time_unix_nano: int | None = None
    stream: bool = False
    model: str = ""
    model_group: str | None = None
    model_id: str | None = None
    provider: str | None = None
    model_parameters: Mapping[str, Any] = field(default_factory=dict)
    usage_details: Mapping[str, int] | None = None
    cost_details: Mapping[str, float] | None = None
    input: Any = None
    output: Any = None
    error: CallError | None = None
    guardrails: tuple[Mapping[str, Any], ...] = ()

    origin: Origin = "sdk"
    authenticated: bool = True
    team: str | None = None
    team_alias: str | None = None
    key_alias: str | None = None
    key_hash: str | None = None
    org: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    host_tags: tuple[str, ...] = ()
    session_id: str | None = None
    trace_id: str | None = None
    environment: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    requested: Requested = NOTHING_REQUESTED
    size: int = 0

    @property
    def cost(self) -> float | None:
        """What the call cost in US dollars; None when unknown, like every measured number."""
        return _total(self.cost_details)

    @property
    def tokens(self) -> float | None:
        """All tokens, cached ones and reasoning included."""
        return _total(self.usage_details)

    @property
    def input_tokens(self) -> float | None:
        """The tokens of every kind that Langfuse counts as input: whose name has `input` in it."""
        return _kinds(self.usage_details, "input")

    @property
    def output_tokens(self) -> float | None:
        """The tokens of every kind that Langfuse counts as output: whose name has `output` in it."""
        return _kinds(self.usage_details, "output")

    @property
    def latency(self) -> float | None:
        """Seconds from the start of the call to its end."""
        took = number_of(self.end_time_unix_nano - self.start_time_unix_nano)
        return took / 1_000_000_000 if took is not None and took > 0 else None

    def __repr__(self) -> str:
        return (
            f"CallRecord(call_id={self.call_id!r}, call_type={self.call_type!r}, status={self.status!r}, "
            f"origin={self.origin!r}, <{self.size} bytes>)"
        )


def _total(details: Any) -> float | None:
    if not isinstance(details, Mapping):
        return None
    total = number_of(details.get("total"))
    return total_of(details.values()) if total is None else total


def _kinds(details: Any, kind: str) -> float | None:
    if not isinstance(details, Mapping):
        return None
    return total_of(value for name, value in details.items() if kind in str(name))


def held_bytes(record: CallRecord) -> int:
    """Return an estimate of the memory that the content of a record made by hand holds, in bytes."""
    stack: list[Any] = [record.input, record.output, record.metadata, record.details, record.model_parameters]
    stack += record.guardrails
    stack += [record.requested.trace, record.requested.generation, record.error.message if record.error else None]
    return 1_000 + bytes_of(stack)


def bytes_of(values: Iterable[Any]) -> int:
    """Return an estimate of the memory that plain values hold, in bytes."""
    total = 0
    stack = [*values]
    for _ in range(_MAX_VALUES):
        if not stack:
            break
        value = stack.pop()
        total += 64
        if isinstance(value, (str, bytes)):
            total += len(value)
        elif isinstance(value, Mapping):
            stack += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            stack += value
    return total


_MAX_VALUES = 100_000
