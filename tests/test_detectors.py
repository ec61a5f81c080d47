"""The built-in detectors: what each finds, what it leaves alone, and that disguises do not help."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from typing import get_args

import pytest

from router.config.model.masks import Detector as DetectorName
from router.masking import mask_text
from router.masking.cards import is_card
from router.masking.detectors import BUILTIN_DETECTORS, builtin_detectors, expand_groups
from router.masking.detectors.detector import united
from router.masking.fold import fold
from router.masking.names import names_secret
from tests.linear import takes_linear_time
from tests.masks import AWS_KEY, CARD, EMAIL, JWT, OPENAI_KEY, PEM, PEM_BODY, everything, found_by, policies

POLICIES = everything()
BOTH = policies({"all": [{"detect": ["pii", "secrets"]}]})


def redacted(text: str) -> str:
    return mask_text(text, POLICIES, ["all"])[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jane.doe@example.com.", "write to [EMAIL]."),
        ("<O'Brien+x@mail.example.co.uk>", "<[EMAIL]>"),
        ("email=jane@example.com&x=1", "email=[EMAIL]&x=1"),
        ('"jane doe"@example.com', "[EMAIL]"),
        ("jané@exämple.de", "[EMAIL]"),
        ("请联系jane@example.com谢谢", "请联系[EMAIL]谢谢"),
        ("用户@例子.公司", "[EMAIL]"),
        ("请联系jane@example.com谢谢 用户@例子.公司", "请联系[EMAIL]谢谢 [EMAIL]"),
        ("root@[192.0.2.1]", "[EMAIL]"),
        ("jane@xn--bcher-kva.example", "[EMAIL]"),
    ],
)
def test_an_email_address_is_found(text: str, expected: str) -> None:
    """Plain, tagged, quoted and international ones."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    ['@app.route("/x") user@ host', "lodash@4.17.21", "icon@2x.png", "icon@1x.png", "a @ b.com", "see @jane", "f(x)@g"],
)
def test_what_only_looks_like_an_email_address_stays(text: str) -> None:
    """Decorators, package versions, image sizes, mentions."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "3714 496353 98431",
        "3056 930902 5904",
        "4222222222222",
        "6304 2737 3398",
        "135410014004955",
    ],
)
def test_a_card_number_is_found_however_it_is_grouped(number: str) -> None:
    """As people and forms write them; twelve digits need a word like `card` near them."""
    assert redacted(f"card {number}, please") == "card [CREDIT_CARD], please"


def test_card_numbers_in_a_row_are_found_each() -> None:
    """A run of digits is cut at its groups, so that one number does not hide the next."""
    assert redacted("1234 4111 1111 1111 1111 5555555555554444") == "1234 [CREDIT_CARD] [CREDIT_CARD]"


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # check digit
        "ISBN 978-3-16-148410-0",
        "at 1700000000000 ms",
        "commit 5e141933554a0b74e7341841f318be21e895339c",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0.4111111111111111",
        "52.520008, 13.404954",
        "4111 + 1111 = 5222",
        "b=1_000_000",
        "order 630427373398",  # twelve digits and no word
        "4111111111111111" * 2,
        "4111\n1111\n1111\n1111",  # a column of a table
        "|4111|1111|1111|1111|",  # a row
        "4111,1111,1111,1111",
        "4111, 1111, 1111, 1111",
        "ASIA PACIFIC AND ASIA MINOR2",
        "card 0000 0000 0000 0000",
        "sha 4111111111111111abcdef01",
        "6304273\n73398",  # twelve digits over the end of a line, and no word
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Digests, ids, timestamps, fractions, sums, books."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "00000010: 4111 1111 1111 1111 2020 2020 2020 2020  A.......        ",
        "0000010 4111 1111 1111 1111 2020 2020 2020 202a",
        "0000020 110 145 154 154 157 040 167 157 162 154 144 012 124 150 151 163",
        "X-Cloud-Trace-Context: 4bf92f3577b34da6a3ce929d0e0e4736/438871050704652059;o=1",
        "span_id=438871050704652059",
    ],
)
def test_figures_of_dumps_and_traces_stay(text: str) -> None:
    """One row in ten of four groups has the check digit of a card, as one id in ten has."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00012340: 4111 1111 1111 1111", "00012340: [CREDIT_CARD]"),
        ("1000010 4111 1111 1111 1111 5555 5555 5555 4444", "1000010 [CREDIT_CARD] [CREDIT_CARD]"),
        ("1000010: 4111 1111 1111 1111 5555 5555 5555 4444  paid", "1000010: [CREDIT_CARD] [CREDIT_CARD]  paid"),
        (
            "id\tcard\tamount\n10021\t4111111111111111\t4999\t20250101\t3\t17\n10022\t0\t4999\t20250101\t3\t17",
            "id\tcard\tamount\n10021\t[CREDIT_CARD]\t4999\t20250101\t3\t17\n10022\t0\t4999\t20250101\t3\t17",
        ),
        (
            "4111 1111 1111 1111 12 27\n4111 1111 1111 1112 12 27\n5555 5555 5555 4444 12 27",
            "[CREDIT_CARD] 12 27\n4111 1111 1111 1112 12 27\n[CREDIT_CARD] 12 27",
        ),
        ("2021 4111 1111 1111 1111\n2022 4012 4410 5120 5340", "2021 [CREDIT_CARD]\n2022 4012 4410 5120 5340"),
        ("4111  1111  1111  1111\n12 27 123 1", "[CREDIT_CARD]\n12 27 123 1"),
        ("1 4111 1111 1111 1111\n2 4111 1111 1111 1112", "1 [CREDIT_CARD]\n2 4111 1111 1111 1112"),
        ("4111  1111  1111  1111\n5555  5555  5555  4444", "[CREDIT_CARD]\n[CREDIT_CARD]"),
        (
            "2021 4111 1111 1111 1111\n2022 5555 5555 5555 4444",
            "2021 [CREDIT_CARD]\n2022 [CREDIT_CARD]",
        ),
        ("4111  1111  1111  1111  12/27\n1 2 3 4", "[CREDIT_CARD]  12/27\n1 2 3 4"),
        ("4012 4410 5120 5340 1111\n\n4111 1111 1111 1111", "4012 4410 5120 5340 1111\n\n[CREDIT_CARD]"),
        ("span_id=4111111111111111", "span_id=[CREDIT_CARD]"),
        ("7 4111 1111 1111 1111 1227\n8 5555 5555 5555 4444 0126", "7 [CREDIT_CARD] 1227\n8 [CREDIT_CARD] 0126"),
        (
            "9876 5432 1098 7654\n4111 1111 1111 1111\n1234 5678 9012 3456",
            "9876 5432 1098 7654\n[CREDIT_CARD]\n1234 5678 9012 3456",
        ),
        ("1234 4111 1111 1111 1111 ok\n9999 8765 1234 1234 4320", "1234 [CREDIT_CARD] ok\n9999 8765 1234 1234 4320"),
        ("1234 4111 1111 1111 1111\n\n9999 8765 1234 1234 4320", "1234 [CREDIT_CARD]\n\n9999 8765 1234 1234 4320"),
        ("id: 438871050704652059", "id: [CREDIT_CARD]"),
        (
            "1227 4111 1111 1111 1111\n1228 5555 5555 5555 4444\n0000 0000 0000 0000 0001",
            "1227 [CREDIT_CARD]\n1228 [CREDIT_CARD]\n0000 0000 0000 0000 0001",
        ),
        (
            "card\n1234 4111 1111 1111 1111 5\n9999 9765 9234 9234 9321 5\n9999 9165 9234 9234 9320 5",
            "card\n1234 [CREDIT_CARD] 5\n9999 9765 9234 9234 9321 5\n9999 9165 9234 9234 9320 5",
        ),
    ],
)
def test_a_card_beside_other_figures_is_found(text: str, expected: str) -> None:
    """In lists of cards with their ids and dates, beside rows that hold none, in what is no whole line of a dump."""
    assert redacted(text) == expected


