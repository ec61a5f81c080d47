"""A call described on the command line: `key=value` words and a JSON file, as the mapping that the router reads."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from router.cli.exits import CommandError

EXAMPLE = "router explain team=payments metadata.region=eu tags=prod,batch"
_LISTS = frozenset({"tags", "host_tags"})
_FLAGS = {"true": True, "false": False}
_MAX_BYTES = 64 * 1024 * 1024


def read_request(words: Sequence[str], file: str | None) -> dict[str, Any]:
    """Return the request in `file` (`-` is stdin) with the words laid over it.

    `key=value` is text, but `true` and `false`; `key:=JSON` is JSON. Dots reach into mappings; `tags` takes commas.

    Raises:
        CommandError: a word is not of that form, or the file is not a JSON object.
    """
    request = _read_object(file) if file is not None else {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise CommandError(f"`{word}` is not of the form key=value", f"for example: {EXAMPLE}")
        if key.endswith(":"):
            _put(request, key[:-1], _parse(text, f"the value of `{key[:-1]}`"))
        elif key in _LISTS:
            _extend(request, key, [tag for tag in text.split(",") if tag])
        else:
            _put(request, key, _FLAGS.get(text, text))
    return request


def _read_object(file: str) -> dict[str, Any]:
    name = "stdin" if file == "-" else file
    try:
        content = sys.stdin.buffer.read(_MAX_BYTES) if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "its name is not usable").lower()
        raise CommandError(f"{name} cannot be read: {reason}", "--request takes a JSON file, or - for stdin") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandError(f"{name} is not UTF-8", "save the request as UTF-8 JSON") from None
    request = _parse(text, name)
    if not isinstance(request, dict):
        kind = "a list" if isinstance(request, list) else "not an object"
        raise CommandError(f"{name} must hold one JSON object, and it is {kind}", 'for example: {"team": "payments"}')
    return request


def _parse(text: str, what: str) -> Any:
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except json.JSONDecodeError as error:
        place, reason = f", line {error.lineno}, column {error.colno}", error.msg.lower()
    except RecursionError:
        place, reason = "", "it is nested too deeply"
    except ValueError:
        place, reason = "", "a number in it is not finite or too long"
    raise CommandError(f"{what} is not JSON{place}: {reason}", "texts and keys stand in double quotes")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _put(request: dict[str, Any], key: str, value: Any) -> None:
    root, _, rest = key.partition(".")
    path = ["headers", rest] if root in ("header", "headers") and rest else key.split(".")
    target = request
    for step in path[:-1]:
        inner = target.setdefault(step, {})
        if not isinstance(inner, dict):
            raise CommandError(f"`{key}` reaches into `{step}`, which is no mapping", f"for example: {EXAMPLE}")
        target = inner
    target[path[-1]] = value


def _extend(request: dict[str, Any], key: str, items: list[str]) -> None:
    given = request.get(key, [])
    request[key] = [*(given if isinstance(given, list) else [given]), *items]
