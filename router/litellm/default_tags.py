"""`litellm.langfuse_default_tags`: facts of a call that the host wants as tags, `cache_hit:True` and the like.

LiteLLM's own Langfuse callback reads this list: https://docs.litellm.ai/docs/proxy/logging, "LiteLLM-specific Tags".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from router.litellm.content import mapping_of
from router.litellm.origin import Caller
from router.routing.attributes import text_of
from router.settings import process_environment

_PROXY_BASE_URL = "PROXY_BASE_URL"
_OF_THE_KEY = "user_api_"


def default_tags(
    kwargs: Mapping[str, Any], payload: Mapping[str, Any] | None, metadata: Mapping[str, Any], caller: Caller
) -> tuple[list[str], list[str]]:
    """Return the tags `name:value` that the host lists, as far as the call has them: the host's words, the caller's.

    Names of facts are the host's, any other name is a key of the caller's metadata. What is missing has no tag.
    """
    names = getattr(sys.modules.get("litellm"), "langfuse_default_tags", None)
    if not isinstance(names, (list, tuple)) or not caller.authenticated:
        return [], []
    facts = {
        "cache_hit": kwargs.get("cache_hit") is True,
        "cache_key": mapping_of(payload).get("cache_key"),
        "proxy_base_url": process_environment().get(_PROXY_BASE_URL),
        **caller.details,
    }
    hosts = [f"{name}:{text}" for name in names if (text := _text(facts.get(name)))]
    words = [
        f"{name}:{text}"
        for name in names
        if name not in facts and not _is_of_a_key(name) and (text := _text(metadata.get(name)))
    ]
    return hosts, words


def _is_of_a_key(name: Any) -> bool:
    """Tell whether only the authenticated key answers for a name, which a client may write as well."""
    return str(name).startswith(_OF_THE_KEY)


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, bool) else text_of(value)
