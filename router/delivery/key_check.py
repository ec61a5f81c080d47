"""Asks servers whose keys the projects have: before the first batch where routing.yaml names an id, else beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from router.config.loaded import ResolvedProject
from router.delivery.notices import Notices
from router.delivery.projects import Projects
from router.delivery.retry import Answer
from router.delivery.transport import Transport

_SAME_PROJECT = "Projects %s and %s are one Langfuse project, %s: their calls land in the same place."


class KeyCheck:
    """What servers said of the keys of the projects; runs on the loop of the sender."""

    def __init__(self, projects: Projects, notices: Notices, transport: Transport) -> None:
        self._projects = projects
        self._notices = notices
        self._transport = transport
        self._confirmed: dict[str, ResolvedProject] = {}
        self._identified: dict[str, tuple[str, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def withheld(self, name: str, project: ResolvedProject) -> Answer | None:
        """Return why nothing may be sent to a project yet, or ever; None once the server has confirmed its id."""
        if project.project_id is None or self._confirmed.get(name) == project:
            return None
        answer = (await self._transport.identify(project)).answer
        if answer.verdict != "delivered":
            return answer
        self._confirmed[name] = project
        return None

    def start(self, names: Iterable[str]) -> None:
        """Ask the server of each project once, and tell what an operator should know before calls fail."""
        task = asyncio.get_running_loop().create_task(self._identify(list(names)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, names: Iterable[str]) -> None:
        """Forget what was said of projects that have other keys now, or none."""
        for name in names:
            self._identified.pop(name, None)

    async def stop(self) -> None:
        """Cut off what is asked at the moment."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _identify(self, names: list[str]) -> None:
        async def ask(name: str) -> None:
            async with self._transport.questions:
                project = self._projects.find(name)
                if project is None:
                    return
                identity = await self._transport.identify(project)
            if project != self._projects.find(name):
                return  # changed meanwhile, and asked again
            if identity.answer.verdict != "delivered":
                self._tell_unusable(name, identity.answer)
            elif identity.project_id is not None:
                self._identified[name] = project.host, identity.project_id

        await asyncio.gather(*map(ask, names))
        self._tell_twins(names)

    def _tell_twins(self, names: list[str]) -> None:
        """Tell which of the projects are the same as another one of the file."""
        first: dict[tuple[str, str], str] = {}
        for name in self._projects:
            if (identity := self._identified.get(name)) is None:
                continue
            other = first.setdefault(identity, name)
            if other != name and (name in names or other in names):
                cause = f"is the same Langfuse project as {other}"
                self._notices.say(name, cause, logging.WARNING, _SAME_PROJECT, other, name, identity[1])

    def _tell_unusable(self, name: str, answer: Answer) -> None:
        level = logging.WARNING if answer.verdict == "retry" else logging.ERROR
        self._notices.say(name, answer.cause, level, "Project %s cannot be used: %s.", name, answer.cause)