def _check_digit(digits: str) -> int:
    """Return the digit with which `digits` pass Luhn."""
    doubled = (sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    return -sum(doubled) % 10


def _card(chosen: random.Random) -> str:
    number = chosen.choice(["4", "51", "2221", "6011", "5018", "9792"])
    number += "".join(chosen.choices("0123456789", k=15 - len(number)))
    number += str(_check_digit(number))
    return " ".join(number[place : place + 4] for place in range(0, 16, 4))


def test_a_matrix_of_figures_is_no_table_of_cards() -> None:
    """One row of four figures in twenty-five passes for a card; few do in the same place as the rows around them."""
    chosen = random.Random(4)

    def matrix(columns: int) -> str:
        return "\n".join(" ".join(str(chosen.randint(1000, 9999)) for _ in range(columns)) for _ in range(5))

    assert sum(redacted(text) != text for text in (matrix(6) for _ in range(200))) < 40


def test_every_card_of_a_table_of_figures_is_found() -> None:
    """Beside ids, dates and amounts of as many digits, whichever groups pass for a card by chance as well."""
    chosen = random.Random(5)
    for _ in range(100):
        cards = [_card(chosen) for _ in range(5)]
        rows = [f"{chosen.randint(1000, 9999)} {card} {chosen.randint(1000, 9999)}" for card in cards]
        masked = redacted("\n".join(rows))
        assert not [card for card in cards if card[5:14] in masked or card[10:] in masked]


@pytest.mark.parametrize("mark", list("*:#~+/|_"))
def test_a_card_may_be_written_with_any_mark_between_its_groups(mark: str) -> None:
    """With one that separates cells or parts of an address, it is a card only where that goes no further."""
    assert redacted(f"it is {mark.join(['4111', '1111', '1111', '1111'])} now") == "it is [CREDIT_CARD] now"
    assert redacted(f"it is {mark.join(['3714', '496353', '98431'])} now") == "it is [CREDIT_CARD] now"


@pytest.mark.parametrize("text", ["2001:4111:1111:1111:1111:x", "4111:1111:1111:1111:5", "4111;1111;1111;1111"])
def test_parts_of_an_address_and_cells_are_no_groups_of_a_card(text: str) -> None:
    """Unless a word says so."""
    assert redacted(text) == text
    assert redacted("card 4111;1111;1111;1111") == "card [CREDIT_CARD]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VISA4111111111111111EXP1227CVV123", "VISA[CREDIT_CARD]EXP1227CVV123"),
        ("PAN4111111111111111X", "PAN[CREDIT_CARD]X"),
        ("cc4111111111111111a", "cc[CREDIT_CARD]a"),
        ("track4111111111111111cvc123", "track[CREDIT_CARD]cvc123"),
        ("x4111-1111-1111-1111y", "x[CREDIT_CARD]y"),
        ("No4111  1111  1111  1111", "No[CREDIT_CARD]"),
        ("No4111111111\n111111", "No[CREDIT_CARD]"),
        ("req4111111111111111abc", "req4111111111111111abc"),
        ("order_A4279744725114739B", "order_A4279744725114739B"),
        ("a4111  1111  1111  1111b", "a4111  1111  1111  1111b"),
    ],
)
def test_a_card_between_letters_is_found_where_they_say_something(text: str, expected: str) -> None:
    """What it is, or what comes next; other letters on both sides make an id, unless the digits stand in groups."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("4111111111111111", True),
        ("9999999999999995", False),
        ("30951234567897", True),
        ("8600123456789012", True),
        ("9860123456789015", True),
    ],
)
def test_a_card_number_needs_a_scheme_and_a_check_digit(digits: str, valid: bool) -> None:
    """The second is Luhn-valid, but no scheme begins with 99."""
    assert is_card(digits.encode()) is valid


@pytest.mark.parametrize(
    "token",
    [
        AWS_KEY,
        OPENAI_KEY,
        "sk-" + "ant-api03-abcdefghijklmnop1234",
        "sk-" + "lf-1234abcd-12ab-34cd-56ef-1234567890ab",
        "AIza" + "SyNHxIf32IQ1a1yjl3ZJIqKZqzLAK1XhDk4",
        "gh" + "p_hmjprvhwcw3kvej8ahm68eok6p17dr71wxbd",
        "github_" + "pat_wf8wd1lq6gr0dznl7l7jhmdg5r4agz6",
        "gl" + "pat-0lv1dub7t6kuqbqyyfle",
        "xo" + "xb-781236542736-2364535789652-GkwFDQoHqz",
        "https://hooks." + "slack.com/services/T00000000/B00000000/aaaaaaaa",
        "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
        "h" + "f_etWmQpRsTuVwXyZaBcDeFgHiJkLmNoPqRs",
        "np" + "m_abcdefghijklmnopqrstuvwxyz0123456789",
        "py" + "pi-AgEIcHlwaS5vcmc" + "a1" * 25,
        "abc8" + "Q~" + "a1B2" * 8,
    ],
)
def test_a_token_is_found_by_the_form_its_issuer_gave_it(token: str) -> None:
    """Alone, in an assignment, in escaped JSON."""
    assert redacted(token) == "[API_KEY]"
    assert redacted(f'key = "{token}";') == 'key = "[API_KEY]";'
    assert redacted(f'{{\\"k\\":\\"\\n{token}\\n\\"}}') == '{\\"k\\":\\"\\n[API_KEY]\\n\\"}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer 3a16750d-d363-41a4-8ebd", "Authorization: Bearer [AUTH_HEADER]"),
        ("Authorization: Basic YnJvd3Nlcjo=", "Authorization: Basic [AUTH_HEADER]"),
        ('"x-api-key": "3fea6af1349166ea"', '"x-api-key": "[AUTH_HEADER]"'),
        ("curl -u 'api:d2LkV78zLx' https://h.example", "curl -u [AUTH_HEADER] https://h.example"),
        (
            "curl -H 'Proxy-Authorization: Digest 22cb987851bc5659'",
            "curl -H 'Proxy-Authorization: Digest [AUTH_HEADER]'",
        ),
    ],
)
def test_the_value_of_an_authorization_header_is_found(text: str, expected: str) -> None:
    """The value alone goes; what it was for can still be read."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",  # of Amazon's documentation
        "sk-... <API_KEY>",
        "sk-fading-circle-animation",
        "risk-management-framework-2024",
        "pk-lf-1234abcd-12ab-34cd-56ef-1234567890ab",
        "basic understandingofthings",
        "Authorization: Bearer <token>",
        "bearer securities and notes",
        "Bearer authentication-scheme is used",
        "Basic AAGfOv8gYWJj",  # no text
    ],
)
def test_what_only_looks_like_a_token_stays(text: str) -> None:
    """Placeholders, class names, prose, and Langfuse's public key, which opens nothing."""
    assert redacted(text) == text


