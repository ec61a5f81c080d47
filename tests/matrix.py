"""`make test-matrix`: what meets LiteLLM, langfuse and pydantic, on the versions that we promise to work with."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LOCKS = CHECKOUT / "requirements" / "matrix"
ENVIRONMENTS = CHECKOUT / ".venv-matrix"
SHOWN = ("litellm", "langfuse", "opentelemetry-sdk", "pydantic", "rich")
OLDEST_LITELLM = "1.80.12"
"""Before it LiteLLM's queue stays bound to the first event loop, and loses what a second one logs."""

TESTS = (
    "tests/integration",
    "tests/test_cli_check.py",
    "tests/test_cli_demo.py",
    "tests/test_cli_main.py",
    "tests/test_encode.py",
    "tests/test_litellm_capture.py",
    "tests/test_litellm_fields.py",
    "tests/test_litellm_private.py",
    "tests/test_litellm_record.py",
    "tests/test_schema.py",
)
"""Real calls, the proxy, LangChain, the command line, LiteLLM's and Langfuse's names, the shape of routing.yaml."""

_CALLS = "tests/integration/test_call_types.py::test_a"
_DETAILED = "tests/integration/test_call_types.py::test_cached_and_reasoning_tokens_of_a_provider_are_counted_once"
_KINDS = f"{_CALLS}_call_of_each_kind_is_one_generation"
_PROXY = "tests/integration/test_proxy"
_ROUTES = "tests/integration/test_proxy_calls.py::test_a_call_of_each_route_is_one_generation"
_FILE = (
    "tests/integration/test_proxy_calls.py::test_a_file_is_described_and_its_call_is_one_generation[/v1/images/edits"
)
_RECORD = "tests/test_litellm_record.py::test"


@dataclass(frozen=True)
class LeftOut:
    """Tests that a session cannot have: how their ids begin, and why; nothing that we could mend is among them."""

    tests: tuple[str, ...]
    why: str


LEFT_OUT_OF_OLDEST = (
    LeftOut(
        (f"{_KINDS}[image_edit]", f"{_KINDS}[aimage_edit]", f"{_KINDS}[speech]", f"{_KINDS}[aspeech]", _FILE),
        "LiteLLM hands callbacks a placeholder instead of the prompt of an image edit and of the sound of a speech",
    ),
    LeftOut(
        (
            *(f"{_KINDS}[rerank]", f"{_KINDS}[arerank]"),
            *(f"{_ROUTES}[/v1/{route}" for route in ("audio/speech", "moderations", "rerank")),
        ),
        "LiteLLM counts no tokens as 0 tokens",
    ),
    LeftOut(
        (
            f"{_DETAILED}[acompletion detailed and streamed]",
            f"{_KINDS}[completion streamed]",
            f"{_KINDS}[acompletion streamed]",
            f"{_ROUTES}[/v1/chat/completions-body1",
        ),
        "LiteLLM counts the tokens of a stream itself, and passes the provider's usage over",
    ),
    LeftOut(
        (
            f"{_PROXY}_calls.py::test_a_pass_through_endpoint_belongs_to_the_key_that_calls_it",
            f"{_PROXY}_calls.py::test_what_a_provider_refuses_behind_a_pass_through_endpoint_is_one_failure",
            f"{_PROXY}_calls.py::test_a_stream_that_breaks_behind_a_pass_through_endpoint_is_one_failure",
            "tests/integration/test_litellm.py::test_the_hook_of_refusals_raises_nothing",
            *(
                f"{_PROXY}_credentials.py::test_{test}[{call}"
                for test in (
                    "keys_in_the_settings_of_a_key_or_team_choose_the_project_where_a_grant_says_so",
                    "elsewhere_they_are_denied_and_the_call_goes_where_its_rule_says",
                )
                for call in ("passed", "refused")
            ),
        ),
        "LiteLLM's proxy names the key of its pass-through endpoints from 1.100 on",
    ),
    LeftOut((f"{_ROUTES}[/v1/messages",), "LiteLLM's proxy asks Anthropic itself, whatever `api_base` says"),
    LeftOut(
        ("tests/integration/test_proxy_calls.py::test_a_realtime_session_is_one_generation",),
        "LiteLLM's proxy speaks realtime to providers with TLS only",
    ),
    LeftOut((f"{_KINDS}[anthropic_messages",), "LiteLLM hands callbacks no metadata of the SDK's /v1/messages"),
    LeftOut(
        (f"{_CALLS}_fallback_is_two_generations_of_one_trace[completion falling back]",),
        "LiteLLM ends the event loop of a synchronous fallback before it reports the success",
    ),
    LeftOut(
        (f"{_RECORD}_what_the_host_excluded_is_left_out", f"{_RECORD}_what_the_host_excluded_is_not_fetched_where"),
        "LiteLLM has no `standard_logging_payload_excluded_fields` yet",
    ),
    LeftOut(
        (f"{_RECORD}_the_words_of_a_client_are_no_deployment_where_litellm_routed_nothing",),
        "LiteLLM leaves no sign of its routing yet: `ROUTED` in router/litellm/private.py says what that costs",
    ),
    LeftOut(
        (f"{_RECORD}_a_proxy_call_with_headers_is_recorded_exactly",),
        "the captured key is of LiteLLM 1.106, which knows an alias of the organization",
    ),
)


