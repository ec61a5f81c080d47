"""What a well-shaped configuration may still get wrong."""

from __future__ import annotations

from router.config.check_attributes import check_attributes
from router.config.check_conditions import check_conditions
from router.config.check_detectors import check_detectors
from router.config.check_masks import check_masks
from router.config.check_names import check_names
from router.config.check_order import check_order
from router.config.check_overrides import check_overrides
from router.config.check_tables import check_tables
from router.config.check_unauthenticated import check_unauthenticated
from router.config.check_updates import check_updates
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.packs import PackShelf
from router.errors import Problem


def check_routing(draft: Draft, shelf: PackShelf) -> list[Problem]:
    """Return the findings about a routing.yaml and about the packs it uses."""
    findings = Findings(draft)
    broken_packs = check_names(findings, shelf)
    check_detectors(findings)
    check_masks(findings)
    check_conditions(findings)
    check_updates(findings)
    check_attributes(findings)
    check_unauthenticated(findings)
    check_tables(findings)
    check_order(findings)
    check_overrides(findings)
    return findings.problems + broken_packs


def check_pack(draft: Draft) -> list[Problem]:
    """Return the findings about a pack."""
    findings = Findings(draft)
    check_detectors(findings)
    check_masks(findings)
    tested = {name for test in draft.tests.values() for name in test.mask}
    for name in draft.masks:
        if name not in tested and draft.is_whole("tests"):
            message, effect = f"mask `{name}` of this pack has no test", "nobody would notice when it stops hiding"
            findings.add(
                "RT242", message, ("masks", name), key=True, effect=effect, hint=f"add one with `mask: [{name}]`"
            )
    return findings.problems
