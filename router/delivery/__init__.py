"""Delivery to Langfuse: masked calls in, acknowledged spans out, every one accounted for."""

from router.delivery.counters import ConfigStats, Counters, DropReason, ProjectStats, Stats
from router.delivery.encode import encode_span, span_pieces
from router.delivery.health import Health
from router.delivery.queue import ByteBoundedQueue
from router.delivery.sender import Sender
from router.delivery.settings import DeliverySettings

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
    "encode_span",
    "span_pieces",
]
