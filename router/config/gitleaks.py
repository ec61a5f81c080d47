"""Rule files of gitleaks (TOML) → rules that a detector runs; what cannot be used is told with its line.

The format is that of gitleaks 8: `[[rules]]` with `regex`, `keywords`, `secretGroup`, `entropy` and `allowlists`, and
allow-lists of the whole file. What is about files and commits of a repository has no meaning for a call.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from router.config.nodes import Source
from router.config.re2_patterns import PatternError, compile_pattern, matches_empty, matches_prose
from router.errors import Location, Problem

MAX_RULES = 2000
MAX_PATTERN = 20_000
"""Characters of a pattern of such a file."""
Target = Literal["secret", "match", "line"]
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*rules[ \t]*\]\]", re.MULTILINE)
_ALLOWLIST_HEADER = re.compile(r"^[ \t]*\[+[ \t]*allowlists?[ \t]*\]+", re.MULTILINE)
_PLACE = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)")
_TOML_HINT = "gitleaks reads the same file; a `regex` stands in three single quotes"
_OF_FILES = ("commits", "paths")


@dataclass(frozen=True, slots=True)
class Allowlist:
    """What a hit may be all the same.

    Attributes:
        regexes: RE2; one that matches `target` is enough.
        target: what the patterns look at: what is hidden, the whole match, or its lines.
        stopwords: in lower case; one that is part of what would be hidden is enough.
        all_of: whether both patterns and stop words have to agree.
    """

    regexes: tuple[str, ...]
    target: Target
    stopwords: tuple[str, ...]
    all_of: bool


@dataclass(frozen=True, slots=True)
class GitleaksRule:
    """One rule.

    Attributes:
        regex: RE2.
        keywords: in lower case; a text without any of them is not looked at. None at all: every text is.
        group: capture that is hidden; 0 means the first that has something, or else the whole match.
        entropy: bits for each character that a hit must exceed; 0 means no limit.
        allowlists: of this rule alone.
    """

    id: str
    regex: str
    keywords: tuple[str, ...] = ()
    group: int = 0
    entropy: float = 0.0
    allowlists: tuple[Allowlist, ...] = ()


@dataclass(frozen=True, slots=True)
class GitleaksRules:
    """The rules of a file that can be used, and the allow-lists that hold for all of them."""

    rules: tuple[GitleaksRule, ...]
    allowlists: tuple[Allowlist, ...] = ()


def read_gitleaks(source: Source, detector: str) -> tuple[GitleaksRules | None, list[Problem]]:
    """Read a rule file for the own detector that imports it.

    Returns:
        The rules, None when none can be used; and an error that says why, or a warning for each part left out.
    """
    reader = _Reader(source, detector)
    return reader.read(), reader.problems


class _Unusable(Exception):
    """A part of the file that cannot be used; the text says why, `key` which line is to blame."""

    def __init__(self, reason: str, key: str = "") -> None:
        super().__init__(reason)
        self.key = key


class _Reader:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, source: Source, detector: str) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._detector = detector
        self._headers = [found.span() for found in _HEADER.finditer(source.text)]

    def read(self) -> GitleaksRules | None:
        try:
            data = tomllib.loads(self._source.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self._not_toml(str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is too deep")
            return None
        given = data.get("rules")
        if not isinstance(given, list) or not given:
            self._useless("the file has no `[[rules]]`", "is this a rule file of gitleaks?")
            return None
        if len(given) > MAX_RULES:
            self._useless(f"the file has {len(given)} rules, and at most {MAX_RULES} are read", "split it")
            return None
        if data.get("extend"):
            message = "what `[extend]` names is not read"
            hint = "import that file as a detector of its own"
            self._left_out(message, self._place_of("extend"), "its rules would not run", hint)
        rules = [rule for number, one in enumerate(given) if (rule := self._rule(number, one)) is not None]
        if not rules and not any(problem.severity == "error" for problem in self.problems):
            self._useless("no rule of the file can be used", "import a file with rules that have a `regex`")
        return self._with_allowlists(rules, data) if rules else None

    def _with_allowlists(self, rules: list[GitleaksRule], data: dict[str, Any]) -> GitleaksRules:
        """Return the rules with the allow-lists of the file: those with `targetRules` hold for these rules alone."""
        place = self._place_of("allowlist")
        everywhere: list[Allowlist] = []
        of_rule: dict[str, list[Allowlist]] = {}
        for targets, allowlist in self._allowlists(data, "of the file", place):
            if targets is None:
                everywhere.append(allowlist)
                continue
            for target in targets:
                of_rule.setdefault(target, []).append(allowlist)
        known = {rule.id for rule in rules}
        for target in of_rule:
            if target not in known:
                message = f"an allow-list of the file targets rule `{target}`, which is not among those that are used"
                self._left_out(message, place, "there is nothing that it could excuse", "mend the id in `targetRules`")
        aimed = [replace(rule, allowlists=(*rule.allowlists, *of_rule.get(rule.id, ()))) for rule in rules]
        return GitleaksRules(tuple(aimed), tuple(everywhere))

    # -- rules -----------------------------------------------------------------------------------------

    def _rule(self, number: int, data: Any) -> GitleaksRule | None:
        """Return a rule; None for one that is about paths alone, and with a warning for one that cannot be used."""
        name = str(data.get("id") or number + 1) if isinstance(data, dict) else str(number + 1)
        try:
            if not isinstance(data, dict):
                raise _Unusable("it is no table")
            if "regex" not in data and data.get("path"):
                return None
            regex, group = _regex(data)
            return GitleaksRule(
                id=name,
                regex=regex,
                keywords=tuple(word.lower() for word in _texts(data, "keywords") if word),
                group=group,
                entropy=float(_number(data, "entropy")),
                allowlists=tuple(
                    allowlist
                    for _, allowlist in self._allowlists(data, f"of rule `{name}`", self._place(number, "allowlist"))
                ),
            )
        except _Unusable as error:
            effect = "what the rule is for would not be found"
            message = f"rule `{name}` is left out: {error}"
            self._left_out(message, self._place(number, error.key), effect, "mend it, or take it out of the file")
            return None

    def _allowlists(
        self, data: dict[str, Any], whose: str, place: Location
    ) -> Iterator[tuple[tuple[str, ...] | None, Allowlist]]:
        """Yield allow-lists, each with the ids of the rules that it names in `targetRules`; None for all rules."""
        given = data.get("allowlists", data.get("allowlist", []))
        for one in given if isinstance(given, list) else [given]:
            try:
                allowlist = _allowlist(one)
                targets = _texts(one, "targetRules") if allowlist is not None else ()
            except _Unusable as error:
                message = f"an allow-list {whose} is left out: {error}"
                self._left_out(message, place, "more would be hidden than it says", "mend it, or take it out")
            else:
                if allowlist is not None:
                    yield (targets or None), allowlist

    # -- places and words ------------------------------------------------------------------------------

    def _place(self, number: int, key: str) -> Location:
        """Return the line of a rule on which a key stands, or the first line of the rule."""
        if number >= len(self._headers):
            return self._source.location(0, 1)
        start, end = self._headers[number]
        until = self._headers[number + 1][0] if number + 1 < len(self._headers) else len(self._source.text)
        inside = re.compile(rf"^[ \t]*\[*(?:rules\.)?({re.escape(key)}\w*)[ \t]*[\]=]", re.MULTILINE) if key else None
        found = inside.search(self._source.text, end, until) if inside else None
        return self._source.location(*(found.span(1) if found else (start, end)))

    def _place_of(self, key: str) -> Location:
        found = re.search(rf"^[ \t]*\[*[ \t]*({key}s?)[ \t]*[\]=]", self._source.text, re.MULTILINE)
        return self._source.location(*(found.span(1) if found else (0, 1)))

    def _not_toml(self, reason: str) -> None:
        place = _PLACE.search(reason)
        line, column = (int(place[1]), int(place[2])) if place and place[1] else (self._source.line_count, 1)
        words = _PLACE.sub("", reason)
        start, end = self._source.line_span(min(line, self._source.line_count))
        at = min(start + column - 1, max(start, end - 1))
        self._error(f"this is not TOML: {words[:1].lower()}{words[1:]}", self._source.location(at, at + 1), _TOML_HINT)

    def _useless(self, message: str, hint: str) -> None:
        self._error(message, self._source.location(0, self._source.line_span(1)[1]), hint)

    def _error(self, message: str, location: Location, hint: str) -> None:
        effect = f"detector `{self._detector}` would find nothing"
        self.problems.append(Problem(code="RT141", message=message, location=location, effect=effect, hint=hint))

    def _left_out(self, message: str, location: Location, effect: str, hint: str) -> None:
        self.problems.append(
            Problem(code="RT142", message=message, location=location, severity="warning", effect=effect, hint=hint)
        )


# -- values --------------------------------------------------------------------------------------------


def _regex(data: dict[str, Any]) -> tuple[str, int]:
    """Return the pattern of a rule and the capture that it hides."""
    regex, group = data.get("regex"), data.get("secretGroup", 0)
    if not isinstance(regex, str) or not regex:
        raise _Unusable("it has no `regex`", "regex")
    compiled = _compiled(regex, "its `regex`", "regex")
    if matches_empty(compiled):
        raise _Unusable("its `regex` matches the empty text", "regex")
    if matches_prose(compiled):
        raise _Unusable("its `regex` matches nearly every text", "regex")
    if type(group) is not int or not 0 <= group <= compiled.groups:
        raise _Unusable("its `secretGroup` is no group of its `regex`", "secretGroup")
    return regex, group


def _compiled(regex: str, what: str, key: str) -> Any:
    if len(regex) > MAX_PATTERN:
        raise _Unusable(f"{what} has more than {MAX_PATTERN} characters", key)
    try:
        return compile_pattern(regex)
    except PatternError as error:
        raise _Unusable(f"{what} is not an RE2 pattern: {error}", key) from None


def _texts(data: dict[str, Any], key: str) -> tuple[str, ...]:
    given = data.get(key, [])
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise _Unusable(f"its `{key}` is no list of texts", key)
    return tuple(given)


def _number(data: dict[str, Any], key: str) -> float:
    given = data.get(key, 0)
    if type(given) not in (int, float) or not given >= 0:
        raise _Unusable(f"its `{key}` is no number", key)
    return float(given)


def _allowlist(data: Any) -> Allowlist | None:
    """Return an allow-list as far as it is about texts, None where it asks for a file or a commit."""
    if not isinstance(data, dict):
        raise _Unusable("it is no table")
    condition = str(data.get("condition", "or")).lower()
    if condition not in ("or", "||", "and", "&&"):
        raise _Unusable("its `condition` is neither `OR` nor `AND`")
    all_of = condition in ("and", "&&")
    regexes, stopwords = _texts(data, "regexes"), _texts(data, "stopwords")
    target = str(data.get("regexTarget") or "secret").lower()
    if target not in get_args(Target):
        raise _Unusable("its `regexTarget` is none of `secret`, `match`, `line`")
    for regex in regexes:
        _compiled(regex, "one of its `regexes`", "regexes")
    if not (regexes or stopwords) or (all_of and any(data.get(key) for key in _OF_FILES)):
        return None
    words = tuple(word.lower() for word in stopwords if word)
    return Allowlist(regexes, target, words, all_of=all_of and bool(regexes and words))  # type: ignore[arg-type]
