"""Values that are split across adjacent texts: the parts of a message, chunks, tags."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.masking import mask_value
from router.routing.record import CallRecord
from tests.linear import cpu_seconds
from tests.masks import AWS_KEY, CARD, EMAIL, OPENAI_KEY, dump, everything, masked, masked_input, policies

EVERYTHING = everything()


def parts(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text} for text in texts]


def test_a_value_that_two_parts_of_a_message_share_is_hidden_in_both() -> None:
    """Its label stands where it begins; what stands around it stays."""
    given_parts = parts(f"key {AWS_KEY[:10]}", f"{AWS_KEY[10:]} of ours", EMAIL)
    assert masked_input([{"role": "user", "content": given_parts}], EVERYTHING, "all") == [
        {"role": "user", "content": parts("key [API_KEY]", " of ours", "[EMAIL]")}
    ]


def test_chunks_of_a_list_are_read_as_one_text() -> None:
    """However many, also with an image between."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert masked_input(["AKIALAL", "EMEL332", "43OLIB", "!"], EVERYTHING, "all") == ["[API_KEY]", "", "", "!"]
    seen = masked_input([*parts(CARD[:9]), image, *parts(CARD[9:])], EVERYTHING, "all")
    assert seen == [*parts("[CREDIT_CARD]"), image, *parts("")]


def test_a_word_that_ends_with_its_part_begins_a_new_one() -> None:
    """`Bearer` and its token in two parts are a header too."""
    compiled = policies({"m": [{"pattern": "pin [0-9]{4}", "as": "[PIN]"}]})
    assert masked_input(["my pin", "1234 ok", "my pi", "n 1234"], compiled, "m") == ["my [PIN]", " ok", "my [PIN]", ""]


def test_what_is_split_is_counted_once_and_keeps_its_end_once() -> None:
    """As if it had stood in one text."""
    compiled = policies({"m": [{"detect": ["credit_card"], "action": "mask", "keep_last": 4}]})
    seen = masked(CallRecord(call_id="c-1", input=[CARD[:12], CARD[12:]]), compiled, "m")
    assert (seen.input, seen.masked) == (["****1111", ""], {"credit_card": 1})


def test_what_is_left_of_a_number_is_read_on_into_the_next_text() -> None:
    """A number is a text once something of it was taken out."""
    compiled = policies({"m": [{"pattern": "99", "action": "remove"}, {"pattern": "1234"}]})
    assert masked_input([1299, "34 ok"], compiled, "m") == ["[REDACTED]", " ok"]


def test_texts_that_only_stand_side_by_side_stay() -> None:
    """No byte changes where nothing is split."""
    given_list = ["Hello", "world 4111", "1112 and more", "a@", "b", {"text": "c"}, {"text": 5}, 7, None]
    assert masked_input(given_list, EVERYTHING, "all") == given_list


def test_a_secret_that_goes_on_in_the_next_text_is_hidden_to_its_end() -> None:
    """Although its beginning alone would have been found."""
    assert masked_input([f"use {OPENAI_KEY}", "Xy7Zw9 now"], EVERYTHING, "all") == ["use [API_KEY]", " now"]


def test_a_path_that_reaches_one_part_reads_on_into_the_next() -> None:
    """And a part that is hidden as a whole stays so."""
    compiled = policies(
        {"m": [{"detect": ["email"], "paths": ["input.content.text"]}, {"paths": ["input.content[0]"]}]}
    )
    seen = masked_input({"content": parts("jane.", "jane.doe@", "example.com")}, compiled, "m")
    assert seen == {"content": ["redacted-by-litellm", *parts("[EMAIL]", "")]}


VALUES = st.sampled_from([EMAIL, CARD, AWS_KEY])


@given(VALUES, st.lists(st.integers(1, 18), min_size=1, max_size=3, unique=True), st.booleans())
def test_no_way_to_split_a_value_uncovers_it(value: str, cuts: list[int], as_parts: bool) -> None:
    """Of a secret or a number nothing but its label is left, of an address at most a word; and that for good."""
    edges = [0, *sorted(cuts), len(value)]
    texts = [value[start:end] for start, end in pairwise(edges)]
    texts = [f"see {texts[0]}", *texts[1:-1], f"{texts[-1]} there"]
    content: Any = parts(*texts) if as_parts else texts
    seen = masked_input(content, EVERYTHING, "all")
    left = "".join(item["text"] if as_parts else item for item in seen)
    if value == EMAIL:
        assert "[EMAIL]" in left
        assert "@" not in left
    else:
        assert left in ("see [CREDIT_CARD] there", "see [API_KEY] there")
    assert mask_value(seen, EVERYTHING, ["all"])[0] == seen
    assert value not in dump(masked(CallRecord(call_id="c-1", output=content), EVERYTHING, "all"))


def test_a_long_list_of_addresses_takes_linear_time() -> None:
    """Each is looked at beside its neighbours, not beside all others."""

    def seconds(count: int) -> float:
        texts = [f"u{index}@example.com" for index in range(count)]
        return cpu_seconds(lambda: mask_value(list(texts), EVERYTHING, ["all"]))

    assert seconds(2_000) < 12 * seconds(250) + 0.05
