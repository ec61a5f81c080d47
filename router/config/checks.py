"""What a well-shaped configuration may still get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from router.config.check_attributes import check_attributes
from router.config.check_conditions import check_conditions
from router.config.check_detectors import check_detector_uses, check_detectors
from router.config.check_hosts import check_hosts
from router.config.check_masks import check_masks
from router.config.check_mounts import (
    check_inside,
    check_own_projects,
    check_scopes,
    check_sections,
    check_shared_projects,
    check_stem,
)
from router.config.check_names import check_names
from router.config.check_order import check_order
from router.config.check_overrides import check_overrides
from router.config.check_packs import check_contents, check_listed
from router.config.check_tables import check_tables
from router.config.check_trust import check_trust, check_trust_of_scopes
from router.config.check_unauthenticated import check_unauthenticated
from router.config.check_updates import check_updates
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.mounting import Mounted
from router.config.packs import PackShelf
from router.config.project_templates import expand_templates
from router.errors import Problem


def check_routing(draft: Draft, shelf: PackShelf, files: Sequence[Mounted] = ()) -> list[Problem]:
    """Return the findings about a routing.yaml and about the packs it uses or lists.

    Args:
        files: the team files that it mounts, as `check_team_files` left them; broken ones are not looked into.
    """
    findings = Findings(draft)
    broken_packs: list[Problem] = []
    with findings.until_enough():
        broken_packs = check_names(findings, shelf, files)
        check_detectors(findings, _lent(shelf), files)
        check_masks(findings)
        check_conditions(findings)
        check_updates(findings)
        check_attributes(findings)
        check_unauthenticated(findings)
        check_trust(findings)
        check_trust_of_scopes(findings)
        check_tables(findings)
        check_order(findings, [file for file in files if not file.is_broken])
        check_overrides(findings)
        check_listed(findings, shelf)
    return findings.problems + broken_packs + [found for pack in shelf.listed for found in _in_file(draft, pack.draft)]


def _lent(shelf: PackShelf) -> list[str]:
    return [name for pack in shelf.listed for name in pack.detectors]


def check_pack(draft: Draft, shelf: PackShelf) -> list[Problem]:
    """Return the findings about a pack; `shelf` has the packs whose masks it may name."""
    findings = Findings(draft)
    broken_packs: list[Problem] = []
    with findings.until_enough():
        broken_packs = check_names(findings, shelf)
        check_detectors(findings)
        check_masks(findings)
        check_conditions(findings)
        check_updates(findings)
        check_unauthenticated(findings)
        check_tables(findings)
        check_order(findings)
        check_contents(findings)
    return findings.problems + broken_packs


def _in_file(draft: Draft, pack: Draft) -> list[Problem]:
    """Return what is wrong with the overlays of a pack where a file declares attributes and tables of its own."""
    if not (draft.vocabulary.declared or draft.vocabulary.of_attribute):
        return []
    findings = Findings(replace(pack, vocabulary=draft.vocabulary))
    check_conditions(findings)
    check_updates(findings)
    check_tables(findings)
    return [problem for problem in findings.problems if problem.severity == "error"]


def check_team_files(main: Draft, files: Sequence[Mounted], shelf: PackShelf) -> list[Problem]:
    """Check each team file by itself; what is wrong with it is added to its problems.

    Returns:
        Problems of the mounts that are there whatever files they name.
    """
    findings = Findings(main)
    check_scopes(findings, files)
    for file in files:
        if file.draft is not None:
            file.problems += _check_team_file(file, file.draft, shelf)
            check_sections(file, file.draft)
            check_stem(file, shelf.owners)
        file.problems = _without_holes_of_variables(file.problems)
    check_shared_projects(files)
    return findings.problems


def _without_holes_of_variables(problems: Sequence[Problem]) -> list[Problem]:
    """Return problems without those about `{NAME}` where `${NAME}` is the problem."""
    told = {(one.line, one.column + 1) for one in problems if one.code == "RT121"}
    return [one for one in problems if one.code != "RT201" or (one.line, one.column) not in told]


def _check_team_file(file: Mounted, draft: Draft, shelf: PackShelf) -> list[Problem]:
    assert draft.outer is not None
    findings = Findings(draft)
    problems = expand_templates(draft)
    draft.aliases = {**draft.outer.aliases, **draft.aliases}
    draft.templates_whole = draft.templates_whole and draft.outer.templates_whole
    check_own_projects(findings, file)
    check_inside(findings, file)
    broken_packs = check_names(findings, shelf)
    check_detector_uses(findings, _lent(shelf))
    check_masks(findings)
    check_conditions(findings)
    check_updates(findings)
    check_trust(findings)
    check_unauthenticated(findings)
    check_tables(findings)
    check_order(findings)
    return problems + findings.problems + broken_packs + check_hosts(draft)
