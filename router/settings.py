"""The only reader of the process environment: `ROUTER_*` settings, and the variables that projects name.

Checked by pydantic alone: pydantic-settings adds 0.1 s to the start of every program, and reads nothing else here.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from router.errors import ConfigError, Location, Problem

if TYPE_CHECKING:
    from router.delivery import DeliverySettings

PREFIX = "ROUTER_"
DEFAULT_CONFIG = "routing.yaml"
INVALID_SETTING = "RT118"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `ROUTER_*` variables set.

    Attributes:
        config: path of routing.yaml, `ROUTER_CONFIG`.
        delivery: sizes and times of delivery.
    """

    config: str
    delivery: DeliverySettings


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
    return Settings(config=config_path(environ), delivery=_delivery(environ))


def _delivery(environ: Mapping[str, str]) -> DeliverySettings:
    # Here, because `router check` reads the environment and never delivers.
    from router.delivery import DeliverySettings

    names = {item.name: f"{PREFIX}{item.name.upper()}" for item in dataclasses.fields(DeliverySettings)}
    given = {name: environ[variable] for name, variable in names.items() if environ.get(variable)}
    if not given:
        return DeliverySettings()
    try:
        return TypeAdapter(DeliverySettings).validate_python(given)
    except ValidationError as error:
        raise ConfigError(_problems(error, names)) from None


def _problems(error: ValidationError, names: Mapping[str, str]) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            code=INVALID_SETTING,
            message=f"`{names[str(finding['loc'][0])]}` {_words(finding['msg'])}",
            location=Location("environment"),
            effect="the router does not start",
            hint="unset the variable to use the default",
        )
        for finding in error.errors(include_url=False, include_input=False)
    )


def _words(message: str) -> str:
    return message.removeprefix("Input ").split(",")[0]
