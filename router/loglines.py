"""Our log lines: what the host's own filters and handlers make of them breaks nothing of ours."""

from __future__ import annotations

import contextlib
import logging
from typing import Any


class _Guarded(logging.LoggerAdapter[logging.Logger]):
    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        with contextlib.suppress(Exception):  # a filter of a web framework, say, that wants a request
            super().log(level, msg, *args, stacklevel=kwargs.pop("stacklevel", 1) + 1, **kwargs)


def log_lines() -> logging.LoggerAdapter[logging.Logger]:
    """Return the logger `router`, which raises nothing: not even where a filter or a handler of the host does."""
    return _Guarded(logging.getLogger("router"))
