"""The ways of writing a name and a secret other than with an equals sign, as RE2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from router.masking.names import PASSWORDS_ELSE, PASSWORDS_IN_ASCII

FOREIGN = "|".join((*PASSWORDS_IN_ASCII, "mot[_-]?de[_-]?passe"))
PASSWORD_WORDS = rf"pass(?:wor[dt]|wd|phrase|code)?|pwd?|{FOREIGN}"
"""What people call a password, in the languages that write it with ASCII; to be compared without case."""


def in_any_case(words: Iterable[str], before: str = "") -> str:
    """Return a pattern of words without case as far as RE2 knows it of bytes, and with a capital where it does not.

    `before` is a pattern of what stands before those in ASCII.
    """
    return "|".join(f"(?i:{before}{word})" if word.isascii() else f"(?i:{word})|{word.capitalize()}" for word in words)


OTHER_WORDS = in_any_case(PASSWORDS_ELSE)
KIND = (
    r"(?:access|account|api|auth|bearer|client|consumer|encryption|license|master|private|refresh|secret|service|session"
    r"|shared|signing|storage|subscription)"
)
SPACED = rf"(?i:\b{KIND}(?: (?:api|access|secret))? (?:key|token|secret))"

PASSWORD = rf"(?i:\b(?:pass(?:wor[dt]|phrase|code)|pwd?|passwd|{FOREIGN}))"
WORD = rf"(?i:pass|pw|{FOREIGN}|secret|token|key|credential)[A-Za-z0-9_.-]*"
NAME = rf"[A-Za-z0-9_.-]*{WORD}"
MARK = r"\\*[\"'`]?"
QUOTE = r"\\*[\"'`]"
GIVEN = rf"{MARK}[ \t]*[:=][ \t]*{MARK}"
BEGUN = r"[^\s\"'`<>\\|*,][^\s\"'`<>\\|]{3}"
VALUE = f"({BEGUN})"
"""The first bytes of a value that ends a form: as many as one has at least."""
VALUE_GOES_ON = r"[^\s\"'`<>\\|]*"
"""What follows them of the value. It is left out above, as it may hold the next name and be read again from there."""
_FIRST, _REST = r"[^\s\"'`<>(){}\[\]*=&;]", r"[^\s\"'`<>(){}\[\]=&;]"
QUOTED = r"([^\"'`\n\\]{4,})"
AFTER_USER = rf"{QUOTE}[^\"'`\n\\]+{QUOTE}[ \t]*,[ \t]*{QUOTE}{QUOTED}{QUOTE}"
"""A value behind another one, as a password is behind a user."""
AS_VALUE = rf"(?:\s+[a-z-]+=[\"'][^\"'<>\n]*[\"']){{0,3}}?\s+value=[\"']{QUOTED}"
"""A value among the attributes of an element."""
_ARROW = r"(?:[:=]|[-=]>|→|--? |– |(?i:is|was):? )"
_BUILT = r"(?i:api_?key|(?:access|auth|bearer|refresh)_?token|(?:client_?)?secret(?:_?(?:access_?)?key)?)"
"""Names of methods that take a secret; `getSecret` takes the name of one."""
_FENCE = r"`{3}[a-z]*\n[ \t]*"
ECHO = r"\b(echo)[ \t]+(?:-[a-z]+[ \t]+)*[\"']?"
TAG = r"</?[A-Za-z][^<>\n]*>"


class Evidence(Enum):
    """What a value must show to be taken for one."""

    TOLD = "nothing: the form says that a value stands there"
    SIGNS = "a digit or a sign"
    MIXED = "a letter and a digit"
    TANGLED = "letters and digits that change more often than in a word with a number"


class Form(NamedTuple):
    """One way of writing a name and a value.

    Attributes:
        source: a pattern with two groups, the name (its beginning may be missing) and the value.
        evidence: what the value must show.
        says: what the name means, where what the first group found does not say it.
    """

    source: str
    evidence: Evidence
    says: str = ""

    @property
    def is_open(self) -> bool:
        """Return whether the second group ends with the first bytes of the value, which `VALUE_GOES_ON` may follow."""
        return self.source.endswith(VALUE)


_BEGIN_MANY = (f"({NAME})", f"({WORD})", f"({SPACED})", f"({PASSWORD})")
FORMS = (
    # Kubernetes and GitHub: `- name: DB_PASSWORD`, then `value: …`
    Form(rf"\b(?i:name|key){GIVEN}({NAME}){MARK}[,;]?\s*{MARK}(?i:value){GIVEN}{VALUE}", Evidence.TOLD),
    Form(rf"<name>\s*({NAME})\s*</name>\s*<value>\s*{VALUE}", Evidence.TOLD),
    # YAML's blocks, and parameters with a value of their own
    Form(rf"({WORD}){MARK}:[ \t]*[|>][+-]?[ \t]*\n[ \t]+{VALUE}", Evidence.TOLD),
    Form(rf"({WORD}){MARK}:[ \t]*\n[ \t]+(?i:default|value):[ \t]+{MARK}{VALUE}", Evidence.TOLD),
    # A whole line of `.env`, of an `.ini` or of YAML, but not of a form: there `&` or `;` ends the value
    Form(
        rf"(?:^|\n)[ \t]*(?:(?:export|set|-)[ \t]+)?([A-Za-z0-9_.-]*(?i:{PASSWORD_WORDS}))(?:[ \t]*=|:[ \t])"
        rf"[ \t]*({_FIRST}{_REST}*(?:[&;]{_REST}+)*|{_FIRST}(?:{_REST}|=)*)[ \t\r]*(?:\n|$)",
        Evidence.MIXED,
    ),
    # A connection string
    Form(r";[ \t]*((?i:pwd|password))[ \t]*=[ \t]*([^;\s\"']{4,})", Evidence.MIXED),
    # Terraform
    Form(rf"\bvariable[ \t]+\"?({NAME})\"?[ \t]*\{{[^{{}}]*?\bdefault[ \t]*=[ \t]*\"{QUOTED}", Evidence.TOLD),
    # Docker, Windows, npm, AWS, .netrc, Cisco
    Form(rf"\b(?:ENV|ARG|setx|setenv)[ \t]+({NAME})[ \t]+{MARK}{VALUE}", Evidence.TOLD),
    Form(rf"\bconfig(?:ure)? set [^\s]*?({NAME})[ \t]+{MARK}{VALUE}", Evidence.TOLD),
    Form(rf"\bmachine[ \t]+[^\s]+\s+login[ \t]+[^\s]+\s+(password)[ \t]+{VALUE}", Evidence.TOLD),
    Form(
        r"\b(?i:login|user(?:name)?)[ \t]+[^\s]+[ \t]+(?:privilege [0-9]+ )?((?i:password|secret|pass))[ \t]+"
        rf"(?:[0-9] )?{VALUE}",
        Evidence.MIXED,
        "password",
    ),
    Form(
        rf"{ECHO}([^\s\"'|]{{4,}})[\"']?[ \t]*\|[ \t]*sudo[ \t]+(?:-[A-Za-z]+[ \t]+)*-[A-Za-z]*S",
        Evidence.TOLD,
        "password",
    ),
    Form(
        rf"{ECHO}[A-Za-z0-9_.-]+:([^\s\"'|]{{4,}})[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd",
        Evidence.TOLD,
        "password",
    ),
    Form(r"(?i:\b(net user))[ \t]+[^\s/]+[ \t]+([^\s/\"']{4,})", Evidence.MIXED, "password"),
    Form(rf"\s-((?:[A-Za-z][A-Za-z0-9_.]*)?{WORD})[ \t]+[\"']?([^\s\"'`<>\\|*,-][^\s\"'`<>\\|]{{3,}})", Evidence.MIXED),
    # SQL
    Form(r"(?i:\b(password)) '([^'\n]{4,})'", Evidence.TOLD),
    Form(
        rf"(?i:\b(?:user|to|role)[ \t]+[^\s]+[ \t]+(identified(?: with [^\s]+)? by)(?: password)?) {MARK}{VALUE}",
        Evidence.TOLD,
        "password",
    ),
    Form(rf"\b(IDENTIFIED(?: WITH [^\s]+)? BY) {QUOTE}{QUOTED}", Evidence.TOLD, "password"),
    # Calls: setters, builders, user and password
    Form(rf"\b(?i:set|with|use)_?({NAME})\([ \t]*{QUOTE}{QUOTED}{QUOTE}", Evidence.TOLD),
    Form(rf"\b((?i:{PASSWORD_WORDS}))\([ \t]*{QUOTE}{QUOTED}{QUOTE}", Evidence.MIXED, "password"),
    Form(rf"\.({_BUILT})\([ \t]*{QUOTE}{QUOTED}{QUOTE}", Evidence.MIXED),
    Form(
        rf"(?i:(basic_?auth(?:entication)?|passwordcredentials|networkcredential)(?:\(|=|:)[ \t]*[\[(]?[ \t]*)"
        rf"{AFTER_USER}",
        Evidence.TOLD,
        "password",
    ),
    Form(
        rf"(?i:\b(auth|login|authenticate|credentials)(?:\(|{MARK}[ \t]*[=:]))[ \t]*[\[(]?[ \t]*"
        rf"{QUOTE}[^\"'`\n\\]+{QUOTE}[ \t]*,[ \t]*{QUOTE}([^\"'`\n\\/ ][^\"'`\n\\ ]{{3,}}){QUOTE}",
        Evidence.MIXED,
        "password",
    ),
    # Markdown and HTML
    Form(rf"({WORD}):?\*\*:?[ \t]*{MARK}{VALUE}", Evidence.SIGNS),
    Form(rf"({WORD}){MARK}:[ \t]*\*\*{MARK}{VALUE}", Evidence.SIGNS),
    Form(rf"\|[ \t]*[*`]*({NAME})[*`]*[ \t]*\|[ \t]*{MARK}{VALUE}", Evidence.SIGNS),
    Form(rf"({WORD})[ \t]*:?[ \t]*(?:{TAG}[\s:]*)+{VALUE}", Evidence.MIXED),
    Form(rf"\bname=[\"']({NAME})[\"']{AS_VALUE}", Evidence.TOLD),
    Form(rf"({WORD}){MARK}:[ \t]*\n+{_FENCE}{VALUE}", Evidence.SIGNS),
    # Rows of two cells
    Form(
        rf"(?:^|\n)[ \t\"']*({NAME})[\"']?[,;\t][ \t]*{MARK}({BEGUN}{VALUE_GOES_ON}){MARK}[ \t\r]*(?:\n|$)",
        Evidence.MIXED,
    ),
    # Words
    Form(rf"({SPACED}){MARK}\**[ \t]*{_ARROW}\**[ \t\n]*(?:{_FENCE})?{MARK}{VALUE}", Evidence.MIXED, "api_key"),
    Form(rf"({WORD}){MARK}[ \t]*(?:->|→|–| - )[ \t]*{MARK}{VALUE}", Evidence.MIXED),
    Form(
        rf"(?i:\b(pass(?:wor[dt]|phrase|code)|pwd?|{FOREIGN}|token|secret) (?:is|was|ist|war|lautet|est|es)"
        rf"(?: now)?):? {MARK}\**{VALUE}",
        Evidence.MIXED,
    ),
)


def grouped(forms: Sequence[Form]) -> list[Sequence[Form]]:
    """Return forms in two groups, each to be looked for in one go: those that begin with a name, and the others.

    RE2 remembers how far each had got wherever it was, in all combinations; for those of all forms it has no room.
    """
    named = [form for form in forms if _begun(form.source)]
    return [group for group in (named, [form for form in forms if form not in named]) if group]


def together(sources: Sequence[str]) -> str:
    """Return a pattern that matches what one of `sources` does, what many begin with written once: RE2 needs half."""
    rest: dict[str, list[str]] = {}
    for source in sources:
        begun = _begun(source)
        rest.setdefault(begun, []).append(source[len(begun) :])
    return "|".join(f"{begun}(?:{'|'.join(each)})" for begun, each in rest.items())


def _begun(source: str) -> str:
    return next((begin for begin in _BEGIN_MANY if source.startswith(begin)), "")
