"""Files → `LoadedConfig`, or every problem at once; the only module of the package that reads files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from router.config.checks import check_pack, check_routing
from router.config.detectors import detector_specs
from router.config.draft import Draft, read_draft
from router.config.excerpt import with_excerpts
from router.config.interpolation import check_places, fill_in, filled_variables
from router.config.loaded import LoadedConfig, Located
from router.config.model import MaskStep
from router.config.needs import Need, needs_of
from router.config.nodes import Source
from router.config.packs import Pack, PackShelf, pack_folder
from router.config.project_templates import expand_templates
from router.config.projects import Credentials, check_hosts, resolve_credentials
from router.config.table_reading import read_tables
from router.config.yaml_reader import MAX_BYTES, read_yaml
from router.errors import ConfigError, Location, Problem

_LIMIT = f"{MAX_BYTES // 1024 // 1024} MiB"


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
    content = _read(file)
    if isinstance(content, Problem):
        raise ConfigError((content,))
    text = _decode(content, file)
    if isinstance(text, Problem):
        raise ConfigError((text,))
    return _load(text, file, Path(file).parent, environ)


def load_text(
    text: str, *, file: str = "routing.yaml", environ: Mapping[str, str] | None = None, folder: str | Path = "."
) -> LoadedConfig:
    """Do what `load_config` does with a text at hand; `file` names it, `folder` is where relative paths start.

    Raises:
        ConfigError: with every problem.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError((_too_large(file),))
    return _load(text, file, Path(folder), environ)


def load_pack(name_or_path: str | Path) -> Pack:
    """Load one pack: `masking/pii` as shipped, or a file.

    Raises:
        ConfigError: it does not exist, or has problems.
    """
    name = str(name_or_path)
    if not name.endswith((".yaml", ".yml")):
        folder = pack_folder()
        name = str(folder / f"{name}.yaml")
    content = _read(name)
    text = content if isinstance(content, Problem) else _decode(content, name)
    if isinstance(text, Problem):
        raise ConfigError((text,))
    return _pack_from_text(text, name)


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
    content = _read(file)
    text = content if isinstance(content, Problem) else _decode(content, file)
    if isinstance(text, Problem):
        raise ConfigError((text,))
    draft, problems = _draft(text, file, pack=pack)
    if draft is not None and not pack:
        tables = read_tables(draft, lambda name: _read_text(Path(file).parent, name))
        problems += tables.problems + expand_templates(draft)
    errors = [problem for problem in problems if problem.severity == "error"]
    if draft is None or errors:
        raise ConfigError(tuple(with_excerpts(errors, [])))
    return needs_of(draft)


def find_packs() -> tuple[Pack, ...]:
    """Load every pack that is shipped, by name.

    Raises:
        ConfigError: one has problems.
    """
    folder = pack_folder()
    names = sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.yaml"))
    return tuple(load_pack(name) for name in names)


def _load(text: str, file: str, folder: Path, environ: Mapping[str, str] | None) -> LoadedConfig:
    draft, problems = _draft(text, file, pack=False, environ=environ)
    if draft is None:
        raise ConfigError(tuple(with_excerpts(problems, [])))
    shelf = PackShelf(_shelf_names(), load_pack)
    credentials = Credentials()
    tables = read_tables(draft, lambda name: _read_text(folder, name))
    problems += tables.problems + expand_templates(draft)
    problems += check_routing(draft, shelf) + check_hosts(draft)
    if environ is not None:
        credentials = resolve_credentials(draft, environ, lambda name: _read_secret(folder, name))
        problems += credentials.problems
    problems = with_excerpts(
        problems, [(draft.source, draft.root), *tables.sources, *((source, None) for source in shelf.sources)]
    )
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(tuple(problems))
    sources = [draft.source, *(source for source, _ in tables.sources), *shelf.sources]
    return _loaded(draft, shelf, credentials, sources, tuple(problems))


def _loaded(
    draft: Draft,
    shelf: PackShelf,
    credentials: Credentials,
    sources: Sequence[Source],
    warnings: tuple[Problem, ...],
) -> LoadedConfig:
    masks: dict[str, Located[tuple[MaskStep, ...]]] = {
        name: Located(tuple(steps), draft.at_key("masks", name)) for name, steps in draft.masks.items()
    }
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
        overlays=tuple(Located(overlay, draft.at("overlays", index)) for index, overlay in draft.overlays.items()),
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
        detectors=detector_specs(draft, [(draft.source, draft.root)]),
    )


def _pack_from_text(text: str, file: str) -> Pack:
    draft, problems = _draft(text, file, pack=True)
    if draft is not None:
        problems += check_pack(draft)
    problems = with_excerpts(problems, [(draft.source, draft.root)] if draft is not None else [])
    if draft is None or any(problem.severity == "error" for problem in problems):
        raise ConfigError(tuple(problems))
    path = Path(file)
    return Pack(
        name=f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem,
        path=file,
        description=draft.description,
        masks={name: Located(tuple(steps), draft.at_key("masks", name)) for name, steps in draft.masks.items()},
        tests=tuple(Located(test, draft.at("tests", index)) for index, test in draft.tests.items()),
        source=draft.source,
        warnings=tuple(problems),
    )


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


# -- files ---------------------------------------------------------------------------------------------


def _read(file: str) -> bytes | Problem:
    """Read at most the largest size that is allowed."""
    try:
        with Path(file).open("rb") as opened:
            status = os.fstat(opened.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > MAX_BYTES:
                return _too_large(file)
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return _unreadable(file, error)
    return _too_large(file) if len(content) > MAX_BYTES else content


def _read_text(folder: Path, name: str) -> str | Problem:
    """Return the text of a file that a table names; problems name it as the table does."""
    content = _read(str(folder / name))
    text = content if isinstance(content, Problem) else _decode(content, name)
    if isinstance(text, Problem):
        return replace(text, location=replace(text.location, file=name))
    return text


def _decode(content: bytes, file: str) -> str | Problem:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return Problem(
            code="RT101",
            message=f"the byte 0x{content[error.start]:02X} is not UTF-8",
            location=Location(file, line, column, line, column + 1),
            effect="the file is not read",
            hint="save the file as UTF-8",
        )


def _read_secret(folder: Path, name: str) -> str | None:
    """Return the content of a file that a reference names, None when it cannot be read as text."""
    try:
        with (folder / name).open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        return None if len(content) > MAX_BYTES else content.decode("utf-8")
    except (OSError, ValueError):
        return None


def _too_large(file: str) -> Problem:
    return Problem(
        code="RT107",
        message=f"the file is larger than {_LIMIT}",
        location=Location(file),
        effect="the file is not read",
        hint="a routing.yaml of ten thousand rules fits; is this the right file?",
    )


def _unreadable(file: str, error: Exception) -> Problem:
    reason = (error.strerror or "").lower() if isinstance(error, OSError) else ""
    return Problem(
        code="RT100",
        message=f"the file cannot be read: {reason or 'its name is not usable'}",
        location=Location(file),
        effect="nothing is routed by it",
        hint="give the path of a readable YAML file",
    )


def _shelf_names() -> tuple[str, ...]:
    folder = pack_folder()
    return tuple(sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.yaml")))
