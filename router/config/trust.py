"""Whose word a condition rests on in the proxy: the authenticated key's, the host's, or the caller's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from router.config.attributes import HOST_ATTRIBUTES, KEY_ATTRIBUTES
from router.config.expression_check import check_tree
from router.config.expressions import ExpressionError, read_expression
from router.config.model import Match
from router.config.tables import Vocabulary

Speaks = Callable[[str, Vocabulary], bool]
"""Tells whether an attribute is the word of whoever is asked for."""


def is_of_key(name: str, vocabulary: Vocabulary) -> bool:
    """Tell whether an attribute is, in the proxy, nothing but a fact of the authenticated key."""
    spec = vocabulary.declared.get(name)
    if spec is None:
        return name in KEY_ATTRIBUTES
    read = spec.paths() if spec.trust == "caller" else [path for path in spec.paths() if path in HOST_ATTRIBUTES]
    return bool(read) and KEY_ATTRIBUTES.issuperset(read)


def is_of_host(name: str, vocabulary: Vocabulary) -> bool:
    """Tell whether no client of the proxy can write an attribute as it likes.

    `authenticated` says that there is a key, which every client has; it holds nobody to anything.
    """
    spec = vocabulary.declared.get(name)
    if spec is None:
        return name in HOST_ATTRIBUTES and name != "authenticated"
    return spec.trust != "caller" or HOST_ATTRIBUTES.issuperset(spec.paths())


def must_hold(match: Match | None, when: str | None, vocabulary: Vocabulary, speaks: Speaks) -> bool:
    """Tell whether a condition on what `speaks` is true of must hold, whatever else the caller says."""
    if match is not None and _needs(match, vocabulary, speaks):
        return True
    if when is None:
        return False
    try:
        return _tree_needs(read_expression(when, declared=vocabulary.kinds).tree, vocabulary, speaks)
    except ExpressionError:
        return True  # told already, as an expression that does not parse


def attributes_read(match: Match | None, when: str | None, vocabulary: Vocabulary) -> set[str]:
    """Return the names of all attributes that conditions read."""
    names = _read_by(match)
    try:
        return names if when is None else names.union(read_expression(when, declared=vocabulary.kinds).attributes)
    except ExpressionError:
        return names


def _read_by(match: Match | None) -> set[str]:
    if match is None:
        return set()
    inner = [*(match.any or ()), *(match.all or ()), *([match.not_] if match.not_ is not None else [])]
    return set(match.attributes()).union(*(_read_by(one) for one in inner))


def _needs(match: Match, vocabulary: Vocabulary, speaks: Speaks) -> bool:
    return (
        any(speaks(name, vocabulary) for name in match.attributes())
        or any(_needs(inner, vocabulary, speaks) for inner in match.all or ())
        or (match.any is not None and all(_needs(inner, vocabulary, speaks) for inner in match.any))
        or (match.not_ is not None and _needs_not(match.not_, vocabulary, speaks))
    )


def _needs_not(match: Match, vocabulary: Vocabulary, speaks: Speaks) -> bool:
    """Tell the same of the opposite of `match`: it is met as soon as one of its conditions is not."""
    ways = [speaks(name, vocabulary) for name in match.attributes()]
    ways += [_needs_not(inner, vocabulary, speaks) for inner in match.all or ()]
    if match.any is not None:
        ways.append(any(_needs_not(inner, vocabulary, speaks) for inner in match.any))
    if match.not_ is not None:
        ways.append(_needs(match.not_, vocabulary, speaks))
    return bool(ways) and all(ways)


def _tree_needs(node: Any, vocabulary: Vocabulary, speaks: Speaks) -> bool:
    if node["type"] in ("and_expression", "or_expression"):
        needed = (_tree_needs(child, vocabulary, speaks) for child in node["children"])
        return any(needed) if node["type"] == "and_expression" else all(needed)
    names = check_tree(node, boolean=False, declared=vocabulary.kinds).attributes
    return bool(names) and all(speaks(name, vocabulary) for name in names)
