"""What masking a text takes: five common detectors beside what a user would pick today, groups, long texts, the GIL."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from bench.mask_texts import KB, crowded_texts, dense_texts, different_texts, hostile_texts, prose, texts
from bench.measure import Effort, frozen_heap
from bench.report import Progress, Table, Target
from router.config import load_text
from router.masking import Breathe, MaskingPolicies, breath, mask_text

ROUTER = "router"
_PEERS = Path(__file__).parent / "mask_peers.py"
_PEERS_PYTHON = Path(__file__).parent.parent / ".venv-peers" / "bin" / "python"
_PEERS_TIMEOUT_SECS = 600
_LEAST_SECS = 0.002
_BEAT_SECS = 0.0005
_SCHEDULED = Path("/proc/thread-self/schedstat")
"""Linux: nanoseconds that a thread ran, nanoseconds that it waited for a processor."""
_SIZES = (4, 100, 1_000)
"""Texts in kB, and after them the longest."""
_ROUTING = """\
version: 1
projects: { bench: { env: BENCH } }
rules: [{ id: rest, route: bench }]
masks:
  five: [{ detect: [email, phone, credit_card, api_key, ip] }]
  secrets: [{ detect: [secrets] }]
  without_phone: [{ detect: [secrets, email, credit_card, iban, us_ssn, ip, mac] }]
  all: [{ detect: [secrets, pii] }]
"""
_GROUPS = {"secrets": ("secrets", 40), "without_phone": ("all but phone", 60), "all": ("secrets and pii", 200)}
"""Masks, what the table calls them, and the most µs of CPU for 1 kB."""
_RE = {
    "[EMAIL]": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    "[PHONE]": r"\+?\d{1,3}[ .-]?\(?\d{2,4}\)?(?:[ .-]?\d{2,4}){2,4}",
    "[CREDIT_CARD]": r"\b(?:\d[ -]?){12,18}\d\b",
    "[API_KEY]": r"\b(?:sk-|ghp_|AKIA|xox[bp]-)[\w-]{16,}",
    "[IP]": r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
}
"""What people write who mask with Python's `re`."""


def measure_mask(effort: Effort, progress: Progress) -> list[Table]:
    """Mask texts of several sizes and kinds; CPU of the process, medians."""
    policies = MaskingPolicies.compile(load_text(_ROUTING).masks, {})
    masks = {name: partial(_masked, policies, name) for name in ("five", *_GROUPS)}
    return [
        _side_by_side(masks["five"], effort, progress),
        _hostile(masks["five"], effort, progress),
        _by_size(masks, effort, progress),
        _different(masks, effort, progress),
        _stalls(masks["all"], effort, progress),
        _crowded(masks["all"], effort, progress),
    ]


def _masked(policies: MaskingPolicies, name: str, text: str, breathe: Breathe | None = None) -> str:
    return mask_text(text, policies, [name], breathe=breathe or breath())[0]


def _side_by_side(five: Callable[[str], str], effort: Effort, progress: Progress) -> Table:
    samples = texts()
    rows: dict[str, dict[str, float]] = {}
    for peer, redact in ((ROUTER, five), ("python re, 5 patterns", _with_re())):
        progress(f"mask: {peer}")
        rows[peer] = {name: cpu_us(redact, text, effort.rounds) for name, text in samples.items()}
    others, note = _other_peers(samples, effort, progress)
    rows |= others
    found = rows[ROUTER]
    return Table(
        title="mask: email, phone, credit card, API key and IP address in ordinary text; µs of CPU for each text",
        columns=("peer", *samples),
        rows=tuple((peer, *(times[name] for name in samples)) for peer, times in rows.items()),
        targets=(
            _at_most("4 kB: 100 µs at most", found["4 kB clean"], 100),
            _at_most("4 kB with five finds: 100 µs at most", found["4 kB, 5 finds"], 100),
            _at_most("100 kB: 2 ms at most", found["100 kB clean"], 2_000),
        ),
        notes=(*note, "Peers find different things: what each finds and misses is not compared here."),
    )


