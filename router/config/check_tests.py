"""Checks of `tests:`: each expects something, of what exists, under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from router.config.draft import Draft
from router.config.findings import Findings
from router.config.model import AD_HOC, GENERATION_FIELDS, REQUEST_MASKS, TRACE_FIELDS, Expect, Test
from router.config.mounting import Mounted
from router.config.nodes import Path
from router.config.packs import PackShelf
from router.config.unknown import unknown_name
from router.errors import Label


def check_tests(findings: Findings, shelf: PackShelf, files: Sequence[Mounted]) -> None:
    """Check the tests of a file that mounts `files`, by themselves and by the names that they expect."""
    for index, test in findings.draft.tests.items():
        _check_content(findings, ("tests", index, "expect"), test)
        _check_fields(findings, ("tests", index, "expect"), test.expect)
    _check_twice(findings)
    _check_expected(findings, shelf, files)


_MAPPINGS = ("mask", "trace", "generation", "sent", "sent_to")
"""Expectations that compare nothing when they are empty mappings; an empty `masked` expects that nothing was hit."""
_OPEN = ("input", "output", "model_parameters", "metadata")
"""What a path of `sent` may go below."""
_UPDATES: Mapping[str, tuple[str, ...]] = {"trace": TRACE_FIELDS, "generation": GENERATION_FIELDS}
_SENT = (
    *_OPEN,
    "error",
    "tags",
    *_UPDATES,
    *(f"{kind}.{name}" for kind, fields in _UPDATES.items() for name in fields),
)


def _check_content(findings: Findings, path: Path, test: Test) -> None:
    given = {name: getattr(test.expect, name) for name in test.expect.model_fields_set}
    if all(value is None or (name in _MAPPINGS and value == {}) for name, value in given.items()):
        message, effect = f"test `{test.name}` expects nothing", "it could never fail"
        hint = "say what must come out: `route`, `rule`, `overlays`, `mask`, `trace`, `sent`, …"
        findings.add("RT307", message, path, key=True, effect=effect, hint=hint)


def _check_fields(findings: Findings, path: Path, expect: Expect) -> None:
    """Check that each field and path is one that a plan, or what is sent, can have."""
    places: list[tuple[Path, Iterable[str], Sequence[str]]] = [
        ((*path, "trace"), expect.trace or (), TRACE_FIELDS),
        ((*path, "generation"), expect.generation or (), GENERATION_FIELDS),
        ((*path, "sent"), expect.sent or (), _SENT),
        *(((*path, "sent_to", project), paths, _SENT) for project, paths in (expect.sent_to or {}).items()),
    ]
    effect = "the test could never pass; where it expects `null` there, it could never fail"
    for where, names, known in places:
        for name in names:
            if not _is_field(name, known):
                unknown_name(findings, "RT306", "field", name, (*where, name), known, effect, key=True)


def _is_field(name: str, known: Sequence[str]) -> bool:
    """Tell whether a dotted path is one of some fields, or goes below one that has something below it."""
    if name in known:
        return True
    above, _, last = name.rpartition(".")
    while above:
        field = above.rpartition(".")[2]
        if above in known and (field in _OPEN or (field == "tags" and last.isdigit())):
            return True
        above, _, step = above.rpartition(".")
        last = f"{step}.{last}"
    return False


def _check_twice(findings: Findings) -> None:
    first: dict[str, int] = {}
    for index, test in findings.draft.tests.items():
        if first.setdefault(test.name, index) == index:
            continue
        message, effect = f"two tests are called `{test.name}`", "a report could not tell which of them failed"
        label = Label(findings.draft.at("tests", first[test.name], "name"), "first")
        where: Path = ("tests", index, "name")
        findings.add(
            "RT308", message, where, severity="warning", label="second", effect=effect, hint="rename one",
            labels=(label,),
        )  # fmt: skip


# -- names ---------------------------------------------------------------------------------------------


def _check_expected(findings: Findings, shelf: PackShelf, files: Sequence[Mounted]) -> None:
    draft = findings.draft
    rules, overlays = _ids(draft, "rules", files), _ids(draft, "overlays", files)
    overlays.names += tuple(located.value.id for located in shelf.overlays())
    masks = _Known((*draft.known("masks"), *shelf.masks(), *REQUEST_MASKS))
    projects = _Known(draft.known("projects"))
    for file in files:
        masks.take(file, [f"{file.stem}/{name}" for name in file.draft.names["masks"]] if file.draft else None)
        projects.take(file, file.draft.names["projects"] if file.draft else None, whatever=True)
    if any(not masks.has(name) for test in draft.tests.values() for name in _expected_masks(test)):
        masks.names = tuple(dict.fromkeys((*draft.known("masks"), *shelf.names(), *masks.names)))
    effect = "the test could never pass"
    for index, test in draft.tests.items():
        path: Path = ("tests", index, "expect")
        expect = test.expect
        if expect.rule is not None and not rules.has(expect.rule):
            unknown_name(findings, "RT306", "rule", expect.rule, (*path, "rule"), rules.names, effect)
        by_project = expect.mask if isinstance(expect.mask, dict) else {}
        listed: list[tuple[str, _Known, Sequence[str], Path]] = [
            ("overlay", overlays, expect.overlays or (), (*path, "overlays")),
            ("project", projects, expect.route or (), (*path, "route")),
            ("mask", masks, expect.mask if isinstance(expect.mask, list) else (), (*path, "mask")),
            *(("mask", masks, names, (*path, "mask", name)) for name, names in by_project.items()),
        ]
        for kind, known, names, where in listed:
            for position, name in enumerate(names):
                if not known.has(name) and (kind, name) != ("project", AD_HOC):
                    unknown_name(findings, "RT306", kind, name, (*where, position), known.names, effect)
        for key, given in (("mask", by_project), ("sent_to", expect.sent_to or {})):
            for name in given:
                if not projects.has(name) and name != AD_HOC:
                    unknown_name(
                        findings, "RT306", "project", name, (*path, key, name), projects.names, effect, key=True
                    )


def _expected_masks(test: Test) -> list[str]:
    expected = test.expect.mask or []
    return expected if isinstance(expected, list) else [name for names in expected.values() for name in names]


@dataclass(slots=True)
class _Known:
    """Names that a test may expect; of a team file that cannot be read, whatever could be its."""

    names: tuple[str, ...]
    prefixes: tuple[str, ...] = ()

    def take(self, file: Mounted, names: Iterable[str] | None, *, whatever: bool = False) -> None:
        """Add the names of a file; None when it could not be read. `whatever`: they do not begin with its stem."""
        if names is None:
            self.prefixes += ("" if whatever else f"{file.stem}/",)
        else:
            self.names += tuple(names)

    def has(self, name: str) -> bool:
        return name in self.names or (bool(self.prefixes) and name.startswith(self.prefixes))


def _ids(draft: Draft, section: str, files: Sequence[Mounted]) -> _Known:
    """Return every id that a section mentions, entries that are broken included, as this file may call it."""
    known = _Known(_own_ids(draft, section))
    if draft.outer is not None:
        qualified = tuple(f"{draft.stem}/{name}" for name in known.names)
        known = _Known((*known.names, *qualified, *_own_ids(draft.outer, section)))
    for file in files:
        known.take(file, [f"{file.stem}/{name}" for name in _own_ids(file.draft, section)] if file.draft else None)
    return known


def _own_ids(draft: Draft, section: str) -> tuple[str, ...]:
    given = draft.root.value.get(section)
    entries = given if isinstance(given, list) else []
    return tuple(str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry)
