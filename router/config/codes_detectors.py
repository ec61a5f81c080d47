"""Codes of own detectors, in the blocks RT1 and RT2."""

from __future__ import annotations

from router.config.codes import Code


def _detector(spec: str, *, name: str = "staff", used: str = "staff") -> str:
    masks = f"masks: {{m: [{{detect: [{used}]}}]}}\nrules: [{{id: rest, route: a, mask: [m]}}]"
    return f"detectors: {{{name}: {{{spec}}}}}\n{masks}"


_STAFF = "pattern: 'E-(\\d{6})', examples: {match: [E-123455]}"

DETECTORS: dict[str, Code] = {
    "RT140": Code(
        title="a rule file that cannot be read",
        why="The detector would find nothing.",
        mend="Name a rule file of gitleaks (TOML); a relative path starts at the folder of routing.yaml.",
        bad=_detector("import_gitleaks: nowhere.toml"),
        good=_detector(_STAFF),
    ),
    "RT141": Code(
        title="a file that is not the rule file it should be",
        why="The detector would find nothing.",
        mend="Give a TOML file with at least one `[[rules]]` whose `regex` RE2 can read.",
    ),
    "RT142": Code(
        title="a part of a rule file that is left out",
        why="The other rules work; what this one is about is not found, or not excused.",
        mend="Mend the rule, or take it out of the file so that nobody believes in it.",
        warning=True,
    ),
    "RT260": Code(
        title="unknown detector",
        why="The step would hide less than it says.",
        mend="Name a built-in detector, or one under `detectors:` of the same file.",
        bad=_detector(_STAFF, used="staff, emial"),
        good=_detector(_STAFF, used="staff, email"),
    ),
    "RT261": Code(
        title="a name that a detector cannot have",
        why="Built-in detectors, and the words under which other hits are counted, keep their meaning.",
        mend="Give the detector another name.",
        bad=_detector(_STAFF, name="email", used="email"),
        good=_detector(_STAFF, name="staff_email", used="staff_email"),
    ),
    "RT262": Code(
        title="a detector that asks for a group or a checksum that is not there",
        why="It would find nothing, or hide something else.",
        mend="Count the parentheses of the pattern from 1; name `luhn`, `iban` or `stdnum:<module>`.",
        bad=_detector(f"{_STAFF}, group: 2"),
        good=_detector(f"{_STAFF}, group: 1"),
    ),
    "RT263": Code(
        title="a detector that fails an example",
        why="It does not find what it is for, or hides what it should leave alone. Nothing is loaded until it does.",
        mend="Mend the pattern, the words `near` it or the checksum; or the example.",
        bad=_detector("pattern: 'E-\\d{7}', examples: {match: [E-123455]}"),
        good=_detector("pattern: 'E-\\d{6}', examples: {match: [E-123455]}"),
    ),
    "RT265": Code(
        title="a detector whose extra or model is not installed",
        why="It would find nothing. Neither is ever downloaded while the program runs.",
        mend="pip install 'langfuse-router[presidio]', and the package of the spaCy model.",
        bad=_detector("presidio: [PERSON], model: no_such_model, examples: {match: [Ada Lovelace]}"),
        good=_detector(_STAFF),
    ),
    "RT264": Code(
        title="a detector that nothing uses",
        why="What it finds is sent as it is, which somebody may believe it is not.",
        mend="Name it under `detect:` of a mask, or take it away.",
        bad=_detector(_STAFF, used="email"),
        good=_detector(_STAFF),
        warning=True,
    ),
}
