"""Files → `LoadedConfig`, or every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from router.config.assembling import Team, assemble, masks_of, overlays_of
from router.config.check_hosts import check_hosts
from router.config.check_mounts import check_own_hosts
from router.config.check_names import mask_uses
from router.config.check_packs import list_packs
from router.config.checks import check_pack, check_routing, check_team_files
from router.config.detectors import detector_specs
from router.config.draft import Draft
from router.config.excerpt import with_excerpts
from router.config.file_kinds import read_file
from router.config.findings import Findings
from router.config.langfuse_variables import fill_defaults
from router.config.loaded import LoadedConfig, Located
from router.config.model import FileRef, MaskStep, PackConfig, RoutingConfig, TeamFile
from router.config.mounting import Mounted, TeamFiles, read_mounts
from router.config.needs import Need, needs_of
from router.config.nodes import Node, Source
from router.config.packs import Pack, PackShelf, pack_folder, pack_name, shipped_packs
from router.config.project_templates import expand_templates
from router.config.projects import Credentials, default_host, resolve_credentials, resolve_keys
from router.config.quarantine import told_at_mount
from router.config.reading import Beside, text_of, too_large
from router.config.rule_reading import read_rules
from router.config.seen import Seen
from router.config.table_reading import read_tables
from router.config.yaml_reader import MAX_BYTES
from router.errors import ConfigError, Problem


def load_config(path: str | Path, *, environ: Mapping[str, str] | None, seen: Seen | None = None) -> LoadedConfig:
    """Read, validate and check a routing.yaml.

    Args:
        path: the file, as problems shall name it.
        environ: variables for `{env:}` and `${NAME}`; None leaves credentials and keys unresolved (no `{file:}` is
            read either), and a `${NAME}` its default or itself.
        seen: remembers the files that are looked at, also where they have problems.

    Raises:
        ConfigError: with every problem of the file and of the packs it uses.
    """
    file = str(path)
    beside = Beside(Path(file).parent, seen)
    beside.note(Path(file).name)
    return _load(text_of(file), file, beside, environ)


def load_text(
    text: str, *, file: str = "routing.yaml", environ: Mapping[str, str] | None = None, folder: str | Path = "."
) -> LoadedConfig:
    """Do what `load_config` does with a text at hand; `file` names it, `folder` is where relative paths start.

    Raises:
        ConfigError: with every problem.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError((too_large(file),))
    return _load(text, file, Beside(Path(folder)), environ)


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
    draft, problems = read_file(text_of(file), file, PackConfig if pack else RoutingConfig)
    drafts = [] if draft is None else [draft]
    if draft is not None and not pack:
        beside = Beside(Path(file).parent)
        tables = read_tables(draft, beside.text)
        packs, found = _listed(draft, beside)
        mounted, of_mounts = read_mounts(draft, _team_files(beside))
        problems += tables.problems + expand_templates(draft) + found + of_mounts
        problems += [problem for one in mounted if one.mount.on_error == "fail" for problem in one.problems]
        drafts += [*(one.draft for one in packs), *(one.draft for one in mounted if one.draft is not None)]
    errors = [problem for problem in problems if problem.severity == "error"]
    if not drafts or errors:
        raise ConfigError(tuple(with_excerpts(errors, [])))
    return needs_of(*drafts)


def find_packs() -> tuple[Pack, ...]:
    """Load every pack that is shipped, by name.

    Raises:
        ConfigError: one has problems.
    """
    return tuple(load_pack(name) for name in shipped_packs())


