"""Checks that every name that is used exists, stands once, and that what exists is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from router.config.check_tests import check_tests
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.model import AD_HOC, DROP, Destination, Overlay, Rule, Test
from router.config.mounting import Mounted, whole_drafts
from router.config.nodes import Path
from router.config.packs import PackShelf
from router.config.routes import RouteError, has_holes, route_places, routes_by_row
from router.config.unknown import unknown_name
from router.errors import ConfigError, Label, Problem


def check_names(findings: Findings, shelf: PackShelf, files: Sequence[Mounted] = ()) -> list[Problem]:
    """Check names and references of a routing.yaml that mounts `files`, or of a team file, which mounts none.

    Returns:
        Problems of the packs that it uses, which stand in other files.
    """
    _check_ids(findings)
    _check_projects(findings, files)
    broken_packs = _check_mask_names(findings, shelf, files)
    check_tests(findings, shelf, files)
    return broken_packs


# -- ids -----------------------------------------------------------------------------------------------


def _entry_ids(findings: Findings) -> Iterator[tuple[Path, str]]:
    for section, entries in (("overlays", findings.draft.overlays), ("rules", findings.draft.rules)):
        for index, entry in entries.items():
            yield (section, index, "id"), entry.id
    for index, grant in enumerate(findings.draft.overrides.grants):
        yield ("overrides", "grants", index, "id"), grant.id


def _check_ids(findings: Findings) -> None:
    first: dict[str, Path] = {}
    for path, name in _entry_ids(findings):
        if name not in first:
            first[name] = path
            continue
        message = f"id `{name}` is used a second time"
        effect = "explanations, counters and tests could not tell the two apart"
        label = Label(findings.draft.at(*first[name]), "first")
        findings.add("RT305", message, path, label="second", effect=effect, hint="rename one", labels=(label,))


# -- projects ------------------------------------------------------------------------------------------


def _check_projects(findings: Findings, files: Sequence[Mounted]) -> None:
    draft = findings.draft
    known = draft.known("projects")
    if DROP in draft.names["projects"]:
        message = f"a project cannot be called `{DROP}`"
        effect = f"`route: {DROP}` sends nothing, so no call would reach this project"
        findings.add("RT610", message, ("projects", DROP), key=True, effect=effect, hint="give it another name")
    if AD_HOC in known:
        message, effect = f"a project cannot be called `{AD_HOC}`", "counts would mix it with projects of requests' own"
        findings.add("RT610", message, ("projects", AD_HOC), key=True, effect=effect, hint="give it another name")
    used = _check_choices(findings, known)
    for index, rule in draft.rules.items():
        used.update(_reached(draft, rule))
        _check_route(findings, index, rule, known)
    if not draft.is_whole("rules") or not used.issubset(known) or not draft.templates_whole:
        return
    for team in whole_drafts(files) or ():
        used.update(name for rule in team.rules.values() for name in _reached(team, rule))
    if whole_drafts(files) is None:
        return
    reached = {origin.template for name, origin in draft.origins.items() if name in used}
    for name in draft.projects:
        origin = draft.origins.get(name)
        if name not in used and name != DROP and (origin is None or origin.template not in reached):
            if origin is not None:
                reached.add(origin.template)
                name = origin.template
            message, effect = f"no rule routes to project `{name}`", "its credentials are needed, and nothing is sent"
            hint = "route to it, or take it away"
            findings.add("RT611", message, ("projects", name), key=True, severity="warning", effect=effect, hint=hint)


def _check_choices(findings: Findings, known: Sequence[str]) -> set[str]:
    """Check the projects that requests may choose, and return them."""
    overrides = findings.draft.overrides
    places: list[tuple[Path, Sequence[str]]] = [(("overrides", "projects"), overrides.projects)]
    places += [
        (("overrides", "grants", index, "projects"), grant.projects) for index, grant in enumerate(overrides.grants)
    ]
    for path, names in places:
        for index, name in enumerate(names):
            if name not in known:
                effect = "a request that chooses it would be denied"
                unknown_name(findings, "RT601", "project", name, (*path, index), known, effect)
    return {name for _, names in places for name in names}


def _reached(draft: Draft, rule: Rule) -> set[str]:
    """Return every project that a rule routes to; what is wrong with a route is not this check's business."""
    reached = {name for name in rule.projects() if not has_holes(name)}
    try:
        _, by_row = routes_by_row(draft.scoped(rule), draft.vocabulary, draft.known("projects"), draft.aliases)
    except RouteError:
        return {*reached, *draft.known("projects")}
    return reached.union(*by_row.values())


