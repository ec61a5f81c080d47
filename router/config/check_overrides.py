"""Checks of `overrides:`: conditions that work, grants that grant, and choices that no client can make its own."""

from __future__ import annotations

from typing import Any

from router.config.attributes import HOST_ATTRIBUTES, KEY_ATTRIBUTES
from router.config.check_conditions import check_condition
from router.config.expression_check import check_tree
from router.config.expressions import ExpressionError, read_expression
from router.config.findings import Findings
from router.config.model import Grant, Match
from router.config.nodes import Path
from router.config.tables import Vocabulary
from router.errors import Label


def check_overrides(findings: Findings) -> None:
    """Check every grant."""
    overrides = findings.draft.overrides
    for index, grant in enumerate(overrides.grants):
        path: Path = ("overrides", "grants", index)
        check_condition(findings, path, grant, f"grant `{grant.id}` would grant nothing")
        if not (grant.allow or grant.masks or grant.projects or grant.credentials):
            message, effect = f"grant `{grant.id}` does nothing", "whatever it matches stays as it is"
            hint = "give it `allow`, `masks`, `projects` or `credentials`"
            findings.add("RT303", message, (*path, "id"), severity="warning", effect=effect, hint=hint)
        if grant.masks and overrides.masks != "ignore":
            message = "`masks` has no use in a grant without `masks: ignore` above the grants"
            effect = "every request may ask for more hiding already"
            findings.add(
                "RT304", message, (*path, "masks"), key=True, severity="warning", effect=effect, hint="take it away"
            )
        _check_callers(findings, path, grant)
        if grant.credentials and overrides.credentials == "never":
            message = (
                f"grant `{grant.id}` lets requests bring credentials, and `credentials: never` stands above the grants"
            )
            effect = "nobody could tell which of them holds"
            hint = "take one of them away; a client of the proxy needs a grant in any case"
            label = Label(findings.draft.at_key("overrides", "credentials"), "never")
            findings.add("RT512", message, (*path, "credentials"), key=True, effect=effect, hint=hint, labels=(label,))


def _check_callers(findings: Findings, path: Path, grant: Grant) -> None:
    """Check that the authenticated key decides who may choose where calls go."""
    if _is_for_keys(grant, findings.draft.vocabulary):
        return
    for key, choice, place in (
        ("projects", "choose a project", "to one of these projects"),
        ("credentials", "choose a host and its keys", "and what they hold to a project of its own"),
    ):
        if getattr(grant, key):
            instead = "projects: […]" if key == "projects" else "credentials: {hosts: […]}"
            findings.add(
                "RT510",
                f"nothing about the caller's key decides who may use grant `{grant.id}`",
                (*path, key),
                key=True,
                label=f"lets the caller {choice}",
                effect=f"any client of the proxy could send its calls {place}",
                hint="add a condition on `team`, `team_alias`, `key_alias` or `org`; for applications, where no client "
                f"is, write `overrides: {{{instead}}}`",
            )


# -- whose word decides --------------------------------------------------------------------------------


def _is_for_keys(grant: Grant, vocabulary: Vocabulary) -> bool:
    """Tell whether the authenticated key must pass a condition, whatever else the client says."""
    if grant.match is not None and _needs_key(grant.match, vocabulary):
        return True
    if grant.when is None:
        return False
    try:
        return _tree_needs_key(read_expression(grant.when, declared=vocabulary.kinds).tree, vocabulary)
    except ExpressionError:
        return True  # told already, as an expression that does not parse


def _needs_key(match: Match, vocabulary: Vocabulary) -> bool:
    return (
        any(_is_of_key(name, vocabulary) for name in match.attributes())
        or any(_needs_key(inner, vocabulary) for inner in match.all or ())
        or (match.any is not None and all(_needs_key(inner, vocabulary) for inner in match.any))
        or (match.not_ is not None and _reads_only_keys(match.not_, vocabulary))
    )


def _reads_only_keys(match: Match, vocabulary: Vocabulary) -> bool:
    inner = [*(match.any or ()), *(match.all or ()), *([match.not_] if match.not_ is not None else [])]
    names = match.attributes()
    return (
        bool(names or inner)
        and all(_is_of_key(name, vocabulary) for name in names)
        and all(_reads_only_keys(one, vocabulary) for one in inner)
    )


def _tree_needs_key(node: Any, vocabulary: Vocabulary) -> bool:
    if node["type"] in ("and_expression", "or_expression"):
        decided = (_tree_needs_key(child, vocabulary) for child in node["children"])
        return any(decided) if node["type"] == "and_expression" else all(decided)
    names = check_tree(node, boolean=False, declared=vocabulary.kinds).attributes
    return bool(names) and all(_is_of_key(name, vocabulary) for name in names)


def _is_of_key(name: str, vocabulary: Vocabulary) -> bool:
    """Tell whether an attribute is, in the proxy, nothing but a fact of the authenticated key."""
    spec = vocabulary.declared.get(name)
    if spec is None:
        return name in KEY_ATTRIBUTES
    read = spec.paths() if spec.trust == "caller" else [path for path in spec.paths() if path in HOST_ATTRIBUTES]
    return bool(read) and KEY_ATTRIBUTES.issuperset(read)
