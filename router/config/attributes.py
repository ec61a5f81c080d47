"""The vocabulary of matchers, expressions and templates: which attributes a call has, and of what kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Kind = Literal["text", "list", "bool", "alternatives", "number", "mapping", "open"]
"""`alternatives`: several spellings of one name, any of which may match. `open`: nothing is known before the call."""

BUILTIN_ATTRIBUTES: Mapping[str, Kind] = MappingProxyType(
    {
        "team": "text",
        "team_alias": "text",
        "key_alias": "text",
        "org": "text",
        "user": "text",
        "model": "alternatives",
        "model_group": "text",
        "provider": "text",
        "call_type": "text",
        "tags": "list",
        "status": "text",
        "stream": "bool",
        "authenticated": "bool",
        "session_id": "text",
        "trace_id": "text",
        "environment": "text",
        "cost": "number",
        "tokens": "number",
        "input_tokens": "number",
        "output_tokens": "number",
        "latency": "number",
    }
)
"""Every attribute that exists without declaration, beside the open families."""

MEASURED_ATTRIBUTES = frozenset(name for name, kind in BUILTIN_ATTRIBUTES.items() if kind == "number")
"""`cost` in US dollars, `latency` in seconds, and counts of tokens: never below 0, missing when unknown."""

HOST_ATTRIBUTES = MEASURED_ATTRIBUTES.union(
    "team team_alias key_alias org model model_group provider call_type status stream authenticated".split()
)
"""Attributes that are the host's word in the proxy too; every other one is the caller's."""

KEY_ATTRIBUTES = frozenset(("team", "team_alias", "key_alias", "org"))
"""Those of them that belong to the authenticated key; a client chooses the others, its model for example."""

OPEN_FAMILIES: Mapping[str, Kind] = MappingProxyType({"metadata": "open", "header": "text"})
"""`metadata.<key>` reaches any depth by dots; `header.<name>` is one request header, in lower case."""

CLOSED_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType({"status": ("success", "failure")})
"""Attributes that can have no other value."""


def attribute_kind(name: str) -> Kind | None:
    """Return the kind of an attribute written with dots, None when there is none of this name."""
    kind = BUILTIN_ATTRIBUTES.get(name)
    if kind is not None:
        return kind
    family, dot, key = name.partition(".")
    return OPEN_FAMILIES.get(family) if dot and all(key.split(".")) else None


def attribute_names() -> tuple[str, ...]:
    """Return every name for messages, the open families as `metadata.<key>`."""
    return (*BUILTIN_ATTRIBUTES, *(f"{family}.<key>" for family in OPEN_FAMILIES))
