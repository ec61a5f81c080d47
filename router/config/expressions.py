"""JMESPath over attributes: compiled once, and checked without a call at hand."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jmespath import exceptions
from jmespath.parser import Parser
from jmespath.visitor import TreeInterpreter

from router.config.attributes import Kind
from router.config.expression_check import NOTHING_DECLARED, Finding, check_tree

MAX_LENGTH = 4096
"""Characters of one expression."""
MAX_DEPTH = 64
"""Operations inside each other; more could exhaust the stack of the host."""


class ExpressionError(ValueError):
    """The expression is wrong; `findings` says what, with offsets into its text."""

    def __init__(self, text: str, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.text = text
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        text: the source.
        starts: the parts of the tree that only name a value, such as `metadata.amount`.
        attributes: root attributes it reads (`team`, `tags`, `metadata`, `header`), sorted.
        findings: what the static check found; empty after `compile_expression`.
        kind: kind of the result as far as it is known before a call, "open" otherwise.
    """

    text: str
    tree: Mapping[str, Any]
    starts: tuple[Mapping[str, Any], ...]
    attributes: tuple[str, ...]
    findings: tuple[Finding, ...]
    kind: str

    @property
    def reads(self) -> tuple[str, ...]:
        """The values it reads as dotted names (`metadata.amount`); only roots where it does more than name them."""
        if _has_only(self.tree, _COMBINING | {"field", "subexpression", "literal"}):
            return tuple(dict.fromkeys(_dotted(start) for start in self.starts))
        return self.attributes

    def search(self, scope: Mapping[str, Any]) -> Any:
        """Evaluate over bound attributes: names to values, `metadata` and `header` as mappings.

        Raises:
            jmespath.exceptions.JMESPathError: a function got a value it does not take.
        """
        return _INTERPRETER.visit(self.tree, scope)

    def finds_any(self, scope: Mapping[str, Any]) -> bool:
        """Tell whether any of the values that the expression starts from (`metadata.amount`) is there."""
        return any(_INTERPRETER.visit(start, scope) is not None for start in self.starts)


_INTERPRETER = TreeInterpreter()


def compile_expression(
    text: str, *, boolean: bool = False, declared: Mapping[str, Kind] = NOTHING_DECLARED
) -> Expression:
    """Parse and check an expression.

    Args:
        text: JMESPath.
        boolean: whether the result must be able to be true or false, as that of `when:`.
        declared: kinds of the attributes that the file declares.

    Raises:
        ExpressionError: it does not parse, or names an attribute or function that does not exist, or cannot work.
    """
    expression = read_expression(text, boolean=boolean, declared=declared)
    if expression.findings:
        raise ExpressionError(text, expression.findings)
    return expression


def read_expression(text: str, *, boolean: bool = False, declared: Mapping[str, Kind] = NOTHING_DECLARED) -> Expression:
    """Do what `compile_expression` does, but leave the findings in the result.

    Raises:
        ExpressionError: it does not even parse.
    """
    tree = _parse(text)
    checked = check_tree(tree, boolean=boolean, declared=declared)
    attributes = tuple(sorted(checked.attributes))
    return Expression(text, tree, tuple(_starts(tree)), attributes, tuple(checked.findings), checked.kind)


def _has_only(tree: Mapping[str, Any], kinds: frozenset[str]) -> bool:
    return tree["type"] in kinds and all(
        _has_only(child, kinds) for child in tree["children"] if isinstance(child, dict)
    )


def _dotted(start: Mapping[str, Any]) -> str:
    if start["type"] == "field":
        return str(start["value"])
    return ".".join(_dotted(child) for child in start["children"])


_COMBINING = frozenset({"comparator", "and_expression", "or_expression", "not_expression", "function_expression"})


