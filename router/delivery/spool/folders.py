"""Folders and files that only their owner can read, opened so that nobody can plant another in their place."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LOCK = "lock"
SUFFIX = ".spool"
DEAD = "dead"
"""Folder of the dead letters of all processes: each file has a lock of its own, held while it is written or read."""
ORPHANS = "orphans"
"""Folder of files for projects that no routing.yaml names any more; each file has a lock of its own."""
_MOST_BYTES = 1 << 30
_UNFINISHED = ".new"
_PAUSE_SECS = 0.01
_MOST_MAKING_SECS = 60.0
"""How long a process may take to make and lock its folder, which takes microseconds."""
_OF_A_PROCESS = re.compile(r"\.?\d+-[0-9a-f]{12}")


def open_root(path: str, *, create: bool = True) -> int:
    """Open the folder of the spool, and return its descriptor; with `create` it is made, and closed to others.

    Raises:
        OSError: it cannot be made, is a link, is no folder, belongs to somebody else, or holds other things than a
            spool while others may look into it: then it was hardly meant to be closed to them.
    """
    if create:
        with contextlib.suppress(FileExistsError):
            Path(path).mkdir(mode=0o700, parents=True)
    descriptor = _open_own(path)
    with _closing_if_it_fails(descriptor):
        if stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o700:
            return descriptor
        if any(not _is_ours(name) for name in os.listdir(descriptor)):  # noqa: PTH208 (a descriptor has no Path)
            words = "it holds other files, and others may look into it; name a folder within it"
            raise PermissionError(errno.EPERM, words)
        if create:
            os.fchmod(descriptor, 0o700)
        return descriptor


def open_folder(path: str, *, within: int, mend: bool = True) -> int:
    """Open a folder of our own, closed to everybody else unless `mend` is false, and return its descriptor.

    Raises:
        OSError: it is a link, no folder, or somebody else's.
    """
    descriptor = _open_own(path, within=within)
    with _closing_if_it_fails(descriptor):
        if mend and stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o700:
            os.fchmod(descriptor, 0o700)
        return descriptor


def open_shared(root: int, name: str, *, create: bool = True) -> Folder:
    """Open the folder of dead letters, or that of orphans.

    Raises:
        OSError: as `open_folder`; without `create` it may be missing.
    """
    if create:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=root)
    return Folder(root, name, open_folder(name, within=root))


def _open_own(path: str, *, within: int | None = None) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=within)
    if os.fstat(descriptor).st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(errno.EPERM, "it belongs to another user")
    return descriptor


@contextlib.contextmanager
def _closing_if_it_fails(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _is_ours(name: str) -> bool:
    return name in (DEAD, ORPHANS) or _OF_A_PROCESS.fullmatch(name) is not None


def create_file(folder: int, name: str) -> int:
    """Create a file that did not exist, whatever the umask, and return its descriptor."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    with _closing_if_it_fails(descriptor):
        os.fchmod(descriptor, 0o600)
        return descriptor


