"""Tags that say a value of the metadata, `ticket:7`: what a mask hides at the value's own place it hides there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from router.masking.derived import places_of
from router.masking.scan import MaskFailed
from router.masking.walk import Walk
from router.routing.attributes import text_of

_HIDDEN: Final = object()


def mask_tags(tags: Any, metadata: Mapping[str, Any], walk: Walk) -> Any:
    """Return `tags` with those that read `<key>:<value>` as the walk masks that value where the metadata has it.

    LiteLLM's `langfuse_default_tags` makes such tags. One whose value is hidden as a whole, or cannot be masked, is
    left out. Raises MaskFailed where that drops the call.
    """
    if not isinstance(tags, list) or not any(":" in tag for tag in tags if isinstance(tag, str)):
        return tags
    made = {f"{key}:{text}": key for key, value in metadata.items() if (text := _text(value))}
    masked: list[Any] = []
    for tag in tags:
        key = made.get(tag) if isinstance(tag, str) else None
        if key is None:
            masked.append(tag)
        elif (value := _masked(key, metadata[key], walk)) is not _HIDDEN:
            masked.append(f"{key}:{_text(value)}")
    return masked


def _masked(key: str, value: Any, walk: Walk) -> Any:
    """Return the value as it reads at each place of the document that it may stand at."""
    for place in (("generation", "metadata", key), *places_of(f"metadata.{key}")):
        try:
            found = walk.field({place[-1]: value}, place[:-1])
        except MaskFailed as failed:
            if failed.drops:
                raise
            return _HIDDEN
        if not isinstance(found, dict) or not _text(found.get(place[-1])):
            return _HIDDEN
        value = found[place[-1]]
    return value


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, bool) else text_of(value)
