"""Luhn's check digit: of one number, and of every row of digits in a long run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

SIZES: Final = range(12, 20)
"""Digits of a payment card number."""
_DIGITS, _FIRST_OF_GROUP = b"0123456789", b"abcdefghij"
_LETTERS = [(b" %c" % digit, b"%c" % letter) for digit, letter in zip(_DIGITS, _FIRST_OF_GROUP, strict=True)]
"""A digit that begins a group is written as a letter, so that each byte is a digit."""
_IS_LETTER = bytes(byte in _FIRST_OF_GROUP for byte in range(256))
_VALUES = bytes.maketrans(_DIGITS + _FIRST_OF_GROUP, bytes(range(10)) * 2)
_DOUBLED = bytes.maketrans(_DIGITS + _FIRST_OF_GROUP, bytes(2 * d - 9 * (d > 4) for d in range(10)) * 2)
_ENDS_IN_ZERO = bytes(sum_ % 10 == 0 for sum_ in range(256))


def luhn(digits: bytes) -> bool:
    """Return whether the last of `digits` (ASCII) is the Luhn check digit of the others."""
    straight, doubled = digits[-1::-2], digits[-2::-2].translate(_DOUBLED)
    return (sum(straight) - 48 * len(straight) + sum(doubled)) % 10 == 0


def rows(groups: bytes, prefixes: Mapping[int, bytes]) -> Iterator[tuple[int, int]]:
    """Yield in order (digits, groups) before each row of whole groups that passes.

    All at once, in a number that holds a byte for each digit: added to itself shifted it holds the sums of two, of
    four, of eight digits. No byte overflows, for the largest sum is 9 * 19.

    Args:
        groups: digits in ASCII, a blank between each group and the next.
        prefixes: by the sizes of rows, all of `SIZES`, which numbers its first two digits may be: a table of 256 bytes,
            each 0 or 1.
    """
    for digit, letter in _LETTERS:
        groups = groups.replace(digit, letter)
    size = len(groups) + 1
    straight, doubled = _number(groups.translate(_VALUES)), _number(groups.translate(_DOUBLED))
    ends = _number(b"\1" + groups[1:].translate(_IS_LETTER) + b"\1")
    pairs = (10 * straight + (straight >> 8)).to_bytes(size, "little")
    sums = _sums(straight, doubled)
    found = 0
    for row, table in prefixes.items():
        passing = _number(sums(row).to_bytes(size, "little").translate(_ENDS_IN_ZERO))
        found |= passing & _number(pairs.translate(table)) & (ends >> 8 * row)
    # Digits one by one are one row: none begins in its midst.
    single = ends & (ends >> 8)
    begins = (found & ends & ~(single & (single << 8))).to_bytes(size, "little")
    before = ends.to_bytes(size, "little")
    position = begins.find(1)
    while position >= 0:
        yield position, before.count(1, 0, position)
        position = begins.find(1, position + 1)


def _number(bytes_: bytes) -> int:
    return int.from_bytes(bytes_, "little")


def _sums(straight: int, doubled: int) -> Callable[[int], int]:
    """Return what returns, for a size of `SIZES`, Luhn's sum of as many digits from each on, a byte for each."""
    two = doubled + (straight >> 8)
    four = two + (two >> 16)
    eight = four + (four >> 32)
    twelve, sixteen = eight + (four >> 64), eight + (eight >> 64)
    even = {12: twelve, 14: twelve + (two >> 96), 16: sixteen, 18: sixteen + (two >> 128)}
    return lambda size: even[size] if size % 2 == 0 else straight + (even[size - 1] >> 8)
