"""What a step of a mask does: keeps the end of a value, lets values pass, hides by the name of a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from router.config import load_config, load_text
from router.config.model import SECRET_DETECTORS
from router.errors import ConfigError
from router.masking.detectors import BUILTIN_DETECTORS
from router.routing.record import CallError, CallRecord
from tests.masks import AWS_KEY, CARD, EMAIL, KEY, dump, masked, masked_input, policies

HIDDEN = "redacted-by-litellm"
LAST_FOUR = {"action": "mask", "keep_last": 4}


# -- the end of a value --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"card {CARD} ok", "card ****1111 ok"),
        ("card 4111-1111-1111-1111.", "card ****1111."),
        ("5500 0055 5555 5559 and 4111111111111111", "****5559 and ****1111"),
        ("４１１１ １１１１ １１１１ １１１１", "****１１１１"),
    ],
)
def test_a_card_keeps_its_last_four_digits(text: str, expected: str) -> None:
    """Digits are counted, not what stands between them."""
    assert masked_input(text, policies({"m": [{"detect": ["credit_card"], **LAST_FOUR}]}), "m") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("customer-00012345", "****2345"),
        ("user-12345", "****45"),
        ("1234567", "****7"),
        ("abc", "****"),
        ("ab*defgh", "****h"),
        ("abcdefgh*", "****"),
        ("größe-ßßßßßß-äöü", "****-äöü"),
        ("", ""),
        (1234567890123456, "****3456"),
        (None, None),
        (["customer-00012345", {"id": "customer-00054321"}], ["****2345", {"id": "****4321"}]),
        ('{"iban": "GB33BUKB20201555555555"}', "****"),
    ],
)
def test_at_most_a_quarter_of_a_whole_value_is_kept(value: Any, expected: Any) -> None:
    """Of every text and number at the path; of JSON in a text nothing."""
    compiled = policies({"m": [{"paths": ["input"], **LAST_FOUR}]})
    seen = masked_input(value, compiled, "m")
    assert seen == expected


@pytest.mark.parametrize("stars", ["*", "****", "********", "****1234"])
@pytest.mark.parametrize(
    "step",
    [
        {"paths": ["input"], "action": "mask", "keep_last": 8},
        {"keys": ["pin"], "action": "mask", "keep_last": 8},
        {"pattern": "[0-9]{4}", "action": "mask", "keep_last": 8},
        {"pattern": "[*0-9]{5,}", "action": "mask", "keep_last": 8},
        {"pattern": "\\S+", "action": "mask", "keep_last": 8},
    ],
    ids=["path", "key", "pattern", "stars in the pattern", "everything"],
)
def test_stars_before_a_short_value_do_not_show_it(stars: str, step: dict[str, Any]) -> None:
    """Anybody can write them; only what masking itself wrote in this call is taken for masked."""
    compiled = policies({"m": [step]})
    (seen,) = masked_input({"pin": f"{stars}4711"}, compiled, "m").values()
    assert seen.startswith("****")
    assert "4711" not in seen


def test_the_end_that_is_shown_stays_though_the_pattern_matches_it() -> None:
    """Also in JSON in a text, which is looked at once inside and once as a whole."""
    compiled = policies({"m": [{"pattern": "[0-9]{4,}", **LAST_FOUR}]})
    text = "4711 of 1234567890123456"
    assert masked_input(text, compiled, "m") == "****1 of ****3456"
    assert masked_input(json.dumps([text]), compiled, "m") == '["****1 of ****3456"]'
    assert masked_input([text, "****3456", "****4711"], compiled, "m") == ["****1 of ****3456", "****3456", "****1"]


def test_the_longest_end_is_known_again() -> None:
    """Eight characters of four bytes; and stars alone are not counted as a value."""
    faces = policies({"m": [{"pattern": "[😀*]{2,}", "action": "mask", "keep_last": 8}]})
    assert masked_input(f"x {'😀' * 32}", faces, "m") == f"x ****{'😀' * 8}"
    assert masked(CallRecord(call_id="c-1", input="x **** y"), faces, "m").masked == {}


def test_the_end_that_one_mask_keeps_is_not_kept_from_another() -> None:
    """The stricter action wins, and of two ends the shorter."""
    compiled = policies(
        {
            "four": [{"paths": ["trace.user_id"], **LAST_FOUR}],
            "two": [{"paths": ["trace.user_id"], "action": "mask", "keep_last": 2}],
            "hash": [{"paths": ["trace.user_id"], "action": "hash", "key": KEY}],
            "cards": [{"detect": ["credit_card"]}],
            "ends": [{"pattern": "[0-9]{2}$"}],
        }
    )

    def user(value: str, *names: str) -> str:
        for order in (names, names[::-1]):
            seen: str = masked(CallRecord(call_id="c-1"), compiled, *order, trace={"user_id": value}).trace["user_id"]
        return seen

    assert user("customer-00012345", "four", "two") == "****45"
    assert user("customer-00012345", "four", "hash").startswith("hash_test_")
    assert user(f"card {CARD}", "four", "cards") == "[CREDIT_CARD]"
    assert user("customer-00012345", "four", "ends") == "[REDACTED]"


def test_of_values_that_overlap_only_the_end_that_both_keep_is_shown() -> None:
    """A longer value around a shorter one does not uncover any of it."""
    compiled = policies(
        {
            "long": [{"pattern": "ref:[a-z0-9:]{21}", **LAST_FOUR}],
            "short": [{"pattern": "pin:[0-9]{4}", "action": "mask", "keep_last": 1}],
        }
    )
    text = "x ref:abcdefghijkl:pin:1234 y"
    assert masked_input(text, compiled, "long") == "x ****1234 y"
    assert masked_input(text, compiled, "short") == "x ref:abcdefghijkl:****4 y"
    assert masked_input(text, compiled, "long", "short") == "x ****4 y"


def test_a_stricter_step_holds_below_a_value_that_is_kept_in_part() -> None:
    """So that an object hidden leaf by leaf uncovers none that another step takes out."""
    compiled = policies(
        {
            "leaves": [{"paths": ["metadata.customer"], **LAST_FOUR}],
            "iban": [{"paths": ["metadata.customer.iban", "metadata.customer.list.iban"], "action": "remove"}],
        }
    )
    iban = "GB33BUKB20201555555555"
    customer = {"id": "customer-00012345", "iban": iban, "list": [{"iban": iban, "n": True}]}
    record = CallRecord(call_id="c-1", details={"customer": customer})
    expected = {"id": "****2345", "list": [{"n": "****"}]}
    for names in (("leaves", "iban"), ("iban", "leaves")):
        assert masked(record, compiled, *names).generation["metadata"]["customer"] == expected


# -- exceptions ----------------------------------------------------------------------------------------

SUPPORT = "support@example.com"


def test_a_value_that_is_allowed_passes_whole() -> None:
    """A text without case, or a pattern for the whole value; a part of a longer value is not one."""
    allow = [SUPPORT, {"pattern": r"[a-z]+@status\.example\.com"}]
    compiled = policies({"m": [{"detect": ["email"], "allow": allow}]})
    text = f"{SUPPORT} SUPPORT@Example.com x{SUPPORT} {SUPPORT}.evil.org a@status.example.com x.a@status.example.com"
    expected = f"{SUPPORT} SUPPORT@Example.com [EMAIL] [EMAIL] a@status.example.com [EMAIL]"
    assert masked_input(text, compiled, "m") == expected


@pytest.mark.parametrize("text", ["support%40example.com", "support\u200b@example.com", "ｓupport@example.com"])
def test_a_value_in_disguise_is_not_the_one_that_is_allowed(text: str) -> None:
    """What a reader would take for it is still hidden."""
    compiled = policies({"m": [{"detect": ["email"], "allow": [SUPPORT]}]})
    assert masked_input(text, compiled, "m") == "[EMAIL]"


@pytest.mark.parametrize(
    "other", [{"detect": ["email"]}, {"pattern": "support"}, {"detect": ["email"], "allow": ["x"]}]
)
@pytest.mark.parametrize("action", [{}, LAST_FOUR])
def test_what_one_mask_lets_pass_another_hides(other: dict[str, Any], action: dict[str, Any]) -> None:
    """An exception holds for its own step only, in whatever order the masks stand."""
    compiled = policies({"lenient": [{"detect": ["email"], "allow": [SUPPORT]}], "strict": [{**other, **action}]})
    for names in (("strict",), ("lenient", "strict"), ("strict", "lenient")):
        assert "support" not in masked_input(f"to {SUPPORT}!", compiled, *names)
    assert masked_input(f"to {SUPPORT}!", compiled, "lenient") == f"to {SUPPORT}!"


def test_a_stricter_step_with_exceptions_stays_stricter() -> None:
    """For what it does not let pass."""
    compiled = policies(
        {"strict": [{"detect": ["email"], "allow": [SUPPORT], "action": "remove"}], "plain": [{"detect": ["email"]}]}
    )
    for names in (("strict", "plain"), ("plain", "strict")):
        assert masked_input(f"to {EMAIL}!", compiled, *names) == "to !"
        assert masked_input(f"to {SUPPORT}!", compiled, *names) == "to [EMAIL]!"


def test_a_secret_is_allowed_only_explicitly() -> None:
    """With `allow_secrets: true`, as for the public key of an example."""
    step = {"detect": ["api_key"], "allow": [AWS_KEY], "allow_secrets": True}
    assert masked_input(f"use {AWS_KEY}", policies({"m": [step]}), "m") == f"use {AWS_KEY}"


# -- keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["customer_pin", "CUSTOMER-PIN", "pin", "x_dossier_y", "Dossier", "p\u200bin", "\uff50in"]
)
def test_a_value_goes_because_of_its_key(key: str) -> None:
    """Whatever it looks like, at any depth, in JSON in a text as well, escaped or not."""
    compiled = policies({"m": [{"keys": ["pin", "*_pin", "*dossier*"]}]})
    given = [{key: 1234, "pinned": 5, "a": {key: [{"b": "x"}]}}]
    assert masked_input(given, compiled, "m") == [{key: HIDDEN, "pinned": 5, "a": {key: HIDDEN}}]
    for text in (json.dumps(given), json.dumps(given, ensure_ascii=False)):
        assert json.loads(masked_input(text, compiled, "m")) == [{key: HIDDEN, "pinned": 5, "a": {key: HIDDEN}}]


def test_keys_hold_at_their_paths_only_and_with_any_action() -> None:
    """What quotes such a value elsewhere stays: a key names a value, not a prompt."""
    step = {"keys": ["pin"], "paths": ["metadata.customer"], "action": "remove"}
    record = CallRecord(
        call_id="c-1",
        status="failure",
        input={"pin": 1},
        error=CallError(type="E", message="wrong pin"),
        model_parameters={"stop": ["END"]},
        details={"pin": 2, "customer": {"pin": 3, "id": 4}},
    )
    seen = masked(record, policies({"m": [step]}), "m")
    assert (seen.input, seen.generation["metadata"]) == ({"pin": 1}, {"pin": 2, "customer": {"id": 4}})
    assert (seen.status_message, seen.model_parameters) == ("E: wrong pin", {"stop": ["END"]})
    assert seen.masked == {"key": 1}
    seen = masked(record, policies({"m": [{"keys": ["pin"]}]}), "m")
    assert (seen.status_message, seen.model_parameters) == ("E: wrong pin", {"stop": ["END"]})
    hashed = masked_input({"pin": "1234"}, policies({"m": [{"keys": ["pin"], "action": "hash", "key": KEY}]}), "m")
    assert hashed["pin"].startswith("hash_test_")


@pytest.mark.parametrize("key", ["*", "**"])
def test_a_key_of_stars_is_none(key: str) -> None:
    """It would hide everything."""
    with pytest.raises(ConfigError) as caught:
        load_text(f"{PLAIN}masks: {{m: [{{keys: ['{key}']}}]}}\n")
    assert [problem.code for problem in caught.value.problems] == ["RT211"]


def test_a_key_rule_lifts_no_other() -> None:
    """Detectors still look at everything else, keys included."""
    compiled = policies({"m": [{"keys": ["*jane*"]}, {"detect": ["email"]}]})
    assert EMAIL not in dump(masked(CallRecord(call_id="c-1", input={EMAIL: 1, "b": EMAIL}), compiled, "m"))


def test_every_detector_of_secrets_is_known_as_one() -> None:
    """Where a detector joins the group `secrets`, no part of what it finds may be shown either."""
    members = {each.name for each in BUILTIN_DETECTORS if each.group == "secrets"}
    assert members | {"secrets"} == SECRET_DETECTORS


PLAIN = "version: 1\nprojects: {a: {env: A}}\nrules: [{id: rest, route: a, mask: [m]}]\n"

# -- keys of pseudonyms --------------------------------------------------------------------------------

HASHED = """
version: 1
projects: {a: {env: A}}
masks: {m: [{paths: [trace.user_id], action: hash, key: {file: ./mask.key}}]}
rules: [{id: rest, route: a, mask: [m]}]
"""
ENVIRON = {"A_PUBLIC_KEY": "pk-lf-a", "A_SECRET_KEY": "sk-lf-a", "A_HOST": "https://a.example"}


@pytest.mark.parametrize("content", [None, "", "hunter2-hunter2", "x" * 31 + "\n"])
def test_a_missing_or_short_key_file_is_an_error_at_load(content: str | None, tmp_path: Path) -> None:
    """A newline at the end counts for nothing, and nothing of the key is shown."""
    (tmp_path / "routing.yaml").write_text(HASHED, "utf-8")
    if content is not None:
        (tmp_path / "mask.key").write_text(content, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "routing.yaml", environ=ENVIRON)
    assert [(problem.code[:3], problem.line) for problem in caught.value.problems] == [("RT6", 4)]
    assert "hunter2" not in str(caught.value)


def test_a_key_file_of_32_bytes_is_enough(tmp_path: Path) -> None:
    """The file starts at the folder of the YAML."""
    (tmp_path / "routing.yaml").write_text(HASHED, "utf-8")
    (tmp_path / "mask.key").write_text("x" * 32 + "\n", "utf-8")
    loaded = load_config(tmp_path / "routing.yaml", environ=ENVIRON)
    (secret,) = loaded.secrets.values()
    assert len(secret.get_secret_value()) == 32
