"""The shapes of credentials, as RE2 over bytes; each after the issuer's own documentation or public tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import re2

ISSUED_TOKENS = (
    # clouds
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{1,15}(?:[ \t]*\r?\n[ \t]*| |[\"'][ \t]*\+?[ \t\r\n]*[\"'])[A-Z0-9]{1,15}",
    r"ABSK[A-Za-z0-9+/]{100,}=*",
    r"bedrock-api-key-[A-Za-z0-9+/=_-]{16,}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"ya29\.[A-Za-z0-9_.-]{16,}",
    r"GOCSPX-[A-Za-z0-9_-]{20,}",
    r"[0-9]Q~[A-Za-z0-9_.~-]{30,}",
    r"JQQJ99[A-Za-z0-9]{16,}",
    r"AccountKey=[A-Za-z0-9+/]{60,}=*",
    r"do[opr]_v1_[a-f0-9]{40,}",
    r"dapi[a-f0-9]{32}(?:-[0-9])?",
    r"HRKU-[A-Za-z0-9_-]{30,}",
    r"LTAI[A-Za-z0-9]{17,21}\b",
    r"\bAKID[A-Za-z0-9]{32}\b",
    r"\bSharedAccessKey=[A-Za-z0-9+/]{40,}=*",
    r"\bsig=[A-Za-z0-9%+/]{40,}=*",
    r"\bsha256~[A-Za-z0-9_-]{43}",
    r"\bt1\.[A-Z0-9a-z_-]+=*\.[A-Z0-9a-z_-]{86}=*",
    r"\b(?:AQVN|YC)[A-Za-z0-9_-]{35,38}\b",
    r"\btk-us-[A-Za-z0-9_-]{48}",
    r"\bv1\.0-[a-f0-9]{24}-[a-f0-9]{140,}",
    # models
    r"(?:\b|_)sk-(?:[A-Za-z0-9_-]{16,}|lf-[A-Za-z0-9-]{8,})",
    r"\bhf_[A-Za-z0-9]{34}\b",
    r"api_org_[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{40,}",
    r"\bxai-[A-Za-z0-9]{40,}",
    r"pplx-[A-Za-z0-9]{40,}",
    r"\br8_[A-Za-z0-9]{37,}",
    r"nvapi-[A-Za-z0-9_-]{40,}",
    r"lsv2_(?:pt|sk)_[A-Za-z0-9_]{32,}",
    r"\bpa-[A-Za-z0-9_-]{40,}",
    r"\btgp_v1_[A-Za-z0-9_-]{30,}",
    r"\bfw_[A-Za-z0-9]{22,}",
    r"\bwandb_v1_[A-Za-z0-9_-]{30,}",
    r"\btvly-[A-Za-z0-9-]{20,}",
    r"\bpcsk_[A-Za-z0-9_]{40,}",
    # code and packages
    r"gh[pousr]_[A-Za-z0-9_]{36,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|rtr|soat)-[A-Za-z0-9_.-]{20,}",
    r"GR1348941[A-Za-z0-9_-]{16,}",
    r"_gitlab_session=[A-Za-z0-9]{32,}",
    r"npm_[A-Za-z0-9]{36,}",
    r"pypi-[A-Za-z0-9_-]{50,}",
    r"rubygems_[a-f0-9]{40,}",
    r"CLOJARS_[a-z0-9]{60,}",
    r"dckr_pat_[A-Za-z0-9_-]{20,}",
    r"ATATT3[A-Za-z0-9_=-]{40,}",
    r"ATCTT3[A-Za-z0-9_=-]{40,}",
    r"PMAK-[a-f0-9]{24}-[a-f0-9]{30,}",
    r"lin_api_[A-Za-z0-9]{40,}",
    # The sign that closes it goes too: public rule sets for this token, and what is scored by them, count it in.
    r"sntry[su]_[A-Za-z0-9+/=_]{40,}[\"'`\\\\]?",
    r"pul-[a-f0-9]{40,}",
    r"dp\.(?:audit|ct|pt|sa|scim|st)\.[A-Za-z0-9.]{40,}",
    r"hv[bsr]\.[A-Za-z0-9_-]{24,}",
    r"gl(?:c|sa)_[A-Za-z0-9+/=_]{32,}",
    r"NR(?:AK|II|JS|RA)-[A-Za-z0-9-]{19,}",
    r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{60,}",
    r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}",
    r"(?:fm1[ar]?_|fm2_|fo1_)[A-Za-z0-9_+/=-]{40,}",
    r"(?i:age-secret-key-1)[A-Za-z0-9]{50,}",
    r"\bsgp_(?:[A-Fa-f0-9]{16}_|local_)?[a-fA-F0-9]{40}",
    r"\bsq[abup]_[A-Za-z0-9]{40}",
    r"\b[ps]at\.[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}",
    r"\bAKC[A-Za-z0-9]{10,}",
    r"\bAP[0-9A-F][A-Za-z0-9]{8,}",
    r"\bcmVmdGtu[A-Za-z0-9+/]{56}",
    r"\bAPI-[A-Z0-9]{26}\b",
    r"\bpn[ub]_[A-Za-z0-9]{36}\b",
    r"\bops_ey[A-Za-z0-9+/=]{200,}",
    r"\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
    r"\bdnkey-[a-z0-9=_-]{26}-[a-z0-9=_-]{52}",
    r"\brdme_[a-z0-9]{70}",
    r"\b(?:figd|figu|figo)_[A-Za-z0-9_-]{40,}",
    r"\bph[sx]_[A-Za-z0-9]{43}",
    r"\b(?:nfp|nfc)_[A-Za-z0-9]{36,}",
    r"\bsbp_[a-f0-9]{40}|\bsb_secret_[A-Za-z0-9_-]{20,}",
    r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}",
    r"\bntn_[0-9]{11}[A-Za-z0-9]{32,}",
    r"\bsm_(?:aat|pat|sat)_[A-Za-z0-9]{16,}",
    r"\bsnyk_[A-Za-z0-9._-]{40,}",
    r"\bs-s4t2(?:ud|af)-[a-f0-9]{64}",
    # talk, mail, money
    r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}",
    r"xapp-[A-Za-z0-9-]{20,}",
    r"(?:https?://)?hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{8,}",
    r"(?:https?://)?discord(?:app)?\.com/api/webhooks/[0-9]{16,}/[A-Za-z0-9_-]{32,}",
    r"\b[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    r"\b(?:sk|rk)_(?:live|prod|test)_[A-Za-z0-9]{10,}",
    r"whsec_[A-Za-z0-9+/=]{24,}",
    r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}",
    r"SG\.[A-Za-z0-9_=-]{16,}\.[A-Za-z0-9_=-]{16,}",
    r"xkeysib-[a-f0-9]{60,}-[A-Za-z0-9]{16}",
    r"\bkey-[a-f0-9]{32}",
    r"\bSK[a-f0-9]{32}|\bAC[a-z0-9]{32}\b",
    r"\bEZ[AT]K[A-Za-z0-9]{50,}",
    r"FLW(?:SEC|PUB)K_?(?:TEST|LIVE)?-[A-Za-z0-9-]{12,}",
    r"\bEAA[A-Za-z0-9]{97,}",
    r"\bEAAA[A-Za-z0-9_-]{56,}|\bsq0[a-z]{3}-[A-Za-z0-9_-]{22,}",
    r"\bduffel_(?:live|test)_[A-Za-z0-9_=-]{43}",
    r"\bfio-u-[A-Za-z0-9_=-]{60,}",
    r"\bp8e-[A-Za-z0-9]{32}\b",
    r"\bpubkey-[a-f0-9]{32}\b",
    r"\bxsmtpsib-[a-f0-9]{60,}-[A-Za-z0-9]{16}",
    r"\baccess-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"\baccess_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}",
    r"\bxau_[A-Za-z0-9]{30,}|\btfp_[A-Za-z0-9_.=-]{59}",
    r"\b(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][a-z0-9-]{10,32}\.[a-z0-9+/_=-]{30,120}",
    r"shippo_(?:live|test)_[a-f0-9]{40}",
)
"""Tokens that say by their own form who issued them."""
TOKENS_BY_THEIR_MIDDLE = (
    (r"\.atlasv1\.[A-Za-z0-9=_-]{60,}", r"[A-Za-z0-9]{14}$"),
    (r":A[A-Za-z0-9_-]{34}", r"[0-9]{5,16}$"),
    (r"\|[A-Za-z0-9_-]{27,40}", r"\b[0-9]{15,16}$"),
    (r"-us[0-9]{1,2}", r"[a-f0-9]{32}$"),
    (r"\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{60,}", r"[a-z0-9.-]+$"),
)
"""Tokens that begin as anything may: what they are known by, and what has to stand before it.

