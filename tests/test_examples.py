"""Every example and every pack: loads without a finding, passes its own tests, and the applications run."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.config import LoadedConfig, load_config
from router.verify import run_tests

CHECKOUT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(CHECKOUT.glob("examples/*/routing.yaml"))


def _load(path: Path) -> LoadedConfig:
    return load_config(path, environ=None)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_has_no_findings(path: Path) -> None:
    """A reader may copy an example as it stands."""
    assert [str(warning) for warning in _load(path).warnings] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_passes_its_tests(path: Path) -> None:
    """What an example says about itself is so, and it says something."""
    results = run_tests(_load(path))
    assert results
    assert [(result.name, result.differences) for result in results if not result.passed] == []


def test_every_folder_is_executed() -> None:
    """No example folder is without a routing.yaml that the tests above read."""
    folders = {path.name for path in (CHECKOUT / "examples").iterdir() if path.is_dir()}
    assert folders == {path.parent.name for path in EXAMPLES}
