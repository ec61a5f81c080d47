"""The static check of a JMESPath tree: unknown names, wrong arguments, and comparisons that can never hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jmespath.functions import Functions

from router.config.attributes import BUILTIN_ATTRIBUTES, OPEN_FAMILIES, Kind
from router.config.suggest import did_you_mean

Node = Mapping[str, Any]
_TYPES = {"bool": "boolean", "list": "array", "number": "number"}
NOTHING_DECLARED: Mapping[str, Kind] = MappingProxyType({})
_ROOT: dict[str, str] = {name: _TYPES.get(kind, "string") for name, kind in BUILTIN_ATTRIBUTES.items()} | dict.fromkeys(
    OPEN_FAMILIES, "object"
)
"""JMESPath type of every attribute."""
_RESULTS = {
    "abs": "number", "avg": "number", "ceil": "number", "contains": "boolean", "ends_with": "boolean",
    "floor": "number", "join": "string", "keys": "array", "length": "number", "map": "array", "merge": "object",
    "sort": "array", "sort_by": "array", "starts_with": "boolean", "sum": "number", "to_array": "array",
    "to_string": "string", "type": "string", "values": "array",
}  # fmt: skip
_FUNCTIONS: Mapping[str, Any] = Functions.FUNCTION_TABLE
_WORDS = {"string": "text", "array": "a list", "object": "a mapping", "boolean": "true or false", "number": "a number"}
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding inside a text; `start` and `end` are offsets into it."""

    code: str
    message: str
    start: int
    end: int
    label: str = ""
    hint: str = ""


@dataclass(slots=True)
class Checked:
    """What the walk learned about a tree."""

    findings: list[Finding] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    kind: str = OPEN


def check_tree(tree: Node, *, boolean: bool, declared: Mapping[str, Kind] = NOTHING_DECLARED) -> Checked:
    """Walk a parsed expression. `boolean`: its result must be able to be true or false."""
    root = _ROOT | {name: _TYPES.get(kind, "string") for name, kind in declared.items()}
    walk = _Walk(root)
    kind = walk.kind_of(tree, root)
    checked = walk.checked
    checked.kind = kind
    if boolean and kind not in (OPEN, "boolean") and not checked.findings:
        start, end = _span(tree)
        message = f"a condition must be true or false, and this is {_WORDS.get(kind, kind)}"
        checked.findings.append(
            Finding("RT206", message, start, end, label=_WORDS.get(kind, kind), hint=_boolean_hint(kind))
        )
    return checked


def _boolean_hint(kind: str) -> str:
    if kind == "array":
        return "write contains(list, 'x'), or length(list) > `0`"
    return "compare it: == 'x', or != `null` for whether there is one"


