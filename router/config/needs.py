"""What a configuration wants of the environment: every variable, what for, and where it says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from router.config.draft import Draft
from router.config.interpolation import filled_texts, placed
from router.config.model import EnvRef, FileRef, ProjectByPrefix
from router.errors import Location


@dataclass(frozen=True, slots=True)
class Use:
    """One place that wants a variable.

    Attributes:
        purpose: what for, in words: "secret key of project `pay`".
        required: whether nothing else could stand in.
    """

    location: Location
    purpose: str
    required: bool


@dataclass(frozen=True, slots=True)
class Need:
    """A variable and every place that wants it, in file order."""

    variable: str
    uses: tuple[Use, ...]

    @property
    def required(self) -> bool:
        return any(use.required for use in self.uses)


def needs_of(*drafts: Draft) -> tuple[Need, ...]:
    """Return every variable that some files want, by name."""
    found: dict[str, list[Use]] = {}
    for draft in drafts:
        for variable, use in (*_of_projects(draft), *_of_masks(draft), *_of_texts(draft)):
            found.setdefault(variable, []).append(use)
    return tuple(
        Need(variable, tuple(sorted(dict.fromkeys(uses), key=lambda use: (use.location, use.purpose))))
        for variable, uses in sorted(found.items())
    )


def _of_projects(draft: Draft) -> Iterator[tuple[str, Use]]:
    yield from _of_reference(draft, draft.defaults.host, ("defaults", "host"), "host of projects that name none")
    for name, project in draft.projects.items():
        path = ("projects", name)
        yield from _of_reference(draft, project.host, (*path, "host"), f"host of project `{name}`")
        if not isinstance(project, ProjectByPrefix):
            for key in ("public_key", "secret_key"):
                purpose = f"{key.replace('_', ' ')} of project `{name}`"
                yield from _of_reference(draft, getattr(project, key), (*path, key), purpose)
            continue
        where = draft.at(*path, "env")
        for ending, word in (("PUBLIC_KEY", "public key"), ("SECRET_KEY", "secret key")):
            yield f"{project.env}_{ending}", Use(where, f"{word} of project `{name}`", required=True)
        if project.host is None:
            for ending in ("HOST", "BASE_URL"):
                yield f"{project.env}_{ending}", Use(where, f"host of project `{name}`", required=False)


def _of_masks(draft: Draft) -> Iterator[tuple[str, Use]]:
    for mask, steps in draft.masks.items():
        for index, step in enumerate(steps):
            yield from _of_reference(draft, step.key, ("masks", mask, index, "key"), f"key of mask `{mask}`")


def _of_reference(
    draft: Draft, reference: str | EnvRef | FileRef | None, path: tuple[str | int, ...], purpose: str
) -> Iterator[tuple[str, Use]]:
    if isinstance(reference, EnvRef):
        yield reference.env, Use(draft.at(*path, "env"), purpose, required=True)


def _of_texts(draft: Draft) -> Iterator[tuple[str, Use]]:
    for path, node in filled_texts(draft.root):
        for wish, location in placed(draft.source, node):
            yield wish.name, Use(location, _called(draft, path), required=wish.default is None)


def _called(draft: Draft, path: tuple[str | int, ...]) -> str:
    """Name the text at a path: `environment` of project `pay`, `trace.set.name` of rule `rest`."""
    match path:
        case ("defaults", *rest):
            return f"`{_dotted(rest)}` of defaults"
        case ("projects" | "masks" as section, name, *rest):
            return f"`{_dotted(rest)}` of {section[:-1]} `{name}`"
        case (str(section), int(index), *rest):
            entry = draft.node(section, index, "id")
            return f"`{_dotted(rest)}` of {section[:-1]} `{entry.value if entry is not None else index + 1}`"
        case _:
            return f"`{_dotted(list(path))}`"


def _dotted(steps: list[str | int]) -> str:
    return ".".join(str(step) for step in steps if isinstance(step, str))
