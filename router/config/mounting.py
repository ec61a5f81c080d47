"""The team files that the mounts of a routing.yaml name, each read, fenced in and called by its stem."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, TypeGuard

from router.config.draft import Draft
from router.config.findings import Findings
from router.config.model import FileRef, Match, Mount
from router.config.nodes import Source
from router.errors import Label, Location, Problem

MOST_FILES = 10_000
"""Files of one mount."""
MOST_CHARACTERS = 64 * 1024 * 1024
"""Characters of all mounted files together."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
_HOLES = ("stem", "folder")
_NO_CALL = "none of its rules could ever match"


@dataclass(frozen=True, slots=True)
class TeamFiles:
    """How team files are found and read.

    Attributes:
        find: names of the files that a pattern means, sorted; one more than asked for when there are more. They start
            at the folder of the file that mounts them.
        read: text of a file; a problem when it cannot be read.
        draft: a team file as far as its text could be read, and what is wrong with it.
    """

    find: Callable[[str, int], Sequence[str]]
    read: Callable[[str], str | Problem]
    draft: Callable[[str, str], tuple[Draft | None, list[Problem]]]


@dataclass(slots=True)
class Mounted:
    """One file where it is mounted.

    Attributes:
        index: position of the mount in `rules:`.
        name: of the file, starting at the folder of the file that mounts it.
        file: the same as problems give it.
        stem: the same without folder and ending; what its entries are called by.
        scope: that of the mount, filled in for this file.
        source: None when the file cannot be read.
        draft: None when it is no mapping of keys to values.
    """

    mount: Mount
    index: int
    name: str
    file: str
    stem: str
    scope: Match
    source: Source | None = None
    draft: Draft | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        """Whether anything in the file is an error: it takes no part then."""
        return any(problem.severity == "error" for problem in self.problems)

    def whole(self) -> Location:
        """Return the place of what has to do with the name of the file."""
        return Location(self.file)


def whole_drafts(files: Sequence[Mounted]) -> list[Draft] | None:
    """Return the drafts of all files, None when one of them has errors."""
    drafts = [file.draft for file in files if file.draft is not None and not file.is_broken]
    return drafts if len(drafts) == len(files) else None


def read_mounts(main: Draft, files: TeamFiles) -> tuple[list[Mounted], list[Problem]]:
    """Read every file that the mounts of a draft name, whose tables and project templates were read before.

    Returns:
        The files in the order in which they are evaluated, and the problems of the mounts themselves.
    """
    findings = Findings(main)
    mounted: list[Mounted] = []
    for index, mount in main.mounts.items():
        _check_holes(findings, index)
        for name in _names(findings, index, mount, files):
            path = PurePath(main.source.file).parent / name
            scope = fill_scope(mount.scope, stem=path.stem, folder=path.parent.name)
            mounted.append(Mounted(mount, index, name, str(path), path.stem, scope))
    characters = 0
    for file in mounted:
        characters += _read(file, main, files)
        if characters > MOST_CHARACTERS:
            _unusable(findings, file.index, f"the files of all mounts have more than {MOST_CHARACTERS} characters")
            return [], findings.problems
    _check_stems(main, mounted)
    return mounted, findings.problems


def fill_scope(scope: Match, *, stem: str, folder: str) -> Match:
    """Return a scope with its holes filled in; in a regular expression as text that stands for itself."""

    def fill(value: Any, operator: str = "") -> Any:
        if isinstance(value, dict):
            return {key: fill(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner, operator) for inner in value]
        if not isinstance(value, str):
            return value
        for hole, text in (("{stem}", stem), ("{folder}", folder)):
            value = value.replace(hole, re.escape(text) if operator == "regex" else text)
        return value

    return Match.model_validate(fill(scope.model_dump(by_alias=True, exclude_unset=True)))


def words_of(scope: Match) -> str:
    """Return a scope in words, `team = search`; less plainly where it is more than names and values."""
    given = scope.attributes()
    plain = scope.is_conjunction() and not scope.all and all(isinstance(value, str) for value in given.values())
    return " and ".join(f"{name} = {value}" for name, value in given.items()) if plain else "what its scope says"


# -- one mount -----------------------------------------------------------------------------------------


def _names(findings: Findings, index: int, mount: Mount, files: TeamFiles) -> Sequence[str]:
    if not mount.mount.endswith((".yaml", ".yml")):
        _unusable(findings, index, f"`{mount.mount}` does not end in .yaml or .yml")
        return ()
    names = files.find(mount.mount, MOST_FILES)
    main = PurePath(findings.draft.source.file)
    if len(names) > MOST_FILES:
        _unusable(findings, index, f"`{mount.mount}` names more than {MOST_FILES} files")
        return ()
    if main in (main.parent / name for name in names):
        _unusable(findings, index, f"`{mount.mount}` names this file itself")
        return ()
    if not names:
        findings.add(
            "RT508",
            f"no file is called `{mount.mount}`",
            ("rules", index, "mount"),
            severity="warning",
            effect="nothing is mounted here",
            hint="a relative pattern starts at the folder of this file",
        )
    return names


