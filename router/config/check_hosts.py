"""Checks of hosts and keys that are written out, and of those that references lead to."""

from __future__ import annotations

from collections.abc import Iterator

from router.config.draft import Draft
from router.config.findings import Findings, from_variables
from router.config.hosts import PLAIN_HTTP, host_fault, read_host
from router.config.model import CredentialHosts, EnvRef, FileRef, Project, ProjectByPrefix
from router.config.nodes import Path
from router.errors import Problem

PUBLIC, SECRET = "pk-lf-", "sk-lf-"


def check_hosts(draft: Draft) -> list[Problem]:
    """Return the findings about hosts that are written out; they need no environment."""
    findings = Findings(draft)
    hosts: list[tuple[Path, str | EnvRef | FileRef | None, bool]] = [
        (("defaults", "host"), draft.defaults.host, allows_http(draft))
    ]
    hosts += [
        (("projects", name, "host"), project.host, allows_http(draft, project))
        for name, project in draft.projects.items()
    ]
    for path, host, allow_http in hosts:
        if isinstance(host, str) and not is_open(draft, path):
            origin = origin_of(draft, path)
            check_host(findings, path, host, allow_http, shown=not origin, origin=origin)
    for path, host in _listed_hosts(draft):
        if not is_open(draft, path):
            _check_listed(findings, path, host, origin_of(draft, path))
    for name, project in draft.projects.items():
        key = None if isinstance(project, ProjectByPrefix) else project.public_key
        where: Path = ("projects", name, "public_key")
        if isinstance(key, str) and key.startswith(SECRET):
            tell_swapped(findings, where, "public_key", origin_of(draft, where))
    return findings.problems


def check_host(
    findings: Findings,
    path: Path,
    host: str,
    allow_http: bool,
    *,
    shown: bool,
    origin: str = "",
    effect: str = "no call would be sent there",
) -> bool:
    """Report a host that must not be used. `shown`: it stands in the file anyway."""
    fault = host_fault(host, allow_http=allow_http)
    if not fault:
        return True
    name = f"host `{host}`" if shown and "@" not in host else f"the host{from_words(origin)}"
    hint = "write for example `https://langfuse.example.com`"
    if fault == PLAIN_HTTP:
        hint = "write `https://…`; inside a network that you trust: `allow_http: true`"
    findings.add("RT604", f"{name} {fault}", path, effect=effect, hint=hint)
    return False


def tell_swapped(findings: Findings, path: Path, key: str, origin: str = "") -> None:
    other, prefix = ("secret", SECRET) if key == "public_key" else ("public", PUBLIC)
    findings.add(
        "RT605",
        f"`{key}`{from_words(origin)} holds a {other} key (`{prefix}…`)",
        path,
        effect="Langfuse would refuse every call, and a secret key would travel where a public one is expected",
        hint="swap the two keys",
    )


def allows_http(draft: Draft, project: Project | None = None) -> bool:
    own = project.allow_http if project is not None else None
    return draft.defaults.allow_http if own is None else own


def is_open(draft: Draft, path: Path) -> bool:
    """Tell whether a `${NAME}` of a value is not filled in: nothing can be said about the value then."""
    node = draft.node(*path)
    return node is not None and node.is_open


def origin_of(draft: Draft, path: Path) -> str:
    """Return `variable X` for a value that a variable is part of."""
    node = draft.node(*path)
    return from_variables(node).removeprefix("from ") if node is not None else ""


def from_words(origin: str) -> str:
    return f" from {origin}" if origin else ""


def _listed_hosts(draft: Draft) -> Iterator[tuple[Path, str]]:
    """Yield every host that requests may name, with its path."""
    overrides = draft.overrides
    given: list[tuple[Path, object]] = [(("overrides", "credentials"), overrides.credentials)]
    given += [
        (("overrides", "grants", index, "credentials"), one.credentials) for index, one in enumerate(overrides.grants)
    ]
    for path, credentials in given:
        for index, host in enumerate(credentials.hosts if isinstance(credentials, CredentialHosts) else ()):
            yield (*path, "hosts", index), host


def _check_listed(findings: Findings, path: Path, host: str, origin: str) -> None:
    allow_http, effect = allows_http(findings.draft), "no request could send there"
    if not check_host(findings, path, host, allow_http, shown=not origin, origin=origin, effect=effect):
        return
    if read_host(host, pattern=True, allow_http=allow_http) is None:
        name = "the host" + from_words(origin) if origin else f"`{host}`"
        findings.add(
            "RT511",
            f"{name} is no pattern that hosts can be held to",
            path,
            effect="a request that brings its own keys could not send there",
            hint="`*.` at the front stands for one label before at least two others: `https://*.langfuse.example.com`; "
            "no other wildcards",
        )
