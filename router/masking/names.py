"""Which keys name a secret, so that their values never leave, whatever the masks say."""

from __future__ import annotations

from functools import lru_cache
from string import digits, punctuation, whitespace
from typing import Any

import re2

from router.masking.fold import fold

REMOVED = "[REMOVED]"
"""Stands where a value was removed because of the name of its key."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_WORDS = re2.compile(r"[A-Z]+[a-z0-9]*|[a-z0-9]+", _OPTIONS)

_CREDENTIALS = frozenset(
    """
    callback_vars litellm_trusted_callback_vars secret_fields standard_callback_dynamic_params user_api_key_auth
    """.split()
)
"""Names under which LiteLLM keeps credentials."""
_RAW = frozenset(
    """
    additional_args additional_headers complete_input_dict headers original_response proxy_server_request raw_headers
    raw_request raw_request_body request_headers response_headers
    """.split()
)
"""Names under which metadata holds whole requests and responses once more, with their headers."""
PASSWORDS_IN_ASCII = ("kennwort", "contrasena", "senha", "wachtwoord", "haslo")
"""What other languages call a password in one word of ASCII; `passwort` aside, which begins as in English."""
PASSWORDS_ELSE = ("contraseña", "mot de passe", "hasło", "пароль", "密码", "密碼", "パスワード", "비밀번호")
"""What they call it in more than one word, or in other letters."""
NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
"""What a name consists of where it stands before a value in a text."""
_LAST_WORDS = frozenset(PASSWORDS_IN_ASCII).union(
    """
    apikey apikeys authorization cookie cookies credential credentials passcode passphrase passwd password passwords
    pw pwd secret secrets secretkey accesskey privatekey accesstoken authtoken refreshtoken sessiontoken
    creds psk passwort storepass keypass
    """.split()
)
_KINDS_OF_KEY = frozenset(
    """
    access account api auth client encryption hmac master private secret service session shared signing ssh storage
    subscription virtual
    """.split()
)
_ENDINGS = (
    *("apikey", "apitoken", "appkey", "authkey", "bindpw", "csrftoken", "dbpass", "masterkey", "passwd", "password"),
    *("pgpass", "rootpw", "secret", "xsrftoken"),
)
"""What a word ends in that was glued to another one: `pgpassword`."""
_ENDINGS_ELSE = (*PASSWORDS_ELSE, "mot_de_passe", "motdepasse")
_PASSES = frozenset("backward boarding by day final first forward last render second single ski test third".split())
"""Words before a `pass` that is no password."""
TAILS = tuple(
    """
    again b64 backup base clear cleartext confirm confirmation default der digest enc encoded encrypted hash hashed
    hex pem plain plaintext raw repeat sha v value bak current main master new next old prev previous primary
    secondary temp tmp ci demo dev development eu live local preprod prod production qa sandbox stage staging test
    testing uat us admin readonly ro root rw
    """.split()
)
"""Words after the name of a secret that say which one it is, where it opens something, or how it is written."""
_TAILS = frozenset(("", *TAILS))
_TAILS_OF_KEYS = frozenset({"data", "id"})
"""Others of the kind after `key` only: a `token_id` is a number in a vocabulary."""
_TAILS_OF_NO_KEY = frozenset({"hash", "sha"})
"""What names a key but opens nothing: LiteLLM's `user_api_key_hash`, S3's `…KeySha256`."""
_BEHIND_STEM = digits + punctuation + whitespace
_AUTHS = frozenset({"basic", "http", "npm", "proxy", "redis", "rediscli", "registry", "smtp"})
_TOKENS_THAT_ARE_TEXT = frozenset(
    """
    bos cache cached completion continuation cursor eos first input last mask max min new next output pad page per
    previous prompt reasoning sep special stop sync total unk
    """.split()
)
_LABELS = ("[API_KEY]", "[PRIVATE_KEY]", "[SECRET_VALUE]")
"""What detectors write into a key that held a secret itself; it says no more of the value than the secret did."""
_MAX_READ = 128
_SHORTEST_PASS = 6
_SCHEMA_VALUES = ("const", "default", "enum", "example", "examples", "value")
"""Words of a JSON schema beside which a value stands."""
_SCHEMA_TYPES = frozenset({"string", "object", "array", "integer", "number", "boolean", "null"})


def hides(key: str, value: Any, siblings: dict[Any, Any]) -> bool:
    """Return whether `key` names a secret and `value` can be one.

    Null, booleans and empty values stay; so does the JSON schema of a tool's parameter called `password`, and the
    `token` that stands beside its `logprob`.
    """
    if value is None or isinstance(value, bool) or not names_secret(key) or value in ("", [], {}):
        return False
    stem = _stem(readable(key)).casefold()
    if stem.endswith("pass") and not _may_be_password(value):
        return False  # what passed, or how many
    if isinstance(value, dict):
        return not _is_schema(value)
    if isinstance(value, (int, float)):
        return not stem.endswith("token")
    if isinstance(value, str) and value in _SCHEMA_TYPES and siblings.get("type") == value:
        return False
    return not ("logprob" in siblings and readable(key) == "token")


def _may_be_password(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= _SHORTEST_PASS and not any(map(str.isspace, value))


def is_container(key: str, *, in_metadata: bool) -> bool:
    """Return whether nothing under `key` may leave; in metadata this holds for raw requests and headers as well."""
    name = readable(key).casefold().replace("-", "_")
    return name in _CREDENTIALS or (in_metadata and name in _RAW)


def is_telling(key: str) -> bool:
    """Return whether the name says anything, so that its value has to be looked at; remembered, for names repeat."""
    return _is_telling(within_reach(key))


@lru_cache(maxsize=4096)
def _is_telling(key: str) -> bool:
    return is_container(key, in_metadata=True) or names_secret(key)


def within_reach(key: str) -> str:
    """Return a key of which everything may be read as often as there are values under it: a long one's end."""
    return key if len(key) <= _MAX_READ else readable(key)


