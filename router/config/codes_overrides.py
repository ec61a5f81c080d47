"""Codes of `overrides:`, in block RT5."""

from __future__ import annotations

from router.config.codes import Code

OVERRIDES: dict[str, Code] = {
    "RT510": Code(
        title="a grant that any client could use",
        why="In the proxy a client writes metadata, headers, tags and user as it likes, and picks its model: where "
        "nothing else decides, any client could choose where its calls go.",
        mend="Add a condition on the key: `team`, `team_alias`, `key_alias`, `org`. In an application every word is "
        "its own: there write `overrides: {projects: […]}`.",
        bad="overrides: {grants: [{id: g, match: {tags: [ops]}, projects: [b]}]}",
        good="overrides: {grants: [{id: g, match: {key_alias: ops}, projects: [b]}]}",
    ),
    "RT511": Code(
        title="a host that requests cannot be held to",
        why="Hosts are compared by scheme, name, port and path, and `*.` stands for one label of the name; this can be "
        "compared with nothing, so no request could send there.",
        mend="Write `https://langfuse.example.com`, or `https://*.langfuse.example.com` for any one label.",
        bad='overrides: {credentials: {hosts: ["https://*"]}}',
        good='overrides: {credentials: {hosts: ["https://*.langfuse.example.com"]}}',
    ),
    "RT514": Code(
        title="`credentials: never`, and a grant of them",
        why="Nobody could tell whether a request may bring Langfuse keys of its own.",
        mend="Take one of them away.",
        bad="overrides:\n  credentials: never\n  grants:\n"
        "    - {id: g, match: {team: t}, credentials: {hosts: ['https://langfuse.example.com']}}",
        good="overrides:\n  grants:\n"
        "    - {id: g, match: {team: t}, credentials: {hosts: ['https://langfuse.example.com']}}",
    ),
}