def _load(text: str, file: str, beside: Beside, environ: Mapping[str, str] | None) -> LoadedConfig:
    draft, problems = read_file(text, file, RoutingConfig, environ)
    if draft is None:
        raise ConfigError(tuple(with_excerpts(problems, [])))
    packs, found = _listed(draft, beside)
    problems += found
    shelf = PackShelf(shipped_packs(), load_pack, packs)
    tables, rules = read_tables(draft, beside.text), read_rules(draft, beside.text)
    problems += tables.problems + rules.problems + expand_templates(draft) + check_hosts(draft)
    credentials, secret = Credentials(), beside.secret
    if environ is not None:
        problems += fill_defaults(draft, environ)
        credentials = resolve_credentials(draft, environ, secret)
    mounted, found = read_mounts(draft, _team_files(beside))
    problems += found + check_team_files(draft, mounted, shelf)
    teams = [Team(one, *_resolved(one, one.draft, credentials, environ, secret)) for one in mounted if one.draft]
    problems += check_routing(draft, shelf, mounted)
    if environ is not None:
        credentials.add(resolve_keys((pack.draft for pack in shelf.packs), environ, secret))
    left_out = [one for one in mounted if one.is_broken and one.mount.on_error == "quarantine"]
    problems += credentials.problems + [told_at_mount(one, draft) for one in left_out]
    problems += [problem for one in mounted if one not in left_out for problem in one.problems]
    read: list[tuple[Source, Node | None]] = [(draft.source, draft.root), *tables.sources]
    read += [(one.source, one.draft.root if one.draft else None) for one in mounted if one.source is not None]
    read += [*((source, None) for source in rules.sources), *((pack.source, pack.draft.root) for pack in shelf.packs)]
    if any(problem.severity == "error" for problem in problems):
        of_left_out = [problem for one in left_out for problem in one.problems]
        raise ConfigError(tuple(with_excerpts([*problems, *of_left_out], read)))
    problems = with_excerpts(problems, read)
    for one in left_out:
        one.problems = with_excerpts(one.problems, read)
    whole = [team for team in teams if not team.file.is_broken]
    detectors = {**shelf.detectors(), **detector_specs(draft, rules.rules, [(draft.source, draft.root)])}
    loaded = assemble(draft, shelf, credentials, whole, left_out, [source for source, _ in read], tuple(problems))
    return replace(loaded, detectors=detectors, default_host=default_host(draft, environ, secret))


# -- team files ----------------------------------------------------------------------------------------


def _team_files(beside: Beside) -> TeamFiles:
    """Return how team files are found and read."""
    return TeamFiles(
        beside.names,
        beside.text,
        lambda text, file: read_file(text, file, TeamFile),
    )


def _resolved(
    file: Mounted,
    draft: Draft,
    credentials: Credentials,
    environ: Mapping[str, str] | None,
    secret: Callable[[str], str | None],
) -> tuple[Draft, Credentials]:
    """Resolve what a team file refers to; what is wrong is added to its problems."""
    found = Credentials()
    if environ is not None:
        found = resolve_credentials(draft, environ, secret, credentials.projects)
        file.problems += found.problems
        if draft.outer is not None and not any(one.severity == "error" for one in credentials.problems):
            findings = Findings(draft)
            check_own_hosts(findings, found.projects.values(), _hosts(draft.outer, credentials, environ, secret))
            file.problems += findings.problems
    return draft, found


def _hosts(
    main: Draft, credentials: Credentials, environ: Mapping[str, str], secret: Callable[[str], str | None]
) -> set[str]:
    """Return the hosts that a routing.yaml names; Langfuse Cloud where it names none."""
    hosts = {project.host for project in credentials.projects.values()}
    default = default_host(main, environ, secret)
    if default is not None and (main.defaults.host is not None or not hosts):
        hosts.add(default.rstrip("/"))
    return hosts


# -- packs ---------------------------------------------------------------------------------------------


def _listed(draft: Draft, beside: Beside) -> tuple[list[Pack], list[Problem]]:
    shipped = shipped_packs()

    def load(name: str) -> Pack:
        # Called as the file that lists it spells it, wherever that stands and however it was named itself.
        if name in shipped:
            return load_pack(name)
        beside.note(name)
        return replace(load_pack(beside.folder / name), name=pack_name(name))

    return list_packs(draft, shipped, load)


def _pack_from_text(text: str, file: str) -> Pack:
    draft, problems = read_file(text, file, PackConfig)
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
    draft, problems = read_file(*_shipped(name), PackConfig)
    if draft is None or problems:
        raise ConfigError(tuple(problems))
    return _pack(draft)


def _pack(draft: Draft) -> Pack:
    path = Path(draft.source.file)
    draft.masks = {name: [_with_whole_path(step, path) for step in steps] for name, steps in draft.masks.items()}
    return Pack(
        name=pack_name(draft.source.file),
        path=draft.source.file,
        description=draft.description,
        version=draft.pack.version if draft.pack is not None else None,
        masks=masks_of(draft),
        detectors=detector_specs(draft, {}, [(draft.source, draft.root)]),
        overlays=overlays_of(draft),
        tests=tuple(Located(test, draft.at("tests", index)) for index, test in draft.tests.items()),
        draft=draft,
    )


def _with_whole_path(step: MaskStep, pack: Path) -> MaskStep:
    """Return a step whose key is found from any folder; a relative path starts at the folder of the pack."""
    if not isinstance(step.key, FileRef):
        return step
    return step.model_copy(update={"key": FileRef(file=str(pack.parent.absolute() / step.key.file))})
