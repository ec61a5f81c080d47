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
def _environment(text: str) -> str:
    if _ENVIRONMENT.fullmatch(text):
        return text
    spelled = re.sub(r"[^a-z0-9_-]", "-", text.lower())
    while spelled.startswith("langfuse"):
        spelled = spelled.removeprefix("langfuse").lstrip("-_")
    return spelled[:40] or "default"


def _name(text: str) -> str:
    if len(text) * 2 <= MAX_NAME:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= MAX_NAME * 2:
        return text
    return units[: (MAX_NAME - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _id(text: str) -> str:
    """Cut an identifier so that two which differ in their ends only stay two."""
    if len(text) <= MAX_ID:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: MAX_ID - 17]}~{digest}"


def _tags(tags: list[str]) -> list[str]:
    if all(len(tag) <= MAX_ID for tag in tags):
        return tags
    return [_id(tag) for tag in tags]


def _metadata(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    if RESERVED_METADATA.isdisjoint(metadata):
        return metadata
    return {f"caller_{key}" if key in RESERVED_METADATA else key: value for key, value in metadata.items()}


def _if(kind: type, fit: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Leave alone what has not the type of the field yet; a record made by hand may hold anything."""
    return lambda value: fit(value) if isinstance(value, kind) else value


_FITS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "environment": _if(str, _environment),
    "name": _if(str, _name),
    "session_id": _if(str, _id),
    "user_id": _if(str, _id),
    "tags": _if(list, _tags),
    "metadata": _if(Mapping, _metadata),
}
_CLAUSES: Final[Mapping[str, str]] = {
    "environment": "spelled anew: Langfuse takes at most 40 of a-z, 0-9, - and _, and no langfuse in front",
    "name": f"cut to {MAX_NAME} characters: Langfuse would drop the trace",
    "session_id": f"cut to {MAX_ID} characters, ending in a hash: Langfuse would drop it",
    "user_id": f"cut to {MAX_ID} characters, ending in a hash: Langfuse would drop it",
    "tags": f"with a tag cut to {MAX_ID} characters, ending in a hash: Langfuse would drop it",
    "metadata": "with a key renamed to caller_…: Langfuse or the router keep the name for themselves",
}
