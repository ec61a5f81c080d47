"""The ways of writing a name and a secret other than with an equals sign, as RE2."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from router.masking.names import PASSWORDS_ELSE, PASSWORDS_IN_ASCII

_FOREIGN = "|".join((*PASSWORDS_IN_ASCII, "mot[_-]?de[_-]?passe"))
PASSWORD_WORDS = rf"pass(?:wor[dt]|wd|phrase|code)?|pwd?|{_FOREIGN}"
"""What people call a password, in the languages that write it with ASCII; to be compared without case."""
# Without case as far as RE2 knows it of bytes, and with a capital where it does not.
_OTHER_WORDS = "|".join(f"(?i:{word})|{word.capitalize()}" for word in PASSWORDS_ELSE)
_KIND = (
    r"(?:access|account|api|auth|bearer|client|consumer|encryption|license|master|private|refresh|secret|service|session"
    r"|shared|signing|storage|subscription)"
)
_SPACED = rf"(?i:\b{_KIND}(?: (?:api|access|secret))? (?:key|token|secret))"
SPELLED_SIGN = rf"(?i:identified (?:by|with)|net user|{_FOREIGN})|{_OTHER_WORDS}".encode().decode("latin-1")
"""What stands in a text with such a secret, besides the English words for one."""

_WORD = rf"(?i:{PASSWORD_WORDS}|secret|token|key|credential)[A-Za-z0-9_.-]*"
_NAME = rf"[A-Za-z0-9_.-]*{_WORD}"
_MARK = r"\\*[\"'`]?"
_QUOTE = r"\\*[\"'`]"
_GIVEN = rf"{_MARK}[ \t]*[:=][ \t]*{_MARK}"
_BEGUN = r"[^\s\"'`<>\\|*,][^\s\"'`<>\\|]{3}"
_VALUE = f"({_BEGUN})"
"""The first bytes of a value that ends a form: as many as one has at least."""
VALUE_GOES_ON = r"[^\s\"'`<>\\|]*"
"""What follows them of the value. It is left out above, as it may hold the next name and be read again from there."""
_FIRST, _REST = r"[^\s\"'`<>(){}\[\]*=&;]", r"[^\s\"'`<>(){}\[\]=&;]"
_QUOTED = r"([^\"'`\n\\]{4,})"
_ARROW = r"(?:[:=]|[-=]>|→|--? |– |(?i:is|was):? )"
_BUILT = r"(?i:api_?key|(?:access|auth|bearer|refresh)_?token|(?:client_?)?secret(?:_?(?:access_?)?key)?)"
"""Names of methods that take a secret; `getSecret` takes the name of one."""
_FENCE = r"`{3}[a-z]*\n[ \t]*"
_ECHO = r"\b(echo)[ \t]+(?:-[a-z]+[ \t]+)*[\"']?"
_TAG = r"</?[A-Za-z][^<>\n]*>"


class Evidence(Enum):
    """What a value must show to be taken for one."""

    TOLD = "nothing: the form says that a value stands there"
    SIGNS = "a digit or a sign"
    MIXED = "a letter and a digit"


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
        return self.source.endswith(_VALUE)


FORMS = (
    # Kubernetes and GitHub: `- name: DB_PASSWORD`, then `value: …`
    Form(rf"\b(?i:name|key){_GIVEN}({_NAME}){_MARK}[,;]?\s*{_MARK}(?i:value){_GIVEN}{_VALUE}", Evidence.TOLD),
    Form(rf"<name>\s*({_NAME})\s*</name>\s*<value>\s*{_VALUE}", Evidence.TOLD),
    # YAML's blocks, and parameters with a value of their own
    Form(rf"({_WORD}){_MARK}:[ \t]*[|>][+-]?[ \t]*\n[ \t]+{_VALUE}", Evidence.TOLD),
    Form(rf"({_WORD}){_MARK}:[ \t]*\n[ \t]+(?i:default|value):[ \t]+{_MARK}{_VALUE}", Evidence.TOLD),
    # A whole line of `.env`, of an `.ini` or of YAML, but not of a form: there `&` or `;` ends the value
    Form(
        rf"(?:^|\n)[ \t]*(?:(?:export|set|-)[ \t]+)?([A-Za-z0-9_.-]*(?i:{PASSWORD_WORDS}))(?:[ \t]*=|:[ \t])"
        rf"[ \t]*({_FIRST}{_REST}*(?:[&;]{_REST}+)*|{_FIRST}(?:{_REST}|=)*)[ \t\r]*(?:\n|$)",
        Evidence.MIXED,
    ),
    # A connection string
    Form(r";[ \t]*((?i:pwd|password))[ \t]*=[ \t]*([^;\s\"']{4,})", Evidence.MIXED),
    # Terraform
    Form(rf"\bvariable[ \t]+\"?({_NAME})\"?[ \t]*\{{[^{{}}]*?\bdefault[ \t]*=[ \t]*\"{_QUOTED}", Evidence.TOLD),
    # Docker, Windows, npm, AWS, .netrc, Cisco
    Form(rf"\b(?:ENV|ARG|setx|setenv)[ \t]+({_NAME})[ \t]+{_MARK}{_VALUE}", Evidence.TOLD),
    Form(rf"\bconfig(?:ure)? set [^\s]*?({_NAME})[ \t]+{_MARK}{_VALUE}", Evidence.TOLD),
    Form(rf"\bmachine[ \t]+[^\s]+\s+login[ \t]+[^\s]+\s+(password)[ \t]+{_VALUE}", Evidence.TOLD),
    Form(
        r"\b(?i:login|user(?:name)?)[ \t]+[^\s]+[ \t]+(?:privilege [0-9]+ )?((?i:password|secret|pass))[ \t]+"
        rf"(?:[0-9] )?{_VALUE}",
        Evidence.MIXED,
        "password",
    ),
    Form(
        rf"{_ECHO}([^\s\"'|]{{4,}})[\"']?[ \t]*\|[ \t]*sudo[ \t]+(?:-[A-Za-z]+[ \t]+)*-[A-Za-z]*S",
        Evidence.TOLD,
        "password",
    ),
    Form(
        rf"{_ECHO}[A-Za-z0-9_.-]+:([^\s\"'|]{{4,}})[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd",
        Evidence.TOLD,
        "password",
    ),
    Form(r"(?i:\b(net user))[ \t]+[^\s/]+[ \t]+([^\s/\"']{4,})", Evidence.MIXED, "password"),
    Form(
        rf"\s-((?:[A-Za-z][A-Za-z0-9_.]*)?{_WORD})[ \t]+[\"']?([^\s\"'`<>\\|*,-][^\s\"'`<>\\|]{{3,}})", Evidence.MIXED
    ),
    # SQL
    Form(r"(?i:\b(password)) '([^'\n]{4,})'", Evidence.TOLD),
    Form(
        rf"(?i:\b(?:user|to|role)[ \t]+[^\s]+[ \t]+(identified(?: with [^\s]+)? by)(?: password)?) {_MARK}{_VALUE}",
        Evidence.TOLD,
        "password",
    ),
    Form(rf"\b(IDENTIFIED(?: WITH [^\s]+)? BY) {_QUOTE}{_QUOTED}", Evidence.TOLD, "password"),
    # Calls: setters, builders, user and password
    Form(rf"\b(?i:set|with|use)_?({_NAME})\([ \t]*{_QUOTE}{_QUOTED}{_QUOTE}", Evidence.TOLD),
    Form(rf"\b((?i:{PASSWORD_WORDS}))\([ \t]*{_QUOTE}{_QUOTED}{_QUOTE}", Evidence.MIXED, "password"),
    Form(rf"\.({_BUILT})\([ \t]*{_QUOTE}{_QUOTED}{_QUOTE}", Evidence.MIXED),
    Form(
        rf"(?i:(basic_?auth(?:entication)?|passwordcredentials|networkcredential)(?:\(|=|:)[ \t]*[\[(]?[ \t]*)"
        rf"{_QUOTE}[^\"'`\n\\]+{_QUOTE}[ \t]*,[ \t]*{_QUOTE}{_QUOTED}{_QUOTE}",
        Evidence.TOLD,
        "password",
    ),
    Form(
        rf"(?i:\b(auth|login|authenticate|credentials)(?:\(|{_MARK}[ \t]*[=:]))[ \t]*[\[(]?[ \t]*"
        rf"{_QUOTE}[^\"'`\n\\]+{_QUOTE}[ \t]*,[ \t]*{_QUOTE}([^\"'`\n\\/ ][^\"'`\n\\ ]{{3,}}){_QUOTE}",
        Evidence.MIXED,
        "password",
    ),
    # Markdown and HTML
    Form(rf"({_WORD}):?\*\*:?[ \t]*{_MARK}{_VALUE}", Evidence.SIGNS),
    Form(rf"({_WORD}){_MARK}:[ \t]*\*\*{_MARK}{_VALUE}", Evidence.SIGNS),
    Form(rf"\|[ \t]*[*`]*({_NAME})[*`]*[ \t]*\|[ \t]*{_MARK}{_VALUE}", Evidence.SIGNS),
    Form(rf"({_WORD})[ \t]*:?[ \t]*(?:{_TAG}[\s:]*)+{_VALUE}", Evidence.MIXED),
    Form(
        rf"\bname=[\"']({_NAME})[\"'](?:\s+[a-z-]+=[\"'][^\"'<>\n]*[\"']){{0,3}}?\s+value=[\"']{_QUOTED}", Evidence.TOLD
    ),
    Form(rf"({_WORD}){_MARK}:[ \t]*\n+{_FENCE}{_VALUE}", Evidence.SIGNS),
    # Rows of two cells
    Form(
        rf"(?:^|\n)[ \t\"']*({_NAME})[\"']?[,;\t][ \t]*{_MARK}({_BEGUN}{VALUE_GOES_ON}){_MARK}[ \t\r]*(?:\n|$)",
        Evidence.MIXED,
    ),
    # Words
    Form(rf"({_SPACED}){_MARK}\**[ \t]*{_ARROW}\**[ \t\n]*(?:{_FENCE})?{_MARK}{_VALUE}", Evidence.MIXED, "api_key"),
    Form(rf"({_WORD}){_MARK}[ \t]*(?:->|→|–| - )[ \t]*{_MARK}{_VALUE}", Evidence.MIXED),
    Form(
        rf"(?i:\b(pass(?:wor[dt]|phrase|code)|pwd?|{_FOREIGN}|token|secret) (?:is|was|ist|war|lautet|est|es)"
        rf"(?: now)?):? {_MARK}\**{_VALUE}",
        Evidence.MIXED,
    ),
    Form(
        rf"({_OTHER_WORDS})[ \t]*(?:[:=]|：|是|为|為|は|es|est|to)?[ \t]*{_MARK}"
        r"([!#-&(-+\--;=?-\[\]-_a-z{}~]{4,})",
        Evidence.MIXED,
        "password",
    ),
)
