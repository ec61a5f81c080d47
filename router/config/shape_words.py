"""The words of problems of shape: what was expected, what came, what would happen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from router.config.nodes import Node, Path
from router.config.suggest import close_names

_SCALAR = "text, a number, or true or false"
_REFERENCE = "a reference: {env: NAME} or {file: PATH}"
EXPECTED_BY_TYPE = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "scalar_type": _SCALAR,
    "model_attributes_type": "a mapping",
}
EXPECTED_BY_TAG = {
    "@many": "text, a list, or {project: …, mask: […]}",
    "@name": "text, or {project: …, mask: […]}",
    "@words": "a list of words, or {words: […], within: …}",
    "@masks": "a list, or lists by project",
    "@text": "text",
    "@texts": "text or a list",
    "@rate": "a number from 0 to 1, or {rate: …, by: …}",
    "@exact": "text, a number, true or false, a list of them, or operators such as {glob: …}",
    "@rows": "rows by key, or {file: …}",
    "@scalar": _SCALAR + ", a list or a mapping",
}
EXPECTED_BY_MODEL = {
    "Near": "a list of words, or {words: […], within: …}",
    "EnvRef": _REFERENCE,
    "EnvTemplate": _REFERENCE,
    "FileRef": _REFERENCE,
    "CredentialHosts": "a mapping such as {hosts: […]}",
    "ProjectByKeys": "a mapping such as {env: PREFIX}",
}


def received(node: Node | None) -> str:
    """Name the kind of what stands in the file, never its value."""
    if node is None:
        return "nothing"
    if node.kind != "scalar":
        return f"a {node.kind}"
    if isinstance(node.value, bool):
        return "true or false"
    return "text" if isinstance(node.value, str) else "a number"


def value_limit(error: Any, path: Path) -> tuple[str, str]:
    """Return what a value must be ("must be at most 1"), and a hint."""
    kind, context = error["type"], error.get("ctx") or {}
    if kind in ("greater_than_equal", "less_than_equal") and path[-1:] in (("rate",), ("sample",)):
        return "must be from 0 to 1", "1 keeps every call, 0.1 every tenth, 0 none"
    if path[-1:] == ("percent",):
        return "must be from 0 to 100", "10 lets every tenth call match"
    if path[-1:] == ("bucket",):
        return "must be from 0 to below 1", "0.05 is inside a roll-out of 10 %"
    if kind == "no_time":
        return "must name a time", "write `from`, `until`, `days` or `hours`; a `zone` alone is none"
    if kind in ("too_short", "string_too_short", "empty_matcher"):
        return "must not be empty", _EMPTY_HINTS.get(path[-1] if path else "", "write a value, or take the key away")
    if kind in ("too_long", "string_too_long"):
        return f"must have at most {context.get('max_length')} characters", ""
    if kind == "greater_than_equal":
        return f"must be at least {context.get('ge')}", ""
    if kind == "less_than_equal":
        return f"must be at most {context.get('le')}", ""
    if path[-1:] == ("credentials",):
        return "must be `never`, or a mapping such as {hosts: […]}", "without it an application may name any host"
    if kind == "literal_error":
        return "allowed: " + str(context.get("expected", "")).replace("'", "").replace(" or ", ", "), ""
    if kind == "pack_version":
        return "must be three numbers with dots between them", "for example 1.2.0"
    if kind == "string_pattern_mismatch":
        return _pattern(str(context.get("pattern", "")), path)
    return "has a value that does not fit", ""


_EMPTY_HINTS: dict[str | int, str] = {
    "rules": "one rule without conditions is the least: `{id: rest, route: <project>}`",
    "projects": "name at least one project: `default: {env: LANGFUSE}`",
}


def _pattern(pattern: str, path: Path) -> tuple[str, str]:
    if path[-1:] == ("env",):
        upper = "[A-Z_]" in pattern
        letters = "capital letters" if upper else "letters"
        what = "the prefix of environment variables" if upper else "the name of an environment variable"
        example = "PAYMENTS_LF" if upper else "LANGFUSE_SECRET_KEY"
        return f"must be {what}: {letters}, digits and `_`", f"write the name only, for example `{example}`"
    if path[:1] == ("packs",):
        hint = "write a shipped pack such as `masking/pii`, or the path of a file; `@1` or `@1.2` at its end pins it"
        return "is not a pack", hint
    if path[-1:] == ("language",):
        return "must be the code of a language", "write for example `en`"
    if path[-1:] == ("model",):
        return "must be the name of a Python package: letters, digits and `_`", "write for example `en_core_web_sm`"
    if "generation" in pattern:
        hint = "write for example trace.name, trace.metadata.*, generation.*, update_keys or *"
        return "is not a key that a request can set", hint
    return "is not a name", "a name has letters, digits, `_`, `-` and `.`, and starts with a letter or digit"


_UNKNOWN = {
    "mask": "if ignored, the masks under it would not apply and content would be logged unmasked",
    "masks": "if ignored, the masks under it would not exist",
    "match": "if ignored, every call would match",
    "when": "if ignored, the condition would not count",
    "paths": "if ignored, the step would reach further than written",
    "detect": "if ignored, nothing would be detected",
    "near": "if ignored, a hit would need no word near it",
    "validate": "if ignored, a hit would need no right checksum",
    "action": "if ignored, `redact` would be done instead",
    "route": "if ignored, the calls would go nowhere",
    "scope": "if ignored, the files could decide about the calls of every team",
    "sample": "if ignored, every call would be kept",
    "on_error": "if ignored, the default would hold",
}


def effect_of_unknown(name: str, allowed: Iterable[str]) -> str:
    """Say what would happen if an unknown key were ignored, judged by the key it seems to mean."""
    close = close_names(name, allowed)
    return _UNKNOWN.get(close[0] if close else "", "if ignored, what stands under it would do nothing")


_MISSING = {
    "model": "nothing could be found without it",
    "match": "nobody would notice when it finds nothing",
    "examples": "nobody would notice when it finds nothing, or everything",
    "pattern": "it would find nothing",
    "words": "a hit would need nothing near it",
    "scope": "the files could decide about the calls of every team",
    "version": "nobody could tell later in which language this file is written",
    "route": "nobody could tell where the calls go",
    "project": "nobody could tell where the calls go",
    "id": "explanations, counters and tests could not name it",
    "rules": "no call would go anywhere",
    "projects": "there would be nowhere to send a call",
    "hosts": "a request could send its call to any host",
    "secret_key": "Langfuse would refuse every call for this project",
    "public_key": "Langfuse would refuse every call for this project",
}


def effect_of_missing(name: str) -> str:
    """Say what the lack of a key would mean."""
    return _MISSING.get(name, "")
