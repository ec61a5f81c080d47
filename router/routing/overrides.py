"""What a request is granted of what it asks for; the rest is denied by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.config.model import Overrides
from router.routing.plan import Ids
from router.routing.record import CallRecord, Requested

MASK_INPUT = "mask-input"
MASK_OUTPUT = "mask-output"
"""Names of the two masks that a request can add: whole redaction of input and of output."""

_CANONICAL_KEYS = {
    "trace_name": "name",
    "trace_user_id": "user_id",
    "trace_version": "version",
    "trace_release": "release",
    "trace_metadata": "metadata",
}


@dataclass(frozen=True, slots=True)
class Granted:
    """The part of a request that counts, and the dotted keys of the part that does not."""

    trace: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    ids: Ids = field(default_factory=Ids)
    update_keys: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grants:
    """Compiled `overrides:`. `allow` None means: everything in the SDK, nothing in the proxy."""

    allow: frozenset[str] | None
    masks: bool

    @classmethod
    def from_config(cls, overrides: Overrides) -> Grants:
        allow = None if overrides.allow is None else frozenset(overrides.allow)
        return cls(allow=allow, masks=overrides.masks == "add-only")

    def grant(self, record: CallRecord) -> Granted:
        """Return what the request of `record` is granted."""
        asked = record.requested
        denied: list[str] = []
        masks = self._masks(asked, denied)
        if asked.project is not None:
            denied.append("project")
        if record.origin == "sdk" and self.allow is None:
            return Granted(
                asked.trace, asked.generation, _ids(asked), canonical_keys(asked.update_keys), masks, tuple(denied)
            )
        allowed = self.allow or frozenset()
        trace = _fields("trace", asked.trace, allowed, denied, tuple(record.host_tags))
        generation = _fields("generation", asked.generation, allowed, denied, ())
        ids = _granted_ids(asked, allowed, denied)
        update_keys = canonical_keys(asked.update_keys)
        if update_keys and not _is_allowed("update_keys", allowed):
            denied.append("update_keys")
            update_keys = ()
        return Granted(trace, generation, ids, update_keys, masks, tuple(denied))

    def _masks(self, asked: Requested, denied: list[str]) -> tuple[str, ...]:
        if not asked.mask:
            return ()
        if not self.masks:
            denied.extend(f"mask.{part}" for part in sorted(asked.mask))
            return ()
        return tuple(name for part, name in (("input", MASK_INPUT), ("output", MASK_OUTPUT)) if part in asked.mask)


def canonical_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return update keys in Langfuse's spelling (`trace_name` becomes `name`), without repetitions."""
    return tuple(dict.fromkeys(_CANONICAL_KEYS.get(key, key) for key in keys))


def _ids(asked: Requested) -> Ids:
    return Ids(
        trace_id=asked.existing_trace_id or asked.trace_id,
        continues=asked.existing_trace_id is not None,
        generation_id=asked.generation_id,
        parent_observation_id=asked.parent_observation_id,
    )


def _granted_ids(asked: Requested, allowed: frozenset[str], denied: list[str]) -> Ids:
    ids = _ids(asked)
    trace = generation = parent = True
    if ids.trace_id is not None and not _is_allowed("trace.id", allowed):
        denied.append("trace.id")
        trace = False
    if ids.generation_id is not None and not _is_allowed("generation.id", allowed):
        denied.append("generation.id")
        generation = False
    if ids.parent_observation_id is not None and not _is_allowed("generation.parent", allowed):
        denied.append("generation.parent")
        parent = False
    return Ids(
        trace_id=ids.trace_id if trace else None,
        continues=ids.continues and trace,
        generation_id=ids.generation_id if generation else None,
        parent_observation_id=ids.parent_observation_id if parent else None,
    )


def _fields(
    kind: str, asked: Mapping[str, Any], allowed: frozenset[str], denied: list[str], own_tags: tuple[str, ...]
) -> dict[str, Any]:
    """Return the allowed ones of the fields `asked`; tags that the host set itself need no permission."""
    granted: dict[str, Any] = {}
    for name, value in asked.items():
        if name == "metadata" and isinstance(value, Mapping):
            inner = _fields(f"{kind}.metadata", value, allowed, denied, ())
            if inner:
                granted[name] = inner
        elif _is_allowed(f"{kind}.{name}", allowed):
            granted[name] = value
        elif not (name == "tags" and own_tags and set(value) <= set(own_tags)):
            denied.append(f"{kind}.{name}")
    if own_tags and "tags" not in granted:
        granted["tags"] = list(own_tags)
    return granted


def _is_allowed(key: str, allowed: frozenset[str]) -> bool:
    if key in allowed or "*" in allowed:
        return True
    parts = key.split(".")
    for length in range(1, len(parts)):
        prefix = ".".join(parts[:length])
        if f"{prefix}.*" in allowed or (length > 1 and prefix in allowed):
            return True
    return False
