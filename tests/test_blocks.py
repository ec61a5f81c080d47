"""Long bytes are put together in blocks, and read as if in one go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.masking.blocks import BLOCK, Pieces


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 7, BLOCK, BLOCK + 1, 2 * BLOCK + 5]), st.binary(max_size=3)), max_size=5)
)
def test_pieces_make_the_bytes_of_which_they_are(parts: list[tuple[int, bytes]]) -> None:
    """Long ones too, whose end stands in no block with their beginning."""
    data = bytes(range(251)) * (3 * BLOCK // 251 + 1)
    pieces, expected = Pieces(), b""
    for size, then in parts:
        pieces.add(data, 3, 3 + size, then)
        expected += data[3 : 3 + size] + then
    assert pieces.joined() == expected


def test_many_pieces_are_joined_in_order() -> None:
    """They go by thousands."""
    pieces = Pieces()
    for number in range(20_000):
        pieces.add(b"0123456789", number % 7, 8, b"%d" % number)
    assert pieces.joined() == b"".join(b"0123456789"[number % 7 : 8] + b"%d" % number for number in range(20_000))
