"""`overrides:` compiled: what may be brought, by whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from router.config.loaded import LoadedConfig, Located
from router.config.model import Grant, Overrides
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
        projects: projects that a request may choose; `chosen_by`: where such a request may come from.
        conditions, when: of a grant; all must hold.
    """

    source: Because
    allow: frozenset[str]
    masks: bool
    projects: frozenset[str]
    chosen_by: frozenset[Origin]
    conditions: tuple[Condition, ...] = ()
    when: Callable[[CallRecord], Verdict] | None = None

    def holds(self, record: CallRecord) -> bool:
        """Tell whether it is there for a call; not where its `when` cannot be evaluated."""
        return all(condition.holds(record) for condition in self.conditions) and (
            self.when is None or self.when(record) is True
        )

    def because(self, effect: str) -> Because:
        return Because(effect, self.source.source, self.source.file, self.source.line)


def compile_permissions(loaded: LoadedConfig) -> tuple[Permission, ...]:
    """Compile what everybody may, and every grant, of a configuration that `router.config` has checked."""
    return (_of_all(loaded.overrides), *(_of_grant(item, loaded.vocabulary) for item in loaded.grants))


def _of_all(overrides: Overrides) -> Permission:
    return Permission(
        source=Because("", "overrides"),
        allow=frozenset(overrides.allow or ()),
        masks=overrides.masks == "add-only",
        projects=frozenset(overrides.projects),
        chosen_by=frozenset(("sdk",)),
    )


def _of_grant(item: Located[Grant], vocabulary: Vocabulary) -> Permission:
    spec = item.value
    vocabulary = vocabulary.within(spec.match)
    return Permission(
        source=Because("", f"grant {spec.id}", item.location.file, item.location.line),
        allow=frozenset(spec.allow),
        masks=spec.masks == "add-only",
        projects=frozenset(spec.projects),
        chosen_by=frozenset(("sdk", "proxy")),
        conditions=compile_match(spec.match, vocabulary) if spec.match is not None else (),
        when=compile_when(spec.when, vocabulary) if spec.when is not None else None,
    )
