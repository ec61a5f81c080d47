"""Checks of mounts and team files: sections that are allowed, scopes that can hold, rules that stay inside them."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from router.config.check_conditions import check_match
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.loaded import ResolvedProject
from router.config.model import Match, MatchOperators, RoutingConfig, TeamSection
from router.config.mounting import Mounted, words_of
from router.config.nodes import Path
from router.config.re2_patterns import fully_matches
from router.config.tables import exact_values
from router.errors import Label, Problem

_NEVER = "no rule of these files would ever match"
_SEVERAL_TEXTS = frozenset({"model", "model_group"})
"""Attributes that a condition compares in several spellings."""


def check_scopes(findings: Findings, files: Sequence[Mounted]) -> None:
    """Check the conditions of each scope: what is wrong in any case at the mount, what a file's name makes of it there.

    Args:
        findings: of the file that has the mounts.
        files: what they name; get the problems that are about them.
    """
    for index, mount in findings.draft.mounts.items():
        path: Path = ("rules", index, "scope")
        raw = _problems_of(findings, path, mount.scope)
        of_mount = [file for file in files if file.index == index]
        always = [problem for problem in raw if problem.code not in ("RT213", "RT214")]
        for number, file in enumerate(of_mount):
            found = _problems_of(findings, path, file.scope)
            if not any(problem.code == "RT503" for problem in file.problems):
                file.problems += [_of_file(file, problem) for problem in found if problem not in raw]
            always = [problem for problem in raw if problem in found] if number == 0 else always
        findings.problems += always


def _problems_of(findings: Findings, path: Path, scope: Match) -> list[Problem]:
    alone = Findings(findings.draft)
    check_match(alone, path, scope, _NEVER)
    return alone.problems


def _of_file(file: Mounted, problem: Problem) -> Problem:
    """Turn what is wrong with a filled-in scope into a problem of the file whose name was filled in."""
    suggestion = f"{problem.label} " if problem.label.startswith("did you mean") else ""
    return Problem(
        code="RT503",
        message=f"no call belongs to this file: {problem.message}",
        location=file.whole(),
        effect="none of its rules could ever match",
        hint=f"{suggestion}rename the file, or add the value ({problem.hint})",
        labels=(Label(problem.location, "the scope of the file"),),
    )


# -- one file ------------------------------------------------------------------------------------------


def check_sections(file: Mounted, draft: Draft) -> None:
    """Check that a file carries only what its mount allows; what else is wrong inside such a section is not told."""
    findings = Findings(draft)
    root, main = draft.root, draft.outer
    assert main is not None
    allow = main.at("rules", file.index, "allow" if "allow" in file.mount.model_fields_set else "mount")
    label = Label(allow, f"allows {', '.join(file.mount.allow)}")
    spans: list[tuple[int, int]] = []
    for name, (key, value) in root.entries.items():
        if name in file.mount.allow or name not in RoutingConfig.model_fields:
            continue
        hint = f"only {main.source.file} itself can have `{name}`"
        if name in get_args(TeamSection):
            listed = ", ".join((*file.mount.allow, name))
            hint = f"take it away, or write `allow: [{listed}]` in {allow.file}:{allow.line}"
        message, effect = f"`{name}` is not allowed in this file", "a team could change what is not its own"
        findings.add("RT504", message, (name,), key=True, effect=effect, hint=hint, labels=(label,))
        spans.append((key.start, value.end))
    rules = root.child("rules")
    for index, item in enumerate(rules.items if rules is not None else ()):
        if "mount" in item.entries:
            message, effect = "a team file cannot mount files", "nobody could tell what is evaluated where"
            hint = f"mount them in {main.source.file}"
            findings.add("RT504", message, ("rules", index, "mount"), key=True, effect=effect, hint=hint)
            spans.append((item.start, item.end))
    within = [(draft.source.position(start), draft.source.position(end)) for start, end in spans]
    file.problems = findings.problems + [
        problem
        for problem in file.problems
        if not any(start <= (problem.line, problem.column) < end for start, end in within)
    ]


def check_stem(file: Mounted, owners: Collection[str]) -> None:
    """Check that what a file brings is not called as what packs bring; `owners` are the names of packs."""
    brings = file.draft is not None and (file.draft.names["masks"] or file.draft.overlays)
    if brings and file.stem in owners:
        effect = f"`{file.stem}/…` could mean a mask or overlay of a pack, and of this file"
        message, hint = f"`{file.stem}` is the name of packs", "rename the file"
        file.problems.append(Problem(code="RT505", message=message, location=file.whole(), effect=effect, hint=hint))


def check_own_projects(findings: Findings, file: Mounted) -> None:
    """Check that the file's projects have names of their own."""
    main = findings.draft.outer
    assert main is not None
    for name in findings.draft.names["projects"]:
        if findings.draft.node("projects", name, "for_each") is not None or "{" in name:
            message, effect = "a team file cannot bring a template of projects", "a team has its own projects only"
            hint = f"write it into {main.source.file}"
            place = findings.draft.at_key("projects", name)
            findings.add_at("RT504", message, place, effect=effect, hint=hint)
        if name in main.names["projects"] or name in main.aliases:
            label = Label(main.at_key("projects", main.aliases.get(name, name)), "the project of this name")
            message, effect = f"project `{name}` exists already", "its calls would go to another team's project"
            hint = f"give it a name of its own, such as `{file.stem}-{name}`"
            findings.add("RT506", message, ("projects", name), key=True, effect=effect, hint=hint, labels=(label,))


