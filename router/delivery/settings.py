"""How this process delivers: sizes and times; set by `ROUTER_*` variables, never by routing.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


Fsync = Literal["never", "interval", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """Process settings of delivery. The variable of a field is `ROUTER_` and its name in capitals."""

    flush_interval_secs: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 1.0
    """How long a call may wait for others to share its request."""
    max_batch_spans: Annotated[int, Field(ge=1, le=100_000)] = 512
    """Calls in one request at most."""
    max_batch_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 4_000_000
    """Size of one request at most, before compression; Langfuse Cloud refuses more than 5 MB."""
    max_queue_bytes: Annotated[int, Field(ge=100_000)] = 256_000_000
    """Memory for calls that are not delivered yet, over all projects."""
    max_connections: Annotated[int, Field(ge=3, le=1_000)] = 32
    """Requests under way at the same time, over all projects; one project never has more than one for its calls."""
    max_requests_per_sec: Annotated[float, Field(ge=1, le=100_000, allow_inf_nan=False)] = 50.0
    """Requests to one host at most, over all projects: with many of them each waits longer, and sends more at once.

    Full batches, retries and flushes wait for nobody. The default keeps one process below the 4 000 a minute of
    Langfuse Cloud's plan Core, https://langfuse.com/faq/all/api-limits; Hobby allows 1 000, Pro 20 000.
    """
    timeout_secs: Seconds = 10.0
    """How long one request may take."""
    max_age_secs: Seconds = 600.0
    """How long a call is kept while Langfuse cannot be reached."""
    retry_min_secs: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 0.5
    """Pause before the first retry; doubles with each one."""
    retry_max_secs: Seconds = 30.0
    """Longest pause between retries, unless the server asks for more, an hour at most."""
    shutdown_timeout_secs: Seconds = 5.0
    """How long the end of the process may wait for delivery, over all projects together."""

    spool_dir: str | None = None
    """Folder in which masked calls outlive the process until they are delivered; without it they wait in memory."""
    spool_max_bytes: Annotated[int, Field(ge=100_000)] = 1_000_000_000
    """Size of that folder at most, without dead letters; when it is reached, new calls wait in memory only."""
    spool_dead_max_bytes: Annotated[int, Field(ge=0)] = 100_000_000
    """Size of the dead letters in that folder, of all processes together (give or take a 32nd of it for each that
    writes); the oldest give way, and with 0 none are kept."""
    spool_fsync: Fsync = "interval"
    """When calls are forced to the disk, which a power failure needs: never, within about 50 ms, or one by one."""

    check_projects: bool = True
    """Whether each server is asked, once and beside the calls, whose keys it was given."""
    ca_file: str | None = None
    """PEM file of authorities that are trusted beside those of the system."""
    client_cert_file: str | None = None
    """PEM file of the certificate that this process shows, its key too unless that has a file of its own."""
    client_key_file: str | None = None
    """PEM file of that certificate's key, without a password."""
    https_proxy: str | None = field(default=None, repr=False)
    """Proxy for https servers; without it the variable HTTPS_PROXY counts."""
    http_proxy: str | None = field(default=None, repr=False)
    """Proxy for http servers, never for this machine itself; without it the variable http_proxy counts."""
    no_proxy: str | None = None
    """Hosts that are reached without a proxy, with commas between; without it the variable NO_PROXY counts."""

    @property
    def max_questions(self) -> int:
        """Share of the connections for what servers are asked beside the calls: their version, whose the keys are."""
        return max(1, min(4, self.max_connections // 8))

    @property
    def record_queue_bytes(self) -> int:
        """Share of the memory for calls that wait to be masked.

        Apart from the spans' share, so that a project that cannot be reached never fills the way in for the others.
        """
        return self.max_queue_bytes // 4

    @property
    def span_buffer_bytes(self) -> int:
        """Share of the memory for encoded calls that wait to be sent."""
        return self.max_queue_bytes - self.record_queue_bytes
