"""Codes of `overrides:`, in block RT5."""

from __future__ import annotations

from router.config.codes import Code

OVERRIDES: dict[str, Code] = {
    "RT510": Code(
        title="a grant that any client could use",
        why="In the proxy a client writes metadata, headers, tags and user as it likes, and picks its model: where "
        "nothing else decides, any client could choose the project.",
        mend="Add a condition on the key: `team`, `team_alias`, `key_alias`, `org`. In an application every word is "
        "its own: there write `overrides: {projects: […]}`.",
        bad="overrides: {grants: [{id: g, match: {tags: [ops]}, projects: [b]}]}",
        good="overrides: {grants: [{id: g, match: {key_alias: ops}, projects: [b]}]}",
    ),
}
