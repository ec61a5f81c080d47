"""Whose keys these are: what a server says of a project's credentials, before and beside the delivery."""

from __future__ import annotations

import json
from dataclasses import dataclass

from router.config.loaded import ResolvedProject
from router.delivery.retry import Answer, judge

PATH = "/api/public/projects"
"""Answers with the project of the secret key: https://api.reference.langfuse.com, "Get Project"."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server says of a project's keys.

    Attributes:
        answer: `delivered` where the keys are those of `project_id`; otherwise what became of the question.
        project_id: id of the Langfuse project that the secret key opens; None where that is not known.
    """

    answer: Answer
    project_id: str | None = None


def read_identity(project: ResolvedProject, status: int, body: bytes, retry_after: str | None = None) -> Identity:
    """Return what an answer of the server says.

    A server that does not know the question (404, 405) cannot contradict: then only a `project_id` that was asked
    for is unconfirmed, which is no reason to hold calls back.
    """
    answer = judge(status, retry_after)
    if status in (404, 405):
        return Identity(Answer("delivered"))
    if answer.verdict != "delivered":
        return Identity(Answer("rejected", answer.cause) if answer.verdict == "refused" else answer)
    found = _project_id(body)
    if project.project_id is not None and found is not None and found != project.project_id:
        cause = f"its keys belong to the Langfuse project {found}, not to {project.project_id}"
        return Identity(Answer("wrong_project", cause), found)
    return Identity(answer, found)


def _project_id(body: bytes) -> str | None:
    """Return the id in `{"data": [{"id": …}]}`; None where there is not exactly one."""
    try:
        data = json.loads(body)["data"]
        found = data[0]["id"] if len(data) == 1 else None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return found if isinstance(found, str) and found.isprintable() and len(found) <= 100 else None
