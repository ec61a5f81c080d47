"""What keeps a value from being taken for a secret, and what does not: words, variables and templates within it."""

from __future__ import annotations

import random
import string

import pytest

from router.masking import mask_text
from tests.masks import policies

POLICIES = policies(
    {name: [{"detect": [name], "as": "[X]"}] for name in ("url_credentials", "secret_value", "auth_header")}
)
_CONTEXTS = (
    'password="{}"',
    '{{\\"password\\": \\"{}\\"}}',
    "apiKey: '{}',",
    "--password={} run",
    "export DB_PASSWORD={}\n",
    "level=info password={} user=bo",
    "db:\n  password: {}\n",
)
_MIXED = string.ascii_letters + string.digits
_HELD = ("MyExample", "testing-", "Your", "dummy_", "xxxx", "masked", "..9", "change-me", "placeholder")


def redacted(text: str, detector: str = "secret_value") -> str:
    return mask_text(text, POLICIES, [detector])[0]


def a_secret(chosen: random.Random, size: int) -> str:
    return "".join(chosen.choices(_MIXED, k=size - 3)) + "7!x"


@pytest.mark.parametrize("word", _HELD)
def test_a_secret_that_holds_the_word_of_a_placeholder_is_found(word: str) -> None:
    """Wherever the word stands in it, in programs, files, commands and logs."""
    chosen = random.Random(word)
    for context in _CONTEXTS:
        begun, ended, held = (a_secret(chosen, 9) for _ in range(3))
        for value in (word + begun, ended + word, f"{held}{word}{held}"):
            assert redacted(context.format(value)) == context.format("[X]")


@pytest.mark.parametrize("sign", ["$", "${", "{", "{{", "<", "[", "(", "%", "@", "#", "*"])
def test_a_secret_that_begins_like_a_variable_or_a_template_is_found(sign: str) -> None:
    """The sign alone makes no reference of it; what it opens is not closed."""
    value = sign + a_secret(random.Random(sign), 12)
    for context in _CONTEXTS:
        masked = redacted(context.format(value))
        assert "[X]" in masked
        assert value[len(sign) :] not in masked


