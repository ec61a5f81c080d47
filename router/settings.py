"""The only reader of the process environment: `ROUTER_*` settings, and the variables that projects name.

Checked by pydantic alone: pydantic-settings adds 0.1 s to the start of every program, and reads nothing else here.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from router.errors import ConfigError, Location, Problem

if TYPE_CHECKING:
    from router.delivery import DeliverySettings

T = TypeVar("T")
PREFIX = "ROUTER_"
DEFAULT_CONFIG = "routing.yaml"
INVALID_SETTING = "RT118"
_EVERYBODYS = {
    "https_proxy": ("HTTPS_PROXY", "https_proxy"),
    "http_proxy": ("http_proxy",),  # HTTP_PROXY is not read: in a CGI process it is a client's header
    "no_proxy": ("NO_PROXY", "no_proxy"),
    # https://langfuse.com/docs/observability/sdk/python/sdk-v3, "Configuration"
    "max_batch_spans": ("LANGFUSE_FLUSH_AT",),
    "flush_interval_secs": ("LANGFUSE_FLUSH_INTERVAL",),
    "timeout_secs": ("LANGFUSE_TIMEOUT",),
    "debug": ("LANGFUSE_DEBUG",),
}
"""Settings that other programs have in common with us, by the variables that all of them read; ours come first."""
LANGFUSE_SETTINGS: Mapping[str, str] = {
    "LANGFUSE_FLUSH_AT": "calls in one request, where ROUTER_MAX_BATCH_SPANS says nothing",
    "LANGFUSE_FLUSH_INTERVAL": "seconds between requests, where ROUTER_FLUSH_INTERVAL_SECS says nothing",
    "LANGFUSE_TIMEOUT": "seconds that a request may take, where ROUTER_TIMEOUT_SECS says nothing",
    "LANGFUSE_DEBUG": "whether everything is logged, where ROUTER_DEBUG says nothing",
}
"""What the variables of the Langfuse SDK among them say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadSettings:
    """When the files are read again, beside `reload()`. The variable of a field is `ROUTER_RELOAD_` and its name."""

    interval_secs: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 0.0
    """How often the files are looked at, and read again once they have changed; 0 never."""
    on_sighup: bool = False
    """Whether a SIGHUP has them read again; the handler is set by `router.litellm`, where it starts."""
    require_tests: bool = False
    """Whether a new configuration is refused when one of its own tests fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What the router writes to its log. The variable of a field is `ROUTER_` and its name."""

    debug: bool = False
    """Whether the logger `router` says all it has to say; the handlers are the host's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `ROUTER_*` variables set.

    Attributes:
        config: path of routing.yaml, `ROUTER_CONFIG`.
        delivery: sizes and times of delivery.
        reload: when the files are read again.
        log: what is logged.
    """

    config: str
    delivery: DeliverySettings
    reload: ReloadSettings = ReloadSettings()
    log: LogSettings = LogSettings()


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def config_path(environ: Mapping[str, str] | None = None) -> str:
    """Return the path of routing.yaml: `ROUTER_CONFIG`, else ./routing.yaml."""
    return (process_environment() if environ is None else environ).get(f"{PREFIX}CONFIG") or DEFAULT_CONFIG


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that `environ`, by default the process environment, holds.

    Raises:
        ConfigError: a variable has a value that its setting forbids; holds one problem for each.
    """
    environ = process_environment() if environ is None else environ
    # Here, because `router check` reads the environment and never delivers.
    from router.delivery import DeliverySettings

    delivery, problems = _read(DeliverySettings, PREFIX, environ)
    reload, others = _read(ReloadSettings, f"{PREFIX}RELOAD_", environ)
    log, more = _read(LogSettings, PREFIX, environ)
    problems += others + more
    if not problems and delivery != DeliverySettings():
        problems += _unusable_files(delivery)
    if problems:
        raise ConfigError(problems)
    return Settings(config=config_path(environ), delivery=delivery, reload=reload, log=log)


def _read(kind: type[T], prefix: str, environ: Mapping[str, str]) -> tuple[T, tuple[Problem, ...]]:
    """Return the settings of a kind, and what is wrong with them; the defaults where something is."""
    names = {item.name: f"{prefix}{item.name.upper()}" for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    given = {
        name: variable
        for name, own in names.items()
        for variable in reversed((own, *_EVERYBODYS.get(name, ())))
        if environ.get(variable)
    }
    if not given:
        return kind(), ()
    try:
        return TypeAdapter(kind).validate_python({name: environ[variable] for name, variable in given.items()}), ()
    except ValidationError as error:
        return kind(), _problems(error, given)


def _unusable_files(settings: DeliverySettings) -> tuple[Problem, ...]:
    """Return a problem where certificates could not be loaded: better now than at the first call."""
    import ssl

    from router.delivery import DeliverySettings
    from router.delivery.network import tls_context

    if settings.client_key_file and not settings.client_cert_file:
        return (_problem("`ROUTER_CLIENT_KEY_FILE` needs `ROUTER_CLIENT_CERT_FILE`, the certificate of the key"),)
    for names in (("ca_file",), ("client_cert_file", "client_key_file")):
        part = DeliverySettings(**{name: getattr(settings, name) for name in names})
        try:
            tls_context(part)
        except (OSError, ValueError) as error:
            listed = " and ".join(f"`{PREFIX}{name.upper()}`" for name in names if getattr(settings, name))
            reason = "" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None)
            words = f"cannot be read: {reason.lower()}" if reason else "cannot be used as PEM"
            return (_problem(f"{listed} {words}"),)
    return ()


def _problems(error: ValidationError, names: Mapping[str, str]) -> tuple[Problem, ...]:
    return tuple(
        _problem(f"`{names[str(finding['loc'][0])]}` {_words(finding['msg'])}")
        for finding in error.errors(include_url=False, include_input=False)
    )


def _problem(message: str) -> Problem:
    return Problem(
        code=INVALID_SETTING,
        message=message,
        location=Location("environment"),
        effect="the router does not start",
        hint="unset the variable to use the default",
    )


def _words(message: str) -> str:
    return message.removeprefix("Input ").split(",")[0]
