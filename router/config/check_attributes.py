"""Checks of `attributes:`: names and paths that exist, and keys that agree."""

from __future__ import annotations

import re

from router.config.attributes import HOST_ATTRIBUTES, KEY_ATTRIBUTES, OPEN_FAMILIES, attribute_kind, attribute_names
from router.config.findings import Findings
from router.config.model import Attribute
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
            _check_of_key(findings, path, name, spec)
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


def _check_of_key(findings: Findings, path: Path, name: str, spec: Attribute) -> None:
    """Check that what the key says is still read, where an attribute of the key is declared anew."""
    if name not in KEY_ATTRIBUTES or spec.trust == "caller" or not HOST_ATTRIBUTES.isdisjoint(spec.paths()):
        return
    findings.add(
        "RT517",
        f"`{name}` is declared without what the key says of it",
        (*path, "from"),
        key=True,
        effect="no call of the proxy would have one: every rule, mask and scope that asks for it would miss",
        hint=f"put it first: `from: [{', '.join((name, *spec.paths()))}]`; where there is no key, the rest is read",
    )


def _fits(spec: Attribute) -> bool:
    is_bool = isinstance(spec.default, bool)
    if spec.type in ("number", "bool"):
        return is_bool if spec.type == "bool" else isinstance(spec.default, (int, float)) and not is_bool
    return isinstance(spec.default, str)


def _unknown(findings: Findings, path: Path, name: str, *, hint: str, key: bool = False) -> None:
    label = did_you_mean(name, attribute_names()) or "no such attribute"
    effect = "no call has it, so the attribute would be missing"
    findings.add("RT201", f"unknown attribute `{name}`", path, key=key, label=label, effect=effect, hint=hint)
