"""How a command ends: the exit codes of the whole command line, and the error that ends one early."""

from __future__ import annotations

from enum import IntEnum

from router.errors import RouterError


class ExitCode(IntEnum):
    """The same meaning in every command."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    TESTS_FAILED = 3
    INTERRUPTED = 130


class CommandError(RouterError):
    """A command cannot do what it was asked for.

    Attributes:
        hint: the way out, or empty.
        code: how the program ends.
    """

    def __init__(self, message: str, hint: str = "", code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code
