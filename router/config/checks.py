"""What a well-shaped configuration may still get wrong."""

from __future__ import annotations

from dataclasses import replace

from router.config.check_attributes import check_attributes
from router.config.check_conditions import check_conditions
from router.config.check_detectors import check_detectors
from router.config.check_masks import check_masks
from router.config.check_names import check_names
from router.config.check_order import check_order
from router.config.check_overrides import check_overrides
from router.config.check_packs import check_contents, check_listed
from router.config.check_tables import check_tables
from router.config.check_unauthenticated import check_unauthenticated
from router.config.check_updates import check_updates
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.packs import PackShelf
from router.errors import Problem


def check_routing(draft: Draft, shelf: PackShelf) -> list[Problem]:
    """Return the findings about a routing.yaml and about the packs it uses or lists."""
    findings = Findings(draft)
    broken_packs: list[Problem] = []
    with findings.until_enough():
        broken_packs = check_names(findings, shelf)
        check_detectors(findings, [name for pack in shelf.listed for name in pack.detectors])
        check_masks(findings)
        check_conditions(findings)
        check_updates(findings)
        check_attributes(findings)
        check_unauthenticated(findings)
        check_tables(findings)
        check_order(findings)
        check_overrides(findings)
        check_listed(findings, shelf)
    return findings.problems + broken_packs + [found for pack in shelf.listed for found in _in_file(draft, pack.draft)]


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
