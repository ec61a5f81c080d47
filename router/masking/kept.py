"""What a continued trace has already may leave a second time only where the masks of this call leave it as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from router.masking.function import MaskingFunction, apply_function
from router.masking.plain import Copier
from router.masking.scan import MaskFailed
from router.masking.walk import Walk


class Recalled(NamedTuple):
    """What is known of a trace that a call continues.

    Attributes:
        fields: as they were sent last, by name, input and output included; a field that is missing is not known.
        constants: what the project itself says, by the same names; it is sent unmasked with every call.
    """

    fields: Mapping[str, Any]
    constants: Mapping[str, Any]


Recall = Callable[[str], Recalled]
"""Returns what is known of a trace, by its id."""

_PATHS = {
    "input": (("input",),),
    "output": (("output",),),
    "metadata": (("trace", "metadata"), ("generation", "metadata")),
}
_EVIDENCE = "routing"
"""In the metadata, what the router says of a call: names out of routing.yaml and numbers."""


def kept_fields(recalled: Recalled, walk: Walk, function: MaskingFunction | None) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that leave as they are, and the names of those that `walk` or `function` would change.

    The hits are not counted: what is hit is not sent. `function` gets input and output, as those of the call.
    """
    counts = walk.counts.copy()
    fields: dict[str, Any] = {}
    hidden = []
    for name, value in recalled.fields.items():
        given = Copier().copy(value)
        if value is None or value == recalled.constants.get(name) or _is_unchanged(name, given, walk, function):
            fields[name] = given
        else:
            hidden.append(name)
    walk.counts.clear()
    walk.counts.update(counts)
    return fields, hidden


def _is_unchanged(name: str, given: Any, walk: Walk, function: MaskingFunction | None) -> bool:
    if name == "metadata" and isinstance(given, dict):
        given = {key: value for key, value in given.items() if key != _EVIDENCE}
    try:
        if function is not None and name in ("input", "output") and apply_function(function, given) != given:
            return False
        paths = _PATHS.get(name, (("trace", name),))
        return all(walk.field(Copier().copy(given), path) == given for path in paths)
    except MaskFailed:
        return False
