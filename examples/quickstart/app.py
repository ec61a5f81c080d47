"""Two lines more than an application had before: every LiteLLM call below is routed, masked and delivered."""

from pathlib import Path

import litellm

import router.litellm

logger = router.litellm.install(Path(__file__).with_name("routing.yaml"))

litellm.completion(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Refund card 4111 1111 1111 1111, mail bo@example.org"}],
    mock_response="Done.",  # take this line away, and the call goes to the provider
    metadata={"team": "payments", "tags": ["prod"], "session_id": "chat-7"},
)

logger.flush(10)
print(logger.stats().to_json()["projects"])
