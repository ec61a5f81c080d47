"""Checks of `attributes:`: names and paths that exist, keys that agree, and routes that a caller alone decides."""

from __future__ import annotations

import re

from router.config.attributes import HOST_ATTRIBUTES, OPEN_FAMILIES, attribute_kind, attribute_names
from router.config.expressions import ExpressionError, read_expression
from router.config.findings import Findings
from router.config.model import DROP, Attribute, Match, Rule
from router.config.nodes import Path
from router.config.project_templates import unknown_table
from router.config.suggest import did_you_mean

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAKEN = frozenset(("any", "all", "not", "authenticated", *OPEN_FAMILIES))
_ONLY_WITH_FROM = ("type", "default", "normalize", "trust")


def check_attributes(findings: Findings) -> None:
    """Check every declaration."""
    draft = findings.draft
    for name, spec in draft.attributes.items():
        path: Path = ("attributes", name)
        if spec.from_ is None:
            _check_builtin(findings, path, name, spec)
        else:
            _check_declared(findings, path, name, spec)
        if spec.values_from is not None and spec.values_from not in draft.names["tables"]:
            unknown_table(findings, spec.values_from, (*path, "values_from"), "nothing would be checked by it")
        if spec.values_from is not None and spec.values is not None:
            message, effect = "`values` and `values_from` stand together", "only one of them could be meant"
            findings.add("RT253", message, (*path, "values"), key=True, effect=effect, hint="take one away")


def _check_builtin(findings: Findings, path: Path, name: str, spec: Attribute) -> None:
    if attribute_kind(name) is None:
        _unknown(findings, path, name, key=True, hint="a new attribute says where it is read: `from: metadata.<key>`")
    for key in _ONLY_WITH_FROM:
        if key in spec.model_fields_set:
            message, effect = f"`{key}` has no use without `from`", f"`{name}` would be read as it always is"
            hint = f"add `from:`, the place where `{name}` is read, or take it away"
            findings.add("RT254", message, (*path, key), key=True, effect=effect, hint=hint)


def _check_declared(findings: Findings, path: Path, name: str, spec: Attribute) -> None:
    if not _NAME.fullmatch(name) or name in _TAKEN:
        message, effect = f"`{name}` cannot be the name of a declared attribute", "no condition could ask for it"
        hint = "letters, digits and `_`, and none of any, all, not, metadata, header, authenticated"
        findings.add("RT254", message, path, key=True, effect=effect, hint=hint)
    one = isinstance(spec.from_, str)
    for index, source in enumerate(spec.paths()):
        if attribute_kind(source) is None:
            where: Path = (*path, "from") if one else (*path, "from", index)
            _unknown(findings, where, source, hint="attributes: " + ", ".join(attribute_names()))
    if spec.default is not None and not _fits(spec):
        words = {"number": "a number", "bool": "true or false", "text": "text", "list": "text"}[spec.type]
        message, effect = f"the default of `{name}` must be {words}", "the attribute would have no default"
        findings.add("RT254", message, (*path, "default"), effect=effect, hint=f"its `type` is {spec.type}")


def _fits(spec: Attribute) -> bool:
    is_bool = isinstance(spec.default, bool)
    if spec.type in ("number", "bool"):
        return is_bool if spec.type == "bool" else isinstance(spec.default, (int, float)) and not is_bool
    return isinstance(spec.default, str)


def _unknown(findings: Findings, path: Path, name: str, *, hint: str, key: bool = False) -> None:
    label = did_you_mean(name, attribute_names()) or "no such attribute"
    effect = "no call has it, so the attribute would be missing"
    findings.add("RT201", f"unknown attribute `{name}`", path, key=key, label=label, effect=effect, hint=hint)


# -- trust ---------------------------------------------------------------------------------------------


def check_trust(findings: Findings) -> None:
    """Warn of rules whose route only the caller's word decides."""
    for index, rule in findings.draft.rules.items():
        _check_trust(findings, index, rule)


def _check_trust(findings: Findings, index: int, rule: Rule) -> None:
    """Warn when every attribute that a rule reads is one that the client of a proxy can set as it likes."""
    declared = findings.draft.vocabulary.declared
    names = _read_by(findings.draft.match_of(rule))
    if rule.when is not None:
        try:
            names |= set(read_expression(rule.when, declared=findings.draft.vocabulary.kinds).attributes)
        except ExpressionError:
            return
    if rule.route == DROP or not names or not all(name in declared and _is_callers(declared[name]) for name in names):
        return
    listed = " and ".join(f"`{name}`" for name in sorted(names))
    findings.add(
        "RT501",
        f"only {listed}, the caller's word, decides the route of rule `{rule.id}`",
        ("rules", index, "match" if rule.match is not None else "when"),
        key=True,
        severity="warning",
        effect="any client of the proxy can send its calls to this project, or keep them out of it",
        hint="add a condition on what the host says, such as `team` or `key_alias`",
    )


def _is_callers(spec: Attribute) -> bool:
    return spec.trust == "caller" and any(path not in HOST_ATTRIBUTES for path in spec.paths())


def _read_by(match: Match | None) -> set[str]:
    if match is None:
        return set()
    inner = [*(match.any or ()), *(match.all or ()), *([match.not_] if match.not_ is not None else [])]
    return set(match.attributes()).union(*(_read_by(one) for one in inner))