@pytest.mark.parametrize("bracket", list("{}<>[]()"))
def test_a_secret_without_quotes_goes_on_behind_a_bracket(bracket: str) -> None:
    """As far as no blank or quote ends it."""
    for head in ("k", "k8", "k8#Q", "k8#Qv1m"):
        assert redacted(f"password={head}{bracket}2Lw!9sT\n") == "password=[X]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>password=k8#Qv1m</b>", "<b>password=[X]</b>"),
        ("password=k8#Qv1m<br/>next line2", "password=[X]<br/>next line2"),
        ("[password=k8#Qv1m](https://h.example/a1)", "[password=[X]](https://h.example/a1)"),
        ("{password=k8#Qv1m},{user=bo1}", "{password=[X]},{user=bo1}"),
        ("f(password=k8#Qv1m)[0]", "f(password=[X])[0]"),
        ("password=k8#Qv1m[user=bo1]", "password=[X][user=bo1]"),
        ("password=k8#Qv1m!", "password=[X]"),
    ],
)
def test_what_stands_behind_a_secret_without_quotes_stays(text: str, expected: str) -> None:
    """Tags, links, the next name, what closes it; only a mark against it goes with it."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=${DB_PASSWORD:-Zt8w3Xv1Q}", "Zt8w3Xv1Q"),
        ("password: ${db.password:Zt8w3Xv1Q}", "Zt8w3Xv1Q"),
        ('password: "{{ password | default("Zt8w3Xv1Q") }}"', "Zt8w3Xv1Q"),
        ("password: {{ db_password | default('Zt8w3Xv1Q', true) }}", "Zt8w3Xv1Q"),
        ("password: \"{{ password | default('Zt8w3Xv1Q') }}\"", "Zt8w3Xv1Q"),
        ("password=Zt8w3Xv1Q${SUFFIX}", "Zt8w3Xv1Q"),
        ("password={Zt8w3Xv1Q}", "Zt8w3Xv1Q"),
        ("password=<Zt8w3Xv1Q>", "Zt8w3Xv1Q"),
        ("password=%abc%Zt8w3Xv1Q", "Zt8w3Xv1Q"),
    ],
)
def test_what_a_variable_is_by_default_and_what_is_enclosed_may_be_a_secret(text: str, expected: str) -> None:
    """The form of a reference is that of its whole, and a name in it has few digits."""
    assert expected not in redacted(text)


@pytest.mark.parametrize(
    "value",
    [
        *("your-api-key-here", "YOUR_API_KEY", "yourApiKey", "your-acme-token", "sk-your-key-here", "ghp_your_token"),
        *("changeme", "change_me", "change-me-please", "changeme123", "example", "example-1", "ExampleToken"),
        *("placeholder", "my-example-secret", "dummy", "redacted", "[REDACTED]", "not-set", "insert-token-here"),
        *("xxxx", "XXXXXXXX-XXXX", "sk-xxxxxxxxxxxx", "****", "ab****yz", "...", "sk-...", "sk-proj-...wxyz", "ghp_…"),
        *("$DB_PASSWORD", "${DB_PASSWORD}", "${DB_PASSWORD:?is missing}", "${DB_PASSWORD:-changeme}", "$(cat pw.txt)"),
        *("${{ secrets.DB_PASSWORD }}", "{{ vault.token_1 }}", "{{ .Values.password }}", "{password}", "{self.pw}"),
        *("<token>", "<your token>", "<API_KEY>", "<32-char-hex>", "%DB_PASS%", "%(password)s", "#{password}"),
        *("${env:S3_SECRET_KEY}", "<%= password %>", "@password", "user:${PASS}", "Bearer {token}"),
        *("os.environ/OAUTH2_SECRET", "process.env.S3_SECRET", "settings.db.password", "config['db']['pw_2']"),
        *("string", "null", "varchar(40)", "secret", "/run/secrets/db-password", "https://h.example/token"),
        *("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ],
)
def test_placeholders_references_and_types_stay(value: str) -> None:
    """Where they are the whole value, or but for a few letters."""
    assert redacted(f'password="{value}"') == f'password="{value}"'


@pytest.mark.parametrize(
    "text",
    [
        "<Input password={this.state.password1} />",
        "const {password, token}={...props}",
        "f(password={pw}, token={config.tokens[1]})",
        "token=tokens[index+1]",
        "token=List<Foo1>",
        "password: !Ref DbPassword1",
        "auth = (user1, password_2)",
        "password=(self.password1.encode('x'))",
        "password==e.type1?a:b",
    ],
)
def test_code_that_opens_a_bracket_is_no_secret(text: str) -> None:
    """Expressions, types, tags of YAML."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl -u 40812:67593 https://h", "curl -u [X] https://h"),
        ("/usr/bin/curl -s --user 40812:67593 https://h", "/usr/bin/curl -s --user [X] https://h"),
        ("http --auth 40812:67593 GET h", "http --auth [X] GET h"),
        ("curl -x p --proxy-user 40812:67593 h", "curl -x p --proxy-user [X] h"),
        ("curl -u $USER_1:Zt8w3Xv1 h", "curl -u [X] h"),
        ("curl -u bo:'$Zt8w3!Xv1' h", "curl -u [X] h"),
        ("curl -u Zt8w3Xv1Q: h", "curl -u [X] h"),
        ("docker run -u 1000:1000 image", "docker run -u 1000:1000 image"),
        ("curl h; docker run -u 1000:1000 image", "curl h; docker run -u 1000:1000 image"),
        ('curl -u "$USER_1:$PASS" h', 'curl -u "$USER_1:$PASS" h'),
        ("curl -u $TOKEN: h", "curl -u $TOKEN: h"),
        ("curl -u '{user}:{password}' h", "curl -u '{user}:{password}' h"),
        ("curl -u <user:password> h", "curl -u <user:password> h"),
    ],
)
def test_a_user_and_a_password_of_digits_are_found_where_a_program_logs_in_with_them(text: str, expected: str) -> None:
    """Elsewhere they are the numbers of a user and a group."""
    assert redacted(text, "auth_header") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://bo:$ecret99!xY@h", "postgres://[X]@h"),
        ("postgres://bo:{kX9!amQ2z@h", "postgres://[X]@h"),
        ("postgres://bo:%s3creT9x@h", "postgres://[X]@h"),
        ("postgres://bo:[kX9!amQ2z@h", "postgres://[X]@h"),
        ("postgres://bo:${PW}@h", "postgres://bo:${PW}@h"),
        ("postgres://{user}:{settings.pw}@h", "postgres://{user}:{settings.pw}@h"),
        ("postgres://%s:%s@h", "postgres://%s:%s@h"),
        ("https://${env:USER}:${env:PASS}@h", "https://${env:USER}:${env:PASS}@h"),
        ("https://$TOKEN@h", "https://$TOKEN@h"),
    ],
)
def test_a_password_in_a_url_may_begin_like_a_variable(text: str, expected: str) -> None:
    """Only what is a variable or a template as a whole stays."""
    assert redacted(text, "url_credentials") == expected


