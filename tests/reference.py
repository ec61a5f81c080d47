"""What routing.yaml means, written down once more in the plainest way: no index, no memory, one thing after another.

`decide` reads the file's plain data, not the compiled rules, and shares no code with `router.routing`. It is slow, and
right at sight; the properties compare the two.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from router.routing.record import CallRecord

HOST = "team team_alias key_alias org model model_group provider call_type status stream tokens".split()

WHENS: Mapping[str, Callable[[CallRecord], bool | None]] = {
    "stream": lambda call: call.stream,
    "team == 'a'": lambda call: call.team == "a",
    "contains(tags, 't1') && !stream": lambda call: "t1" in call.tags and not call.stream,
    "metadata.n > `2`": lambda call: more_than_two(call.metadata.get("n")),
}
"""Conditions, and what they say of a call; None where they cannot be evaluated."""

WINDOWS: list[tuple[dict[str, Any], Callable[[datetime], bool]]] = [
    ({"from": "2026-12-01"}, lambda time: (time.year, time.month) >= (2026, 12)),
    ({"until": "2026-12-01T12:00+01:00"}, lambda time: (time.month, time.day, time.hour) < (12, 1, 11)),
    ({"days": "mon-fri"}, lambda time: time.weekday() < 5),
    ({"hours": ["22:00-06:00", "12:00-13:00"]}, lambda time: time.hour in (22, 23, 0, 1, 2, 3, 4, 5, 12)),
    (
        {"days": ["sat"], "hours": "22:00-06:00"},
        lambda time: (time.weekday(), time.hour >= 22) == (5, True) or (time.weekday(), time.hour < 6) == (6, True),
    ),
]
"""Times of `active:`, and which moments of 2026 (UTC) are in them."""


@dataclass
class Expected:
    """What must come out."""

    rule: str | None = None
    route: tuple[str, ...] = ()
    drop: str | None = None
    overlays: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    shadow: list[str] = field(default_factory=list)
    masks: dict[str, list[str]] = field(default_factory=dict)
    rate: float = 1.0
    kept: bool = True
    trace: dict[str, Any] = field(default_factory=dict)
    generation: dict[str, Any] = field(default_factory=dict)


def decide(config: Mapping[str, Any], call: CallRecord, place: float) -> Expected:
    """Return what becomes of a call whose bucket is `place` everywhere."""
    found = Expected()
    overlays, rules = met(config, call)
    entries = [entry for entry in overlays if matches(config, entry, call, place, found, is_rule=False)]
    rule, in_doubt = None, []
    for entry in rules:
        known = len(found.undecided)
        if matches(config, entry, call, place, found, is_rule=True):
            rule = entry
            break
        if len(found.undecided) > known and entry.get("mode") != "shadow":
            in_doubt.append(entry)
    if rule is None:
        return Expected(drop="unauthenticated")
    found.overlays = [entry["id"] for entry in entries]
    entries.append(rule)
    found.rule = rule["id"]
    found.rate = min([1.0, *[entry["sample"] for entry in entries if "sample" in entry]])
    found.kept = place < found.rate
    route = projects(config, rule["route"], call)
    found.drop = "policy" if not route else None if found.kept else "sampled_out"
    found.route = () if found.drop else tuple(route)
    masks = unique(
        [*config["defaults"]["mask"], *[mask for entry in (*entries, *in_doubt) for mask in entry.get("mask", [])]]
    )
    asked = [f"mask-{part}" for part in ("input", "output") if part in call.requested.mask]
    found.masks = {project: unique([*masks, *asked]) for project in found.route}
    found.trace = trace_of(config, entries, call)
    found.generation = {"name": f"litellm:{call.key_alias}" if call.key_alias else f"litellm-{call.call_type}"}
    return found


def met(config: Mapping[str, Any], call: CallRecord) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the overlays and rules that a call meets; one without a key meets what asks for it, and masks."""
    if call.authenticated:
        return config["overlays"], config["rules"]
    overlays = []
    for entry in config["overlays"]:
        if entry.get("match", {}).get("authenticated") is False:
            overlays.append(entry)
        elif entry.get("mask"):
            overlays.append({key: entry[key] for key in entry if key not in ("trace", "sample")})
    return overlays, [rule for rule in config["rules"] if rule.get("match", {}).get("authenticated") is False]


