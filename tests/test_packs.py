"""The shipped packs load by name, and a routing.yaml uses their masks by bare or full name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from router.cli.opening import as_config, open_file
from router.config import Pack, find_needs, find_packs, load_config, load_pack, load_pack_text, load_text
from router.config.packs import parse_reference
from router.errors import ConfigError
from router.masking import MaskingPolicies, compile_policies, mask
from router.masking.detectors import expand_groups
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable
from router.verify import run_tests

PACKS = find_packs()
ROUTING = """
version: 1
projects: {a: {env: A}}
%s
rules: [{id: rest, route: a, mask: [%s]}]
"""


def test_the_shipped_packs() -> None:
    """Each says what it is for, and has a version that can be pinned."""
    assert [pack.name for pack in PACKS] == ["masking/pii", "masking/secrets", "routing/no-store"]
    assert all(pack.description and pack.version and not pack.warnings for pack in PACKS)


def test_no_two_shipped_packs_bring_a_mask_of_one_name() -> None:
    """A bare name means the same whichever packs are listed, and so does a full one."""
    masks = [name for pack in PACKS for name in pack.masks]
    assert len(masks) == len(set(masks))
    assert len({pack.name.split("/")[-1] for pack in PACKS}) == len(PACKS)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_detector_of_a_pack_has_a_hit_and_a_near_miss(pack: Pack) -> None:
    """A pack is trusted by people who never read it, so its tests show both sides."""
    steps = [step for located in pack.masks.values() for step in located.value]
    detectors = {name for step in steps for name in expand_groups(step.detect or ())}
    expected = [test.value.expect for test in pack.tests]
    hits = {name for expect in expected for name in expect.masked or {}}
    assert hits == detectors
    assert len([expect for expect in expected if expect.masked == {}]) >= len(detectors)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_pack_passes_its_tests(pack: Pack) -> None:
    """As `router check` runs them."""
    results = run_tests(as_config(pack))
    assert results
    assert [(result.name, result.differences) for result in results if not result.passed] == []


@pytest.mark.parametrize("name", ["pii", "masking/pii"])
def test_a_mask_of_a_pack_goes_by_its_bare_and_its_full_name(name: str) -> None:
    """Both names lead to the same steps."""
    loaded = load_text(ROUTING % ("", name))
    assert loaded.masks[name].value == load_pack("masking/pii").masks["pii"].value
    assert loaded.masks[name].location.file == "rules/masking/pii.yaml"


def test_a_pack_that_is_not_used_is_not_loaded() -> None:
    """The masks of a configuration are its own and those of the packs it names."""
    assert set(load_text(ROUTING % ("", "pii")).masks) == {"pii", "masking/pii"}


def test_a_mask_of_the_file_comes_before_a_pack_of_the_same_name() -> None:
    """The pack's stays in reach under its full name."""
    loaded = load_text(ROUTING % ("masks: {pii: [{paths: [input]}]}", "pii, masking/pii"))
    assert loaded.masks["pii"].location.file == "routing.yaml"
    assert loaded.masks["masking/pii"].location.file == "rules/masking/pii.yaml"


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
        "tests: [{name: t, mask: [m], expect: {mask: [m]}}]\nrules: []\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_pack_text(text)
    (problem,) = caught.value.problems
    assert str(problem) == (
        "pack.yaml:5:1: RT110 unknown key `rules` "
        "(keys allowed here: version, pack, description, detectors, masks, overlays, tests)"
    )


# -- packs that are listed -------------------------------------------------------------------------------

OURS = """
version: 1
pack: {version: 2.1.0}
description: Ours.
masks:
  orders: [{pattern: 'ORD-[0-9]+', as: "[ORDER]"}]
  people: [{paths: [trace.user_id], action: hash, key: {%s}}]
overlays:
  - {id: shop, match: {team: shop}, mask: [orders, people, pii], sample: 0.5, trace: {set: {name: pack}}}
tests:
  - {name: t, request: {team: shop, input: ORD-7}, expect: {overlays: [shop], mask: [orders, people, pii]}}
"""
ENVIRON = {"A_PUBLIC_KEY": "pk-lf-a", "A_SECRET_KEY": "sk-lf-a", "PACK_KEY": "k" * 32}


def _plan(text: str, request: dict[str, Any], folder: Path | str = ".") -> Plan:
    return RoutingTable.compile(load_text(text, folder=folder)).resolve(record_from_request(request), 0.1)


def _ours(folder: Path, key: str = "env: PACK_KEY") -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "ours.yaml").write_text(OURS % key)
    return folder / "rules" / "ours.yaml"


