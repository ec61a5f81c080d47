"""Programs that use LiteLLM, forked from a process that has imported it: that takes seconds, and the tests start many.

Each is a process of its own all the same, with its own environment, folder, output, session and signals, and it ends as
any interpreter does. `python -m tests.programs DESCRIPTOR MODULE …` is the process that forks them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Self

from router.settings import process_environment

CHECKOUT = Path(__file__).resolve().parent.parent


class Program:
    """A running program.

    Attributes:
        pid: of its process, which leads a session and a group.
        stdout: what it prints, where nothing else was asked for.
        returncode: its exit status, negative for a signal; None before `poll` or `wait` has seen its end.
    """

    def __init__(self, end: socket.socket, stdout: IO[str] | None) -> None:
        self.stdout = stdout
        self.returncode: int | None = None
        self._end = end
        self.pid = int(self._read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.0001)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Return the exit status.

        Raises:
            subprocess.TimeoutExpired: it runs still, after so many seconds.
        """
        if self.returncode is None:
            self._end.settimeout(timeout)
            try:
                self.returncode = os.waitstatus_to_exitcode(int(self._read()))
            except TimeoutError:
                raise subprocess.TimeoutExpired(str(self.pid), timeout) from None
            self._end.close()
        return self.returncode

    def communicate(self, timeout: float) -> str:
        """Wait for its end, and return the rest of what it prints: little, as nobody reads it meanwhile."""
        self.wait(timeout)
        return self.stdout.read() if self.stdout is not None else ""

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it with all that it has started, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(60)
        if self.stdout is not None:
            self.stdout.close()

    def _read(self) -> bytes:
        """Return the next line from whoever waits for the program."""
        line = b""
        while not line.endswith(b"\n"):
            part = self._end.recv(1)
            if not part:
                raise RuntimeError("whoever waits for the program is gone")
            line += part
        return line


class Starter:
    """Starts programs for which `modules` are imported already, until it is closed."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._lock = threading.Lock()
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        code: str,
        *arguments: str,
        environ: Mapping[str, str],
        folder: Path,
        stdout: int | None = None,
        stderr: int = 2,
    ) -> Program:
        """Run `code` as `python -c` does, with files for its output; without `stdout` it can be read."""
        words = json.dumps({"code": code, "arguments": arguments, "environ": dict(environ), "folder": str(folder)})
        end, theirs = socket.socketpair()
        reading, writing = (None, stdout) if stdout is not None else os.pipe()
        try:
            with self._lock:
                channel = self._opened()
                socket.send_fds(channel, [f"{len(words.encode()):>10}".encode()], [writing, stderr, theirs.fileno()])
                channel.sendall(words.encode())
        finally:
            theirs.close()
            if reading is not None:
                os.close(writing)
        return Program(end, None if reading is None else os.fdopen(reading, encoding="utf-8"))

    def close(self) -> None:
        """Start no more; programs that run go on."""
        if self._channel is not None and self._process is not None:
            self._channel.close()
            self._process.wait(60)

    def _opened(self) -> socket.socket:
        if self._channel is None:
            self._channel, theirs = socket.socketpair()
            environ = {name: value for name, value in process_environment().items() if not name.startswith("LITELLM_")}
            environ |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENBLAS_NUM_THREADS": "1"}  # no thread to fork beside
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.programs", str(theirs.fileno()), *self._modules],
                cwd=CHECKOUT,
                env=environ,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            theirs.close()
        return self._channel


def _main(descriptor: str, *modules: str) -> None:
    """Import the modules, and fork for each program that is asked for; return in its process only, or at the end."""
    before = dict(os.environ)
    gc.disable()
    for name in modules:
        importlib.import_module(name)
    found = {name: value for name, value in os.environ.items() if before.get(name) != value}
    gc.collect()
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(descriptor)) as channel:
        while True:
            size, files, _, _ = socket.recv_fds(channel, 10, 3)
            if not size:
                return
            words = json.loads(_received(channel, int(size)))
            if not os.fork():
                break
            for file in files:
                os.close(file)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if _is_program(files):
        _run(words, found)


def _received(channel: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += channel.recv(size - len(found))
    return found


def _is_program(files: list[int]) -> bool:
    """Fork the program; in the other process say which it is, wait for its end, and say how it ended."""
    stdout, stderr, end = files
    pid = os.fork()
    if not pid:
        os.setsid()
        for file, number in ((stdout, 1), (stderr, 2)):
            os.dup2(file, number)
        for file in files:
            os.close(file)
        return True
    os.close(stdout)
    os.close(stderr)
    with socket.socket(fileno=end) as told, contextlib.suppress(BrokenPipeError):
        told.sendall(b"%d\n" % pid)
        told.sendall(b"%d\n" % os.waitpid(pid, 0)[1])
    os._exit(0)


def _run(words: dict[str, Any], found: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update({**found, **words["environ"]})
    os.chdir(words["folder"])
    sys.argv = ["-c", *words["arguments"]]
    sys.path[0] = ""
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(words["code"], "<program>", "exec"), main.__dict__)


if __name__ == "__main__":
    _main(*sys.argv[1:])
