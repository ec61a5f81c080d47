"""A project that exists for the calls of one pair of keys only: the one whose credentials a request brings."""

from __future__ import annotations

from hashlib import sha256

from pydantic import SecretStr

from router.config.hosts import Host
from router.config.limits import fitted
from router.config.loaded import ResolvedProject
from router.config.model import AD_HOC, Defaults
from router.routing.record import RequestCredentials

_MAX_KEY = 512
_SECRET = "sk-lf-"  # noqa: S105 (the beginning that every secret key of Langfuse has)


def usable_keys(credentials: RequestCredentials) -> tuple[str, str] | None:
    """Return the public and the secret key; None where one is missing, or could not stand in a request."""
    public, secret = (_text(key) for key in (credentials.public_key, credentials.secret_key))
    if ":" in public or public.startswith(_SECRET):
        return None
    return (public, secret) if _is_key(public) and _is_key(secret) else None


def ad_hoc_project(keys: tuple[str, str], host: Host, defaults: Defaults) -> ResolvedProject:
    """Return the project of these keys; its name has 12 hex digits of the public key's SHA-256, never the key."""
    public, secret = keys
    return ResolvedProject(
        f"{AD_HOC}:{sha256(public.encode()).hexdigest()[:12]}",
        public,
        SecretStr(secret),
        host.url,
        fitted("environment", defaults.environment),
        defaults.release,
        server=defaults.server,
    )


def _is_key(text: str) -> bool:
    return 0 < len(text) <= _MAX_KEY and text.isascii() and text.isprintable() and " " not in text


def _text(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
