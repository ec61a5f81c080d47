"""Errors of pydantic → problems with places, plain words and suggestions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel

from router.config import model as language
from router.config.nodes import Node, Path, Source, find
from router.config.placeholders import placeholders
from router.config.shape_words import (
    EXPECTED_BY_MODEL,
    EXPECTED_BY_TAG,
    EXPECTED_BY_TYPE,
    effect_of_missing,
    effect_of_unknown,
    received,
    value_limit,
)
from router.config.suggest import close_names, did_you_mean
from router.config.yaml_reader import MAX_PROBLEMS
from router.errors import Problem
from router.release import release

_SECRET_KEYS = frozenset({"secret_key", "key"})
_MODELS: dict[str, type[BaseModel]] = {
    name: kind for name, kind in vars(language).items() if isinstance(kind, type) and issubclass(kind, language.Model)
}


def shape_problems(source: Source, root: Node, errors: Sequence[Any], model: type[BaseModel]) -> list[Problem]:
    """Return the problems of shape of one file: keys without value, and what pydantic found.

    Args:
        errors: `ValidationError.errors()`.
        model: what the root was validated against.
    """
    translate = _Translation(source, root, model)
    nulls = dict.fromkeys(islice(_nulls(root), MAX_PROBLEMS + 1))
    problems = [translate.null(path) for path in nulls]
    misspelt = translate.misspelt(errors)
    seen: set[tuple[Path, str]] = set()
    for error in errors:
        if len(problems) > MAX_PROBLEMS:
            break
        path = translate.path(error["loc"])
        if any(path[:length] in nulls for length in range(1, len(path) + 1)):
            continue
        if error["type"] == "missing" and path in misspelt:
            continue
        problem = translate.problem(error, path)
        if (path, problem.code) not in seen:
            seen.add((path, problem.code))
            problems.append(problem)
    return problems


def _nulls(root: Node) -> Iterator[Path]:
    """Yield the path of every value that is missing, outside the places where null is data."""
    stack: list[tuple[Path, Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if node.kind == "scalar" and node.value is None:
            yield path
        if not _is_data(path):
            stack.extend(((*path, step), child) for step, child in node.children())


def _is_data(path: Path) -> bool:
    """Tell whether anything may stand below a path: requests and expectations of tests."""
    if len(path) < 3 or path[0] != "tests":
        return False
    if path[2] == "request" or (path[2] == "each" and len(path) == 4):
        return True
    if path[2:4] == ("expect", "sent_to"):
        return len(path) == 5
    return len(path) == 4 and path[2:] in (("expect", "trace"), ("expect", "generation"), ("expect", "sent"))


class _Translation:
    """Knows the tree and the model, so that the path of an error leads to a place and to words."""

    def __init__(self, source: Source, root: Node, model: type[BaseModel]) -> None:
        self._source = source
        self._root = root
        self._model = model

    def path(self, loc: Sequence[Any]) -> Path:
        """Return the path through the data: a location without union tags and `[key]`."""
        path: list[str | int] = []
        node: Node | None = self._root
        for step in loc:
            if step == "[key]" or (isinstance(step, str) and step.startswith("@")):
                continue
            path.append(step)
            node = node.child(step) if node is not None else None
        return tuple(path)

    def misspelt(self, errors: Sequence[Any]) -> set[Path]:
        """Return the paths of missing keys that stand there under a name that comes near."""
        unknown: dict[Path, list[str]] = {}
        for error in errors:
            if error["type"] == "extra_forbidden":
                *around, name = self.path(error["loc"])
                unknown.setdefault(tuple(around), []).append(str(name))
        return {
            path
            for path in (self.path(error["loc"]) for error in errors if error["type"] == "missing")
            if any(close_names(name, [str(path[-1])]) for name in unknown.get(path[:-1], ())[:MAX_PROBLEMS])
        }

    def null(self, path: Path) -> Problem:
        shown = f"item {path[-1] + 1}" if isinstance(path[-1], int) else f"`{path[-1]}`"
        hint = "write a value, or take the line away"
        return self._make("RT114", f"{shown} has no value", path, key=True, label="nothing here", hint=hint)

    def problem(self, error: Any, path: Path) -> Problem:
        """Translate one error."""
        kind, loc = error["type"], error["loc"]
        if kind == "extra_forbidden":
            return self._unknown_key(path, loc)
        if kind == "missing":
            return self._missing_key(path)
        if kind == "version":
            return self._version(path)
        if loc and loc[-1] == "[key]":
            return self._bad_key(path, error)
        node = find(self._root, path)
        if self._is_secret_text(path, node):
            return self._secret(path)
        if kind in EXPECTED_BY_TYPE or kind == "model_type":
            return self._wrong_type(error, path, node)
        return self._wrong_value(error, path, node)

    # -- keys ------------------------------------------------------------------------------------------

    def _unknown_key(self, path: Path, loc: Sequence[Any]) -> Problem:
        name = str(path[-1])
        allowed = self._allowed_keys(loc)
        suggestion = did_you_mean(name, allowed)
        keys = "keys allowed here: " + ", ".join(allowed)
        label = suggestion or "no such key"
        effect = effect_of_unknown(name, allowed)
        return self._make("RT110", f"unknown key `{name}`", path, key=True, label=label, effect=effect, hint=keys)

    def _allowed_keys(self, loc: Sequence[Any]) -> list[str]:
        """Follow a location through the models to the one that refused the key."""
        current: list[type[BaseModel]] = [self._model]
        for step in loc[:-1]:
            if isinstance(step, int):
                continue
            if step.startswith("@"):
                current = [one for one in current if one.__name__ == step[1:]] or current
            else:
                current = [found for one in current for found in _inside(one, step)] or current
        return list(dict.fromkeys(alias for one in current for alias, _ in _keys(one)))

    def _missing_key(self, path: Path) -> Problem:
        name, parent = str(path[-1]), path[:-1]
        message = f"key `{name}` is missing"
        where = self._called(parent)
        effect = effect_of_missing(name)
        label = f"needs `{name}`"
        if not parent:
            hint = f"write `version: 1`, which is what {release()} reads" if name == "version" else ""
            return self._make("RT111", message, parent, first=True, label=label, effect=effect, hint=hint)
        key = isinstance(parent[-1], str)
        return self._make("RT111", f"{message} in {where}", parent, key=key, first=not key, label=label, effect=effect)

    def _bad_key(self, path: Path, error: Any) -> Problem:
        name, context = str(path[-1]), error.get("ctx", {})
        pattern = str(context.get("pattern", ""))
        fields = language.TRACE_FIELDS if "user_id" in pattern else language.GENERATION_FIELDS
        if "metadata" in pattern:
            hint = f"fields: {', '.join(fields)}, metadata.<key>"
            label = did_you_mean(name, fields) or "no such field"
            effect = effect_of_unknown(name, fields)
            return self._make("RT110", f"unknown field `{name}`", path, key=True, label=label, effect=effect, hint=hint)
        hint = "a name has letters, digits, `_`, `-` and `.`, starts with a letter or digit, at most 100 characters"
        return self._make("RT113", f"`{name}` cannot be a name", path, key=True, label="not a name", hint=hint)

    def _version(self, path: Path) -> Problem:
        node = find(self._root, path)
        shown = self._source.text[node.start : node.end] if node is not None and node.kind == "scalar" else "this"
        effect = "the file may mean something else by the same words"
        hint = "write `version: 1`; if the file needs a newer one: `pip install -U langfuse-router`"
        if node is not None and node.value == "1":
            hint = "write `version: 1`, without quotes"
        elif node is not None and node.value == 0:
            hint = "write `version: 1`; it is the first there was"
        message = f"version `{shown}` is not known to {release()}; it reads version 1"
        return self._make("RT115", message, path, label="not 1", effect=effect, hint=hint)

    # -- values ----------------------------------------------------------------------------------------

    def _is_secret_text(self, path: Path, node: Node | None) -> bool:
        return (
            bool(path)
            and path[0] != "tables"
            and path[-1] in _SECRET_KEYS
            and node is not None
            and node.kind == "scalar"
        )

    def _secret(self, path: Path) -> Problem:
        variable = "{env: LANGFUSE_SECRET_KEY}" if path[-1] == "secret_key" else "{env: MASK_KEY}"
        node = find(self._root, path)
        if node is not None and (name := _only_variable(node)):
            return self._make(
                "RT603",
                f"`{path[-1]}` takes a reference, not `${{{name}}}`",
                path,
                label="not shown",
                effect="a secret could get into texts that are shown",
                hint=f"write `{{env: {name}}}`",
            )
        return self._make(
            "RT603",
            f"`{path[-1]}` holds a secret in the clear",
            path,
            label="not shown",
            effect="everybody who can read this file can read the secret",
            hint=f"name where it stands: `{variable}` or `{{file: PATH}}`; then change the secret, it is burnt",
        )

    def _wrong_type(self, error: Any, path: Path, node: Node | None) -> Problem:
        tag = str(error["loc"][-1]) if error["loc"] else ""
        model = (error.get("ctx") or {}).get("class_name", "")
        expected = EXPECTED_BY_TAG.get(tag) or EXPECTED_BY_MODEL.get(model)
        expected = expected or EXPECTED_BY_TYPE.get(error["type"], "a mapping")
        got = received(node)
        hint = self._type_hint(str(expected), node)
        return self._make("RT112", f"{self._called(path)} must be {expected}, not {got}", path, label=got, hint=hint)

    def _type_hint(self, expected: str, node: Node | None) -> str:
        if node is None:
            return ""
        if expected.startswith("a list") and node.kind == "scalar" and isinstance(node.value, str):
            if _has_placeholder(node):
                return "`${…}` always gives one text; write the list out"
            return f"write `[{node.value}]`" if len(node.value) <= 40 else "put it in brackets: `[…]`"
        if _has_placeholder(node):
            return "`${…}` always gives text; write the value out"
        if expected.startswith("text") and node.kind == "scalar":
            return "put it in quotes"
        if expected.startswith("true or false") and str(node.value).lower() in ("yes", "on", "no", "off"):
            return "YAML 1.2 reads yes, no, on, off as text; write true or false"
        return ""

    def _wrong_value(self, error: Any, path: Path, node: Node | None) -> Problem:
        limit, hint = value_limit(error, path)
        hidden = path[:1] != ("tables",) and any(step in (*_SECRET_KEYS, "credentials") for step in path)
        shown = node.shown if node is not None and node.kind == "scalar" and not hidden else None
        if error["type"] == "literal_error" and shown is not None:
            expected = [str(one) for one in get_args_of(error)]
            hint = did_you_mean(str(shown), expected) or hint
            key = path[:-1] if isinstance(path[-1], int) else path
            message = f"`{shown}` is not a value of {self._called(key)}"
            return self._make("RT113", message, path, label=hint if "did you" in hint else "", hint=limit)
        message = f"{self._called(path)} {limit}"
        return self._make("RT113", message, path, hint=hint)

    # -- places ----------------------------------------------------------------------------------------

    def _called(self, path: Path) -> str:
        """Name what stands at a path, as an operator would."""
        if not path:
            return "the file"
        step = path[-1]
        if isinstance(step, str):
            return f"`{step}`"
        named = find(self._root, (*path, "id"))
        if named is not None and isinstance(named.value, str):
            return f"{str(path[-2]).removesuffix('s')} `{named.value}`"
        return f"item {step + 1} of {self._called(path[:-1])}"

    def _make(
        self, code: str, message: str, path: Path, *, key: bool = False, first: bool = False, **words: str
    ) -> Problem:
        """Make a problem at a value, at its key, or at the first key (or sign) of a mapping."""
        node = find(self._root, path)
        if key and path and isinstance(path[-1], str):
            around = find(self._root, path[:-1])
            node = (around.key(path[-1]) if around is not None else None) or node
        if node is None:
            node = self._root
        if first and node.entries:
            node = next(iter(node.entries.values()))[0]
        location = self._source.location(node.start, max(node.end, node.start + 1))
        return Problem(code=code, message=message, location=location, **words)  # type: ignore[arg-type]


def _has_placeholder(node: Node) -> bool:
    return isinstance(node.shown, str) and next(placeholders(node.shown), None) is not None


def _only_variable(node: Node) -> str:
    """Return the name when a value is one `${NAME}` and nothing else."""
    text = node.shown if isinstance(node.shown, str) else ""
    found = [one for one in placeholders(text) if text == text[one.start : one.end] and not one.default]
    return found[0].name if found else ""


def get_args_of(error: Any) -> list[str]:
    """Return the values that a literal allows, from the text of pydantic's context."""
    return [part.strip("'") for part in str(error["ctx"]["expected"]).replace(" or ", ", ").split(", ")]


def _keys(model: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _inside(model: type[BaseModel], key: str) -> list[type[BaseModel]]:
    """Return the models that may stand below a key of a model."""
    for alias, found in _keys(model):
        if alias == key:
            return _models_of(found.annotation) + [one for meta in found.metadata for one in _models_of(meta)]
    return [language.MatchOperators] if model is language.Match else [model]


def _models_of(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, language.Model):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models_of(argument)]