def matches(
    config: Mapping[str, Any], entry: Mapping[str, Any], call: CallRecord, place: float, found: Expected, is_rule: bool
) -> bool:
    """Tell whether an entry matches and has an effect; note what only would, and what cannot be told."""
    in_doubt = entry.get("on_error", "match" if not is_rule and entry.get("mask") else "no_match") == "match"
    verdict: bool | None = holds(config, entry.get("match", {}), call, in_doubt)
    if verdict and "active" in entry:
        verdict = is_open(entry["active"], call.start_time_unix_nano)
    if verdict and "rollout" in entry:
        verdict = place < entry["rollout"]["percent"] / 100
    if verdict and "when" in entry:
        verdict = WHENS[entry["when"]](call)
    if verdict is None:
        found.undecided.append(entry["id"])
        verdict = in_doubt
    if verdict and entry.get("mode") == "shadow":
        found.shadow.append(entry["id"])
        return False
    return verdict


def holds(config: Mapping[str, Any], match: Mapping[str, Any], call: CallRecord, in_doubt: bool = False) -> bool:
    """Tell whether a `match:` holds."""
    for name, wanted in match.items():
        if name == "any":
            held = any(holds(config, inner, call, in_doubt) for inner in wanted)
        elif name == "all":
            held = all(holds(config, inner, call, in_doubt) for inner in wanted)
        elif name == "not":
            held = not holds(config, wanted, call, not in_doubt)
        else:
            held = test(config, name, wanted, texts(config, name, call), in_doubt)
        if not held:
            return False
    return True


def test(config: Mapping[str, Any], name: str, wanted: Any, given: list[str], in_doubt: bool) -> bool:
    """Tell whether one matcher holds for the texts of an attribute; `in_doubt` where what is no number is compared."""
    number = one_number(given)
    unclear = in_doubt and bool(given)
    if isinstance(wanted, list):
        return any(spelled(value) in given for value in wanted)
    if not isinstance(wanted, Mapping):
        return spelled(wanted) in given
    rows = config["tables"].get(wanted.get("in") or config["attributes"].get(name, {}).get("values_from"), {})
    answers: dict[str, Callable[[Any], bool]] = {
        "not": lambda inner: not test(config, name, inner, given, not in_doubt),
        "glob": lambda pattern: any(fnmatch.fnmatchcase(text, pattern) for text in given),
        "regex": lambda pattern: any(re.fullmatch(pattern, text, re.DOTALL) for text in given),
        "exists": lambda yes: bool(given) == yes,
        "any_of": lambda values: any(spelled(value) in given for value in values),
        "all_of": lambda values: all(spelled(value) in given for value in values),
        "none_of": lambda values: not any(spelled(value) in given for value in values),
        "in": lambda table: any(text in rows for text in given),
        "known": lambda yes: any(text in rows for text in given) == yes,
        "gt": lambda bound: unclear if number is None else number > bound,
        "gte": lambda bound: unclear if number is None else number >= bound,
        "lt": lambda bound: unclear if number is None else number < bound,
        "lte": lambda bound: unclear if number is None else number <= bound,
        "has": lambda column: any(text in rows and column in rows[text] for text in given),
    }
    return all(answers[operator](operand) for operator, operand in wanted.items())


def is_open(active: Mapping[str, Any], start: int) -> bool | None:
    """Tell whether a call starts at a time; None where nobody knows when it did."""
    inside = next(inside for window, inside in WINDOWS if window == active)
    return inside(datetime.fromtimestamp(start / 1e9, UTC)) if start else None


def one_number(given: list[str]) -> float | None:
    """Return the number that is the only text, None otherwise."""
    try:
        plain = len(given) == 1 and given[0].isascii() and "_" not in given[0]
        return float(given[0]) if plain and math.isfinite(float(given[0])) else None
    except ValueError:
        return None


# -- attributes ------------------------------------------------------------------------------------------


