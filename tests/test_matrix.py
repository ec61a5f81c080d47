"""The sessions of `make test-matrix`: their files hold the versions that they are for, the table tells what failed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.matrix import OLDEST_LITELLM, SESSIONS, TESTS, Outcome, Session, lowest_bounds, main, pinned, summary

NAMED = {session.name: session for session in SESSIONS}


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_a_session_is_pinned_with_hashes_and_has_its_tests(session: Session, checkout: Path) -> None:
    """What is installed is what was chosen, and no test file was renamed away."""
    text = session.lock.read_text("utf-8")
    assert len(pinned(session)) == len(re.findall(r"^\S+==", text, re.MULTILINE))
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", text))
    assert [test for test in TESTS if not (checkout / test).exists()] == []


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_what_a_session_leaves_out_exists_and_says_why(session: Session, checkout: Path) -> None:
    """A test that was renamed would run again, and a word without a test hide nothing."""
    for entry in session.left_out:
        assert entry.why
        for test in entry.tests:
            file, _, name = test.partition("::")
            assert any(file.startswith(tested) for tested in TESTS), test
            assert f"def {name.partition('[')[0]}" in (checkout / file).read_text("utf-8"), test


def test_the_oldest_session_has_the_lowest_version_of_everything() -> None:
    """So that what pyproject.toml allows has been run."""
    found = pinned(NAMED["oldest"])
    for bound in lowest_bounds():
        name, _, lowest = bound.partition("==")
        assert _release(found[name]) == _release(lowest), name
    assert found["litellm"] == OLDEST_LITELLM


def test_each_session_has_the_langfuse_that_it_is_for() -> None:
    """4.7, the image's 4.15 with opentelemetry 1.33.1, and 5."""
    image = pinned(NAMED["proxy-image"])
    assert (image["langfuse"][:5], image["opentelemetry-sdk"]) == ("4.15.", "1.33.1")
    assert pinned(NAMED["oldest"])["langfuse"].startswith("4.7.")
    assert pinned(NAMED["langfuse-5"])["langfuse"].startswith("5.")
    assert pinned(NAMED["newest"])["langfuse"].startswith("4.")
    assert _release(pinned(NAMED["newest"])["litellm"]) >= (1, 106, 2)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_the_readme_tells_the_versions_of_each_session(session: Session, checkout: Path) -> None:
    """`make lock` chooses new ones; the table has to follow."""
    names = ("litellm", "langfuse", "opentelemetry-sdk", "pydantic")
    cells = (session.name, session.python, *(pinned(session)[name] for name in names))
    assert f"\n| {' | '.join(cells)} |\n" in (checkout / "README.md").read_text("utf-8")


def test_the_summary_has_a_line_for_each_session() -> None:
    """A session that did not run, or ran nothing, is not good."""
    outcomes = [
        Outcome(NAMED["oldest"], passed=3, secs=61.4),
        Outcome(NAMED["langfuse-5"], passed=2, failed=1, secs=5),
        Outcome(NAMED["newest"], note="not run: no interpreter"),
    ]
    head, oldest, five, newest = summary(outcomes).splitlines()
    assert head.split() == (
        "session python litellm langfuse opentelemetry-sdk pydantic rich passed failed seconds".split()
    )
    assert oldest.split()[:3] == ["oldest", "3.11", OLDEST_LITELLM]
    assert oldest.split()[-4:] == ["3", "0", "61", "ok"]
    assert five.split()[-4:] == ["2", "1", "5", "FAILED"]
    assert newest.endswith("not run: no interpreter")
    assert [outcome.is_good for outcome in [*outcomes, Outcome(NAMED["newest"])]] == [True, False, False, False]


def test_an_unknown_session_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A typo runs nothing."""
    with pytest.raises(SystemExit) as ended:
        main(["oldst"])
    assert ended.value.code == 2
    assert "there is no session 'oldst'; there are oldest, proxy-image, langfuse-5, newest" in capsys.readouterr().err


def _release(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
