"""The text of a routing.yaml, a pack or a team file → a draft, and what is wrong with the file as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from router.config.draft import Draft, read_draft
from router.config.excerpt import with_excerpts
from router.config.interpolation import check_places, fill_in
from router.config.model import RoutingConfig, TeamFile
from router.config.nodes import Node, Source
from router.config.yaml_reader import read_yaml
from router.errors import Location, Problem


def read_file(
    text: str, file: str, model: type[BaseModel], environ: Mapping[str, str] | None = None
) -> tuple[Draft | None, list[Problem]]:
    """Read a file of the kind that `model` is; `environ` fills in the variables of a routing.yaml.

    Returns:
        As much of it as has the right shape, None when nothing has, and every problem of syntax and shape.
    """
    document = read_yaml(text, file)
    problems = list(document.problems)
    root = document.root
    if root is None or root.kind != "mapping":
        if not problems:
            problems = [_not_a_mapping(document.source, model, empty=root is None or root.value is None)]
        return None, with_excerpts(problems, [(document.source, None)])
    if model is RoutingConfig and _is_of_a_team(root):
        return None, with_excerpts([*problems, _alone(document.source, root)], [(document.source, root)])
    unfilled = fill_in(document.source, root, environ) if model is RoutingConfig else []
    if any(problem.code == "RT107" for problem in unfilled):
        return None, with_excerpts(problems + unfilled, [(document.source, root)])
    draft, found = read_draft(document.source, root, model)
    return draft, problems + found + unfilled + check_places(document.source, root, found, of_team=model is TeamFile)


def _is_of_a_team(root: Node) -> bool:
    """Tell whether a file has nothing that makes it more than a team file: neither `version` nor `projects`."""
    keys = root.entries.keys()
    return bool(keys & {"rules", "overlays"}) and keys <= TeamFile.model_fields.keys() - {"projects"}


def _alone(source: Source, root: Node) -> Problem:
    key, _ = next(iter(root.entries.values()))
    return Problem(
        code="RT513",
        message="without `version` and `projects` this looks like a team file, which says nothing by itself",
        location=source.location(key.start, key.end),
        effect="nothing is routed by it",
        hint="check the file that mounts it: `router check routing.yaml`; that one has `version: 1` and `projects:`",
    )


def _not_a_mapping(source: Source, model: type[BaseModel], *, empty: bool) -> Problem:
    hint = "the smallest file has `version: 1`, `projects:` and `rules:`"
    if model is TeamFile:
        hint = "a team file has `rules:`, each with `id` and `route`; take it away while it has none"
    if empty:
        return Problem(
            code="RT109",
            message="the file is empty",
            location=Location(source.file, 1, 1, 1, 1),
            effect="the team would have no rules of its own" if model is TeamFile else "no call would go anywhere",
            hint=hint,
        )
    return Problem(
        code="RT109",
        message="the file must be a mapping of keys to values",
        location=source.location(0, source.line_span(1)[1]),
        effect="the file is not loaded",
        hint=hint,
    )
