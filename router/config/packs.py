"""Packs: masks that any routing.yaml can use by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from router.config.loaded import Located
from router.config.model import MaskStep, Test
from router.config.nodes import Source
from router.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A loaded pack. `name` is its folder and file (`masking/pii`)."""

    name: str
    path: str
    description: str
    masks: Mapping[str, Located[tuple[MaskStep, ...]]]
    tests: tuple[Located[Test], ...]
    source: Source = field(repr=False)
    warnings: tuple[Problem, ...] = ()


def pack_folder() -> Path:
    """Return the folder of the shipped packs: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "_rules"
    return shipped if shipped.is_dir() else package.parent / "rules"


class PackShelf:
    """The packs at hand, loaded when a mask of theirs is asked for."""

    def __init__(self, names: tuple[str, ...], load: Callable[[str], Pack]) -> None:
        self._names = names
        self._load = load
        self._loaded: dict[str, Pack] = {}

    @property
    def sources(self) -> list[Source]:
        """Texts of the packs that were used, by name."""
        return [pack.source for _, pack in sorted(self._loaded.items())]

    def names(self) -> tuple[str, ...]:
        """Return every name that `mask:` could use: bare and full."""
        return tuple(name.split("/")[-1] for name in self._names) + self._names

    def has(self, mask: str) -> bool:
        """Load the pack of a mask, when there is one."""
        pack = self._pack_of(mask)
        if pack is None:
            return False
        if pack not in self._loaded:
            self._loaded[pack] = self._load(pack)
        return mask.split("/")[-1] in self._loaded[pack].masks

    def masks(self) -> dict[str, Located[tuple[MaskStep, ...]]]:
        """Return the masks of the packs used so far, under their bare and their full name."""
        found: dict[str, Located[tuple[MaskStep, ...]]] = {}
        for pack_name, pack in sorted(self._loaded.items()):
            folder = pack_name.split("/")[0]
            for name, located in pack.masks.items():
                found.setdefault(name, located)
                found.setdefault(f"{folder}/{name}", located)
        return found

    def _pack_of(self, mask: str) -> str | None:
        """Return the pack whose file is named like the mask."""
        for name in self._names:
            if mask in (name, name.split("/")[-1]):
                return name
        return None
