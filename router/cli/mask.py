"""`router mask`: a filter that masks what comes in, as the input of a call would be masked."""

from __future__ import annotations

import difflib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from router.cli.commands import format_option
from router.cli.exits import CommandError, ExitCode
from router.cli.loading import load_or_end
from router.config import Located, Pack, find_packs
from router.config.model import MaskStep
from router.masking import MaskingPolicies, mask_value, own_detectors
from router.masking.embedded import read_integer
from router.masking.masking import failure_marker

Masks = Mapping[str, Located[tuple[MaskStep, ...]]]


@dataclass(frozen=True, slots=True)
class Masked:
    """One value after masking: hits by detector, and whether a mask failed and the value was withheld."""

    value: Any
    counts: Counter[str]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """The union of the masks that were named.

    Attributes:
        test_key: whether pseudonyms are made with the public test key, as secrets are not read here.
    """

    policies: MaskingPolicies
    names: tuple[str, ...]
    test_key: bool

    def apply(self, value: Any) -> Masked:
        """Mask one value; never raises, a value whose mask fails is withheld."""
        masked, counts = mask_value(value, self.policies, self.names)
        failed = isinstance(masked, str) and masked != value and masked in {failure_marker(n) for n in self.names}
        return Masked(masked, counts, failed)


def build_filter(names: Sequence[str], config: str | None) -> Filter:
    """Find the masks in the configuration, if one is given, and in the packs.

    Raises:
        CommandError: a mask is unknown, or the configuration cannot be loaded.
    """
    loaded = load_or_end(config) if config else None
    packs = find_packs()
    masks = {**_masks_of(packs), **(loaded.masks if loaded else {})}
    detectors = {name: spec for pack in packs for name, spec in pack.detectors.items()}
    detectors |= loaded.detectors if loaded else {}
    policies = MaskingPolicies.compile(masks, {}, detectors=own_detectors(detectors))
    for name in names:
        if name not in policies.names:
            raise CommandError(f"there is no mask `{name}`", _suggestion(name, policies.names, config))
    steps = [step for name in names if name in masks for step in masks[name].value]
    return Filter(policies, tuple(dict.fromkeys(names)), any(step.action == "hash" for step in steps))


def mask_lines(lines: Iterable[bytes], masks: Filter) -> Iterator[Masked | CommandError]:
    """Mask the value of each JSON line as it comes; blank lines are passed over.

    In place of a line that is not an object with a `value` comes what is wrong, and the others go on.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = _value_of(line)
        except (LookupError, TypeError, ValueError, RecursionError):
            message = f"stdin, line {number}: not a JSON object with a `value`, so it is left out"
            yield CommandError(message, 'for example: {"value": "text"}')
        else:
            yield masks.apply(value)


def _value_of(line: bytes) -> Any:
    """Return the value of a line; bytes that are no text are replaced, and numbers too long for Python are texts."""
    data = json.loads(line.decode("utf-8-sig", "replace"), parse_int=read_integer)
    if not isinstance(data, dict):
        raise TypeError
    return data["value"]


def _masks_of(packs: Iterable[Pack]) -> dict[str, Located[tuple[MaskStep, ...]]]:
    masks: dict[str, Located[tuple[MaskStep, ...]]] = {}
    for pack in packs:
        for name, steps in pack.masks.items():
            masks.setdefault(name, steps)
            masks[f"{pack.name.partition('/')[0]}/{name}"] = steps
    return masks


def _suggestion(name: str, known: Sequence[str], config: str | None) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    start = f"did you mean `{near[0]}`? " if near else ""
    more = "" if config else "; those of a routing.yaml need -c FILE"
    return f"{start}There are: {', '.join(sorted(known))}{more}"


_EXAMPLES = """\b
Examples:  echo "mail bo@example.org" | router mask pii
           router mask secrets order-numbers -c routing.yaml < transcript.txt
           router mask pii --format json < values.jsonl
           router mask pii --diff < transcript.txt

Exit codes: 0 masked, 1 a mask failed and its value was withheld, 2 usage, or a line that could not be read.
"""


@click.command("mask", epilog=_EXAMPLES)
@click.argument("names", nargs=-1, required=True, metavar="MASK...")
@click.option("-c", "--config", "file", metavar="FILE", help="Masks of this routing.yaml as well. Example: -c my.yaml")
@format_option(("human", "json"), "json")
@click.option("--diff", is_flag=True, help="Show the lines that change, before and after. Example: --diff")
def mask(names: tuple[str, ...], file: str | None, form: str, diff: bool) -> int:
    """Mask stdin as the input of a call would be masked, and write it to stdout.

    With --format human stdin is one text, and hits are counted on stderr. With --format json each line is
    {"value": …} and becomes {"value": …, "masked": {…}} as soon as it is read; one that is no such object is told on
    stderr and left out. With --diff what is hidden is
    shown beside what stands in its place: for your own samples, on your own screen.
    """
    from router.cli import mask_report

    if diff and form != "human":
        raise CommandError("`--diff` is for people, so it does not go with `--format json`", "take one of them away")
    masks = build_filter(names, file)
    mask_report.tell_what_to_expect(masks)
    if form == "json":
        return mask_report.print_json(mask_lines(sys.stdin.buffer, masks))
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    masked = masks.apply(text)
    return mask_report.print_diff(text, masked) if diff else mask_report.print_human(masked)


def exit_code(failed: bool) -> ExitCode:
    """Return how the command ends."""
    return ExitCode.FINDINGS if failed else ExitCode.CLEAN
