"""What a detector needs is imported before the first call, not on the worker, where a fork may come in between."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from router.settings import process_environment
from router.testing import FakeLangfuse

_YAML = """
version: 1
projects: {main: {env: LANGFUSE}}
rules: [{id: all, route: main, mask: [numbers]}]
masks: {numbers: [{detect: DETECT}]}
"""
_SCRIPT = """
import sys, threading
from router import Router
from router.testing import make_record

sought = []

class Tells:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread().name == "router-worker":
            sought.append(name)


Router.from_file(sys.argv[1])
print(sorted({"phonenumbers", "stdnum.iban"}.intersection(sys.modules)))
router = Router.from_file(sys.argv[2])
sys.meta_path.insert(0, Tells())
numbers = "DE89370400440532013000, call +49 30 901820, +33 1 42 68 53 00, +81 3 3224 9999 or (212) 555-0132"
router.log(make_record(input=numbers))
print(router.flush(60), [name for name in sought if name.startswith(("phonenumbers", "stdnum"))])
print(dict(router.stats().masked))
"""


def test_the_worker_imports_nothing_for_numbers(tmp_path: Path) -> None:
    """Neither the register of account numbers nor any numbering plan; who does not look for them loads neither."""
    files = [tmp_path / "plain.yaml", tmp_path / "masked.yaml"]
    for file, detectors in zip(files, ("[email]", "[iban, phone]"), strict=True):
        file.write_text(_YAML.replace("DETECT", detectors), "utf-8")
    with FakeLangfuse() as langfuse:
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, *map(str, files)],
            env={**process_environment(), **langfuse.environ("LANGFUSE", "main"), "ROUTER_CHECK_PROJECTS": "false"},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("[]\nTrue []\n{'iban': 1, 'phone': 4}\n", "")
