"""What a Langfuse double received: spans and requests, read from the bytes on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.delivery import attributes as names
from router.delivery.decode import DecodedSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSpan(DecodedSpan):
    """A span as a project received it, read from the bytes on the wire.

    Attributes:
        project: name of the project whose secret key came with it.
        public_key: the public key that came with it; Langfuse does not look at it.
        headers: of the request, names in lower case, without the secret.
    """

    project: str = ""
    public_key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def input(self) -> Any:
        """The input; parsed when it is a JSON object or array, else text; None when absent."""
        return _parsed(self.attributes.get(names.OBSERVATION_INPUT))

    @property
    def output(self) -> Any:
        """The output, like `input`."""
        return _parsed(self.attributes.get(names.OBSERVATION_OUTPUT))

    @property
    def level(self) -> str:
        return str(self.attributes.get(names.OBSERVATION_LEVEL, "DEFAULT"))

    @property
    def status_text(self) -> str | None:
        """The status message of the observation; None for a success."""
        return self.attributes.get(names.OBSERVATION_STATUS_MESSAGE)

    @property
    def model(self) -> str | None:
        return self.attributes.get(names.OBSERVATION_MODEL)

    @property
    def usage(self) -> dict[str, int]:
        return _parsed(self.attributes.get(names.OBSERVATION_USAGE_DETAILS)) or {}

    @property
    def cost(self) -> dict[str, float]:
        return _parsed(self.attributes.get(names.OBSERVATION_COST_DETAILS)) or {}

    @property
    def metadata(self) -> dict[str, Any]:
        """The generation's metadata; JSON is parsed, as Langfuse does when it shows it."""
        return self._below(names.OBSERVATION_METADATA)

    @property
    def routing(self) -> dict[str, Any]:
        """The router's evidence: rule, overlays, masked, mask_failures."""
        found = self.metadata.get("routing")
        return found if isinstance(found, dict) else {}

    @property
    def trace(self) -> dict[str, Any]:
        """The fields of the trace that this span sets, by the names that routing.yaml uses."""
        found = {name: self.attributes[key] for name, key in _TRACE_FIELDS.items() if key in self.attributes}
        metadata = self._below(names.TRACE_METADATA)
        return found | ({"metadata": metadata} if metadata else {})

    @property
    def trace_input(self) -> Any:
        """The input that the span gives its trace, on servers of generation 3; like `input`."""
        return _parsed(self.attributes.get(names.TRACE_INPUT))

    @property
    def trace_output(self) -> Any:
        """The output that the span gives its trace, like `trace_input`."""
        return _parsed(self.attributes.get(names.TRACE_OUTPUT))

    def _below(self, prefix: str) -> dict[str, Any]:
        start = prefix + "."
        return {key[len(start) :]: _read(value) for key, value in self.attributes.items() if key.startswith(start)}


_TRACE_FIELDS = {
    "name": names.TRACE_NAME,
    "user_id": names.TRACE_USER_ID,
    "session_id": names.TRACE_SESSION_ID,
    "tags": names.TRACE_TAGS,
    "version": names.VERSION,
    "release": names.RELEASE,
    "environment": names.ENVIRONMENT,
    "public": names.TRACE_PUBLIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request to the OTLP endpoint.

    Attributes:
        project: whose secret key came with it; "" without credentials.
        body: as it was on the wire, compressed.
        status: what was answered; 0 when the connection was cut or left without an answer.
        spans: how many spans were kept.
    """

    project: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int = 0
    spans: int = 0


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _read(value)
    return value


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
