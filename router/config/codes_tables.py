"""Codes of tables, project templates and declared values, in the blocks RT1, RT2 and RT6."""

from __future__ import annotations

from router.config.codes import Code

_TEAMS = "tables: {teams: {pay: {pk: pk-lf-pay, project: a}, lab: {}}}"


def _rule(match: str, route: str = "a") -> str:
    return f"rules:\n  - {{id: x, match: {{team: {match}}}, route: {route}}}\n  - {{id: rest, route: a}}"


def _template(project: str) -> str:
    rules = "rules: [{id: teams, match: {team: {in: t}}, route: 't-{team}'}, {id: rest, route: a}]"
    return f"tables: {{t: {{b: {{}}}}}}\nprojects: {{a: {{env: A}}, {project}}}\n{rules}"


TABLES: dict[str, Code] = {
    "RT130": Code(
        title="a table's file that cannot be read",
        why="The table would have no rows: no template would be expanded, and no `{in: table}` would hold.",
        mend="Name a .csv or .yaml file; a relative path starts at the folder of routing.yaml.",
        bad="tables: {t: {file: nowhere.csv, key: team}}",
        good="tables: {t: {pay: {}}}",
    ),
    "RT131": Code(
        title="a file that is not the table it should be",
        why="A row that is read wrong sends a team's calls to the wrong project.",
        mend="Give the file a header, one line for each key, as many fields in each line, and name the key column.",
    ),
    "RT250": Code(
        title="unknown table",
        why="Nothing could be looked up in it.",
        mend="Write the name of a table under `tables:`.",
        bad=f"{_TEAMS}\n{_rule('{in: teems}')}",
        good=f"{_TEAMS}\n{_rule('{in: teams}')}",
    ),
    "RT251": Code(
        title="unknown column",
        why="No row of the table has it, so a condition on it never holds and a hole is never filled.",
        mend="Write a column of the table; cells that are empty do not count.",
        bad=f"{_TEAMS}\n{_rule('{in: teams, has: projct}')}",
        good=f"{_TEAMS}\n{_rule('{in: teams, has: project}')}",
    ),
    "RT252": Code(
        title="an attribute that no table is known for",
        why="`{known: true}` and `{has: column}` ask a table, and nothing says which.",
        mend="Write `{in: <table>}` beside it, or declare `attributes: {team: {values_from: <table>}}`.",
        bad=f"{_TEAMS}\n{_rule('{known: true}')}",
        good=f"attributes: {{team: {{values_from: teams}}}}\n{_TEAMS}\n{_rule('{known: true}')}",
    ),
    "RT253": Code(
        title="an attribute with two sets of values",
        why="Only one of `values` and `values_from` could be meant.",
        mend="Take one away.",
        bad=f"attributes: {{team: {{values: [pay], values_from: teams}}}}\n{_TEAMS}",
        good=f"attributes: {{team: {{values_from: teams}}}}\n{_TEAMS}",
    ),
    "RT254": Code(
        title="a declared attribute that contradicts itself",
        why="It would not be read as the declaration says.",
        mend="Say where it is read (`from`), by a name of letters, digits and `_`, with a default of its type.",
        bad="attributes: {region: {from: metadata.region, type: number, default: eu}}",
        good="attributes: {region: {from: metadata.region, default: eu}}",
    ),
    "RT501": Code(
        title="a route that only the caller decides",
        why="In the proxy, any client can write tags, metadata, headers, user and session, and so send its calls to "
        "this project. A rule that drops, or sends where the last rule sends anyway, is no matter.",
        mend="Add a condition on what the host says: `team`, `key_alias`, `org`.",
        bad="rules: [{id: x, match: {metadata.team: pay}, route: b}, {id: rest, route: a}]",
        good="rules: [{id: x, match: {metadata.app: pay, team: pay}, route: b}, {id: rest, route: a}]",
        warning=True,
    ),
    "RT517": Code(
        title="an attribute of the key that is not read from the key",
        why="In the proxy only the key speaks for team and organisation. Without it the attribute is always missing "
        "there, and the masks that ask for it fall away.",
        mend="Put the attribute itself first: `from: [team, metadata.team]`.",
        bad="attributes: {team: {from: metadata.team}}",
        good="attributes: {team: {from: [team, metadata.team]}}",
    ),
    "RT520": Code(
        title="a condition that lets no unauthenticated call in",
        why="A call that no key answers for is tested only against what has `authenticated: false` as a condition.",
        mend="Write `authenticated: false` beside the other conditions, in a rule or overlay of its own.",
        bad="rules: [{id: x, match: {authenticated: {not: true}}, route: drop}, {id: rest, route: a}]",
        good="rules: [{id: x, match: {authenticated: false}, route: drop}, {id: rest, route: a}]",
    ),
    "RT521": Code(
        title="a condition on what an unauthenticated call never has",
        why="Team, key and organisation are said by the key alone, so the condition is never true.",
        mend="Take it away; what such a caller says of itself stands in `metadata.<key>`.",
        bad="rules: [{id: x, match: {authenticated: false, team: t}, route: drop}, {id: rest, route: a}]",
        good="rules: [{id: x, match: {authenticated: false}, route: drop}, {id: rest, route: a}]",
    ),
    "RT522": Code(
        title="a route that an unauthenticated caller decides",
        why="Anybody who reaches the proxy can write its metadata, and so choose this project.",
        mend="Send all unauthenticated calls to one project: `match: {authenticated: false}` and nothing else.",
        bad="rules:\n  - {id: x, match: {authenticated: false, metadata.app: pay}, route: b}\n  - {id: rest, route: a}",
        good="rules: [{id: x, match: {authenticated: false}, route: b}, {id: rest, route: a}]",
        warning=True,
    ),
    "RT523": Code(
        title="a project for both authenticated and unauthenticated calls",
        why="What anybody can send would stand among the calls of your teams, and count as theirs.",
        mend="Give unauthenticated calls a project of their own, or `route: drop`.",
        bad="rules: [{id: x, match: {authenticated: false}, route: a}, {id: rest, route: a}]",
        good="rules: [{id: x, match: {authenticated: false}, route: b}, {id: rest, route: a}]",
        warning=True,
    ),
    "RT524": Code(
        title="an overlay for calls that no rule takes",
        why="Without a rule that has `authenticated: false` these calls are dropped, so the overlay never applies.",
        mend="Add such a rule, or take the overlay away.",
        bad="overlays: [{id: o, match: {authenticated: false}, mask: [pii]}]\nrules: [{id: rest, route: a}]",
        good="overlays: [{id: o, match: {authenticated: false}, mask: [pii]}]\n"
        "rules: [{id: x, match: {authenticated: false}, route: b}, {id: rest, route: a}]",
        warning=True,
    ),
    "RT613": Code(
        title="a route with a hole that could lead nowhere",
        why="Every project is known at load. A hole that could stand for anything, or for a row without a project, "
        "would let a request make one up.",
        mend="Hold the attribute to a table by `match` (`{in: table}`, `{known: true}`, `{has: column}`), and give "
        "each of its rows a project.",
        bad=_TEAMS + "\n" + _rule("{in: teams}", "'t-{team}'"),
        good=_TEAMS + "\n" + _rule("{in: teams, has: project}", "'{team.project}'"),
    ),
    "RT620": Code(
        title="a project template that cannot be expanded",
        why="The projects of its rows would not exist.",
        mend="Give the name one hole, name a table by `for_each`, and use only that hole in its values.",
        bad=_template("'t-{team}': {env: 'LF_{TEAM}'}"),
        good=_template("'t-{team}': {for_each: t, env: '{TEAM}'}"),
    ),
}