def test_a_json_web_token_is_found() -> None:
    """Three parts of base64url; two words that begin with ey are none."""
    assert redacted(f"token {JWT} ok") == "token [JWT] ok"
    assert redacted("eyes.eyebrows") == "eyes.eyebrows"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a {PEM} b", "a [PRIVATE_KEY] b"),
        (PEM.replace("\n", "\\n"), "[PRIVATE_KEY]"),
        (PEM.split("-----END")[0].rstrip() + "... cut", "[PRIVATE_KEY]... cut"),
        (PEM.replace("PRIVATE", "OPENSSH PRIVATE"), "[PRIVATE_KEY]"),
        ("-----BEGIN " + "CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
        (f"{PEM[:60]}\n(it was cut)\n{PEM} x", "[PRIVATE_KEY](it was cut)\n[PRIVATE_KEY] x"),
    ],
)
def test_a_private_key_is_found_with_or_without_its_end(text: str, expected: str) -> None:
    """Whole, with escaped line breaks, cut off in the middle."""
    assert redacted(text) == expected
    assert PEM_BODY not in redacted(text)


@pytest.mark.parametrize(
    ("disguised", "label"),
    [
        ("４１１１１１１１１１１１１１１１", "[CREDIT_CARD]"),
        ("٤١١١١١١١١١١١١١١١", "[CREDIT_CARD]"),
        ("4111\u200b1111\u200b1111\u200b1111", "[CREDIT_CARD]"),
        ("4111\u00a01111\u00a01111\u00a01111", "[CREDIT_CARD]"),
        ("4111‑1111‑1111‑1111", "[CREDIT_CARD]"),
        ("4111%201111%201111%201111", "[CREDIT_CARD]"),
        ("\\u0034111111111111111", "[CREDIT_CARD]"),
        ("\\\\u0034111111111111111", "[CREDIT_CARD]"),
        ("jane.doe%40example.com", "[EMAIL]"),
        ("jane.doe&#64;example.com", "[EMAIL]"),
        ("jane.doe\\u0040example.com", "[EMAIL]"),
        ("jane.doe＠example．com", "[EMAIL]"),
        (AWS_KEY[:8] + "\u00ad" + AWS_KEY[8:], "[API_KEY]"),
        ("4111\u03011111\u03011111\u03011111", "[CREDIT_CARD]"),
        ("4\ufe0f\u20e31\ufe0f\u20e311111111111111", "[CREDIT_CARD]"),
        ("4111+1111+1111+1111", "[CREDIT_CARD]"),
        ("4111  1111  1111  1111", "[CREDIT_CARD]"),
        ("4111_1111_1111_1111", "[CREDIT_CARD]"),
        ("3714 - 496353 - 98431", "[CREDIT_CARD]"),
        ("card\t4111\t1111\t1111\t1111", "card\t[CREDIT_CARD]"),
        ("card 4111,1111,1111,1111", "card [CREDIT_CARD]"),
        ("card 4111, 1111, 1111, 1111", "card [CREDIT_CARD]"),
        ("4111|1111|1111|1111", "[CREDIT_CARD]"),
        ("4111 | 1111 | 1111 | 1111", "[CREDIT_CARD]"),
        ("4111·1111·1111·1111", "[CREDIT_CARD]"),
        ("4111 – 1111 – 1111 – 1111", "[CREDIT_CARD]"),
        ("4111 — 1111 — 1111 — 1111", "[CREDIT_CARD]"),
        ("4111\u00a0–\u00a01111\u00a0–\u00a01111\u00a0–\u00a01111", "[CREDIT_CARD]"),
        ("(415)\u00a0555-2671", "[PHONE]"),
        ("(415)—555—2671", "[PHONE]"),
        ("+1\u00a0(415)\u00a0555\u20112671", "[PHONE]"),
        ("tel. (030)\u00a023125\u202f777", "tel. [PHONE]"),
        (OPENAI_KEY.replace("-", "\u2011"), "[API_KEY]"),
        ("password\u00a0= Hunter2xyz", "password\u00a0= [SECRET_VALUE]"),
        ("mot de passe\u202f: Hunter2xyz", "mot de passe\u202f: [SECRET_VALUE]"),
        ("Bearer\u00a0abcdefghijklmnop1234567890", "Bearer\u00a0[AUTH_HEADER]"),
        ("aa\u2010bb\u2010cc\u2010dd\u2010ee\u201001", "[MAC]"),
        (PEM.replace("-----", "–––––"), "[PRIVATE_KEY]"),
        ("jane.doe%2540example.com", "[EMAIL]"),
        ("jane.doe&#64example.com", "[EMAIL]"),
        ("jane.doe&amp;#64;example.com", "[EMAIL]"),
        ("jane.doe&amp;amp;commat;example.com", "[EMAIL]"),
        *(
            (f"4111{invisible}111111111111", "[CREDIT_CARD]")
            for invisible in "\0\x7f\x85\u0336\u0489\u3164\uffa0\u115f"
        ),
        *((f"4111{blank}1111 1111{blank}1111", "[CREDIT_CARD]") for blank in "\u2800\u2028\u2029"),
        ("\u0336".join("jane.doe@example.com"), "[EMAIL]"),
        ("4111\\u00001111\\u007f11111111", "[CREDIT_CARD]"),
        (f'{AWS_KEY[:9]}" + "{AWS_KEY[9:]}', "[API_KEY]"),
        (f"{AWS_KEY[:9]}\n    {AWS_KEY[9:]}", "[API_KEY]"),
    ],
)
def test_a_disguise_does_not_help(disguised: str, label: str) -> None:
    """The shadow is searched, and the original is cut exactly where the value stands."""
    assert redacted(f"é: {disguised} – ok") == f"é: {label} – ok"


