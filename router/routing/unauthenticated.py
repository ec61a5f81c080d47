"""Calls that no key answers for: which overlays and rules they meet, and what of them applies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from router.routing.entry import Entry
from router.routing.updates import Update

_NOTHING = Update()


def met_by_unauthenticated(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that an unauthenticated call is tested against, in order.

    Those that ask for `authenticated: false` are met as they are. Of the others only overlays with masks are, and
    apply with nothing but these: every match decides what is hidden, and no text that anybody can send does more.
    """
    return [entry if entry.for_unauthenticated else hiding_only(entry) for entry in entries if is_met(entry)]


def is_met(entry: Entry) -> bool:
    """Tell whether an unauthenticated call is tested against an entry."""
    return entry.for_unauthenticated or (entry.kind == "overlay" and bool(entry.masks))


def hiding_only(entry: Entry) -> Entry:
    """Return an overlay that only hides: without changes to trace and generation, and without a sample."""
    return replace(entry, trace=_NOTHING, generation=_NOTHING, rate=None)
