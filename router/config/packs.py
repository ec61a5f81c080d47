"""Packs: masks that any routing.yaml can use by name, and detectors and overlays where the pack is listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from router.config.detectors import DetectorSpec
from router.config.draft import Draft
from router.config.loaded import Located
from router.config.model import REFERENCE, MaskStep, Overlay, Test
from router.config.nodes import Source
from router.errors import ConfigError, Problem

Mask = Located[tuple[MaskStep, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A loaded pack.

    Attributes:
        name: its folder and file (`masking/pii`).
        version: its own, or None.
        overlays: as they stand in the pack.
        borrowed: masks of shipped packs that it names, by the name it uses and their full name.
        lenders: the packs that they are of.
        draft: what was read, for checks that depend on the file that lists the pack.
    """

    name: str
    path: str
    description: str
    version: str | None = None
    masks: Mapping[str, Mask]
    detectors: Mapping[str, DetectorSpec] = field(default_factory=dict)
    overlays: tuple[Located[Overlay], ...] = ()
    borrowed: Mapping[str, tuple[str, Mask]] = field(default_factory=dict)
    lenders: tuple[Pack, ...] = ()
    tests: tuple[Located[Test], ...]
    draft: Draft = field(repr=False)
    warnings: tuple[Problem, ...] = ()

    @property
    def source(self) -> Source:
        """Its text."""
        return self.draft.source

    def full_name(self, mask: str) -> str:
        """Return the name of a mask that it brings or borrows which means the same in every file."""
        return self.borrowed[mask][0] if mask in self.borrowed else _full_name(self.name, mask)

    def applied(self) -> Iterator[Located[Overlay]]:
        """Yield its overlays as they hold in a file: `<pack>/<id>`, with masks that the file cannot redefine."""
        for located in self.overlays:
            overlay = located.value
            names = [self.full_name(name) for name in overlay.mask]
            yield replace(located, value=overlay.model_copy(update={"id": f"{self.name}/{overlay.id}", "mask": names}))


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands under `packs:`. `pin`: the numbers that the version must begin with."""

    name: str
    pin: str

    @property
    def is_path(self) -> bool:
        return self.name.startswith((".", "/")) or self.name.endswith((".yaml", ".yml"))

    def admits(self, version: str | None) -> bool:
        """Tell whether a version is one of those that are meant."""
        return not self.pin or f"{version or ''}.".startswith(f"{self.pin}.")


def parse_reference(text: str) -> Reference:
    """Read what the model has let through: `masking/pii@1.2`."""
    found = re.match(REFERENCE, text)
    assert found is not None
    return Reference(found["name"], found["pin"] or "")


def pack_name(path: str) -> str:
    """Return what the pack of a file is called: its folder and its file, as far as the path names them."""
    parts = [part for part in PurePath(path).parts if part not in ("/", ".", "..")]
    return PurePath(*parts[-2:]).with_suffix("").as_posix()


def pack_folder() -> Path:
    """Return the folder of the shipped packs: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "_rules"
    return shipped if shipped.is_dir() else package.parent / "rules"


def shipped_packs() -> tuple[str, ...]:
    """Return the names of the shipped packs."""
    folder = pack_folder()
    return tuple(sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.yaml")))


class PackShelf:
    """The packs at hand: those that a file lists, and the shipped ones, loaded when a mask of theirs is asked for.

    A mask goes by its bare name (`pii`), or with the folder of its pack (`masking/pii`); listed packs come first.
    """

    def __init__(self, names: tuple[str, ...], load: Callable[[str], Pack], listed: Sequence[Pack] = ()) -> None:
        self.listed = tuple(listed)
        self._names = names
        self._load = load
        lenders = {lender.name: lender for pack in listed for lender in pack.lenders}
        self._loaded: dict[str, Pack] = {**lenders, **{pack.name: pack for pack in listed}}

    @property
    def owners(self) -> frozenset[str]:
        """What the names of masks and overlays of packs begin with: folders, and packs without a folder."""
        return frozenset(name.split("/", maxsplit=1)[0] for name in (*self._names, *self._loaded))

    @property
    def packs(self) -> list[Pack]:
        """The packs that are listed or used: first the listed ones in their order, then the others by name."""
        listed = {pack.name for pack in self.listed}
        return [*self.listed, *(pack for name, pack in sorted(self._loaded.items()) if name not in listed)]

    @property
    def sources(self) -> list[Source]:
        """Texts of the packs that are listed or used."""
        return [pack.source for pack in self.packs]

    def names(self) -> tuple[str, ...]:
        """Return every name that `mask:` could use, bare and full, for messages; loads all packs that are sound."""
        spellings = [_names_of(pack.name, mask) for pack in self._sound() for mask in pack.masks]
        return tuple(dict.fromkeys([*(bare for bare, _ in spellings), *(full for _, full in spellings)]))

    def _sound(self) -> Iterator[Pack]:
        for name in dict.fromkeys([*self._loaded, *self._names]):
            with suppress(ConfigError):
                yield self._loaded.get(name) or self._load(name)

    def overlays(self) -> tuple[Located[Overlay], ...]:
        """Return the overlays of the listed packs, in order."""
        return tuple(overlay for pack in self.listed for overlay in pack.applied())

    def has(self, mask: str) -> bool:
        """Load packs until one has the mask: first the one whose file is called like it.

        Raises:
            ConfigError: a pack that had to be looked at has problems.
        """
        return self.find(mask) is not None

    def find(self, mask: str) -> tuple[str, Mask] | None:
        """Return the full name of a mask, and the mask; loads packs as `has` does."""
        likely = [name for name in self._names if mask in (name, name.split("/")[-1])]
        bare = mask.rsplit("/", maxsplit=1)[-1]
        for name in dict.fromkeys([*(pack.name for pack in self.packs), *likely, *self._names]):
            pack = self._loaded.get(name) or self._load(name)
            if bare in pack.masks and mask in _names_of(name, bare):
                self._loaded[name] = pack
                return _full_name(name, bare), pack.masks[bare]
        return None

    def masks(self) -> dict[str, Mask]:
        """Return the masks of the packs listed or used so far, under their bare and their full name."""
        found: dict[str, Mask] = {}
        for pack in self.packs:
            for name, located in pack.masks.items():
                for spelling in _names_of(pack.name, name):
                    found.setdefault(spelling, located)
        return found

    def detectors(self) -> dict[str, DetectorSpec]:
        """Return the detectors of the packs listed or used so far."""
        return {name: spec for pack in self.packs for name, spec in pack.detectors.items()}


def _names_of(pack: str, mask: str) -> tuple[str, str]:
    """Return the two names of a mask of a pack."""
    return mask, _full_name(pack, mask)


def _full_name(pack: str, mask: str) -> str:
    return f"{pack.split('/', maxsplit=1)[0]}/{mask}"
