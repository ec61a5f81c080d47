"""Finished calls to test with."""

from __future__ import annotations

import dataclasses
from typing import Any

from router.routing.record import CallRecord


def make_record(**changes: Any) -> CallRecord:
    """Return a realistic finished call; keyword arguments replace its fields."""
    record = CallRecord(
        call_id="8f14e45f-ceea-467f-a8f5-4a9d0f5b6a11",
        call_type="acompletion",
        start_time_unix_nano=1_790_000_000_000_000_000,
        end_time_unix_nano=1_790_000_001_250_000_000,
        completion_start_time_unix_nano=1_790_000_000_400_000_000,
        model="gpt-4o-mini",
        model_group="fast",
        model_id="deployment-1",
        provider="openai",
        model_parameters={"temperature": 0.2, "max_tokens": 256},
        usage_details={"input": 21, "output": 9, "total": 30},
        cost_details={"total": 8.55e-06},
        input={"messages": [{"role": "user", "content": "Which plan includes phone support?"}]},
        output={"role": "assistant", "content": "The business plan does."},
        team="payments",
        user="user-17",
        tags=("prod",),
        session_id="session-4",
        metadata={"team": "payments", "feature": "helpdesk"},
        details={"response_id": "chatcmpl-5", "cache_hit": False},
        size=2_000,
    )
    return dataclasses.replace(record, **changes)