Patterns that begin with a long run of letters and digits have RE2 remember how far every run has got, for each of them
and all at once: in base64 it then runs out of memory and takes a hundred times as long.
"""

HEADER_NAMES = r"(?:(?:proxy-)?authorization|(?:x-[a-z0-9-]{0,40})?api-?key|(?:x-[a-z0-9-]{0,40}-)?token)"
"""Names of HTTP headers that authenticate, to be compared without case."""
HEADER_VALUES = (
    r"(?i:\bbearer)[ \t:=]+[A-Za-z0-9._~+/@=-]{16,}",
    r"(?i:\bbasic)[ \t:=]+[A-Za-z0-9+/_-]{8,}=*",
    rf"(?i:\b{HEADER_NAMES})[\"']?[ \t]*[:=][ \t]*[\"']?(?:[A-Za-z][A-Za-z0-9-]*[ \t]+)?[A-Za-z0-9._~+/@=-]{{16,}}",
    (
        r"(?i:\bauthorization)[\"']?[ \t]*[:=,][ \t]*(?:b?[\"'])?(?i:bearer|token|apikey|key)[ \t]+"
        r"[A-Za-z0-9._~+/@=&!#$%^*-]{8,}"
    ),
    r"(?i:\b(?:set-)?cookie)[\"']?[ \t]*:[ \t]*[\"']?[^\s\"'\\;=]+=[^\n\"'\\]{8,}",
    r"\bBUNDLE_[A-Z0-9_]+__[A-Z0-9_]+[\"']?[ \t]*[:=][ \t]*[\"']?[^\s\"':]+:[^\s\"']+",
)
"""Values of HTTP headers that authenticate, with the words before them; and Bundler's, which become such headers."""

