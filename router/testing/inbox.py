"""Where a Langfuse double keeps what it receives, and decides like Langfuse what that is."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from router.delivery.decode import decode_request
from router.testing.received import ReceivedRequest, ReceivedSpan

T = TypeVar("T")


class Inbox:
    """Spans and requests by project, for any number of threads."""

    def __init__(self, projects: Iterable[str] | None = None) -> None:
        """Accept the keys of `projects`, or without them of every project."""
        self._known = None if projects is None else frozenset(projects)
        self._changed = threading.Condition()
        self._spans: list[ReceivedSpan] = []
        self._requests: list[ReceivedRequest] = []
        self._lost: list[ReceivedRequest] = []

    def spans(self, project: str | None = None) -> list[ReceivedSpan]:
        with self._changed:
            return [span for span in self._spans if project in (None, span.project)]

    def requests(self, project: str | None = None) -> list[ReceivedRequest]:
        with self._changed:
            return [request for request in self._requests if project in (None, request.project)]

    def lost(self) -> list[ReceivedRequest]:
        with self._changed:
            return list(self._lost)

    def clear(self) -> None:
        with self._changed:
            self._spans.clear()
            self._requests.clear()
            self._lost.clear()

    def wait_for(self, read: Callable[[], list[T]], count: int, timeout: float, what: str) -> list[T]:
        """Return what `read` gives once it is `count` or more.

        Raises:
            TimeoutError: it is less after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while len(found := read()) < count:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{len(found)} of {count} {what} after {timeout:g} s")
                self._changed.wait(left)
            return found

    def project_of(self, headers: Mapping[str, str]) -> tuple[str, str] | None:
        """Return (project, public key) of a request; None for credentials that nobody knows.

        As on Langfuse's own server the secret key alone decides.
        """
        try:
            pair = base64.b64decode(headers.get("authorization", "").removeprefix("Basic "), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        public_key, _, secret_key = pair.partition(":")
        name = secret_key.removeprefix("sk-lf-")
        if not name or name == secret_key or (self._known is not None and name not in self._known):
            return None
        return name, public_key

    def take(self, request: ReceivedRequest, public_key: str) -> int:
        """Keep the spans of a request, if it is well formed; return the HTTP status of the answer."""
        try:
            zipped = request.headers.get("content-encoding") == "gzip"
            spans = decode_request(zlib.decompress(request.body, 31) if zipped else request.body)
        except (ValueError, zlib.error):
            return self.log(request, 400)
        if any(not span.trace_id or not span.span_id for span in spans):
            return self.log(request, 400)
        if any(value is None for span in spans for value in span.attributes.values()):
            with self._changed:
                self._lost.append(request)
            return self.log(request, 200)
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        received = [
            ReceivedSpan(
                **{item.name: getattr(span, item.name) for item in dataclasses.fields(span)},
                project=request.project,
                public_key=public_key,
                headers=headers,
            )
            for span in spans
        ]
        with self._changed:
            self._spans += received
        return self.log(request, 200, len(spans))

    def log(self, request: ReceivedRequest, status: int = 0, spans: int = 0) -> int:
        """Remember a request and what it was answered; return the status."""
        with self._changed:
            self._requests.append(dataclasses.replace(request, status=status, spans=spans))
            self._changed.notify_all()
        return status
