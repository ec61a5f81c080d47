"""Detectors of secrets that are known by where they stand: in URLs, after a name, in an element."""

from __future__ import annotations

import base64
import random

import pytest

from router.masking import mask_text
from router.masking.detectors import builtin_detectors
from router.masking.names import names_secret
from tests.linear import cpu_seconds, takes_linear_time
from tests.masks import everything, masked_input, policies

POLICIES = policies(
    {
        name: [{"detect": [name], "as": "[X]"}]
        for name in ("url_credentials", "secret_value", "api_key", "jwt", "auth_header")
    }
)


def redacted(text: str, detector: str = "secret_value") -> str:
    return mask_text(text, POLICIES, [detector])[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://app:s3cr3t@db.internal:5432/x", "postgres://[X]@db.internal:5432/x"),
        ("see https://bob:pa%40ss@h.example/a?b", "see https://[X]@h.example/a?b"),
        ("redis://:hunter2@cache", "redis://[X]@cache"),
        ("amqp://u:p@ss@mq", "amqp://[X]@mq"),
        ("git clone https://Zt8w3Xv1Qm5RZt8w3Xv1@git.example/x", "git clone https://[X]@git.example/x"),
    ],
)
def test_user_and_password_in_a_url_are_found(text: str, expected: str) -> None:
    """The host can still be read."""
    assert redacted(text, "url_credentials") == expected


