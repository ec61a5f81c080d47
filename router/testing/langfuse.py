"""A Langfuse server on loopback that decodes what it gets.

It speaks real HTTP and behaves as Langfuse does where that can hurt: the secret key alone decides the project, a
redirect answers a double slash, and one attribute without a value loses the whole request after a 200.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Self

from pydantic import SecretStr

from router.config.loaded import ResolvedProject
from router.testing.faults import Fault, Faults
from router.testing.inbox import Inbox
from router.testing.received import ReceivedRequest, ReceivedSpan
from router.testing.server import Server
from router.testing.traces import SeenTrace, seen_on_v3, seen_on_v4


class FakeLangfuse:
    """A Langfuse server on 127.0.0.1, for as long as its `with` block lasts.

    Every project has the keys `pk-lf-NAME` and `sk-lf-NAME`; `environ` gives them as variables, `project` as what
    the sender takes. Faults apply to one project, or without a name to all; they last until `heal`, or for so many
    `times`.

    Attributes:
        version: what it says it is; may be set while it runs. None: it does not know the question.
    """

    def __init__(self, projects: Iterable[str] | None = None, *, port: int = 0, version: str | None = "4.16.0") -> None:
        """Listen on a free port (or on `port`); with `projects`, answer 401 to the keys of any other."""
        self.version = version
        self._inbox = Inbox(projects)
        self._faults = Faults()
        self._port = port
        self._server: Server | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Begin to listen; what entering the `with` block does."""
        self._server = Server(self._inbox, self._faults, self._port, lambda: self.version)
        self._port = self._server.port
        return self

    def close(self) -> None:
        """Stop listening and cut all connections; what was received can still be read."""
        server, self._server = self._server, None
        if server is not None:
            self._faults.heal()
            server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    host = url

    def project(self, name: str, **changes: Any) -> ResolvedProject:
        """Return the project `name` of this server, ready to send to."""
        project = ResolvedProject(name, f"pk-lf-{name}", SecretStr(f"sk-lf-{name}"), self.url)
        return dataclasses.replace(project, **changes)

    def environ(self, prefix: str, project: str | None = None) -> dict[str, str]:
        """Return the variables PREFIX_PUBLIC_KEY, PREFIX_SECRET_KEY and PREFIX_HOST of a project.

        `project` is by default the prefix in lower case, without `_lf` at its end.
        """
        name = project or prefix.lower().removesuffix("_lf")
        return {
            f"{prefix}_PUBLIC_KEY": f"pk-lf-{name}",
            f"{prefix}_SECRET_KEY": f"sk-lf-{name}",
            f"{prefix}_HOST": self.url,
        }

    def spans(self, project: str | None = None) -> list[ReceivedSpan]:
        """Return the spans received so far, of one project or of all, in order of arrival."""
        return self._inbox.spans(project)

    def trace(self, trace_id: str, project: str | None = None) -> SeenTrace:
        """Return a trace as a user would see it on a server of this `version`; one of no version is of generation 4."""
        spans = [span for span in self.spans(project) if span.trace_id == trace_id]
        return seen_on_v3(spans) if str(self.version).startswith("3.") else seen_on_v4(spans)

    def requests(self, project: str | None = None) -> list[ReceivedRequest]:
        """Return the requests that got their answer, or their fault, so far."""
        return self._inbox.requests(project)

    def lost(self) -> list[ReceivedRequest]:
        """Return the requests that were answered 200 and then lost whole, as Langfuse loses malformed ones."""
        return self._inbox.lost()

    def clear(self) -> None:
        """Forget what came so far; faults stay."""
        self._inbox.clear()

    def wait_for(self, count: int, timeout: float = 60.0, project: str | None = None) -> list[ReceivedSpan]:
        """Return the spans once there are at least `count`.

        Raises:
            TimeoutError: there are fewer after `timeout` seconds.
        """
        return self._inbox.wait_for(lambda: self.spans(project), count, timeout, "spans")

    def wait_for_requests(self, count: int, timeout: float = 60.0, project: str | None = None) -> list[ReceivedRequest]:
        """Return the requests once there are at least `count`.

        Raises:
            TimeoutError: there are fewer after `timeout` seconds.
        """
        return self._inbox.wait_for(lambda: self.requests(project), count, timeout, "requests")

    def fail(
        self,
        project: str | None = None,
        status: int = 503,
        *,
        retry_after: str | None = None,
        times: int | None = None,
    ) -> None:
        """Answer with an HTTP status instead of taking the spans."""
        self._faults.set(project, Fault("status", status=status, retry_after=retry_after, times=times))

    def limit(self, project: str | None = None, *, max_bytes: int) -> None:
        """Answer 413 to requests that are larger than `max_bytes` on the wire."""
        self._faults.set(project, Fault("limit", max_bytes=max_bytes))

    def refuse(self, project: str | None = None, *, containing: str) -> None:
        """Answer 400 to requests that hold a text anywhere, as a server does that dislikes one span of a batch."""
        self._faults.set(project, Fault("refuse", text=containing.encode()))

    def hang(self, project: str | None = None, *, times: int | None = None) -> None:
        """Read requests and never answer them."""
        self._faults.set(project, Fault("hang", times=times))

    def reset(self, project: str | None = None, *, times: int | None = None) -> None:
        """Reset the connection instead of answering."""
        self._faults.set(project, Fault("reset", times=times))

    def slow(self, project: str | None = None, *, seconds: float) -> None:
        """Take the spans only after some time."""
        self._faults.set(project, Fault("slow", seconds=seconds))

    def heal(self, project: str | None = None) -> None:
        """End the fault of one project, or all faults; connections that hang are cut."""
        self._faults.heal(project)
