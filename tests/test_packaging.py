"""The wheel, as a stranger gets it: built without a network, installed and tried outside the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.settings import process_environment


def run(arguments: Sequence[str | Path], cwd: Path) -> str:
    """Run a program to a good end and return what it printed."""
    # Without PYTHONPATH: it could put a checkout before what was installed.
    environment = {name: value for name, value in process_environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Built:
    """A source distribution and the wheel that was built from it."""

    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build both distributions; `build` makes the wheel out of the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout], folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the wheel in it, and an empty folder beside it to work in."""

    prefix: Path
    folder: Path

    def router(self, *arguments: str | Path) -> str:
        return run([self.prefix / "bin" / "router", *arguments], self.folder)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel alone; its dependencies are lent by the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("elsewhere")
    prefix = folder / "venv"
    venv.create(prefix, symlinks=True)
    python = prefix / "bin" / "python"
    site = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip())
    # A path in a .pth file is searched last, and .pth files found there (our editable install) are not read.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
    run([*pip, "install", "--no-deps", "--no-index", str(built.wheel)], folder)
    return Installed(prefix, folder)


def names_in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_packs_the_schema_and_the_type_marker(built, checkout):
    """A pip install brings everything that `router` reads at run time."""
    names = names_in_wheel(built.wheel)
    packs = {f"router/_rules/{path.relative_to(checkout / 'rules')}" for path in checkout.glob("rules/*/*.yaml")}
    assert "router/_rules/masking/secrets.yaml" in packs
    assert packs | {"router/py.typed", "router/schema.json"} <= names


def test_the_wheel_holds_nothing_else(built):
    """No tests, no caches, no folder that would take another package's import name."""
    names = {name for name in names_in_wheel(built.wheel) if ".dist-info/" not in name}
    strays = {name for name in names if not name.startswith("router/") or "__pycache__" in name}
    assert strays == set()


def test_the_checkout_and_the_source_distribution_build_the_same_wheel(built, checkout, tmp_path):
    """Who builds from the source distribution gets what we publish."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, checkout]
    run(command, tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.read_bytes() == built.wheel.read_bytes()


def test_the_source_distribution_names_its_licence(built):
    """The MIT licence travels with the source."""
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "pyproject.toml", "rules/masking/secrets.yaml", "schema.json"} <= names


def test_an_installed_router_tells_its_version_and_where_it_stands(installed):
    """`router --version` prints the version and the package's own folder, so that nobody checks the wrong one."""
    out = installed.router("--version")
    assert "0.1.0" in out
    assert str(installed.prefix) in out


def test_an_installed_router_checks_every_example(installed, checkout):
    """`router check` finds the packs in the wheel, and the examples are clean."""
    shutil.copytree(checkout / "examples", installed.folder / "examples")
    files = sorted(path.relative_to(installed.folder) for path in installed.folder.glob("examples/*/routing.yaml"))
    assert Path("examples/masking/routing.yaml") in files
    installed.router("check", "--no-env", *files)
