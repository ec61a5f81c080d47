"""What stands where a secret could and is none: placeholders, variables, types, code, paths."""

from __future__ import annotations

from router.masking.patterns import compile_bytes

_VARIABLE = r"^\$[a-z_][a-z0-9_]*$|^@[a-z_.]+(?:\(|$)|^%(?:[a-z_]+%|[({]|[a-z]$)|^#[{<\s]"
_WORD = (
    r"your|example|sample|change.?(?:me|it)|place.?holder|redacted|removed|masked|hidden|dummy|insert|replace|not.?set"
    r"|(?:^|[^a-z])(?:todo|fixme)(?:$|[^a-z])"
)
_FILLED = r"^\*+$|^\.\.|^-+$|^_+$|x{4}|\*{3}|\.{3}|…"
_TYPE = (
    r"^(?:null|none|nil|true|false|undefined|empty|string|str|int|integer|number|bool|boolean|bytes|object|array|any"
    r"|optional|required|secret|password|passwd|token|key|value|text|test|varchar.*|char.*|secretstr|yes|no|n/a)$"
)
_OPENED = r"^[<{\[(*]|^#[a-z]*$|^\$[a-z_.]*[{(\[-]|\$\{|\{\{|<[a-z]"
_ENCLOSED = (
    r"^(?:<.*>|\{.*\}|\[.*\]|\(.*\))$|^\$(?:[a-z_]+->|\(.*\)$)|\$\{[a-z_][^{}]*\}|\{\{[^{}]*\}\}"
    r"|<[a-z][a-z0-9 _-]+[a-z0-9]>"
)
_CODE = (
    r"(?-i:^(?:os|process|env|self|this|config|cfg|settings|args|options|opts|request|req|ctx|var|vars|local|data|secrets"
    r"|params|module|props|state|import|await|new|return|Rails|System|Environment)[.\[ ])"
)
_OPERATOR = r"[a-z_]{2,}(?:::|->|==)[a-z_]{2,}"
_PATH = r"(?-i:^[~.]{0,2}(?:/[a-z][a-z0-9_.-]*){2,}/?$|^[a-z]+://[^@]*$|^[A-Za-z]:\\)"


class Placeholders:
    """Tells what is no secret by itself.

    Between quotes a password may hold any sign, so there a bracket counts where it is closed again, and an operator
    does not.
    """

    def __init__(self) -> None:
        always = (_VARIABLE, _WORD, _FILLED, _TYPE, _CODE, _PATH)
        self._bare, self._quoted = (
            compile_bytes("(?i)" + "|".join((*always, *more)).encode().decode("latin-1"))
            for more in ((_OPENED, _OPERATOR), (_ENCLOSED,))
        )

    def cover(self, value: bytes, *, is_quoted: bool) -> bool:
        """Return whether `value` is a placeholder or the like."""
        return (self._quoted if is_quoted else self._bare).search(value) is not None
