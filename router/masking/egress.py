"""The last check before a span leaves: nothing that was masked, and no secret, stands in the very bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from router.masking.breath import Breathe, go_on
from router.masking.kept import Recall
from router.masking.literals import holds_any, stands_elsewhere
from router.masking.masking import mask_guarded, withheld
from router.masking.policies import MaskingPolicies
from router.masking.policy import Policy
from router.masking.record import MaskedRecord
from router.masking.scan import MaskFailed, Scanner
from router.masking.utf8 import decoded, encoded
from router.routing.plan import Plan
from router.routing.record import CallRecord

EGRESS: Final = "egress"
"""Stands for a mask's name where not a mask failed but the check of the bytes found something."""
_GATE: Final = frozenset({"api_key", "jwt", "private_key"})

Encode = Callable[[MaskedRecord], Sequence[bytes]]
"""Returns the pieces of the bytes that would be sent: texts apart from what frames them."""


def seal(
    record: CallRecord,
    plan: Plan,
    project: str,
    policies: MaskingPolicies,
    encode: Encode,
    recall: Recall | None = None,
    breathe: Breathe = go_on,
) -> tuple[MaskedRecord, bytes]:
    """Mask a call for a project, encode it, and check what came out.

    A value that a detector found anywhere is hidden everywhere: where the bytes still hold one (it stood once beside
    a word that gave it away, and once alone), the call is masked again with the values themselves. What then still
    holds one, or a secret whose form names its issuer, is withheld as a whole, with `egress` among its failures.

    `recall` returns what is known of a trace that the call continues, by its id; what the masks of
    this call would change of it is not sent again. `breathe` is called again and again, so that other threads get
    their turn.

    Raises whatever `encode` raises.
    """
    masked, found, policy = mask_guarded(record, plan, project, policies, recall=recall, breathe=breathe)
    pieces = encode(masked)
    leaks = False
    if stands_elsewhere(pieces, found, breathe):
        masked, _, policy = mask_guarded(record, plan, project, policies, found, recall, breathe)
        pieces = encode(masked)
        leaks = holds_any(pieces, found.values, breathe)
    if leaks or _holds_secret(pieces, policy, breathe):
        masked = withheld(record, plan, project, EGRESS, None if "environment" in masked.hidden else recall)
        pieces = encode(masked)
    return masked, b"".join(pieces)


def _holds_secret(pieces: Sequence[bytes], policy: Policy | None, breathe: Breathe) -> bool:
    if policy is None:
        return False
    gate = tuple(finder for finder in policy.finders if finder.detector.name in _GATE)
    if not gate:
        return False
    text = encoded(decoded(b"\n".join(pieces)))
    try:
        return bool(Scanner(policy, "", breathe).find(text, gate))
    except MaskFailed:
        return True
