"""Rule files that `detectors:` imports → rules, as far as they can be used."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.config.draft import Draft
from router.config.findings import Findings
from router.config.gitleaks import GitleaksRules, read_gitleaks
from router.config.model import ImportedRules
from router.config.nodes import Source
from router.config.table_reading import ReadText
from router.errors import Problem


@dataclass(slots=True)
class RulesRead:
    """What reading gave: the rules by the name of the detector, the files they came from, what is wrong with them."""

    rules: dict[str, GitleaksRules] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_rules(draft: Draft, read: ReadText) -> RulesRead:
    """Read the rule file of every detector of a draft that imports one."""
    result = RulesRead()
    findings = Findings(draft)
    for name, spec in draft.detectors.items():
        if not isinstance(spec, ImportedRules):
            continue
        file = spec.import_gitleaks
        text = read(file)
        if isinstance(text, Problem) and text.code == "RT100":
            message = f"rule file `{file}` {text.message.removeprefix('the file ')}"
            hint = "name a rule file of gitleaks (TOML); a relative path starts at the folder of this file"
            effect = f"detector `{name}` would find nothing"
            findings.add("RT140", message, ("detectors", name, "import_gitleaks"), effect=effect, hint=hint)
        elif isinstance(text, Problem):
            result.problems.append(text)
        else:
            source = Source(file, text)
            rules, problems = read_gitleaks(source, name)
            result.sources.append(source)
            result.problems += problems
            if rules is not None:
                result.rules[name] = rules
    result.problems += findings.problems
    return result
