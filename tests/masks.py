"""Masks, plans and calls for the tests of masking."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from router.config.loaded import Located
from router.config.model import EnvRef, FileRef, MaskStep
from router.errors import Location
from router.masking import MaskedRecord, MaskingPolicies, mask
from router.masking.detectors import Detector, Span
from router.routing.plan import Ids, Plan
from router.routing.record import CallRecord

ALL_DETECTORS = ["pii", "secrets"]
KEY = {"env": "MASK_KEY"}

EMAIL = "jane.doe@example.com"
CARD = "4111 1111 1111 1111"
# Built from pieces, so that no scanner of this repository takes them for real.
AWS_KEY = "AKIA" + "LALEMEL33243OLIB"
OPENAI_KEY = "sk-" + "proj-a1b2c3d4e5f6g7h8i9j0k1l2"
JWT = ".".join(["ey" + "JhbGciOiJIUzI1NiJ9", "ey" + "JzdWIiOiIxMjM0NSJ9", "c2lnbmF0dXJlLW9mLXRlc3Q"])
PEM_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
PEM = "-----BEGIN " + f"PRIVATE KEY-----\n{PEM_BODY}\n-----END " + "PRIVATE KEY-----"


def found_by(detector: Detector, text: bytes) -> list[Span]:
    """Return what a detector finds in a text, without what it tells of other looks."""
    return [span for span in detector.find(text) if span is not None]


def policies(
    masks: Mapping[str, Sequence[Mapping[str, Any]]],
    secrets: Mapping[str, str] | None = None,
    detectors: Mapping[str, Detector] | None = None,
) -> MaskingPolicies:
    """Compile masks written as in YAML; `secrets` maps variables to values."""
    located = {
        name: Located(tuple(MaskStep.model_validate(step) for step in steps), Location("routing.yaml", 7, 3))
        for name, steps in masks.items()
    }
    values: dict[EnvRef | FileRef, SecretStr] = {
        EnvRef(env=name): SecretStr(value) for name, value in (secrets or {}).items()
    }
    return MaskingPolicies.compile(located, values, detectors=detectors)


def everything() -> MaskingPolicies:
    """Return policies with one mask, `all`, that redacts whatever any detector finds."""
    return policies({"all": [{"detect": ALL_DETECTORS}]})


def masked(
    record: CallRecord,
    compiled: MaskingPolicies,
    *names: str,
    trace: Mapping[str, Any] | None = None,
    generation: Mapping[str, Any] | None = None,
    ids: Ids | None = None,
    project: str = "payments",
) -> MaskedRecord:
    """Mask a call for a project under the masks `names`."""
    plan = Plan(
        rule="payments",
        route=(project,),
        masks={project: names},
        trace=trace or {},
        generation=generation or {},
        ids=ids or Ids(),
    )
    return mask(record, plan, project, compiled)


def masked_input(value: Any, compiled: MaskingPolicies, *names: str) -> Any:
    """Return what the input `value` becomes under the masks `names`."""
    return masked(CallRecord(call_id="c-1", input=value), compiled, *names).input


def dump(record: MaskedRecord) -> str:
    """Return everything the encoder could read of a record, as JSON."""
    return json.dumps(dataclasses.asdict(record), ensure_ascii=False, allow_nan=False)
