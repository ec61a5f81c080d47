"""Files → `LoadedConfig`, or every problem at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from router.config.check_names import mask_uses
from router.config.check_packs import list_packs
from router.config.checks import check_pack, check_routing
from router.config.detectors import DetectorSpec, detector_specs
from router.config.draft import Draft, read_draft
from router.config.excerpt import with_excerpts
from router.config.findings import Findings
from router.config.interpolation import check_places, fill_in, filled_variables
from router.config.loaded import LoadedConfig, Located
from router.config.model import FileRef, MaskStep, Overlay
from router.config.needs import Need, needs_of
from router.config.nodes import Source
from router.config.packs import Mask, Pack, PackShelf, pack_folder, shipped_packs
from router.config.project_templates import expand_templates
from router.config.projects import Credentials, check_hosts, default_host, resolve_credentials
from router.config.reading import secret_beside, text_beside, text_of, too_large
from router.config.rule_reading import read_rules
from router.config.table_reading import read_tables
from router.config.yaml_reader import MAX_BYTES, read_yaml
from router.errors import ConfigError, Location, Problem


def load_config(path: str | Path, *, environ: Mapping[str, str] | None) -> LoadedConfig:
    """Read, validate and check a routing.yaml.

    Args:
        path: the file, as problems shall name it.
        environ: variables for `{env:}` and `${NAME}`; None leaves credentials and keys unresolved (no `{file:}` is
            read either), and a `${NAME}` its default or itself.

    Raises:
        ConfigError: with every problem of the file and of the packs it uses.
    """
    file = str(path)
    return _load(text_of(file), file, Path(file).parent, environ)


def load_text(
    text: str, *, file: str = "routing.yaml", environ: Mapping[str, str] | None = None, folder: str | Path = "."
) -> LoadedConfig:
    """Do what `load_config` does with a text at hand; `file` names it, `folder` is where relative paths start.

    Raises:
        ConfigError: with every problem.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError((too_large(file),))
    return _load(text, file, Path(folder), environ)


def load_pack(name_or_path: str | Path) -> Pack:
    """Load one pack: `masking/pii` as shipped, or a file.

    Raises:
        ConfigError: it does not exist, or has problems.
    """
    name = str(name_or_path)
    if name.endswith((".yaml", ".yml")):
        return _pack_from_text(text_of(name), name)
    return _pack_from_text(*_shipped(name))


def load_pack_text(text: str, *, file: str = "pack.yaml") -> Pack:
    """Load a pack from a text.

    Raises:
        ConfigError: with every problem.
    """
    return _pack_from_text(text, file)


def find_needs(path: str | Path, *, pack: bool = False) -> tuple[Need, ...]:
    """Return every variable that a routing.yaml or a pack needs, by name.

    Raises:
        ConfigError: it cannot be read as far as needed.
    """
    file = str(path)
    draft, problems = _draft(text_of(file), file, pack=pack)
    packs: list[Pack] = []
    if draft is not None and not pack:
        tables = read_tables(draft, lambda name: text_beside(Path(file).parent, name))
        problems += tables.problems + expand_templates(draft)
        packs, found = _listed(draft, Path(file).parent)
        problems += found
    errors = [problem for problem in problems if problem.severity == "error"]
    if draft is None or errors:
        raise ConfigError(tuple(with_excerpts(errors, [])))
    return needs_of(draft, *(one.draft for one in packs))


def find_packs() -> tuple[Pack, ...]:
    """Load every pack that is shipped, by name.

    Raises:
        ConfigError: one has problems.
    """
    return tuple(load_pack(name) for name in shipped_packs())


def _load(text: str, file: str, folder: Path, environ: Mapping[str, str] | None) -> LoadedConfig:
    draft, problems = _draft(text, file, pack=False, environ=environ)
    if draft is None:
        raise ConfigError(tuple(with_excerpts(problems, [])))
    packs, found = _listed(draft, folder)
    problems += found
    shelf = PackShelf(shipped_packs(), load_pack, packs)
    credentials = Credentials()
    read_beside = partial(text_beside, folder)
    tables, rules = read_tables(draft, read_beside), read_rules(draft, read_beside)
    problems += tables.problems + rules.problems + expand_templates(draft)
    problems += check_routing(draft, shelf) + check_hosts(draft)
    if environ is not None:
        read = partial(secret_beside, folder)
        credentials = resolve_credentials(draft, environ, read, [pack.draft for pack in shelf.packs])
        problems += credentials.problems
    pages = [*((source, None) for source in rules.sources), *((pack.source, pack.draft.root) for pack in shelf.packs)]
    problems = with_excerpts(problems, [(draft.source, draft.root), *tables.sources, *pages])
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(tuple(problems))
    sources = [draft.source, *(source for source, _ in tables.sources), *rules.sources, *shelf.sources]
    detectors = detector_specs(draft, rules.rules, [(draft.source, draft.root)])
    loaded = _loaded(draft, shelf, credentials, sources, detectors, tuple(problems))
    return replace(loaded, default_host=default_host(draft, environ, partial(secret_beside, folder)))


