"""Runs `router` inside the test's own process, with its streams caught as bytes."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from router.cli import main


@dataclass(frozen=True)
class Run:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON on stdout; stderr must be silent."""
        assert self.err == ""
        return json.loads(self.out)


def router(*argv: str, stdin: bytes | str = b"", encoding: str = "utf-8") -> Run:
    """Run a command. `encoding` is that of stdout and stderr."""
    content = stdin.encode() if isinstance(stdin, str) else stdin
    out, err = io.BytesIO(), io.BytesIO()
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(content), "utf-8")
    try:
        with (
            redirect_stdout(io.TextIOWrapper(out, encoding, newline="", write_through=True)) as out_text,
            redirect_stderr(io.TextIOWrapper(err, encoding, newline="", write_through=True)) as err_text,
        ):
            code = main(argv)
            out_text.flush()
            err_text.flush()
    finally:
        sys.stdin = before
    return Run(code, out.getvalue().decode(encoding), err.getvalue().decode(encoding))
