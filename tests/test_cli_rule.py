"""`router rule`: the list of problem codes, and the page of each."""

from __future__ import annotations

import pytest

from router.config.codes import BLOCKS, all_codes
from tests.command_line import router


def test_without_a_code_all_are_listed():
    """Block by block, one line each."""
    run = router("rule")
    lines = run.out.splitlines()
    assert lines[:2] == ["RT1  file and shape", "  RT100  the file cannot be read"]
    assert "  RT606  a key of unusual form  (warning)" in lines
    assert lines[-2:] == ["", "router rule CODE explains one of them."]
    assert len(lines) == len(all_codes()) + len({code[:3] for code in all_codes()}) + 2
    assert (run.code, run.err) == (0, "")


@pytest.mark.parametrize("spelling", ["RT110", "rt110", "110"])
def test_a_code_has_a_page(spelling):
    """What, why, how to mend it, a bad and a good example."""
    assert router("rule", spelling).out == (
        "error[RT110]: unknown key\n"
        "  why   A key that is ignored does nothing, and nobody notices: with `maks: [pii]` content is\n"
        "        logged unmasked.\n"
        "  mend  Write the key that was meant; the help line lists the keys that are allowed at this place.\n"
        "\n"
        "  bad\n"
        "    rules: [{id: rest, route: a, maks: [pii]}]\n"
        "\n"
        "  good\n"
        "    rules: [{id: rest, route: a, mask: [pii]}]\n"
    )


@pytest.mark.parametrize("code", all_codes())
def test_every_code_can_be_printed(code):
    """None is without a title, a reason and a way out; its block has a name."""
    run = router("rule", code)
    assert run.code == 0
    assert run.out.startswith((f"error[{code}]: ", f"warning[{code}]: "))
    assert code[:3] in BLOCKS


def test_an_unknown_code_is_an_error_with_a_suggestion():
    """The nearest one, and where the list is."""
    run = router("rule", "RT1100")
    assert (run.code, run.out) == (2, "")
    assert run.err == "error: there is no code `RT1100`\n  = help: did you mean RT110? List them all: router rule\n"
    assert router("rule", "nonsense").err == (
        "error: there is no code `nonsense`\n  = help: list them all: router rule\n"
    )
