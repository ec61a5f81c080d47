"""Codes of blocks RT6 (projects and secrets) and RT7 (Langfuse's own limits)."""

from __future__ import annotations

from router.config.codes import Code


def _projects(entries: str) -> str:
    return f"projects: {{{entries}}}\nrules: [{{id: rest, route: a}}]"


PROJECTS: dict[str, Code] = {
    "RT601": Code(
        title="unknown project",
        why="The calls would have nowhere to go.",
        mend="Route to a project under `projects:`, or to `drop`.",
        bad="rules: [{id: rest, route: aa}]",
        good="rules: [{id: rest, route: a}]",
    ),
    "RT602": Code(
        title="a credential that is not there",
        why="Nothing could be sent to the project, or nothing could be hashed.",
        mend="Set the variable or create the file. `router check --no-env` checks a file without its credentials.",
        bad=_projects("a: {env: NOWHERE}"),
        good=_projects("a: {env: A}"),
    ),
    "RT603": Code(
        title="a secret in the clear",
        why="Everybody who can read the file, its history or a backup can read the secret.",
        mend="Write `{env: NAME}` or `{file: PATH}`, then change the secret: it has been seen.",
        bad=_projects("a: {public_key: pk-lf-1, secret_key: sk-lf-1}"),
        good=_projects("a: {public_key: pk-lf-1, secret_key: {env: A_SECRET_KEY}}"),
    ),
    "RT604": Code(
        title="a host that must not be used",
        why="Keys and content would travel unencrypted, or to a place that a URL hides.",
        mend="Write `https://` and a name. Plain http is allowed to this machine only (localhost, 127.0.0.1).",
        bad=_projects('a: {env: A, host: "http://langfuse.example.com"}'),
        good=_projects('a: {env: A, host: "https://langfuse.example.com"}'),
    ),
    "RT605": Code(
        title="public and secret key are swapped",
        why="Langfuse would refuse every call.",
        mend="Swap the two; the public key begins with `pk-lf-`, the secret one with `sk-lf-`.",
        bad=_projects("a: {public_key: {env: A_SECRET_KEY}, secret_key: {env: A_SECRET_KEY}}"),
        good=_projects("a: {public_key: {env: A_PUBLIC_KEY}, secret_key: {env: A_SECRET_KEY}}"),
    ),
    "RT606": Code(
        title="a key of unusual form",
        why="Langfuse's keys begin with `pk-lf-` and `sk-lf-`; another may be of another service.",
        mend="Copy the keys from the settings of the Langfuse project.",
        bad=_projects("a: {public_key: abc, secret_key: {env: A_SECRET_KEY}}"),
        good=_projects("a: {public_key: pk-lf-abc, secret_key: {env: A_SECRET_KEY}}"),
        warning=True,
    ),
    "RT607": Code(
        title="two projects with one secret key",
        why="Langfuse files traces by the secret key alone, so both are one project there.",
        mend="Give each project its own keys, or route to one of them only.",
        bad="projects: {a: {env: A}, b: {env: A}}\nrules: [{id: rest, route: [a, b]}]",
        good="projects: {a: {env: A}, b: {env: B}}\nrules: [{id: rest, route: [a, b]}]",
        warning=True,
    ),
    "RT608": Code(
        title="a mask key that is too short",
        why="A short key can be guessed, and with it every pseudonym undone.",
        mend="Make one of at least 32 bytes: `openssl rand -base64 48`.",
        bad="masks: {m: [{paths: [input], action: hash, key: {env: SHORT}}]}\nrules: [{id: rest, route: a, mask: [m]}]",
        good="masks: {m: [{paths: [input], action: hash, key: {env: LONG}}]}\nrules: [{id: rest, route: a, mask: [m]}]",
    ),
    "RT610": Code(
        title="`drop` or `ad-hoc` where a project belongs",
        why="`route: drop` sends nothing, and `ad-hoc` stands for projects whose keys a request brings; a project of "
        "such a name, or a list with `drop`, would be read both ways.",
        mend="Give the project another name; write `route: drop` alone.",
        bad="rules: [{id: rest, route: [a, drop]}]",
        good="rules: [{id: rest, route: [a]}]",
    ),
    "RT611": Code(
        title="a project that no rule routes to",
        why="Its credentials are needed, and nothing is sent.",
        mend="Route to it, or take it away.",
        bad="projects: {a: {env: A}, b: {env: B}}\nrules: [{id: rest, route: a}]",
        good="projects: {a: {env: A}, b: {env: B}}\nrules: [{id: rest, route: [a, b]}]",
        warning=True,
    ),
    "RT612": Code(
        title="a project that stands twice in one route",
        why="It gets the call once only.",
        mend="Take one away; perhaps another project was meant.",
        bad="rules: [{id: rest, route: [a, a]}]",
        good="rules: [{id: rest, route: [a, b]}]",
        warning=True,
    ),
    "RT701": Code(
        title="an environment that Langfuse would store as `default`",
        why="It is sent in another spelling, which filters do not find: 40 of a-z, 0-9, `-`, `_`, no `langfuse…`.",
        mend="Write it in lower case, without spaces.",
        bad="defaults: {environment: Prod EU}",
        good="defaults: {environment: prod-eu}",
        warning=True,
    ),
    "RT702": Code(
        title="a text that is longer than Langfuse takes",
        why="Langfuse drops a trace with a name of more than 1000 characters, and sessions, users and tags of more "
        "than 200, so the text is cut before.",
        mend="Make it shorter.",
        bad=f"rules: [{{id: rest, route: a, trace: {{set: {{name: {'n' * 1001}}}}}}}]",
        good="rules: [{id: rest, route: a, trace: {set: {name: n}}}]",
        warning=True,
    ),
    "RT703": Code(
        title="a trace field of the wrong type",
        why="Langfuse would not take it: tags are a list of text, public is true or false, names are text.",
        mend="Write the type that the message names.",
        bad="rules: [{id: rest, route: a, trace: {set: {tags: prod}}}]",
        good="rules: [{id: rest, route: a, trace: {set: {tags: [prod]}}}]",
    ),
}
