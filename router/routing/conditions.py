"""`when:` evaluated: a JMESPath condition over the attributes, with a third answer for "cannot be evaluated"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jmespath.exceptions import JMESPathError

from router.config.expressions import compile_expression
from router.config.tables import NO_VOCABULARY, Vocabulary
from router.routing.attributes import context_getter
from router.routing.record import CallRecord

_FAILURES = (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError)
Verdict = bool | None
"""True, False, or None when the condition cannot be evaluated for this call."""


def attributes_of(text: str, vocabulary: Vocabulary = NO_VOCABULARY) -> frozenset[str]:
    """Return the root attributes that a condition reads: names of attributes, `metadata`, `header`."""
    return frozenset(compile_expression(text, declared=vocabulary.kinds).attributes)


def compile_when(text: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Callable[[CallRecord], Verdict]:
    """Compile a condition that `router.config` has checked.

    null is false where the values that the condition starts from are missing. Where they are there, null means that
    they cannot be compared, and gives None: so does any other result that is not a boolean, and an error inside a
    function.
    """
    expression = compile_expression(text, declared=vocabulary.kinds)
    context_of = context_getter(expression.attributes, vocabulary)

    def decide(record: CallRecord) -> Verdict:
        context = context_of(record)
        try:
            result = expression.search(context)
            if result is None:
                return None if expression.finds_any(context) else False
        except _FAILURES:
            return None
        return result if isinstance(result, bool) else None

    return decide


def compile_value(text: str, vocabulary: Vocabulary = NO_VOCABULARY) -> Callable[[CallRecord], Any]:
    """Compile a `{expr: …}` value; a call for which it cannot be evaluated has none."""
    expression = compile_expression(text, declared=vocabulary.kinds)
    search, context_of = expression.search, context_getter(expression.attributes, vocabulary)

    def value(record: CallRecord) -> Any:
        try:
            return search(context_of(record))
        except _FAILURES:
            return None

    return value
