"""Rule files of gitleaks: which rules run, what they hide, and what excuses a hit. The rules here are our own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.gitleaks import MAX_RULES, GitleaksRule, GitleaksRules, read_gitleaks
from router.config.nodes import Source
from router.masking import MaskingPolicies, mask_text
from router.masking.detectors import RuleSet
from tests.linear import takes_linear_time
from tests.masks import policies
from tests.own_detectors import policies_with, redacted

TOKEN = "acme_live_" + "a1b2c3d4e5f6g7h8"
RULE = """
[[rules]]
id = "acme-token"
regex = '''acme_live_[a-z0-9]{16}'''
keywords = ["acme_"]
"""
PASSWORD = """
[[rules]]
id = "acme-password"
regex = '''(?i)acme[ _-]password(?:: |=)(\\S+)'''
"""


@pytest.fixture
def imported(tmp_path: Path):
    """Return a function that compiles a detector `vendor_keys` from the text of a rule file."""

    def compiled(text: str) -> MaskingPolicies:
        (tmp_path / "rules.toml").write_text(text, "utf-8")
        return policies_with({"vendor_keys": {"import_gitleaks": "rules.toml"}}, tmp_path)

    return compiled


def problems(text: str) -> list[str]:
    return [f"{one.severity} {one.code} {one.message}" for one in read_gitleaks(Source("rules.toml", text), "d")[1]]


def test_every_rule_of_the_file_runs_under_one_name(imported) -> None:
    """Hits are counted by the detector, whichever rule found them."""
    compiled = imported(RULE + PASSWORD)
    masked, counts = mask_text(f"{TOKEN} and acme-password=s3cret-words", compiled, ["all"])
    assert (masked, counts) == ("[VENDOR_KEYS] and acme-password=[VENDOR_KEYS]", {"vendor_keys": 2})


def test_keywords_decide_which_texts_a_rule_looks_at(imported) -> None:
    """In any case; a rule without keywords looks at every text, an empty keyword is none."""
    gated = "[[rules]]\nregex = '''[0-9]{8}'''\nkeywords = ['Badge', '', 'staff']\n"
    assert redacted("staff 12345678", imported(gated)) == "staff [VENDOR_KEYS]"
    assert redacted("BADGE 12345678", imported(gated)) == "BADGE [VENDOR_KEYS]"
    assert redacted("order 12345678", imported(gated)) == "order 12345678"
    assert redacted("order 12345678", imported("[[rules]]\nregex = '''[0-9]{8}'''\n")) == "order [VENDOR_KEYS]"
    assert redacted("4711", imported(f"[[rules]]\nregex = '''[0-9]{{4}}'''\n{RULE}")) == "[VENDOR_KEYS]"


def test_the_first_group_that_has_something_is_the_secret(imported) -> None:
    """Unless `secretGroup` names another; without groups it is the whole match."""
    rule = "[[rules]]\nregex = '''(?:(user)|pass)=([a-z]+)!([0-9]+)'''\n"
    assert redacted("pass=abc!12 user=abc!12", imported(rule)) == "pass=[VENDOR_KEYS]!12 [VENDOR_KEYS]=abc!12"
    assert redacted("pass=abc!12", imported(rule + "secretGroup = 3\n")) == "pass=abc![VENDOR_KEYS]"
    assert redacted("pass=abc!12", imported(rule + "secretGroup = 1\n")) == "[VENDOR_KEYS]"


def test_entropy_must_be_exceeded(imported) -> None:
    """Of what would be hidden, in bits for each character."""
    compiled = imported(PASSWORD + "entropy = 2\n")
    assert redacted("acme password: abcdefgh", compiled) == "acme password: [VENDOR_KEYS]"
    assert redacted("acme password: abcdabcd", compiled) == "acme password: abcdabcd"


@pytest.mark.parametrize(
    ("allowlist", "hidden"),
    [
        ("stopwords = ['EXAMPLE']", False),
        ("regexes = ['''^example''']", False),
        ("regexes = ['''^acme''']", True),
        ("regexes = ['''^acme''']\nregexTarget = 'match'", False),
        ("regexes = ['''^# test''']\nregexTarget = 'line'", False),
        ("regexes = ['''first line''']\nregexTarget = 'line'", True),
        ("regexes = ['''last line''']\nregexTarget = 'line'", True),
        ("regexes = ['''no such''', '''example-1$''']", False),
        ("regexes = ['''no such''']\nstopwords = ['example']", False),
        ("condition = 'AND'\nregexes = ['''no such''']\nstopwords = ['example']", True),
        ("condition = 'AND'\nregexes = ['''-1''']\nstopwords = ['example']", False),
        ("condition = 'AND'\nregexes = ['''-1''']\npaths = ['''.*''']", True),
        ("regexes = ['''-1''']\npaths = ['''.*''']", False),
        ("paths = ['''.*''']", True),
        ("commits = ['abc']", True),
    ],
)
@pytest.mark.parametrize("header", ["[[rules.allowlists]]", "[rules.allowlist]", "[[allowlists]]", "[allowlist]"])
def test_an_allow_list_excuses_a_hit(imported, header: str, allowlist: str, hidden: bool) -> None:
    """By patterns and stop words, of the rule or of the file; paths and commits of a repository excuse nothing."""
    compiled = imported(f"{PASSWORD}{header}\n{allowlist}\n")
    text = "first line\n# test acme-password=example-1\nlast line"
    expected = text.replace("example-1", "[VENDOR_KEYS]") if hidden else text
    assert redacted(text, compiled) == expected


def test_an_allow_list_with_target_rules_excuses_hits_of_these_rules_alone(imported) -> None:
    """What the file allows to the rules that `targetRules` names is theirs; an empty list means all rules."""
    both = RULE + PASSWORD
    text = f"{TOKEN} and acme-password=s3cret-words"
    aimed = imported(f"{both}[[allowlists]]\ntargetRules = ['acme-password']\nregexes = ['.']\n")
    assert redacted(text, aimed) == "[VENDOR_KEYS] and acme-password=s3cret-words"
    two = imported(f"{both}[[allowlists]]\ntargetRules = ['acme-token', 'acme-password']\nstopwords = ['s']\n")
    assert redacted(text, two) == "[VENDOR_KEYS] and acme-password=s3cret-words"
    every = imported(f"{both}[[allowlists]]\ntargetRules = []\nregexes = ['.']\n")
    assert redacted(text, every) == text


def test_an_allow_list_that_targets_no_rule_is_told() -> None:
    """It excuses nothing, in no other rule either."""
    aimed = "[[allowlists]]\ntargetRules = ['acme-pass']\nregexes = ['.']\n"
    rules, told = read_gitleaks(Source("rules.toml", PASSWORD + aimed), "d")
    assert rules == read_gitleaks(Source("rules.toml", PASSWORD), "d")[0]
    message = "an allow-list of the file targets rule `acme-pass`, which is not among those that are used"
    assert [(one.severity, one.code, one.message) for one in told] == [("warning", "RT142", message)]


def test_a_rule_about_paths_alone_is_passed_over_and_one_with_both_runs(imported) -> None:
    """A call has no path, so the pattern decides."""
    only = "[[rules]]\nid = 'a'\npath = '''\\.p12$'''\n"
    both = RULE + "path = '''\\.tf$'''\n"
    assert problems(only + both) == []
    assert redacted(f"a.p12 {TOKEN}", imported(only + both)) == "a.p12 [VENDOR_KEYS]"


def test_flags_and_names_of_groups_as_go_writes_them_work(imported) -> None:
    """RE2 is what gitleaks itself uses."""
    regex = r"(?i)\b(?P<name>acme)-(?-i:Key)_(?P<key>[[:alnum:]]{4,6})(?:\z|\s)"
    rule = f"[[rules]]\nregex = '''{regex}'''\nsecretGroup = 2\n"
    assert redacted("ACME-Key_a1B2", imported(rule)) == "ACME-Key_[VENDOR_KEYS]"
    assert redacted("ACME-KEY_a1B2", imported(rule)) == "ACME-KEY_a1B2"


@pytest.mark.parametrize(
    "disguise", ["acme_live_\\u0061{}", "acme%5Flive_a{}", "ａｃｍｅ_live_a{}", "acme_\u200blive_a{}"]
)
def test_a_disguise_does_not_help(imported, disguise: str) -> None:
    """Rules look at the folded text as well."""
    assert redacted(disguise.format(TOKEN[11:]), imported(RULE)) == "[VENDOR_KEYS]"


def test_a_file_has_a_limit_of_rules() -> None:
    """So that a file that was never meant as one does not stop a start."""
    text = "[[rules]]\nregex = '''acme'''\n" * (MAX_RULES + 1)
    assert problems(text) == ["error RT141 the file has 2001 rules, and at most 2000 are read"]


@pytest.mark.parametrize(
    "text",
    [
        "rules = 7",
        "rules = [7]",
        "rules = [{regex = 7}]",
        "[rules]\nregex = 'a'",
        "[[rules]]\nregex = 'acme'\n[rules.allowlist]\nregexes = 7",
        "[[rules]]\nregex = 'acme'\nallowlists = [7]",
        "[[rules]]\nregex = 'acme'\n[[allowlists]]\nregexes = ['a']\ntargetRules = 'acme'",
        "[[rules]]\nregex = 'acme'\nallowlists = [{regexTarget = 'file', stopwords = ['x']}]",
        "[[rules]]\nregex = 'acme'\nentropy = nan",
        "[[rules]]\nregex = 'acme'\nsecretGroup = true",
        "[[rules]]\nregex = 'acme'\nsecretGroup = -1",
        "[[rules]]\nregex = 'acme'\nkeywords = [1]",
        "[[rules]]\nregex = '(?:a{1000}){1000}'",
        f"[[rules]]\nregex = '{'a' * 20001}'",
        "a = " + "[" * 5000,
    ],
)
def test_whatever_the_file_says_is_told_and_nothing_is_raised(text: str) -> None:
    """Others write these files."""
    assert problems(text)


@given(st.text(max_size=200))
def test_any_text_at_all_can_be_read_as_a_rule_file(text: str) -> None:
    """It is either rules, or problems with a place in it."""
    rules, found = read_gitleaks(Source("rules.toml", text), "d")
    assert rules is not None or found
    assert all(problem.line >= 1 for problem in found)


RULES, _ = read_gitleaks(Source("rules.toml", RULE), "d")
assert RULES is not None
CANARY = policies({"all": [{"detect": ["vendor_keys"]}]}, detectors={"vendor_keys": RuleSet("vendor_keys", RULES)})


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_canary_of_an_imported_rule_never_survives(before: str, after: str) -> None:
    """Whatever stands around it, and masking twice changes nothing more."""
    once = redacted(f"{before} {TOKEN} {after}", CANARY)
    assert TOKEN not in once
    assert redacted(once, CANARY) == once


@pytest.mark.parametrize("unit", ["acme_", "acme_live_a", TOKEN + " ", "x y ", "badge"])
def test_rules_take_linear_time(unit: str) -> None:
    """Ten times the hostile text does not take a hundred times as long."""
    rules = [GitleaksRule(f"r{n}", f"acme_{n}|badge[a-z]+", ("acme_", "badge")) for n in range(9)]
    detector = RuleSet("d", GitleaksRules(tuple(rules)))
    assert takes_linear_time(detector.find, unit)
