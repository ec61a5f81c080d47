"""Hosts: which may be used at all, and which of them a request may name."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

CLOUD = "https://cloud.langfuse.com"
"""Langfuse Cloud in the EU, the host where none is named."""
PLAIN_HTTP = "is plain http, which is for this machine only"
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?|[0-9a-f:.]+")
_WILD_NAME = re.compile(r"\*\.[a-z0-9_][a-z0-9_-]*(\.[a-z0-9_][a-z0-9_-]*)+")
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*")


def host_fault(host: str, *, allow_http: bool = False) -> str:
    """Return why a host cannot be used, nothing when it can; `allow_http` elsewhere than on this machine."""
    try:
        parts = urlsplit(host)
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in _PORTS or not name or any(char.isspace() for char in host):
        return "is not a URL of http or https"
    if not _is_name(name):
        return "has a part between its dots that is empty or longer than 63 characters"
    if parts.username is not None or parts.password is not None:
        return "must not hold credentials"
    if parts.query or parts.fragment or "?" in host or "#" in host:
        return "must not have a query or a fragment"
    if parts.scheme == "http" and not allow_http and not _is_loopback(name):
        return PLAIN_HTTP
    return ""


@dataclass(frozen=True, slots=True)
class Host:
    """A host taken apart, so that two are compared as servers see them and never as texts.

    Attributes:
        name: in lower case; of a pattern it may begin with `*.`, which stands for one label.
        path: without a slash at its end.
    """

    scheme: str
    name: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The host as requests are sent to it: put together anew from what was compared."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{name}{port}{self.path}"

    def admits(self, other: Host) -> bool:
        """Tell whether this pattern stands for `other`."""
        if (self.scheme, self.port, self.path) != (other.scheme, other.port, other.path):
            return False
        if not self.name.startswith("*."):
            return self.name == other.name
        label, dot, rest = other.name.partition(".")
        return bool(label and dot) and rest == self.name[2:]


def read_host(host: str, *, pattern: bool = False, allow_http: bool = False) -> Host | None:
    """Return a host, or a pattern for some; None for one that cannot be used, or not be compared beyond doubt."""
    host = host.strip()
    if host_fault(host, allow_http=allow_http) or not host.isascii() or not host.isprintable() or "\\" in host:
        return None
    parts = urlsplit(host)
    name, path = (parts.hostname or "").lower(), parts.path.rstrip("/")
    fits = _NAME.fullmatch(name) or (pattern and _WILD_NAME.fullmatch(name))
    if not fits or not _PATH.fullmatch(path):
        return None
    return Host(parts.scheme, name, parts.port or _PORTS[parts.scheme], path)


def _is_name(name: str) -> bool:
    """Return whether each label of a host name has 1 to 63 characters (RFC 1035): Python looks up no other."""
    return all(0 < len(label) < 64 for label in name.removesuffix(".").split("."))


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
