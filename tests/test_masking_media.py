"""Media in texts, and texts that are too long: described, dropped, cut, after everything else is masked."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from router.masking import mask_value
from router.masking.blocks import BLOCK
from router.routing.record import CallRecord
from tests.masks import CARD, EMAIL, KEY, masked, masked_input, policies

DATA = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(94))
"""About three thousand bytes that look like any."""
BARE = base64.b64encode(DATA).decode()
PNG = f"data:image/png;base64,{BARE}"
LABEL = "[DATA image/png 3 kB]"


def seen_under(value: Any, *steps: dict[str, Any]) -> Any:
    return masked_input(value, policies({"m": list(steps)}), "m")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PNG, LABEL),
        (f"![chart]({PNG}) and text", f"![chart]({LABEL}) and text"),
        (PNG.replace("image/png", "image/PNG;name=x"), LABEL),
        (PNG.replace("image/png", "jane.doe/example.com"), "[DATA 3 kB]"),
        ("data:;base64,aGVsbG8=", "[DATA 5 B]"),
        (BARE, "[DATA 3 kB]"),
        (base64.urlsafe_b64encode(DATA).decode(), "[DATA 3 kB]"),
        ("/9j/4AAQ" + BARE, "[DATA image/jpeg 3 kB]"),
    ],
)
def test_media_are_described(text: str, expected: str) -> None:
    """By kind and about by size, and by nothing that depends on the content; and once is enough."""
    compiled = policies({"m": [{"media": "describe"}]})
    seen = masked_input(text, compiled, "m")
    assert seen == expected
    assert masked_input(seen, compiled, "m") == seen


@pytest.mark.parametrize("before", [*range(5), BLOCK - 255, BLOCK - 128, BLOCK - 1, BLOCK])
def test_the_shortest_run_of_data_is_found_wherever_it_begins(before: int) -> None:
    """256 characters are looked at; that there may be as many is told by every fourth."""
    text = f"{' ' * before}{BARE[:256]} and words"
    assert seen_under(text, {"media": "describe"}) == f"{' ' * before}[DATA 192 B] and words"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 400,
        "-_" * 300,
        "0123456789abcdef" * 30,
        BARE[:255],
        "https://example.com/a.png",
        "data:text/plain,hello",
        "see data: base64, as " + "word " * 100,
    ],
)
def test_what_is_no_data_stays(text: str) -> None:
    """Lines, hexadecimal digits, short tokens, addresses."""
    assert seen_under(text, {"media": "describe"}) == text


def test_media_are_dropped_or_described_in_the_parts_of_a_message() -> None:
    """Images, sound and files, in whichever way a provider writes them; JSON in a text stays JSON."""
    parts = [
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "input_audio", "input_audio": {"data": BARE, "format": "wav"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BARE}},
        {"arguments": json.dumps({"file": PNG})},
    ]
    described = seen_under([{"content": parts}], {"media": "describe"})
    assert BARE[:40] not in json.dumps(described)
    assert json.loads(described[0]["content"][3]["arguments"]) == {"file": LABEL}
    dropped = seen_under([{"content": parts}], {"media": "drop"})
    assert dropped[0]["content"][1] == {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}


def test_a_mask_that_looks_for_personal_data_describes_media_unless_it_keeps_them() -> None:
    """For no detector can look into an image; a mask for secrets alone leaves it."""
    compiled = policies(
        {
            "mail": [{"detect": ["email"]}],
            "output": [{"pattern": "ACC-[0-9]{8}", "paths": ["output"]}],
            "secrets": [{"detect": ["secrets"]}],
            "user": [{"paths": ["trace.user_id"], "action": "hash", "key": KEY}],
            "keeps": [{"detect": ["email"]}, {"media": "keep"}],
            "drops": [{"media": "drop"}],
        }
    )
    record = CallRecord(call_id="c-1", input=PNG, output=PNG)

    def seen(*names: str) -> tuple[Any, Any]:
        found = masked(record, compiled, *names)
        return found.input, found.output

    assert seen("mail") == (LABEL, LABEL)
    assert seen("output") == (PNG, LABEL)
    assert seen("secrets", "user", "keeps") == (PNG, PNG)
    assert seen("keeps", "mail") == seen("mail", "keeps") == (LABEL, LABEL)
    assert seen("drops", "mail") == seen("mail", "drops") == ("", "")


def test_what_a_detector_finds_in_data_decides() -> None:
    """Its action is the stricter one."""
    assert seen_under(f"{BARE} {CARD}", {"detect": ["credit_card"]}) == "[DATA 3 kB] [CREDIT_CARD]"
    piece = {"pattern": re.escape(BARE[300:320])}
    assert seen_under(BARE, piece) == "[REDACTED]"
    assert seen_under(BARE, {**piece, "action": "mask", "keep_last": 2}) == "****"


def test_a_description_is_not_masked_again() -> None:
    """Also by a step that writes no label of its own."""
    assert seen_under(f"{LABEL} DATA", {"pattern": "DATA|image", "action": "remove"}) == f"{LABEL} "


# -- cuts ----------------------------------------------------------------------------------------------


def test_long_texts_are_cut_everywhere_or_at_their_paths() -> None:
    """The least limit holds; the mark counts."""
    compiled = policies(
        {
            "all": [{"max_chars": 40}],
            "note": [{"paths": ["metadata.note", "input.content"], "max_chars": 32}],
        }
    )
    record = CallRecord(
        call_id="c-1", input=[{"content": "a" * 50}, "b" * 50], output="c" * 40, details={"note": "d" * 50, "n": 5}
    )
    seen = masked(record, compiled, "all", "note")
    assert seen.input == [{"content": "a" * 26 + "…[CUT]"}, "b" * 34 + "…[CUT]"]
    assert (seen.output, seen.generation["metadata"]) == ("c" * 40, {"note": "d" * 26 + "…[CUT]", "n": 5})
    assert seen.masked == {"max_chars": 3}
    only = masked(record, compiled, "note")
    assert (only.input[1], only.masked) == ("b" * 50, {"max_chars": 2})
    assert mask_value(seen.input, compiled, ["all", "note"])[0] == seen.input


@pytest.mark.parametrize("before", range(0, 50, 3))
def test_no_cut_hides_a_value_from_a_detector(before: int) -> None:
    """It is looked for first."""
    text = "x" * before + f" {EMAIL} " + "y" * 100
    seen = seen_under(text, {"max_chars": 40}, {"detect": ["email"]})
    assert len(seen) <= 40
    assert "jane" not in seen
