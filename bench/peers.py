"""What is compared: LiteLLM's own Langfuse callback, and ours with and without masks, behind one small interface."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from bench.calls import TEAMS, HookArguments
from router.pipeline import Router

LITELLM = "LiteLLM's own callback"
PLAIN = "router, no masks"
MASKED = "router, secrets + pii"

_FLUSH_SECS = 120.0


class Peer(Protocol):
    """One way to log.

    Attributes:
        name: what the tables call it.
        key: the public key it sends with.
    """

    name: str
    key: str

    def log(self, call: HookArguments) -> None:
        """Do what the hook does, on the caller's thread."""

    def flush(self) -> bool:
        """Return whether everything logged so far was acknowledged."""

    def close(self) -> None:
        """End its threads."""


class OwnCallback:
    """LiteLLM's callback "langfuse", entered where its logging enters it.

    `success_callback: ["langfuse"]` wraps the same two calls in a coroutine that is run for each call, which costs
    more: what is measured here is the lower bound.
    """

    def __init__(self, name: str, key: str, host: str, *, by_request: bool = False) -> None:
        """Make the callback; `by_request` leaves the credentials to the calls, so that the first one brings them."""
        from litellm.integrations.langfuse.langfuse import LangFuseLogger
        from litellm.integrations.langfuse.langfuse_handler import LangFuseHandler
        from litellm.litellm_core_utils.specialty_caches.dynamic_logging_cache import DynamicLoggingCache

        self.name = name
        self.key = key
        self._find_logger = LangFuseHandler.get_langfuse_logger_for_request
        self._cache = DynamicLoggingCache()
        self._params: dict[str, str] = {}
        self._logger: Any = None
        if by_request:
            self._params = {"langfuse_public_key": key, "langfuse_secret_key": _secret(key), "langfuse_host": host}
        else:
            self._logger = LangFuseLogger(langfuse_public_key=key, langfuse_secret=_secret(key), langfuse_host=host)

    def log(self, call: HookArguments) -> None:
        kwargs, response_obj, start_time, end_time = call
        self._logger = self._find_logger(
            globalLangfuseLogger=self._logger,
            standard_callback_dynamic_params=self._params,
            in_memory_dynamic_logger_cache=self._cache,
        )
        self._logger.log_event_on_langfuse(
            kwargs=kwargs,
            response_obj=response_obj,
            start_time=start_time,
            end_time=end_time,
            user_id=kwargs.get("user"),
        )

    def flush(self) -> bool:
        return bool(self._logger.tracing.flush(int(_FLUSH_SECS * 1000)))

    def close(self) -> None:
        self._logger.tracing.shutdown()


class Routed:
    """Our callback, with a routing.yaml of a rule per team and an overlay."""

    def __init__(
        self,
        name: str,
        key: str,
        host: str,
        *,
        masks: tuple[str, ...] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Make the callback; `settings` are `ROUTER_*` variables."""
        from router.litellm import RouterLogger

        self.name = name
        self.key = key
        environ = {
            "BENCH_PUBLIC_KEY": key,
            "BENCH_SECRET_KEY": _secret(key),
            "BENCH_HOST": host,
            **(settings or {}),
        }
        self.router = make_router(masks, environ)
        self._log = RouterLogger(self.router, proxy_process=True).log_success_event

    def log(self, call: HookArguments) -> None:
        self._log(*call)

    def flush(self) -> bool:
        return self.router.flush(_FLUSH_SECS)

    def close(self) -> None:
        self.router.shutdown()


def make_router(masks: tuple[str, ...], environ: Mapping[str, str]) -> Router:
    """Return a Router whose rules send every call to the project with the variables `BENCH_…`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "routing.yaml"
        path.write_text(routing(masks), encoding="utf-8")
        return Router.from_file(path, environ=environ)


def routing(masks: tuple[str, ...]) -> str:
    """Return the routing.yaml of the benchmark."""
    rules = "\n".join(
        f"  - {{ id: team-{number}, match: {{ team: team-{number} }}, route: bench,"
        f' trace: {{ append: {{ tags: ["team:{number}"] }} }} }}'
        for number in range(TEAMS)
    )
    return f"""\
version: 1
defaults:
  mask: [{", ".join(masks)}]
projects:
  bench: {{ env: BENCH }}
overrides:
  allow: ["*"]
overlays:
  - id: acme
    match: {{ header.x-tenant: acme }}
    trace: {{ set: {{ environment: production }} }}
rules:
{rules}
  - id: everybody-else
    route: bench
"""


def _secret(key: str) -> str:
    return key.replace("pk-", "sk-", 1)
