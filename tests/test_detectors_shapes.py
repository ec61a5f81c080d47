"""Secrets as they stand in what models are given and say: code, sessions, configuration, queries, markup, languages."""

from __future__ import annotations

import pytest

from router.masking import mask_text
from tests.masks import policies

POLICIES = policies({"m": [{"detect": ["secret_value", "auth_header"], "as": "[X]"}]})
_SECRETS = ("Kx9mQ2zT4bW7nR1vY8cD", "9f86d081884c7d659a2feaa0c55ad015", "qwzrtplm47")


def redacted(text: str) -> str:
    return mask_text(text, POLICIES, ["m"])[0]


@pytest.mark.parametrize(
    "text",
    [
        # programs
        'if password == "{}":',
        "if (token === '{}') {{",
        'assert password != "{}"',
        "process.env.API_TOKEN || '{}'",
        "os.environ.get('API_TOKEN') or '{}'",
        'password = ("{}")',
        "password = (\n    '{}'\n)",
        "password = str('{}')",
        'secret = bytes("{}", "utf-8")',
        'password = @"{}";',
        'std::string password{{"{}"}};',
        "ALTER LOGIN sa WITH PASSWORD=N'{}'",
        "UPDATE users SET password=MD5('{}') WHERE id=1",
        "SET PASSWORD FOR bo = '{}';",
        'new BasicAWSCredentials("a1", "{}")',
        'mysqli_connect("h", "bo", "{}", "db");',
        "jwt.encode(payload, '{}', algorithm='HS256')",
        "hmac.new(b'{}', msg, sha256)",
        'array(2) {{\n  ["password"]=>\n  string(20) "{}"\n}}',
        # pairs
        'see {{"key":"api_token","type":"text","value":"{}"',
        'see {{"field": "password", "content": "{}"}}',
        # commands, sessions, configuration
        "#define API_TOKEN {}",
        "set -gx API_TOKEN {}",
        "requirepass {}",
        "AUTH bo {}",
        'password "{}";',
        "args:\n  - --password\n  - {}",
        'echo "{}" | docker login -u bo --password-stdin',
        "docker login -u bo -p{} r.example",
        "cqlsh -u bo -p {} h",
        "sqlplus bo/{}@db",
        "jdbc:oracle:thin:bo/{}@h:1521:x",
        "ConvertTo-SecureString '{}' -AsPlainText -Force",
        ">>> api_key\n'{}'",
        "$ echo $API_TOKEN\n{}",
        "Key         Value\n---         -----\npassword    {}",
        "password .......... {}",
        'level=info msg="auth" token={} user=bo',
        "('authorization', 'Bearer {}')",
        # markup
        "<ns:Password>{}</ns:Password>",
        '<wsse:Password Type="text">{}</wsse:Password>',
        "<password><![CDATA[{}]]></password>",
        '<entry key="password">{}</entry>',
        '<setting name="ApiToken"><value>{}</value></setting>',
        '<parameter name="password">{}</parameter>',
        "<input type='password' name='p' value='{}'>",
        '<span class="label">API key</span><span class="value">{}</span>',
        # words
        "Password (temporary): {}",
        "API key [prod] = {}",
        "API key for staging: {}",
        'The password for the admin account is "{}".',
        "I set the root password to {} yesterday",
        "user bo with password {}",
        # languages
        "Das Passwort für den Server ist {}.",
        "API-Schlüssel: {}",
        "Le mot de passe du serveur est {}",
        "Clé d'API : {}",
        "La contraseña de la base de datos es {}",
        "lösenord: {}",
        "Пароль от сервера: {}",
        "токен: {}",
        "口令：{}",
        "API密钥：{}",
        "パスワードは「{}」です",
        "APIキー：{}",
        "비밀번호는 {} 입니다",
        "كلمة المرور: {}",
        "mật khẩu: {}",
    ],
)
def test_a_secret_is_found_in_the_shapes_of_programs_sessions_and_languages(text: str) -> None:
    """Whether it is of letters and digits, hexadecimal, or a word with a number; what stands around it stays."""
    for secret in _SECRETS:
        assert redacted(text.format(secret)) == text.format("[X]")


@pytest.mark.parametrize("text", ["your API key {} was made", "use api key {}", "password {} was refused", "pwd {}"])
def test_a_secret_beside_what_it_is_called_is_found_where_it_is_like_no_word(text: str) -> None:
    """Letters and digits change there more often than in a word with a number."""
    assert redacted(text.format("Kx9mQ2zT4bW7")) == text.format("[X]")
    assert redacted(text.format("Base64Encoder")) == text.format("Base64Encoder")
    assert redacted(text.format("Web3Provider")) == text.format("Web3Provider")


@pytest.mark.parametrize(
    "text",
    [
        'if password == "":',
        'if token == "end": # or token == "stop-word"',
        'password = password.encode("latin1")',
        'token = os.getenv("API_TOKEN_2")',
        'secret = load_secret("prod/db1")',
        'password = get_secret("my-db1")',
        "token = request.headers.get('x-token1')",
        'see {"name": "password", "type": "string", "value": "string"}',
        '{"key": "color", "value": "a1b2c3d4"}',
        "set -e; set -o pipefail",
        "#define TOKEN_COUNT 4096",
        "auth required for user1",
        "api key rotation policy2",
        "a password of 12 characters",
        "password for user1 is required",
        "the password to use is the one you chose",
        "<td>password</td>\n<td>Must contain 8-16 characters</td>",
        "<key name='color'>blue</key>",
        "Passwort für alle ist erforderlich",
        "la clave es la constancia",
        "密钥是必填的",
        "トークンは1つ",
    ],
)
def test_what_is_written_like_them_and_is_no_secret_stays(text: str) -> None:
    """Names of secrets, types, other keys, prose."""
    assert redacted(text) == text
