"""`router demo`: the main job end to end on this machine, told from the bytes that the receiver got."""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.demo_calls import CALLS, DemoCall, make_calls
from router.errors import RouterError
from router.testing import FakeLangfuse, ReceivedSpan

if TYPE_CHECKING:
    from router.delivery import Stats

PREFIXES = {"PAYMENTS_LF": "payments", "SEARCH_LF": "search", "LANGFUSE": "shared"}
"""Prefixes of the variables that the quickstart's projects name, and the project of the receiver that each is."""


class DemoError(RouterError):
    """The demo cannot run here."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one project got of one call, decoded from the bytes received; None for a call that was dropped."""

    call: DemoCall
    rule: str
    span: ReceivedSpan | None


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The whole run: arrivals in the order of the calls, and the router's own account."""

    arrivals: tuple[Arrival, ...]
    calls: int
    stats: Stats
    requests: int


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the receiver running, so that your own application can send to it.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the receiver; any free one by default.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", show_default=True)
def demo(keep: bool, port: int, form: str) -> int:
    r"""Run the main job end to end, without an account and without a network.

    Starts a receiver that speaks Langfuse's OTLP endpoint on loopback, makes real LiteLLM calls with mocked answers
    for several teams, and shows what each project got, decoded from the bytes it received.

    \b
    Example:  router demo --keep
    """
    try:
        litellm = _import_litellm()
    except DemoError as error:
        click.echo(f"error: {error}", err=True)
        return 2
    with FakeLangfuse(PREFIXES.values(), port=port) as receiver:
        result = run(receiver, litellm)
        click.echo(
            json.dumps(to_json(result), indent=2, ensure_ascii=False) if form == "json" else "", nl=form == "json"
        )
        if form == "human":
            _print(result)
        if keep:
            _wait(receiver)
    return 0


def run(receiver: FakeLangfuse, litellm: Any) -> DemoResult:
    """Make the calls through a logger of the quickstart's routing.yaml, and read what the receiver got."""
    from router.litellm import RouterLogger
    from router.pipeline import Router

    path = quickstart()
    router = Router.from_file(path, environ=environment(receiver))
    logger = RouterLogger(router)
    litellm.callbacks.append(logger)
    try:
        make_calls(litellm, CALLS, lambda call: _progress(f"calling: {call.title}"))
        logger.flush(30.0)
    finally:
        litellm.callbacks.remove(logger)
        logger.shutdown(5.0)
        _progress("")
    spans = receiver.spans()
    arrivals = tuple(arrival for call in CALLS for arrival in _arrivals(call, spans, router))
    return DemoResult(arrivals, len(CALLS), router.stats(), len(receiver.requests()))


def environment(receiver: FakeLangfuse) -> dict[str, str]:
    """Return the variables that point the quickstart's projects at the receiver."""
    return {
        name: value for prefix, project in PREFIXES.items() for name, value in receiver.environ(prefix, project).items()
    }