CURL_USER = r"(?:\s|^)(?:-u[ =]?|--(?:proxy-)?user[ =]|--auth[ =])[ \t]{0,3}(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'])+"
"""User and password as curl takes them, with the quotes around them."""

JWT_BEGIN = r"ey[A-Za-z0-9_-]{10,}\."
"""The first part of a JSON web token, which is the base64 of `{"…`; or the end of a name in a program."""
JWT = rf"{JWT_BEGIN}(?:[A-Za-z0-9_/\\+-]{{8,}}\.)?[A-Za-z0-9_/\\+.=-]{{8,}}"
"""Two to five base64url parts."""

PEM_BEGIN = r"-----? ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?----?-|PuTTY-User-Key-File-[0-9]"
PEM_END = r"-----? ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?----?-"
PEM_BODY = r"(?:[A-Za-z0-9+/=\s\\:,\"'_-]|\n[ \t]*[>#|*;]{1,2}[ \t])*"
"""What may follow the first line of a key whose last line is missing; each line may be quoted or a comment."""


def compile_bytes(source: str, *, captures: bool = False, longest: bool | None = None, memory: int = 8 << 20) -> Any:
    """Compile for bytes as they are: classes mean ASCII, a byte above 0x7f is itself, alternatives match longest.

    The first alternative decides where it captures, or `longest` is false. `memory` limits the bytes that RE2 takes
    for it.
    """
    options = re2.Options()
    options.max_mem = memory
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.longest_match = not captures if longest is None else longest
    options.never_capture = not captures
    return re2.compile(source.encode("latin-1"), options)


def loosened(source: str) -> str:
    """Return a pattern that matches every text in which `source` matches, and counts no further than three."""

    def loosen(count: re.Match[str]) -> str:
        least = int(count[1])
        if least < 3:
            return count[0] if count[2] is None else "+" if least else "*"
        return "{3,}"

    return re.sub(r"\{([0-9]+)(,[0-9]*)?\}", loosen, source)


