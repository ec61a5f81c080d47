"""A generated platform: teams in a CSV table with a project each, rules for some, files of their own for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_REGIONS = ("eu", "us", "apac")


@dataclass(frozen=True, slots=True)
class Platform:
    """Where it stands, the credentials of all its projects, and what it is in words."""

    path: Path
    environ: Mapping[str, str]
    words: str


def write_platform(folder: Path, *, teams: int = 1_000) -> Platform:
    """Write routing.yaml and what it needs into a folder: for a thousand teams 300 rules and 200 mounted files."""
    names = [f"team-{number:04}" for number in range(teams)]
    special = names[: max(1, teams * 3 // 10)]
    owners = names[-max(1, teams // 5) :]
    (folder / "teams").mkdir()
    for name in owners:
        (folder / "teams" / f"{name}.yaml").write_text(_TEAM_FILE, encoding="utf-8")
    rows = "\n".join(
        f"{name},cc-{number % 40},{_REGIONS[number % 3]},{'shared' if number % 10 == 9 else ''}"
        for number, name in enumerate(names)
    )
    (folder / "teams.csv").write_text(f"team,cost_center,region,project\n{rows}\n", encoding="utf-8")
    path = folder / "routing.yaml"
    path.write_text(_routing(special), encoding="utf-8")
    variables = {"SHARED", *(f"LF_{name.upper().replace('-', '_')}" for name in names)}
    environ = {
        f"{variable}_{key}": value
        for variable in variables
        for key, value in (("PUBLIC_KEY", f"pk-lf-{variable}"), ("SECRET_KEY", f"sk-lf-{variable}"))
    }
    environ["LANGFUSE_HOST"] = "https://langfuse.example"
    return Platform(
        path, environ, f"{teams:,} teams in a CSV table, {len(special):,} rules and {len(owners):,} mounted files"
    )


_TEAM_FILE = """\
rules:
  - id: batch
    match: { tags: { any_of: [batch] } }
    route: team-{team}
    sample: { rate: 0.05, by: session_id }
  - id: probes
    match: { metadata.purpose: [probe, load-test] }
    route: drop
"""


def _routing(special: list[str]) -> str:
    rules = "\n".join(
        f"  - id: {name}-batch\n    match: {{ team: {name}, tags: {{ any_of: [batch, nightly] }} }}\n"
        f"    route: [team-{name}, shared]\n    sample: {{ rate: 0.1, by: session_id }}\n"
        if number % 10 != 9
        else f"  - id: {name}-models\n    match: {{ team: {name}, model: {{ glob: 'gpt-{number}*' }} }}\n"
        "    route: drop\n"
        for number, name in enumerate(special)
    )
    return f"""\
version: 1
defaults:
  host: ${{LANGFUSE_HOST}}
  mask: [keys]
attributes:
  team: {{ values_from: teams }}
tables:
  teams: {{ file: teams.csv, key: team }}
projects:
  shared: {{ env: SHARED }}
  team-{{team}}: {{ for_each: teams, env: "LF_{{TEAM}}" }}
masks:
  keys: [{{ detect: [api_key, jwt, private_key] }}]
  contacts: [{{ detect: [email, credit_card] }}]
overlays:
  - id: no-store
    when: contains(tags, 'no-store')
    mask: [contacts]
rules:
  - mount: teams/*.yaml
    scope: {{ team: "{{stem}}" }}
    on_error: quarantine
{rules}
  - id: own
    match: {{ team: {{ known: true }} }}
    route: team-{{team}}
    mask: [contacts]
    trace:
      set: {{ metadata.cost_center: "{{team.cost_center}}", metadata.region: "{{team.region}}" }}
  - id: rest
    route: shared
"""
