"""The built-in detectors: their names, groups, and what each finds and cannot find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from router.masking.detectors.assignments import SecretValue
from router.masking.detectors.contact import Email, Phone
from router.masking.detectors.credentials import ApiKey, AuthHeader, Jwt, PrivateKey, UrlCredentials
from router.masking.detectors.detector import Detector
from router.masking.detectors.finance import CreditCard, Iban
from router.masking.detectors.identity import UsSsn
from router.masking.detectors.network import Ip, Mac


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in detector and what its users are told of it.

    Attributes:
        name: as `detect:` calls it.
        group: the name under which `detect:` takes it together with others.
        finds: what it finds.
        checks: what a find has to pass.
        misses: what it does not find or cannot tell apart.
        make: returns a new one.
    """

    name: str
    group: str
    finds: str
    checks: str
    misses: str
    make: Callable[[], Detector]


BUILTIN_DETECTORS: tuple[Builtin, ...] = (
    Builtin(
        "email",
        "pii",
        "e-mail addresses, with tags, quoted, international",
        "a domain with a dot or an address in brackets; `icon@2x.png`, `git@github.com:org/repo.git` and "
        "`https://user:password@host` stay",
        "addresses in words (`jane at example dot com`)",
        Email,
    ),
    Builtin(
        "phone",
        "pii",
        "telephone numbers: international ones; national ones of North America, and of AT, AU, CH, DE, FR, GB, IT, NL "
        "where they begin with 0; of any country beside a word such as `phone`, `call`, `mobile`",
        "the numbering plans of phonenumbers; dates, prices, decimals, sums and long ids stay",
        "national numbers of other countries without such a word, digits without any mark or word; behind another "
        "figure those with blanks alone in them (`2 415 555 0199`)",
        Phone,
    ),
    Builtin(
        "credit_card",
        "pii",
        "payment card numbers of 12 to 19 digits, in the groups of their schemes, with a blank, a bar or one of "
        "`-./_+*:#~` between them; with tabs, commas or semicolons, or one below the other, beside a word such as "
        "`card`",
        "prefix and length of a scheme, Luhn's check digit; 12 digits need a word such as `card`",
        "numbers cut off or with a wrong digit; 13 digits after `EAN`, `ISBN` and the like; 17 to 19 called the id "
        "of a trace or span; a row of figures like the rows around it, where those are no cards in the same place; "
        "among groups of four hexadecimal digits, of which two have letters (`54E8 5546 …`)",
        CreditCard,
    ),
    Builtin(
        "iban",
        "pii",
        "international bank account numbers, with or without spaces",
        "length of the country, remainder of 1 modulo 97",
        "national account numbers and BICs",
        Iban,
    ),
    Builtin(
        "us_ssn",
        "pii",
        "Social Security numbers of the United States: 3-2-4 digits anywhere, nine digits beside a word such as `SSN`",
        "area, group and serial that can exist; numbers from advertisements stay",
        "nine bare digits without a word",
        UsSsn,
    ),
    Builtin(
        "ip",
        "pii",
        "IPv4 and IPv6 addresses, private ones and networks too",
        "a valid address; versions of software (`python 3.11.7.1`, `1.2.3.4-beta`, but not `192.0.2.10-beta`) stay",
        "addresses written as one number, names of hosts",
        Ip,
    ),
    Builtin(
        "mac",
        "pii",
        "MAC addresses as `aa:bb:…`, `AA-BB-…`, `aabb.ccdd.eeff`",
        "one kind of mark; zeros and longer chains such as fingerprints stay",
        "twelve digits without marks",
        Mac,
    ),
    Builtin(
        "private_key",
        "secrets",
        "private keys in PEM, OpenSSH, PGP or PuTTY form, also cut off",
        "the first line of the form; public keys and certificates stay",
        "keys without their first line",
        PrivateKey,
    ),
    Builtin(
        "jwt",
        "secrets",
        "JSON web tokens, signed, encrypted or bare",
        'parts of base64url, the first of which decodes to `{"…`; names in programs (`keyboardEvent.…`) stay',
        "tokens of other forms",
        Jwt,
    ),
    Builtin(
        "api_key",
        "secrets",
        "tokens whose form names their issuer: AWS, Azure, Google, OpenAI, Anthropic, LiteLLM, Langfuse, Hugging Face, "
        "GitHub, GitLab, Slack, Stripe, npm, PyPI, Docker, Twilio, SendGrid and many more",
        "prefix, alphabet and length of the issuer; Amazon's `…EXAMPLE` stays",
        "keys without a form of their own: see `secret_value`",
        ApiKey,
    ),
    Builtin(
        "auth_header",
        "secrets",
        "values of `Authorization`, `X-Api-Key` and the like, `Bearer …`, `Basic …`, `curl -u user:password`",
        "Basic decodes to user and password; words in prose and variables stay, so do two numbers or twice the same "
        "after `-u` where no such program stands before (`-u 1000:1000`), and what `docker`, `sort` and the like take",
        "headers of other names: see `secret_value`",
        AuthHeader,
    ),
    Builtin(
        "url_credentials",
        "secrets",
        "user and password in a URL, or a long token alone; the host stays",
        "a scheme before and an `@` after; a password that is as a whole a variable or template stays",
        "passwords in a query: see `secret_value`",
        UrlCredentials,
    ),
    Builtin(
        "secret_value",
        "secrets",
        "values that are given to a name such as `password`, `Passwort`, `api_key`, `DB_PASSWORD_PROD`, `token2`, "
        "`client secret`: with an equals sign, as name and value, in blocks, calls, comparisons, markup, the next line "
        "of a session, and columns of tables; what follows `the password is`, in more than twenty languages; passwords "
        "among the options of `mysql`, `sshpass`, `docker login` and the like",
        "length, digits and variety; what is as a whole a placeholder (`your-key`, `example1`, `xxxx`: up to four "
        "letters and digits or eight letters besides), a variable or template (`${KEY}`, `<key>`), code, a path or a "
        "type stays",
        "secrets without a name, behind one that ends in other words (`API_KEY_OF_BOB`), or two names from theirs "
        "(`api_keys: {prod: …}`, `VALUES (…)`); in sentences those of letters and dashes; right behind their name "
        '(`password x1`) what could be a word with a number; in lists of three and more (`"password", "email", …`) '
        "words and names",
        SecretValue,
    ),
)
"""In the order in which equal finds are told: the most telling name first."""


def builtin_detectors() -> Mapping[str, Detector]:
    """Return new detectors by the names that `detect:` uses."""
    return {each.name: each.make() for each in BUILTIN_DETECTORS}


def expand_groups(names: Iterable[str]) -> Iterator[str]:
    """Yield detectors for `names`, in place of a group those that belong to it; each once."""
    known: set[str] = set()
    for name in names:
        for member in [each.name for each in BUILTIN_DETECTORS if each.group == name] or [name]:
            if member not in known:
                known.add(member)
                yield member
