"""mask(): a call record under a plan becomes a MaskedRecord. It never raises, and it never lets through what failed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from router.config.model import MASK_FUNCTION
from router.masking.breath import Breathe, go_on
from router.masking.derived import with_derived
from router.masking.document import FACTS, UPDATE_KEYS, build_document
from router.masking.function import MaskingFunction, apply_function
from router.masking.ids import SpanIds, random_ids, span_ids
from router.masking.kept import Recall, kept_fields
from router.masking.literals import Found, stands_elsewhere, with_literals
from router.masking.plain import Copier, leaves
from router.masking.policies import MaskingPolicies, UnknownMask
from router.masking.policy import Policy
from router.masking.record import MaskedRecord
from router.masking.scan import MaskFailed
from router.masking.shape import (
    hide_copy,
    masked_fields,
    put_times,
    take_times,
    without_content,
    without_quotes,
    without_words,
)
from router.masking.tags import mask_tags
from router.masking.utf8 import encoded
from router.masking.walk import Walk
from router.routing.plan import Plan
from router.routing.record import CallRecord

WALK: Final = "walk"
"""Stands for a mask's name where not a mask failed but the walk over the record."""


def mask(record: CallRecord, plan: Plan, project: str, policies: MaskingPolicies) -> MaskedRecord:
    """Return what `project` may see of `record`.

    Never raises (but KeyboardInterrupt): where a mask fails, the field it was looking at reads
    `[MASK FAILED: <mask>]`; where a mask is unknown or the record cannot be read, every text does. The call arrives
    all the same, and `failures` says so. Where a step that failed says `on_error: drop`, `drop` is set.
    """
    return mask_guarded(record, plan, project, policies)[0]


def mask_guarded(
    record: CallRecord,
    plan: Plan,
    project: str,
    policies: MaskingPolicies,
    also: Found | None = None,
    recall: Recall | None = None,
    breathe: Breathe = go_on,
) -> tuple[MaskedRecord, Found, Policy | None]:
    """Do what `mask` does, and return as well what the check of the bytes needs.

    Args:
        also: values to hide wherever they stand.
        recall: returns what is known of a trace that the call continues, by its id.
        breathe: is called again and again, so that other threads get their turn.

    Returns:
        The masked record; what was found, to be kept no longer than the call; and the policy, None where the whole
        record was withheld.
    """
    policy: Policy | None = None
    try:
        policy = with_derived(policies.policy(plan.masks[project]), plan.because)
        walk = Walk(with_literals(policy, also) if also else policy, project, breathe)
        return _masked(record, plan, walk, project, recall), walk.found, policy
    except KeyboardInterrupt:
        raise
    except UnknownMask as unknown:
        return withheld(record, plan, project, unknown.name, recall), Found(), None
    except MaskFailed as failed:
        return withheld(record, plan, project, failed.mask, recall, drop=True), Found(), None
    except BaseException:  # noqa: BLE001 - the never-raise boundary: the record is withheld, the call arrives
        return withheld(record, plan, project, WALK, recall, drop=policy is not None and policy.drops), Found(), None


def mask_value(
    value: Any, policies: MaskingPolicies, names: Iterable[str], *, project: str = "", breathe: Breathe = go_on
) -> tuple[Any, Counter[str]]:
    """Return `value` as the input of a call would read under the masks `names`, and the hits by detector.

    Raises UnknownMask. Anything that fails replaces the whole value by a marker, as in `mask`.
    """
    policy = policies.policy(names)
    try:
        masked, walk = _masked_value(value, policy, project, breathe)
        if walk.found.values and stands_elsewhere([_as_bytes(masked)], walk.found, breathe):
            masked, walk = _masked_value(value, with_literals(policy, walk.found), project, breathe)
    except KeyboardInterrupt:
        raise
    except MaskFailed as failed:
        return failure_marker(failed.mask), Counter()
    except BaseException:  # noqa: BLE001 - as in `mask`: what could not be read is not shown
        return failure_marker(WALK), Counter()
    return masked, +walk.counts


def _masked_value(value: Any, policy: Policy, project: str, breathe: Breathe) -> tuple[Any, Walk]:
    walk = Walk(policy, project, breathe)
    copier = Copier()
    plain = copier.copy(value)
    walk.take_removed(copier)
    return walk.field(plain, ("input",)), walk


def _as_bytes(masked: Any) -> bytes:
    return encoded(masked if isinstance(masked, str) else json.dumps(masked, ensure_ascii=False))


def mask_text(
    text: str, policies: MaskingPolicies, names: Iterable[str], *, project: str = "", breathe: Breathe = go_on
) -> tuple[str, Counter[str]]:
    """Return `text` as the input of a call would read under the masks `names`, and the hits by detector.

    Raises UnknownMask.
    """
    masked, counts = mask_value(text, policies, names, project=project, breathe=breathe)
    return masked or "", counts


def failure_marker(name: str) -> str:
    """Return the text that stands for a field whose mask failed."""
    return f"[MASK FAILED: {name}]"


