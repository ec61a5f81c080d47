"""What a well-shaped configuration may still get wrong."""

from __future__ import annotations

from router.config.draft import Draft
from router.config.packs import PackShelf
from router.errors import Problem


def check_routing(draft: Draft, shelf: PackShelf) -> list[Problem]:
    """Return the findings about a routing.yaml."""
    used = [*draft.defaults.mask]
    for item in (*draft.overlays.values(), *draft.rules.values(), *draft.tests.values()):
        used += item.mask
    for name in used:
        if name not in draft.masks:
            shelf.has(name)
    return []


def check_pack(draft: Draft) -> list[Problem]:
    """Return the findings about a pack."""
    return []
