"""A file named on the command line → a configuration or a pack, or its problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from router.config import LoadedConfig, Located, Pack, load_config, load_pack_text
from router.config.model import Defaults, Overrides, Rule
from router.config.yaml_reader import MAX_BYTES, read_yaml
from router.errors import ConfigError, Location, Problem
from router.masking import own_detectors

Kind = Literal["routing", "pack"]
UNREADABLE = frozenset({"RT100"})
"""Codes of problems that mean: the file was not read at all."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One file as far as it could be loaded.

    Attributes:
        loaded: the configuration, for a pack one that routes everything to a project `pack`; None with errors.
        problems: errors and warnings, in file order.
    """

    file: str
    kind: Kind
    loaded: LoadedConfig | None
    problems: tuple[Problem, ...]

    @property
    def unreadable(self) -> bool:
        return any(problem.code in UNREADABLE and problem.file == self.file for problem in self.problems)


def open_file(file: str, environ: Mapping[str, str] | None) -> Opened:
    """Load a routing.yaml, or a pack when the file says that it is one, or has masks and no rules.

    Args:
        environ: where secrets are read; None leaves them unresolved.
    """
    try:
        loaded = load_config(file, environ=environ)
    except ConfigError as error:
        text = _text_of_pack(file)
        return Opened(file, "routing", None, error.problems) if text is None else _open_pack(text, file)
    try:
        own_detectors(loaded.detectors)
    except ConfigError as error:
        return Opened(file, "routing", None, (*error.problems, *loaded.problems))
    return Opened(file, "routing", loaded, loaded.problems)


def as_config(pack: Pack) -> LoadedConfig:
    """Return a configuration around the masks and overlays of a pack, so that its tests run as everybody's do."""
    everything = Located(Rule(id="pack", route="pack"), Location(pack.path))
    return LoadedConfig(
        path=pack.path,
        digest="",
        defaults=Defaults(),
        project_names=("pack",),
        masks={**{name: mask for name, (_, mask) in pack.borrowed.items()}, **pack.masks},
        detectors={name: spec for one in (*pack.lenders, pack) for name, spec in one.detectors.items()},
        overlays=pack.overlays,
        rules=(everything,),
        overrides=Overrides(),
        tests=pack.tests,
        warnings=pack.warnings,
    )


def _open_pack(text: str, file: str) -> Opened:
    try:
        pack = load_pack_text(text, file=file)
        own_detectors(pack.detectors)
    except ConfigError as error:
        return Opened(file, "pack", None, error.problems)
    return Opened(file, "pack", as_config(pack), pack.warnings)


def _text_of_pack(file: str) -> str | None:
    """Return the text of a file whose keys say that it is meant as a pack."""
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as opened:
            text = opened.read(MAX_BYTES)
    except (OSError, ValueError):
        return None
    root = read_yaml(text, file).root
    if root is None or root.key("rules") or root.key("projects") or not (root.key("pack") or root.key("masks")):
        return None
    return text
