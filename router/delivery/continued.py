"""How a call says what it changes of a trace that exists, so that nothing else of that trace changes. Pure.

Both generations of Langfuse reset what a later span does not say again, each in its own way:

- 3 keeps a row for each trace. A span with an attribute of the trace overwrites what it names, and erases version,
  release and public unless it names them too; version and release alone are not heard. A second span without a
  parent would rename the trace.
- 4 has no such row: name, user, session, version, release and tags are the last ones written, and so is the
  environment, which every span has. Input, output and metadata are, all three, those of the last span without a
  parent; `langfuse.trace.input` is not heard.

So on 4 a span without a parent carries the new input, output or metadata, beside the generation and together with
the rest of the three as it was. What has to be said again is known where this
process wrote it (`router.delivery.traces`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.config.loaded import ResolvedProject
from router.config.model import Generation
from router.masking.record import MaskedRecord

CONTENT = ("input", "output", "metadata")
"""What a server of generation 4 takes from the last span without a parent."""
_ERASED = ("version", "release", "public")
_NAMED = ("name", "user_id", "session_id", "tags", "version", "release")
_HEARD = ("name", "user_id", "session_id", "tags", "metadata", "input", "output", "public")
"""What makes a server of generation 3 look at the attributes of the trace at all."""


@dataclass(frozen=True, slots=True, repr=False)
class Continued:
    """What the spans of a call say of the trace that it continues; fields by the names of routing.yaml.

    Attributes:
        own: on the generation's span; `input` and `output` are those of the trace.
        root: on a span without a parent beside it; None where none is needed.
        touch: whether the generation's span needs an attribute of the trace that says nothing, to be heard.
        not_kept: fields of the trace that are, or may be, reset, because this process does not know them.
        not_updated: fields that stay as they were, because others would be lost with them.
        state: what is known of the trace from now on.
    """

    own: Mapping[str, Any]
    root: Mapping[str, Any] | None = None
    touch: bool = False
    not_kept: tuple[str, ...] = ()
    not_updated: tuple[str, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)


def new_fields(masked: MaskedRecord, project: ResolvedProject) -> dict[str, Any]:
    """Return what a call says of its trace, input and output apart."""
    trace = masked.trace
    return {
        "name": trace.get("name"),
        "user_id": trace.get("user_id"),
        "session_id": trace.get("session_id"),
        "tags": trace.get("tags"),
        "version": trace.get("version") or masked.generation.get("version"),
        "release": trace.get("release") or project.release,
        "public": trace.get("public") is True,
        "environment": trace.get("environment") or project.environment,
        "metadata": trace.get("metadata"),
    }


def continue_trace(masked: MaskedRecord, project: ResolvedProject, output: Any, server: Generation | None) -> Continued:
    """Return what a call that continues a trace says of it; where the server is not known, what is right on both."""
    kept = masked.kept
    new = new_fields(masked, project) | {"input": masked.input, "output": output}
    updated = {key: new[key] for key in (*_NAMED, *CONTENT) if key in masked.update_keys and new[key]}
    if "metadata" in updated and "metadata" in kept:
        updated["metadata"] = {**(kept["metadata"] or {}), **updated["metadata"]}
    lost: list[str] = []
    environment = kept["environment"] if "environment" in kept else new["environment"]
    if "environment" not in kept and (environment is None or "environment" in masked.hidden) and server != "v3":
        lost.append("environment")
    own = {key: value for key, value in updated.items() if server != "v4" or key not in CONTENT}
    writes = server != "v4" and bool(own or kept.get("public"))
    if writes:
        lost += _say_again(own, kept, None if "release" in masked.hidden else project.release)
    version = masked.generation.get("version")
    if version and "version" not in own and ((server == "v3" and not writes) or kept.get("version") == version):
        own["version"] = version
    root, not_updated = _root(updated, own, kept, server, lost)
    state = {**kept, **updated, "environment": environment}
    return Continued(
        own=own | {"environment": environment},
        root=None if root is None else root | {"environment": environment},
        touch=writes and not any(own.get(key) for key in _HEARD),
        not_kept=tuple(sorted(lost)),
        not_updated=not_updated,
        state={key: value for key, value in state.items() if key not in not_updated},
    )


def _say_again(own: dict[str, Any], kept: Mapping[str, Any], release: str | None) -> list[str]:
    """Add to `own` what generation 3 would erase, as far as it is known; return the rest. `release`: if not known."""
    lost = []
    for key in _ERASED:
        if key in own:
            continue
        if key in kept:
            own[key] = kept[key]
        elif key == "release" and release:
            own[key] = release
        else:
            lost.append(key)
    return lost


def _root(
    updated: Mapping[str, Any],
    own: Mapping[str, Any],
    kept: Mapping[str, Any],
    server: Generation | None,
    lost: list[str],
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Return the fields of the span without a parent, and what is not updated for want of the rest.

    Input and output are not given up for an update of the other one. On a server that may be of generation 3 such a
    span would rename the trace, unless it knows the name. On generation 4 it renames one that is called by its first
    span only, as the Langfuse SDK leaves it: the update was asked for, so it is made, and the name told as lost.
    """
    wanted = tuple(key for key in CONTENT if key in updated)
    if not wanted or server == "v3":
        return None, ()
    content = {key: kept[key] for key in CONTENT if key in kept} | {key: updated[key] for key in wanted}
    others = {**kept, **own}
    if not {"input", "output"} <= content.keys() or (server is None and not others.get("name")):
        return None, wanted
    lost += [key for key, known in (("metadata", content), ("name", others)) if key not in known]
    again = {key: others.get(key) for key in (*_NAMED, "public")} if server is None else {}
    return {**again, **content}, ()
