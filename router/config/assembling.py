"""Checked drafts → `LoadedConfig`: team files in their places, under their own names and within their scopes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.config.draft import Draft
from router.config.interpolation import filled_variables
from router.config.loaded import LoadedConfig, Located, Quarantined
from router.config.model import Destination, Overlay, Rule, Test
from router.config.mounting import Mounted
from router.config.nodes import Source
from router.config.packs import Mask, PackShelf
from router.config.projects import Credentials
from router.config.quarantine import could_hide, hiding_overlay
from router.errors import Problem


@dataclass(frozen=True, slots=True)
class Team:
    """A team file that takes part, and the credentials of its projects."""

    file: Mounted
    draft: Draft
    credentials: Credentials


def assemble(
    main: Draft,
    shelf: PackShelf,
    credentials: Credentials,
    teams: Sequence[Team],
    left_out: Sequence[Mounted],
    sources: Iterable[Source],
    warnings: tuple[Problem, ...],
) -> LoadedConfig:
    """Put a configuration together from drafts without errors.

    Args:
        teams: in the order of evaluation.
        left_out: broken files; what they could have hidden is hidden whole.
        sources: every text that was read.
    """
    drafts = [main, *(team.draft for team in teams)]
    hiding = [hiding_overlay(file, main) for file in left_out if could_hide(file)]
    masks = {_mask(draft, name): mask for draft in drafts for name, mask in masks_of(draft).items()}
    for name, located in shelf.masks().items():
        masks.setdefault(name, located)
    masks |= {name: mask for _, name, mask in hiding}
    all_credentials = [credentials, *(team.credentials for team in teams)]
    return LoadedConfig(
        path=main.source.file,
        digest=_digest(sources),
        defaults=main.defaults,
        project_names=tuple(name for draft in drafts for name in draft.projects),
        servers={
            name: project.server or main.defaults.server for draft in drafts for name, project in draft.projects.items()
        },
        projects={name: project for one in all_credentials for name, project in one.projects.items()},
        masks=masks,
        overlays=(
            *shelf.overlays(),
            *(overlay for draft in drafts for overlay in overlays_of(draft)),
            *(overlay for overlay, *_ in hiding),
        ),
        rules=tuple(_rules(main, teams)),
        overrides=main.overrides,
        grants=tuple(
            Located(grant, main.at("overrides", "grants", index)) for index, grant in enumerate(main.overrides.grants)
        ),
        tests=tuple(test for draft in drafts for test in _tests(draft)),
        secrets={reference: value for one in all_credentials for reference, value in one.secrets.items()},
        filled=filled_variables(main.source, main.root),
        warnings=warnings,
        project_aliases=main.aliases,
        vocabulary=main.vocabulary,
        quarantined=tuple(Quarantined(file.file, tuple(file.problems)) for file in left_out),
    )


def _digest(sources: Iterable[Source]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.text.encode() + b"\0")
    return digest.hexdigest()[:12]


def masks_of(draft: Draft) -> dict[str, Mask]:
    """Return the masks of a file by the names that it gives them."""
    return {name: Located(tuple(steps), draft.at_key("masks", name)) for name, steps in draft.masks.items()}


def _rules(main: Draft, teams: Sequence[Team]) -> Iterator[Located[Rule]]:
    for index in sorted((*main.rules, *main.mounts)):
        if index in main.rules:
            yield Located(main.rules[index], main.at("rules", index))
        for draft in (team.draft for team in teams if team.file.index == index):
            yield from (
                Located(_rule(draft, rule), draft.at("rules", number), is_mounted=True)
                for number, rule in draft.rules.items()
            )


def overlays_of(draft: Draft) -> tuple[Located[Overlay], ...]:
    """Return the overlays of a file; those of a team file under their own names and within its scope."""
    return tuple(
        Located(overlay if draft.outer is None else _overlay(draft, overlay), draft.at("overlays", index))
        for index, overlay in draft.overlays.items()
    )


def _overlay(draft: Draft, overlay: Overlay) -> Overlay:
    changed = {"id": _name(draft, overlay.id), "match": draft.match_of(overlay), "mask": _all(draft, overlay.mask)}
    return overlay.model_copy(update=changed)


def _tests(draft: Draft) -> Iterator[Located[Test]]:
    for index, test in draft.tests.items():
        yield Located(test if draft.outer is None else _test(draft, test), draft.at("tests", index))


# -- names outside a team file -------------------------------------------------------------------------


def _name(draft: Draft, name: str) -> str:
    return f"{draft.stem}/{name}"


def _mask(draft: Draft, name: str) -> str:
    """Return what a mask is called outside: one of a team file by its stem, whatever the file calls it."""
    return _name(draft, name) if draft.outer is not None and name in draft.masks else name


def _all(draft: Draft, names: Sequence[str]) -> list[str]:
    return [_mask(draft, name) for name in names]


def _rule(draft: Draft, rule: Rule) -> Rule:
    def destination(to: str | Destination) -> str | Destination:
        return to if isinstance(to, str) else to.model_copy(update={"mask": _all(draft, to.mask)})

    route = [destination(to) for to in rule.route] if isinstance(rule.route, list) else destination(rule.route)
    changed = {"id": _name(draft, rule.id), "mask": _all(draft, rule.mask), "route": route}
    return draft.scoped(rule).model_copy(update=changed)


def _test(draft: Draft, test: Test) -> Test:
    """Return a test of a team file with names as a plan gives them: a plain id is one of the file first."""
    rules = {rule.id for rule in draft.rules.values()}
    overlays = {overlay.id for overlay in draft.overlays.values()}

    def named(name: str | None, own: set[str]) -> str | None:
        return _name(draft, name) if name is not None and name in own else name

    def ids(names: Sequence[str] | None, own: set[str]) -> list[str | None] | None:
        return None if names is None else [named(name, own) for name in names]

    expect = test.expect
    masks: object = expect.mask
    if isinstance(expect.mask, Mapping):
        masks = {project: _all(draft, names) for project, names in expect.mask.items()}
    elif expect.mask is not None:
        masks = _all(draft, expect.mask)
    changed = {
        "rule": named(expect.rule, rules),
        "overlays": ids(expect.overlays, overlays),
        "mask": masks,
        "shadow": ids(expect.shadow, rules | overlays),
    }
    return test.model_copy(update={"mask": _all(draft, test.mask), "expect": expect.model_copy(update=changed)})
