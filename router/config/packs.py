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
    """The packs at hand, loaded when a mask of theirs is asked for.

    A mask goes by its bare name (`pii`), or with the folder of its pack (`masking/pii`).
    """

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
        """Load packs until one has the mask: first the one whose file is called like it.

        Raises:
            ConfigError: a pack that had to be looked at has problems.
        """
        if mask in self.masks():
            return True
        likely = [name for name in self._names if mask in (name, name.split("/")[-1])]
        for name in [*likely, *self._names]:
            pack = self._loaded.get(name) or self._load(name)
            if mask.rsplit("/", maxsplit=1)[-1] in pack.masks and mask in _names_of(
                name, mask.rsplit("/", maxsplit=1)[-1]
            ):
                self._loaded[name] = pack
                return True
        return False

    def masks(self) -> dict[str, Located[tuple[MaskStep, ...]]]:
        """Return the masks of the packs used so far, under their bare and their full name."""
        found: dict[str, Located[tuple[MaskStep, ...]]] = {}
        for pack_name, pack in sorted(self._loaded.items()):
            for name, located in pack.masks.items():
                for spelling in _names_of(pack_name, name):
                    found.setdefault(spelling, located)
        return found


def _names_of(pack: str, mask: str) -> tuple[str, str]:
    """Return the two names of a mask of a pack."""
    return mask, f"{pack.split('/', maxsplit=1)[0]}/{mask}"
