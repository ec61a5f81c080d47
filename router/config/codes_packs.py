"""Codes about packs: what `packs:` lists, and what a pack brings."""

from __future__ import annotations

from router.config.codes import Code

PACKS: dict[str, Code] = {
    "RT243": Code(
        title="a pack that cannot be found",
        why="Its overlays would not hold, so what it hides would stay visible.",
        mend="Name a shipped pack (`masking/pii`, or `pii`), or write the path of a file: `./rules/ours.yaml`.",
        bad="packs: [routing/no-stoer]",
        good="packs: [routing/no-store]",
    ),
    "RT244": Code(
        title="a pack in another version than the one that is pinned",
        why="A new first number says that the pack hides less, or hides otherwise; nobody here has looked at it yet.",
        mend="Read what changed, run the tests, then write the new version after the `@`; or install the old release.",
        bad="packs: [routing/no-store@99]",
        good="packs: [routing/no-store@1]",
    ),
    "RT245": Code(
        title="a listed pack of which nothing is used",
        why="A pack without overlays hides nothing by being listed, which somebody may believe it does.",
        mend="Name one of its masks under `mask:`, or take the line away.",
        bad="packs: [masking/pii]",
        good="packs: [masking/pii]\nrules: [{id: rest, route: a, mask: [pii]}]",
        warning=True,
    ),
    "RT246": Code(
        title="two packs under one name",
        why="Nobody could tell whose masks and overlays are meant.",
        mend="List a pack once; a pack is called by its folder and its file, a mask in full by folder and mask.",
        bad="packs: [routing/no-store, no-store@1]",
        good="packs: [routing/no-store@1]",
    ),
    "RT247": Code(
        title="a pack that brings nothing",
        why="Listing it or naming it would do nothing.",
        mend="Add `masks:` or `overlays:`.",
        bad="description: d\ntests: [{name: t, expect: {masked: {}}}]",
        good="description: d\nmasks: {m: [{paths: [input]}]}\ntests: [{name: t, mask: [m], expect: {mask: [m]}}]",
    ),
}
