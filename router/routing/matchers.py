"""`match:` compiled to predicates that can also say, in words, why they hold or not."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from router.config.model import Match, MatchOperators
from router.config.tables import NO_VOCABULARY, Table, Vocabulary
from router.routing.attributes import Texts, text_of, texts_getter
from router.routing.numbers import number_in
from router.routing.record import CallRecord

Predicate = Callable[[CallRecord], bool]
TableOf = Callable[[MatchOperators], Table | None]
"""The table that operators of one attribute look into."""
_LOOK_UPS = frozenset({"in_", "known", "has"})
_ORDERING: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "gt": (operator.gt, ">"),
    "gte": (operator.ge, "≥"),
    "lt": (operator.lt, "<"),
    "lte": (operator.le, "≤"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition.

    Attributes:
        holds: the test itself; never raises for a record of the declared types.
        why: one line on why it holds, or why it does not, for this record.
        attributes: names of the attributes it reads.
        keys: where it can only hold for some texts, the attribute and the texts one of which it must have; else None.
    """

    holds: Predicate
    why: Callable[[CallRecord], str]
    attributes: frozenset[str] = frozenset()
    keys: tuple[str, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class _Test:
    """A test over the texts of one attribute, with the words that finish the sentence `<attribute> …`."""

    holds: Callable[[Texts], bool]
    words: str


def compile_match(
    match: Match, vocabulary: Vocabulary = NO_VOCABULARY, *, in_doubt: bool = False
) -> tuple[Condition, ...]:
    """Compile the conditions of one `match:`; all of them must hold.

    `in_doubt` is the answer where a value is to be compared with a number and is none: True for what must not be
    evaded, such as an overlay with masks.
    """
    conditions = [_on_attribute(name, matcher, vocabulary, in_doubt) for name, matcher in match.attributes().items()]
    if match.any is not None:
        branches = [compile_match(inner, vocabulary, in_doubt=in_doubt) for inner in match.any]
        conditions.append(_any(tuple(map(conjunction, branches))))
    for inner in match.all or ():
        conditions.extend(compile_match(inner, vocabulary, in_doubt=in_doubt))
    if match.not_ is not None:
        conditions.append(_not(conjunction(compile_match(match.not_, vocabulary, in_doubt=not in_doubt))))
    return tuple(conditions)


def conjunction(conditions: Sequence[Condition]) -> Condition:
    """Return the condition that holds when all of `conditions` do; its reason is the first that fails."""
    if len(conditions) == 1:
        return conditions[0]
    predicates = tuple(condition.holds for condition in conditions)

    def holds(record: CallRecord) -> bool:
        return all(predicate(record) for predicate in predicates)

    def why(record: CallRecord) -> str:
        failing = [condition for condition in conditions if not condition.holds(record)]
        return ", ".join(condition.why(record) for condition in failing[:1] or conditions) or "no conditions"

    return Condition(holds, why, _read_by(conditions))


def _read_by(conditions: Iterable[Condition]) -> frozenset[str]:
    return frozenset().union(*(condition.attributes for condition in conditions))


def _any(branches: tuple[Condition, ...]) -> Condition:
    def why(record: CallRecord) -> str:
        holding = [branch for branch in branches if branch.holds(record)]
        return holding[0].why(record) if holding else "none of: " + " | ".join(b.why(record) for b in branches)

    return Condition(lambda record: any(branch.holds(record) for branch in branches), why, _read_by(branches))


def _not(inner: Condition) -> Condition:
    return Condition(
        lambda record: not inner.holds(record), lambda record: f"not ({inner.why(record)})", inner.attributes
    )


def _on_attribute(name: str, matcher: Any, vocabulary: Vocabulary, in_doubt: bool) -> Condition:
    texts = texts_getter(name, vocabulary)
    test = _compile_matcher(matcher, lambda operators: vocabulary.of(name, operators), in_doubt)
    holds = test.holds

    def why(record: CallRecord) -> str:
        found = texts(record)
        if holds(found):
            return f"{name} {test.words}" if len(found) == 1 else f"{name} {_quote(found)} {test.words}"
        return f"{name} {test.words}, got {_quote(found)}" if found else f"{name} {test.words}, but it is missing"

    wanted = frozenset(_texts(_wanted(matcher))) or vocabulary.admitted(name, matcher)
    return Condition(lambda record: holds(texts(record)), why, frozenset({name}), (name, wanted) if wanted else None)


def _wanted(matcher: Any) -> Sequence[Any]:
    """Return the values of a matcher that is nothing but a test for equality with one of them."""
    if not isinstance(matcher, MatchOperators):
        return matcher if isinstance(matcher, (list, tuple)) else [matcher]
    return (matcher.any_of or []) if matcher.model_fields_set == {"any_of"} else []


def _compile_matcher(matcher: Any, table_of: TableOf, in_doubt: bool) -> _Test:
    if isinstance(matcher, MatchOperators):
        return _compile_operators(matcher, table_of, in_doubt)
    wanted = _texts(_wanted(matcher))
    words = f"= {_quote(wanted)}" if len(wanted) == 1 else f"∈ {_listed(wanted)}"
    return _Test(_contains_any(wanted), words)


def _compile_operators(operators: MatchOperators, table_of: TableOf, in_doubt: bool) -> _Test:
    tests = [
        _look_up(key, getattr(operators, key), table_of(operators))
        if key in _LOOK_UPS
        else _compile_operator(key, getattr(operators, key), table_of, in_doubt)
        for key in sorted(operators.model_fields_set)
    ]
    if len(tests) == 1:
        return tests[0]
    parts = tuple(test.holds for test in tests)
    return _Test(lambda texts: all(part(texts) for part in parts), " and ".join(test.words for test in tests))


def _look_up(key: str, operand: Any, table: Table | None) -> _Test:
    """Compile a test for a row; `router.config` has checked that there is a table."""
    rows = table.with_column(operand) if table is not None and key == "has" else table.rows if table is not None else ()
    named = table.name if table is not None else ""
    found = _contains_any(rows)
    if key == "known" and operand is False:
        return _Test(lambda texts: not found(texts), f"not in table {named}")
    return _Test(found, f"in table {named} with {operand}" if key == "has" else f"in table {named}")


def _compile_operator(key: str, operand: Any, table_of: TableOf, in_doubt: bool) -> _Test:
    if key == "not_":
        inner = _compile_matcher(operand, table_of, not in_doubt)
        return _Test(lambda texts: not inner.holds(texts), f"not {inner.words}")
    if key == "glob":
        return _Test(_glob(operand), f"like {_quote([operand])}")
    if key == "regex":
        return _Test(_full_match(operand), f"matching /{operand}/")
    if key == "exists":
        return _Test(lambda texts: bool(texts) is operand, "exists" if operand else "is missing")
    if key in _ORDERING:
        compare, sign = _ORDERING[key]
        return _Test(_compares(compare, operand, in_doubt), f"{sign} {text_of(operand)}")
    wanted = _texts(operand)
    if key == "any_of":
        return _Test(_contains_any(wanted), f"has one of {_listed(wanted)}")
    if key == "all_of":
        return _Test(lambda texts: set(wanted).issubset(texts), f"has all of {_listed(wanted)}")
    return _Test(lambda texts: set(wanted).isdisjoint(texts), f"has none of {_listed(wanted)}")


def _contains_any(wanted: Iterable[str]) -> Callable[[Texts], bool]:
    keys = frozenset(wanted)
    return lambda texts: not keys.isdisjoint(texts)


def _compares(compare: Callable[[float, float], bool], operand: float, in_doubt: bool) -> Callable[[Texts], bool]:
    """Return the test for one value that spells a number and compares so; for any other value it is in doubt."""

    def holds(texts: Texts) -> bool:
        number = number_in(texts[0]) if len(texts) == 1 else None
        return compare(number, operand) if number is not None else in_doubt and bool(texts)

    return holds


def _glob(pattern: str) -> Callable[[Texts], bool]:
    prefix = pattern[:-1]
    if pattern.endswith("*") and not any(char in prefix for char in "*?[\\"):
        return lambda texts: any(text.startswith(prefix) for text in texts)
    return _full_match(glob_to_regex(pattern))


def _full_match(pattern: str) -> Callable[[Texts], bool]:
    compiled = re2.compile(f"(?s:{pattern})")
    return lambda texts: any(compiled.fullmatch(_encodable(text)) is not None for text in texts)


def _encodable(text: str) -> str:
    """Return the text as RE2 can read it: half a surrogate pair, which any client can send, becomes `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def glob_to_regex(pattern: str) -> str:
    """Translate a shell pattern (`*`, `?`, `[…]`, `[!…]`) to RE2; a `[` that is never closed stands for itself."""
    out: list[str] = []
    i = 0
    while i < len(pattern):
        char = pattern[i]
        i += 1
        end = pattern.find("]", i + 1) if char == "[" else -1
        if char == "*":
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif end > 0:
            inner = pattern[i:end]
            negated = inner.startswith("!")
            body = inner[negated:].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            out.append(f"[{'^' if negated else ''}{body}]")
            i = end + 1
        else:
            out.append(re2.escape(char))
    return "".join(out)


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(text for value in values if (text := text_of(value)) is not None)


def _quote(texts: Sequence[str]) -> str:
    return f'"{_short(texts[0])}"' if len(texts) == 1 else _listed(texts)


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(_short(text) for text in texts[:8])
    return f"[{shown}, …]" if len(texts) > 8 else f"[{shown}]"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
