"""A call described by hand: the mapping that tests, `router explain` and `Router.resolve` take, as a CallRecord."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from router.config.tables import NO_VOCABULARY, Vocabulary
from router.config.windows import moment_of
from router.errors import RequestError
from router.routing.attributes import text_of, texts_of
from router.routing.identity import IDENTITY, identity_from_metadata
from router.routing.numbers import number_in, number_of
from router.routing.record import CallError, CallRecord, RequestCredentials
from router.routing.requested import CREDENTIAL_KEYS, requested_from_metadata

_TEXT_KEYS = (
    "call_id",
    "call_type",
    "model",
    "model_group",
    "model_id",
    "provider",
    "team",
    "team_alias",
    "key_alias",
    "key_hash",
    "org",
    "user",
    "session_id",
    "trace_id",
    "environment",
)
_COUNTS = {"tokens": "total", "input_tokens": "input", "output_tokens": "output"}
_CONTENT_KEYS = ("input", "output", "model_parameters", "usage_details", "cost_details")
REQUEST_KEYS = frozenset(
    (*_TEXT_KEYS, *_CONTENT_KEYS, "status", "stream", "tags", "metadata", "headers", "error", "origin", "authenticated")
) | {"host_tags", "override", "cost", "latency", "now", *_COUNTS}


def record_from_request(request: Mapping[str, Any], vocabulary: Vocabulary = NO_VOCABULARY) -> CallRecord:
    """Return the call that `request` describes; the mapping itself is not kept.

    Its metadata is read as LiteLLM's is in an application: `team`, `trace_name`, `mask_input` … keep their
    meaning. `origin: proxy` makes the request a client's, whose metadata names no team; `authenticated: false` one of
    the proxy that no key answers for, which has no team at all.

    Raises:
        RequestError: an unknown key, or a value of the wrong type; the text names the key, never the value.
    """
    request = with_declared(request, vocabulary)
    _check_keys(request, vocabulary)
    metadata = _mapping(request, "metadata")
    headers = {str(key).lower(): str(text_of(value) or "") for key, value in _mapping(request, "headers").items()}
    authenticated = _flag(request, "authenticated", default=True)
    origin = _choice(request, "origin", ("sdk", "proxy")) if authenticated else "proxy"
    texts = {key: text_of(request[key]) for key in _TEXT_KEYS if request.get(key) is not None}
    if not authenticated:
        texts = {key: text for key, text in texts.items() if key not in IDENTITY}
    requested = requested_from_metadata(metadata, headers=headers if origin == "proxy" else {})
    fields: dict[str, Any] = {
        **(identity_from_metadata(metadata) if origin == "sdk" else {}),
        **texts,
        **{key: request[key] for key in _CONTENT_KEYS if key in request},
        **_measured(request),
        "metadata": {key: value for key, value in metadata.items() if key not in CREDENTIAL_KEYS},
        "headers": headers,
        "origin": origin,
        "status": _choice(request, "status", ("success", "failure")),
        "stream": _flag(request, "stream", default=False),
        "authenticated": authenticated,
        "host_tags": texts_of(request.get("host_tags", [])) if authenticated else (),
    }
    fields.setdefault("call_id", "call")
    fields.setdefault("model", "")
    override = _override(request)
    asked = requested.trace
    tags = [*asked.get("tags", ()), *texts_of(request.get("tags", [])), *fields["host_tags"]]
    fields["tags"] = tuple(dict.fromkeys(tags))
    fields.setdefault("session_id", asked.get("session_id"))
    fields.setdefault("user", asked.get("user_id"))
    fields.setdefault("environment", asked.get("environment"))
    fields.setdefault("trace_id", requested.existing_trace_id or requested.trace_id)
    requested = replace(
        requested,
        trace={name: value for name, value in asked.items() if name != "tags"},
        project=text_of(override.get("project")) or requested.project,
        credentials=_credentials(override) or requested.credentials,
    )
    if "error" in request or fields["status"] == "failure":
        fields["error"] = _error(request.get("error"))
    return CallRecord(**fields, requested=requested)


def with_declared(request: Mapping[str, Any], vocabulary: Vocabulary) -> Mapping[str, Any]:
    """Return the request with every declared attribute put where it is read first: `region: eu` into metadata."""
    moved = {
        name: spec.paths()[0]
        for name, spec in vocabulary.declared.items()
        if request.get(name) is not None and name not in spec.paths()
    }
    if not moved:
        return request
    placed: dict[str, Any] = {key: value for key, value in request.items() if key not in moved}
    for name, path in moved.items():
        family, dot, key = path.partition(".")
        if not dot:
            placed[path] = request[name]
            continue
        section = {"header": "headers"}.get(family, family)
        placed[section] = {**_mapping(placed, section), key: request[name]}
    return placed


def _check_keys(request: Mapping[str, Any], vocabulary: Vocabulary) -> None:
    for key in request:
        if key not in REQUEST_KEYS:
            known = {*REQUEST_KEYS, *vocabulary.declared}
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"allowed: {', '.join(sorted(known))}"
            raise RequestError(f"unknown key `{key}` in a request; {hint}")


def _mapping(request: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = request.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RequestError(f"`{key}` in a request must be a mapping, got {type(value).__name__}")
    return value


def _measured(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of CallRecord that hold the measured numbers of a request."""
    fields: dict[str, Any] = {}
    counts = {kind: int(number) for key, kind in _COUNTS.items() if (number := _number(request, key)) is not None}
    if counts:
        fields["usage_details"] = {**_mapping(request, "usage_details"), **counts}
    if (cost := _number(request, "cost")) is not None:
        fields["cost_details"] = {**_mapping(request, "cost_details"), "total": cost}
    start = _start(request)
    return {
        **fields,
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + round((_number(request, "latency") or 0) * 1_000_000_000),
    }