def _unusable(findings: Findings, index: int, message: str) -> None:
    hint = "put team files into a folder of their own, and write for example `teams/*.yaml`"
    findings.add("RT507", message, ("rules", index, "mount"), effect="no team file would be read", hint=hint)


def _check_holes(findings: Findings, index: int) -> None:
    draft = findings.draft
    scope = draft.mounts[index].scope
    if not scope.model_fields_set and not scope.attributes():
        findings.add(
            "RT509",
            "the scope has no conditions",
            ("rules", index, "scope"),
            effect="a team file could route and hide the calls of every team",
            hint='write what holds a file to its team: `scope: {team: "{stem}"}`',
        )
    for path, text in _texts(draft, ("rules", index, "scope")):
        for hole in _HOLE.finditer(text):
            if hole.group(1) not in _HOLES:
                findings.add_at(
                    "RT509",
                    f"`{hole.group()}` is no hole of a scope",
                    findings.inside(path, hole.start(), hole.end()),
                    effect="no call would be in scope",
                    hint="`{stem}` is the name of the file without its ending, `{folder}` that of its folder",
                )


def _texts(draft: Draft, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every text below a path."""
    node = draft.node(*path)
    stack = [(path, node)] if node is not None else []
    while stack:
        where, found = stack.pop()
        if isinstance(found.value, str):
            yield where, found.value
        stack.extend(((*where, step), child) for step, child in found.children())


# -- one file ------------------------------------------------------------------------------------------


def _read(file: Mounted, main: Draft, files: TeamFiles) -> int:
    """Read a file and give its draft what it shares with the outer one; return how long it is."""
    text = files.read(file.name)
    if isinstance(text, Problem):
        file.problems.append(replace(text, location=replace(text.location, file=file.file)))
        return 0
    file.source = Source(file.file, text)
    draft, problems = files.draft(text, file.file)
    file.problems += problems
    if draft is not None:
        file.draft = draft
        draft.outer, draft.stem, draft.scope = main, file.stem, file.scope
        draft.vocabulary, draft.attributes = main.vocabulary, main.attributes
        draft.names["tables"] = main.names["tables"]
        _rebase(draft, PurePath(file.name).parent)
    return len(text)


def _rebase(draft: Draft, folder: PurePath) -> None:
    """Let the paths of secrets, which start at the folder of the file, start where those of the outer file do."""

    def rebased(value: Any, *keys: str) -> Any:
        references = {key: getattr(value, key, None) for key in keys}
        changed = {key: FileRef(file=str(folder / ref.file)) for key, ref in references.items() if _is_file(ref)}
        return value.model_copy(update=changed) if changed else value

    for name, project in draft.projects.items():
        draft.projects[name] = rebased(project, "host", "public_key", "secret_key")
    for mask, steps in draft.masks.items():
        draft.masks[mask] = [rebased(step, "key") for step in steps]


def _is_file(reference: object) -> TypeGuard[FileRef]:
    return isinstance(reference, FileRef)


def _check_stems(main: Draft, mounted: Sequence[Mounted]) -> None:
    first: dict[str, Mounted] = {}
    for file in mounted:
        label = Label(main.at("rules", file.index, "mount"), "mounted here")
        unnamed = next((name for name in _named_by(file) if not _NAME.fullmatch(name)), None)
        if unnamed is not None:
            file.problems.append(
                Problem(
                    code="RT503",
                    message=f"`{unnamed}` cannot be the name of a team",
                    location=file.whole(),
                    effect=_NO_CALL,
                    hint="letters, digits, `_`, `-` and `.`, starting with a letter or digit; rename the file",
                    labels=(label,),
                )
            )
        other = first.setdefault(file.stem, file)
        if other is not file:
            file.problems.append(
                Problem(
                    code="RT505",
                    message=f"`{other.file}` is called `{file.stem}` as well",
                    location=file.whole(),
                    effect=f"nobody could tell which of the two an id `{file.stem}/…` belongs to",
                    hint="rename one, or let only one mount name it",
                    labels=(label,),
                )
            )


def _named_by(file: Mounted) -> Iterator[str]:
    """Yield the names of a file that its entries or its scope are made of."""
    yield file.stem
    if "{folder}" in str(file.mount.scope.model_dump(by_alias=True, exclude_unset=True)):
        yield PurePath(file.file).parent.name