@dataclass(frozen=True)
class Session:
    """One environment.

    Attributes:
        name: of its requirement file and its folder.
        python: the interpreter's version.
        why: what it stands for, in a line.
        pins: constraints; what they leave open is the newest that resolves.
        adds: requirements besides those of the package and its tests.
        extras: of the package.
        lowest: whether our own dependencies are the lowest that pyproject.toml allows.
        left_out: what of `TESTS` it cannot have.
    """

    name: str
    python: str
    why: str
    pins: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    extras: tuple[str, ...] = ("litellm",)
    lowest: bool = False
    left_out: tuple[LeftOut, ...] = ()

    @property
    def lock(self) -> Path:
        return LOCKS / f"{self.name}.txt"

    @property
    def constraints(self) -> tuple[str, ...]:
        return (*self.pins, *(lowest_bounds() if self.lowest else ()))


# Not Python 3.12.0 and 3.12.1: there a process that ends starts no thread, and loses calls that came last.
SESSIONS = (
    Session(
        "oldest",
        "3.11",
        "the lowest of everything: LiteLLM, langfuse 4.7, pydantic 2.11, rich 13.7.1",
        pins=(f"litellm=={OLDEST_LITELLM}",),
        lowest=True,
        left_out=LEFT_OUT_OF_OLDEST,
    ),
    Session(
        "proxy-image",
        "3.13",
        "LiteLLM's proxy image: langfuse 4.15 with opentelemetry 1.33.1",
        adds=("litellm[proxy,proxy-runtime]==1.106.2",),
    ),
    Session(
        "langfuse-5",
        "3.13",
        "langfuse 5, which switches LiteLLM's own callback off",
        pins=("langfuse==5.*",),
        extras=(),
    ),
    Session("newest", "3.13", "the newest of everything that resolves"),
)


@dataclass(frozen=True)
class Outcome:
    """What a session came to; `note` says why it did not run, or which tests failed."""

    session: Session
    passed: int = 0
    failed: int = 0
    secs: float = 0.0
    note: str = ""

    @property
    def is_good(self) -> bool:
        return self.passed > 0 and not self.failed and not self.note


