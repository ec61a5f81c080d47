"""What a load has looked at: the files, as they were just before they were read, and the listings of folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Stamp = tuple[int, int, int] | None
"""Modification time in nanoseconds, size and inode of a file; None for one that is not there."""


@dataclass(slots=True)
class Seen:
    """Filled while a configuration is loaded, so that it is known of one that cannot be loaded, too."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    listings: dict[tuple[Path, str, int], tuple[str, ...]] = field(default_factory=dict)

    def note(self, path: Path) -> None:
        """Remember a file that is about to be read, wherever the program works by then."""
        absolute = os.path.abspath(path)  # noqa: PTH100 (a link is looked at itself: it may come to lead elsewhere)
        self.stamps[absolute] = stamp_of(absolute)

    def now(self, list_files: Callable[[Path, str, int], list[str]]) -> Seen:
        """Return the same files and listings as they are at present."""
        return Seen(
            {path: stamp_of(path) for path in self.stamps},
            {listing: tuple(list_files(*listing)) for listing in self.listings},
        )


def stamp_of(path: str) -> Stamp:
    """Return what a file is like; a link counts as what it leads to."""
    try:
        found = os.stat(path)  # noqa: PTH116 (a name may be no path at all)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