def _masked(record: CallRecord, plan: Plan, walk: Walk, project: str, recall: Recall | None) -> MaskedRecord:
    policy = walk.policy
    ids = _ids(record, plan, walk.is_hidden)
    document = build_document(record, plan, ids)
    tree = document.tree
    walk.take_removed(document)
    failures: dict[str, None] = {}
    if policy.steps or MASK_FUNCTION in policy.names:  # what no path reaches could show what one hides
        tree["guardrails"] = without_content(tree["guardrails"])
        if "metadata" in tree["generation"]:
            tree["generation"]["metadata"] = without_quotes(tree["generation"]["metadata"])
        hide_copy(tree["trace"])
        if "tags" in tree["trace"]:
            tree["trace"]["tags"] = mask_tags(tree["trace"]["tags"], record.metadata, walk)
    times = take_times(tree["guardrails"])
    if MASK_FUNCTION in policy.names:
        _apply_function(tree, record.requested.masking_function, failures)
    for container, key, path in _fields(tree):
        try:
            value = container[key]
            container[key] = walk.fact(value) if key in FACTS else walk.field(value, path)
        except MaskFailed as failed:
            if failed.drops:
                raise
            container[key] = failure_marker(failed.mask)
            failures[failed.mask] = None
    put_times(tree["guardrails"], times)
    if policy.hides_input:
        tree["model_parameters"] = without_words(tree["model_parameters"])
    fields = masked_fields(tree)
    for kind, _, name in (field.partition(".") for field in fields["adjusted"]):
        walk.found.uncut.extend(leaves(tree[kind][name]))
    if recall is not None and ids.continues_trace:
        function = (record.requested.masking_function or _refuse) if MASK_FUNCTION in policy.names else None
        fields["kept"], hidden = kept_fields(recall(ids.trace_id), walk, function)
        fields["hidden"] = tuple(hidden)
    return _record(record, plan, project, ids, fields, masked=dict(+walk.counts), failures=tuple(failures))


def _refuse(_: Any) -> Any:
    raise MaskFailed(MASK_FUNCTION)


def _apply_function(tree: dict[str, Any], function: MaskingFunction | None, failures: dict[str, None]) -> None:
    """Apply the request's masking function to what the call said; without one nothing of that is shown."""
    places = [(tree, "input"), (tree, "output"), *([(tree["error"], "message")] if tree["error"] else [])]
    for container, key in places:
        try:
            if function is None:
                raise MaskFailed(MASK_FUNCTION)
            container[key] = apply_function(function, container[key])
        except MaskFailed as failed:
            container[key] = failure_marker(failed.mask)
            failures[failed.mask] = None


def _fields(tree: dict[str, Any]) -> list[tuple[dict[str, Any], str, tuple[str, ...]]]:
    """Return (container, key, path) of every field: the unit that is withheld when a mask fails."""
    fields: list[tuple[dict[str, Any], str, tuple[str, ...]]] = []
    for key, value in tree.items():
        if key in ("trace", "generation"):
            fields += [(value, name, (key, name)) for name in value]
        elif value is not None:
            fields.append((tree, key, (key,)))
    return fields


def withheld(
    record: CallRecord, plan: Plan, project: str, name: str, recall: Recall | None = None, *, drop: bool = False
) -> MaskedRecord:
    """Return the record with every text withheld on account of the mask `name`; with `drop` it is not to be sent.

    Every span says the environment of its trace, so a trace that is continued keeps its own, known by `recall`.
    """
    text = failure_marker(name)
    ids = _ids(record, plan, lambda _: True)
    fields: dict[str, Any] = {
        "call_id": ids.seed[:32],
        "call_type": "",
        "input": text,
        "output": text,
        "status_message": text if record.status == "failure" else None,
        "trace": {"name": text},
        "generation": {"name": text},
        "withheld": True,
    }
    if recall is not None and ids.continues_trace:
        environment = recall(ids.trace_id).fields.get("environment")
        fields["kept"] = {"environment": environment} if environment else {}
    return _record(record, plan, project, ids, fields, masked={}, failures=(name,), drop=drop)


def _record(
    record: CallRecord, plan: Plan, project: str, ids: SpanIds, fields: dict[str, Any], **outcome: Any
) -> MaskedRecord:
    first_token = record.completion_start_time_unix_nano
    return MaskedRecord(
        status="failure" if record.status == "failure" else "success",
        start_time_unix_nano=_nanoseconds(record.start_time_unix_nano),
        end_time_unix_nano=_nanoseconds(record.end_time_unix_nano),
        completion_start_time_unix_nano=None if first_token is None else _nanoseconds(first_token),
        span_seed=ids.seed,
        trace_id=ids.trace_id,
        span_id=ids.span_id,
        parent_span_id=ids.parent_span_id,
        continues_trace=ids.continues_trace,
        update_keys=() if "withheld" in fields else tuple(key for key in plan.update_keys if key in UPDATE_KEYS),
        rule=plan.rule,
        overlays=tuple(plan.overlays),
        masks=tuple(plan.masks.get(project, ())),
        **fields,
        **outcome,
    )


def _nanoseconds(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _ids(record: CallRecord, plan: Plan, is_hidden: Callable[[str], bool]) -> SpanIds:
    try:
        return span_ids(record, plan.ids, is_hidden)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a record that cannot be read gets ids all the same
        return random_ids()