def _loaded(
    draft: Draft,
    shelf: PackShelf,
    credentials: Credentials,
    sources: Sequence[Source],
    detectors: Mapping[str, DetectorSpec],
    warnings: tuple[Problem, ...],
) -> LoadedConfig:
    masks = _masks(draft)
    for name, located in shelf.masks().items():
        masks.setdefault(name, located)
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.text.encode() + b"\0")
    return LoadedConfig(
        path=draft.source.file,
        digest=digest.hexdigest()[:12],
        defaults=draft.defaults,
        project_names=tuple(draft.projects),
        projects=credentials.projects,
        masks=masks,
        overlays=(*shelf.overlays(), *_overlays(draft)),
        rules=tuple(Located(rule, draft.at("rules", index)) for index, rule in draft.rules.items()),
        overrides=draft.overrides,
        grants=tuple(
            Located(grant, draft.at("overrides", "grants", index)) for index, grant in enumerate(draft.overrides.grants)
        ),
        tests=tuple(Located(test, draft.at("tests", index)) for index, test in draft.tests.items()),
        secrets=credentials.secrets,
        filled=filled_variables(draft.source, draft.root),
        warnings=warnings,
        project_aliases=draft.aliases,
        vocabulary=draft.vocabulary,
        detectors={**shelf.detectors(), **detectors},
    )


def _overlays(draft: Draft) -> tuple[Located[Overlay], ...]:
    return tuple(Located(overlay, draft.at("overlays", index)) for index, overlay in draft.overlays.items())


def _masks(draft: Draft) -> dict[str, Mask]:
    return {name: Located(tuple(steps), draft.at_key("masks", name)) for name, steps in draft.masks.items()}


# -- packs ---------------------------------------------------------------------------------------------


def _listed(draft: Draft, folder: Path) -> tuple[list[Pack], list[Problem]]:
    shipped = shipped_packs()
    return list_packs(draft, shipped, lambda name: load_pack(name if name in shipped else folder / name))


def _pack_from_text(text: str, file: str) -> Pack:
    draft, problems = _draft(text, file, pack=True)
    shelf = PackShelf(shipped_packs(), _lender)
    if draft is not None:
        problems += check_pack(draft, shelf)
    problems = with_excerpts(problems, [(draft.source, draft.root)] if draft is not None else [])
    if draft is None or any(problem.severity == "error" for problem in problems):
        raise ConfigError(tuple(problems))
    named = {name for _, name in mask_uses(Findings(draft)) if name not in draft.masks}
    borrowed = {name: found for name in sorted(named) if (found := shelf.find(name)) is not None}
    return replace(_pack(draft), borrowed=borrowed, lenders=tuple(shelf.packs), warnings=tuple(problems))


def _shipped(name: str) -> tuple[str, str]:
    """Return the text of a shipped pack, and the file as it is named wherever it is installed."""
    return text_of(str(pack_folder() / f"{name}.yaml")), f"rules/{name}.yaml"


def _lender(name: str) -> Pack:
    """Load a shipped pack for its masks alone, so that packs which borrow from each other have an end."""
    draft, problems = _draft(*_shipped(name), pack=True)
    if draft is None or problems:
        raise ConfigError(tuple(problems))
    return _pack(draft)


def _pack(draft: Draft) -> Pack:
    path = Path(draft.source.file)
    draft.masks = {name: [_with_whole_path(step, path) for step in steps] for name, steps in draft.masks.items()}
    return Pack(
        name=f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem,
        path=draft.source.file,
        description=draft.description,
        version=draft.pack.version if draft.pack is not None else None,
        masks=_masks(draft),
        detectors=detector_specs(draft, {}, [(draft.source, draft.root)]),
        overlays=_overlays(draft),
        tests=tuple(Located(test, draft.at("tests", index)) for index, test in draft.tests.items()),
        draft=draft,
    )


def _with_whole_path(step: MaskStep, pack: Path) -> MaskStep:
    """Return a step whose key is found from any folder; a relative path starts at the folder of the pack."""
    if not isinstance(step.key, FileRef):
        return step
    return step.model_copy(update={"key": FileRef(file=str(pack.parent.absolute() / step.key.file))})


def _draft(
    text: str, file: str, *, pack: bool, environ: Mapping[str, str] | None = None
) -> tuple[Draft | None, list[Problem]]:
    document = read_yaml(text, file)
    problems = list(document.problems)
    root = document.root
    if root is None or root.kind != "mapping":
        if not problems:
            problems = [_not_a_mapping(document.source, empty=root is None or root.value is None)]
        return None, with_excerpts(problems, [(document.source, None)])
    unfilled = fill_in(document.source, root, environ, pack=pack)
    if any(problem.code == "RT107" for problem in unfilled):
        return None, with_excerpts(problems + unfilled, [(document.source, root)])
    draft, found = read_draft(document.source, root, pack=pack)
    return draft, problems + found + unfilled + check_places(document.source, root, found)


def _not_a_mapping(source: Source, *, empty: bool) -> Problem:
    if empty:
        return Problem(
            code="RT109",
            message="the file is empty",
            location=Location(source.file, 1, 1, 1, 1),
            effect="no call would go anywhere",
            hint="the smallest file has `version: 1`, `projects:` and `rules:`",
        )
    return Problem(
        code="RT109",
        message="the file must be a mapping of keys to values",
        location=source.location(0, source.line_span(1)[1]),
        effect="the file is not loaded",
        hint="the smallest file has `version: 1`, `projects:` and `rules:`",
    )
