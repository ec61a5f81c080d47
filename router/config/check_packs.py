"""Checks of packs: what `packs:` lists, and that a pack brings something and tests it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from router.config.check_names import mask_uses
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.nodes import Path
from router.config.packs import Pack, PackShelf, Reference, parse_reference
from router.config.suggest import did_you_mean
from router.errors import ConfigError, Problem
from router.release import release


def list_packs(draft: Draft, shipped: Sequence[str], load: Callable[[str], Pack]) -> tuple[list[Pack], list[Problem]]:
    """Return the packs that a file lists, in order, and what is wrong with the list or with them.

    Args:
        shipped: names of the shipped packs.
        load: returns a shipped pack by its name or one by its path; raises ConfigError.
    """
    findings = Findings(draft)
    listed: dict[str, Pack] = {}
    places: dict[str, Path] = {}
    broken: list[Problem] = []
    for index, text in draft.packs.items():
        path: Path = ("packs", index)
        reference = parse_reference(text)
        name = reference.name if reference.is_path else _shipped_name(findings, path, reference.name, shipped)
        if not name:
            continue
        try:
            pack = load(name)
        except ConfigError as error:
            if [problem.code for problem in error.problems] == ["RT100"]:
                _unreadable(findings, path, reference.name, error.problems[0].message)
            else:
                broken += error.problems
            continue
        is_name_taken = reference.is_path and pack.name in shipped
        if pack.name in listed or is_name_taken:
            _second(findings, path, pack.name, shipped=is_name_taken)
            continue
        _check_pin(findings, path, reference, pack, shipped)
        listed[pack.name], places[pack.name] = pack, path
    _check_clashes(findings, listed, places, shipped)
    return list(listed.values()), findings.problems + broken


def check_listed(findings: Findings, shelf: PackShelf) -> None:
    """Check that listed packs do something, and that no bare name could mean masks of two of them."""
    draft = findings.draft
    used = {name for path, name in mask_uses(findings) if path[0] != "tests"}
    if draft.is_whole("rules") and len(draft.packs) == len(shelf.listed):
        for index, pack in zip(draft.packs, shelf.listed, strict=True):
            spellings = {*pack.masks, *(pack.full_name(mask) for mask in pack.masks)}
            asked = {name for steps in draft.masks.values() for step in steps for name in step.detect or ()}
            if not pack.overlays and asked.isdisjoint(pack.detectors) and spellings.isdisjoint(used):
                findings.add(
                    "RT245",
                    f"pack `{pack.name}` is listed, and nothing of it is used",
                    ("packs", index),
                    severity="warning",
                    effect="it has no overlays, so it hides nothing by being listed",
                    hint=f"{_ways_to_use(pack)}, or take it away",
                )
    _check_detector_names(findings, shelf)
    for path, name in mask_uses(findings):
        owners = [pack for pack in shelf.listed if name in pack.masks]
        if len(owners) > 1 and name not in draft.names["masks"]:
            full = " or ".join(f"`{pack.full_name(name)}`" for pack in owners)
            packs = " and ".join(f"`{pack.name}`" for pack in owners)
            message, effect = f"packs {packs} both bring a mask `{name}`", "nobody could tell which of them hides"
            findings.add("RT246", message, path, effect=effect, hint=f"write {full}")


def _ways_to_use(pack: Pack) -> str:
    ways = [f"name a mask of it under `mask:` ({', '.join(pack.masks)})"] if pack.masks else []
    if pack.detectors:
        ways.append(f"a detector of it under `detect:` ({', '.join(pack.detectors)})")
    return ", or ".join(ways)


def _check_detector_names(findings: Findings, shelf: PackShelf) -> None:
    """Check that the name of a detector means one thing in a configuration, for it is what hits are counted by."""
    draft = findings.draft
    owners: dict[str, str] = {}
    indexes = dict(zip((pack.name for pack in shelf.listed), draft.packs, strict=False))
    for pack in shelf.packs:
        for name in pack.detectors:
            effect = "nobody could tell the two apart, in `detect` or in what is counted"
            if name in draft.names["detectors"]:
                message = f"detector `{name}` is one of pack `{pack.name}` as well"
                path: Path = ("detectors", name)
                findings.add("RT246", message, path, key=True, effect=effect, hint="give it another name")
            owner = owners.setdefault(name, pack.name)
            if owner != pack.name and pack.name in indexes:
                message = f"packs `{owner}` and `{pack.name}` both bring a detector `{name}`"
                path = ("packs", indexes[pack.name])
                findings.add("RT246", message, path, effect=effect, hint="give one of them another name")


def check_contents(findings: Findings) -> None:
    """Check that a pack brings something, and that each mask and overlay of it is tested."""
    draft = findings.draft
    if not any(draft.root.value.get(section) for section in ("masks", "overlays", "detectors")):
        effect, hint = "listing it or naming it would do nothing", "add `masks:`, `overlays:` or `detectors:`"
        findings.add("RT247", "the pack brings nothing", ("description",), key=True, effect=effect, hint=hint)
    if not draft.is_whole("tests"):
        return
    matched = {name for test in draft.tests.values() for name in test.expect.overlays or ()}
    tested = {name for test in draft.tests.values() for name in test.mask}
    tested.update(name for overlay in draft.overlays.values() if overlay.id in matched for name in overlay.mask)
    for name in draft.masks:
        if name not in tested:
            message, effect = f"mask `{name}` of this pack has no test", "nobody would notice when it stops hiding"
            hint = f"add one with `mask: [{name}]`"
            findings.add("RT242", message, ("masks", name), key=True, effect=effect, hint=hint)
    for index, overlay in draft.overlays.items():
        if overlay.id not in matched:
            message = f"overlay `{overlay.id}` of this pack has no test"
            effect = "nobody would notice when it stops matching"
            hint = f"add one with `expect: {{overlays: [{overlay.id}]}}`"
            findings.add("RT242", message, ("overlays", index, "id"), effect=effect, hint=hint)


def _shipped_name(findings: Findings, path: Path, wanted: str, shipped: Sequence[str]) -> str:
    """Return the name of the shipped pack that is meant, and report when there is none."""
    for name in shipped:
        if wanted in (name, name.split("/")[-1]):
            return name
    names = [*shipped, *(name.split("/")[-1] for name in shipped)]
    label = did_you_mean(wanted, names) or "no such pack"
    hint = f"packs of {release()}: {', '.join(shipped)}; one of your own goes by its path: `./rules/ours.yaml`"
    effect = "what it hides would stay visible"
    findings.add("RT243", f"unknown pack `{wanted}`", path, label=label, effect=effect, hint=hint)
    return ""


def _unreadable(findings: Findings, path: Path, name: str, reason: str) -> None:
    message = f"pack `{name}` cannot be read: {reason.removeprefix('the file cannot be read: ')}"
    hint = "a relative path starts at the folder of this YAML file"
    findings.add("RT243", message, path, effect="what it hides would stay visible", hint=hint)


def _second(findings: Findings, path: Path, name: str, *, shipped: bool) -> None:
    message = f"pack `{name}` is listed a second time"
    hint = "take one away"
    if shipped:
        message = f"`{name}` is the name of a shipped pack"
        hint = "a pack is called by its folder and its file: rename one of them"
    effect = "nobody could tell whose masks and overlays are meant"
    findings.add("RT246", message, path, effect=effect, hint=hint)


def _check_pin(findings: Findings, path: Path, reference: Reference, pack: Pack, shipped: Sequence[str]) -> None:
    if reference.admits(pack.version):
        return
    effect = f"what it hides may be something else than version {reference.pin} did"
    if pack.version is None:
        message = f"pack `{pack.name}` has no version, so it cannot be pinned"
        hint = f"write `pack: {{version: {reference.pin}{'.0' * (2 - reference.pin.count('.'))}}}` into the pack"
    else:
        where = f"{release()} ships" if pack.name in shipped else "the file is"
        message = f"pack `{pack.name}` is pinned to {reference.pin}, and {where} {pack.version}"
        way = "read what changed, run the tests, then"
        if _numbers(reference.pin) > _numbers(pack.version):
            way = "install a release that ships it, or" if pack.name in shipped else "get the newer file, or"
        hint = f"{way} write `{reference.name}@{pack.version.rpartition('.')[0]}`"
    findings.add("RT244", message, path, effect=effect, hint=hint)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _check_clashes(
    findings: Findings, listed: Mapping[str, Pack], places: Mapping[str, Path], shipped: Sequence[str]
) -> None:
    """Check that full names of masks are the names of one mask each."""
    owners: dict[str, str] = {name: name for name in shipped}
    bare = {name.rpartition("/")[2]: name for name in shipped}
    for pack in listed.values():
        for mask in pack.masks:
            if bare.get(mask, pack.full_name(mask)) != pack.full_name(mask) and pack.name not in shipped:
                message = f"pack `{pack.name}` brings a mask `{mask}`, which is the name of a shipped one"
                effect = f"wherever `mask: [{mask}]` stands, this one would hide instead of `{bare[mask]}`"
                findings.add("RT246", message, places[pack.name], effect=effect, hint="give the mask another name")
            owner = owners.setdefault(pack.full_name(mask), pack.name)
            if owner != pack.name:
                message = f"packs `{owner}` and `{pack.name}` both bring a mask `{pack.full_name(mask)}`"
                effect, hint = "nobody could tell which of them hides", "rename one of the masks, or its folder"
                findings.add("RT246", message, places[pack.name], effect=effect, hint=hint)
