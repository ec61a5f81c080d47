"""Codes of blocks RT2 (matchers, expressions, masks) and RT3 (reachability and order)."""

from __future__ import annotations

from router.config.codes import Code


def _rule(text: str) -> str:
    text = text if text.startswith(("match:", "when:")) else f"match: {{team: x}}, {text}"
    return f"rules:\n  - {{id: x, route: a, {text}}}\n  - {{id: rest, route: a}}"


def _mask(step: str) -> str:
    return f"masks:\n  m: [{{{step}}}]\nrules: [{{id: rest, route: a, mask: [m]}}]"


RULES: dict[str, Code] = {
    "RT201": Code(
        title="unknown attribute",
        why="A condition on an attribute that no call has is never true; a template with it is never filled in.",
        mend="Write an attribute that exists. What the application sends on its own is `metadata.<key>`.",
        bad=_rule("match: {teem: payments}"),
        good=_rule("match: {team: payments}"),
    ),
    "RT202": Code(
        title="unknown JMESPath function",
        why="JMESPath notices it only when it evaluates, so the condition would fail for every call.",
        mend="Write a function of JMESPath, such as contains, length, starts_with, ends_with, not_null.",
        bad=_rule('when: "lenght(tags) > `1`"'),
        good=_rule('when: "length(tags) > `1`"'),
    ),
    "RT203": Code(
        title="JMESPath compares two attributes, not an attribute and a text",
        why='In JMESPath "x" is the name of a field; the comparison asks for an attribute x and is never true.',
        mend="Write texts in single quotes: 'x'.",
        bad=_rule("when: 'team == \"payments\"'"),
        good=_rule("when: \"team == 'payments'\""),
    ),
    "RT204": Code(
        title="not a JMESPath expression",
        why="It cannot be evaluated for any call.",
        mend="Compare with ==, combine with && and ||, negate with !; quote texts with ' and numbers with `.",
        bad=_rule("when: \"team = 'payments'\""),
        good=_rule("when: \"team == 'payments'\""),
    ),
    "RT205": Code(
        title="a function with wrong arguments",
        why="The evaluation would fail for every call.",
        mend="Give the function what it takes; the message says how many and of which type.",
        bad=_rule("when: contains(tags)"),
        good=_rule("when: \"contains(tags, 'prod')\""),
    ),
    "RT206": Code(
        title="a condition that is not true or false",
        why="Every text and every list that is not empty counts as true, which is rarely what was meant.",
        mend="Compare the value, or ask contains(list, 'x').",
        bad=_rule("when: tags"),
        good=_rule('when: "length(tags) > `0`"'),
    ),
    "RT207": Code(
        title="a template that cannot be read",
        why="A `{` without `}` would be sent as it stands, or the field would never be set.",
        mend="Write `{attribute}`; double a brace that is meant as one: `{{`.",
        bad=_rule('trace: {set: {name: "pay/{model"}}'),
        good=_rule('trace: {set: {name: "pay/{model}"}}'),
    ),
    "RT208": Code(
        title="a comparison that can never hold",
        why="JMESPath answers null, quietly, when texts are ordered or values of different types are compared.",
        mend="Compare text with text and numbers with numbers; look into lists with contains().",
        bad=_rule("when: \"tags == 'prod'\""),
        good=_rule("when: \"contains(tags, 'prod')\""),
    ),
    "RT210": Code(
        title="not an RE2 pattern",
        why="The pattern does not compile, so nothing would match it and nothing would be hidden by it.",
        mend="RE2 has no look-around and no back-references, and for that it never takes long.",
        bad=_rule('match: {team: {regex: "(pay"}}'),
        good=_rule('match: {team: {regex: "(pay).*"}}'),
    ),
    "RT211": Code(
        title="a pattern of a mask or detector that matches nothing, or everything",
        why="A pattern that matches the empty text or most of any text destroys what it should only mask.",
        mend="Ask for the shape of the value; to hide whole fields use `paths` without a pattern.",
        bad=_mask("pattern: '\\w*'"),
        good=_mask("pattern: 'ACC-\\d{8}'"),
    ),
    "RT212": Code(
        title="an operator that cannot work on this attribute",
        why="The condition is never true: a switch has no text, a text no order, and a single value is never several.",
        mend="Use the operator that fits the attribute.",
        bad=_rule("match: {team: {all_of: [pay, search]}}"),
        good=_rule("match: {team: [pay, search]}"),
    ),
    "RT213": Code(
        title="a value that the attribute never has",
        why="The condition is never true. `007` is the number 7 in YAML, and a status is success or failure.",
        mend="Write a value that exists; put texts that look like numbers in quotes.",
        bad=_rule("match: {status: failed}"),
        good=_rule("match: {status: failure}"),
    ),
    "RT214": Code(
        title="a wildcard that is compared exactly",
        why="`model: gpt-*` matches only a model whose name is, literally, gpt-*.",
        mend='Write `{glob: "gpt-*"}`.',
        bad=_rule('match: {model: "gpt-*"}'),
        good=_rule('match: {model: {glob: "gpt-*"}}'),
        warning=True,
    ),
    "RT215": Code(
        title="a measured number that is compared exactly",
        why="What a call costs and how long it takes has more digits than anybody writes: next to nothing matches.",
        mend="Write a range: `{gte: 0.5, lt: 1}`.",
        bad=_rule("match: {cost: 0.5}"),
        good=_rule("match: {cost: {gte: 0.5}}"),
        warning=True,
    ),
    "RT216": Code(
        title="bounds that no number meets",
        why="The condition is never true.",
        mend="Leave numbers between `gt` and `lt`; for what is outside of a range write `any: [{…}, {…}]`.",
        bad=_rule("match: {cost: {gt: 5, lt: 3}}"),
        good=_rule("match: {cost: {gt: 3, lt: 5}}"),
    ),
    "RT220": Code(
        title="a time that cannot be read",
        why="Nobody could say when the rule or overlay applies, or when the call of a test starts.",
        mend="Write dates as 2026-12-01, times as 2026-12-01T09:30, days as mon-fri, hours as 09:00-17:00.",
        bad=_rule("active: {days: weekdays}"),
        good=_rule("active: {days: mon-fri}"),
    ),
    "RT221": Code(
        title="unknown time zone",
        why="Days and hours could not be told.",
        mend="Write a name of the IANA database: Europe/Berlin, America/New_York, UTC.",
        bad=_rule("active: {days: mon-fri, zone: Europe/Berln}"),
        good=_rule("active: {days: mon-fri, zone: Europe/Berlin}"),
    ),
    "RT222": Code(
        title="a time that is empty",
        why="The rule or overlay would never apply.",
        mend="`until` is the first moment that is out again, and so is the end of `hours`; write later ones.",
        bad=_rule("active: {from: 2026-12-01, until: 2026-12-01}"),
        good=_rule("active: {from: 2026-12-01, until: 2026-12-02}"),
    ),
    "RT223": Code(
        title="an overlay that hides only at times",
        why="At all other times what its masks would hide is sent as it is.",
        mend="Put masks that must always hold into `defaults`, or into an overlay without `active`.",
        bad="overlays: [{id: o, active: {hours: 09:00-17:00}, mask: [pii]}]\nrules: [{id: rest, route: a}]",
        good="overlays: [{id: o, mask: [pii]}]\nrules: [{id: rest, route: a}]",
        warning=True,
    ),
    "RT230": Code(
        title="a mask step that contradicts itself",
        why="A step that says neither where nor what hides nothing; a key or label without use hides a mistake.",
        mend="Say where (`paths`), or what (`detect`, `pattern`, `keys`), or both; and only what the action uses.",
        bad=_mask("action: redact"),
        good=_mask("action: redact, paths: [input]"),
    ),
    "RT231": Code(
        title="a pseudonym without a key",
        why="Without a key anybody can hash candidates until one fits, and undo the pseudonym.",
        mend="Add `key: {env: NAME}` with at least 32 random bytes.",
        bad=_mask("action: hash, paths: [trace.user_id]"),
        good=_mask("action: hash, paths: [trace.user_id], key: {env: MASK_KEY}"),
    ),
    "RT232": Code(
        title="a mask's path that leads nowhere",
        why="The step would hide nothing.",
        mend="Begin with a field of the call: input, output, metadata, trace, …; separate steps by dots.",
        bad=_mask("paths: [inptu]"),
        good=_mask("paths: [input]"),
    ),
    "RT233": Code(
        title="a mask that shows a secret, or a part of one",
        why="The end of a key tells which key it is and narrows down the rest; an exception outlives its reason.",
        mend="Hide secrets whole; keep exceptions to steps that look for nothing secret, or say `allow_secrets: true`.",
        bad=_mask("detect: [api_key], action: mask, keep_last: 4"),
        good=_mask("detect: [credit_card], action: mask, keep_last: 4"),
    ),
    "RT240": Code(
        title="unknown mask",
        why="Content would be logged unmasked.",
        mend="Name a mask of the file or of a pack: `pii`, `secrets`, or in full `masking/pii`.",
        bad="rules: [{id: rest, route: a, mask: [pi]}]",
        good="rules: [{id: rest, route: a, mask: [pii]}]",
    ),
    "RT241": Code(
        title="a mask that nothing uses",
        why="It hides nothing, which somebody may believe it does.",
        mend="Name it under `mask:` of defaults, an overlay or a rule, or take it away.",
        bad="masks: {m: [{paths: [input]}]}\nrules: [{id: rest, route: a}]",
        good="masks: {m: [{paths: [input]}]}\nrules: [{id: rest, route: a, mask: [m]}]",
        warning=True,
    ),
    "RT242": Code(
        title="a mask or an overlay of a pack without a test",
        why="A pack is trusted by people who never read it; nobody would notice when it stops hiding.",
        mend="Add a test with `mask: [<name>]`, or with `expect: {overlays: [<id>]}`, to the pack.",
        bad=(
            "description: d\nmasks: {m: [{paths: [input]}], n: [{paths: [output]}]}\n"
            "tests: [{name: t, mask: [m], expect: {mask: [m]}}]"
        ),
        good="description: d\nmasks: {m: [{paths: [input]}]}\ntests: [{name: t, mask: [m], expect: {mask: [m]}}]",
    ),
    "RT301": Code(
        title="a rule that can never match",
        why="A rule above takes every call that would reach it: its route, its masks and its updates never apply.",
        mend="Move the narrow rule above the wide one, or take it away.",
        bad="rules: [{id: rest, route: a}, {id: pay, match: {team: pay}, route: b}, {id: end, route: a}]",
        good="rules: [{id: pay, match: {team: pay}, route: b}, {id: rest, route: a}]",
    ),
    "RT302": Code(
        title="the last rule has conditions",
        why="A call that matches no rule would have no answer.",
        mend="End with a rule without `match` and `when`; `route: drop` is an answer as well.",
        bad="rules: [{id: pay, match: {team: pay}, route: a}]",
        good="rules: [{id: pay, match: {team: pay}, route: a}, {id: rest, route: drop}]",
    ),
    "RT303": Code(
        title="an overlay or a grant that does nothing",
        why="Whatever it matches stays as it is.",
        mend="Give an overlay `mask`, `trace`, `generation` or `sample`, a grant `allow`, `masks` or `projects`; or "
        "take it away.",
        bad="overlays: [{id: eu, match: {metadata.region: eu}}]",
        good="overlays: [{id: eu, match: {metadata.region: eu}, mask: [pii]}]",
        warning=True,
    ),
    "RT304": Code(
        title="a key without use",
        why="Only a `when` can fail to be evaluated, and `masks` of a grant lifts only `masks: ignore`; without them "
        "the line has no effect.",
        mend="Take it away, or add what it needs.",
        bad="overlays: [{id: eu, match: {metadata.region: eu}, on_error: match, mask: [pii]}]",
        good="overlays: [{id: eu, match: {metadata.region: eu}, mask: [pii]}]",
        warning=True,
    ),
    "RT305": Code(
        title="an id that is used twice",
        why="Explanations, counters and tests could not tell the two apart.",
        mend="Rename one; rules, overlays and grants share their ids.",
        bad="rules: [{id: x, match: {team: t}, route: b}, {id: x, route: a}]",
        good="rules: [{id: x, match: {team: t}, route: b}, {id: rest, route: a}]",
    ),
    "RT306": Code(
        title="a test that expects what does not exist",
        why="It could never pass; where it expects nothing of a field that does not exist, it could never fail.",
        mend="Name a rule, overlay, project or mask of the file, or a field that Langfuse gets.",
        bad="tests: [{name: t, expect: {rule: rset}}]",
        good="tests: [{name: t, expect: {rule: rest}}]",
    ),
    "RT307": Code(
        title="a test that expects nothing",
        why="It could never fail, and so would vouch for what nobody tried.",
        mend="Say what must come out: `route`, `rule`, `overlays`, `mask`, `trace`, `sent`.",
        bad="tests: [{name: t, request: {team: pay}, expect: {}}]",
        good="tests: [{name: t, request: {team: pay}, expect: {rule: rest}}]",
    ),
    "RT308": Code(
        title="two tests of one name",
        why="A report could not tell which of the two failed.",
        mend="Rename one; the name is the behaviour, as a sentence.",
        bad="tests: [{name: t, expect: {rule: rest}}, {name: t, expect: {route: [a]}}]",
        good="tests: [{name: t, expect: {rule: rest}}, {name: u, expect: {route: [a]}}]",
        warning=True,
    ),
}
