"""Checks of trust: routes and team files that any client of the proxy could choose by its own word."""

from __future__ import annotations

from collections.abc import Sequence

from router.config.attributes import OPEN_FAMILIES
from router.config.check_unauthenticated import is_for_unauthenticated
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.model import Rule
from router.config.trust import attributes_read, is_of_host, must_hold


def check_trust(findings: Findings) -> None:
    """Warn of rules whose route only the caller's word decides."""
    main = findings.draft.outer or findings.draft
    last = next((rule for rule in reversed(main.rules.values()) if not is_for_unauthenticated(rule)), None)
    for index, rule in findings.draft.rules.items():
        if rule.mode == "live" and not is_for_unauthenticated(rule) and not _is_as(last, rule, main.defaults.mask):
            _check_rule(findings, index, rule)


def check_trust_of_scopes(findings: Findings) -> None:
    """Check that no client can bring its calls into the scope of a team file by its own word."""
    vocabulary = findings.draft.vocabulary
    for index, mount in findings.draft.mounts.items():
        names = attributes_read(mount.scope, None, vocabulary)
        if (
            names
            and not _has_unknown(names, findings.draft)
            and not must_hold(mount.scope, None, vocabulary, is_of_host)
        ):
            findings.add(
                "RT516",
                f"{_word(names, findings.draft)} which team file is asked",
                ("rules", index, "scope"),
                key=True,
                effect="any client of the proxy could put its calls under the rules of any team",
                hint='write what the key says, such as `scope: {team: "{stem}"}`; for an application, where no client '
                "is, declare an attribute: `attributes: {squad: {from: metadata.squad}}`",
            )


def _check_rule(findings: Findings, index: int, rule: Rule) -> None:
    draft = findings.draft
    match = draft.match_of(rule)
    names = attributes_read(match, rule.when, draft.vocabulary)
    if not names or _has_unknown(names, draft) or must_hold(match, rule.when, draft.vocabulary, is_of_host):
        return
    findings.add(
        "RT501",
        f"{_word(names, draft)} the route of rule `{rule.id}`",
        ("rules", index, "match" if rule.match is not None else "when"),
        key=True,
        severity="warning",
        effect="any client of the proxy can send its calls to this project, or keep them out of it",
        hint="add a condition on what the host says, such as `team` or `key_alias`",
    )


def _word(names: set[str], draft: Draft) -> str:
    """Return the beginning of a sentence about what the caller decides by some of the attributes that are read."""
    hosts = {name for name in names if is_of_host(name, draft.vocabulary)}
    said = sorted(names - hosts - {"authenticated"}) or ["authenticated"]
    # An expression is known to read a family, a match which key of it.
    said = [name for name in said if not any(other.startswith(f"{name}.") for other in said)]
    listed = " and ".join(f"`{name}`" for name in said)
    return f"the caller's word, {listed}, can decide" if hosts else f"only {listed}, the caller's word, decides"


def _is_as(last: Rule | None, rule: Rule, floor: Sequence[str]) -> bool:
    """Tell whether calls go where the last rule sends them anyway, and under all of its masks; or nowhere."""
    below = {} if last is None else {to: {*last.mask, *masks} for to, masks in last.destinations()}
    return all(to in below and below[to].issubset((*floor, *rule.mask, *masks)) for to, masks in rule.destinations())


def _has_unknown(names: set[str], draft: Draft) -> bool:
    """Tell whether a name stands for no attribute; that is told already."""
    vocabulary = draft.vocabulary
    return any(vocabulary.kind(name) is None and name not in OPEN_FAMILIES for name in names)