def test_overlays_of_a_pack_hold_where_it_is_listed_and_nowhere_else() -> None:
    """Using a mask of the pack does not bring its overlays along."""
    request = {"tags": ["no-store"]}
    unlisted = ROUTING % ("", "no-content")
    assert _plan(unlisted, request).overlays == ()
    plan = _plan(ROUTING % ("packs: [no-store@1]", "pii"), request)
    assert plan.overlays == ("routing/no-store/tag",)
    assert plan.masks == {"a": ("routing/no-content", "pii")}
    (reason,) = [reason for reason in plan.because if reason.source == "overlay routing/no-store/tag"]
    assert (reason.effect, reason.file) == ("mask routing/no-content", "rules/routing/no-store.yaml")


def test_packs_come_before_the_overlays_of_the_file_and_in_their_order(tmp_path: Path) -> None:
    """So the file has the last word about trace keys, and the lowest sample of all counts."""
    _ours(tmp_path)
    file = "overlays: [{id: own, sample: 0.9, trace: {set: {name: own}}}]"
    text = ROUTING % (f"packs: [routing/no-store, ./rules/ours.yaml]\n{file}", "pii")
    plan = _plan(text, {"team": "shop", "tags": ["no-log"]}, tmp_path)
    assert plan.overlays == ("routing/no-store/tag", "rules/ours/shop", "own")
    assert (plan.trace["name"], plan.sample.rate) == ("own", 0.5)


def test_a_file_cannot_weaken_the_masks_of_a_pack(tmp_path: Path) -> None:
    """Overlays of a pack name masks in full; a mask of the same bare name in the file is another one."""
    _ours(tmp_path)
    weak = "masks: {orders: [{paths: [metadata.x]}], pii: [{paths: [metadata.x]}]}"
    text = ROUTING % (f"packs: [./rules/ours.yaml]\n{weak}", "orders")
    loaded = load_text(text, folder=tmp_path)
    record = record_from_request({"team": "shop", "input": "ORD-7 for bo@example.org", "user": "bo"})
    plan = RoutingTable.compile(loaded).resolve(record, 0.1)
    assert plan.masks == {"a": ("rules/orders", "rules/people", "masking/pii", "orders")}
    sent = mask(record, plan, "a", MaskingPolicies.compile(loaded.masks, {}))
    assert sent.input == "[ORDER] for [EMAIL]"
    assert sent.trace["user_id"].startswith("hash_test_")


def test_masks_of_a_listed_pack_go_by_their_bare_and_their_full_name(tmp_path: Path) -> None:
    """As those of shipped packs do."""
    _ours(tmp_path)
    text = ROUTING % ("packs: [./rules/ours.yaml@2]", "orders, rules/people")
    assert _plan(text, {}, tmp_path).masks == {"a": ("orders", "rules/people")}


@pytest.mark.parametrize("key", ["env: PACK_KEY", "file: key.txt"])
def test_keys_of_a_pack_are_read(tmp_path: Path, key: str) -> None:
    """A relative path starts at the folder of the pack, and a missing key is told at its place in the pack."""
    ours = _ours(tmp_path, key)
    (tmp_path / "routing.yaml").write_text(ROUTING % ("packs: [./rules/ours.yaml]", "orders"))
    missing = {name: value for name, value in ENVIRON.items() if name != "PACK_KEY"}
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "routing.yaml", environ=missing)
    (problem,) = caught.value.problems
    assert (problem.code, problem.file) == ("RT602", str(ours))
    assert problem.message in ("environment variable `PACK_KEY` is not set", "file `key.txt` cannot be read")
    (ours.parent / "key.txt").write_text("k" * 32)
    loaded = load_config(tmp_path / "routing.yaml", environ=ENVIRON)
    assert len(loaded.secrets) == 1
    MaskingPolicies.compile(loaded.masks, loaded.secrets)


def test_router_env_knows_what_a_listed_pack_needs(tmp_path: Path) -> None:
    """With the place in the pack."""
    ours = _ours(tmp_path)
    (tmp_path / "routing.yaml").write_text(ROUTING % ("packs: [./rules/ours.yaml]", "orders"))
    needs = {need.variable: need.uses[0].location.file for need in find_needs(tmp_path / "routing.yaml")}
    assert needs["PACK_KEY"] == str(ours)