def texts(config: Mapping[str, Any], name: str, call: CallRecord) -> list[str]:
    """Return the texts that a matcher on an attribute compares."""
    spec = config["attributes"].get(name, {})
    if "from" in spec:
        value = declared(spec, call)
    elif name == "model":
        bare = call.model.removeprefix(f"{call.provider}/") if call.provider else call.model
        value = [call.model_group, f"{call.provider}/{bare}" if call.provider and bare else None, bare]
    else:
        value = raw(name, call)
    values = value if isinstance(value, (list, tuple)) else [value]
    return [text for one in values if (text := spelled(one))]


def declared(spec: Mapping[str, Any], call: CallRecord) -> Any:
    """Return the value of a declared attribute: the first of its paths that has one of its type."""
    for path in spec["from"]:
        if call.origin == "proxy" and spec.get("trust") != "caller" and path not in HOST:
            continue
        value = converted(spec, raw(path, call))
        if value is not None:
            return value
    return spec.get("default")


def converted(spec: Mapping[str, Any], value: Any) -> Any:
    """Return a value as one of the declared type, None when it is none."""
    if spec.get("type") == "number":
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return None
        try:
            number = float(value)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    if spec.get("type") == "list":
        values = value if isinstance(value, (list, tuple)) else [value]
        return [text for one in values if (text := spelled(one))] or None
    text = spelled(value)
    return text.lower() or None if text is not None and spec.get("normalize") == "lower" else text or None


def raw(name: str, call: CallRecord) -> Any:
    """Return what stands in a call under a path."""
    family, _, key = name.partition(".")
    if name == "tokens":
        return (call.usage_details or {}).get("total")
    if family == "header":
        return call.headers.get(key)
    if family != "metadata":
        return getattr(call, name)
    value: Any = call.metadata
    for step in key.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def spelled(value: Any) -> str | None:
    """Return a scalar as YAML would write it, None for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (str, int, float)) else None


def more_than_two(value: Any) -> bool | None:
    """Compare with 2: nothing is not more, and what is no number cannot be compared."""
    if value is None:
        return False
    return value > 2 if isinstance(value, (int, float)) and not isinstance(value, bool) else None


# -- effects ---------------------------------------------------------------------------------------------


def projects(config: Mapping[str, Any], route: Any, call: CallRecord) -> list[str]:
    """Return the projects of a route; `team-{team}` is the row's own, unless the row shares another."""
    if route == "drop":
        return []
    names = []
    for name in [route] if isinstance(route, str) else route:
        if "{" in name:
            team = next(text for text in texts(config, "team", call) if text in config["tables"]["teams"])
            row = config["tables"]["teams"][team]
            name = row.get("project", f"team-{team}") if name == "team-{team}" else row["project"]
        names.append(name)
    return unique(names)


def trace_of(config: Mapping[str, Any], entries: list[Mapping[str, Any]], call: CallRecord) -> dict[str, Any]:
    """Return the trace: what is `default`, then what the application says, then what is `set`, then more tags."""
    trace: dict[str, Any] = {}
    updates = [entry.get("trace", {}) for entry in entries]
    for update in updates:
        trace |= filled(config, update.get("default", {}), call)
    if not call.authenticated:
        pass
    elif call.origin == "sdk":
        said = {"session_id": call.session_id, "user_id": call.user, "tags": list(call.tags)}
        trace |= {**{key: value for key, value in said.items() if value}, **call.requested.trace}
    elif call.host_tags:
        trace["tags"] = list(call.host_tags)
    for update in updates:
        trace |= filled(config, update.get("set", {}), call)
    for update in updates:
        if added := update.get("append", {}).get("tags"):
            trace["tags"] = unique([*trace.get("tags", []), *added])
    return {"name": f"litellm-{call.call_type}", **trace}


def filled(config: Mapping[str, Any], fields: Mapping[str, str], call: CallRecord) -> dict[str, str]:
    """Return the fields with `{team}` filled in; one whose team is missing is left out."""
    team = ", ".join(texts(config, "team", call))
    return {key: value.replace("{team}", team) for key, value in fields.items() if team or "{team}" not in value}


def unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))