def test_folding_leaves_ordinary_prose_alone() -> None:
    """Long dashes, quotes and accents of prose cost no shadow; nor does plain text with a per cent sign in it."""
    assert fold("Où — “là” … 5 € — naïve—si".encode()) is None
    assert fold(b"50% of it & more") is None


@pytest.mark.parametrize(
    "key",
    "password api_key apiKey OPENAI_API_KEY x-api-key client_secret secretAccessKey aws_access_key_id token "
    "access_token refreshToken Authorization Set-Cookie credentials vertex_credentials private_key passwd "
    "langfuse_secret_key secret_value password_hash".split(),
)
def test_these_keys_name_secrets(key: str) -> None:
    """In every spelling of several words."""
    assert names_secret(key)


@pytest.mark.parametrize(
    "key",
    "max_tokens total_tokens token_count prompt_tokens secret_santa cache_key public_key primaryKey key "
    "user_api_key_alias user_api_key_hash user_api_key_team_id time_to_first_token next_page_token eos_token "
    "tokenizer passwordless secretary author token_id session_id".split(),
)
def test_these_keys_do_not(key: str) -> None:
    """Removing too much is a fault as well."""
    assert not names_secret(key)


@pytest.mark.parametrize("name", sorted(builtin_detectors()))
@pytest.mark.parametrize(
    "unit",
    [
        "4111 ",
        "4 ",
        "1.",
        "a@",
        '"@',
        "eyJ.",
        "sk-",
        "-----BEGIN PRIVATE KEY-----",
        "bearer ",
        "a3",
        "%41",
        "key: ",
        "://a:",
        "1.1.1.1 ",
        "::",
        "+1 ",
        "0123 456 789 ",
        "DE89 ",
        "1-2-",
        "-u ",
        "<token>",
    ],
)
def test_a_detector_takes_linear_time(name: str, unit: str) -> None:
    """Ten times the hostile text does not take a hundred times as long."""
    detector = builtin_detectors()[name]
    assert takes_linear_time(detector.find, unit)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("api_key", "JQQJ99aaaaaaaaaaaaaaaa_"),
        ("email", "é@ a@b.co a@b.co a@b.co "),
        ("ip", "1::2 1.2.3.4 "),
        ("private_key", "-----BEGIN PRIVATE KEY-----."),
    ],
)
def test_a_detector_takes_linear_time_for_many_finds(name: str, unit: str) -> None:
    """Finds are not compared with all others, and no text is read again for each."""
    assert takes_linear_time(builtin_detectors()[name].find, unit)