def _check_route(findings: Findings, index: int, rule: Rule, known: Sequence[str]) -> None:
    seen: set[str] = set()
    for where, name in route_places(("rules", index, "route"), rule):
        if name == DROP and rule.route != DROP:
            message = f"`{DROP}` cannot stand in a list" if isinstance(rule.route, list) else f"`{DROP}` is no project"
            effect = "nobody could tell whether the call is sent"
            findings.add("RT610", message, where, effect=effect, hint=f"write `route: {DROP}`, or name projects")
        elif name in seen:
            message, effect = f"project `{name}` stands here twice", "it would get the same call once only"
            hint = "take one away"
            if any(masks for to, masks in rule.destinations() if to == name):
                effect, hint = f"{effect}, under the masks of both", "name it once, with all its masks"
            findings.add("RT612", message, where, severity="warning", effect=effect, hint=hint)
        elif name != DROP and name not in known and not has_holes(name):
            unknown_name(findings, "RT601", "project", name, where, known, "these calls would have nowhere to go")
        seen.add(name)


# -- masks ---------------------------------------------------------------------------------------------


def mask_uses(findings: Findings) -> Iterator[tuple[Path, str]]:
    """Yield every name under `mask:` of defaults, overlays, rules, destinations and tests, with its path."""
    draft = findings.draft
    for index, name in enumerate(draft.defaults.mask):
        yield ("defaults", "mask", index), name
    sections: tuple[tuple[str, Mapping[int, Overlay | Rule | Test]], ...] = (
        ("overlays", draft.overlays),
        ("rules", draft.rules),
        ("tests", draft.tests),
    )
    for section, entries in sections:
        for index, entry in entries.items():
            yield from _masks_of((section, index), entry)
            route = entry.route if isinstance(entry, Rule) else None
            if isinstance(route, Destination):
                yield from _masks_of((section, index, "route"), route)
            for number, to in enumerate(route if isinstance(route, list) else ()):
                if isinstance(to, Destination):
                    yield from _masks_of((section, index, "route", number), to)


def _masks_of(path: Path, entry: Overlay | Rule | Test | Destination) -> Iterator[tuple[Path, str]]:
    for position, name in enumerate(entry.mask):
        yield (*path, "mask", position), name


def _check_mask_names(findings: Findings, shelf: PackShelf, files: Sequence[Mounted]) -> list[Problem]:
    draft = findings.draft
    known = draft.known("masks")
    used: set[str] = set()
    broken: list[Problem] = []
    for path, name in mask_uses(findings):
        used.add(name)
        if name in known:
            continue
        try:
            found = shelf.has(name)
        except ConfigError as error:
            broken.extend(error.problems)
            continue
        if not found:
            everything = (*known, *shelf.names())
            unknown_name(findings, "RT240", "mask", name, path, everything, "content would be logged unmasked")
    teams = whole_drafts(files)
    for team in teams or ():
        used.update(name for _, name in mask_uses(Findings(team)) if name not in team.names["masks"])
    if (used or not broken) and teams is not None:
        _unused_masks(findings, used)
    return broken


def _unused_masks(findings: Findings, used: set[str]) -> None:
    draft = findings.draft
    if not draft.is_whole("rules") or not (draft.is_whole("overlays") or not draft.root.value.get("overlays")):
        return
    for name in draft.masks:
        if name not in used:
            message, effect = f"mask `{name}` is used nowhere", "it hides nothing"
            hint = "name it under `mask:` of defaults, an overlay or a rule, or take it away"
            findings.add("RT241", message, ("masks", name), key=True, severity="warning", effect=effect, hint=hint)
