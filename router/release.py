"""The name and number of the release that runs, for messages that a newer one may answer differently."""

from __future__ import annotations

DISTRIBUTION = "langfuse-router"


def release() -> str:
    """Return `langfuse-router 0.1.0`; the name alone where the package is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    except PackageNotFoundError:
        return DISTRIBUTION