@pytest.mark.parametrize(
    "text",
    [
        "def f(user: str, password: str):",
        "def f(password: bytes):",
        "function f(password: string): void {",
        "token = base64.b64encode(x).decode()",
        "password = hashlib.sha256(x).hexdigest()",
        "api_key = s3_client.get_key()",
        "token = b64encode(x)",
        "f(aws_access_key_id=s3_aws_access_key_id, x=1)",
        "api_key: os.environ/E2B_API_KEY",
        "api_key: ApiKeyV2Config",
        "client_secret: ClientSecretV1",
        "def f(password: _PasswordType | None = None): ...",
        "fields = ('username', 'password', 'first_name', 'email')",
        '["password", "email_address", "name"]',
        '["username","password","base_url2"]',
        '\\"password\\", \\"first_name\\", \\"email\\"',
        'required: ["api_key", "base_url2"]',
        "return 'PASS', 'FAIL'",
        'input("Password: "), x = 2',
        'getpass(prompt: str = "Password: ", stream: X = None, *, echo_char: str = None)',
    ],
)
def test_calls_types_and_lists_of_names_are_no_secrets(text: str) -> None:
    """In code, in configuration, in the schema of a tool."""
    assert redacted(text) == text
    assert redacted(text, "auth_header") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('("password", "swordfish")', '("password", "[X]")'),
        ('Map.of("user", "bob", "password", "hunter2")', 'Map.of("user", "bob", "password", "[X]")'),
        ('["--password", "swordfish", "-v"]', '["--password", "[X]", "-v"]'),
        ('set("SUMO_TOKEN", "suDtTGRsIvXtkI", "x")', 'set("SUMO_TOKEN", "[X]", "x")'),
        ("x = {'password': '),Zt8w3Xv'}", "x = {'password': '[X]'}"),
        ("client_secret=ClientSecretV1", "client_secret=[X]"),
        ("password: Password1", "password: [X]"),
        ("password=my_password", "password=[X]"),
        ("password=Zt8w3.Xv1Qm5(Rz", "password=[X]"),
    ],
)
def test_what_is_like_a_call_a_type_or_a_name_may_be_a_secret(text: str, expected: str) -> None:
    """A list of two, of options, of names and values; a type where a value is given."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "-u/--unit: set the unit",
        "docker run -u node:staff x",
        "docker exec -u www-data:www-data c bash",
        "user: -u root:root",
        "rsync -u host:/path .",
        "sort -u file:line",
    ],
)
def test_what_programs_take_that_log_in_nowhere_stays(text: str) -> None:
    """A user and a group, a path, the next option."""
    assert redacted(text, "auth_header") == text


@pytest.mark.parametrize("before", ["curl", "docker run x curl", "http --form", ""])
def test_a_user_and_a_password_that_are_words_are_found(before: str) -> None:
    """Without a program in sight, too."""
    assert redacted(f"{before} -u bob:swordfish", "auth_header") == f"{before} -u [X]"


def test_a_password_may_be_the_user_where_a_program_logs_in() -> None:
    """`admin` and `admin`."""
    assert redacted("curl -u admin:admin https://h", "auth_header") == "curl -u [X] https://h"