def test_the_digest_changes_with_a_listed_pack(tmp_path: Path) -> None:
    """Plans and spans name the configuration by it."""
    text = ROUTING % ("packs: [./rules/ours.yaml]", "orders")
    ours = _ours(tmp_path)
    before = load_text(text, folder=tmp_path).digest
    ours.write_text(ours.read_text() + "# a comment\n")
    assert load_text(text, folder=tmp_path).digest != before


def test_what_is_wrong_with_a_listed_pack_is_told_in_the_pack(tmp_path: Path) -> None:
    """A pack with errors is not applied in part."""
    ours = _ours(tmp_path)
    ours.write_text(ours.read_text().replace("match: {team: shop}", "match: {teem: shop}"))
    with pytest.raises(ConfigError) as caught:
        load_text(ROUTING % ("packs: [./rules/ours.yaml]", "pii"), folder=tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.file) == ("RT201", str(ours))


PARCELS = """
version: 1
description: Parcels.
detectors: {parcel: {pattern: 'PKG[0-9]{9}', examples: {match: [%s]}}}
masks: {parcels: [{detect: [parcel]}]}
tests: [{name: t, mask: [parcels], request: {input: PKG123456789}, expect: {masked: {parcel: 1}}}]
"""


def _parcels(folder: Path, example: str = "PKG123456789") -> Path:
    (folder / "parcels.yaml").write_text(PARCELS % example)
    return folder / "parcels.yaml"


def test_detectors_of_a_listed_pack_find_for_its_masks_and_for_those_of_the_file(tmp_path: Path) -> None:
    """They go by their bare names, by which hits are counted."""
    _parcels(tmp_path)
    text = ROUTING % ("packs: [./parcels.yaml]\nmasks: {own: [{detect: [parcel], as: '<P>'}]}", "own")
    loaded = load_text(text, folder=tmp_path)
    record = record_from_request({"input": "where is PKG123456789?"})
    for name, label in (("own", "<P>"), ("parcels", "[PARCEL]")):
        plan = RoutingTable.compile(loaded).resolve(record).with_masks({"a": (name,)})
        sent = mask(record, plan, "a", compile_policies(loaded))
        assert (sent.input, sent.masked) == (f"where is {label}?", {"parcel": 1})


def test_examples_of_a_pack_s_detectors_are_tried_wherever_it_is_listed(tmp_path: Path) -> None:
    """The failure is told at the example, in the pack."""
    parcels = _parcels(tmp_path, "PKG1")
    (tmp_path / "routing.yaml").write_text(ROUTING % ("packs: [./parcels.yaml]", "parcels"))
    for file in (parcels, tmp_path / "routing.yaml"):
        (problem,) = open_file(str(file), None).problems
        assert (problem.code, problem.file, problem.line) == ("RT263", str(parcels), 4)


@pytest.mark.parametrize(
    ("pin", "version", "is_admitted"),
    [
        ("", None, True),
        ("1", "1.9.3", True),
        ("1.9", "1.9.3", True),
        ("1.9.3", "1.9.3", True),
        ("1", "10.0.0", False),
        ("1.9", "1.90.0", False),
        ("2", "1.9.3", False),
        ("1", None, False),
    ],
)
def test_a_pin_admits_the_versions_that_begin_with_its_numbers(
    pin: str, version: str | None, *, is_admitted: bool
) -> None:
    """Whole numbers count, not digits."""
    assert parse_reference("masking/pii" + f"@{pin}" * bool(pin)).admits(version) is is_admitted


@pytest.mark.parametrize("spelling", ["relative", "absolute", "from elsewhere"])
def test_a_pack_is_called_as_the_file_that_lists_it_spells_it(
    spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its overlays have the same ids, and its roll-outs the same calls, wherever the program was started."""
    (tmp_path / "ours.yaml").write_text(
        "version: 1\ndescription: d\nmasks: {m: [{paths: [input]}]}\noverlays: [{id: o, mask: [m]}]\n"
        "tests: [{name: t, request: {input: x}, expect: {overlays: [o], sent: {input: redacted-by-litellm}}}]\n",
        "utf-8",
    )
    (tmp_path / "routing.yaml").write_text(
        "version: 1\npacks: [./ours.yaml]\nprojects: {a: {env: A}}\nrules: [{id: rest, route: a}]\n", "utf-8"
    )
    monkeypatch.chdir(tmp_path.parent if spelling == "from elsewhere" else tmp_path)
    path = {
        "relative": "routing.yaml",
        "absolute": str(tmp_path / "routing.yaml"),
        "from elsewhere": f"{tmp_path.name}/routing.yaml",
    }[spelling]
    assert [overlay.value.id for overlay in load_config(path, environ=None).overlays] == ["ours/o"]
