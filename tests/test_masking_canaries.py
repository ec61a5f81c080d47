"""A canary in every text, number and key of real LiteLLM payloads: under a mask that sees it, it is in no byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.config import load_config
from router.delivery import encode_span
from router.masking import MaskingPolicies, mask
from router.routing.table import RoutingTable
from tests.payloads import NAMES, payload_of, read_payload, record_of

CANARY = "canary.bird@example.com"
NUMBER = 4111111111111111
YAML = """
version: 1
projects: {all: {env: ALL}}
masks: {canary: [{detect: [email, credit_card]}]}
rules: [{id: rest, route: all}]
overrides: {allow: ["*"]}
"""
GROUPS = 8
IN_TURN = ("sdk_acompletion", "sdk_completion_failure_sync")
CONTENT = frozenset(
    """
    messages input prompt response error_str error_information response_obj original_response complete_input_dict
    additional_args complete_streaming_response async_complete_streaming_response exception traceback_exception tools
    functions tool_choice response_format stop
    """.split()
)
"""Under these keys stands what was asked and answered, and whatever may quote it."""
FACTS = frozenset({"id", "model", "usage", "created", "error_class", "error_code", "llm_provider"})
"""Below them these are none of it."""

Place = tuple[Any, Any, bool]
"""A dict or list, a key or index in it, and whether the key itself is meant."""


class Sender:
    """Masks and encodes captured calls under a configuration that grants every wish of a request."""

    def __init__(self, path: Path) -> None:
        path.write_text(YAML, "utf-8")
        secrets = {"ALL_PUBLIC_KEY": "pk-lf-a", "ALL_SECRET_KEY": "sk-lf-a", "ALL_HOST": "https://a.example"}
        self._loaded = load_config(path, environ=secrets)
        self._table = RoutingTable.compile(self._loaded)
        self._policies = MaskingPolicies.compile(self._loaded.masks, self._loaded.secrets)

    def __call__(self, name: str, raw: dict[str, Any], *masks: str) -> bytes:
        """Return the bytes of a call; none where it is dropped, or where LiteLLM could not have made such objects."""
        try:
            payload = payload_of(name, raw)
        except (TypeError, ValueError, AttributeError):
            return b""
        record = record_of(payload)
        plan = self._table.resolve(record)
        if plan.drop is not None:
            return b""
        masked = mask(record, plan.with_masks({"all": masks}), "all", self._policies)
        assert masked.failures == ()
        return encode_span(masked, self._loaded.projects["all"])


@pytest.fixture(scope="module")
def send(tmp_path_factory: pytest.TempPathFactory) -> Sender:
    """Return what masks and encodes."""
    return Sender(tmp_path_factory.mktemp("canaries") / "routing.yaml")


def places_of(raw: dict[str, Any], *, content: bool = False) -> list[Place]:
    """Return every place of a captured call that its hook gets; with `content` only those that hold content."""
    only = False if content else None
    return [*places_in(raw["kwargs"], content=only), *places_in({"response_obj": raw["response_obj"]}, content=only)]


def places_in(value: Any, *, content: bool | None = None) -> Iterator[Place]:
    """Yield every leaf and every key; with `content` only those below a key that holds content."""
    if isinstance(value, dict):
        if value.keys() & {"__datetime__", "__object__"}:
            return
        for key, item in list(value.items()):
            if key in ("__model__", "__exception__"):
                continue
            inner = content
            if content is not None:
                inner = (content or key in CONTENT) and key not in FACTS
            if inner is not False and not any(name.startswith("__") for name in value):
                yield value, key, True
            yield from _places_at(value, key, item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places_at(value, index, item, content)


def _places_at(container: Any, key: Any, item: Any, content: bool | None) -> Iterator[Place]:
    if isinstance(item, (dict, list)):
        yield from places_in(item, content=content)
    elif content is not False:
        yield container, key, False


def plant(place: Place) -> None:
    """Put a canary at a place: beside a text, instead of a number, or into a key."""
    container, key, is_key = place
    if is_key:
        container[f"{key} {CANARY}"] = container.pop(key)
    elif isinstance(container[key], str):
        container[key] = f"{container[key]} {CANARY}"
    elif isinstance(container[key], bool) or container[key] is None:
        container[key] = CANARY
    else:
        container[key] = NUMBER


def is_in(data: bytes) -> bool:
    """Return whether a canary got out."""
    return CANARY.encode() in data or str(NUMBER).encode() in data


def planted_in_turn(name: str, *, content: bool = False) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the call with one canary, each time at another place, and the key at that place."""
    text = json.dumps(read_payload(name))
    for index in range(len(places_of(json.loads(text), content=content))):
        raw = json.loads(text)
        place = places_of(raw, content=content)[index]
        plant(place)
        yield raw, str(place[1])


@pytest.mark.parametrize("name", IN_TURN)
def test_a_canary_anywhere_is_in_no_byte(name: str, send: Sender) -> None:
    """One at a time in every text, number and key that the hook gets."""
    assert [key for raw, key in planted_in_turn(name) if is_in(send(name, raw, "canary"))] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("group", range(GROUPS))
def test_many_canaries_at_once_are_in_no_byte(name: str, group: int, send: Sender) -> None:
    """In every payload, an eighth of its places at a time."""
    raw = read_payload(name)
    for place in places_of(raw)[group::GROUPS][::-1]:
        plant(place)
    assert not is_in(send(name, raw, "canary"))


@pytest.mark.parametrize("name", NAMES)
def test_content_is_in_no_byte_under_whole_redaction(name: str, send: Sender) -> None:
    """Without any detector: fields that hold content are rebuilt, and so is whatever may quote it."""
    redacted = ("mask-input", "mask-output")
    assert [key for raw, key in planted_in_turn(name, content=True) if is_in(send(name, raw, *redacted))] == []


def test_without_a_mask_the_canaries_are_sent(send: Sender) -> None:
    """Else the tests above would prove nothing."""
    out = [key for raw, key in planted_in_turn("sdk_acompletion") if is_in(send("sdk_acompletion", raw))]
    assert len(out) > 50
    inside = [
        key for raw, key in planted_in_turn("sdk_acompletion", content=True) if is_in(send("sdk_acompletion", raw))
    ]
    assert len(inside) > 5
