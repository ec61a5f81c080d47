"""What to do with a call: the resolved answer for one call, as frozen JSON-able data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from router.config.loaded import ResolvedProject

DropReason = Literal["policy", "sampled_out", "unauthenticated"]


@dataclass(frozen=True, slots=True)
class Because:
    """One effect and the place in the configuration (or the request) that caused it.

    Attributes:
        adjusts: dotted key of a field that does not leave as it was asked for, "" for every other effect.
        reads: of a field that was set, the attributes its value was computed from, as they are built in.
        writes: of such a field, where it stands in a call's document: `("trace", "name")`.
    """

    effect: str
    source: str
    file: str = ""
    line: int = 0
    adjusts: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"effect": self.effect, "source": self.source, "file": self.file, "line": self.line}


@dataclass(frozen=True, slots=True)
class Sample:
    """The sampling decision: `rate` is the lowest that applied, `by` the attribute that was hashed."""

    rate: float = 1.0
    kept: bool = True
    by: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"rate": self.rate, "kept": self.kept}


@dataclass(frozen=True, slots=True, repr=False)
class Ids:
    """The ids that the request was granted, in the caller's spelling; None where the router makes its own.

    Attributes:
        trace_id: the trace to write to.
        continues: whether that trace exists already, so that its name and content stay as they are.
        generation_id, parent_observation_id: of the generation and of the observation it hangs under.
    """

    trace_id: str | None = None
    continues: bool = False
    generation_id: str | None = None
    parent_observation_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "trace_id": self.trace_id,
            "continues": self.continues,
            "generation_id": self.generation_id,
            "parent_observation_id": self.parent_observation_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan:
    """Where a call goes, what is hidden on the way, and why.

    Attributes:
        rule: id of the rule that matched; None only when the call was dropped before the rules.
        route: names of the projects that get the call; empty when it is dropped.
        drop: why nothing is sent, or None.
        ad_hoc: the project of the route whose keys the request brought; in no repr and no JSON.
        overlays: ids of the overlays that matched, in file order.
        masks: for each project of `route`, the names of the masks that apply to it, in order.
        trace: values of the trace's fields after the merge (name, user_id, session_id, tags, version, release,
            environment, public, metadata). Unmasked content: only `router.masking` may pass it on.
        generation: values of the generation's own fields (name, version, metadata); unmasked as well.
        ids: the ids that the request was granted.
        update_keys: on a continued trace, the keys this call overwrites.
        sample: the sampling decision.
        denied: what the request asked for and did not get, as dotted keys.
        adjusted: dotted fields of trace and generation that do not leave as they were asked for, apart from masks:
            those past a limit of Langfuse, altered once masks have been applied (a mask may make it needless), and
            those of a wrong type, left out.
        undecided: ids of rules and overlays whose condition could not be evaluated.
        missing: names of the required attributes that the call lacks.
        unknown_values: names of the attributes whose value is none of those that `attributes:` gives.
        shadow: ids of rules and overlays in shadow mode that would have matched.
        because: a reason for every effect.
    """

    rule: str | None
    route: tuple[str, ...] = ()
    drop: DropReason | None = None
    ad_hoc: ResolvedProject | None = None
    overlays: tuple[str, ...] = ()
    masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trace: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    ids: Ids = field(default_factory=Ids)
    update_keys: tuple[str, ...] = ()
    sample: Sample = field(default_factory=Sample)
    denied: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unknown_values: tuple[str, ...] = ()
    because: tuple[Because, ...] = ()

    @property
    def dropped(self) -> bool:
        return self.drop is not None

    def with_masks(self, masks: Mapping[str, tuple[str, ...]]) -> Plan:
        """Return the same plan with other masks, by project."""
        return replace(self, masks=masks)

    def __repr__(self) -> str:
        return f"Plan(rule={self.rule!r}, route={self.route!r}, drop={self.drop!r}, masks={dict(self.masks)!r})"

    def to_json(self) -> dict[str, Any]:
        """Return the `decision` object of `router explain --format json` (schema router.explain/v1)."""
        return {
            "rule": self.rule,
            "route": list(self.route),
            "dropped": self.dropped,
            "drop": self.drop,
            "overlays": list(self.overlays),
            "masks": {project: list(masks) for project, masks in self.masks.items()},
            "trace": dict(self.trace),
            "generation": dict(self.generation),
            "ids": self.ids.to_json(),
            "update_keys": list(self.update_keys),
            "sample": self.sample.to_json(),
            "denied": list(self.denied),
            "adjusted": list(self.adjusted),
            "undecided": list(self.undecided),
            "shadow": list(self.shadow),
            "missing": list(self.missing),
            "unknown_values": list(self.unknown_values),
            "because": [reason.to_json() for reason in self.because],
        }