def _with_re() -> Callable[[str], str]:
    patterns = [(re.compile(pattern), label) for label, pattern in _RE.items()]

    def redact(text: str) -> str:
        for pattern, label in patterns:
            text = pattern.sub(label, text)
        return text

    return redact


def _other_peers(
    samples: dict[str, str], effort: Effort, progress: Progress
) -> tuple[dict[str, dict[str, float]], tuple[str, ...]]:
    """Return the times of those that live in .venv-peers, and what to say where they could not be measured."""
    if not _PEERS_PYTHON.exists():
        return {}, ("Presidio, datafog and scrubadub are not installed here: `make bench` puts them into .venv-peers.",)
    progress("mask: Presidio, datafog, scrubadub")
    done = subprocess.run(
        [_PEERS_PYTHON, _PEERS],
        input=json.dumps({"texts": samples, "rounds": effort.rounds}),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PEERS_TIMEOUT_SECS,
    )
    if done.returncode != 0:
        return {}, (f"The peers in .venv-peers ended with {done.returncode}.",)
    results = json.loads(done.stdout)
    failed = tuple(f"{name} did not run: {found}." for name, found in results.items() if isinstance(found, str))
    return {name: found for name, found in results.items() if not isinstance(found, str)}, failed


def _hostile(five: Callable[[str], str], effort: Effort, progress: Progress) -> Table:
    rows = []
    for name, text in hostile_texts().items():
        progress(f"mask: {name}")
        rows.append((name, cpu_us(five, text, min(effort.rounds, 3)) / 1_000))
    return Table(
        title="mask: 100 kB of what nearly matches, again and again, with the same five detectors",
        columns=("text", "CPU ms"),
        rows=tuple(rows),
        targets=(_at_most("hostile 100 kB: 20 ms at most", max(taken for _, taken in rows), 20, "ms"),),
    )


