"""The captured LiteLLM calls in tests/fixtures/litellm-payloads, rehydrated into the objects a hook really gets."""

from __future__ import annotations

import builtins
import datetime
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.litellm.capture import Capture, capture
from router.litellm.record import record_from_kwargs
from router.routing.record import CallRecord

PAYLOADS = Path(__file__).parent / "fixtures" / "litellm-payloads"
NAMES = sorted(
    path.stem
    for path in PAYLOADS.glob("*.json")
    if not path.stem.startswith("proxy_bad_key.") and path.stem != "proxy_bad_key"
)
"""Every payload of the four log hooks. `proxy_bad_key` was captured from another hook, which we do not use."""


@dataclass(frozen=True)
class Payload:
    """One captured call: the arguments of the hook, and what the client sent where it was a proxy call."""

    name: str
    hook: str
    kwargs: dict[str, Any]
    response_obj: Any
    start_time: Any
    end_time: Any
    request: Mapping[str, Any] | None

    @property
    def status(self) -> Any:
        return "failure" if "failure" in self.hook else "success"

    @property
    def is_proxy(self) -> bool:
        return self.name.startswith("proxy_")


def load_payload(name: str) -> Payload:
    """Return a captured call by the name of its file; objects that cannot be made again stand as plain objects."""
    return payload_of(name, read_payload(name))


def record_of(payload: Payload, **changes: Any) -> CallRecord:
    """Return the record of a captured call, with changes to the hook's arguments."""
    return record_from_kwargs(
        {**payload.kwargs, **changes},
        payload.response_obj,
        payload.start_time,
        payload.end_time,
        status=payload.status,
        proxy_process=payload.is_proxy,
    )


def capture_of(payload: Payload) -> Capture:
    """Return what a hook keeps of a captured call."""
    return capture(
        payload.kwargs,
        payload.response_obj,
        payload.start_time,
        payload.end_time,
        status=payload.status,
        proxy_process=payload.is_proxy,
    )


def read_payload(name: str) -> dict[str, Any]:
    """Return a captured call as JSON, objects as their fields."""
    raw: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return raw


def payload_of(name: str, raw: dict[str, Any]) -> Payload:
    """Return the call that `raw` describes, which `read_payload` returned."""
    return Payload(
        name=name,
        hook=raw["hook"],
        kwargs=_rehydrate(raw["kwargs"]),
        response_obj=_rehydrate(raw["response_obj"]),
        start_time=_rehydrate(raw["start_time"]),
        end_time=_rehydrate(raw["end_time"]),
        request=raw.get("request"),
    )


def native_spans(name: str) -> dict[str, Any]:
    """Return what LiteLLM's own Langfuse callback sent for a call of the same kind."""
    loaded: dict[str, Any] = json.loads((PAYLOADS / "native_langfuse_spans" / f"{name}.json").read_text("utf-8"))
    return loaded


def _rehydrate(value: Any) -> Any:
    if isinstance(value, list):
        return [_rehydrate(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "__datetime__" in value:
        return datetime.datetime.fromisoformat(value["__datetime__"])
    if "__tuple__" in value:
        return tuple(_rehydrate(item) for item in value["__tuple__"])
    if "__model__" in value:
        return _model(value)
    if "__exception__" in value:
        return _exception(value)
    if "__object__" in value:
        return (lambda given: given) if value["__object__"] == "builtins.function" else object()
    return {key: _rehydrate(item) for key, item in value.items()}


def _model(value: dict[str, Any]) -> Any:
    module, _, name = value["__model__"].rpartition(".")
    model_class = getattr(importlib.import_module(module), name)
    data = _rehydrate(value["data"])
    if name == "UserAPIKeyAuth":
        return model_class.model_construct(**data)
    try:
        model = model_class(**data)
    except ValueError:  # LiteLLM changes some models after it made them
        model = model_class.model_construct(**data)
    if hidden := value.get("_hidden_params"):
        model._hidden_params = _rehydrate(hidden)
    return model


def _exception(value: dict[str, Any]) -> BaseException:
    """Return an exception of a class with the same name, text and attributes."""
    name = value["__exception__"].rpartition(".")[2]
    base = getattr(builtins, name, Exception)
    text = str(value.get("str", value.get("message", "")))
    made: BaseException = type(name, (base,), {})(text)
    for attribute, item in value.items():
        if attribute not in ("__exception__", "str"):
            setattr(made, attribute, item)
    return made
