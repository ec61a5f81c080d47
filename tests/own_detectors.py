"""Detectors written as in routing.yaml, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router.config import load_text
from router.masking import MaskingPolicies, compile_policies, mask_text

KEY = {"env": "MASK_KEY"}


def policies_with(detectors: Mapping[str, Mapping[str, Any]], folder: str | Path = ".") -> MaskingPolicies:
    """Load a configuration whose mask `all` redacts what each of `detectors` finds, and `hash` hashes it."""
    names = list(detectors)
    config = {
        "version": 1,
        "projects": {"a": {"env": "A"}},
        "detectors": detectors,
        "masks": {"all": [{"detect": names}], "hash": [{"detect": names, "action": "hash", "key": KEY}]},
        "rules": [{"id": "rest", "route": "a", "mask": ["all", "hash"]}],
    }
    return compile_policies(load_text(json.dumps(config), folder=folder))


def redacted(text: str, policies: MaskingPolicies) -> str:
    """Return `text` under the mask `all`."""
    return mask_text(text, policies, ["all"])[0]
