"""Long texts are encoded and decoded in steps, and read as if in one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.masking.blocks import BLOCK
from router.masking.fold import fold
from router.masking.utf8 import decoded, encoded, with_blanks


@given(st.integers(-6, 6), st.text(st.sampled_from("aé€😀\\nt"), max_size=8), st.binary(max_size=6))
def test_steps_change_nothing(shift: int, around: str, junk: bytes) -> None:
    """Wherever a step ends: within a character, an escaped line break, or what is no UTF-8."""
    text = "x" * (BLOCK - 4 + shift) + around + "y" * BLOCK + around
    data = text.encode()
    assert encoded(text) == data
    assert decoded(data) == text
    cut = data[: BLOCK - 4 + shift] + junk + data[BLOCK:]
    assert decoded(cut) == cut.decode("utf-8", "replace")
    whole = data.replace(b"\\n", b"  ").replace(b"\\t", b"  ").replace(b"\\r", b"  ")
    assert with_blanks(data) == whole


def test_a_line_break_across_two_steps_begins_a_word() -> None:
    """As one anywhere else."""
    text = ("x" * (BLOCK - 1) + "\\nAKIA" + "é").encode()
    shadow = fold(text)
    assert shadow is not None
    assert b"  AKIA" in shadow.spaced
