"""What an optional detector needs beside this package: the extra `presidio`, and a model that is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from router.config.model import NamedEntities

PRESIDIO = "presidio_analyzer"


def is_installed(package: str) -> bool:
    """Return whether a package of this name can be imported; it is not."""
    return find_spec(package) is not None


def missing_for(spec: NamedEntities, is_there: Callable[[str], bool] = is_installed) -> tuple[str, str, str] | None:
    """Return the key, what is missing and the way out; None when the detector can run."""
    if not is_there(spec.model):
        hint = "install it with the application; the name is that of the Python package, as `en_core_web_sm`"
        return "model", f"model `{spec.model}` is not installed", hint
    if not is_there(PRESIDIO):
        hint = "pip install 'langfuse-router[presidio]'"
        return "presidio", "the extra `presidio` is not installed", hint
    return None
