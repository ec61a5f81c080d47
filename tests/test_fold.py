"""The folded text is looked at where it reads otherwise than the original does, and nowhere else."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.masking import mask_text
from router.masking.fold import Shadow, fold
from router.masking.scan import Scanner
from tests.linear import takes_linear_time, within
from tests.masks import AWS_KEY, CARD, EMAIL, JWT, OPENAI_KEY, PEM, PEM_BODY, found_by, policies
from tests.own_detectors import policies_with, redacted

BOTH = policies({"all": [{"detect": ["pii", "secrets"]}]})
POLICY = BOTH.policy(["all"])
FILLER = "the quick brown fox jumps over the lazy dog "
VALUES = (
    CARD, EMAIL, JWT, OPENAI_KEY, AWS_KEY, PEM, "tel. (030) 23125 777", "+49 30 23125 777",
    "DE89 3704 0044 0532 0130 00", "SSN 536-90-4399", "203.0.113.7", "aa:bb:cc:dd:ee:01",
    "Authorization: Bearer abcdefghij0123456789",
    "https://user:hunter2@db.example", "password = Zt8w3Xv1Qm", "the password is Zt8w3Xv1Qm",
    "mysql -u bo -pZt8w3Xv1Qm",
    "user,password\nbo,Zt8w3Xv1Qm\nal,Qm5Rk7Lp2N", PEM.replace(PEM_BODY, f"{PEM_BODY}\n" * 20),
    "Cookie: " + "sid=abcdefg123; " * 40,
)  # fmt: skip
DISGUISES = ("\u200b", "\u00a0", "\u2011", "%20", "%2D", "４", "\\u0040")


def test_only_the_surroundings_of_what_was_folded_are_looked_at_again() -> None:
    """They begin and end at blanks, so that no value and no word is cut."""
    shadow = fold((FILLER * 50 + "jane%40example.com " + FILLER * 50).encode())
    assert shadow is not None
    ((start, part),) = shadow.changed()
    assert b"jane@example.com" in part
    assert len(part) < 700
    assert shadow.text[start : start + len(part)] == part
    assert (part[:1], shadow.text[start + len(part) : start + len(part) + 1]) == (b" ", b" ")


def test_a_text_full_of_escapes_is_looked_at_as_a_whole() -> None:
    """Parts of it would only be more work."""
    shadow = fold(b"a%20b " * 200)
    assert shadow is not None
    assert shadow.changed() == [(0, shadow.text)]


@pytest.mark.parametrize("value", [CARD.replace("4", "%34"), EMAIL.replace("@", "%40"), EMAIL.replace("@", "\\u0040")])
@given(before=st.integers(0, 60), after=st.integers(0, 60), glue=st.sampled_from([" ", "\n", "=", '"']))
def test_a_disguised_value_is_found_wherever_it_stands(value: str, before: int, after: int, glue: str) -> None:
    """Among any amount of ordinary text, at its beginning and at its end."""
    masked, counts = mask_text(f"{FILLER * before}{glue}{value}{glue}{FILLER * after}", BOTH, ["all"])
    assert value not in masked
    assert counts.total() >= 1


def test_a_long_value_without_a_blank_is_whole() -> None:
    """A kilobyte of a token stands before what was folded, and one behind."""
    shadow = fold((FILLER * 99 + "k" * 1000 + "%40" + "k" * 1000 + " " + FILLER * 99).encode())
    assert shadow is not None
    ((_, part),) = shadow.changed()
    assert b"k" * 1000 + b"@" + b"k" * 1000 in part


@pytest.mark.parametrize("control", ["\0", "\x7f"])
def test_text_that_was_read_in_another_encoding_is_folded_too(control: str) -> None:
    """As UTF-16 reads as Latin-1: NUL between the characters, and nothing else that is not ASCII."""
    masked, counts = mask_text(control.join(f"card {CARD}"), BOTH, ["all"])
    assert (masked, counts) == (control.join("card ") + f"{control}[CREDIT_CARD]", {"credit_card": 1})


@pytest.mark.parametrize("text", ["a%40b", "a%40" + "b" * 600, "%40 ", "a" * 700 + "%40"])
def test_finding_the_parts_takes_linear_time(text: str) -> None:
    """Also where no blank ends any of them."""

    def find_parts(data: bytes) -> None:
        if (shadow := fold(data)) is not None:
            shadow.changed()

    assert takes_linear_time(find_parts, text)


@given(st.data())
def test_parts_lose_nothing_of_what_the_whole_folded_text_holds(data: st.DataObject) -> None:
    """Whatever is disguised, wherever in it, and however far from the rest."""
    values = data.draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3))
    pieces = [FILLER * data.draw(st.sampled_from([0, 1, 20]))]
    for value in values:
        at = data.draw(st.integers(0, len(value)))
        taken = data.draw(st.sampled_from([0, 1]))
        pieces += [value[:at] + data.draw(st.sampled_from(DISGUISES)) + value[at + taken :]]
        pieces += [data.draw(st.sampled_from([" ", "\n"])) + FILLER * data.draw(st.sampled_from([0, 1, 20]))]
    text = "".join(pieces).encode()
    if (shadow := fold(text)) is None:
        return
    hits = Scanner(POLICY, "p").find(text, POLICY.finders)
    covered = {at for _, spans in hits for start, end in spans for at in range(start, end)}
    for finder in POLICY.finders:
        for span in found_by(finder.detector, shadow.text):
            assert covered.issuperset(range(*shadow.original(*span))), finder.detector.name


FAR = FILLER * 200
LINES = f"{PEM_BODY}\n" * 40
SESSION = "sid=abcdefg123; " * 40


@pytest.mark.parametrize(
    ("text", "leftover"),
    [
        (PEM.replace("PRIVATE KEY", "PRIVATE\u00a0KEY").replace(PEM_BODY, LINES), PEM_BODY),
        (PEM.replace(PEM_BODY, f"MI\u200b{LINES}").partition("-----END")[0], PEM_BODY),
        (f"Coo\u200bkie: {SESSION}", "sid="),
    ],
)
def test_a_long_value_is_hidden_to_its_end(text: str, leftover: str) -> None:
    """Also where only its beginning was folded."""
    assert leftover not in mask_text(f"{FAR}\n{text}\n\n{FAR}", BOTH, ["all"])[0]


def test_the_rows_of_a_table_are_read_under_its_head_however_many_they_are() -> None:
    """What is folded stands in the head alone."""
    rows = "".join(f"bo,Zt8w{number}Xv1Qm\n" for number in range(200))
    assert "Xv1Qm" not in mask_text(f"user,p%61ssw%6Frd\n{rows}\n\n{FAR}", BOTH, ["all"])[0]


def test_an_own_pattern_sees_the_folded_text_as_a_whole() -> None:
    """What it takes in, and the words near it, may be far apart."""
    pattern = policies({"all": [{"pattern": "(?s)<confidential>.*?</confidential>"}]})
    text = f"<confi\u200bdential>{FILLER * 9}</confidential>"
    assert mask_text(f"{FAR}{text} {FAR}", pattern, ["all"])[0] == f"{FAR}[REDACTED] {FAR}"
    number = {"pattern": r"\b\d{6}\b", "near": {"words": ["patient"], "within": 500}}
    near = policies_with({"mrn": {**number, "examples": {"match": ["patient 123456"]}}})
    assert redacted(f"{FAR}patient {FILLER * 9}123\u200b456 {FAR}", near) == f"{FAR}patient {FILLER * 9}[MRN] {FAR}"


def test_the_parts_of_a_long_text_in_one_line_are_found_in_linear_time() -> None:
    """Nobody looks through the rest of the text for the end of its only line, for each of them."""
    begins, shifts = array("q", range(0, 8_000_000, 2_000)), array("q", [0] * 4_000)
    shadow = Shadow(b"a " * 4_000_000, b"a " * 4_000_000, begins, shifts, shifts)
    assert len(within(0.1, shadow.changed)) == 4_000


def test_a_text_of_many_folded_characters_is_whole() -> None:
    """Its pieces are joined in blocks."""
    shadow = fold("é \uff11\uff12 x%41\n".encode() * 3_000)
    assert shadow is not None
    assert shadow.text == "é 12 xA\n".encode() * 3_000
    assert shadow.original(len(shadow.text) - 3, len(shadow.text) - 1) == (3_000 * 15 - 5, 3_000 * 15 - 1)
