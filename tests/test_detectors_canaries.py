"""Properties of every built-in detector: valid values in any surroundings never survive, and twice is once."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.masking import mask_text, mask_value
from router.masking.detectors import BUILTIN_DETECTORS
from tests.masks import KEY, PEM, policies

NAMES = [each.name for each in BUILTIN_DETECTORS]
ACTIONS: dict[str, dict[str, Any]] = {
    "redact": {},
    "label": {"as": "*** 123-45-6789 a@b.example key=x1y2z3w4 ***"},
    "remove": {"action": "remove"},
    "hash": {"action": "hash", "key": KEY},
}
POLICIES = policies({f"{name} {how}": [{"detect": [name], **step}] for name in NAMES for how, step in ACTIONS.items()})
IBANS = {"DE": 18, "NO": 11, "BE": 12, "ES": 20, "AT": 16}
"""Digits of an account by country."""
REGIONS = ["US", "DE", "FR", "GB", "JP", "BR", "IN", "AU", "ZA", "IT"]
TOKENS = ["ghp_" + "?" * 36, "glpat-" + "?" * 20, "xoxb-" + "#" * 24, "sk_live_" + "?" * 24, "hf_" + "~" * 34]

around = st.text(st.sampled_from(" \n\t.,;!?()<>{}\"'/é谢\u200b"), max_size=4)
words = st.lists(st.sampled_from(["see", "the", "value", "of", "it", "{", "}", "[1, 2]", "–", "ok"]), max_size=4)


def filled(form: str, chance: random.Random) -> str:
    """Return `form` with a random digit for `#`, letter for `~`, either for `?`."""
    alphabets = {"#": string.digits, "?": string.ascii_letters + string.digits, "~": string.ascii_letters}
    return "".join(chance.choice(alphabets[char]) if char in alphabets else char for char in form)


def _email(chance: random.Random) -> str:
    return filled("~~~~.???@~~~~~.example", chance)


def _phone(chance: random.Random) -> str:
    number = phonenumbers.example_number_for_type(chance.choice(REGIONS), phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None
    form = chance.choice([phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL])
    return phonenumbers.format_number(number, form)


def _card(chance: random.Random) -> str:
    digits = filled("4##############", chance)
    check = next(d for d in string.digits if _luhn(digits + d))
    return chance.choice(["", " ", "-"]).join((digits + check)[at : at + 4] for at in range(0, 16, 4))


def _luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def _iban(chance: random.Random) -> str:
    country = chance.choice(list(IBANS))
    account = filled("#" * IBANS[country], chance)
    check = 98 - int("".join(str(int(char, 36)) for char in account + country + "00")) % 97
    iban = f"{country}{check:02}{account}"
    return iban if chance.random() < 0.5 else " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _ssn(chance: random.Random) -> str:
    mark = chance.choice("-. ")
    return mark.join((str(chance.randint(100, 665)), str(chance.randint(10, 99)), str(chance.randint(1000, 9999))))


def _ip(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return ".".join(str(chance.randint(1, 255)) for _ in range(4))
    return ":".join(f"{chance.randint(1, 0xFFFF):x}" for _ in range(8))


def _mac(chance: random.Random) -> str:
    return ":".join(["a1", *(f"{chance.randint(0, 255):02x}" for _ in range(5))])


def _jwt(chance: random.Random) -> str:
    parts = ['{"alg":"HS256","kid":"????"}', '{"sub":"????????"}']
    return ".".join(
        [
            *(base64.urlsafe_b64encode(filled(part, chance).encode()).decode().rstrip("=") for part in parts),
            filled("?" * 43, chance),
        ]
    )


VALUES: dict[str, Callable[[random.Random], str]] = {
    "email": _email,
    "phone": _phone,
    "credit_card": _card,
    "iban": _iban,
    "us_ssn": _ssn,
    "ip": _ip,
    "mac": _mac,
    "private_key": lambda chance: PEM,
    "jwt": _jwt,
    "api_key": lambda chance: filled(chance.choice(TOKENS), chance),
    "auth_header": lambda chance: "Basic " + base64.b64encode(filled("~~~~:????????", chance).encode()).decode(),
    "url_credentials": lambda chance: filled("postgres://~~~~:????????@db.example", chance),
    "secret_value": lambda chance: "api_key=" + filled("#???????????????????~", chance),
}


def secret_of(value: str) -> str:
    """Return what of `value` has to go: the password of a URL, what a name was given."""
    if "://" in value:
        return value.split("://")[1].split("@", maxsplit=1)[0]
    return value.removeprefix("Basic ").removeprefix("api_key=")


def test_every_detector_has_a_canary() -> None:
    """A new detector has to bring one."""
    assert list(VALUES) == NAMES


@pytest.mark.parametrize("name", NAMES)
@given(
    how=st.sampled_from(list(ACTIONS)), seed=st.integers(0, 2**32), before=words, left=around, right=around, after=words
)
def test_a_valid_value_never_survives(
    name: str, how: str, seed: int, before: list[str], left: str, right: str, after: list[str]
) -> None:
    """In prose, in brackets, in quotes, as a value, as a key, whatever the action; and twice is once."""
    value = VALUES[name](random.Random(seed))
    text = f"{' '.join(before)} {left}{value}{right} {' '.join(after)}"
    once, counts = mask_text(text, POLICIES, [f"{name} {how}"])
    assert secret_of(value) not in once
    assert counts[name] >= 1
    assert mask_text(once, POLICIES, [f"{name} {how}"])[0] == once
    nested, _ = mask_value({"a": [{"content": text}], value: 1}, POLICIES, [f"{name} {how}"])
    assert secret_of(value) not in str(nested)