def quickstart() -> Path:
    """Return the quickstart's routing.yaml: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "_examples" / "quickstart" / "routing.yaml"
    return shipped if shipped.is_file() else package.parent / "examples" / "quickstart" / "routing.yaml"


def to_json(result: DemoResult) -> dict[str, Any]:
    """Return the run as JSON-able data (schema router.demo/v1)."""
    return {
        "schema": "router.demo/v1",
        "calls": [
            {
                "call": arrival.call.title,
                "kind": arrival.call.kind,
                "rule": arrival.rule,
                "project": arrival.span.project if arrival.span else None,
                "masks": arrival.span.routing.get("masks", []) if arrival.span else [],
                "got": _got(arrival.span) if arrival.span else None,
            }
            for arrival in result.arrivals
        ],
        "stats": result.stats.to_json(),
        "requests": result.requests,
    }


def closing_line(result: DemoResult) -> str:
    """Return the sentence that accounts for every call."""
    stats = result.stats
    dropped = ", ".join(f"{count} dropped ({reason})" for reason, count in sorted(stats.dropped.items()))
    extra = stats.handled - result.calls
    more = f" (+{extra} for calls that go to two projects)" if extra else ""
    return (
        f"{result.calls} calls{more}: {stats.delivered} delivered in {result.requests} requests, "
        f"{dropped or '0 dropped'}, {stats.in_flight} in flight."
    )


def _arrivals(call: DemoCall, spans: Sequence[ReceivedSpan], router: Any) -> Sequence[Arrival]:
    got = [
        s
        for name in PREFIXES.values()
        for s in spans
        if s.project == name and s.metadata.get("demo_call") == call.title
    ]
    if got:
        return [Arrival(call, str(span.routing.get("rule")), span) for span in got]
    embedding = call.kind == "embedding"
    plan = router.resolve({"call_type": "embedding" if embedding else "completion", "metadata": dict(call.metadata)})
    return [Arrival(call, str(plan.rule), None)]


def _got(span: ReceivedSpan) -> dict[str, Any]:
    return {"level": span.level, "input": span.input, "output": span.output, "status_message": span.status_text}


def _print(result: DemoResult) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False)
    for title in ("call", "rule", "project", "masks", "what the project got"):
        table.add_column(title, overflow="fold")
    for arrival in result.arrivals:
        span = arrival.span
        table.add_row(
            f"{escape(arrival.call.title)} [dim]({arrival.call.kind})[/dim]",
            escape(arrival.rule),
            escape(span.project) if span else "[dim]–[/dim]",
            escape(", ".join(span.routing.get("masks", []))) if span else "[dim]–[/dim]",
            escape(_summary(span)) if span else "[dim]nothing: dropped[/dim]",
        )
    console.print(table)
    console.print(escape(closing_line(result)))


def _summary(span: ReceivedSpan) -> str:
    """Return one line on what the span says: input → output, or input ✘ error."""
    if span.level == "ERROR":
        return f"{_text(span.input)} ✘ {span.status_text}"
    output = _text(span.output)
    return f"{_text(span.input)} → {output}" if output else _text(span.input)


def _text(value: Any) -> str:
    """Return the words of a message, of a list of messages, or of plain text."""
    if isinstance(value, Mapping):
        inner = value.get("messages", value.get("content", value.get("input")))
        return _text(inner)
    if isinstance(value, list):
        return " ".join(_text(item) for item in value)
    return "" if value is None else str(value)


def _wait(receiver: FakeLangfuse) -> None:
    """Print how to reach the receiver, and every span that arrives, until Ctrl-C."""
    click.echo(f"\nThe receiver goes on at {receiver.url} until you press Ctrl-C. In another shell:\n")
    for name, value in environment(receiver).items():
        click.echo(f"  export {name}={value}")
    click.echo(f'\nthen router.litellm.install("{quickstart()}") in your application.\n')
    seen = len(receiver.spans())
    stop = threading.Event()
    try:
        while not stop.wait(0.2):
            spans = receiver.spans()
            for span in spans[seen:]:
                click.echo(f"{span.project}: {span.routing.get('rule')}: {_summary(span)}")
            seen = len(spans)
    except KeyboardInterrupt:
        click.echo("Stopped.")


def _import_litellm() -> Any:
    _progress("importing LiteLLM …")
    # The demo's own process, and before LiteLLM is imported: it would fetch its price list from the network.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # noqa: TID251
    try:
        import litellm
    except ImportError:
        raise DemoError("the demo makes real LiteLLM calls: pip install 'langfuse-router[litellm]'") from None
    litellm.suppress_debug_info = True
    # Older LiteLLM has pydantic complain of its own streamed answers.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
    return litellm


def _progress(words: str) -> None:
    """Show what is going on, on one line of a terminal that is then wiped."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{words}", nl=False, err=True)