def _crowded(mask_all: Callable[[str], str], effort: Effort, progress: Progress) -> Table:
    rows = []
    size = min(100, effort.longest_kb // 5)
    for name, text in crowded_texts(size * KB).items():
        progress(f"mask: {name}")
        rows.append((name, cpu_us(mask_all, text, min(effort.rounds, 3)) / 1_000))
    most = 2 * size
    return Table(
        title=f"mask: {_told(size)} of finds, or of what nearly is one, again and again, with all detectors",
        columns=("text", "CPU ms"),
        rows=tuple(rows),
        targets=(_at_most(f"{_told(size)}: {most} ms at most", max(taken for _, taken in rows), most, "ms"),),
    )


def _by_size(masks: dict[str, partial[str]], effort: Effort, progress: Progress) -> Table:
    sizes = (*(size for size in _SIZES if size < effort.longest_kb), effort.longest_kb)
    samples = {_told(size): prose(size * KB, size) for size in sizes}
    rows = []
    targets = []
    for mask, (told, most) in _GROUPS.items():
        progress(f"mask: {told}")
        per_kb = [cpu_us(masks[mask], text, min(effort.rounds, 3)) * KB / len(text) for text in samples.values()]
        rows.append((told, *per_kb))
        common = per_kb[:2][-1]
        targets.append(_at_most(f"{told}: {most} µs for 1 kB at most", common, most))
        growth, linear = per_kb[-1] / common, f"{told}: linear to {_told(sizes[-1])}"
        targets.append(Target(linear, f"{growth:.2f} times as much for 1 kB", growth < 2))
    return Table(
        title="mask: µs of CPU for 1 kB of text with one find in each",
        columns=("detectors", *samples),
        rows=tuple(rows),
        targets=tuple(targets),
    )


def _different(masks: dict[str, partial[str]], effort: Effort, progress: Progress) -> Table:
    """Mask texts that were never seen: RE2 learns of each what it had not met yet."""
    samples = different_texts(effort.rounds * 10)
    size = sum(map(len, samples)) / KB
    rows = []
    for mask, (told, _) in _GROUPS.items():
        progress(f"mask: different texts, {told}")
        rows.append((told, *(_cpu_of_all(masks[mask], samples) / size for _ in range(2))))
    return Table(
        title=f"mask: µs of CPU for 1 kB of {len(samples)} modules of Python's library, one after the other",
        columns=("detectors", "first time", "second time"),
        rows=tuple(rows),
        notes=("The other tables mask one text again and again, as benchmarks do and calls do not.",),
    )


def _cpu_of_all(function: Callable[[str], str], samples: list[str]) -> float:
    before = time.process_time()
    for text in samples:
        function(text)
    return (time.process_time() - before) * 1e6


def _stalls(mask_all: Callable[[str], str], effort: Effort, progress: Progress) -> Table:
    """Mask on one thread while another wants the GIL again and again."""
    progress("mask: the GIL")
    long, short = effort.longest_kb, effort.longest_kb // 5
    work: dict[str, Callable[[], object]] = {
        "nothing": lambda: threading.Event().wait(0.5),
        f"{_told(long)} of prose": partial(mask_all, prose(long * KB, long // 10)),
        f"{_told(short)} with {short:,} finds": partial(mask_all, prose(short * KB, short)),
        f"{_told(long)} of digits": partial(mask_all, "1 " * (long * KB // 2)),
        f"{_told(short)} of base64": partial(mask_all, hostile_texts(short * KB)["base64"]),
        **{f"{_told(short)} of {name}": partial(mask_all, text) for name, text in dense_texts(short * KB).items()},
    }
    mask_all("Call +49 30 23125 777.")  # what is compiled once
    rows = []
    for name, run in work.items():
        with frozen_heap(), _heart() as late:
            run()
        rows.append((name, len(late), median(late) * 1_000, max(late) * 1_000))
    return Table(
        title="mask: how long another thread waits for the GIL",
        columns=("while masking", "times asked", "median ms", "longest ms"),
        rows=tuple(rows),
        targets=(
            _at_most(
                "no stall above 5 ms beside the machine's own", max(row[3] for row in rows[1:]) - rows[0][3], 5, "ms"
            ),
        ),
        notes=("Python is asked to hand over after 0.5 ms here, so that steps that cannot be interrupted show.",),
    )


@contextmanager
def _heart() -> Iterator[list[float]]:
    """Give a list of how late a thread came back from waits of half a millisecond, in seconds.

    What this process did not run itself meanwhile is left out, and for how long the thread waited for a processor: then
    the machine was busy with something else.
    """
    late: list[float] = [0.0]
    stop = threading.Event()

    def beat() -> None:
        while not stop.is_set():
            queued = _queued_secs()  # lets the GIL go as well, so outside of what is timed
            begin, before = time.perf_counter(), time.process_time()
            stop.wait(_BEAT_SECS)
            waited, ran = time.perf_counter() - begin - _BEAT_SECS, time.process_time() - before
            late.append(max(0.0, min(waited - (_queued_secs() - queued), ran)))

    thread = threading.Thread(target=beat, daemon=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_BEAT_SECS)
    thread.start()
    try:
        yield late
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)


def _queued_secs() -> float:
    """Return how long this thread was ready to run and got no processor; 0 where the system does not tell."""
    try:
        return int(_SCHEDULED.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def cpu_us(function: Callable[[str], str], text: str, rounds: int) -> float:
    """Return the CPU that the process spends on `function(text)`, in µs: the median of `rounds`."""
    function(text)
    begin = time.process_time()
    function(text)
    repeat = max(1, int(_LEAST_SECS / max(1e-6, time.process_time() - begin)))
    taken = []
    for _ in range(rounds):
        before = time.process_time()
        for _ in range(repeat):
            function(text)
        taken.append((time.process_time() - before) / repeat * 1e6)
    return median(taken)


def _told(size: int) -> str:
    return f"{size} kB" if size < 1_000 else f"{size / 1_000:g} MB"


def _at_most(text: str, measured: float, most: float, unit: str = "µs") -> Target:
    return Target(text, f"{measured:,.1f} {unit}", measured <= most)
