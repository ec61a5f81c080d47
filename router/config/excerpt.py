"""Puts problems in order and gives each the source lines its frame shows, with secrets blanked."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, takewhile

from router.config.attributes import MEASURED_ATTRIBUTES
from router.config.nodes import Node, Source
from router.config.yaml_reader import MAX_PROBLEMS
from router.errors import Excerpt, Location, Problem, Severity

CONTEXT = 2
"""Lines shown before the one a problem is on."""
UNUSABLE = "RT108"
"""Code of a value that could not be read: what else is said about its place would only repeat it."""
WIDTH = 160
"""Characters of a line that are kept; a longer one is cut on both sides of the problem."""
_BLANK = "*"
_KEY = re.compile(r"sk-[A-Za-z0-9_-]{6,}|(?<=://)[^/\s@\"']+(?=@)")
_SECRET_NAME = re.compile(r"(?i)^key$|secret|password|passwd|credential|token|api_?key")
_SECRET_LINE = re.compile(
    r"""(?i)(?:^|[\s{,])["']?(?:key|[\w.-]*(?:secret|password|api_?key)[\w.-]*)["']?\s*:\s+(\S.*)"""
)
_VARIABLE = re.compile(r"(?:[A-Za-z_]|\{[A-Za-z_.-]+\})(?:[A-Za-z0-9_]|\{[A-Za-z_.-]+\}){0,99}")


def with_excerpts(problems: Iterable[Problem], sources: Sequence[tuple[Source, Node | None]]) -> list[Problem]:
    """Return the problems in file order (errors before warnings of one place), each with its source lines.

    Args:
        sources: the files that were read, with their trees as far as there are any.
    """
    read = {source.file: (source, root) for source, root in sources}
    pages: dict[str, _Page] = {}
    found = dict.fromkeys(problems)
    unusable = {problem.location for problem in found if problem.code == UNUSABLE}
    kept = [problem for problem in found if problem.code == UNUSABLE or problem.location not in unusable]
    ordered = _told(sorted(kept, key=lambda one: (one.location, one.severity, one.code, one.message)))
    for file in {problem.file for problem in ordered} & set(read):
        pages[file] = _Page(*read[file])
    return [_with_excerpt(problem, pages.get(problem.file)) for problem in ordered]


def _told(ordered: Sequence[Problem]) -> Sequence[Problem]:
    """Return the errors and warnings that are told, and a last problem where there are more."""
    severities = Counter(problem.severity for problem in ordered)
    if all(number <= MAX_PROBLEMS for number in severities.values()):
        return ordered
    left = Counter(error=MAX_PROBLEMS, warning=MAX_PROBLEMS)
    told: list[Problem] = []
    for problem in ordered:
        if left[problem.severity]:
            left[problem.severity] -= 1
            told.append(problem)
    severity: Severity = "error" if severities["error"] > MAX_PROBLEMS else "warning"
    more = Problem(
        code="RT107",
        message=f"more than {MAX_PROBLEMS} {severity}s",
        location=Location(ordered[0].file),
        severity=severity,
        effect="the others are not told",
        hint="mend the first ones; most of such a number have one cause",
    )
    return [*told, more]


def _with_excerpt(problem: Problem, page: _Page | None) -> Problem:
    if page is None or not problem.line or problem.excerpt:
        return problem
    lines = dict.fromkeys(range(max(1, problem.line - CONTEXT), problem.line + 1), problem.column)
    lines |= {
        label.location.line: label.location.column for label in problem.labels if label.location.file == problem.file
    }
    shown = tuple(page.excerpt(line, column) for line, column in sorted(lines.items()))
    return replace(problem, excerpt=shown)


class _Page:
    """One file, its secrets found once."""

    def __init__(self, source: Source, root: Node | None) -> None:
        self._source = source
        self._blanks = sorted(_secret_spans(source, root))
        self._longest = max((last - first for first, last in self._blanks), default=0)

    def excerpt(self, line: int, column: int) -> Excerpt:
        line = min(line, self._source.line_count)
        start, end = self._source.line_span(line)
        cut = 0 if end - start <= WIDTH else max(0, min(column - WIDTH // 2, end - start - WIDTH))
        left, right = start + cut, min(end, start + cut + WIDTH)
        text = list(self._source.text[left:right])
        for first, last in self._blanks_between(left, right):
            for offset in range(max(first, left), min(last, right)):
                text[offset - left] = _BLANK
        return Excerpt(line, "".join(text), cut)

    def _blanks_between(self, left: int, right: int) -> Iterator[tuple[int, int]]:
        """Yield the spans of secrets that may have a part between two offsets."""
        start = bisect_left(self._blanks, (left - self._longest, 0))
        return takewhile(lambda span: span[0] < right, islice(self._blanks, start, None))


def holds_key(text: str) -> bool:
    """Return whether something in a text is written as the keys of Langfuse and of providers are."""
    return _KEY.search(text) is not None


def _secret_spans(source: Source, root: Node | None) -> Iterator[tuple[int, int]]:
    """Yield the spans of everything that is, or may be, a secret written in the clear."""
    for found in _KEY.finditer(source.text):
        yield found.span()
    if root is None:
        for line in range(1, source.line_count + 1):
            start, _ = source.line_span(line)
            hit = _SECRET_LINE.search(source.line(line))
            if hit and not hit.group(1).startswith(("{env:", "{ env:", "{file:", "{ file:")):
                yield start + hit.start(1), start + hit.end(1)
        return
    seen: set[int] = set()
    stack: list[tuple[Node, bool, str]] = [(root, False, "")]
    while stack:
        node, secret, name = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if secret and node.kind == "scalar" and not _is_reference(name, node):
            yield node.definition.start, node.definition.end
        for step, child in node.children():
            key = step if isinstance(step, str) else name
            names_column = step == "key" and node.key("file") is not None  # of a table
            counts = step in MEASURED_ATTRIBUTES and _has_only_numbers(child)
            permits = step == "credentials" and name in ("overrides", "grants")
            harmless = names_column or counts or permits
            hidden = isinstance(step, str) and bool(_SECRET_NAME.search(step)) and not harmless
            stack.append((child, secret or hidden, key))


def _has_only_numbers(node: Node) -> bool:
    """Tell whether a value is a number, or a flat mapping or list of numbers: `tokens: {gte: 1000}`."""
    inner = [child for _, child in node.children()] or [node]
    return all(one.kind == "scalar" and type(one.value) in (int, float) for one in inner)


def _is_reference(name: str, node: Node) -> bool:
    """Tell whether a scalar below a secret's key is a switch, or names where the secret stands, and is not it."""
    value = node.value
    if not isinstance(value, str):
        return isinstance(value, bool)
    return (name == "env" and bool(_VARIABLE.fullmatch(value))) or (
        name == "file" and value.startswith(("/", "./", "../"))
    )
