"""Luhn's check of every row of digits at once says the same as of each by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.masking.luhn import SIZES, luhn, rows

ANY = dict.fromkeys(SIZES, bytes(two < 100 for two in range(256)))
DIGITS = st.text("0123456789", min_size=1, max_size=20) | st.sampled_from(["4", "4111", "1111", "378282246310005"])


def one_by_one(groups: list[str], sizes: dict[int, bytes]) -> list[tuple[int, int]]:
    """What `rows` promises, spelled out."""
    found = []
    for index, group in enumerate(groups):
        if len(group) == 1 and index and len(groups[index - 1]) == 1:
            continue
        joined = ["".join(groups[index:end]).encode() for end in range(index + 1, min(index + 20, len(groups) + 1))]
        if any(len(row) in sizes and sizes[len(row)][int(row[:2])] and luhn(row) for row in joined):
            found.append((sum(map(len, groups[:index])), index))
    return found


@given(st.lists(DIGITS, min_size=1, max_size=30))
def test_all_at_once_as_one_by_one(groups: list[str]) -> None:
    """Rows of one or more groups, of every size of a card."""
    assert list(rows(" ".join(groups).encode(), ANY)) == one_by_one(groups, ANY)


@given(st.lists(DIGITS, min_size=1, max_size=30))
def test_only_rows_of_a_size_that_begin_as_they_may(groups: list[str]) -> None:
    """As the rows of a scheme do."""
    only = {16: bytes(two in range(40, 50) for two in range(256)), 15: bytes(two == 37 for two in range(256))}
    assert list(rows(" ".join(groups).encode(), only)) == one_by_one(groups, only)


def test_thousands_of_digits_one_by_one_in_pairs_and_in_fours() -> None:
    """What is held for one digit does not spill over into the next, however large the sums become."""
    groups = [*["9"] * 500, *["99", "0018", "4111"] * 500, "9" * 19, *["9"] * 19]
    assert list(rows(" ".join(groups).encode(), ANY)) == one_by_one(groups, ANY)
    assert one_by_one(groups, ANY)
