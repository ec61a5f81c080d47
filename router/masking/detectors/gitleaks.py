"""The rules of a gitleaks file as one detector: keywords decide which rules look at a text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ahocorasick_rs import BytesAhoCorasick

from router.config.gitleaks import Allowlist, GitleaksRule, GitleaksRules
from router.masking.detectors.detector import Find, Keys, Span, after
from router.masking.names import readable
from router.masking.patterns import compile_custom


class RuleSet:
    """What any of the rules finds that neither its allow-lists nor those of the file excuse."""

    shortest_number = 0
    reaches_far = True

    def __init__(self, name: str, spec: GitleaksRules) -> None:
        """Compile rules that were checked."""
        self.name = name
        everywhere = tuple(_Excuse(one) for one in spec.allowlists)
        self._always = [_Rule(rule, everywhere) for rule in spec.rules if not rule.keywords]
        by_word: dict[bytes, list[_Rule]] = {}
        for rule in spec.rules:
            if rule.keywords:
                compiled = _Rule(rule, everywhere)
                for word in set(rule.keywords):
                    by_word.setdefault(word.encode(), []).append(compiled)
        self._by_word = list(by_word.values())
        self._words = _words(by_word)
        self.shortest = 0 if self._always else min(map(len, by_word))

    def under(self, keys: Keys) -> Find | None:
        return after(f'{readable(keys[-1])} = "'.encode("utf-8", "replace"), self.find)

    def find(self, text: bytes) -> Sequence[Span]:
        lowered = text.lower()
        seen = {index for index, _, _ in _found(self._words, lowered)}
        due = {id(rule): rule for index in sorted(seen) for rule in self._by_word[index]}
        return [span for rule in (*self._always, *due.values()) for span in rule.find(text)]


class _Rule:
    def __init__(self, rule: GitleaksRule, everywhere: tuple[_Excuse, ...]) -> None:
        self._pattern = compile_custom(rule.regex, captures=True)
        self._group = rule.group
        self._entropy = rule.entropy
        self._excuses = (*everywhere, *map(_Excuse, rule.allowlists))

    def find(self, text: bytes) -> Iterator[Span]:
        for match in self._pattern.finditer(text):
            start, end = self._secret(match)
            secret = text[start:end]
            if not secret or (self._entropy and _entropy(secret) <= self._entropy):
                continue
            if not any(excuse.holds(text, match.span(), secret) for excuse in self._excuses):
                yield start, end

    def _secret(self, match: Any) -> Span:
        """Return the capture that is hidden, or the whole match where it took no part in it."""
        groups = (self._group,) if self._group else range(1, match.re.groups + 1)
        spans = (match.span(group) for group in groups)
        return next(((start, end) for start, end in spans if start < end), match.span())


class _Excuse:
    """An allow-list, compiled."""

    def __init__(self, allowlist: Allowlist) -> None:
        joined = "|".join(f"(?:{regex})" for regex in allowlist.regexes)
        self._pattern = compile_custom(joined) if joined else None
        self._target = allowlist.target
        self._words = _words(word.encode() for word in allowlist.stopwords)
        self._all_of = allowlist.all_of

    def holds(self, text: bytes, match: Span, secret: bytes) -> bool:
        """Return whether a hit is allowed."""
        by_word = bool(_found(self._words, secret.lower()))
        if by_word is not self._all_of:
            return by_word
        return self._pattern is not None and self._pattern.search(self._looked_at(text, match, secret)) is not None

    def _looked_at(self, text: bytes, match: Span, secret: bytes) -> bytes:
        start, end = match
        if self._target == "secret":
            return secret
        if self._target == "line":
            start = text.rfind(b"\n", 0, start) + 1
            end = until if (until := text.find(b"\n", end)) >= 0 else len(text)
        return text[start:end]


def _words(words: Iterable[bytes]) -> Any:
    given = list(words)
    return BytesAhoCorasick(given) if given else None


def _found(words: Any, text: bytes) -> list[tuple[int, int, int]]:
    return [] if words is None else words.find_matches_as_indexes(text, overlapping=True)


def _entropy(value: bytes) -> float:
    """Return the bits of Shannon's entropy for each byte."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())
