"""The way to a server: which certificates are trusted and shown, and through which proxy."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # only typeshed lacks it

from router.delivery.settings import DeliverySettings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def tls_context(settings: DeliverySettings) -> ssl.SSLContext | None:
    """Return what TLS connections are made with; None for the defaults of the system.

    The operator's own authorities are trusted beside those of the system.

    Raises:
        OSError: a file cannot be read, or is no certificate or key (`ssl.SSLError`).
    """
    if settings.ca_file is None and settings.client_cert_file is None:
        return None
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(settings.ca_file)
    if settings.client_cert_file is not None:
        # An empty password, so that a key that has one is an error and not a question on the terminal.
        context.load_cert_chain(settings.client_cert_file, settings.client_key_file, password="")
    return context


def proxy_for(settings: DeliverySettings, url: str) -> str | None:
    """Return the proxy that a request to a URL goes through; None for the direct way, as to this machine itself."""
    parts = urlsplit(url)
    proxy = settings.https_proxy if parts.scheme == "https" else settings.http_proxy
    host = parts.hostname or ""
    if not proxy or host in _LOOPBACK:
        return None
    where = host if parts.port is None else f"{host}:{parts.port}"
    if settings.no_proxy and proxy_bypass_environment(where, {"no": settings.no_proxy}):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
