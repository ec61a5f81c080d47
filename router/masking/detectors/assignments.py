"""Detector of secrets by the name they are given: `password=…`, `"client_secret": "…"`, `<apiToken>…</apiToken>`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from router.masking.detectors.bare import BareValues
from router.masking.detectors.columns import HEAD_ENDS, cells_under
from router.masking.detectors.commands import AN_OPTION, COMMANDS_SIGN, CommandSecrets
from router.masking.detectors.detector import NO_NUMBER, Find, Keys, Span, after, has_digit
from router.masking.detectors.forms import PASSWORD_WORDS
from router.masking.detectors.forms_of_text import FOREIGN_FORMS, FOREIGN_SIGN
from router.masking.detectors.placeholders import Placeholders
from router.masking.detectors.spelled import ENGLISH, ENGLISH_SIGN, Spelled, SpelledSecrets
from router.masking.names import NAME_CHARACTERS, PASSWORDS_IN_ASCII, TAILS, readable, says_secret, stem_of
from router.masking.patterns import compile_bytes, end_at, first_span, spans

_SAYS_SECRET = rf"(?i:{PASSWORD_WORDS}|secret|token|key|credential|auth|cookie|creds|psk|access[_.-]?id|_(?:sk|pat)\b)"
_NAME = rf"[A-Za-z0-9_.-]*{_SAYS_SECRET}[A-Za-z0-9_.-]*"
_QUOTES = r"\\*[\"'`]"
_SIGN_OF_GIVING = r"(?:(?::[ \t]*|[ \t]+)[A-Za-z]+[ \t]*=|[ \t]*(?:[:?+.|]*=>?|:+=?))"
_GIVEN = rf"(?:{_QUOTES})?[\])]?(?:\[\])?{_SIGN_OF_GIVING}[ \t\n]*(?:\[[ \t\n]*)?"
_PASSWORDS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "pw", "pass", "passwort", *PASSWORDS_IN_ASCII),
    *("mot_de_passe", "mot-de-passe", "motdepasse"),
)
"""Ends of names of what may be short, and words."""
_KEYS_OF_DATA = (
    r"cache|primary|foreign|sort|partition|public|pub|dict|row|map|unique|index|idx|hash|shard|group|object|lookup|idempotency"
    r"|dedup|column|field|routing|message|event|lock|react|state|prompt|translation|i18n|config|registry|query|item|file|s3"
)
"""What a key names that finds data and opens nothing."""
_AFTER_KEY = b"\\\"'` "
_MARKS = b"\"'`"
_CLOSING = b"),;]}"
_BESIDE = 64
"""Bytes before and after a name and a value in a list, in which the next items begin."""
_LONGEST_LINE = 256
_SHORTEST_SECRET = 8
_SHORTEST_ACCESS_ID = 12
_SHORTEST_PW = 4
_SHORTEST_HEAD = 3
"""Bytes before the first comma of a value without quotes."""
_SHORT = 64
_LONG = 20


def _given(name: str, shortest: int) -> str:
    """Return a pattern of names with values of at least so many bytes, in all the ways they are written."""
    size, plain, marks = f"{{{shortest},}}", r"[^\s\"'`,;&<>(){}\[\]\\", ",;&()"
    value = (
        rf"(?:[frbuLN@$]?\"(?:[^\"\n\\]|\\[^\n]){size}|[frbuLN@$]?\\+\"[^\"\n\\]{size}|[frbuLN@$]?\\*'[^'\n\\]{size}|`[^`\n]{size}"
        rf"|{plain}]{size}|{plain}]{{{_SHORTEST_HEAD},}}(?:[{marks}]{plain}=:]*)+"
        rf"|{plain}]{{0,{shortest - 1}}}[{{}}<>()\[\]]{{1,3}}{plain}=:]{{{shortest - 1},}})"
    )
    return (
        rf"{name}(?:{_GIVEN}{value}|{_QUOTES},[ \t]*(?:{_QUOTES})[^\"'`\n\\]{size})|<{name}>\s*[^\s<>]{size}"
        rf"|--{name}[ \t]+{value}"
    )


class NamedSecret:
    """Values given to a name that says secret, unless they are placeholders, code or plain words."""

    name = "secret_value"
    sign = rf"{_SAYS_SECRET}|{ENGLISH_SIGN}|{COMMANDS_SIGN}"
    sign_is = "word"
    shortest = 8
    shortest_number = NO_NUMBER
    reaches_far = True

    def __init__(self) -> None:
        password = rf"[A-Za-z0-9_.-]*(?i:(?:{PASSWORD_WORDS})(?:[_.-]*(?:{'|'.join(TAILS)}|[0-9]))*)"
        # What is too short for a secret is passed over here already: texts may be full of it.
        self._pattern = compile_bytes(f"{_given(_NAME, _SHORTEST_SECRET)}|{_given(password, _SHORTEST_PW)}")
        self._before_value = compile_bytes(
            rf"<?[A-Za-z0-9_.-]+(?:{_GIVEN}|{_QUOTES},[ \t]*|>\s*|[ \t]+)(?:[frbuLN@$]?{_QUOTES})?", longest=False
        )
        self._placeholders = Placeholders()
        self._bare = BareValues(self._placeholders)
        self._key = compile_bytes(r"[A-Z0-9]_(?:KEY|SK|PAT)$|[a-z0-9][_-](?:key|sk|pat)$|[a-z0-9]Key$")
        self._key_of_data = compile_bytes(rf"(?i)(?:{_KEYS_OF_DATA})[_-]?key$")
        self._access_id = compile_bytes(r"(?i)access[_.-]?id$")
        self._spelled = SpelledSecrets(ENGLISH)
        self._commands = CommandSecrets()
        self._words = compile_bytes(r"^[A-Za-z]+(?:(?:[_.-][A-Za-z]+)+[_.-]?[0-9]{0,3})?$")
        self._item_before = compile_bytes(rf"{_QUOTES}\s*,\s*{_QUOTES}$")
        self._item_after = compile_bytes(rf"^{_QUOTES}\s*,\s*{_QUOTES}")
        self._hints = compile_bytes(rf"{AN_OPTION}|{_SAYS_SECRET}{HEAD_ENDS}")

    def under(self, keys: Keys) -> Find | None:
        # Where `names_secret` says so of a key, its value is gone already.
        key = readable(keys[-1])
        is_name = not key.strip(NAME_CHARACTERS) and self._may_name_key(stem_of(key))
        return after(f'{key}="'.encode(), self.find) if is_name else None

    def find(self, text: bytes) -> Iterator[Span | None]:
        yield from self._assigned(text)
        yield from self._spelled.find(text, self.is_spelled_secret)
        yield from self._listed(text)

    def is_spelled_secret(self, spelled: Spelled) -> bool:
        """Return whether what a form found is a secret."""
        value, is_quoted, is_told = spelled[1:]
        name = stem_of(spelled.name)
        return (
            says_secret(name)
            and (is_quoted or not self._bare.is_code(name, value))
            and self._is_secret(name, value, is_tight=is_told)
        )

    def _listed(self, text: bytes) -> Iterator[Span | None]:
        """Yield secrets in the columns of tables and among the options of commands, and None for what is none."""
        reached = 0
        for start, _ in spans(self._hints, text):
            if text[start + 1] in b"-/":
                option = self._commands.at(text, start + 1)
                yield option if option and self._is_secret("password", text[slice(*option)]) else None
            elif start >= reached:
                cells, reached = cells_under(text, start)
                yield None
                for name, begin, end in cells:
                    yield (begin, end) if self._is_secret_cell(name, text[begin:end]) else None

    def _is_secret_cell(self, name: str, value: bytes) -> bool:
        return self._spelled.is_mixed(value) and self._is_secret(stem_of(name), value)

    def _assigned(self, text: bytes) -> Iterator[Span | None]:
        position = 0
        while match := first_span(self._pattern, text, position):
            start, position = match
            begin, end = self._value(text, start, position)
            position = max(end, start + 1)
            if begin < end and self._is_given_secret(text, start, begin, end):
                yield begin, end
                continue
            if end - begin <= _SHORT:  # it may be a name itself: `key: password: …`, `auth token=…`
                position = start + max(1, len(_name(text[start:begin])))
            yield None

    def _value(self, text: bytes, start: int, end: int) -> Span:
        """Return the span of the value within a match; an empty one where there is none."""
        begin = end_at(self._before_value, text, start, end)
        if begin < 0:
            return end, end
        if text[begin - 1] not in _MARKS:
            end = self._bare.end(text, begin, end)
        return begin, end

    def _is_given_secret(self, text: bytes, start: int, begin: int, end: int) -> bool:
        whole_name = _name(text[start:begin])
        name = stem_of(whole_name)
        is_tight = text[begin - 1] in b"\"'`=>"
        value = text[begin:end]
        is_quoted = text[begin - 1] in _MARKS
        if b"," in text[start:begin]:
            if text[end : end + 4].lstrip(_AFTER_KEY)[:1] == b":":
                return False  # the next key of an object in which the name is a value
            if self._is_listed(whole_name, value, text[max(0, start - _BESIDE) : start], text[end : end + _BESIDE]):
                return False
        if is_quoted and value[:1] in _CLOSING and _closes(text, start, begin):
            return False
        if not is_quoted and self._is_code(whole_name, value, is_tight=is_tight):
            return False
        if first_span(self._access_id, name.encode()):  # the public half of a pair, given out at random
            return len(value) >= _SHORTEST_ACCESS_ID and has_digit(value) and not (value.islower() or value.isupper())
        if says_secret(name) or name == "_auth":  # the second is npm's
            return self._is_secret(name, value, is_tight=is_tight)
        return len(value) >= _LONG and self._may_name_key(name) and self._is_secret(name, value, is_tight=is_tight)

    def _is_code(self, name: str, value: bytes, *, is_tight: bool) -> bool:
        return self._bare.is_code(name, value) or (not is_tight and self._bare.is_declared(name, value))

    def _is_listed(self, name: str, value: bytes, before: bytes, after: bytes) -> bool:
        """Return whether a name and a value in quotes are both names, in a list of them: `"password", "first_name"`."""
        if name.startswith("-") or first_span(self._words, value) is None or _is_scrambled(value):
            return False
        if first_span(self._item_before, before) or first_span(self._item_after, after):
            return True
        # What passed, too: `"PASS", "FAIL"`.
        return name.lower() == "pass" or not stem_of(name).lower().endswith(_PASSWORDS)

    def _may_name_key(self, name: str) -> bool:
        """Return whether a name such as `SNYK_KEY` may mean a secret: what it opens comes before the word."""
        return bool(first_span(self._key, name.encode())) and not first_span(self._key_of_data, name.encode())

    def _is_secret(self, name: str, value: bytes, *, is_tight: bool = True) -> bool:
        """Return whether `value` can be the secret that `name` says.

        Args:
            is_tight: whether quotes, an equals sign or the form say where it begins; else it may be a word of prose.
        """
        if len(value) < _SHORTEST_PW or self._placeholders.cover(value):
            return False
        kinds = len(set(value))
        if kinds < 4 and len(value) > 6:
            return False
        if name.lower().endswith(_PASSWORDS):
            return is_tight or has_digit(value) or not value.isalpha()
        if b" " in value or len(value) < _SHORTEST_SECRET or kinds < 5:
            return False
        if value.isdigit():
            return len(value) >= 12
        return has_digit(value) or (len(value) >= 12 and _is_scrambled(value))


class ForeignSecret:
    """Values beside what other languages than English call a password, a key or a token."""

    name = "secret_value"
    sign = FOREIGN_SIGN
    sign_is = "word"
    shortest = 8
    shortest_number = NO_NUMBER
    reaches_far = True

    def __init__(self, named: NamedSecret) -> None:
        self._named = named
        self._spelled = SpelledSecrets(FOREIGN_FORMS)

    def find(self, text: bytes) -> Iterator[Span | None]:
        return self._spelled.find(text, self._named.is_spelled_secret)


class SecretValue:
    """Secrets that are known by what they are called."""

    name = "secret_value"
    shortest = 8
    shortest_number = NO_NUMBER
    reaches_far = True

    def __init__(self) -> None:
        named = NamedSecret()
        self.parts = (named, ForeignSecret(named))

    def find(self, text: bytes) -> Iterator[Span | None]:
        for part in self.parts:
            yield from part.find(text)


def _is_scrambled(value: bytes) -> bool:
    """Return whether the case of letters changes more often than in words put together: `suDtTGRsIvXtkI`."""
    changes = sum(one.isupper() != other.isupper() for one, other in pairwise(value.decode("latin-1")))
    return changes * 5 >= len(value) * 2


def _closes(text: bytes, start: int, begin: int) -> bool:
    """Return whether the quote before `begin` ends a text that holds the name at `start`: `input("Password: ")`."""
    quote = text[begin - 1 : begin]
    line = text[max(0, start - _LONGEST_LINE) : begin - 1].rpartition(b"\n")[2]
    return line.count(quote) % 2 == 1


def _name(found: bytes) -> str:
    """Return the name that a match begins with."""
    found = found.lstrip(b"<")
    rest = found.lstrip(NAME_CHARACTERS.encode())
    return found[: len(found) - len(rest)].decode()
