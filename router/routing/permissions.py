"""`overrides:` compiled: what may be brought, by whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from router.config.hosts import Host, read_host
from router.config.loaded import LoadedConfig, Located
from router.config.model import CredentialHosts, Grant, Overrides
from router.config.tables import Vocabulary
from router.routing.conditions import Verdict, compile_when
from router.routing.matchers import Condition, compile_match
from router.routing.plan import Because
from router.routing.record import CallRecord, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One part of `overrides:`: its own keys, or one grant.

    Attributes:
        allow: keys that a request may set.
        masks: whether a request may ask for more hiding.
        projects: projects that a request may choose.
        hosts: where a request may send that brings keys of its own; None is anywhere.
        brought_by: where requests may come from that choose a project or bring keys.
        conditions, when: of a grant; all must hold.
    """

    source: Because
    allow: frozenset[str]
    masks: bool
    projects: frozenset[str]
    hosts: tuple[Host, ...] | None
    brought_by: frozenset[Origin]
    conditions: tuple[Condition, ...] = ()
    when: Callable[[CallRecord], Verdict] | None = None

    def holds(self, record: CallRecord) -> bool:
        """Tell whether it is there for a call; not where its `when` cannot be evaluated."""
        return all(condition.holds(record) for condition in self.conditions) and (
            self.when is None or self.when(record) is True
        )

    def grants_credentials(self, record: CallRecord) -> bool:
        """Tell whether the request may bring keys for some host."""
        return record.origin in self.brought_by and self.hosts != ()

    def admits(self, host: Host) -> bool:
        """Tell whether keys may be brought for this host."""
        return self.hosts is None or any(pattern.admits(host) for pattern in self.hosts)

    def because(self, effect: str) -> Because:
        return Because(effect, self.source.source, self.source.file, self.source.line)


def compile_permissions(loaded: LoadedConfig) -> tuple[Permission, ...]:
    """Compile what everybody may, and every grant, of a configuration that `router.config` has checked."""
    allow_http = loaded.defaults.allow_http
    grants = [_of_grant(item, loaded.vocabulary, allow_http) for item in loaded.grants]
    return (_of_all(loaded.overrides, allow_http), *grants)


def _of_all(overrides: Overrides, allow_http: bool) -> Permission:
    return Permission(
        source=Because("", "overrides"),
        allow=frozenset(overrides.allow or ()),
        masks=overrides.masks == "add-only",
        projects=frozenset(overrides.projects),
        hosts=None if overrides.credentials is None else _hosts(overrides.credentials, allow_http),
        brought_by=frozenset(("sdk",)),
    )


def _of_grant(item: Located[Grant], vocabulary: Vocabulary, allow_http: bool) -> Permission:
    spec = item.value
    vocabulary = vocabulary.within(spec.match)
    return Permission(
        source=Because("", f"grant {spec.id}", item.location.file, item.location.line),
        allow=frozenset(spec.allow),
        masks=spec.masks == "add-only",
        projects=frozenset(spec.projects),
        hosts=_hosts(spec.credentials, allow_http),
        brought_by=frozenset(("sdk", "proxy")),
        conditions=compile_match(spec.match, vocabulary) if spec.match is not None else (),
        when=compile_when(spec.when, vocabulary) if spec.when is not None else None,
    )


def _hosts(given: CredentialHosts | str | None, allow_http: bool) -> tuple[Host, ...]:
    if not isinstance(given, CredentialHosts):
        return ()
    hosts = (read_host(text, pattern=True, allow_http=allow_http) for text in given.hosts)
    return tuple(host for host in hosts if host is not None)