@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("https://bob:hunter2x@host.example/", "https://[URL_CREDENTIALS]@host.example/", "url_credentials"),
        ("é https://bob:hunter2x@host.example/", "é https://[URL_CREDENTIALS]@host.example/", "url_credentials"),
        ("https://Zt8w3Xv1Qm5RZt8w3Xv1@h.example", "https://[URL_CREDENTIALS]@h.example", "url_credentials"),
        ("https://jane@host.example/", "https://[EMAIL]/", "email"),
    ],
)
def test_a_password_before_a_host_is_no_address(text: str, expected: str, kind: str) -> None:
    """It is counted as what it is, and the host stays."""
    masked, counts = mask_text(text, everything(), ["all"])
    assert (masked, dict(counts)) == (expected, {kind: 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://bob:hunter2x@host.example/", "https://bob:hunter2x@host.example/"),
        ("https://site.example:jane@host.example:x", "https://site.example:[EMAIL]:x"),
        ("https://bob:hunter2x@h.example,jane@host.example", "https://bob:[EMAIL],[EMAIL]"),
    ],
)
def test_behind_a_host_and_a_colon_an_address_may_stand(text: str, expected: str) -> None:
    """What finds addresses alone leaves the host as well, so that no mask uncovers what another one hides."""
    assert mask_text(text, policies({"mail": [{"detect": ["email"]}]}), ["mail"])[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://h.example:8080/@user",
        "https://h.example:8000 @bob",
        "https://$USER:$PASSWORD@h",
        "mailto:bo@h.example",
        "postgres://user:{password}@db",
        "ssh://a-long-name-of-a-user-2@h.example",
    ],
)
def test_a_url_without_a_password_stays(text: str) -> None:
    """Ports, mentions, variables."""
    assert redacted(text, "url_credentials") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=supersecret1", "password=[X]"),
        ("DB_PASSWORD: 'correct horse'", "DB_PASSWORD: '[X]'"),
        ('"client_secret": "Zf3D0LXCM3EIMbgJ"', '"client_secret": "[X]"'),
        ("export API_TOKEN=uqfh96m4jjsadryzhkdx", "export API_TOKEN=[X]"),
        ('apiToken := "uqfh96m4jjsadryzhkdx"', 'apiToken := "[X]"'),
        ('var apiToken string = "uqfh96m4jjsadryzhkdx"', 'var apiToken string = "[X]"'),
        ('token: str = "uqfh96m4jjsadryzhkdx"', 'token: str = "[X]"'),
        ("'api_key' => 'uqfh96m4jjsadryzhkdx',", "'api_key' => '[X]',"),
        ('System.setProperty("API_TOKEN", "uqfh96m4jjsadryzhkdx")', 'System.setProperty("API_TOKEN", "[X]")'),
        ("<apiToken>\n  uqfh96m4jjsadryzhkdx\n</apiToken>", "<apiToken>\n  [X]\n</apiToken>"),
        ("https://h/?access_token=uqfh96m4jjsadryz&x=1", "https://h/?access_token=[X]&x=1"),
        ("--api-key=uqfh96m4jjsadryzhkdx run", "--api-key=[X] run"),
        ('{\\"token\\": \\"uqfh96m4jjsadryzhkdx\\"}', '{\\"token\\": \\"[X]\\"}'),
        ("ACME_KEY = 'a1b2c3d4e5f6a7b8c9d0e1'", "ACME_KEY = '[X]'"),
        ("the refresh_token: my-refresh-tok-12345.", "the refresh_token: [X]."),
        ('run --api-key "uqfh96m4jjsadryzhkdx" now', 'run --api-key "[X]" now'),
        ("run --token uqfh96m4jjsadryzhkdx now", "run --token [X] now"),
        ("db_pw='correct horse'", "db_pw='[X]'"),
        ('apiToken = "suDtTGRsIvXtkI"', 'apiToken = "[X]"'),
        ("DB_PASS=hunter2x9", "DB_PASS=[X]"),
        ("DB_PASS=12345", "DB_PASS=[X]"),
        ("pass: 12345678", "pass: [X]"),
        ("user=bob pass=123456", "user=bob pass=[X]"),
        ("pass=Test1234#", "pass=[X]"),
        ("pass: testing-9x", "pass: [X]"),
        ("password=Summer(2024!x", "password=[X]"),
        ('acme.accessId = "sui3FSJb2w7vQZ"', 'acme.accessId = "[X]"'),
        ("ACME_ACCESS_ID=sui3FSJb2w7vQZ", "ACME_ACCESS_ID=[X]"),
        ("_auth=Ym86aHVudGVyMg==", "_auth=[X]"),
        ("CLIENT_SECRET: 'dGhpcyBpcyBpdCwgNDcx=='", "CLIENT_SECRET: '[X]'"),
        ("PGPASSWORD=hunter2x9 psql", "PGPASSWORD=[X] psql"),
        ("p\u200bassword=supersecret1", "p\u200bassword=[X]"),
    ],
)
def test_a_value_given_to_a_name_that_says_secret_is_found(text: str, expected: str) -> None:
    """In the forms of shells, programs, JSON, XML and URLs; the name can still be read."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "password=${DB_PASSWORD}",
        'api_key="your-api-key-here"',
        "token: <token>",
        "secret = xxxxxxxxxxxxxxxx",
        "PASSWORD=changeme",
        'token = os.environ["API_TOKEN"]',
        "token = get_token()",
        "token = response.token",
        "token = getAccessTokenFromStore",
        "use --token then go on",
        "def login(password: str, token: Optional[str] = None):",
        "Password: must have eight letters",
        "the password: it is secret",
        "max_tokens: 4096",
        "max_tokens=100000",
        "cache_key=cache-value-123456",
        "primary_key = a1b2c3d4e5f6a7b8c9d0e1",
        "secret_key=/etc/keys/app.pem",
        "password: null",
        'password=""',
        "password: [REDACTED]",
        "token ring and key value pairs",
        "next_page_token=CAUQAA12345678",
        "tokens: 12, key: 7",
        "pass: 12 fail: 0",
        '"pass": true',
        "PASS: 12345",
        "PASS=12345 FAIL=2",
        "Pass: 98.76%",
        "--- PASS: TestFoo1 (0.00s)",
        "PASS: test_login_1",
        "PASS: tests/unit/test_a.py",
        "secret = secrets.token_hex(32)",
        "password=abababab",
        "secret: 12345678",
        "SNYK_KEY=a1b2c3d4e5f6",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
    ],
)
def test_what_is_no_secret_stays_beside_such_a_name(text: str) -> None:
    """Placeholders, variables, code, prose, counts, paths."""
    assert redacted(text) == text


@pytest.mark.parametrize("unit", [b"--token ", b"key: ", b"pw=x ", b"secret=1;"])
def test_names_with_values_too_short_for_a_secret_cost_what_words_cost(unit: bytes) -> None:
    """A text full of them is not looked at one by one."""
    detector = builtin_detectors()["secret_value"]
    words, names = b"word " * 20_000, unit * (100_000 // len(unit))
    assert cpu_seconds(lambda: detector.find(names)) < 30 * cpu_seconds(lambda: detector.find(words)) + 0.02


@pytest.mark.parametrize(
    ("before", "middle"),
    [
        ("1234567890", ":AA" + "b" * 33),
        ("a1" * 16, "-us7"),
        ("Ab3" * 4 + "Ab", ".atlasv1." + "c" * 60),
        ("contoso.eu", ".webhook.office.com/webhookb2/" + "a1-@" * 15),
    ],
)
def test_a_token_that_is_known_by_its_middle_is_hidden_from_its_beginning(before: str, middle: str) -> None:
    """Without its beginning it is none, and hides nothing of what follows."""
    assert redacted(f"at {before}{middle} now", "api_key") == "at [X] now"
    assert redacted(f"at {before[10:]}{middle} now", "api_key") == f"at {before[10:]}{middle} now"
    assert redacted(f"at .atlasv1.{'c' * 60}xoxb-{'0' * 12}", "api_key") == f"at .atlasv1.{'c' * 60}[X]"


def test_a_long_row_of_such_middles_takes_linear_time() -> None:
    """Each is turned down, and what follows is not read to its end for each."""
    assert takes_linear_time(builtin_detectors()["api_key"].find, "-us1")


def _part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("header", ['{"alg":"none"}', '{ "typ": "JWT" }'])
@pytest.mark.parametrize("before", ["", "n", "keyManagementService.", "Bearer%20", "\\n", "ey"])
def test_a_json_web_token_is_known_by_its_header_whatever_stands_before_it(header: str, before: str) -> None:
    """A name, the end of an escape, a letter."""
    token = ".".join([_part(header), _part('{"sub":"1234567"}'), "c2lnbmF0dXJlLW9m"])
    assert redacted(f"{before}{token} ok", "jwt") == f"{before}[X] ok"


@pytest.mark.parametrize(
    "text",
    [
        "keyboardEvent.preventDefault()",
        "KeyDerivationFunction.register(scrypt)",
        "keyword_regex.finditer(text)",
        "params.keyDerivation_function.iterations",
        "keyJournal_entries2.processEverything()",
    ],
)
def test_a_name_that_holds_the_beginning_of_a_json_web_token_stays(text: str) -> None:
    """Its letters decode to no header."""
    assert redacted(text, "jwt") == text


@pytest.mark.parametrize("unit", ["eyI", "eyIA", "eyAAAAAAAAAAAA.", "eyJhbGciOiJI", "eyJhbGciOiJI.", "eyJhbGciOiJI.a "])
def test_what_begins_like_a_json_web_token_takes_linear_time(unit: str) -> None:
    """However often it begins anew."""
    assert takes_linear_time(builtin_detectors()["jwt"].find, unit)


def test_base64_takes_tokens_no_longer_than_words_do() -> None:
    """RE2 keeps what it learnt of such a text; where it has to remember too much, it takes a hundred times as long."""
    detector = builtin_detectors()["api_key"]
    words, data = b"word " * 20_000, base64.b64encode(random.Random(1).randbytes(75_000))
    assert cpu_seconds(lambda: detector.find(data)) < 60 * cpu_seconds(lambda: detector.find(words)) + 0.02


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ('password="', "a,b;c&d(e", '" next'),
        ("password='", "a,b;c&d(e", "' next"),
        ('"password": "', 'a\\"b,c;dEf1', '", "next": 1'),
        ("password=", "abc,b;c&d(e", " next"),
        ("password=", "pwd(a)ss1w0rd", ""),
        ("export DB_PASSWORD=", "p@ss,w0rd;x", ""),
        ("secret: ", "ab12,cd34;ef56gh", " next"),
        ("?password=", "abc12345", "&user=bob"),
        ("Password=", "x1y2z3", ";Server=db"),
        ("f(password=", "abc12345", "); g()"),
        ("password=", "abc12345", ", user=x"),
        ("{password: ", "abc12345", "}"),
    ],
)
def test_commas_and_the_like_are_part_of_a_secret_unless_a_name_follows(before: str, value: str, after: str) -> None:
    """In quotes always; without them up to the next name, or what closes the call."""
    compiled = policies({"m": [{"detect": ["secret_value"]}]})
    assert masked_input(f"{before}{value}{after}", compiled, "m") == f"{before}[SECRET_VALUE]{after}"


def test_a_call_is_no_secret() -> None:
    """Code that gets a password from somewhere says none."""
    compiled = policies({"m": [{"detect": ["secret_value"]}]})
    for text in ("password=getPassword(x)", 'password = os.getenv("X")', "password=get_secret(user, 7)"):
        assert masked_input(text, compiled, "m") == text


CREDENTIALS = policies({"m": [{"detect": ["api_key", "auth_header", "private_key"], "as": "[X]"}]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl -u bo:st@ple$7horse https://h", "curl -u [X] https://h"),
        ("curl -ubo:hunter2 https://h", "curl -u[X] https://h"),
        ("curl --user  'jo:batt3ry~77x' $URL", "curl --user  [X] $URL"),
        ("http --auth bo:hunter2 GET h", "http --auth [X] GET h"),
        ("Authorization: Bearer Tr0ub4dor&3x", "Authorization: Bearer [X]"),
        ("Cookie: a=b; sessionid=abc123def; c=d", "Cookie: [X]"),
        ("Set-Cookie: session=abc123def; Path=/; HttpOnly", "Set-Cookie: [X]"),
        ("BUNDLE_GEMS__EXAMPLE__COM: cafe0123:beef4567", "BUNDLE_GEMS__EXAMPLE__COM: [X]"),
        ("AP9tb1tv8tlkc8", "[X]"),
        ("it is glpat-" + "a1b2c3d4e5f6g7h8i9j0.", "it is [X]."),
        ("app 1300000000000017|" + "kQ3_zT8-" * 4, "app [X]"),
        ("bot 90871234:A" + "Vx3nDJcrqmaaFpt8pJ82qpEmqCDOmTPAHU", "bot [X]"),
        ("id ySA4Q~" + "O.MQ0jXF6J.jZbHgGfmB._uPhJfIiRL6", "id [X]"),
        ("> -----BEGIN PRIVATE KEY-----\n> MIIEvQIBADAN\n> BKcwggSj", "> [X]"),
    ],
)
def test_credentials_are_found_as_programs_and_people_write_them(text: str, expected: str) -> None:
    """A `$` in a password makes no variable of it; a key that is quoted in a mail and cut off goes to its end."""
    assert mask_text(text, CREDENTIALS, ["m"])[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "curl -u $USER:$PASS h",
        'curl -u "${USER}:${PASS}" h',
        "curl -u bo:$PASS https://h",
        "docker run -u 1000:1000 image",
        "cookie: chocolate chip, page 12",
        "APConfiguration, AP20231130123",
        "GATTACCATTATAGGGCCTAAGACACTAACGATT",
        "Authorization: Bearer <token>, or basic",
        "curl -u user:password https://h",
    ],
)
def test_what_only_looks_like_credentials_stays(text: str) -> None:
    """Variables, numbers of users, order numbers, DNA."""
    assert mask_text(text, CREDENTIALS, ["m"])[0] == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("env:\n  - name: DB_PASSWORD\n    value: correct\n", "env:\n  - name: DB_PASSWORD\n    value: [X]\n"),
        ("see {'name': 'API_TOKEN', 'value': 'zq771xab9'} ok", "see {'name': 'API_TOKEN', 'value': '[X]'} ok"),
        ("<name>api_token</name>\n <value>zq771xab9</value>", "<name>api_token</name>\n <value>[X]</value>"),
        ("password: |\n  x1y2z3abc\nnext: y", "password: |\n  [X]\nnext: y"),
        ("ENV DB_PASSWORD correct", "ENV DB_PASSWORD [X]"),
        ('setx API_TOKEN "zq771xab9"', 'setx API_TOKEN "[X]"'),
        ("npm config set //r.example/:_authToken zq771xab9", "npm config set //r.example/:_authToken [X]"),
        ("machine h login bo password hunter2", "machine h login bo password [X]"),
        ("ALTER USER bo WITH PASSWORD 'correct horse';", "ALTER USER bo WITH PASSWORD '[X]';"),
        ("create user bo identified by 'abcd'", "create user bo identified by '[X]'"),
        ("**Password:** hunter2x", "**Password:** [X]"),
        ("password: **hunter2x**", "password: **[X]**"),
        ("| db_password | `hunter2x` |", "| db_password | `[X]` |"),
        ("My password is hunter2.", "My password is [X]."),
        ("the passphrase was: hunter2x, I think", "the passphrase was: [X], I think"),
    ],
)
def test_a_value_is_found_where_its_name_stands_elsewhere(text: str, expected: str) -> None:
    """In pairs of name and value, in blocks of YAML, commands, SQL, Markdown, and sentences."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql -u root -pZt8w3Xv1 db", "mysql -u root -p[X] db"),
        ("mysqldump --quick -p'Zt8 w3Xv1' db", "mysqldump --quick -p'[X]' db"),
        ("sshpass -p Zt8w3Xv1 ssh bo@h", "sshpass -p [X] ssh bo@h"),
        ('run(["sshpass", "-p", "Zt8w3Xv1", "ssh"])', 'run(["sshpass", "-p", "[X]", "ssh"])'),
        ("redis-cli -h c -a Zt8w3Xv1 ping", "redis-cli -h c -a [X] ping"),
        ("docker login r.example -u bo -p Zt8w3Xv1", "docker login r.example -u bo -p [X]"),
        ("http -a bo:Zt8w3Xv1 GET h", "http -a [X] GET h"),
        ("sqlcmd -S h -U sa -P Zt8w3Xv1", "sqlcmd -S h -U sa -P [X]"),
        ("ldapsearch -x -w Zt8w3Xv1", "ldapsearch -x -w [X]"),
        ("openssl enc -aes-256-cbc -k Zt8w3Xv1", "openssl enc -aes-256-cbc -k [X]"),
        ("xfreerdp /u:bo /p:Zt8w3Xv1", "xfreerdp /u:bo /p:[X]"),
        ("echo 'Zt8w3Xv1' | sudo -S ls", "echo '[X]' | sudo -S ls"),
        ('echo "bo:Zt8w3Xv1" | chpasswd', 'echo "bo:[X]" | chpasswd'),
        ("net user bo Zt8w3Xv1 /add", "net user bo [X] /add"),
        ("keytool -storepass Zt8w3Xv1 -v", "keytool -storepass [X] -v"),
        ("aws configure set aws_secret_access_key zq771xab9", "aws configure set aws_secret_access_key [X]"),
        ("username bo password 0 Zt8w3Xv1", "username bo password 0 [X]"),
    ],
)
def test_a_password_is_found_among_the_options_of_a_command(text: str, expected: str) -> None:
    """Where it is known that the program takes one there."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('setPassword("correct horse")', 'setPassword("[X]")'),
        ("user.set_password('Zt8w3Xv1')", "user.set_password('[X]')"),
        ('.withPassword("Zt8w3Xv1")', '.withPassword("[X]")'),
        ('.password("Zt8w3Xv1").build()', '.password("[X]").build()'),
        ('.apiKey("zq771xab9")', '.apiKey("[X]")'),
        ('get(url, auth=("bo", "Zt8w3Xv1"))', 'get(url, auth=("bo", "[X]"))'),
        ("{auth: ['bo', 'Zt8w3Xv1']}", "{auth: ['bo', '[X]']}"),
        ('HTTPBasicAuth("bo", "correct horse")', 'HTTPBasicAuth("bo", "[X]")'),
        ('server.login("bo@h.example", "Zt8w3Xv1")', 'server.login("bo@h.example", "[X]")'),
        (
            'variable "db_password" {\n  type = string\n  default = "correct horse"\n}',
            'variable "db_password" {\n  type = string\n  default = "[X]"\n}',
        ),
        ("password:\n  default: Zt8w3Xv1", "password:\n  default: [X]"),
        ("GRANT ALL ON x TO bo IDENTIFIED BY 'Zt8w3Xv1'", "GRANT ALL ON x TO bo IDENTIFIED BY '[X]'"),
        ("create user bo identified by Zt8w3Xv1;", "create user bo identified by [X];"),
        ("ALTER USER bo IDENTIFIED WITH x BY 'correct'", "ALTER USER bo IDENTIFIED WITH x BY '[X]'"),
        ("user[password][]=Zt8w3Xv1", "user[password][]=[X]"),
        ('"password": ["Zt8w3Xv1"]', '"password": ["[X]"]'),
        ("password='#Zt8w3Xv1'", "password='[X]'"),
        ("password=@Zt8w3Xv1", "password=[X]"),
        ("password=$Zt8!w3Xv1", "password=[X]"),
        ('password: "Zt<w8->X{v1"', 'password: "[X]"'),
        ("password='*Zt8w<a3::'", "password='[X]'"),
        ("X=1\nDB_PASSWORD=a,b&c3~d:e\nY=2", "X=1\nDB_PASSWORD=[X]\nY=2"),
        ("db:\n  password: ab=c3%d\n  user: bo", "db:\n  password: [X]\n  user: bo"),
        ("Server=h;Uid=sa;Pwd=a,b&c3:d;Database=x", "Server=h;Uid=sa;Pwd=[X];Database=x"),
        ("**Password:** `a,b*c3::d`, ok", "**Password:** `[X]`, ok"),
        ("the password is ab,c*d3e*, ok", "the password is [X], ok"),
        ("the password is **ab,c*d3e**.", "the password is **[X]**."),
        ("user,password\nbo,ab==c3d*", "user,password\nbo,[X]"),
        ("password=ab3c,d&user=bo\n", "password=[X]&user=bo\n"),
        ("STRIPE_SK=Zt8w3Xv1Qm5RZt8w3Xv1", "STRIPE_SK=[X]"),
        ("SECRET_KEY_BASE=Zt8w3Xv1Qm5RZt8w3Xv1", "SECRET_KEY_BASE=[X]"),
        ("appsecret: Zt8w3Xv1, wifi_psk: Qm5RZt8w", "appsecret: [X], wifi_psk: [X]"),
    ],
)
def test_a_secret_is_found_in_calls_and_declarations(text: str, expected: str) -> None:
    """Setters, pairs of user and password, parameters of Terraform, SQL; signs at the beginning make no variable."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user,password\nbo,Zt8w3Xv1\njo,x1y2z3\n\na,k7m8n9p0", "user,password\nbo,[X]\njo,[X]\n\na,k7m8n9p0"),
        ('"user";"api_token"\r\n"bo";"zq771xab9"\r\n', '"user";"api_token"\r\n"bo";"[X]"\r\n'),
        ("| user | password |\n|---|:---|\n| bo | Zt8w3Xv1 |", "| user | password |\n|---|:---|\n| bo | [X] |"),
        (" user | password \n------+------\n bo | Zt8w3Xv1", " user | password \n------+------\n bo | [X]"),
        ("password,Zt8w3Xv1", "password,[X]"),
        ("<li>Password: <code>Zt8w3Xv1</code></li>", "<li>Password: <code>[X]</code></li>"),
        ("<th>API token</th>\n<td>zq771xab9</td>", "<th>API token</th>\n<td>[X]</td>"),
        (
            '<input type="text" name="password" id="p" value="correct horse">',
            '<input type="text" name="password" id="p" value="[X]">',
        ),
        ("Password:\n\n```\nZt8w3Xv1\n```", "Password:\n\n```\n[X]\n```"),
        ("API Key: zq771xab9", "API Key: [X]"),
        ("your secret access key is `zq771xab9`", "your secret access key is `[X]`"),
        ("**Client Secret** - zq771xab9", "**Client Secret** - [X]"),
        ("pw → Zt8w3Xv1", "pw → [X]"),
        ("my password is 4tRq9zzW, or winter2024", "my password is [X], or winter2024"),
        ("my password is winter2024", "my password is [X]"),
        ("das Passwort lautet Zt8w3Xv1", "das Passwort lautet [X]"),
        ("Kennwort: Zt8w3Xv1", "Kennwort: [X]"),
        ("mot de passe : Zt8w3Xv1", "mot de passe : [X]"),
        ("la contraseña es Zt8w3Xv1", "la contraseña es [X]"),
        ("Пароль: Zt8w3Xv1", "Пароль: [X]"),
        ("密码是Zt8w3Xv1，谢谢", "密码是[X]，谢谢"),
    ],
)
def test_a_secret_is_found_in_tables_markup_and_words(text: str, expected: str) -> None:
    """Under the head of its column, in HTML and Markdown, beside what people call it, in more languages than one."""
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "mysql -u root -p db",
        "use `mysql -p`",
        "git commit -p file1234",
        "mkdir -p src/app1/x2",
        "ssh -p 22022 host1",
        "docker run -p 8080:80 image1",
        "docker login -p $TOKEN",
        "cp -a dir1234 dir2345",
        "tar -P archive1.tar",
        "set -o x; mysql; nmap -p10000",
        'auth=("GET", "/path")',
        'auth=("user", "pass")',
        'auth: ["admin", "editor"]',
        'login("username", "password")',
        "setPassword(e.target.value)",
        'getSecret("my-secret-1")',
        'password: "<your password>", token: "{{ token_1 }}", secret: "${SECRET_1}"',
        "token = tokens[0]->text1",
        "file_path=Zt8w3Xv1Qm5RZt8w3Xv1, sku_pattern=Zt8w3Xv1Qm5RZt8w3Xv1",
        'variable "region" {\n default = "us-east-1"\n}',
        'variable "db_password" {\n sensitive = true\n}\nvariable "x" {\n default = "us-east-1"\n}',
        "rows are identified by 'customer_id'",
        'users are identified by "user_id1" in logs',
        "login without password protection",
        "<th>Password</th><th>Email</th>",
        "<td>password</td><td>Must contain 8-16 characters</td>",
        "the access token is valid for 3600s",
        "access token: 30days",
        "your boarding pass is AB12345",
        "password=$DB_PASSWORD",
        "password=@Value(x)",
        "password: #comment",
        "password=%DB_PASS%",
        "das Passwort ist falsch",
        "密码是必填的",
        "username, password\nfoo, bar",
        "| user | password |\n|---|---|\n| bo | required |\n| jo | 8-16 |",
        "name,tokens\nbo,1200",
        "user_sk,name\n7,bo",
        "github_pat\n",
        "we ask for the password, then\nZt8w3Xv1, he said",
    ],
)
def test_what_stands_where_a_secret_could_stays(text: str) -> None:
    """Ports, files, routes, roles, ids, prose, descriptions of columns, other declarations."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "creds",
        "pass_phrase",
        "NPM_AUTH",
        "appsecret",
        "Passwort",
        "kennwort",
        "contraseña",
        "mot_de_passe",
        "senha",
        "пароль",
        "密码",
    ],
)
def test_a_key_names_a_secret_in_other_words(key: str) -> None:
    """Glued together, abbreviated, in other languages: its value goes whatever it looks like."""
    assert names_secret(key)


@pytest.mark.parametrize(
    "text",
    [
        "| password | required |",
        "| token | Description | `tokens` | **4096** |",
        "**Password:** required",
        "my password is required, it was changed",
        "the password is SHA256 hashed, or base64-encoded, of 8-16 characters",
        "- name: max_tokens\n  value: 4096",
        "name: password\nvalue: ${DB_PASSWORD}",
        "token: >\n  some folded text",
        "key: |\n  x1y2z3abc",
    ],
)
def test_words_beside_such_a_name_stay(text: str) -> None:
    """Columns of a table, sentences about passwords, counts, placeholders."""
    assert redacted(text) == text


def test_names_in_all_forms_take_linear_time() -> None:
    """However often they stand in a text."""
    detector = builtin_detectors()["secret_value"]
    for text in (
        "| password ",
        "name: password value: abcd1 ",
        "mysql -pabcd1 ",
        "token,",
        "a,token\nb,c\n",
        'name="pw" value="abcd1" ',
        'variable "pw" { default = "abcd1" ',
        "password<b>",
        "\npassword=a,b&c=",
        ";pwd=a,b",
    ):
        assert takes_linear_time(detector.find, text)
