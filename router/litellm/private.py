"""Every private name of LiteLLM that we touch: what it is for, and what happens when a release no longer has it.

All of them are read through this module. One that has moved costs what its entry says and a warning when the callback
is installed, never a call. `tests/test_litellm_private.py` fails first: it runs on every LiteLLM of `make test-matrix`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from router.loglines import log_lines

_log = log_lines()
_NOTHING = object()

Release = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PrivateName:
    """A name that no release of LiteLLM promises.

    Attributes:
        module: where it stands; it is never imported for this, only looked up once LiteLLM has loaded it.
        path: the name in that module, with the attributes that are read of it.
        purpose: what we read it for.
        without: what happens when it is gone.
        since: the first release where it has to be there.
    """

    module: str
    path: str
    purpose: str
    without: str
    since: Release = (1, 80, 12)

    def __str__(self) -> str:
        return f"{self.module}.{self.path}"


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key of the dicts that LiteLLM hands to its callbacks and no release promises.

    Attributes:
        key: as LiteLLM's source spells it.
        module: a module of LiteLLM whose source has it.
        without: what happens when LiteLLM no longer writes it.
        since: the first release where it has to be there.
    """

    key: str
    module: str
    without: str
    since: Release = (1, 80, 12)


_POOL = "litellm.litellm_core_utils.thread_pool_executor"
_QUEUE = "litellm.litellm_core_utils.logging_worker"
_AUTH = "litellm.proxy._types"
_FLUSH_ENDS_EARLY = "flush() and shutdown() may return before the hooks of the last calls ran"
_ANONYMOUS = "no call of the proxy counts as authenticated: all are dropped, or taken by `authenticated: false`"

