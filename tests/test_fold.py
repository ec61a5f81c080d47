"""The folded text is looked at where it reads otherwise than the original does, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.masking import mask_text
from router.masking.fold import fold
from tests.linear import takes_linear_time
from tests.masks import CARD, EMAIL, policies

BOTH = policies({"all": [{"detect": ["pii", "secrets"]}]})
FILLER = "the quick brown fox jumps over the lazy dog "


def test_only_the_surroundings_of_what_was_folded_are_looked_at_again() -> None:
    """They begin and end at blanks, so that no value and no word is cut."""
    shadow = fold((FILLER * 50 + "jane%40example.com " + FILLER * 50).encode())
    assert shadow is not None
    ((start, part),) = shadow.changed()
    assert b"jane@example.com" in part
    assert len(part) < 700
    assert shadow.text[start : start + len(part)] == part
    assert (part[:1], shadow.text[start + len(part) : start + len(part) + 1]) == (b" ", b" ")


def test_a_text_full_of_escapes_is_looked_at_as_a_whole() -> None:
    """Parts of it would only be more work."""
    shadow = fold(b"a%20b " * 200)
    assert shadow is not None
    assert shadow.changed() == [(0, shadow.text)]


@pytest.mark.parametrize("value", [CARD.replace("4", "%34"), EMAIL.replace("@", "%40"), EMAIL.replace("@", "\\u0040")])
@given(before=st.integers(0, 60), after=st.integers(0, 60), glue=st.sampled_from([" ", "\n", "=", '"']))
def test_a_disguised_value_is_found_wherever_it_stands(value: str, before: int, after: int, glue: str) -> None:
    """Among any amount of ordinary text, at its beginning and at its end."""
    masked, counts = mask_text(f"{FILLER * before}{glue}{value}{glue}{FILLER * after}", BOTH, ["all"])
    assert value not in masked
    assert counts.total() >= 1


def test_a_long_value_without_a_blank_is_whole() -> None:
    """A kilobyte of a token stands before what was folded, and one behind."""
    shadow = fold((FILLER * 99 + "k" * 1000 + "%40" + "k" * 1000 + " " + FILLER * 99).encode())
    assert shadow is not None
    ((_, part),) = shadow.changed()
    assert b"k" * 1000 + b"@" + b"k" * 1000 in part


@pytest.mark.parametrize("text", ["a%40b", "a%40" + "b" * 600, "%40 ", "a" * 700 + "%40"])
def test_finding_the_parts_takes_linear_time(text: str) -> None:
    """Also where no blank ends any of them."""

    def find_parts(data: bytes) -> None:
        if (shadow := fold(data)) is not None:
            shadow.changed()

    assert takes_linear_time(find_parts, text)