def main(arguments: Sequence[str]) -> int:
    """Run the sessions, or with `--lock` choose their versions anew; return 1 if one of them fails."""
    parser = argparse.ArgumentParser(prog="make test-matrix", description=__doc__)
    parser.add_argument("sessions", nargs="*", help=", ".join(session.name for session in SESSIONS))
    parser.add_argument("--lock", action="store_true", help="write requirements/matrix/*.txt instead")
    options = parser.parse_args(arguments)
    known = {session.name: session for session in SESSIONS}
    if unknown := [name for name in options.sessions if name not in known]:
        parser.error(f"there is no session {unknown[0]!r}; there are {', '.join(known)}")
    chosen = [known[name] for name in options.sessions] or list(SESSIONS)
    if options.lock:
        for session in chosen:
            lock(session)
        return 0
    outcomes = []
    for session in chosen:
        print(f"— {session.name}: {session.why} (Python {session.python})", flush=True)
        outcomes.append(run(session))
    print(f"\n{summary(outcomes)}")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def lock(session: Session) -> None:
    """Choose the versions of a session, with hashes."""
    LOCKS.mkdir(exist_ok=True)
    constraints = ENVIRONMENTS / f"{session.name}.constraints"
    ENVIRONMENTS.mkdir(exist_ok=True)
    constraints.write_text("\n".join(session.constraints) + "\n", "utf-8")
    extras = [word for extra in session.extras for word in ("--extra", extra)]
    command = [_uv(), "pip", "compile", "-q", "--upgrade", "--python-version", session.python, "--generate-hashes"]
    command += [
        "--no-header",
        "--no-emit-index-url",
        "--no-annotate",
        *extras,
        "--group",
        "test",
        "-c",
        str(constraints),
    ]
    command += ["pyproject.toml", "-", "-o", str(session.lock)]
    subprocess.run(command, cwd=CHECKOUT, input="\n".join(session.adds), text=True, check=True)


def run(session: Session) -> Outcome:
    """Install a session and run its tests; pytest prints a dot for each, and how many percent are done."""
    started = time.monotonic()
    home = ENVIRONMENTS / session.name
    python = home / "bin" / "python"
    install = [_uv(), "pip", "install", "-q", "--python", str(python), "--no-deps", "--no-build-isolation", "-e", "."]
    for command in (
        [_uv(), "venv", "-q", "--allow-existing", "--python", session.python, str(home)],
        [
            _uv(),
            "pip",
            "sync",
            "-q",
            "--require-hashes",
            "--compile-bytecode",
            "--python",
            str(python),
            str(session.lock),
        ],
        install,
    ):
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return Outcome(session, note=f"not run: {(done.stderr.strip() or 'failed').splitlines()[0]}")
    report = home / "report.xml"
    report.unlink(missing_ok=True)
    # Warnings of other packages are those of their versions; ours count.
    options = [
        "-o",
        "filterwarnings=ignore\nerror:::router(\\..*)?",
        "-q",
        "--no-header",
        "--tb=short",
        "--show-capture=no",
    ]
    options += ["-p", "no:cacheprovider", f"--junit-xml={report}"]
    for entry in session.left_out:
        print(f"  without {len(entry.tests)} {'test' if len(entry.tests) == 1 else 'tests'}: {entry.why}", flush=True)
        options += [word for test in entry.tests for word in ("--deselect", test)]
    subprocess.run([str(python), "-m", "pytest", *options, *TESTS], cwd=CHECKOUT, check=False)
    return _read(session, report, time.monotonic() - started)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return a line for each session: versions, counts, seconds."""
    head = ("session", "python", *SHOWN, "passed", "failed", "seconds", "")
    rows: list[tuple[str, ...]] = [head]
    for outcome in outcomes:
        found = pinned(outcome.session)
        counts = (str(outcome.passed), str(outcome.failed), f"{outcome.secs:.0f}")
        end = "ok" if outcome.is_good else outcome.note or "FAILED"
        rows.append((outcome.session.name, outcome.session.python, *(found[name] for name in SHOWN), *counts, end))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def pinned(session: Session) -> dict[str, str]:
    """Return the versions that a session's requirement file chose."""
    return dict(re.findall(r"^([\w.-]+)==([\w.!+]+)", session.lock.read_text("utf-8"), re.MULTILINE))


def lowest_bounds() -> tuple[str, ...]:
    """Return the lowest version that pyproject.toml allows of everything the package itself needs."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    return tuple(re.sub(r"^([\w-]+)>=([\w.]+).*$", r"\1==\2", requirement) for requirement in project["dependencies"])


def _read(session: Session, report: Path, secs: float) -> Outcome:
    if not report.exists():
        return Outcome(session, secs=secs, note="pytest did not finish")
    suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Outcome(session, int(suite.get("tests", 0)) - failed - int(suite.get("skipped", 0)), failed, secs)


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
