"""How masks compose: another mask or step uncovers nothing, their order hides nothing less, and once is enough."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from router.masking import mask_value
from tests.masks import KEY, policies

TEXT = "".join(map(chr, range(0x4E00, 0x4E00 + 40)))
"""Forty characters, each of which stands once and in nothing that masking writes."""
HOW: list[dict[str, Any]] = [
    {},
    {"as": "[X]"},
    {"action": "remove"},
    {"action": "hash", "key": KEY},
    *({"action": "mask", "keep_last": count} for count in (1, 2, 4, 8)),
]


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    """Return a step that hides a piece of the text, or the whole of it, in one of all ways."""
    how = draw(st.sampled_from(HOW))
    start = draw(st.integers(0, 39))
    piece = TEXT[start : draw(st.integers(start + 1, 40))]
    paths = draw(st.sampled_from([None, ["input"], ["input.a"], ["**.a"]]))
    where = {} if paths is None else {"paths": paths}
    kind = draw(st.integers(0, 5))
    if kind == 0 and paths not in (None, ["input"]):
        return {**where, **how}
    if kind == 1 and how.get("action") != "mask":
        return {"keys": [draw(st.sampled_from(["a", "b", "*a*"]))], **how}
    if kind == 2:
        return {"pattern": piece, "allow": [draw(st.sampled_from([piece, "other"]))], **where, **how}
    if kind == 3:
        return {"max_chars": draw(st.integers(32, 50)), **where}
    return {"pattern": piece, **where, **how}


masks = st.lists(st.lists(steps(), min_size=1, max_size=2), min_size=1, max_size=4)


def seen_under(lists: list[list[dict[str, Any]]]) -> Any:
    """Return what is left of the text in an object and in a list, under all the masks."""
    compiled = policies({f"m{number}": part for number, part in enumerate(lists)})
    return mask_value({"a": TEXT, "b": [TEXT, TEXT]}, compiled, [f"m{number}" for number in range(len(lists))])[0]


def visible(lists: list[list[dict[str, Any]]]) -> list[set[str]]:
    """Return the characters that are left at each of the three places."""
    seen = seen_under(lists)
    places = [seen.get("a", ""), *(seen["b"] if isinstance(seen.get("b"), list) else [seen.get("b", "")] * 2)]
    return [set(place) & set(TEXT) for place in places]


def without_cuts(lists: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Return the masks without what cuts: text before a cut may grow shorter, and then what follows is not cut."""
    return [kept for part in lists if (kept := [step for step in part if "max_chars" not in step])]


@given(masks)
@example([[{"pattern": "一"}, {"keys": ["a"]}], [{"paths": ["input.a"], "action": "remove"}]])
def test_another_mask_uncovers_no_character(lists: list[list[dict[str, Any]]]) -> None:
    """At no place, whatever its action, its exceptions, and where it holds."""
    lists = without_cuts(lists)
    shown = [visible(lists[:count]) for count in range(1, len(lists) + 1)]
    for fewer, more in pairwise(shown):
        assert all(after <= before for before, after in zip(fewer, more, strict=True))


BOUND: dict[str, Any] = {"pattern": TEXT[1:9], "paths": ["input.a"], "action": "mask", "keep_last": 1}


@given(masks, st.randoms(use_true_random=False))
@example([[{"pattern": "一"}, BOUND], [{"pattern": "一", "action": "mask", "keep_last": 1}, BOUND]], Random(1))
@example([[{"pattern": "一"}, BOUND], [{"pattern": "一", "action": "mask", "keep_last": 1}, BOUND]], Random(2))
def test_the_order_of_masks_does_not_matter(lists: list[list[dict[str, Any]]], random: Any) -> None:
    """For what is hidden; of two labels one is written."""
    lists = without_cuts(lists)
    other = random.sample(lists, len(lists))
    if lists:
        assert visible(lists) == visible(other)


@given(masks)
def test_masking_again_changes_nothing(lists: list[list[dict[str, Any]]]) -> None:
    """Labels, pseudonyms and cuts are left as they are; of the end of a value that was kept less may be left.

    For what reads `****1234` may be what masking wrote, or a short value that somebody wrote stars before.
    """
    compiled = policies({f"m{number}": part for number, part in enumerate(lists)})
    names = [f"m{number}" for number in range(len(lists))]
    once, _ = mask_value({"a": TEXT, "b": [TEXT, TEXT]}, compiled, names)
    again, _ = mask_value(once, compiled, names)
    if "mask" not in [step.get("action") for part in lists for step in part]:
        assert again == once
    assert set(json.dumps(again, ensure_ascii=False)) <= set(json.dumps(once, ensure_ascii=False)) | {"*"}


def test_thousands_of_values_are_each_replaced_where_they_stand() -> None:
    """They are put in order in blocks; here the one that finds the last looks first."""
    compiled = policies({"m": [{"pattern": "b[0-9]+", "as": "[B]"}, {"pattern": "a[0-9]+", "as": "[A]"}]})
    masked, counts = mask_value("".join(f"{'ab'[n // 3_000]}{n:030} " for n in range(6_000)), compiled, ["m"])
    assert masked == "[A] " * 3_000 + "[B] " * 3_000
    assert counts.total() == 6_000
