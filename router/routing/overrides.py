"""What a request is granted of what it asks for; the rest is denied by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.config.hosts import read_host
from router.config.loaded import LoadedConfig, ResolvedProject
from router.config.model import MASK_FUNCTION, MASK_INPUT, MASK_OUTPUT, Defaults
from router.routing.ad_hoc import ad_hoc_project, usable_keys
from router.routing.permissions import Permission, compile_permissions
from router.routing.plan import Ids
from router.routing.record import NOTHING_REQUESTED, CallRecord, Requested

_CANONICAL_KEYS = {
    "trace_name": "name",
    "trace_user_id": "user_id",
    "trace_version": "version",
    "trace_release": "release",
    "trace_metadata": "metadata",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The project that a request chose or brought, and what lets it.

    Attributes:
        ad_hoc: the project itself where the request brought its keys.
    """

    project: str
    permission: Permission
    ad_hoc: ResolvedProject | None = field(default=None, repr=False)

    @property
    def wish(self) -> str:
        """The dotted key under which it is denied."""
        return "project" if self.ad_hoc is None else "credentials"


@dataclass(frozen=True, slots=True, repr=False)
class Granted:
    """The part of a request that counts, and the dotted keys of the part that does not.

    Attributes:
        choice: the project that the request may choose, and chose.
    """

    trace: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    ids: Ids = field(default_factory=Ids)
    update_keys: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    choice: Choice | None = None
    denied: tuple[str, ...] = ()


NOTHING_GRANTED = Granted()


@dataclass(frozen=True, slots=True)
class Grants:
    """Compiled `overrides:`: what everybody may, then every grant.

    Attributes:
        names_keys: whether `allow:` stands in the file; without it the SDK may set every key.
    """

    permissions: tuple[Permission, ...]
    names_keys: bool
    defaults: Defaults
    default_host: str | None

    @classmethod
    def from_config(cls, loaded: LoadedConfig) -> Grants:
        names_keys = loaded.overrides.allow is not None
        return cls(compile_permissions(loaded), names_keys, loaded.defaults, loaded.default_host)

    def grant(self, record: CallRecord) -> Granted:
        """Return what the request of `record` is granted; that of an unauthenticated call nothing but masks."""
        if asks_nothing(record):
            return NOTHING_GRANTED
        asked = record.requested
        everybodys = self.permissions[:1]
        holding = [one for one in self.permissions if one.holds(record)] if record.authenticated else everybodys
        denied: list[str] = []
        masks = _masks(asked, holding, denied)
        choice = self._choice(record, holding if record.authenticated else (), denied)
        asked_trace = _asked_trace(record)
        update_keys = canonical_keys(asked.update_keys)
        if record.origin == "sdk" and not self.names_keys and record.authenticated:
            return Granted(asked_trace, asked.generation, _ids(record), update_keys, masks, choice, tuple(denied))
        allowed = frozenset[str]().union(*(one.allow for one in holding if record.authenticated))
        own_tags = record.host_tags if record.authenticated else ()
        trace = _fields("trace", asked_trace, allowed, denied, own_tags)
        generation = _fields("generation", asked.generation, allowed, denied, ())
        ids = _granted_ids(_ids(record), allowed, denied)
        if update_keys and not _is_allowed("update_keys", allowed):
            denied.append("update_keys")
            update_keys = ()
        return Granted(trace, generation, ids, update_keys, masks, choice, tuple(denied))

    def _choice(self, record: CallRecord, holding: Sequence[Permission], denied: list[str]) -> Choice | None:
        """Return where the request wants its call to go: the project of its own keys before one that it names."""
        brought = self._brought(record, holding, denied)
        name = record.requested.project
        if name is None:
            return brought
        for permission in holding if brought is None else ():
            if name in permission.projects and record.origin in permission.brought_by:
                return Choice(name, permission)
        denied.append("project")
        return brought

    def _brought(self, record: CallRecord, holding: Sequence[Permission], denied: list[str]) -> Choice | None:
        """Return the project whose keys the request brings: all of it, or nothing."""
        asked = record.requested.credentials
        if asked is None:
            return None
        keys = usable_keys(asked)
        permissions = [one for one in holding if one.grants_credentials(record)]
        if keys is None or not permissions:
            denied.append("credentials")
            return None
        named = asked.host.get_secret_value() if asked.host else self.default_host
        host = read_host(named or "", allow_http=self.defaults.allow_http)
        permission = None if host is None else next((one for one in permissions if one.admits(host)), None)
        if host is None or permission is None:
            denied.append("credentials.host")
            return None
        project = ad_hoc_project(keys, host, self.defaults)
        return Choice(project.name, permission, project)


def _masks(asked: Requested, holding: Sequence[Permission], denied: list[str]) -> tuple[str, ...]:
    if not asked.mask and not asked.masking_function:
        return ()
    wanted = {"input": MASK_INPUT, "output": MASK_OUTPUT, "function": MASK_FUNCTION}
    parts = [part for part in wanted if part in asked.mask or (part == "function" and asked.masking_function)]
    if not any(permission.masks for permission in holding):
        denied.extend(f"mask.{part}" for part in sorted(parts))
        return ()
    return tuple(wanted[part] for part in parts)


def asks_nothing(record: CallRecord) -> bool:
    """Tell whether there is nothing to grant or to deny: no wish, and no fact of the call that counts as one."""
    return record.requested is NOTHING_REQUESTED and not (
        record.session_id or record.user or record.tags or record.host_tags or record.environment or record.trace_id
    )


def canonical_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return update keys in Langfuse's spelling (`trace_name` becomes `name`), without repetitions."""
    return tuple(dict.fromkeys(_CANONICAL_KEYS.get(key, key) for key in keys))


def _asked_trace(record: CallRecord) -> dict[str, Any]:
    """Return the trace fields that the request names, in its metadata or as facts of the call."""
    trace = dict(record.requested.trace)
    if record.session_id and "session_id" not in trace:
        trace["session_id"] = record.session_id
    if record.user and "user_id" not in trace:
        trace["user_id"] = record.user
    if record.tags and "tags" not in trace:
        trace["tags"] = list(record.tags)
    if record.environment and "environment" not in trace:
        trace["environment"] = record.environment
    return trace


def _ids(record: CallRecord) -> Ids:
    asked = record.requested
    return Ids(
        trace_id=asked.existing_trace_id or asked.trace_id or record.trace_id,
        continues=asked.existing_trace_id is not None,
        generation_id=asked.generation_id,
        parent_observation_id=asked.parent_observation_id,
    )


def _granted_ids(ids: Ids, allowed: frozenset[str], denied: list[str]) -> Ids:
    wanted = {
        "trace.id": ids.trace_id,
        "generation.id": ids.generation_id,
        "generation.parent": ids.parent_observation_id,
    }
    granted = {key: value for key, value in wanted.items() if value is not None and _is_allowed(key, allowed)}
    denied.extend(key for key, value in wanted.items() if value is not None and key not in granted)
    return Ids(
        trace_id=granted.get("trace.id"),
        continues=ids.continues and "trace.id" in granted,
        generation_id=granted.get("generation.id"),
        parent_observation_id=granted.get("generation.parent"),
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
