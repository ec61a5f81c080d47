"""What is told of a disk that fails."""

from __future__ import annotations

import logging

from router.delivery.notices import Notices


def tell(notices: Notices, cause: str, text: str, *values: object) -> None:
    """Log that something in the spool failed, once in a while for each cause."""
    notices.say("", f"spool {cause}", logging.ERROR, text, *values)


def words_of(error: Exception) -> str:
    """Describe an error without anything that a file may hold."""
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
        return text if text.startswith("ROUTER_") else text[:1].lower() + text[1:]
    return "it is damaged, or not a file of the spool" if isinstance(error, ValueError) else type(error).__name__
