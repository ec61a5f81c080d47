"""Values without quotes: where they end, and which of them are code and no secrets."""

from __future__ import annotations

from router.masking.detectors.detector import has_digit
from router.masking.detectors.placeholders import Placeholders
from router.masking.names import stem_of
from router.masking.patterns import compile_bytes, end_at, first_span

_EACH_BRACKET = (b"{", b"}", b"<", b">", b"[", b"]", b"(")
_ENDS = r"[,;&][A-Za-z_][A-Za-z0-9_.-]{0,63}[=:]$|[,;&]+[\s\"'`<>{}\[\]\\]?$|\)[),;:.]*[\s\"'`<>{}\[\]\\]?$"
"""What ends a value in which commas and the like may be: the next name, or nothing more."""
_BRACKET = r"[{}<>\[\]]"
_LONGEST_BEHIND = 128
_BEHIND = r"[^\s\"'`\\]*"
_BEHIND_ENDS = (
    r"</|<(?:!--|[A-Za-z]+[0-9]?/?>)|[}\])>]+[,;(:|]|[^A-Za-z0-9]+[A-Za-z_][A-Za-z0-9_.-]*[=:]|[{}<>\[\](),;.:|]+$"
)
"""What ends one that goes on behind a bracket: a tag, a structure, the next name, what closes."""
CALLED = r"[A-Za-z_]+(?:[0-9]{1,3}[A-Za-z_]*)?"
_CALL = (
    r"^(?:[A-Za-z_.]{2,}[0-9]{0,3}|[a-z_]*b[0-9]{2}(?:en|de)code)\((?:[0-9., ]*|[A-Za-z_&*$][^)!#^]*)$"
    rf"|^{CALLED}(?:\.{CALLED})+\((?:[^()!#^]*\)(?:\.{CALLED})+\()*(?:[0-9., ]*|[A-Za-z_&*$][^)!#^]*)$"
)
"""A call of a program, or one upon another (`base64.b64encode(x).decode()`), its closing bracket left out."""
_SCOPE = r"^(?i:[a-z_]{2,}(?:(?:::|->|==)[a-z_]{2,}[0-9]?)+(?:\(.*)?)$|^==?[a-z_$][A-Za-z0-9_$.]*(?:[?|&].*)?$"
"""A name in a scope, or what is compared."""
_RESULT = r"^(?i:pass)=(?:[0-9]{1,5}(?:[.,/][0-9]+)?%?|tests?[_/][a-z0-9_/.:-]*)$|^PASS=Test[A-Z][A-Za-z0-9_/]*$"
"""What passed, or how many."""
_OPENED = rf"^[*(]|^[^()]{{0,2}}\)|{_BRACKET}|\$[A-Za-z_.]*\("
_TYPE = r"^_*(?:[A-Z][a-z]+)*[A-Z][a-z]*[0-9]{0,2}(?:[A-Z][a-z]+)*$"
_SAYS_KEY = r"(?i)secret|token|key|credential|auth"
_PRIVATE_TYPE = r"^_+(?:[A-Z][a-z]+){2,}$"
_SHORTEST_NAME = 12
_INDEXED = r"^[A-Za-z_][A-Za-z_.]*[0-9]?[<\[({][A-Za-z0-9_.,+-]*$"
_SIGNS = b"!#$%^@~"
"""Signs of a password that hardly stand beside a bracket in code."""
_CODE_SIGNS = b".(:=,/"


class BareValues:
    """Tells where values without quotes end, and which are code."""

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self._ends = compile_bytes(_ENDS)
        self._bracket = compile_bytes(_BRACKET)
        self._behind = compile_bytes(_BEHIND)
        self._closing = compile_bytes(r"[})\]>]*")
        self._behind_ends = compile_bytes(_BEHIND_ENDS)
        self._code = compile_bytes(f"{_CALL}|{_SCOPE}")
        self._result = compile_bytes(_RESULT)
        self._opened = compile_bytes(_OPENED)
        self._type = compile_bytes(_TYPE)
        self._says_key = compile_bytes(_SAYS_KEY)
        self._private_type = compile_bytes(_PRIVATE_TYPE)
        self._indexed = compile_bytes(_INDEXED)

    def end(self, text: bytes, begin: int, end: int) -> int:
        """Return where a value ends that begins at `begin` and was read up to `end`: what follows may belong to it."""
        bracket = first_span(self._bracket, text[begin:end])
        if bracket:
            end = begin + bracket[0]
        elif ends := first_span(self._ends, text[begin : end + 1]):
            end = begin + ends[0]
        if text[end : end + 1] in _EACH_BRACKET:
            latest = min(len(text), end + _LONGEST_BEHIND)
            wide = end_at(self._behind, text, end, latest)
            if ends := first_span(self._behind_ends, text[end:wide]):
                wide = end + ends[0]
            closed = end_at(self._closing, text, wide, latest)
            if self._placeholders.cover(text[begin:closed]):
                return closed
            if self._is_peculiar(text[begin:wide]):
                return wide
        while end > begin and text[end - 1] in b".:":
            end -= 1
        return end

    def is_code(self, name: str, value: bytes) -> bool:
        """Return whether a value calls a program, tells what passed, opens a structure, or is called as its name is."""
        if len(name) >= _SHORTEST_NAME and value.endswith((b"_" + name.encode(), b"." + name.encode())):
            return True
        if first_span(self._opened, value):
            return not self._is_peculiar(value)
        return bool(first_span(self._code, value) or first_span(self._result, stem_of(name).encode() + b"=" + value))

    def is_declared(self, name: str, value: bytes) -> bool:
        """Return whether a type follows `name:`: `_PasswordType`, or `ApiKeyV2Config` beside a name of a key."""
        if first_span(self._private_type, value):
            return True
        is_of_key = first_span(self._says_key, value) and first_span(self._says_key, name.encode())
        return bool(is_of_key and first_span(self._type, value))

    def _is_peculiar(self, value: bytes) -> bool:
        """Return whether a value with a bracket is like no code: of letters, digits and other signs, or cases."""
        if not has_digit(value) or value.isdigit() or first_span(self._indexed, value):
            return False
        if value.translate(None, _SIGNS) != value:
            return value.upper() != value.lower()
        return value.translate(None, _CODE_SIGNS) == value and value.upper() != value and value.lower() != value
