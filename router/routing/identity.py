"""Who a call belongs to, as an application says it in its metadata (SDK use, where no boundary lies between)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.routing.attributes import text_of

_SPELLINGS = {
    "team": ("team", "team_id", "user_api_key_team_id"),
    "team_alias": ("team_alias", "user_api_key_team_alias"),
    "key_alias": ("key_alias", "user_api_key_alias"),
    "key_hash": ("user_api_key_hash",),
    "org": ("org", "org_id", "user_api_key_org_id"),
}
IDENTITY = frozenset(_SPELLINGS)
"""The fields of CallRecord that say to whom a call belongs."""
_ALL = frozenset(spelling for spellings in _SPELLINGS.values() for spelling in spellings)


def identity_from_metadata(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the identity fields of CallRecord that `metadata` names; the first spelling that has a value counts."""
    found: dict[str, str] = {}
    if metadata.keys().isdisjoint(_ALL):
        return found
    for name, spellings in _SPELLINGS.items():
        for spelling in spellings:
            if spelling in metadata and (text := text_of(metadata[spelling])):
                found[name] = text
                break
    return found
