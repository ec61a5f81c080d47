"""Names that stand for nothing: one text for all of them, with the names that were meant perhaps."""

from __future__ import annotations

from collections.abc import Iterable

from router.config.findings import Findings
from router.config.nodes import Path
from router.config.suggest import did_you_mean

_MOST = 40
"""Names that a hint lists."""


def unknown_name(
    findings: Findings,
    code: str,
    kind: str,
    name: str,
    path: Path,
    known: Iterable[str],
    effect: str,
    *,
    key: bool = False,
) -> None:
    """Record that a name stands for nothing, with the known ones that it may have meant."""
    names = list(dict.fromkeys(known))
    label = did_you_mean(name, names) or f"no such {kind}"
    listed = ", ".join(names[:_MOST]) + ", …" * (len(names) > _MOST)
    of_file = " of this file" if findings.draft.outer is None and kind not in ("mask", "field") else ""
    hint = f"{kind}s{of_file}: {listed}" if names else f"this file has no {kind}s"
    findings.add(code, f"unknown {kind} `{name}`", path, key=key, label=label, effect=effect, hint=hint)
