"""Routes every finished LLM call to its team's own Langfuse project, masked, as one routing.yaml says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from router.errors import ConfigError, DeliveryError, MaskingError, Problem, RequestError, RouterError

if TYPE_CHECKING:
    from router.delivery import Health, Stats
    from router.pipeline import Router
    from router.reload import Reloaded
    from router.routing.plan import Plan
    from router.routing.record import CallError, CallRecord, Requested

__all__ = [
    "CallError",
    "CallRecord",
    "ConfigError",
    "DeliveryError",
    "Health",
    "MaskingError",
    "Plan",
    "Problem",
    "Reloaded",
    "RequestError",
    "Requested",
    "Router",
    "RouterError",
    "Stats",
]

_HOMES = {
    "CallError": "router.routing.record",
    "CallRecord": "router.routing.record",
    "Health": "router.delivery",
    "Plan": "router.routing.plan",
    "Reloaded": "router.reload",
    "Requested": "router.routing.record",
    "Router": "router.pipeline",
    "Stats": "router.delivery",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: `import router` stays cheap, and `router check` never pays for delivery.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
