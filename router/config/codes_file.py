"""Codes of block RT1: file and shape."""

from __future__ import annotations

from router.config.codes import Code

FILE: dict[str, Code] = {
    "RT100": Code(
        title="the file cannot be read",
        why="Nothing can be said about a file that does not open: it is missing, a folder, or not yours to read.",
        mend="Give the path of a readable YAML file, or set ROUTER_CONFIG to it.",
    ),
    "RT101": Code(
        title="the file is not plain UTF-8 text",
        why="A byte that is not UTF-8, or a control character, would be read differently by every program.",
        mend="Save the file as UTF-8; take out control characters.",
    ),
    "RT102": Code(
        title="the file is not YAML",
        why="Nothing after the place of the error can be understood, so the file is not read at all.",
        mend="The place is where the parser gave up; the cause is often on the line above: a quote, a bracket, a tab.",
        bad="rules: [{id: rest, route: a}",
        good="rules: [{id: rest, route: a}]",
    ),
    "RT103": Code(
        title="a key stands twice in one mapping",
        why="YAML readers keep one of the two values and silently forget the other, for example a mask.",
        mend="Take one away, or merge the two values.",
        bad="rules: [{id: rest, route: a, mask: [pii], mask: []}]",
        good="rules: [{id: rest, route: a, mask: [pii]}]",
    ),
    "RT104": Code(
        title="a feature of YAML that routing.yaml does not use",
        why="Tags, merge keys, keys that are lists, and several documents hide from a reader what a file says.",
        mend="Write the value out. Anchors and aliases (`&name`, `*name`) for whole values are fine, up to 32 uses.",
        bad="rules: [{id: rest, route: !!set {a: }}]",
        good="rules: [{id: rest, route: a}]",
    ),
    "RT107": Code(
        title="the file is beyond a limit",
        why="A file of more than 1 MiB, 32 levels, 32 aliases, 100 000 values or 20 000 `${…}` could exhaust memory. Of"
        " more than 500 errors or warnings, the first 500 are told.",
        mend="Make the file flatter or smaller; replace aliases by what they repeat.",
        bad="rules: " + "[" * 33 + "]" * 33,
        good="rules: [{id: rest, route: a}]",
    ),
    "RT108": Code(
        title="a number that cannot be used",
        why="Infinity, not-a-number and integers beyond 64 bits exist neither in JSON nor in Langfuse.",
        mend="Put it in quotes if it is meant as text, as account numbers are.",
        bad="rules: [{id: x, match: {metadata.account: 12345678901234567890}, route: a}, {id: rest, route: a}]",
        good='rules: [{id: x, match: {metadata.account: "12345678901234567890"}, route: a}, {id: rest, route: a}]',
    ),
    "RT109": Code(
        title="the file is not a mapping",
        why="An empty file, a list or a text names no projects and no rules.",
        mend="Begin with `version: 1`, `projects:` and `rules:`.",
        bad="- rules",
        good="rules: [{id: rest, route: a}]",
    ),
    "RT110": Code(
        title="unknown key",
        why="A key that is ignored does nothing, and nobody notices: with `maks: [pii]` content is logged unmasked.",
        mend="Write the key that was meant; the help line lists the keys that are allowed at this place.",
        bad="rules: [{id: rest, route: a, maks: [pii]}]",
        good="rules: [{id: rest, route: a, mask: [pii]}]",
    ),
    "RT111": Code(
        title="a key is missing",
        why="What the key would say cannot be guessed.",
        mend="Add the key.",
        bad="rules: [{id: rest}]",
        good="rules: [{id: rest, route: a}]",
    ),
    "RT112": Code(
        title="a value of the wrong type",
        why="A text where a list belongs, or a number where a text belongs, would be read differently than written.",
        mend="Put a list in brackets and a text that looks like a number in quotes.",
        bad="rules: [{id: rest, route: a, mask: pii}]",
        good="rules: [{id: rest, route: a, mask: [pii]}]",
    ),
    "RT113": Code(
        title="a value that is not allowed",
        why="The type is right and the value is not: outside a range, empty, or not one of those that exist.",
        mend="The message names what is allowed.",
        bad="rules: [{id: rest, route: a, sample: 10}]",
        good="rules: [{id: rest, route: a, sample: 0.1}]",
    ),
    "RT114": Code(
        title="a key without a value",
        why="`mask:` with nothing behind it may mean that nothing is masked, or that a line was lost.",
        mend="Write the value (`[]` for an empty list), or take the key away.",
        bad="rules: [{id: rest, route: a, mask: }]",
        good="rules: [{id: rest, route: a}]",
    ),
    "RT115": Code(
        title="a version that this release does not read",
        why="A file of another version may mean something else by the same words.",
        mend="Write `version: 1`, or install the release of langfuse-router that reads the file.",
        bad="version: 2",
        good="version: 1",
    ),
    "RT120": Code(
        title="a variable that a text needs is not set",
        why="Traces would be filed under the name of a placeholder, or sent to no place at all.",
        mend="Set the variable, or write a default: `${NAME:-default}`. `router env FILE` lists all that are needed.",
        bad="defaults: {environment: '${NOWHERE}'}\nrules: [{id: rest, route: a}]",
        good="defaults: {environment: '${NOWHERE:-production}'}\nrules: [{id: rest, route: a}]",
    ),
    "RT121": Code(
        title="a `${NAME}` where none is filled in",
        why="What is matched, hidden and routed stands in the file, so that what was checked is what runs everywhere.",
        mend="Write the value out. Where these very characters are meant, use `{regex: '[$][{]NAME[}]'}`.",
        bad="rules: [{id: x, match: {team: '${TEAM}'}, route: a}, {id: rest, route: a}]",
        good="rules: [{id: x, match: {team: payments}, route: a}, {id: rest, route: a}]",
    ),
    "RT122": Code(
        title="a `${` that cannot be read",
        why="It looks like a variable and would be sent as it stands.",
        mend="Write `${NAME}`, `${NAME:-default}` or `${NAME:?why}`. A plain `$` is `$$`.",
        bad="defaults: {release: '${GIT-SHA}'}\nrules: [{id: rest, route: a}]",
        good="defaults: {release: '${GIT_SHA:-none}'}\nrules: [{id: rest, route: a}]",
    ),
    "RT118": Code(
        title="a ROUTER_* or LANGFUSE_* setting that cannot be used",
        why="The process would run with a default that nobody asked for.",
        mend="Correct or unset the environment variable; the message names it and what it takes.",
    ),
}