def open_file(folder: int, name: str, *, writing: bool = True) -> int:
    """Open a file of our own and return its descriptor.

    Raises:
        OSError: it is a link, no regular file, somebody else's, or cannot be read.
    """
    mode = os.O_RDWR if writing else os.O_RDONLY
    descriptor = os.open(name, mode | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_size > _MOST_BYTES:
        os.close(descriptor)
        raise PermissionError(errno.EPERM, "it is not a file of the spool")
    return descriptor


def take_file(folder: int, name: str) -> int | None:
    """Open a file of a shared folder and lock it until its descriptor is closed.

    Returns:
        None while somebody else has it, or when it is gone.

    Raises:
        OSError: as `open_file`.
    """
    try:
        descriptor = open_file(folder, name)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def read_file(folder: int, name: str, most: int = -1) -> bytes:
    """Return the bytes of a file of our own, or the first `most` of them.

    Raises:
        OSError: as `open_file`.
    """
    with os.fdopen(open_file(folder, name, writing=False), "rb") as opened:
        return opened.read(most)


def _pause() -> None:
    threading.Event().wait(_PAUSE_SECS)


class Folder:
    """A folder within the spool: one process's, held by a lock that ends with the process, or a shared one."""

    def __init__(self, root: int, name: str, descriptor: int, lock: int = -1) -> None:
        self.name = name
        self.descriptor = descriptor
        self._root = root
        self._lock = lock

    def close(self) -> None:
        """Let the lock go; what the folder holds stays for whoever takes it next."""
        close(self.descriptor, self._lock)

    def remove(self) -> None:
        """Remove the folder, if it holds nothing but its lock and unfinished files, and let go of it."""
        with contextlib.suppress(OSError):
            names = sorted(os.listdir(self.descriptor))  # noqa: PTH208 (a descriptor has no Path)
            if all(name == LOCK or _is_unfinished(name) for name in names):
                for name in names:
                    os.unlink(name, dir_fd=self.descriptor)
                os.rmdir(self.name, dir_fd=self._root)
        self.close()


def create_folder(root: int) -> Folder:
    """Make and lock a folder for this process.

    Raises:
        OSError: there is no room, or no permission; then nothing is left of it.
    """
    name = f"{os.getpid()}-{secrets.token_hex(6)}"
    making = f".{name}"  # nobody looks into it before it is locked
    os.mkdir(making, 0o700, dir_fd=root)
    descriptor = lock = -1
    try:
        descriptor = open_folder(making, within=root)
        lock = create_file(descriptor, LOCK)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(making, name, src_dir_fd=root, dst_dir_fd=root)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(LOCK, dir_fd=descriptor)
        with contextlib.suppress(OSError):
            os.rmdir(making, dir_fd=root)
        close(descriptor, lock)
        raise
    return Folder(root, name, descriptor, lock)


def remove_unmade(root: int) -> None:
    """Remove folders whose processes were killed while they made them."""
    for name in os.listdir(root):
        if not name.startswith(".") or not _OF_A_PROCESS.fullmatch(name):
            continue
        with contextlib.suppress(OSError):
            if time.time() - os.stat(name, dir_fd=root, follow_symlinks=False).st_mtime < _MOST_MAKING_SECS:
                continue
            folder = try_folder(root, name)
            if folder is None:
                os.rmdir(name, dir_fd=root)  # which fails where it is held: its lock is in it
            else:
                folder.remove()


def try_folder(root: int, name: str) -> Folder | None:
    """Lock the folder of a process that has ended; None while anybody else has its lock, or when it is gone.

    Raises:
        OSError: it is no folder of the spool.
    """
    try:
        descriptor = open_folder(name, within=root)
    except FileNotFoundError:
        return None
    lock = -1
    try:
        lock = open_file(descriptor, LOCK)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(LOCK, dir_fd=descriptor).st_ino == os.fstat(lock).st_ino:
            return Folder(root, name, descriptor, lock)
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        close(descriptor, lock)
        raise
    close(descriptor, lock)
    return None


def take_folder(
    root: int,
    name: str,
    pause: Callable[[], object] = _pause,
    attempt: Callable[[int, str], Folder | None] = try_folder,
) -> Folder | None:
    """Lock the folder of a process that has ended; None while it runs, or when another one was faster.

    Tries twice: who asks whether its process runs (`is_held`) has the lock for a moment.

    Raises:
        OSError: it is no folder of the spool.
    """
    folder = attempt(root, name)
    if folder is None:
        pause()
        folder = attempt(root, name)
    return folder


def is_held(folder: int) -> bool:
    """Return whether a process that runs holds a folder."""
    try:
        lock = open_file(folder, LOCK, writing=False)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def names_of_folders(root: int) -> Iterator[str]:
    """Yield the names of what processes have left, or are using."""
    yield from sorted(name for name in os.listdir(root) if _OF_A_PROCESS.fullmatch(name) and name[0] != ".")


def names_of_files(folder: int) -> list[str]:
    """Return the names of the spool files of a folder, oldest first."""
    return sorted(name for name in os.listdir(folder) if name.endswith(SUFFIX))


def unfinished_name(name: str) -> str:
    """Return the name under which a file is written anew; only who has the file does that."""
    return f".{name}{_UNFINISHED}"


def remove_unfinished(folder: int, name: str) -> None:
    """Remove what was left by somebody who was killed while they wrote a file anew; whoever calls has the file."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(unfinished_name(name), dir_fd=folder)


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") and name.endswith(SUFFIX + _UNFINISHED)


def bytes_in(folder: int) -> int:
    """Return the size of all spool files of a folder; one that vanishes meanwhile counts nothing."""
    return sum(size_of(folder, name) for name in names_of_files(folder))


def size_of(folder: int, name: str) -> int:
    """Return the size of a file, 0 when it has vanished."""
    with contextlib.suppress(OSError):
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
    return 0


def changed_at(folder: int, name: str) -> int:
    """Return when a file or its mode last changed, in ns; 0 when it has vanished."""
    with contextlib.suppress(OSError):
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_ctime_ns
    return 0


def close(*descriptors: int) -> None:
    """Close what is open of them; one that the host has closed behind our back is closed."""
    for descriptor in descriptors:
        if descriptor >= 0:
            try:
                os.close(descriptor)
            except OSError as error:
                if error.errno != errno.EBADF:
                    raise
