"""Secrets whose names stand elsewhere than before an equals sign: in pairs, blocks, commands, tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from router.masking.patterns import compile_bytes

_WORD = r"(?i:pass(?:word|wd|phrase|code)?|pwd?|secret|token|key|credential)[A-Za-z0-9_.-]*"
_NAME = rf"[A-Za-z0-9_.-]*{_WORD}"
_MARK = r"\\*[\"'`]?"
_GIVEN = rf"{_MARK}[ \t]*[:=][ \t]*{_MARK}"
_VALUE = r"([^\s\"'`<>\\|*,]{4,})"
_TELLING = (
    # Kubernetes and GitHub: `- name: DB_PASSWORD`, then `value: …`
    rf"\b(?i:name|key){_GIVEN}({_NAME}){_MARK}[,;]?\s*{_MARK}(?i:value){_GIVEN}{_VALUE}",
    rf"<name>\s*({_NAME})\s*</name>\s*<value>\s*{_VALUE}",
    # YAML's blocks
    rf"({_WORD}){_MARK}:[ \t]*[|>][+-]?[ \t]*\n[ \t]+{_VALUE}",
    # Docker, Windows, npm, .netrc
    rf"\b(?:ENV|ARG|setx|setenv)[ \t]+({_NAME})[ \t]+{_MARK}{_VALUE}",
    rf"\bconfig set [^\s]*?({_NAME})[ \t]+{_MARK}{_VALUE}",
    rf"\blogin[ \t]+[^\s]+\s+(password)[ \t]+{_VALUE}",
)
"""Forms in which whatever stands there is the value."""
_MARKDOWN = (
    rf"({_WORD}):?\*\*:?[ \t]*{_MARK}{_VALUE}",
    rf"({_WORD}){_MARK}:[ \t]*\*\*{_MARK}{_VALUE}",
    rf"\|[ \t]*[*`]*({_NAME})[*`]*[ \t]*\|[ \t]*{_MARK}{_VALUE}",
)
_SQL = r"(?i:\b(password|identified by)) '([^'\n]{4,})'"
_SENTENCE = rf"(?i:\b(pass(?:word|phrase|code)|pwd) (?:is|was)(?: now)?):? {_MARK}{_VALUE}"
_ALGORITHM = r"(?i)^(?:sha|md|base|utf|argon|aes|rsa|pbkdf|oauth|ntlm|win|[0-9])-?[0-9]*"
_LEAST_OF_SENTENCE = 5


class Spelled(NamedTuple):
    """A name that may say secret (its beginning may be missing), and the span of the value given to it.

    Attributes:
        is_told: whether the form says that a value stands there; else it may be a word of prose.
    """

    start: int
    name: str
    begin: int
    end: int
    is_told: bool


class SpelledSecrets:
    """Finds names and values in forms where more than a mark stands between the two."""

    def __init__(self) -> None:
        self._found = compile_bytes("|".join((*_TELLING, _SQL, *_MARKDOWN, _SENTENCE)))
        self._forms = compile_bytes("|".join((*_TELLING, _SQL, *_MARKDOWN, _SENTENCE)), captures=True)
        self._letter = compile_bytes(r"[A-Za-z].*[0-9]|[0-9].*[A-Za-z]")
        self._algorithm = compile_bytes(_ALGORITHM)
        self._told = len(_TELLING) * 2 + 2
        self._groups = self._told + len(_MARKDOWN) * 2 + 2

    def find(self, text: bytes) -> Iterator[Spelled]:
        """Yield what is written in such a form, in order."""
        position = 0
        while found := self._found.search(text, position):
            # What captures is slow where it has to look for its match, and the longest match may be another form's.
            match = self._forms.match(text, found.start(), found.end())
            group = next(group for group in range(1, self._groups, 2) if match.start(group) >= 0)
            start, (begin, end) = match.start(group), match.span(group + 1)
            position = max(begin, match.start() + 1)
            while text[end - 1] in b".:!?;)}]" and end > begin:
                end -= 1
            if group == self._groups - 1 and not self._may_be_told(text[begin:end]):
                continue
            name = text[start : match.end(group)].decode("latin-1")
            yield Spelled(start, "password" if " " in name else name, begin, end, group < self._told)

    def _may_be_told(self, value: bytes) -> bool:
        """Return whether what follows `the password is` is one: words are none, nor are names of algorithms."""
        is_mixed = len(value) >= _LEAST_OF_SENTENCE and self._letter.search(value) is not None
        return is_mixed and not self._algorithm.search(value)
