"""The shipped packs load by name, and a routing.yaml uses their masks by bare or full name."""

from __future__ import annotations

import pytest

from router.config import Pack, find_packs, load_pack, load_pack_text, load_text
from router.errors import ConfigError
from router.masking.detectors import expand_groups

PACKS = find_packs()
ROUTING = """
version: 1
projects: {a: {env: A}}
%s
rules: [{id: rest, route: a, mask: [%s]}]
"""


def test_the_shipped_packs() -> None:
    """There are two, and each says what it is for."""
    assert [pack.name for pack in PACKS] == ["masking/pii", "masking/secrets"]
    assert all(pack.description and not pack.warnings for pack in PACKS)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_detector_of_a_pack_has_a_hit_and_a_near_miss(pack: Pack) -> None:
    """A pack is trusted by people who never read it, so its tests show both sides."""
    steps = [step for located in pack.masks.values() for step in located.value]
    detectors = {name for step in steps for name in expand_groups(step.detect or ())}
    expected = [test.value.expect for test in pack.tests]
    hits = {name for expect in expected for name in expect.masked or {}}
    assert hits == detectors
    assert len([expect for expect in expected if expect.masked == {}]) >= len(detectors)


@pytest.mark.parametrize("name", ["pii", "masking/pii"])
def test_a_mask_of_a_pack_goes_by_its_bare_and_its_full_name(name: str) -> None:
    """Both names lead to the same steps."""
    loaded = load_text(ROUTING % ("", name))
    assert loaded.masks[name].value == load_pack("masking/pii").masks["pii"].value
    assert loaded.masks[name].location.file.endswith("rules/masking/pii.yaml")


def test_a_pack_that_is_not_used_is_not_loaded() -> None:
    """The masks of a configuration are its own and those of the packs it names."""
    assert set(load_text(ROUTING % ("", "pii")).masks) == {"pii", "masking/pii"}


def test_a_mask_of_the_file_comes_before_a_pack_of_the_same_name() -> None:
    """The pack's stays in reach under its full name."""
    loaded = load_text(ROUTING % ("masks: {pii: [{paths: [input]}]}", "pii, masking/pii"))
    assert loaded.masks["pii"].location.file == "routing.yaml"
    assert loaded.masks["masking/pii"].location.file.endswith("rules/masking/pii.yaml")


def test_a_pack_that_does_not_exist() -> None:
    """The problem names the file that was looked for."""
    with pytest.raises(ConfigError) as caught:
        load_pack("masking/pai")
    (problem,) = caught.value.problems
    assert problem.code == "RT100"
    assert problem.message == "the file cannot be read: no such file or directory"


def test_a_pack_has_no_rules() -> None:
    """What belongs to a routing.yaml is an unknown key in a pack."""
    text = (
        "version: 1\ndescription: d\nmasks: {m: [{paths: [input]}]}\n"
        "tests: [{name: t, mask: [m], expect: {}}]\nrules: []\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_pack_text(text)
    (problem,) = caught.value.problems
    assert str(problem) == (
        "pack.yaml:5:1: RT110 unknown key `rules` (keys allowed here: version, description, masks, tests)"
    )
