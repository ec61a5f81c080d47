"""Public doubles for tests and demos: a Langfuse server on loopback, and calls to send it."""

from router.testing.langfuse import FakeLangfuse
from router.testing.received import ReceivedRequest, ReceivedSpan
from router.testing.records import make_record
from router.testing.traces import SeenTrace

__all__ = ["FakeLangfuse", "ReceivedRequest", "ReceivedSpan", "SeenTrace", "make_record"]
