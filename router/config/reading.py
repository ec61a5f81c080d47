"""Files → texts, or what is wrong with them; the only module of the package that reads files."""

from __future__ import annotations

import errno
import glob
import os
import stat
from dataclasses import replace
from itertools import islice
from pathlib import Path

from router.config.seen import Seen
from router.config.yaml_reader import MAX_BYTES
from router.errors import ConfigError, Location, Problem

_LIMIT = f"{MAX_BYTES // 1024 // 1024} MiB"


def text_of(file: str) -> str:
    """Return the text of a file. Raises ConfigError when it cannot be read."""
    content = _read(file)
    text = content if isinstance(content, Problem) else _decode(content, file)
    if isinstance(text, Problem):
        raise ConfigError((text,))
    return text


def _read(file: str, *, of_others: bool = False) -> bytes | Problem:
    """Read at most the largest size that is allowed; of others only what is a file, for a pipe may never end."""
    try:
        # Path.open takes no opener.
        with open(file, "rb", opener=_open_at_once if of_others else None) as opened:
            status = os.fstat(opened.fileno())
            if of_others and not stat.S_ISREG(status.st_mode):
                return _unreadable(file, OSError(errno.EINVAL, "it is no file"))
            if stat.S_ISREG(status.st_mode) and status.st_size > MAX_BYTES:
                return too_large(file)
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return _unreadable(file, error)
    return too_large(file) if len(content) > MAX_BYTES else content


def _open_at_once(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_NONBLOCK)


class Beside:
    """The files that a configuration names, from its own folder on.

    Attributes:
        folder: where relative names start.
    """

    def __init__(self, folder: Path, seen: Seen | None = None) -> None:
        """`seen` remembers what is looked at."""
        self.folder = folder
        self._seen = Seen() if seen is None else seen

    def text(self, name: str) -> str | Problem:
        """Return the text of a file that a table names; problems name it as the table does."""
        self.note(name)
        content = _read(str(self.folder / name), of_others=True)
        text = content if isinstance(content, Problem) else _decode(content, name)
        if isinstance(text, Problem):
            return replace(text, location=replace(text.location, file=name))
        return text

    def names(self, pattern: str, most: int) -> list[str]:
        """Return the sorted names of the files that a pattern means; at most one more than `most`."""
        found = list_files(self.folder, pattern, most)
        self._seen.listings[self.folder.absolute(), pattern, most] = tuple(found)
        return found

    def secret(self, name: str) -> str | None:
        """Return the content of a file that a reference names, None when it cannot be read as text."""
        self.note(name)
        try:
            with (self.folder / name).open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
            return None if len(content) > MAX_BYTES else content.decode("utf-8")
        except (OSError, ValueError):
            return None

    def note(self, name: str) -> None:
        """Remember a file that is about to be read."""
        self._seen.note(self.folder / name)


def list_files(folder: Path, pattern: str, most: int) -> list[str]:
    """Return the sorted names of the files that a pattern means, from `folder` on; at most one more than `most`."""
    names = glob.iglob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute ones)
    return sorted(islice((name for name in names if not (folder / name).is_dir()), most + 1))


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


def too_large(file: str) -> Problem:
    """Return the problem of a file that is larger than any that is read."""
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
