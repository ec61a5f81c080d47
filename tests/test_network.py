"""TLS with an operator's own authority, client certificates, and proxies: over real sockets."""

from __future__ import annotations

import contextlib
import datetime
import gc
import ipaddress
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from router.delivery import DeliverySettings
from router.delivery.network import proxy_for
from router.testing import FakeLangfuse
from tests.masked_calls import posting, wait_until


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an authority, and a server's and a client's certificate of it."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = _certificate(folder, "authority", None)
    for name in ("server", "client"):
        _certificate(folder, name, authority)
    return folder


def _certificate(folder: Path, name: str, signer: Any) -> Any:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = signer or (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(private)
    return subject, key


class Relay:
    """Accepts connections and passes their bytes on to a server: under TLS, or as a proxy that was asked to CONNECT."""

    def __init__(self, target: int, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self.serving: set[threading.Thread] = set()
        self._target = target
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                serving = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self.serving.add(serving)
                serving.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._context is not None:
                connection = stack.enter_context(self._context.wrap_socket(connection, server_side=True))
            else:
                head = connection.recv(65_536)
                self.requests.append(head.decode().split("\r\n")[0])
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            server = stack.enter_context(socket.create_connection(("127.0.0.1", self._target)))
            answers = threading.Thread(target=_pass_on, args=(server, connection), daemon=True)
            answers.start()
            _pass_on(connection, server)
            answers.join(5)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def langfuse() -> Iterator[FakeLangfuse]:
    """Return a plain server, which the relays stand before."""
    with FakeLangfuse() as fake:
        yield fake


@contextlib.contextmanager
def behind_tls(langfuse: FakeLangfuse, certificates: Path, *, ask_client: bool = False) -> Iterator[Relay]:
    """Give what stands before the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    if ask_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "authority.pem")
    relay = Relay(int(langfuse.url.rpartition(":")[2]), context)
    yield relay
    relay.close()


def account_behind(relay: Relay, langfuse: FakeLangfuse, **settings: Any) -> dict[str, Any]:
    """Send one call to a host under TLS, and return what became of it once connections that failed are closed."""
    with sending(langfuse, f"https://127.0.0.1:{relay.port}", **settings) as found:
        kept = found.get("delivered", 0)
        wait_until(lambda: sum(thread.is_alive() for thread in relay.serving) <= kept)
    with warnings.catch_warnings():
        # asyncio leaves a connection under TLS that the end of its loop cuts off to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return found


@contextlib.contextmanager
def sending(langfuse: FakeLangfuse, host: str, **settings: Any) -> Iterator[dict[str, Any]]:
    """Send one call to a host, and give what became of it."""
    with posting(langfuse, max_age_secs=0.3, **settings) as post:
        post.projects["payments"] = langfuse.project("payments", host=host)
        post.send(1)
        assert post.sender.force_flush(60)
        yield post.account()


def test_an_authority_of_the_operator_is_trusted_when_it_is_named(
    langfuse: FakeLangfuse, certificates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And only then; without it the log names the setting."""
    with behind_tls(langfuse, certificates) as relay:
        assert account_behind(relay, langfuse) == {"handled": 1, "dropped": {"unreachable": 1}}
        assert "is not trusted; ROUTER_CA_FILE names further authorities." in caplog.text
        trusted = {"ca_file": str(certificates / "authority.pem")}
        assert account_behind(relay, langfuse, **trusted) == {"handled": 1, "delivered": 1}


def test_a_client_certificate_is_shown(langfuse: FakeLangfuse, certificates: Path) -> None:
    """A server that asks for one takes the calls with it, and no call without."""
    trusted = {"ca_file": str(certificates / "authority.pem")}
    own = {"client_cert_file": str(certificates / "client.pem"), "client_key_file": str(certificates / "client.key")}
    with behind_tls(langfuse, certificates, ask_client=True) as relay:
        assert account_behind(relay, langfuse, **trusted) == {"handled": 1, "dropped": {"unreachable": 1}}
        assert account_behind(relay, langfuse, **trusted, **own) == {"handled": 1, "delivered": 1}


def test_a_proxy_is_asked_for_servers_elsewhere(langfuse: FakeLangfuse, certificates: Path) -> None:
    """It sees the name of the host and not what is sent: the rest is TLS with the server."""
    context_url = "https://langfuse.example.com:443"
    proxy = Relay(int(langfuse.url.rpartition(":")[2]))
    with sending(langfuse, context_url, https_proxy=f"http://127.0.0.1:{proxy.port}") as found:
        proxy.close()
    assert found == {"handled": 1, "dropped": {"unreachable": 1}}  # the relay speaks no TLS
    assert set(proxy.requests) == {"CONNECT langfuse.example.com:443 HTTP/1.1"}


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://langfuse.example.com/api", "http://secure:1"),
        ("http://langfuse.example.com/api", "http://plain:2"),
        ("https://localhost:3000/api", None),
        ("http://127.0.0.1:3000/api", None),
        ("https://a.internal/api", None),
        ("https://exact.example.org:8443/api", None),
        ("https://exact.example.org/api", "http://secure:1"),
    ],
)
def test_which_proxy_a_request_takes(url: str, proxy: str | None) -> None:
    """By the scheme of the host; neither for this machine nor for hosts that are excepted."""
    settings = DeliverySettings(
        https_proxy="http://secure:1", http_proxy="plain:2", no_proxy=".internal, exact.example.org:8443"
    )
    assert proxy_for(settings, url) == proxy


def test_everything_is_direct_without_proxies() -> None:
    """The default."""
    assert proxy_for(DeliverySettings(), "https://langfuse.example.com") is None