def test_a_token_known_by_its_middle_is_found_whole_but_no_more_than_that() -> None:
    """What another token before it holds is not read again."""
    key = "JQQJ99" + "aB3" * 10
    text = f"x {'q7' * 20}{key} {key}_{key}"
    found = united(found_by(builtin_detectors()["api_key"], text.encode()))
    assert [text[start:end] for start, end in found] == ["q7" * 20 + key, key, f"_{key}"]


def test_every_detector_is_told_of() -> None:
    """The table of rules/README.md is what the detectors say of themselves; `detect:` takes each, and each group."""
    told = (Path(__file__).parent.parent / "rules" / "README.md").read_text(encoding="utf-8")
    for each in BUILTIN_DETECTORS:
        assert f"| `{each.name}` | `{each.group}` | {each.finds} | {each.checks} | {each.misses} |\n" in told
    schema = (Path(__file__).parent.parent / "schema.json").read_text(encoding="utf-8")
    groups = dict.fromkeys(each.group for each in BUILTIN_DETECTORS)
    assert list(get_args(DetectorName)) == [*(each.name for each in BUILTIN_DETECTORS), *groups]
    for group in groups:
        members = ", ".join(each.name for each in BUILTIN_DETECTORS if each.group == group)
        assert f"`{group}` stands for {' and '.join(members.rsplit(', ', 1))}" in schema


