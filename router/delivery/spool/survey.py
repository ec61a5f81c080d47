"""What lies in a spool, for who looks at it from outside: calls by their state, and files that nobody else has."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal, Self

from router.delivery.spool.folders import (
    DEAD,
    ORPHANS,
    Folder,
    create_file,
    is_held,
    names_of_files,
    names_of_folders,
    open_folder,
    open_root,
    open_shared,
    read_file,
    remove_unfinished,
    take_file,
    take_folder,
    unfinished_name,
)
from router.delivery.spool.records import (
    MOST_HEAD,
    Record,
    header_of,
    read_content,
    read_project,
    read_records,
    read_rest,
)
from router.delivery.spool.segment import Segment
from router.delivery.spool.trouble import words_of

State = Literal["waiting", "orphaned", "dead"]
"""`waiting`: a process that runs has it. `orphaned`: nobody does, the next process would. `dead`: a dead letter."""
_TRIES = 20
_PAUSE_SECS = 0.02


@dataclass(frozen=True, slots=True)
class Call:
    """One call on disk.

    Attributes:
        file: in which it lies, as `folder/name`.
        project: the one it was masked for.
        reason: of a dead letter, as it was counted; "" otherwise. `cause`: what the server said, such as `HTTP 400`.
        time: when it was accepted, of a dead letter when it was refused; in nanoseconds since 1970.
    """

    file: str
    project: str
    state: State
    reason: str
    cause: str
    time: int
    span: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of its span."""
        return len(self.span)


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """A file of the spool, and what could be read of it.

    Attributes:
        folder: name of the folder of a process, or `dead` or `orphans`.
        damaged: places in it that cannot be read. Bytes at its end that are being written are none.
    """

    folder: str
    name: str
    state: State
    project: str
    calls: tuple[Call, ...] = ()
    damaged: int = 0

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"


