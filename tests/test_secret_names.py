"""Names of secrets: what may stand behind the word that says so, in keys of objects and in texts."""

from __future__ import annotations

import pytest

from router.masking import mask_text, mask_value
from router.masking.names import names_secret
from tests.masks import policies

SECRETS = policies({"x": [{"detect": ["secret_value"], "as": "[X]"}]})


def redacted(text: str) -> str:
    return mask_text(text, SECRETS, ["x"])[0]


SUFFIXED = (
    *(
        "PASSWORD_PROD",
        "password1",
        "password2",
        "password_old",
        "passwordConfirmation",
        "db.password.prod",
        "PWD_2024",
    ),
    *(
        "api_key_v2",
        "APIKEY_PROD",
        "secret_1",
        "token2",
        "aws_secret_access_key_prod",
        "private_key_pem",
        "ssh_key_data",
    ),
    *("stripeSecretKeyLive", "client-secret-value", "LANGFUSE_SECRET_KEY_EU_2", "SECRET_KEY_BASE", "mot_de_passe_2"),
)


@pytest.mark.parametrize("key", [*SUFFIXED, "contraseña_prod", "пароль2", "密码_old", "Password (staging)"])
def test_a_key_names_a_secret_whatever_says_which_one(key: str) -> None:
    """A number, a version, an environment, a form behind the name say nothing else of the value."""
    assert mask_value({key: "hunter2xyz99"}, SECRETS, ["x"])[0] == {key: "[REMOVED]"}


@pytest.mark.parametrize("name", SUFFIXED)
def test_so_does_a_name_in_a_text(name: str) -> None:
    """As `NAME=value`, in quotes, in YAML, in JSON, in a table."""
    for text in (f"{name}=%s\n", f"{name}: '%s'", f'{{"{name}": "%s"', f"id,{name}\n1,%s\n", f"--{name} %s -v"):
        assert redacted(text % "hunter2xyz99") == text % "[X]"


@pytest.mark.parametrize("name", ["password1", "DB_PASSWORD_PROD", "pwd_old", "root-password-2"])
def test_a_short_password_is_found_behind_such_a_name_as_well(name: str) -> None:
    """As it is behind the plain word."""
    assert redacted(f"{name}=ab1c") == f"{name}=[X]"


@pytest.mark.parametrize(
    "key",
    [
        *("password_policy", "password_reset_url", "token_type", "token_count_2", "token_id_1", "secret_santa_2"),
        *("user_api_key_hash", "encryption_key_sha256", "api_key_last4", "key_1", "value", "test_1", "v2", "hash", "1"),
    ],
)
def test_these_words_behind_a_name_say_something_else(key: str) -> None:
    """Of the secret, or of nothing secret at all."""
    assert not names_secret(key)


@pytest.mark.parametrize(
    "value",
    [
        *({"pass_1": "first pass of two"}, {"pass@1": 0.5}, {"pass1": "0.83"}, {"token_1": 5, "token_2": 7}),
        *({"password_1": {"type": "string"}}, {"password_old": None, "secret_2": False}),
    ],
)
def test_what_stays_behind_the_plain_word_stays_behind_such_a_name(value: object) -> None:
    """What passed, numbers of tokens, a parameter's schema, nothing."""
    assert mask_value(value, SECRETS, ["x"])[0] == value


@pytest.mark.parametrize("text", ["pass1=0.8333", "pass_2: 83.1%", "PASS_TEST=TestFoo1", "pass2 = run(x1)"])
def test_a_result_of_a_run_is_no_password(text: str) -> None:
    """Whichever run it was."""
    assert redacted(text) == text
