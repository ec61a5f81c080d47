"""What dead processes left in a spool: adopted once, by whoever comes first and knows the project."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from router.delivery.fork import no_fork_meanwhile
from router.delivery.notices import Notices
from router.delivery.spool.files import Files
from router.delivery.spool.folders import (
    ORPHANS,
    Folder,
    changed_at,
    close,
    names_of_files,
    names_of_folders,
    open_shared,
    read_file,
    remove_unfinished,
    remove_unmade,
    take_file,
    take_folder,
    try_folder,
)
from router.delivery.spool.records import MOST_HEAD, Content, read_content, read_project
from router.delivery.spool.segment import Run, Segment
from router.delivery.spool.trouble import tell, words_of

Adopt = Callable[[Segment, tuple[Run, ...], int], None]
"""Takes the open records of a file over, if any, and the number of calls in it that are lost."""
Knows = Callable[[str], bool]
"""Returns whether calls for a project can be delivered."""


class Adoption:
    """Looks through the folder of a spool; on one thread, and for its files under the lock of the spool."""

    def __init__(
        self, root: int, files: Files, lock: threading.Lock, notices: Notices, knows: Knows, adopt: Adopt
    ) -> None:
        self._root = root
        self._files = files
        self._lock = lock
        self._notices = notices
        self._knows = knows
        self._adopt = adopt
        self._told: set[str] = set()
        self._foreign: dict[tuple[str, str], int] = {}
        """When those files last changed that are not a spool's: nothing new is in them until they do again."""
        self._taken: int | None = None

    def look(self, ended: threading.Event) -> None:
        """Adopt what dead processes left, until `ended`."""
        with no_fork_meanwhile():
            remove_unmade(self._root)
        for name in names_of_folders(self._root):
            if name in self._files:
                continue
            if ended.is_set():
                return
            try:
                folder = take_folder(self._root, name, attempt=self._try)
                if folder is not None:
                    self._adopt_folder(folder)
            except OSError as error:
                tell(self._notices, name, "%s in the spool is left alone: %s.", name, words_of(error))
        self._adopt_orphans()

    def forget_parent(self) -> None:
        """Close, in a forked child, what belongs to the parent."""
        if self._taken is not None:
            close(self._taken)

    def _try(self, root: int, name: str) -> Folder | None:
        with self._lock, no_fork_meanwhile():
            folder = try_folder(root, name)
            if folder is not None:
                self._files.begin_folder(folder)
            return folder

    def _adopt_folder(self, folder: Folder) -> None:
        try:
            for name in names_of_files(folder.descriptor):
                if self._is_foreign(folder, name):
                    continue
                try:
                    self._adopt_file(folder, name)
                except (OSError, ValueError) as error:
                    self._leave_alone(folder, name, error)
        finally:
            with self._lock:
                self._files.end_folder()

    def _adopt_file(self, folder: Folder, name: str) -> None:
        data = read_file(folder.descriptor, name)
        if not data:  # its process died between making and beginning it
            os.unlink(name, dir_fd=folder.descriptor)
            return
        content = read_content(data)
        if (content.count or content.lost) and not self._knows(content.project):
            self._set_aside(folder, name, content.project)
            return
        segment = Segment(folder, name, content.project, content.end)
        segment.descriptor()  # a file that cannot be written could not be settled either
        segment.close()
        self._tell_damage(folder, name, content)
        with self._lock:
            self._files.add(segment)
            if not content.runs:
                self._files.forget(segment)
        if content.runs or content.lost:
            self._adopt(segment, content.runs, content.lost)

    def _tell_damage(self, folder: Folder, name: str, content: Content) -> None:
        if content.damaged or content.torn:
            text = "The spool file %s/%s is damaged: calls unreadable: %d, bytes without a call at its end: %d."
            tell(self._notices, f"{folder.name} {name}", text, folder.name, name, content.damaged, content.torn)

    def _set_aside(self, folder: Folder, name: str, project: str) -> None:
        """Put a file where every process and `router spool` can take it: nobody who runs knows its project."""
        orphans = open_shared(self._root, ORPHANS)
        try:
            to = f"{folder.name}-{name}"
            os.rename(name, to, src_dir_fd=folder.descriptor, dst_dir_fd=orphans.descriptor)
        finally:
            orphans.close()
        self._tell_orphan(project)

    def _tell_orphan(self, project: str) -> None:
        if project not in self._told:
            self._told.add(project)
            text = (
                "Calls in the spool are for project %s, which is not in the file any more; they are kept, "
                "and `router spool` shows them."
            )
            self._notices.say(project, "spool", logging.WARNING, text, project)

    def _adopt_orphans(self) -> None:
        """Adopt what was set aside for projects that are known by now."""
        try:
            orphans = open_shared(self._root, ORPHANS, create=False)
        except FileNotFoundError:
            return
        try:
            for name in names_of_files(orphans.descriptor):
                if not self._is_foreign(orphans, name):
                    self._adopt_orphan(orphans, name)
        finally:
            orphans.close()

    def _adopt_orphan(self, orphans: Folder, name: str) -> None:
        try:
            with no_fork_meanwhile():
                descriptor = self._taken = take_file(orphans.descriptor, name)
            if descriptor is None:
                return
            try:
                project = read_project(os.pread(descriptor, MOST_HEAD, 0))
                if not self._knows(project):
                    self._tell_orphan(project)
                    return
                with self._lock:
                    own = self._files.new_name(project)
                remove_unfinished(orphans.descriptor, name)
                os.rename(name, own, src_dir_fd=orphans.descriptor, dst_dir_fd=self._files.own.descriptor)
            finally:
                with no_fork_meanwhile():
                    self._taken = None
                    os.close(descriptor)
            self._told.discard(project)
            self._adopt_file(self._files.own, own)
        except (OSError, ValueError) as error:
            self._leave_alone(orphans, name, error)

    def _is_foreign(self, folder: Folder, name: str) -> bool:
        changed = self._foreign.get((folder.name, name))
        return changed is not None and changed == changed_at(folder.descriptor, name)

    def _leave_alone(self, folder: Folder, name: str, error: Exception) -> None:
        if isinstance(error, ValueError):
            self._foreign[folder.name, name] = changed_at(folder.descriptor, name)
        text = "The spool file %s/%s is left alone: %s."
        tell(self._notices, f"{folder.name} {name}", text, folder.name, name, words_of(error))
