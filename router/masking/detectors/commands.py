"""Secrets that programs take without a name: `mysql -pX`, `sshpass -p X`, `redis-cli -a X`."""

from __future__ import annotations

from typing import Any

from router.masking.detectors.detector import Span
from router.masking.detectors.spelled import whole
from router.masking.patterns import compile_bytes, first_span, groups_at

AN_OPTION = r"[\s\"'](?:-[apPwkN]|/p:)"
"""What begins one of these options, with the byte before it."""
_APART = r"[ \t\"',=]+"
_LOGINS = r"(?:docker|podman|nerdctl|buildah|skopeo|helm|oc|az|cf|argocd)\b.*\blogin"
_OPTIONS = (
    (r"-p[\"']?", rf"{_LOGINS}|mysql[a-z_]*|mariadb[a-z-]*|7z[a-z]?|(?:un)?rar|sshpass"),
    (rf"-p{_APART}", rf"sshpass|mongo[a-z]*|cqlsh|{_LOGINS}|twine|rdesktop"),
    (rf"-a{_APART}", r"(?:redis|valkey|keydb)-cli|https?|xh"),
    (r"-P[ \t\"',=]*", r"sqlcmd|bcp|(?:un)?zip|ipmitool|mosquitto_[a-z]+"),
    (rf"-w{_APART}", r"ldap[a-z]+"),
    (rf"-k{_APART}", r"openssl\b.*\benc"),
    (rf"-N{_APART}", r"ssh-keygen"),
    (r"/p:", r"x?freerdp3?"),
)
"""What stands directly before a password, and the programs of which this is said: others take other things there."""
_VALUE = r"[^\s\"'`|;&<>,\]]+"
LONGEST_COMMAND = 200
"""Bytes before an option in which its program stands."""
COMMANDS_SIGN = (
    r"(?:mysql[a-z_]*|mariadb[a-z-]*|7z[a-z]?|rar|zip|sshpass|mongo[a-z]*|twine|rdesktop|-cli|https?|\bxh|sqlcmd|bcp|ipmitool"
    r"|mosquitto_[a-z]+|ldap[a-z]+|ssh-keygen|freerdp3?|cqlsh)(?:\.exe)?[\s\"',]|(?i:login)|openssl|sudo"
)
"""What stands in a text with such a secret."""


class CommandSecrets:
    """Finds passwords among the options of programs that are known to take one there."""

    def __init__(self) -> None:
        self._programs: dict[bytes, list[tuple[Any, Any]]] = {}
        for option, program in _OPTIONS:
            self._programs.setdefault(option[:2].encode(), []).append(
                (
                    compile_bytes(rf"(?:{option})({_VALUE})", captures=True),
                    compile_bytes(rf"(?:^|[^A-Za-z0-9_.-])(?:{program})(?:\.exe)?[\s\"',][^|;&\n]*$"),
                )
            )

    def at(self, text: bytes, start: int) -> Span | None:
        """Return the span of the password that the option at `start` gives; it may be a placeholder."""
        before = text[max(0, start - LONGEST_COMMAND) : start]
        for option, program in self._programs[text[start : start + 2]]:
            if first_span(program, before) and (given := groups_at(option, text, start)[1])[0] >= 0:
                begin, end = given
                return begin, whole(text, begin, end)
        return None
