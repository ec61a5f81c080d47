"""The same LiteLLM calls through LiteLLM's own Langfuse callback and through ours: what differs, and why on purpose."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bench.calls  # noqa: F401 (it keeps LiteLLM from fetching a price list)
from bench.parity_cases import CASES, Case
from bench.parity_reasons import ABSENT, REASONS
from bench.report import Progress
from router.pipeline import Router
from router.testing import FakeLangfuse, ReceivedSpan

SCHEMA = "router.parity/v1"
PROJECT = "parity"
_ROUTING = """\
version: 1
projects:
  parity: {env: LANGFUSE, server: v4}
defaults: {host: {env: LANGFUSE_HOST}}
rules:
  - {id: all, route: parity}
"""


@dataclass(frozen=True)
class Difference:
    """One attribute that the two callbacks send differently for one call.

    Attributes:
        attribute: its name on the wire, or `project`, `name`, `trace_id`, `span_id`, `parent_span_id`, `spans`.
        litellm: what LiteLLM's callback sent, `—` for nothing.
        router: what ours sent.
        reason: why ours is on purpose; None when nobody has said.
    """

    case: str
    attribute: str
    litellm: Any
    router: Any
    reason: str | None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("case", "attribute", "litellm", "router", "reason")}


@dataclass(frozen=True)
class Parity:
    """What a run found.

    Attributes:
        alike: the attributes of each case that both sent with one value; `spans` where both sent as many.
        unused: reasons that explained nothing in a run of every case: they are no longer true.
    """

    alike: dict[str, tuple[str, ...]]
    differences: tuple[Difference, ...]
    unused: tuple[str, ...] = ()

    @property
    def same(self) -> dict[str, int]:
        """How many attributes of each case both sent alike."""
        return {case: len(set(names) - {"spans"}) for case, names in self.alike.items()}

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(found for found in self.differences if found.reason is None)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "cases": self.same,
            "differences": [found.to_json() for found in self.differences],
            "unused": list(self.unused),
        }

    def __str__(self) -> str:
        lines = []
        for case, same in self.same.items():
            lines.append(f"{case}: {same} attributes alike")
            for found in self.differences:
                if found.case == case:
                    lines += [f"  {found.attribute}", f"    LiteLLM  {_short(found.litellm)}"]
                    lines += [f"    router   {_short(found.router)}"]
                    lines += [f"    because  {found.reason or 'NOBODY HAS SAID WHY'}"]
        lines += [f"unused reason: {unused}" for unused in self.unused]
        lines.append(
            f"{len(self.same)} calls, {sum(self.same.values())} attributes alike, {len(self.differences)} differ, "
            f"{len(self.unexplained)} without a reason"
        )
        return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print what differs; return 1 when a difference has no reason, or a reason no difference."""
    parser = argparse.ArgumentParser(prog="python -m bench parity", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default: all of {', '.join(CASES)}")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.cases if name not in CASES]:
        parser.error(f"there is no case {unknown[0]!r}; there are {', '.join(CASES)}")
    logging.getLogger("LiteLLM").setLevel(
        logging.CRITICAL
    )  # it tells of errors in its own callback, which are compared
    found = compare(options.cases or tuple(CASES), Progress())
    print(json.dumps(found.to_json(), indent=2, ensure_ascii=False) if options.format == "json" else found)
    return 1 if found.unexplained or found.unused else 0


def compare(names: Sequence[str], progress: Callable[[str], None] = lambda text: None) -> Parity:
    """Make each call once and give LiteLLM's hook arguments to both callbacks."""
    alike: dict[str, tuple[str, ...]] = {}
    differences: list[Difference] = []
    with FakeLangfuse([PROJECT, "dynamic"]) as server, contextlib.ExitStack() as callbacks:
        made: dict[frozenset[tuple[str, str]], OwnCallback] = {}  # each has threads and a client of its own
        for name in names:
            progress(f"parity: {name}")
            environ = {**server.environ("LANGFUSE", PROJECT), **CASES[name].environ}
            with _environment(environ), _router_of(environ) as ours:  # it remembers traces, and cases share ids
                if (variables := frozenset(environ.items())) not in made:
                    made[variables] = OwnCallback()
                    callbacks.callback(made[variables].close)
                alike[name], found = differences_of(name, *_both(CASES[name], made[variables], ours, server))
            differences += found
    used = {found.reason for found in differences}
    # Only a run of everything shows that a reason explains nothing.
    unused = [item for item in REASONS if item.reason not in used and set(names) == set(CASES)]
    return Parity(alike, tuple(differences), tuple(f"{item.attribute}, {item.reason}" for item in unused))


@dataclass(frozen=True)
class Reported:
    """The arguments of one hook of a callback, and whether it was the one for success."""

    kwargs: dict[str, Any]
    response: Any
    start: Any
    end: Any
    succeeded: bool


class OwnCallback:
    """LiteLLM's callback "langfuse", called as LiteLLM's logging calls it."""

    def __init__(self) -> None:
        from litellm.integrations.langfuse.langfuse import LangFuseLogger
        from litellm.litellm_core_utils.specialty_caches.dynamic_logging_cache import DynamicLoggingCache

        self._cache = DynamicLoggingCache()
        self._logger: Any = LangFuseLogger()

    def log(self, call: Reported) -> None:
        """Log and wait until it was acknowledged."""
        from litellm.integrations.langfuse.langfuse_handler import LangFuseHandler

        logger = LangFuseHandler.get_langfuse_logger_for_request(
            globalLangfuseLogger=self._logger,
            standard_callback_dynamic_params=call.kwargs.get("standard_callback_dynamic_params") or {},
            in_memory_dynamic_logger_cache=self._cache,
        )
        error = {} if call.succeeded else {"status_message": str(call.kwargs.get("exception")), "level": "ERROR"}
        logger.log_event_on_langfuse(
            kwargs=call.kwargs,
            response_obj=call.response,
            start_time=call.start,
            end_time=call.end,
            user_id=call.kwargs.get("user"),
            **error,
        )
        logger.tracing.flush(20_000)

    def close(self) -> None:
        """End the threads of the process's own client."""
        self._logger.tracing.shutdown()


def _both(
    case: Case, own: OwnCallback, ours: Any, server: FakeLangfuse
) -> tuple[list[ReceivedSpan], list[ReceivedSpan]]:
    with case.settings():
        calls = _reported(case, server)
        server.clear()
        for call in calls:
            hook = ours.log_success_event if call.succeeded else ours.log_failure_event
            hook(call.kwargs, call.response, call.start, call.end)
        ours.flush(20)
        routed = server.spans()
        server.clear()
        for call in calls:
            # LiteLLM's callback takes keys out of the metadata that it is given.
            params = {**call.kwargs["litellm_params"]}
            params["metadata"] = {**(params.get("metadata") or {})}
            own.log(replace(call, kwargs={**call.kwargs, "litellm_params": params}))
        native = server.spans()
        server.clear()
    return native, routed


def _reported(case: Case, server: FakeLangfuse) -> list[Reported]:
    """Make the call with a callback that only keeps what it is given."""
    import litellm
    from litellm.integrations.custom_logger import CustomLogger

    from router.litellm import host

    kept: list[Reported] = []

    class Keep(CustomLogger):
        def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            kept.append(Reported(kwargs, response_obj, start_time, end_time, True))

        async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            kept.append(Reported(kwargs, response_obj, start_time, end_time, True))

        def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            kept.append(Reported(kwargs, response_obj, start_time, end_time, False))

    keep = Keep()
    litellm.callbacks.append(keep)
    try:
        case.call(litellm, server.environ("DYNAMIC", "dynamic"))
        if not host.wait_for_hooks(20):
            raise RuntimeError(f"LiteLLM did not report the call of {case.name}")
    finally:
        host.remove_callback(keep)
    return kept


def differences_of(
    case: str, native: Sequence[ReceivedSpan], routed: Sequence[ReceivedSpan]
) -> tuple[tuple[str, ...], list[Difference]]:
    alike: list[str] = []
    found: list[Difference] = []
    if len(native) == len(routed):
        alike.append("spans")
    else:
        found.append(explained(case, "spans", len(native), len(routed)))
    for theirs, ours in zip(_generations_first(native), _generations_first(routed), strict=False):
        left, right = _flat(theirs), _flat(ours)
        for attribute in sorted(left.keys() | right.keys()):
            one, other = left.get(attribute, ABSENT), right.get(attribute, ABSENT)
            if one == other:
                alike.append(attribute)
            else:
                found.append(explained(case, attribute, one, other))
    return tuple(alike), found


def _generations_first(spans: Sequence[ReceivedSpan]) -> list[ReceivedSpan]:
    """Return the generations, then what hangs below them: which of them is sent first differs."""
    return sorted(spans, key=lambda span: span.attributes.get("langfuse.observation.type") != "generation")


def explained(case: str, attribute: str, native: Any, routed: Any) -> Difference:
    for item in REASONS:
        fits = any(fnmatch.fnmatchcase(case, pattern) for pattern in item.case.split())
        if fits and fnmatch.fnmatchcase(attribute, item.attribute) and item.holds(native, routed):
            return Difference(case, attribute, native, routed, item.reason)
    return Difference(case, attribute, native, routed, None)


def _flat(span: ReceivedSpan) -> dict[str, Any]:
    ids = {name: getattr(span, name) for name in ("project", "name", "trace_id", "span_id", "parent_span_id")}
    # What both of the wire's places may say, Langfuse reads from either.
    common = {name: value for name, value in span.resource.items() if name.startswith("langfuse.")}
    return {**ids, **{name: _parsed(value) for name, value in {**common, **span.attributes}.items()}}


def _parsed(value: Any) -> Any:
    """Return JSON texts as what they say: how it is spaced is no difference."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in '{["' else value
    except ValueError:
        return value


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 150 else f"{text[:149]}…"


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, which is how LiteLLM's callback is told of its project."""
    process = os.environ  # noqa: TID251 (LiteLLM's callback reads it)
    former = {name: process.get(name) for name in variables}
    process.update(variables)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del process[name]
            else:
                process[name] = value


@contextmanager
def _router_of(environ: Mapping[str, str]) -> Iterator[Any]:
    from router.litellm import RouterLogger

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "routing.yaml"
        path.write_text(_ROUTING, encoding="utf-8")
        logger = RouterLogger(Router.from_file(path, environ=environ), proxy_process=False)
    try:
        yield logger
    finally:
        logger.shutdown(10)