def is_plain(key: str) -> bool:
    """Return whether a reader sees of `key` just what stands there."""
    return key.isascii() and key.isprintable() and "\\" not in key and "%" not in key and "&" not in key


def readable(key: str) -> str:
    """Return the end of `key` as a reader sees it: without what is invisible, letters in disguise as ASCII."""
    if not is_plain(key):
        shadow = fold(key.encode("utf-8", "replace"))
        folded = key if shadow is None else shadow.text.decode("utf-8", "replace")
        key = "".join(char for char in folded if char.isprintable())
    return key[-_MAX_READ:]


def names_secret(key: str) -> bool:
    """Return whether the last words of `key` name a secret: `client_secret` does, `secret_santa` does not."""
    stem = _stem(readable(key))
    return stem.casefold().endswith(_ENDINGS_ELSE) or _is_secret(_words(stem))


@lru_cache(maxsize=4096)
def says_secret(name: str) -> bool:
    """Return the same of a name that detectors found in a text; remembered, for texts repeat them."""
    return names_secret(name)


@lru_cache(maxsize=4096)
def stem_of(name: str) -> str:
    """Return a name without the words at its end that only say which one it is: `db_password` for `db_password_v2`."""
    return _stem(name)


@lru_cache(maxsize=4096)
def spoken(key: str) -> str:
    """Return the words of `key` in lower case, as one would say them: `phone number` for `phoneNumber`; remembered."""
    return " ".join(_words(readable(key)))


def _stem(key: str) -> str:
    for label in _LABELS:
        key = key.replace(label, "x")
    words = _WORDS.findall(_split_camel(key))
    while words and _is_tail(words[-1].lower(), words[-2].lower() if len(words) > 1 else ""):
        key = key[: key.rindex(words.pop())]
    return key.rstrip(_BEHIND_STEM)


def _is_tail(word: str, before: str) -> bool:
    word = word.rstrip(digits)
    if word in _TAILS_OF_KEYS:
        return before == "key"
    return word in _TAILS and not (before == "key" and word in _TAILS_OF_NO_KEY)


def _words(key: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(_split_camel(key))]


def _is_secret(words: list[str]) -> bool:
    if not words:
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in ("key", "keys"):
        return before in _KINDS_OF_KEY
    if last == "token":
        return before not in _TOKENS_THAT_ARE_TEXT
    if last == "auth":
        return before in _AUTHS
    if last == "pass":
        return before not in _PASSES
    if last == "phrase":
        return before == "pass"
    return last in _LAST_WORDS or last.endswith(_ENDINGS)


def _split_camel(key: str) -> str:
    if key.islower() or key.isupper():
        return key
    spread = []
    for before, char, after in zip(" " + key, key, key[1:] + " ", strict=False):
        if char.isupper() and before.isalnum() and (after.islower() or not before.isupper()):
            spread.append(" ")
        spread.append(char)
    return "".join(spread)


def _is_schema(value: dict[Any, Any]) -> bool:
    if _holds_value(value):
        return False
    kind = value.get("type")
    if isinstance(kind, str):
        return kind in _SCHEMA_TYPES
    return any(word in value for word in ("anyOf", "oneOf", "allOf", "$ref")) or isinstance(kind, list)


def _holds_value(schema: Any) -> bool:
    """Return whether a schema says, at any depth, what the parameter is and not only of which type."""
    if isinstance(schema, dict):
        return any(name in schema for name in _SCHEMA_VALUES) or any(map(_holds_value, schema.values()))
    return isinstance(schema, list) and any(map(_holds_value, schema))