def _start(request: Mapping[str, Any]) -> int:
    """Return when the call starts, in nanoseconds since the epoch; 0 where the request does not say it."""
    if (now := request.get("now")) is None:
        return 0
    moment = moment_of(now) if isinstance(now, str) else None
    if moment is None or moment <= 0:
        raise RequestError("`now` in a request must be a time such as 2026-12-24T10:00:00+01:00")
    return moment


def _number(request: Mapping[str, Any], key: str) -> float | None:
    value = request.get(key)
    number = number_in(value) if isinstance(value, str) else number_of(value)
    if value is not None and (number is None or number < 0):
        raise RequestError(f"`{key}` in a request must be a number from 0 up")
    return number


def _override(request: Mapping[str, Any]) -> Mapping[str, Any]:
    override = _mapping(request, "override")
    for key in override:
        if key not in ("project", "credentials"):
            raise RequestError(f"unknown key `{key}` in `override` of a request; allowed: project, credentials")
    return override


def _credentials(override: Mapping[str, Any]) -> RequestCredentials | None:
    """Return keys that stand for those of a request, with the host that `credentials: {host: …}` names."""
    if override.get("credentials") is None:
        return None
    given = _mapping(override, "credentials")
    for key in given:
        if key != "host":
            raise RequestError(f"unknown key `{key}` in `credentials` of a request; allowed: host")
    host = text_of(given.get("host"))
    return RequestCredentials(
        public_key=SecretStr("pk-lf-request"),
        secret_key=SecretStr("sk-lf-request"),
        host=SecretStr(host) if host else None,
    )


def _flag(request: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = request.get(key, default)
    value = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if not isinstance(value, bool):
        raise RequestError(f"`{key}` in a request must be true or false")
    return value


def _choice(request: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
    value = request.get(key, choices[0])
    if value not in choices:
        raise RequestError(f"`{key}` in a request must be one of {', '.join(choices)}")
    return str(value)


def _error(value: Any) -> CallError:
    if isinstance(value, Mapping):
        return CallError(
            type=text_of(value.get("type")) or "Error",
            message=text_of(value.get("message")) or "",
            code=text_of(value.get("code")),
        )
    return CallError(type="Error", message=text_of(value) or "")
