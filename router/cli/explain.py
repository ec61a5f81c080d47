"""`router explain`: where one call would go, what would be hidden on the way, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from router.cli.commands import CONFIG_HELP, format_option
from router.cli.exits import CommandError, ExitCode
from router.cli.loading import load_or_end
from router.cli.request import EXAMPLE, read_request
from router.config import LoadedConfig
from router.config.model import Server
from router.errors import RequestError
from router.masking import MaskedRecord, compile_policies, mask
from router.routing.explain import Explanation
from router.routing.request import record_from_request
from router.routing.table import RoutingTable


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """One call explained.

    Attributes:
        sent: what each project of the route would get.
        servers: the generation of Langfuse that each of them is taken for; `auto` is asked of its host at run time.
        untried: ids of the rules below the one that decided.
    """

    file: str
    digest: str
    explanation: Explanation
    sent: Mapping[str, MaskedRecord]
    servers: Mapping[str, Server]
    untried: tuple[str, ...] = ()


def explain_request(loaded: LoadedConfig, request: Mapping[str, Any]) -> ExplainResult:
    """Resolve and mask the call that `request` describes.

    Raises:
        CommandError: the request has an unknown key or a value of the wrong type.
    """
    try:
        record = record_from_request(request, loaded.vocabulary)
    except RequestError as error:
        raise CommandError(str(error), f"for example: {EXAMPLE}") from None
    explanation = RoutingTable.compile(loaded).explain(record)
    plan = explanation.plan
    policies = compile_policies(loaded)
    tried = {step.id for step in explanation.steps if step.kind == "rule"}
    return ExplainResult(
        file=loaded.path,
        digest=loaded.digest,
        explanation=explanation,
        sent={project: mask(record, plan, project, policies) for project in plan.route},
        servers={project: loaded.servers.get(project, "auto") for project in plan.route},
        untried=tuple(rule.value.id for rule in loaded.rules if rule.value.id not in tried),
    )


_EXAMPLES = """\b
Examples:  router explain team=payments model=gpt-4o metadata.region=eu
           router explain tags=prod,batch header.x-team=pay stream=true
           router explain input="card 4111 1111 1111 1111" metadata.account:=7
           router explain -c routing.yaml --request call.json
           jq .request call.json | router explain - --format json

Keys: team, team_alias, key_alias, org, user, model, model_group, provider,
call_type, tags, status, stream, session_id, trace_id, environment, cost,
tokens, input_tokens, output_tokens, latency, metadata.*, header.*,
input, output, error.message, origin (sdk or proxy), …
"""


@click.command("explain", epilog=_EXAMPLES)
@click.argument("words", nargs=-1, metavar="[KEY=VALUE | -]...")
@click.option("-c", "--config", "file", metavar="FILE", help=CONFIG_HELP)
@click.option(
    "--request", "request_file", metavar="FILE", help="JSON of the call; - is stdin. Example: --request call.json"
)
@click.option(
    "--now", metavar="TIME", help="when the call starts; the present by default. Example: --now 2026-12-24T10:00"
)
@format_option(("human", "json"), "json")
def explain(words: tuple[str, ...], file: str | None, request_file: str | None, now: str | None, form: str) -> int:
    """Show where a call would go, what would be hidden, and why. Sends nothing and needs no secrets."""
    from router.cli import explain_report
    from router.settings import config_path

    request = read_request(*_without_dash(words, request_file))
    if now is not None or "now" not in request:
        request["now"] = now or datetime.now(UTC).isoformat(timespec="seconds")
    result = explain_request(load_or_end(file or config_path()), request)
    if form == "json":
        explain_report.print_json(result)
    else:
        explain_report.print_human(result)
    return ExitCode.CLEAN


def _without_dash(words: Sequence[str], request_file: str | None) -> tuple[list[str], str | None]:
    """Take a lone `-` as `--request -`."""
    rest = [word for word in words if word != "-"]
    if len(rest) == len(words):
        return rest, request_file
    if request_file not in (None, "-"):
        raise CommandError("`-` and --request FILE both name a request", "give one of them")
    return rest, "-"
