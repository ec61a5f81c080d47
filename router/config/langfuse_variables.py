"""`LANGFUSE_*` variables that the Langfuse SDK reads: they fill what `defaults:` leaves open.

Keys and host are read where a project says `{env: LANGFUSE}`; sizes and times by `router.settings`.
https://langfuse.com/docs/observability/sdk/python/sdk-v3, "Configuration".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.config.draft import Draft
from router.config.limits import fitted
from router.errors import Location, Problem, Severity

_ENVIRONMENT, _RELEASE, _SAMPLE = "LANGFUSE_TRACING_ENVIRONMENT", "LANGFUSE_RELEASE", "LANGFUSE_SAMPLE_RATE"
_ENABLED = "LANGFUSE_TRACING_ENABLED"
PURPOSES: Mapping[str, str] = {
    _ENVIRONMENT: "`environment` where `defaults` has none",
    _RELEASE: "`release` where `defaults` has none",
    _SAMPLE: "`sample` where `defaults` has none",
    _ENABLED: "whether anything is sent",
}
"""What the variables that no project names say; those of `router.settings` have purposes of their own."""
_NO_START = "the router does not start"
_OFF, _ON = frozenset({"false", "0", "no", "off"}), frozenset({"true", "1", "yes", "on", ""})


def fill_defaults(draft: Draft, environ: Mapping[str, str]) -> list[Problem]:
    """Fill the defaults of a file, and return what is wrong with the variables that it uses."""
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, variable in (("environment", _ENVIRONMENT), ("release", _RELEASE), ("sample", _SAMPLE)):
        given = environ.get(variable, "").strip()
        if not given or name in draft.defaults.model_fields_set:
            continue
        found[name] = given
        if name == "environment" and fitted(name, given) != given:
            problems.append(_spelling())
        if name == "sample":
            found[name] = _rate(given)
            problems += [] if found[name] is not None else [_no_rate()]
    if (word := environ.get(_ENABLED, "").strip().lower()) not in _ON:
        found["sample"] = 0.0  # beats the file: who switches tracing off wants nothing sent
        problems.append(_switched_off() if word in _OFF else _no_switch())
    if not problems or all(problem.severity != "error" for problem in problems):
        draft.defaults = draft.defaults.model_copy(update=found)
    return problems


def _rate(text: str) -> float | None:
    try:
        rate = float(text)
    except ValueError:
        return None
    return rate if 0 <= rate <= 1 else None


def _no_rate() -> Problem:
    hint = "unset the variable, or say `sample` in `defaults`, which beats it"
    return _problem(f"`{_SAMPLE}` should be a number from 0 to 1", _NO_START, hint)


def _switched_off() -> Problem:
    effect = "nothing is sent: every call counts as `sampled_out`"
    return _problem(f"`{_ENABLED}` switches tracing off", effect, "unset the variable", "warning")


def _no_switch() -> Problem:
    return _problem(f"`{_ENABLED}` should be true or false", _NO_START, "unset the variable")


def _spelling() -> Problem:
    effect = "calls are filed under another spelling of it"
    hint = "up to 40 of a-z, 0-9, `-` and `_`, and not `langfuse` at its beginning"
    return _problem(f"`{_ENVIRONMENT}` is no environment that Langfuse takes", effect, hint, "warning")


def _problem(message: str, effect: str, hint: str, severity: Severity = "error") -> Problem:
    where = Location("environment")
    return Problem(code="RT118", message=message, location=where, severity=severity, effect=effect, hint=hint)
