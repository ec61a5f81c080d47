"""What a call asks for: trace keys, masks and Langfuse credentials, of all the places where LiteLLM lets it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from router.litellm.content import mapping_of
from router.litellm.origin import Caller, slots_of
from router.litellm.wire import DYNAMIC
from router.routing.record import RequestCredentials, Requested
from router.routing.requested import credentials_in, is_on, requested_from_metadata

MASKING_FUNCTION = "langfuse_masking_function"


def requested_of(
    kwargs: Mapping[str, Any], params: Mapping[str, Any], metadata: dict[str, Any], caller: Caller
) -> Requested:
    if not metadata.get("turn_off_message_logging") and is_logging_off(kwargs):
        metadata = {**metadata, "turn_off_message_logging": True}
    function = masking_function_of(params)
    if function is not None and caller.origin == "proxy":
        metadata = {**metadata, MASKING_FUNCTION: True}
    requested = requested_from_metadata(metadata, headers=caller.headers, user=caller.user)
    if function is not None and caller.origin == "sdk":
        requested = replace(requested, masking_function=function)
    credentials = credentials_of(kwargs, params)
    return requested if credentials is None else replace(requested, credentials=credentials)


def masking_function_of(params: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    """Return the `langfuse_masking_function` of a call, which LiteLLM may have moved out of the metadata."""
    for given in (params.get("_langfuse_masking_function"), *(slot.get(MASKING_FUNCTION) for slot in slots_of(params))):
        if callable(given):
            found: Callable[[Any], Any] = given
            return found
    return None


def credentials_of(kwargs: Mapping[str, Any], params: Mapping[str, Any]) -> RequestCredentials | None:
    """Return the Langfuse credentials that the call names, of the first of LiteLLM's places that names any.

    Of one place only: those of a team's configuration are never completed by what a client wrote.
    """
    dynamic = mapping_of(kwargs.get(DYNAMIC))
    places = (dynamic, kwargs, *slots_of(params))
    return next((found for given in places if (found := credentials_in(given)) is not None), None)


def is_logging_off(kwargs: Mapping[str, Any]) -> bool:
    """Tell whether the host or the call turned message logging off by LiteLLM's own switches.

    LiteLLM then blanks messages and answers itself, but never the texts of errors, which quote them.
    """
    dynamic = kwargs.get(DYNAMIC)
    return (isinstance(dynamic, Mapping) and is_on(dynamic.get("turn_off_message_logging"))) or is_on(
        getattr(sys.modules.get("litellm"), "turn_off_message_logging", False)
    )
