"""References that lead nowhere: told one by one, and for a template with many rows once, with the first few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from router.config.draft import Draft
from router.config.excerpt import holds_key
from router.config.findings import Findings
from router.config.nodes import Path
from router.config.suggest import did_you_mean

_MOST = 4
"""Missing references of one place that are told one by one."""
_SHOWN = 3
_HINTS = {
    "variable": "set `{}`; `router check --no-env` checks a file without its credentials",
    "file": "give the path of a readable text file; a relative one starts at the folder of this YAML file",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """A variable or file that has no value. `state` completes its name: "is not set"; `project`: who needs it."""

    kind: Literal["variable", "file"]
    name: str
    state: str
    path: Path
    project: str | None


def tell_missing(findings: Findings, missing: Iterable[Missing], environ: Mapping[str, str]) -> None:
    """Record a finding for each, or one for all of a place of a template where there are many."""
    places: dict[Path, list[Missing]] = {}
    for one in missing:
        places.setdefault(_place(findings.draft, one.path), []).append(one)
    for found in places.values():
        if len(found) > _MOST:
            _tell_many(findings, found)
        else:
            for one in found:
                _tell(findings, one, environ)


def _place(draft: Draft, path: Path) -> Path:
    origin = draft.origin(path)
    return path if origin is None else ("projects", origin.template, *path[2:])


def _tell(findings: Findings, one: Missing, environ: Mapping[str, str]) -> None:
    word = "environment variable" if one.kind == "variable" else "file"
    label = did_you_mean(one.name, environ) if one.state == "is not set" else ""
    effect, hint = _lost(findings.draft, one.project), _HINTS[one.kind].format(one.name)
    findings.add("RT602", f"{word} {_shown(one.name)} {one.state}", one.path, label=label, effect=effect, hint=hint)


def _tell_many(findings: Findings, found: Sequence[Missing]) -> None:
    names = ", ".join(_shown(one.name) for one in found[:_SHOWN])
    words, hint = "environment variables are not set or empty", "`router env` lists them all; "
    hint += _HINTS["variable"].partition("; ")[2]
    if found[0].kind == "file":
        words, hint = "files cannot be read or are empty", _HINTS["file"]
    projects = dict.fromkeys(one.project for one in found)
    template = _place(findings.draft, found[0].path)[1]
    effect = f"nothing could be sent to {len(projects)} projects of template `{template}`"
    location = findings.draft.at(*found[0].path)
    findings.add_at("RT602", f"{len(found)} {words}: {names}, …", location, effect=effect, hint=hint)


def _shown(name: str) -> str:
    """Return a name for a message, which may be logged; a key that was written in its place is not shown."""
    return "(a key, not shown)" if holds_key(name) else f"`{name}`"


def _lost(draft: Draft, project: str | None) -> str:
    if project is None:
        return "nothing could be hashed"
    origin = draft.origins.get(project)
    of_row = f" of row `{origin.row.key}` ({origin.row.location})" if origin is not None else ""
    return f"nothing could be sent to project `{project}`{of_row}"