def _starts(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the largest parts of a tree that do nothing but name a value of the scope."""
    children = [child for child in node["children"] if isinstance(child, dict)]
    if node["type"] == "field" or (node["type"] == "subexpression" and all(c["type"] in _NAMING for c in children)):
        yield node
    elif node["type"] in _COMBINING:
        for child in children:
            yield from _starts(child)


_NAMING = frozenset({"field", "subexpression", "index_expression", "index"})


def _parse(text: str) -> dict[str, Any]:
    if len(text) > MAX_LENGTH:
        raise _syntax(text, f"the expression is longer than {MAX_LENGTH} characters", 0, len(text))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # of literals that are refused anyway
            tree: dict[str, Any] = _Parser().parse_tree(text)
    except _NotJson as error:
        raise _syntax(text, "what stands in backticks must be JSON", error.start, error.end) from None
    except RecursionError:
        raise _syntax(text, "the expression nests too deep", 0, len(text)) from None
    except exceptions.IncompleteExpressionError:
        raise _syntax(text, "the expression ends too early", len(text), len(text)) from None
    except exceptions.ParseError as error:
        start = min(error.lex_position, len(text))
        shown = f"`{error.token_value}`" if error.token_value else "the end"
        raise _syntax(text, f"{shown} is not expected here", start, start + 1) from None
    except exceptions.LexerError as error:
        start = min(error.lexer_position, len(text))
        raise _syntax(text, f"`{text[start : start + 1]}` is not expected here", start, start + 1) from None
    except exceptions.EmptyExpressionError:
        raise _syntax(text, "the expression is empty", 0, len(text)) from None
    except ValueError:
        raise _syntax(text, "the expression cannot be read", 0, len(text)) from None
    if _depth(tree) > MAX_DEPTH:
        raise _syntax(text, f"more than {MAX_DEPTH} operations inside each other", 0, len(text))
    return tree


def _syntax(text: str, message: str, start: int, end: int) -> ExpressionError:
    return ExpressionError(
        text, (Finding("RT204", message, start, min(end, len(text)), hint=_syntax_hint(text, start)),)
    )


def _syntax_hint(text: str, start: int) -> str:
    char = text[start : start + 1]
    if char == "`":
        return "texts stand in single quotes, numbers in backticks: 'x', `10`"
    if char == "=" or text[max(0, start - 1) : start] == "=":
        return "write `==` to compare"
    if char == "-":
        return 'a name with a dash stands in double quotes: header."x-team"'
    words = set(text.lower().split())
    if words & {"and", "or", "not", "in"}:
        return "JMESPath writes `&&`, `||`, `!`, and contains(list, 'x')"
    return "JMESPath looks like: team == 'payments' && contains(tags, 'prod')"


def _depth(tree: dict[str, Any]) -> int:
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in node["children"] if isinstance(child, dict))
    return deepest


class _NotJson(ValueError):
    """A literal in backticks is not JSON; jmespath would take it for a text, with a warning to nobody."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__()
        self.start = start
        self.end = end


def _check_json(text: str, start: int, end: int) -> None:
    try:
        json.loads(text[start + 1 : end - 1].replace("\\`", "`"))
    except ValueError:
        raise _NotJson(start, end) from None


class _Parser(Parser):  # type: ignore[misc]
    """The parser of jmespath, noting in every node of the tree where it stands: `span`, two offsets."""

    def parse_tree(self, text: str) -> dict[str, Any]:
        self._text = text
        tree: dict[str, Any] = self._do_parse(text).parsed
        return tree

    def _expression(self, binding_power: int = 0) -> dict[str, Any]:
        first = self._index
        node: dict[str, Any] = super()._expression(binding_power)
        node.setdefault("span", self._span(first))
        return node

    def _token_nud_unquoted_identifier(self, token: dict[str, Any]) -> dict[str, Any]:
        return {**super()._token_nud_unquoted_identifier(token), "span": self._span(self._index - 1)}

    def _token_nud_quoted_identifier(self, token: dict[str, Any]) -> dict[str, Any]:
        span = self._span(self._index - 1)
        return {**super()._token_nud_quoted_identifier(token), "span": span, "quoted": True}

    def _token_nud_literal(self, token: dict[str, Any]) -> dict[str, Any]:
        start, end = self._span(self._index - 1)
        if self._text[start] == "`":
            _check_json(self._text, start, end)
        return {**super()._token_nud_literal(token), "span": (start, end)}

    def _token_led_lparen(self, left: dict[str, Any]) -> dict[str, Any]:
        return {**super()._token_led_lparen(left), "span": left.get("span", (0, 0))}

    def _span(self, first: int) -> tuple[int, int]:
        """Return where the tokens from `first` up to the current one stand."""
        start = self._tokens[first]["start"]
        end = self._tokens[self._index]["start"]
        return start, start + len(self._text[start:end].rstrip())