class Survey:
    """An open spool; a context manager.

    Attributes:
        unreadable: files that cannot be read, as `folder/name`, and why.
        busy: files that could not be held, because somebody else has them.
    """

    def __init__(self, path: str) -> None:
        """Open it.

        Raises:
            OSError: it is not there, or not ours.
        """
        self._root = open_root(path, create=False)
        self.unreadable: dict[str, str] = {}
        self.busy: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._root)

    def files(self) -> Iterator[SpoolFile]:
        """Read file by file, dead letters first; changes nothing and disturbs nobody."""
        shared: tuple[tuple[str, State], ...] = ((DEAD, "dead"), (ORPHANS, "orphaned"))
        for name, state in (*shared, *self._folders()):
            try:
                descriptor = open_folder(name, within=self._root, mend=False)
            except OSError as error:
                if not isinstance(error, FileNotFoundError):
                    self.unreadable[name] = words_of(error)
                continue
            try:
                for file in names_of_files(descriptor):
                    with self._telling(f"{name}/{file}"):
                        data = read_file(descriptor, file)
                        if not data:  # its process is about to begin it, or died over it
                            continue
                        content = read_content(data)
                        found = SpoolFile(name, file, state, content.project, damaged=content.damaged)
                        calls = (_call(found.path, found.project, state, record) for record in read_records(data))
                        yield replace(found, calls=tuple(calls))
            finally:
                os.close(descriptor)

    def projects(self) -> set[str]:
        """Return for whom anything lies there; reads no more than how each file begins."""
        found: set[str] = set()
        for name in (DEAD, ORPHANS, *names_of_folders(self._root)):
            with contextlib.suppress(OSError):
                descriptor = open_folder(name, within=self._root, mend=False)
                try:
                    for file in names_of_files(descriptor):
                        with contextlib.suppress(OSError, ValueError):
                            found.add(read_project(read_file(descriptor, file, MOST_HEAD)))
                finally:
                    os.close(descriptor)
        return found

    def hold(self, states: Collection[State]) -> Generator[Held]:
        """Give the files of some states that nobody else has, one by one, each until the next one is asked for."""
        if "dead" in states:
            yield from self._hold_shared(DEAD, "dead")
        if "orphaned" in states:
            yield from self._hold_shared(ORPHANS, "orphaned")
            for name in names_of_folders(self._root):
                with self._telling(name):
                    folder = take_folder(self._root, name)
                    if folder is None:
                        continue
                    try:
                        for file in names_of_files(folder.descriptor):
                            yield from self._hold(folder, file, "orphaned", -1)
                    finally:
                        folder.remove()

    def _folders(self) -> Iterator[tuple[str, State]]:
        for name in names_of_folders(self._root):
            with self._telling(name):
                descriptor = open_folder(name, within=self._root, mend=False)
                try:
                    yield name, "waiting" if is_held(descriptor) else "orphaned"
                finally:
                    os.close(descriptor)

    def _hold_shared(self, name: str, state: State) -> Iterator[Held]:
        try:
            folder = open_shared(self._root, name, create=False)
        except FileNotFoundError:
            return
        try:
            for file in names_of_files(folder.descriptor):
                with self._telling(f"{name}/{file}"):
                    descriptor = _take(folder, file)
                    if descriptor is None:
                        self.busy.append(f"{name}/{file}")
                    else:
                        yield from self._hold(folder, file, state, descriptor)
        finally:
            folder.close()

    def _hold(self, folder: Folder, name: str, state: State, descriptor: int) -> Iterator[Held]:
        segment = Segment(folder, name, "", descriptor=descriptor)
        try:
            with self._telling(f"{folder.name}/{name}"):
                remove_unfinished(folder.descriptor, name)
                data = read_file(folder.descriptor, name)
                if not data:
                    return
                held = Held(segment, state, data)
                yield held
                held.finish()
        finally:
            segment.close()

    @contextlib.contextmanager
    def _telling(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:  # settled meanwhile
            pass
        except (OSError, ValueError) as error:
            self.unreadable[name] = words_of(error)


class Held:
    """A file that nobody else reads or writes meanwhile: its calls can be settled one by one.

    Attributes:
        calls: each open call, with what `settle` takes.
        damaged: places in it that cannot be read.
    """

    def __init__(self, segment: Segment, state: State, data: bytes) -> None:
        """Read it.

        Raises:
            ValueError: it is no file of the spool.
        """
        content = read_content(data)
        segment.project = content.project
        self._segment = segment
        self._data = data
        self._end = content.end
        self._settled: set[int] = set()
        self._keeps_damage = True
        self.file = f"{segment.folder.name}/{segment.name}"
        self.project = content.project
        self.state = state
        self.damaged = content.damaged
        self.calls = tuple(
            (record.start, _call(self.file, content.project, state, record)) for record in read_records(data)
        )

    def settle(self, start: int) -> None:
        """Say on disk that a call is done with.

        Raises:
            OSError: the file cannot be written.
        """
        self._segment.settle_one(start)
        self._settled.add(start)

    def drop_damage(self) -> None:
        """Leave out, at the end, what cannot be read."""
        self._keeps_damage = False

    def finish(self) -> None:
        """Write the file anew without what is settled, by whomever; remove it when nothing else is in it."""
        folder, name = self._segment.folder.descriptor, self._segment.name
        header = header_of(self.project)
        rest = read_rest(self._data, self._settled, with_damage=self._keeps_damage)
        if not rest:
            self._segment.remove()
            return
        if len(header) + len(rest) == self._end:
            return
        new = unfinished_name(name)
        with os.fdopen(create_file(folder, new), "wb") as file:
            file.write(header + rest)
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)


def _take(folder: Folder, name: str) -> int | None:
    """Lock a file; a process that writes into it is done in a moment, another command is not.

    Raises:
        FileNotFoundError: it is gone.
    """
    for _ in range(_TRIES):
        descriptor = take_file(folder.descriptor, name)
        if descriptor is not None:
            return descriptor
        os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        threading.Event().wait(_PAUSE_SECS)
    return None


def _call(file: str, project: str, state: State, record: Record) -> Call:
    reason, _, cause = record.note.partition(" ")
    return Call(file, project, state, reason, cause, record.time, record.span)
