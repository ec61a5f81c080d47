"""Codes of mounts and team files, in the block RT5."""

from __future__ import annotations

from router.config.codes import Code

_TEAM = "teams/search.yaml"
_REST = "\n  - {id: rest, route: a}"


def _mount(keys: str) -> str:
    return f"rules:\n  - {{mount: {keys}}}{_REST}"


MOUNTS: dict[str, Code] = {
    "RT502": Code(
        title="a condition outside the scope of its file",
        why="The scope holds for every rule and overlay of a team file, so this one would never match. It looks as if "
        "one team wanted to decide about the calls of another.",
        mend="Take the condition away, or move the rule to the file whose scope it is in.",
        bad="rules: [{id: all, match: {team: payments}, route: a}]",
        good="rules: [{id: all, match: {model: gpt-4o}, route: a}]",
        file=_TEAM,
    ),
    "RT503": Code(
        title="a team file whose name stands for no team",
        why="The name is filled into the scope. No call would be in scope, and the team's rules would never match.",
        mend="Rename the file as the team is called, or add the team to the values or the table of the attribute.",
    ),
    "RT504": Code(
        title="something that a team file may not carry",
        why="A team could decide what is not its own: tables, defaults and overrides hold for everybody, and projects "
        "and masks name secrets.",
        mend="Take it away, or let the mount allow it: `allow: [rules, tests, masks]`.",
        bad="masks: {own: [{detect: [email]}]}\nrules: [{id: all, route: a, mask: [own]}]",
        good="rules: [{id: all, route: a, mask: [pii]}]",
        file=_TEAM,
    ),
    "RT505": Code(
        title="two team files of one name",
        why="Their entries are called by the name of the file, so nobody could tell them apart.",
        mend="Rename one of the two, or let only one mount name it.",
    ),
    "RT506": Code(
        title="a project of a team file that exists already",
        why="The calls of one team would go to the project of another.",
        mend="Give it a name of its own; projects of a team file are for the rules of that file.",
    ),
    "RT507": Code(
        title="a mount that names no set of team files",
        why="Nothing could be mounted here.",
        mend="Keep team files in a folder of their own, and write for example `mount: teams/*.yaml`.",
        bad=_mount("'teams/*', scope: {team: '{stem}'}"),
        good="rules: [{id: rest, route: a}]",
    ),
    "RT508": Code(
        title="a mount without files",
        why="The teams whose rules should stand here are routed by the rules below.",
        mend="Check the pattern; a relative one starts at the folder of this file.",
        bad=_mount("'nowhere/*.yaml', scope: {team: '{stem}'}"),
        good="rules: [{id: rest, route: a}]",
        warning=True,
    ),
    "RT509": Code(
        title="a scope that holds a file to nothing",
        why="Without a condition a team file decides about the calls of every team; with a hole that nothing fills, "
        "about none.",
        mend='Write `scope: {team: "{stem}"}`; the holes are `{stem}` and `{folder}`.',
        bad=_mount("'nowhere/*.yaml', scope: {}"),
        good="rules: [{id: rest, route: a}]",
    ),
    "RT512": Code(
        title="a team file that is left out",
        why="Its team is routed by the rules below. Where the file could have hidden something, the content and the "
        "metadata of the team's calls are hidden until it is mended.",
        mend="Mend the file. `on_error: fail` at the mount stops the whole load instead.",
        warning=True,
    ),
    "RT513": Code(
        title="a team file by itself",
        why="Its rules name projects, tables and masks of the file that mounts it, and only there have they a place.",
        mend="Check the file that mounts it. A whole routing.yaml begins with `version: 1` and `projects:`.",
    ),
    "RT516": Code(
        title="a scope that any client can enter",
        why="In the proxy, any client can write tags, metadata and headers: it would come under the rules of whatever "
        "team it names, with their projects and masks.",
        mend='Write what the key says: `scope: {team: "{stem}"}`. An application speaks for itself through a declared '
        "attribute, which no client can write unless it says `trust: caller`.",
        bad=_mount("'nowhere/*.yaml', scope: {metadata.team: '{stem}'}"),
        good="rules: [{id: rest, route: a}]",
    ),
    "RT515": Code(
        title="a project of a team file on a host of its own choice",
        why="A team file names variables and files by reference. Whoever writes it could have any secret of this "
        "process sent to a server of theirs.",
        mend="Take `host` away, or name the host in the file that mounts the team file.",
    ),
}
