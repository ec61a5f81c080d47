"""Checks of what rules and overlays set on traces and generations, and of Langfuse's own limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.config.check_conditions import check_expr
from router.config.findings import Findings, from_variables
from router.config.limits import LENGTHS, fitted
from router.config.model import Expr, GenerationUpdate, TraceUpdate
from router.config.nodes import Path
from router.config.project_templates import unknown_column
from router.config.suggest import did_you_mean
from router.config.templates import Hole, parse_template
from router.config.text_error import TextError

_TEXT_FIELDS = frozenset({"name", "user_id", "session_id", "version", "release", "environment"})


def check_updates(findings: Findings) -> None:
    """Check every `trace:` and `generation:`, and every environment that is written out."""
    draft = findings.draft
    for section, entries in (("overlays", draft.overlays), ("rules", draft.rules)):
        for index, entry in entries.items():
            for kind in ("trace", "generation"):
                update = getattr(entry, kind)
                if update is not None:
                    _check_update(findings, (section, index, kind), update, f"{section[:-1]} `{entry.id}`")
    _check_environment(findings, ("defaults", "environment"), draft.defaults.environment)
    for name, project in draft.projects.items():
        _check_environment(findings, ("projects", name, "environment"), project.environment)


def _check_update(findings: Findings, path: Path, update: TraceUpdate | GenerationUpdate, owner: str) -> None:
    for part in ("set", "default"):
        for name, value in getattr(update, part).items():
            _check_field(findings, (*path, part, name), name, value, owner)
    if isinstance(update, TraceUpdate) and update.append is not None:
        for index, tag in enumerate(update.append.tags):
            _check_text(findings, (*path, "append", "tags", index), tag, f"{owner} would not add this tag")
            _check_limits(findings, (*path, "append", "tags", index), "tags", tag)


def _check_field(findings: Findings, path: Path, name: str, value: Any, owner: str) -> None:
    effect = f"{owner} would not set `{name}`"
    wrong = _wrong_kind(name, value)
    if wrong:
        findings.add("RT703", f"`{name}` must be {wrong}", path, effect=f"Langfuse would not take it; {effect}")
    for inner, leaf in _leaves(path, value):
        if isinstance(leaf, Expr):
            check_expr(findings, inner, leaf, effect)
        elif isinstance(leaf, str):
            _check_text(findings, inner, leaf, effect)
            _check_limits(findings, inner, name, leaf)


def _wrong_kind(name: str, value: Any) -> str:
    """Return what a field must be when a value of this kind can never be that."""
    if isinstance(value, Expr):
        return ""
    if name in _TEXT_FIELDS and not isinstance(value, str):
        return "text"
    if name == "public" and not isinstance(value, (bool, str)):
        return "true or false"
    if name == "tags" and not (isinstance(value, list) and all(isinstance(tag, str) for tag in value)):
        return "a list of text"
    if name == "metadata" and not isinstance(value, dict):
        return "a mapping"
    return ""


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield every text and expression of a value with its path."""
    stack: list[tuple[Path, Any]] = [(path, value)]
    while stack:
        where, current = stack.pop()
        if isinstance(current, dict):
            stack.extend(((*where, key), inner) for key, inner in current.items())
        elif isinstance(current, list):
            stack.extend(((*where, index), inner) for index, inner in enumerate(current))
        else:
            yield where, current


def _check_text(findings: Findings, path: Path, text: str, effect: str) -> None:
    """Check a template: its braces, and the attributes of its holes."""
    try:
        template = parse_template(text)
    except TextError as error:
        location = findings.inside(path, error.start, error.end)
        findings.add_at("RT207", str(error), location, label="here", effect=effect, hint=error.hint)
        return
    first: dict[str, Hole] = {}
    for hole in template.holes:
        first.setdefault(hole.attribute, hole)
    for hole in first.values():
        if _is_of_table(findings, path, hole, effect):
            continue
        if findings.draft.vocabulary.kind(hole.attribute) is None:
            location = findings.inside(path, hole.start, hole.end)
            message = f"unknown attribute `{hole.attribute}`"
            label = did_you_mean(hole.attribute, findings.draft.vocabulary.names()) or "no such attribute"
            hint = "attributes: " + ", ".join(findings.draft.vocabulary.names())
            findings.add_at("RT201", message, location, label=label, effect=effect, hint=hint)


def _is_of_table(findings: Findings, path: Path, hole: Hole, effect: str) -> bool:
    """Tell whether a hole such as `{team.cost_center}` looks into a table, and report a column it does not have."""
    entries: dict[int, Any] = getattr(findings.draft, str(path[0]))
    entry = entries[int(path[1])]
    cell = findings.draft.vocabulary.within(findings.draft.match_of(entry)).cell(hole.attribute)
    if cell is None:
        return False
    _, table, column = cell
    if column not in table.columns:
        unknown_column(findings, column, table, findings.inside(path, hole.start, hole.end), effect)
    return True


def _check_limits(findings: Findings, path: Path, name: str, text: str) -> None:
    node = findings.draft.node(*path)
    if name not in LENGTHS or (node is not None and node.is_open):
        return
    try:
        literal = parse_template(text).literal
    except TextError:
        return
    if name == "environment" and literal is not None:
        _check_environment(findings, path, literal)
    elif literal is not None and len(literal) > LENGTHS[name]:
        lost = "the whole trace" if name == "name" else "it"
        findings.add(
            "RT702",
            f"`{name}` has {len(literal)} characters, Langfuse takes at most {LENGTHS[name]}",
            path,
            severity="warning",
            effect=f"it is cut before it is sent, or Langfuse would drop {lost}",
            hint="make it shorter",
        )


def _check_environment(findings: Findings, path: Path, environment: str | None) -> None:
    node = findings.draft.node(*path)
    sent = fitted("environment", environment)
    if environment is None or (node is not None and node.is_open) or sent == environment:
        return
    shown, instead = f"`{environment}`", f"`{sent}`"
    if node is not None and node.written is not None:
        if not environment:
            return
        if named := from_variables(node):
            shown, instead = named, "another spelling"
    findings.add(
        "RT701",
        f"environment {shown} is sent as {instead}",
        path,
        severity="warning",
        effect="Langfuse does not take it as it stands, and filters by that will not find these traces",
        hint="use at most 40 of a-z, 0-9, `-`, `_`, and do not begin with `langfuse`",
    )