def test_a_group_stands_for_its_detectors() -> None:
    """Each once, also where it is named beside its group."""
    assert list(expand_groups(["jwt", "pii", "email"]))[:3] == ["jwt", "email", "phone"]
    assert sorted(expand_groups(["pii", "secrets"])) == sorted(builtin_detectors())


def test_a_number_of_goods_is_no_card_of_thirteen_digits() -> None:
    """One in ten has the check digit of an old Visa card."""
    compiled = policies({"m": [{"detect": ["credit_card"]}]})
    for text in ("EAN 4429565426233", '"gtin": "4429565426233"'):
        assert mask_text(text, compiled, ["m"])[0] == text
    assert mask_text("paid 4429565426233", compiled, ["m"])[0] == "paid [CREDIT_CARD]"


def test_a_card_number_is_found_anywhere_in_a_long_run_of_digits() -> None:
    """Long runs are looked at in pieces; none falls between two."""
    for lead in range(8120, 8200):
        text = ("1 " * lead)[:lead] + " 4111 1111 1111 1111" + " 1" * 20
        assert "4111 1111" not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "card 4111 1111 11\n11 1111",
        "card 4111 1111\r\n1111 1111 ok",
        "AKIA key: " + base64.b64encode(AWS_KEY.encode()).decode(),
    ],
)
def test_a_wrapped_card_and_an_encoded_key_are_found(text: str) -> None:
    """A card number over the end of a line; a token in base64."""
    masked = redacted(text)
    assert "1111" not in masked
    assert text[-12:] not in masked


@pytest.mark.parametrize(
    "around", ["LIKE '%{}%'", "off 50%{} ok", "?q=%22{}%22", "&quot;{}&quot;", "a\\n{}\\nb", "\u2013{}\u2013 x"]
)
@pytest.mark.parametrize("value", [CARD, EMAIL, AWS_KEY, "10.20.30.40"], ids=["card", "email", "key", "address"])
def test_what_looks_like_an_escape_hides_nothing(around: str, value: str) -> None:
    """`%41…` may be an escaped letter or a wildcard before a number: a text is looked at as it stands, and folded."""
    masked, counts = mask_text(around.format(value), BOTH, ["all"])
    assert value not in masked
    assert counts.total() == 1


@pytest.mark.parametrize("value", ["536-90-4399", "415-555-0198"])
def test_a_number_in_a_pattern_of_sql_is_no_percentage(value: str) -> None:
    """With `%` on both sides it is searched for; with one behind it, it is a share."""
    assert value not in mask_text(f"WHERE x LIKE '%{value}%'", BOTH, ["all"])[0]
