"""Checks of `overrides:`: conditions that work, grants that grant, and choices that no client can make its own."""

from __future__ import annotations

from router.config.check_conditions import check_condition
from router.config.findings import Findings
from router.config.model import Grant
from router.config.nodes import Path
from router.config.trust import is_of_key, must_hold
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
            findings.add("RT514", message, (*path, "credentials"), key=True, effect=effect, hint=hint, labels=(label,))


def _check_callers(findings: Findings, path: Path, grant: Grant) -> None:
    """Check that the authenticated key decides who may choose where calls go."""
    if must_hold(grant.match, grant.when, findings.draft.vocabulary, is_of_key):
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