def check_shared_projects(files: Sequence[Mounted]) -> None:
    """Check that no two files bring a project of the same name; the later one gets the problem."""
    first: dict[str, Mounted] = {}
    for file in files:
        for name in file.draft.names["projects"] if file.draft is not None else ():
            other = first.setdefault(name, file)
            if file.draft is None or other is file or other.draft is None:
                continue
            findings = Findings(file.draft)
            label = Label(other.draft.at_key("projects", name), "the project of this name")
            message, effect = f"project `{name}` exists already", "its calls would go to another team's project"
            hint = f"give it a name of its own, such as `{file.stem}-{name}`"
            findings.add("RT506", message, ("projects", name), key=True, effect=effect, hint=hint, labels=(label,))
            file.problems += findings.problems


def check_own_hosts(findings: Findings, projects: Iterable[ResolvedProject], hosts: Collection[str]) -> None:
    """Check that the projects of a team file lie on hosts that the file which mounts it names."""
    main = findings.draft.outer
    assert main is not None
    for project in projects:
        if project.host not in hosts:
            name, file = project.name, main.source.file
            message = f"project `{name}` is on a host that `{file}` does not name"
            effect = "a team file could send any secret of this process to a host of its choice"
            hint = f"take `host` away, or let `defaults` or a project of {file} name the host"
            path: Path = ("projects", name, "host")
            path = path if findings.draft.node(*path) is not None else path[:2]
            findings.add("RT515", message, path, key=len(path) == 2, effect=effect, hint=hint)


# -- inside the scope ----------------------------------------------------------------------------------


def check_inside(findings: Findings, file: Mounted) -> None:
    """Check that no condition of the file asks for what its scope rules out."""
    draft = findings.draft
    held = {
        name: values
        for name, matcher in file.scope.conjuncts()
        if (values := exact_values(matcher)) is not None and _has_one_value(findings, name)
    }
    for section, entries in (("overlays", draft.overlays), ("rules", draft.rules)):
        for index, entry in entries.items():
            if entry.match is not None:
                for path, name, many in _outside((section, index, "match"), entry.match, held):
                    _report(findings, file, path, name, f"{section[:-1]} `{entry.id}`", many=many)


def _has_one_value(findings: Findings, name: str) -> bool:
    kind = findings.draft.vocabulary.kind(name)
    return kind in ("text", "bool", "number") and name not in _SEVERAL_TEXTS and "." not in name


def _outside(path: Path, match: Match, held: Mapping[str, Sequence[str]]) -> Iterator[tuple[Path, str, bool]]:
    """Yield the path and attribute of every condition that no call in scope meets, and whether others stand beside."""
    for name, matcher in match.attributes().items():
        if name not in held:
            continue
        where: Path = (*path, name)
        given = matcher.any_of if isinstance(matcher, MatchOperators) and matcher.any_of else matcher
        where = (*where, "any_of") if given is not matcher else where
        if isinstance(given, MatchOperators):
            if not any(_may_hold(given, value) for value in held[name]):
                yield where, name, False
        elif isinstance(given, list):
            lost = [index for index, value in enumerate(given) if _text(value) not in held[name]]
            yield from (((*where, index), name, len(lost) < len(given)) for index in lost)
        elif _text(given) not in held[name]:
            yield where, name, False
    for key in ("any", "all"):
        for index, inner in enumerate(getattr(match, key) or ()):
            yield from _outside((*path, key, index), inner, held)


def _text(value: object) -> str:
    return (exact_values(value) or ("",))[0]


def _may_hold(operators: MatchOperators, value: str) -> bool:
    """Tell whether operators could hold for a value; true where that is not looked into."""
    tests: dict[str, Any] = {
        "glob": lambda pattern: fnmatch.fnmatchcase(value, pattern),
        "regex": lambda pattern: fully_matches(pattern, [value]),
        "none_of": lambda values: value not in map(_text, values),
        "exists": lambda wanted: wanted,
        "not_": lambda inner: value not in (exact_values(inner) or ()),
    }
    return all(tests[key](getattr(operators, key)) for key in operators.model_fields_set if key in tests)


def _report(findings: Findings, file: Mounted, path: Path, name: str, owner: str, *, many: bool) -> None:
    main = findings.draft.outer
    assert main is not None
    scope = main.at("rules", file.index, "scope")
    never = "this one of the values would never match" if many else f"{owner} would never match by this condition"
    findings.add(
        "RT502",
        f"this is outside the scope of the file, {words_of(file.scope)}",
        path,
        label="outside",
        effect=f"{never}: a team file decides about calls in its scope only",
        hint=f"take the condition on `{name}` away; the scope is added to every rule and overlay of this file",
        labels=(Label(scope, "the scope of the file"),),
    )