def _span(node: Node) -> tuple[int, int]:
    """Return where a node stands: its own span, or from its first to its last child."""
    if "span" in node:
        start, end = node["span"]
        return start, end
    spans = [_span(child) for child in node["children"] if isinstance(child, Mapping)]
    return (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else (0, 0)


class _Walk:
    """Computes kinds bottom-up. A scope is the kind of the current value, or the mapping of root attributes."""

    def __init__(self, root: Mapping[str, str]) -> None:
        self.checked = Checked()
        self._root = root

    def kind_of(self, node: Node, scope: Any) -> str:
        """Return the JMESPath type of a node's value, "open" when it is not known."""
        handler = getattr(self, "_" + node["type"], None)
        if handler is not None:
            kind: str = handler(node, scope)
            return kind
        for child in node["children"]:
            if isinstance(child, Mapping):
                self.kind_of(child, OPEN)
        return OPEN

    def _report(self, code: str, message: str, node: Node, label: str = "", hint: str = "") -> str:
        start, end = _span(node)
        self.checked.findings.append(Finding(code, message, start, end, label, hint))
        return OPEN

    # -- names -----------------------------------------------------------------------------------------

    def _field(self, node: Node, scope: Any) -> str:
        name = node["value"]
        if isinstance(scope, Mapping):
            if name in scope:
                self.checked.attributes.add(name)
                return str(scope[name])
            return self._unknown(node, name)
        if scope in ("string", "number", "boolean", "array"):
            message = f"`{name}` is looked up in {_WORDS[scope]}, which has no fields; the result is always null"
            return self._report("RT208", message, node, hint=_field_hint(node, scope))
        return OPEN

    def _unknown(self, node: Node, name: str) -> str:
        if node.get("quoted"):
            message = f'"{name}" is the name of an attribute here, not a text, and there is no such attribute'
            hint = f"JMESPath writes texts in single quotes: '{name}'"
            return self._report("RT203", message, node, f"write '{name}'", hint)
        label = did_you_mean(name, self._root) or "no such attribute"
        return self._report("RT201", f"unknown attribute `{name}`", node, label, "attributes: " + ", ".join(self._root))

    def _current(self, node: Node, scope: Any) -> str:
        return "object" if isinstance(scope, Mapping) else str(scope)

    _identity = _current

    def _literal(self, node: Node, scope: Any) -> str:
        return _type_name(node["value"])

    # -- chains ----------------------------------------------------------------------------------------

    def _subexpression(self, node: Node, scope: Any) -> str:
        return self._chain(node, scope)

    _pipe = _subexpression
    _index_expression = _subexpression

    def _chain(self, node: Node, scope: Any) -> str:
        kind = OPEN
        for child in node["children"]:
            kind = self.kind_of(child, scope)
            inner = scope if child["type"] in ("current", "identity") else kind
            scope = OPEN if inner == "object" else inner
        return kind

    def _index(self, node: Node, scope: Any) -> str:
        return OPEN

    def _slice(self, node: Node, scope: Any) -> str:
        return "array"

    def _projection(self, node: Node, scope: Any) -> str:
        left, *rest = node["children"]
        self.kind_of(left, scope)
        for child in rest:
            self.kind_of(child, OPEN)
        return "array"

    _filter_projection = _projection
    _value_projection = _projection

    def _flatten(self, node: Node, scope: Any) -> str:
        self.kind_of(node["children"][0], scope)
        return "array"

    def _multi_select_list(self, node: Node, scope: Any) -> str:
        for child in node["children"]:
            self.kind_of(child, scope)
        return "array"

    def _multi_select_dict(self, node: Node, scope: Any) -> str:
        for pair in node["children"]:
            self.kind_of(pair["children"][0], scope)
        return "object"

    # -- operators -------------------------------------------------------------------------------------

    def _comparator(self, node: Node, scope: Any) -> str:
        left, right = node["children"]
        before = len(self.checked.findings)
        kinds = [self.kind_of(left, scope), self.kind_of(right, scope)]
        if len(self.checked.findings) > before:
            return "boolean"
        if node["value"] in ("lt", "lte", "gt", "gte"):
            for side, kind in zip((left, right), kinds, strict=True):
                if kind not in ("number", OPEN):
                    message = f"only numbers can be ordered, and this is {_WORDS.get(kind, kind)}; always null"
                    self._report("RT208", message, side, hint="compare numbers, or use == and !=")
        elif OPEN not in kinds and "null" not in kinds and kinds[0] != kinds[1]:
            message = f"{_WORDS[kinds[0]]} is compared with {_WORDS[kinds[1]]}; they are never equal"
            self._report("RT208", message, node, hint=_equality_hint(kinds))
        return "boolean"

    def _not_expression(self, node: Node, scope: Any) -> str:
        self.kind_of(node["children"][0], scope)
        return "boolean"

    def _and_expression(self, node: Node, scope: Any) -> str:
        kinds = {self.kind_of(child, scope) for child in node["children"]}
        return kinds.pop() if len(kinds) == 1 else OPEN

    _or_expression = _and_expression

    # -- functions -------------------------------------------------------------------------------------

    def _function_expression(self, node: Node, scope: Any) -> str:
        name, arguments = node["value"], node["children"]
        kinds = [self.kind_of(argument, scope) for argument in arguments]
        known = _FUNCTIONS.get(name)
        if known is None:
            label = did_you_mean(name, _FUNCTIONS) or "no such function"
            hint = "functions: " + ", ".join(sorted(_FUNCTIONS))
            return self._report("RT202", f"unknown function `{name}`", node, label, hint)
        signature = known["signature"]
        variadic = bool(signature) and bool(signature[-1].get("variadic"))
        if len(arguments) < len(signature) or (len(arguments) > len(signature) and not variadic):
            message = f"`{name}` takes {_count(len(signature), variadic)}, not {len(arguments)}"
            return self._report("RT205", message, node)
        for position, (argument, kind) in enumerate(zip(arguments, kinds, strict=True)):
            allowed = signature[min(position, len(signature) - 1)]["types"]
            self._check_argument(name, argument, kind, [str(one) for one in allowed])
        return _RESULTS.get(name, OPEN)

    def _check_argument(self, name: str, argument: Node, kind: str, allowed: list[str]) -> None:
        bases = {one.split("-")[0] for one in allowed}
        if not allowed or kind == OPEN or kind in bases:
            return
        if argument["type"] == "expref" and "expref" in bases:
            return
        wanted = " or ".join(_WORDS[one] for one in ("string", "array", "object", "number") if one in bases)
        message = f"`{name}` takes {wanted or 'an expression (&name)'} here, and this is {_WORDS.get(kind, kind)}"
        self._report("RT205", message, argument)

    def _expref(self, node: Node, scope: Any) -> str:
        self.kind_of(node["children"][0], OPEN)
        return "expref"


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    for types, name in ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array")):
        if isinstance(value, types):
            return name
    return "object"


def _field_hint(node: Node, scope: str) -> str:
    if node.get("quoted"):
        return f"JMESPath writes texts in single quotes: '{node['value']}'"
    return "look into `metadata`" if scope == "string" else ""


def _equality_hint(kinds: list[str]) -> str:
    if "array" in kinds:
        return "write contains(tags, 'x') to look into a list"
    if "boolean" in kinds:
        return "true and false stand in backticks: `true`"
    return "texts stand in single quotes, numbers in backticks: 'x', `10`"


def _count(number: int, variadic: bool) -> str:
    words = {1: "one argument", 2: "two arguments", 3: "three arguments"}.get(number, f"{number} arguments")
    return f"at least {words}" if variadic else words
