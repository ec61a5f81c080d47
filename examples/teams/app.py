"""The router without LiteLLM: ask where a call would go, and log a call made by hand."""

import time
from pathlib import Path

from router import CallRecord, Router

router = Router.from_file(Path(__file__).with_name("routing.yaml"))

plan = router.resolve({"team": "research-nlp", "model": "claude-opus-4-1", "tags": ["adhoc"]})
print(plan.rule, plan.route, plan.masks)

started = time.time_ns()
router.log(
    CallRecord(
        call_id="job-17",
        model="claude-opus-4-1",
        provider="anthropic",
        team="research-nlp",
        session_id="notebook-3",
        input="Summarise the letter from bo@example.org",
        output="It asks for a refund.",
        usage_details={"input": 12, "output": 6, "total": 18},
        start_time_unix_nano=started,
        end_time_unix_nano=started + 1_000_000_000,
    )
)
router.shutdown(10)
print(router.stats().to_json()["projects"])
