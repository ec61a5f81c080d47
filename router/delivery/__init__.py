"""Delivery to Langfuse: masked calls in, acknowledged spans out, every one accounted for."""

from router.delivery.counters import ConfigStats, Counters, DropReason, ProjectStats, Stats
from router.delivery.encode import call_pieces, encode_call, encode_span, trace_state
from router.delivery.health import Health
from router.delivery.queue import ByteBoundedQueue
from router.delivery.sender import Sender
from router.delivery.settings import DeliverySettings
from router.delivery.traces import TraceMemory

__all__ = [
    "ByteBoundedQueue",
    "ConfigStats",
    "Counters",
    "DeliverySettings",
    "DropReason",
    "Health",
    "ProjectStats",
    "Sender",
    "Stats",
    "TraceMemory",
    "call_pieces",
    "encode_call",
    "encode_span",
    "trace_state",
]
