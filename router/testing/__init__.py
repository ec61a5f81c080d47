"""Public doubles for tests and demos: a Langfuse server on loopback, and calls to send it."""

from router.testing.langfuse import FakeLangfuse
from router.testing.received import ReceivedRequest, ReceivedSpan
from router.testing.records import make_record

__all__ = ["FakeLangfuse", "ReceivedRequest", "ReceivedSpan", "make_record"]
