"""Langfuse's own limits: which values of a trace it keeps, and how any other is made one of those.

Past a limit its server (or its documentation) drops a value, or the whole trace, without a word. The plan tells what
will be changed; the change itself comes after masking, so that no cut hides from a detector what it would have found.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

MAX_NAME: Final = 1000
"""UTF-16 units of a name; a longer trace name loses the whole trace on classic servers."""
MAX_ID: Final = 200
"""Characters of a session, a user or a tag; Langfuse documents that it drops a longer one."""
RESERVED_METADATA: Final = frozenset({"langfuse_user_id", "langfuse_session_id", "langfuse_tags", "routing"})
"""Keys of metadata from which Langfuse would take user, session and tags; `routing` is the router's own evidence."""
LENGTHS: Final[Mapping[str, int]] = {
    "name": MAX_NAME,
    "session_id": MAX_ID,
    "user_id": MAX_ID,
    "tags": MAX_ID,
    "environment": 40,
}
"""The longest text of each field that has a limit."""
_ENVIRONMENT = re.compile(r"(?!langfuse)[a-z0-9_-]{1,40}")


def fitted(name: str, value: Any) -> Any:
    """Return a value of a trace or generation field as Langfuse keeps it; `value` itself when it does so already."""
    fit = _FITS.get(name)
    return value if fit is None else fit(value)


def told(name: str, value: Any) -> str:
    """Return what `fitted` does to a value, as a clause without any of its content; nothing when it fits."""
    return "" if fitted(name, value) is value else _CLAUSES[name]


@lru_cache(maxsize=256)
def _spelled(text: str) -> str:
    if _ENVIRONMENT.fullmatch(text):
        return text
    spelled = re.sub(r"[^a-z0-9_-]", "-", text.lower())
    while spelled.startswith("langfuse"):
        spelled = spelled.removeprefix("langfuse").lstrip("-_")
    return spelled[:40] or "default"


# A record made by hand may hold anything; what has not the type of its field is left alone.


def _environment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    spelled = _spelled(value)
    return value if spelled == value else spelled


def _name(value: Any) -> Any:
    if not isinstance(value, str) or len(value) * 2 <= MAX_NAME:
        return value
    units = value.encode("utf-16-le", "surrogatepass")
    if len(units) <= MAX_NAME * 2:
        return value
    return units[: (MAX_NAME - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _id(value: Any) -> Any:
    """Cut an identifier so that two which differ in their ends only stay two."""
    if not isinstance(value, str) or len(value) <= MAX_ID:
        return value
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{value[: MAX_ID - 17]}~{digest}"


def _tags(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    for tag in value:
        if isinstance(tag, str) and len(tag) > MAX_ID:
            return [_id(one) for one in value]
    return value


def _metadata(value: Any) -> Any:
    if not isinstance(value, (dict, Mapping)) or RESERVED_METADATA.isdisjoint(value):
        return value
    return {f"caller_{key}" if key in RESERVED_METADATA else key: inner for key, inner in value.items()}


_FITS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "environment": _environment,
    "name": _name,
    "session_id": _id,
    "user_id": _id,
    "tags": _tags,
    "metadata": _metadata,
}
_CLAUSES: Final[Mapping[str, str]] = {
    "environment": "spelled anew: Langfuse takes at most 40 of a-z, 0-9, - and _, and no langfuse in front",
    "name": f"cut to {MAX_NAME} characters: Langfuse would drop the trace",
    "session_id": f"cut to {MAX_ID} characters, ending in a hash: Langfuse would drop it",
    "user_id": f"cut to {MAX_ID} characters, ending in a hash: Langfuse would drop it",
    "tags": f"with a tag cut to {MAX_ID} characters, ending in a hash: Langfuse would drop it",
    "metadata": "with a key renamed to caller_…: Langfuse or the router keep the name for themselves",
}