THREAD_POOL = PrivateName(_POOL, "executor", "see the hooks of sync calls that still wait", _FLUSH_ENDS_EARLY)
POOL_MOST = PrivateName(
    _POOL, "executor._max_pending_tasks", "count them", "they are counted by the pool's threads", (1, 100)
)
POOL_FREE = PrivateName(
    _POOL, "executor._pending_slots._value", "count them", "they are counted by the pool's threads", (1, 100)
)
WORKER = PrivateName(_QUEUE, "GLOBAL_LOGGING_WORKER", "see the hooks of async calls that still wait", _FLUSH_ENDS_EARLY)
WORKER_FLUSH = PrivateName(_QUEUE, "GLOBAL_LOGGING_WORKER.flush", "wait for them in aflush()", _FLUSH_ENDS_EARLY)
WORKER_QUEUE = PrivateName(_QUEUE, "GLOBAL_LOGGING_WORKER._queue", "count them", _FLUSH_ENDS_EARLY)
WORKER_LOOP = PrivateName(_QUEUE, "GLOBAL_LOGGING_WORKER._bound_loop", "know who will run them", _FLUSH_ENDS_EARLY)
WORKER_BEGUN = PrivateName(
    _QUEUE, "GLOBAL_LOGGING_WORKER._dequeued_tasks", "see those taken but not begun", _FLUSH_ENDS_EARLY, (1, 100)
)
WORKER_AT_EXIT = PrivateName(
    _QUEUE,
    "GLOBAL_LOGGING_WORKER._flush_on_exit",
    "run what a closed event loop left",
    "calls of a loop that nobody closed are lost when the program ends",
)
PROXY_SHUTDOWN = PrivateName(
    "litellm.proxy.proxy_server",
    "proxy_shutdown_event",
    "send what waits before the proxy ends",
    "calls of the last second before a SIGTERM are lost; ROUTER_SPOOL_DIR keeps them",
)
KEY_HOLDER = PrivateName(_AUTH, "UserAPIKeyAuth", "know an authenticated key", _ANONYMOUS)
ROUTED = PrivateName(
    "litellm.constants",
    "ROUTING_REQUEST_TAGS_METADATA_KEY",
    "know that the router chose the deployment",
    "a client's own words may stand as model_group, model_id and deployment of a refused call",
    (1, 103),
)
KEEPS_KEYS_APART: Release = (1, 100)
"""Since then a client's metadata cannot overwrite the key's identity on its way through a pass-through endpoint."""
NAMES = (
    *(THREAD_POOL, POOL_MOST, POOL_FREE),
    *(WORKER, WORKER_FLUSH, WORKER_QUEUE, WORKER_LOOP, WORKER_BEGUN, WORKER_AT_EXIT),
    *(PROXY_SHUTDOWN, KEY_HOLDER, ROUTED),
    *(
        PrivateName("litellm", name, "take the callback out", "after shutdown() the callback is still called")
        for name in ("_async_input_callback", "_async_success_callback", "_async_failure_callback")
    ),
)
KEYS = (
    PrivateKey("user_api_key_auth", "litellm.proxy.litellm_pre_call_utils", _ANONYMOUS),
    PrivateKey("inherited_tags", "litellm.proxy.litellm_pre_call_utils", "a key's tags are its caller's", (1, 100)),
    PrivateKey("proxy_server_request", "litellm.proxy.litellm_pre_call_utils", "no `header.<name>` in rules"),
    PrivateKey(
        "proxy_server_request",
        "litellm.proxy.pass_through_endpoints.pass_through_endpoints",
        "calls through pass-through endpoints count as unauthenticated",
    ),
    PrivateKey(
        "passthrough_logging_payload",
        "litellm.proxy.pass_through_endpoints.pass_through_endpoints",
        "what a provider refused behind a pass-through endpoint has no input",
    ),
    PrivateKey(
        "litellm_logging_obj",
        "litellm.proxy.pass_through_endpoints.pass_through_endpoints",
        "`langfuse_*` credentials of key and team settings are not seen for what a provider refused there",
    ),
    PrivateKey("zero_cost_diagnostic", "litellm.litellm_core_utils.litellm_logging", "a price of 0 is one", (1, 106)),
    PrivateKey("litellm_metadata", "litellm.proxy.litellm_pre_call_utils", "no team on /v1/messages and /v1/responses"),
    PrivateKey("_routing_request_tags", "litellm.constants", "no model_group in the proxy", (1, 103)),
    PrivateKey(
        "litellm_no_upstream_llm_call", "litellm.constants", "only the process tells a proxy's refusal", (1, 100)
    ),
    PrivateKey(
        "standard_callback_dynamic_params",
        "litellm.litellm_core_utils.litellm_logging",
        "`langfuse_*` credentials and `turn_off_message_logging` of key and team settings are not seen",
    ),
    PrivateKey(
        "standard_logging_object",
        "litellm.litellm_core_utils.litellm_logging",
        "cost, usage, model_group and the redacted messages come from the raw arguments",
    ),
    PrivateKey(
        "_langfuse_masking_function",
        "litellm.litellm_core_utils.litellm_logging",
        "it is found in the metadata alone",
        (1, 105),
    ),
)


def find(name: PrivateName) -> Any:
    """Return what stands under a private name; None when it is gone or LiteLLM has not loaded its module."""
    found = _find(name)
    return None if found is _NOTHING else found


def moved(names: Iterable[PrivateName] = NAMES, release: Release | None = None) -> tuple[PrivateName, ...]:
    """Return the names that modules which LiteLLM has loaded should have, by its release, and have not."""
    installed = installed_release() if release is None else release
    return tuple(
        name for name in names if name.module in sys.modules and installed >= name.since and _find(name) is _NOTHING
    )


def warn_of_moved(names: Iterable[PrivateName] = NAMES) -> None:
    """Warn of each private name that the installed LiteLLM no longer has."""
    for name in moved(names):
        _log.warning(
            "This LiteLLM has no %s, which is read to %s. Without it %s. Calls are routed and masked as before.",
            name,
            name.purpose,
            name.without,
        )


@cache
def installed_release() -> Release:
    """Return LiteLLM's version as numbers; a version without numbers is newer than every other."""
    try:
        numbers = re.match(r"\d+(\.\d+)*", version("litellm"))
    except PackageNotFoundError:
        numbers = None
    return tuple(int(part) for part in numbers[0].split(".")) if numbers else (sys.maxsize,)


def _find(name: PrivateName) -> Any:
    found: Any = sys.modules.get(name.module, _NOTHING)
    for part in name.path.split("."):
        found = getattr(found, part, _NOTHING)
    return found
