"""The same rules in other engines: a scan in plain Python, and the packages of `requirements/bench.txt`.

Each rule says: the team is one of these. Each engine returns the first rule that matches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

Teams = tuple[str, ...]
Find = Callable[[], Any]
"""Finds the rule of one call."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to find the first rule that matches.

    Attributes:
        module: what it is imported from; empty for what needs nothing.
        compile: compiles the rules for one call, which is given as the engine wants it; nothing of that is timed.
    """

    name: str
    module: str
    compile: Callable[[Any, Sequence[Teams], str], Find]


def installed() -> tuple[list[tuple[Engine, Any]], list[str]]:
    """Return the engines that are there with their modules, and the names of those that are not."""
    found: list[tuple[Engine, Any]] = []
    missing: list[str] = []
    for engine in ENGINES:
        try:
            found.append((engine, import_module(engine.module) if engine.module else None))
        except ImportError:
            missing.append(engine.name)
    return found, missing


def _scan(_: Any, rules: Sequence[Teams], team: str) -> Find:
    def find(call: dict[str, str]) -> int | None:
        of_call = call["team"]
        for number, teams in enumerate(rules):
            if of_call in teams:
                return number
        return None

    return partial(find, {"team": team})


def _zen(zen: Any, rules: Sequence[Teams], team: str) -> Find:
    """One decision table with hit policy "first"."""
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": "team", "name": "team", "field": "team"}],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [
            {"_id": f"r{number}", "team": ", ".join(map(json.dumps, teams)), "rule": str(number)}
            for number, teams in enumerate(rules)
        ],
    }
    place = {"x": 0, "y": 0}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": place},
        {"id": "table", "type": "decisionTableNode", "name": "table", "position": place, "content": table},
        {"id": "out", "type": "outputNode", "name": "out", "position": place},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
        {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    return lambda: decision.evaluate({"team": team})["result"].get("rule")


def _rule_engine(rule_engine: Any, rules: Sequence[Teams], team: str) -> Find:
    compiled = [rule_engine.Rule(_is_in(teams)) for teams in rules]
    return partial(_first, [rule.matches for rule in compiled], {"team": team})


def _cel_python(celpy: Any, rules: Sequence[Teams], team: str) -> Find:
    environment = celpy.Environment()
    programs = [environment.program(environment.compile(_is_in(teams))) for teams in rules]
    return partial(_first, [program.evaluate for program in programs], celpy.json_to_cel({"team": team}))


def _cel_expr(cel: Any, rules: Sequence[Teams], team: str) -> Find:
    environment = cel.NewEnv(variables={"team": cel.Type.STRING})
    expressions = [environment.compile(_is_in(teams)) for teams in rules]
    activation = environment.Activation({"team": team})

    def find() -> int | None:
        for number, expression in enumerate(expressions):
            if expression.eval(activation).value():
                return number
        return None

    return find


def _is_in(teams: Teams) -> str:
    return f"team == {json.dumps(teams[0])}" if len(teams) == 1 else f"team in {json.dumps(teams)}"


def _first(tests: Sequence[Callable[[Any], Any]], call: Any) -> int | None:
    for number, test in enumerate(tests):
        if test(call):
            return number
    return None


ENGINES = (
    Engine("linear scan in plain Python", "", _scan),
    Engine("zen-engine, a decision table", "zen", _zen),
    Engine("rule-engine", "rule_engine", _rule_engine),
    Engine("cel-expr-python", "cel_expr_python.cel", _cel_expr),
    Engine("cel-python", "celpy", _cel_python),
)
