"""`router spool export`: calls as OTLP in a file, for other tools."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import click

from router.cli.commands import format_option
from router.cli.exits import CommandError, ExitCode
from router.cli.spool.selection import ALL, Selection, folder_option, open_survey, read_calls, selection_options
from router.delivery.batch import encode_request
from router.delivery.decode import decode_request
from router.delivery.otlp_json import request_to_json
from router.delivery.spool.survey import Call

Kind = Literal["jsonl", "protobuf"]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """How many calls were written where; the files of the spool that could not be read."""

    path: str
    calls: int
    unreadable: Mapping[str, str]

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.FINDINGS if self.unreadable else ExitCode.CLEAN


def export_calls(calls: Iterable[Call], path: str, kind: Kind, *, force: bool) -> int:
    """Write calls into a file that only its owner can read; return how many.

    Raises:
        CommandError: the file exists and `force` is not given, or it cannot be written.
    """
    target = Path(path)
    making = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    number = 0
    try:
        if os.path.lexists(target) and not force:
            raise FileExistsError
        with _create(making) as file:
            for call in calls:
                file.write(_encoded(call, kind))
                number += 1
        if force:
            making.replace(target)
        else:
            os.link(making, target)  # unlike a rename, this never takes the place of a file that came meanwhile
    except FileExistsError:
        raise CommandError(f"{path} exists", "name another file, or say --force to write it anew") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {(error.strerror or type(error).__name__).lower()}") from None
    finally:
        making.unlink(missing_ok=True)
    return number


@contextlib.contextmanager
def _create(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file


def _encoded(call: Call, kind: Kind) -> bytes:
    """Return one request; several of them, one behind the other, are one request as well."""
    about = {
        "router.project": call.project,
        "router.state": call.state,
        "router.reason": call.reason,
        "router.cause": call.cause,
    }
    request = encode_request([call.span], {name: text for name, text in about.items() if text})
    if kind == "protobuf":
        return request
    return json.dumps(request_to_json(decode_request(request)), ensure_ascii=False).encode() + b"\n"


_EXAMPLES = """\b
Examples:  router spool export -o calls.jsonl
           router spool export --as protobuf --state dead --project payments -o dead.bin

Exit codes: 0 written, 1 something in the spool cannot be read, 2 the file cannot be written or exists.
"""


@click.command("export", epilog=_EXAMPLES)
@selection_options(ALL, ALL)
@click.option("-o", "--output", required=True, metavar="FILE", help="The file to write, 0600. Example: -o calls.jsonl")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["jsonl", "protobuf"]),
    default="jsonl",
    show_default=True,
    help="OTLP JSON, a request a line, or one ExportTraceServiceRequest. Example: --as protobuf",
)
@click.option("--force", is_flag=True, help="Write the file anew when it exists. Example: --force")
@folder_option
@format_option(("human", "json"), "json")
def export(selection: Selection, output: str, kind: Kind, force: bool, folder: str | None, form: str) -> int:
    """Write calls into a file, masked as they are; the spool stays as it is.

    Where a call was to go and why it did not stands in the attributes of its resource, router.project and others.
    """
    from router.cli.spool import export_report

    with open_survey(folder, selection) as survey:
        number = export_calls(read_calls(survey, selection), output, kind, force=force)
        result = ExportResult(output, number, dict(survey.unreadable))
    (export_report.print_json if form == "json" else export_report.print_human)(result)
    return result.exit_code
