"""Calls on disk, sent once more: to the project they were masked for, or to another one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from router.config.loaded import ResolvedProject
from router.delivery.batch import Batch, make_batch, smaller_batches
from router.delivery.retry import Answer, pause
from router.delivery.servers import Servers
from router.delivery.settings import DeliverySettings
from router.delivery.spool.survey import Call, Held
from router.delivery.transport import Transport

_MOST_TRIES = 4
_MOST_WAIT_SECS = 30.0
_HOPELESS = frozenset({"retry", "rejected", "wrong_project"})
"""Answers that every other batch of the project would get as well."""


@dataclass(slots=True)
class Replayed:
    """What became of the calls of a replay.

    Attributes:
        delivered: calls that a server took, by the project they were masked for and the one they went to.
        stayed: calls that are still in the spool, by the same two and the cause.
    """

    delivered: Counter[tuple[str, str]] = field(default_factory=Counter)
    stayed: Counter[tuple[str, str, str]] = field(default_factory=Counter)


class Replay:
    """Sends file by file. A call is settled once a server took it, and no sooner; what is refused stays."""

    def __init__(
        self,
        settings: DeliverySettings,
        takes: Callable[[Call], bool],
        project_for: Callable[[str], ResolvedProject | str],
        progress: Callable[[int], None],
    ) -> None:
        """Prepare it.

        Args:
            settings: timeouts, sizes, certificates.
            takes: whether a call is meant.
            project_for: where the calls of a project go; where they cannot, why, in a few words.
            progress: is told how many calls were delivered so far.
        """
        self._settings = settings
        self._takes = takes
        self._project_for = project_for
        self._progress = progress
        self._hopeless: dict[str, str] = {}
        self._result = Replayed()

    async def run(self, files: Iterable[Held]) -> Replayed:
        """Send what the files hold.

        Raises:
            OSError: a file cannot be written; the calls of its last batch may be sent again, with the same ids.
        """
        async with Transport(self._settings, Servers()) as self._transport:
            for held in files:
                chosen = [(start, call) for start, call in held.calls if self._takes(call)]
                if chosen:
                    await self._send_file(held, chosen)
        return self._result

    async def _send_file(self, held: Held, chosen: list[tuple[int, Call]]) -> None:
        name = chosen[0][1].project
        project = self._project_for(name)
        if isinstance(project, str):
            self._result.stayed[name, "", project] += len(chosen)
            return
        for part in self._parts(chosen):
            await self._send_part(held, part, name, project)

    async def _send_part(self, held: Held, part: list[tuple[int, Call]], name: str, project: ResolvedProject) -> None:
        starts = iter(start for start, _ in part)
        left = [make_batch([call.span for _, call in part], 0.0)]
        refusals = 0
        while left:
            batch = left.pop()
            answer = await self._answer(project, batch)
            refusals = refusals + 1 if answer.verdict == "refused" else 0
            smaller = smaller_batches(batch, answer.verdict, refusals)
            if smaller:
                left += reversed(smaller)
                continue
            for _ in range(batch.count):
                start = next(starts)
                if answer.verdict == "delivered":
                    held.settle(start)
            if answer.verdict == "delivered":
                self._result.delivered[name, project.name] += batch.count
                self._progress(self._result.delivered.total())
            else:
                self._result.stayed[name, project.name, answer.cause] += batch.count

    async def _answer(self, project: ResolvedProject, batch: Batch) -> Answer:
        if project.name in self._hopeless:
            return Answer("rejected", self._hopeless[project.name])
        tries = 0
        while True:
            answer = await self._post(project, batch)
            tries += 1
            if answer.verdict != "retry" or tries == _MOST_TRIES:
                break
            wait = max(pause(tries, self._settings.retry_min_secs, 4.0, 0.0), answer.retry_after or 0.0)
            if wait > _MOST_WAIT_SECS:
                break
            await asyncio.sleep(wait)
        if answer.verdict in _HOPELESS:
            self._hopeless[project.name] = answer.cause
        return answer

    async def _post(self, project: ResolvedProject, batch: Batch) -> Answer:
        if project.project_id is not None:
            answer = (await self._transport.identify(project)).answer
            if answer.verdict != "delivered":
                return answer
        return await self._transport.post(project, batch.body)

    def _parts(self, chosen: list[tuple[int, Call]]) -> Iterator[list[tuple[int, Call]]]:
        part: list[tuple[int, Call]] = []
        size = 0
        for start, call in chosen:
            full = len(part) >= self._settings.max_batch_spans or size + call.size > self._settings.max_batch_bytes
            if part and full:
                yield part
                part, size = [], 0
            part.append((start, call))
            size += call.size
        if part:
            yield part
