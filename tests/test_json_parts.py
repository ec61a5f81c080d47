"""Long plain data is written in parts, and read as if in one go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.masking.blocks import BLOCK
from router.masking.json_parts import json_parts, let_go

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
LONG = st.sampled_from(["é\n" * 600, '"\\' * BLOCK])
TREES = st.recursive(
    LEAVES | LONG,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(TREES, st.sampled_from([(", ", ": "), (",", ":")]))
def test_parts_are_the_json_of_the_whole(value: Any, separators: tuple[str, str]) -> None:
    """Of any shape."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=separators)
    assert "".join(json_parts(value, encoder)) == encoder.encode(value)


@pytest.mark.parametrize(
    "value",
    [
        [*range(10_000)],
        [["a"]] * 1_000,
        {str(n): n for n in range(10_000)},
        ["b" * 2_000, 1, 2, {"c": "d"}] * 100,
        "e" * BLOCK * 4,
    ],
    ids=["numbers", "lists", "members", "mixed", "text"],
)
def test_no_part_is_long(value: Any) -> None:
    """Whatever there is much of."""
    encoder = json.JSONEncoder(ensure_ascii=False)
    parts = [*json_parts(value, encoder)]
    assert "".join(parts) == encoder.encode(value)
    assert max(map(len, parts)) <= BLOCK


@given(TREES)
def test_what_is_let_go_is_empty(value: Any) -> None:
    """Every container, wherever it is."""
    containers = [*_containers(value)]
    let_go(value)
    assert not any(containers)


def _containers(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [
        *([value] if isinstance(value, (dict, list)) else []),
        *(each for item in items for each in _containers(item)),
    ]
