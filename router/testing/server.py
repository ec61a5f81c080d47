"""The HTTP face of a Langfuse double: real sockets on loopback, one thread per connection."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from router.testing.faults import Fault, Faults
from router.testing.inbox import Inbox
from router.testing.received import ReceivedRequest

OTLP_PATH = "/api/public/otel/v1/traces"
_MAX_REQUEST = 1 << 30
_ACCEPT_AGAIN_SECS = 0.01
# Lingering for no time at all turns the close of a socket into a reset.
_RESET = struct.pack("ii", 1, 0)


class Server:
    """Accepts connections on 127.0.0.1 until it is closed."""

    def __init__(self, inbox: Inbox, faults: Faults, port: int, version: Callable[[], str | None]) -> None:
        self._inbox = inbox
        self._faults = faults
        self._version = version
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._closing = False
        self._pause = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="fake-langfuse", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._closing = True
        with contextlib.suppress(OSError):  # wakes `accept`, which closing the socket alone does not
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._thread.join(5)
        self._listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:  # no descriptor is free for it: it waits
                if self._closing:
                    return
                self._pause.wait(_ACCEPT_AGAIN_SECS)
                continue
            if self._closing:
                connection.close()
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            with contextlib.suppress(OSError):  # the client may go at any time
                _Connection(connection, address, self._inbox, self._faults, self._version)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompress(body, 47)  # gzip or zlib
    except zlib.error:
        return body


class _Connection(BaseHTTPRequestHandler):
    """One connection; its requests come one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(
        self,
        connection: socket.socket,
        address: Any,
        inbox: Inbox,
        faults: Faults,
        version: Callable[[], str | None],
    ) -> None:
        self._inbox = inbox
        self._faults = faults
        self._version = version
        super().__init__(connection, address, self)  # type: ignore[arg-type]  # a server, which is only kept

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:  # the client is gone, and with it what was left to write
            pass
        finally:
            self.rfile.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        version = self._version()
        if self.path == "/api/public/health" and version is not None:
            self._answer(200, {"status": "OK", "version": version})
        elif self.path.split("?")[0] == "/api/public/projects":
            self._answer_projects()
        else:
            self._answer(405 if self.path == OTLP_PATH else 404, {})

    def do_POST(self) -> None:
        headers = self._headers()
        body = self.rfile.read(min(int(headers.get("content-length") or 0), _MAX_REQUEST))
        project, public_key = self._inbox.project_of(headers) or ("", "")
        request = ReceivedRequest(project=project, path=self.path, headers=headers, body=body)
        status = self._refusal(headers) or (0 if project else 401)
        if status:
            self._finish(self._inbox.log(request, status), {"Location": OTLP_PATH} if status == 308 else {})
            return
        fault = self._faults.next(project)
        if fault is not None and fault.kind in ("hang", "reset"):
            self._cut(request, fault)
        elif fault is not None and fault.kind == "status":
            after = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._finish(self._inbox.log(request, fault.status), after)
        elif fault is not None and fault.kind == "limit" and len(body) > fault.max_bytes:
            self._finish(self._inbox.log(request, 413))
        elif fault is not None and fault.kind == "refuse" and fault.text in _unpacked(body):
            self._finish(self._inbox.log(request, 400))
        else:
            if fault is not None and fault.kind == "slow":
                fault.healed.wait(fault.seconds)
            self._finish(self._inbox.take(request, public_key))

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _refusal(self, headers: Mapping[str, str]) -> int:
        # `self.path` hides slashes that are doubled at its start.
        if "//" in self.requestline.split(" ")[1] or self.path == OTLP_PATH + "/":
            return 308
        if self.path != OTLP_PATH:
            return 404
        return 0 if "application/x-protobuf" in headers.get("content-type", "") else 400

    def _cut(self, request: ReceivedRequest, fault: Fault) -> None:
        self._inbox.log(request)
        self.close_connection = True
        if fault.kind == "hang":
            fault.healed.wait()
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _answer_projects(self) -> None:
        name, _ = self._inbox.project_of(self._headers()) or ("", "")
        if not name:
            self._answer(401, {"message": "Invalid credentials"})
            return
        organization = {"id": "organization", "name": "organization"}
        project = {"id": f"project-{name}", "name": name, "metadata": {}, "organization": organization}
        self._answer(200, {"data": [project]})

    def _finish(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        self._answer(status, {}, headers)

    def _answer(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