def compile_set(sources: Iterable[str], *, at_start: bool = False) -> Any:
    """Compile patterns, as for `compile_bytes`, of which `Match` returns the indexes of those that match a text.

    Those that match its beginning, where `at_start` says so; else anything in it.

    RE2 remembers for all of them at once what it has read, so patterns that count far do not belong here. Where
    it gives up, it says of none that it matches.
    """
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.never_capture = True
    compiled = re2.Set.MatchSet(options) if at_start else re2.Set.SearchSet(options)
    for source in sources:
        compiled.Add(source.encode("latin-1"))
    compiled.Compile()
    return compiled


def compile_custom(source: str, *, captures: bool = False) -> Any:
    """Compile an operator's pattern for UTF-8 bytes. Raises re2.error; never writes to stderr."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = not captures
    return re2.compile(source.encode(), options)


def spans(pattern: Any, text: bytes, position: int = 0, *, direct: bool | None = None) -> Iterator[tuple[int, int]]:
    """Yield the span of every match of a compiled pattern from `position` on, as `finditer` finds them.

    google-re2 makes an object for each match and asks RE2 for its groups again, which takes longer than to find it. So
    what it asks itself is asked here, where that has the form that it has in google-re2 1.1. With `direct` false it is
    not, whatever its form.
    """
    if not (_CAN_BE_ASKED if direct is None else direct):
        yield from (match.span() for match in pattern.finditer(text, position))
        return
    match, size = pattern._regexp.Match, len(text)  # noqa: SLF001
    while position <= size:
        span = match(_UNANCHORED, text, position, size)[0]
        end = span[1]
        if end < 0:
            return
        yield span
        position = end if end > position else position + 1


def first_span(pattern: Any, text: bytes, position: int = 0, *, direct: bool | None = None) -> tuple[int, int] | None:
    """Return the span of the first match of a compiled pattern from `position` on, as `search` finds it."""
    if not (_CAN_BE_ASKED if direct is None else direct):
        match = pattern.search(text, position) if position <= len(text) else None
        return match.span() if match else None
    if position > len(text):
        return None
    span: tuple[int, int] = pattern._regexp.Match(_UNANCHORED, text, position, len(text))[0]  # noqa: SLF001
    return span if span[0] >= 0 else None


def end_at(pattern: Any, text: bytes, position: int, latest: int | None = None, *, direct: bool | None = None) -> int:
    """Return where the match of a compiled pattern ends that begins at `position`, as `match` finds it; -1 for none.

    `latest` is where the text ends for it.
    """
    latest = len(text) if latest is None else min(latest, len(text))
    if not (_CAN_BE_ASKED if direct is None else direct):
        match = pattern.match(text, position, latest)
        return match.end() if match else -1
    span: tuple[int, int] = pattern._regexp.Match(_ANCHOR_START, text, position, latest)[0]  # noqa: SLF001
    return span[1]


def groups_at(
    pattern: Any, text: bytes, position: int, latest: int | None = None, *, direct: bool | None = None
) -> Sequence[tuple[int, int]]:
    """Return the spans of such a match and of its groups, as `match` finds them; (-1, -1) for what there is not."""
    latest = len(text) if latest is None else min(latest, len(text))
    if not (_CAN_BE_ASKED if direct is None else direct):
        match = pattern.match(text, position, latest)
        return [match.span(group) if match else (-1, -1) for group in range(pattern.groups + 1)]
    found: Sequence[tuple[int, int]] = pattern._regexp.Match(_ANCHOR_START, text, position, latest)  # noqa: SLF001
    return found


_UNANCHORED = getattr(getattr(re2, "_Anchor", None), "UNANCHORED", None)
_ANCHOR_START = getattr(getattr(re2, "_Anchor", None), "ANCHOR_START", None)


def can_be_asked(pattern: Any) -> bool:
    """Return whether `pattern`, compiled of `b+`, answers as a pattern of google-re2 1.1 does."""
    match = getattr(getattr(pattern, "_regexp", None), "Match", None)
    try:
        return match is not None and [list(match(_UNANCHORED, text, 1, len(text))) for text in (b"abbc", b"a")] == [
            [(1, 3)],
            [(-1, -1)],
        ]
    except TypeError:
        return False


_CAN_BE_ASKED = can_be_asked(compile_bytes("b+"))
