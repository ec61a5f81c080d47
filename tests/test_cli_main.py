"""The command line as a whole: help, version, errors, colours, encodings, pipes, and what a start costs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click
import pytest

from router.cli.commands import SUMMARIES
from tests.command_line import router

QUICKSTART = "examples/quickstart/routing.yaml"
EXPLAIN = ("explain", "-c", QUICKSTART, "team=payments", "input=caf\u00e9 \u4f60")
SGR = re.compile(r"\x1b\[[0-9;]*m")
WRITTEN = [name for name in SUMMARIES if (Path(__file__).parent.parent / f"router/cli/{name}.py").exists()]


@pytest.fixture(autouse=True)
def folder(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the examples are."""
    monkeypatch.chdir(checkout)


def process(*argv: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "router", *argv], capture_output=True, text=True, check=False, timeout=200, **options
    )


def test_no_argument_and_h_print_the_same_help():
    """Every command with one line."""
    run = router()
    assert run == router("-h") == router("--help")
    assert (run.code, run.err) == (0, "")
    for name, summary in SUMMARIES.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}$", run.out, re.MULTILINE)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_and_option_has_help_with_an_example(name):
    """`-h` works everywhere, and each option shows how to write it."""
    command = getattr(import_module(f"router.cli.{name}"), name)
    assert isinstance(command, click.Command)
    run = router(name, "-h")
    assert (run.code, run.err) == (0, "")
    assert f"router {name}" in run.out.partition("Example")[2]
    if name != "demo":
        for option in command.params:
            assert not isinstance(option, click.Option) or "Example: " in (option.help or "")


def test_the_version_tells_which_package_and_which_python_run():
    """Enough for a bug report."""
    run = router("--version")
    package = re.escape(str(Path(router.__code__.co_filename).resolve().parent.parent / "router"))
    assert re.fullmatch(rf"langfuse-router (0\.1\.0|\(not installed\)) \({package}, Python 3\.\d+\.\d+\)\n", run.out)
    assert run.code == 0


CLICK_81 = "error: no such option: --formt Did you mean --format?\n"


@pytest.mark.parametrize(
    ("argv", "err"),
    [
        (["chek"], "error: there is no command `chek`; did you mean `check`?\n  = help: router -h\n"),
        (
            ["fly"],
            "error: there is no command `fly`; there are: check, explain, test, mask, env, spool, rule, schema, demo\n",
        ),
        (["check", "--formt", "json"], ("error: no such option '--formt'. Did you mean '--format'?\n", CLICK_81)),
        (["check", "--format", "yaml"], "error: invalid value for '--format': 'yaml' is not one of "),
    ],
)
def test_a_wrong_command_line_ends_with_2(argv, err):
    """Nothing on stdout; what is wrong and where help is on stderr."""
    run = router(*argv)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(err)


def test_colours_appear_only_when_they_are_wanted(monkeypatch):
    """Not in a pipe, not with NO_COLOR; with FORCE_COLOR always, and the text is the same."""
    monkeypatch.delenv("NO_COLOR")
    bare = router(*EXPLAIN).out
    assert "\x1b" not in bare
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = router(*EXPLAIN).out
    assert "\x1b[32m✔\x1b[0m" in coloured
    assert SGR.sub("", coloured) == bare
    monkeypatch.setenv("NO_COLOR", "1")
    assert router(*EXPLAIN).out == bare


def test_an_encoding_without_our_symbols_gets_ascii():
    """Marks and arrows have ASCII forms; other characters become escapes; nothing fails."""
    out = router(*EXPLAIN, encoding="ascii").out
    assert '  + payments          examples/quickstart/routing.yaml:29   team = "payments"   # stop' in out
    assert "secrets (defaults) -> pii (rule payments)" in out
    assert r'"caf\xe9 \u4f60"' in out


def test_json_stays_json_in_any_encoding():
    """Escapes are those of JSON."""
    run = router(*EXPLAIN, "--format", "json", encoding="ascii")
    assert run.data["sent"]["payments"]["input"] == "caf\u00e9 \u4f60"
    assert r"caf\u00e9 \u4f60" in run.out


def test_a_reader_that_stops_reading_is_no_error():
    """`router … | head -1` writes nothing to stderr."""
    command = [sys.executable, "-m", "router", "check", "--no-env", QUICKSTART]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(100) == 130


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told():
    """One sentence, exit code 2."""
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "router", "check", "--no-env", QUICKSTART],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=200,
        )
    assert (run.returncode, run.stderr) == (2, "error: the output cannot be written: no space left on device\n")


def test_ctrl_c_ends_quietly():
    """Exit code 130 and no traceback."""
    command = [sys.executable, "-m", "router", "mask", "pii", "--format", "json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdin.write('{"value": 1}\n')
        running.stdin.flush()
        assert running.stdout.readline() == '{"value": 1, "masked": {}}\n'
        running.send_signal(signal.SIGINT)
        assert running.wait(100) == 130
        assert running.stderr.read() == ""


def test_a_bug_of_ours_is_told_without_a_traceback_or_content(monkeypatch):
    """The class and the place; the text of the error may quote content, so it is left out."""

    def broken(_files: Sequence[str], *_rest: object, **_options: object) -> None:
        raise ValueError("my card is 4111")

    monkeypatch.setattr("router.cli.check.check_files", broken)
    run = router("check", "--no-env", QUICKSTART)
    assert re.fullmatch(
        r"error: a bug in langfuse-router: ValueError in test_cli_main\.py, line \d+\n  = help: report it .*\n", run.err
    )
    assert (run.code, run.out) == (2, "")


def test_the_module_is_the_command(tmp_path):
    """`python -m router` from anywhere, exit codes included."""
    assert process("check", cwd=tmp_path).returncode == 2
    run = process("check", "--no-env", QUICKSTART)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("6 tests passed\n")


def test_the_list_of_commands_loads_none_of_them():
    """`router -h` needs neither the configuration nor YAML."""
    report = (
        "import sys; from router.cli import main; code = main(['-h']); "
        "print(code, *(name for name in ('yaml', 'pydantic', 'router.config') if name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True, timeout=200)
    assert run.stdout.splitlines()[-1] == "0"
