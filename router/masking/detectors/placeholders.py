"""What stands where a secret could and is none: placeholders, references, types, code, paths."""

from __future__ import annotations

from typing import Any

from router.masking.patterns import compile_bytes, first_span

_TELLING = (
    r"your|example|sample|change[-_. ]?(?:me|it)|place[-_. ]?holder|redacted|removed|masked|hidden|dummy|insert"
    r"|replaced?|not[-_. ]?set|todo|fixme"
)
"""What makes a placeholder of the phrase that it stands in."""
_BESIDE = (
    r"actual|access|account|admin|api|app|auth|bearer|client|code|credentials?|database|db|encryption|from|here|its|keys?"
    r"|master|my|name|new|own|pass|passphrase|passwd|passwor[dt]|private|project|public|pwd?|real|refresh|secrets?|service"
    r"|session|shared|signing|some|string|text|the|this|tokens?|user(?:name)?|value|webhook|with"
    r"|confirm|create|choose|enter|\b(?:an?|for|of|to)\b"
)
"""Words that add nothing to such a phrase."""
_ISSUER = r"^[a-z]{2,5}[-_](?:(?:ant|live|proj|test)[-_])?(?:api[0-9]{2}-)?"
"""What tokens begin with: `sk-proj-`."""
_FILL = r"x{4,}|\*{3,}|\.{3,}|…"
_WORD, _NUMBER, _MARK = r"[a-z]+[0-9]{0,2}", r"[0-9]{1,3}", r"[-_ .:|/,?=&~$()\[\]'\"]"
_NAMES = rf"{_MARK}*(?:{_WORD}|{_NUMBER})(?:(?:{_MARK}|->)+(?:{_WORD}|{_NUMBER}))*(?:{_MARK}|![rsa])*"
"""What a template says: words, with two digits at the end of each at most; else it may be a secret in brackets."""
_VARIABLE = r"(?:[a-z]+[0-9]?(?:_+[a-z]*[0-9]{0,2})*|_[a-z_]+[0-9]?)"
_TEMPLATE = (
    r"\$\{[!#]?[a-z_][a-z0-9_.]*(?:\[[^\[\]{}]*\]|:?[?+][^{}]*|[,^%#/@][^{}]*)?\}"
    r"|\$\{(?:env|file|op|param|secrets?|self|ssm|vault):[^{}]*\}|\$\([^()]*(?:\([^()]*\)[^()]*)*\)|<%[^<>]*%>"
    rf"|[$#@%]?\{{\{{{_NAMES}\}}\}}|[#@%]?\{{{_NAMES}\}}|<{_NAMES}>|%\([a-z_. ]+\)[a-z]"
)
"""What programs and people put something else in place of, wherever it stands."""
_DEFAULT = r"\$\{[a-z_][a-z0-9_.]*(?::?[-=]|:)|\}"
"""What stands around the value that a variable has by default."""
_REFERENCE = (
    rf"\$(?:{_VARIABLE}|[0-9@*])(?:(?:->|::)[a-z_]+)*|%{_VARIABLE}%|%[a-z]|@[a-z_.]+(?:\(.*)?|\*[a-z_-]+[0-9]?"
    rf"|\[{_NAMES}\]|\({_NAMES}\)|\{{ ?[a-z_][a-z0-9_]* ?[:,=][^{{}}]*\}}|\{{\}}|\[\]|\(\)"
    rf"|#(?:[a-z]*|[ <].*)|![a-z][a-z:/_.]*|os\.environ/[a-z0-9_]+"
)
"""The same where nothing else stands beside it."""
_TYPE = (
    r"null|none|nil|true|false|undefined|empty|string|str|int|integer|number|bool|boolean|bytes|object|array|any"
    r"|optional|required|secret|password|passwd|token|key|value|text|test|(?:var)?char[a-z]*(?:\([0-9]*\)?)?|secretstr"
    r"|yes|no|n/a"
)
_ATTRIBUTE = rf"(?:\??\.\$?|\[[\"']?){_VARIABLE}[\"']?\]?"
_CODE = (
    r"(?-i:os|process|env|self|this|config|cfg|settings|args|options|opts|request|req|ctx|var|vars|local|data|secrets"
    rf"|params|module|props|state|import|Rails|System|Environment)(?:{_ATTRIBUTE})+(?:[(\[].*)?"
    rf"|(?-i:await|new|return|import|local|var) {_VARIABLE}(?:[.(].*)?"
)
_PATH = r"(?-i:[~.]{0,2}(?:/[a-z][a-z0-9_.-]*){2,}/?|[a-z]+://[^@]*|[A-Za-z]:\\.*)"
_DOCUMENTED = r"(?-i:[A-Z0-9]{8,}EXAMPLE|[A-Za-z0-9/+]{28,}EXAMPLEKEY)"
"""The keys of Amazon's documentation; no real one ends so."""
_LEFT = r"^(?:[a-z]{0,8}|[A-Z][a-z]{0,7}|[A-Z]{0,8}|[A-Za-z]{0,4}[0-9]{0,3}|[A-Za-z0-9]{0,4})$"
"""What may be left beside a placeholder: `acme` of `your-acme-key`, 1 of `example1`."""


class Placeholders:
    """Tells what is no secret by itself."""

    def __init__(self) -> None:
        told = f"{_TELLING}|{_FILL}|{_TEMPLATE}"
        whole = f"{_REFERENCE}|{_TYPE}|{_CODE}|{_PATH}|{_DOCUMENTED}|-+|_+|\\*+|\\.\\.[a-z/.]*"
        self._told = _compiled(f"{told}|{_DEFAULT}|^(?:{whole})$")
        self._whole = _compiled(f"^(?:{whole})$")
        self._says_nothing = _compiled(rf"{told}|{_DEFAULT}|{_BESIDE}|{_ISSUER}|[-_ .:/]")
        self._left = compile_bytes(_LEFT)
        self._reference = _compiled(f"^(?:{_TEMPLATE}|{_REFERENCE}|[:@/-])+$")

    def cover(self, value: bytes) -> bool:
        """Return whether `value` is a placeholder or the like, and what stands beside it too short to be a secret."""
        if first_span(self._told, value) is None:
            return False
        return (
            first_span(self._whole, value) is not None
            or first_span(self._left, self._says_nothing.sub(b"", value)) is not None
        )

    def is_reference(self, value: bytes) -> bool:
        """Return whether `value` is nothing but variables or templates."""
        return first_span(self._reference, value) is not None


def _compiled(source: str) -> Any:
    return compile_bytes("(?i)" + source.encode().decode("latin-1"))
