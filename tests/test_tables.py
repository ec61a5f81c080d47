"""Tables: rows from three kinds of files, projects expanded from them, and routes that never leave the closed world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import LoadedConfig, load_config, load_text
from router.config.csv_reader import read_csv
from router.config.nodes import Source
from router.config.text_error import TextError
from router.errors import ConfigError
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable

HEAD = """
version: 1
attributes: {team: {values_from: teams}}
tables:
  teams:
    payments: {cost_center: 007, tier: gold}
    search: {cost_center: cc-204}
    growth: {project: shared, tier: true}
  models: {gpt-4o: {vendor: openai}}
projects:
  shared: {env: LANGFUSE}
  team-{team}: {for_each: teams, public_key: {env: "LF_{TEAM}_PK"}, secret_key: {file: "keys/{team}"}}
"""
RULES = """
rules:
  - {id: gold, match: {team: {has: tier}, stream: true}, route: "team-{team}", trace: {set: {name: "{team.tier}"}}}
  - {id: known, match: {team: {known: true}}, route: ["team-{team}", shared]}
  - {id: vendor, match: {model: {in: models}}, route: shared, trace: {set: {name: "{model.vendor}"}}}
  - {id: rest, route: shared}
"""


def plan(request: dict[str, Any], rules: str = RULES) -> Plan:
    return RoutingTable.compile(load_text(HEAD + rules)).resolve(record_from_request(request))


def codes(text: str, **options: Any) -> list[str]:
    try:
        return [problem.code for problem in load_text(text, **options).warnings]
    except ConfigError as error:
        return [problem.code for problem in error.problems]


# -- files ---------------------------------------------------------------------------------------------------


def loaded_from(folder: Path, table: str, content: str, key: str = "") -> LoadedConfig:
    (folder / table).write_bytes(content.encode())
    named = f"{{file: {table}{key}}}"
    text = f"version: 1\ntables: {{t: {named}}}\nprojects: {{a: {{env: A}}}}\nrules: [{{id: rest, route: a}}]\n"
    (folder / "routing.yaml").write_text(text)
    return load_config(folder / "routing.yaml", environ=None)


@pytest.mark.parametrize(
    ("table", "content", "key"),
    [
        ("t.csv", '\ufeffteam,cc,note\r\npay, 007 ,"a, ""b"""\r\n\r\n# none\r\nlab,,\r\n', ", key: team"),
        ("t.yaml", "pay: {cc: 007, note: 'a, \"b\"'}\nlab: {}\n", ""),
        ("t.yml", "- {team: pay, cc: 007, note: 'a, \"b\"'}\n- {team: lab, note: ''}\n", ", key: team"),
    ],
)
def test_a_table_reads_the_same_from_every_kind_of_file(tmp_path: Path, table: str, content: str, key: str) -> None:
    """Numbers are texts as they are written, and an empty cell is not there."""
    loaded = loaded_from(tmp_path, table, content, key).vocabulary.by_name["t"]
    assert {row.key: dict(row.cells) for row in loaded.rows.values()} == {
        "pay": {"cc": "007", "note": 'a, "b"'},
        "lab": {},
    }
    assert loaded.columns == ("cc", "note")


def test_the_digest_changes_with_a_table_file(tmp_path: Path) -> None:
    """A digest names everything that decides."""
    digests = {loaded_from(tmp_path, "t.csv", f"team,cc\npay,{cc}\n", ", key: team").digest for cc in "112"}
    assert len(digests) == 2


def test_a_table_file_is_bounded(tmp_path: Path) -> None:
    """As the YAML file itself is: by its size, and by the number of its values."""
    for content, code in (("a\n" + "x" * (1 << 20), "RT107"), ("a\n" + "," * 100_001, "RT131")):
        with pytest.raises(ConfigError) as error:
            loaded_from(tmp_path, "t.csv", content, ", key: a")
        assert [(problem.code, Path(problem.file).name) for problem in error.value.problems] == [(code, "t.csv")]


@given(st.lists(st.lists(st.text("a,\"\n \r#'", max_size=4), min_size=2, max_size=3), max_size=3))
def test_whatever_is_quoted_is_read_back(records: list[list[str]]) -> None:
    """Quotes, commas and line ends inside quotes are text."""
    text = "\n".join(",".join('"' + field.replace('"', '""') + '"' for field in record) for record in records)
    read = [[field.text for field in record] for record in read_csv(Source("t.csv", text))]
    assert read == [record for record in records if any(record)]


@given(st.text('a,"\n\r #', max_size=20))
def test_no_text_breaks_the_reader(text: str) -> None:
    """It is read, or refused at a place inside it."""
    try:
        records = read_csv(Source("t.csv", text))
        spans = [(field.start, field.end) for record in records for field in record]
    except TextError as error:
        spans = [(error.start, error.end - 1)]
    assert all(0 <= start <= end <= len(text) for start, end in spans)


# -- project templates ----------------------------------------------------------------------------------------


def test_a_template_gives_one_project_for_each_row_that_shares_none() -> None:
    """The closed world holds only names that are whole."""
    loaded = load_text(HEAD + RULES)
    assert loaded.project_names == ("shared", "team-payments", "team-search")
    assert loaded.project_aliases == {"team-growth": "shared"}


def test_holes_are_filled_with_the_key_in_both_spellings_and_with_columns(tmp_path: Path) -> None:
    """`{TEAM}` is fit for the name of a variable."""
    (tmp_path / "cc-1").write_text("sk-lf-1\n")
    text = """
version: 1
tables: {teams: {pay-in.eu: {cc: cc-1, host: langfuse.example.com}}}
projects:
  "{team}":
    for_each: teams
    public_key: {env: "LF_{TEAM}_PK"}
    secret_key: {file: "{team.cc}"}
    host: "https://{team.host}"
    environment: "eu-{team.cc}"
rules: [{id: t, match: {team: {in: teams}}, route: "{team}"}, {id: rest, route: drop}]
"""
    loaded = load_text(text, environ={"LF_PAY_IN_EU_PK": "pk-lf-1"}, folder=tmp_path)
    project = loaded.projects["pay-in.eu"]
    assert (project.public_key, project.secret_key.get_secret_value()) == ("pk-lf-1", "sk-lf-1")
    assert (project.host, project.environment) == ("https://langfuse.example.com", "eu-cc-1")


def test_a_template_that_no_rule_reaches_is_told_once() -> None:
    """Not once for each of its rows."""
    assert codes(HEAD + "rules: [{id: rest, route: shared}]") == ["RT611"]


def test_a_table_of_a_thousand_rows_is_a_thousand_projects_and_one_rule() -> None:
    """The decision is looked up, not built."""
    rows = "".join(f"    t{index}: {{cc: cc-{index}}}\n" for index in range(1000))
    text = f"""
version: 1
tables:
  teams:
{rows}
projects: {{"{{team}}": {{for_each: teams, env: "{{TEAM}}"}}}}
rules: [{{id: t, match: {{team: {{in: teams}}}}, route: "{{team}}"}}, {{id: rest, route: drop}}]
"""
    table = RoutingTable.compile(load_text(text))
    for index in range(1000):
        assert table.resolve(record_from_request({"team": f"t{index}"})).route == (f"t{index}",)


# -- conditions and routes -------------------------------------------------------------------------------------


def test_a_row_decides_the_route() -> None:
    """Its own project, or the one that it shares; each project once."""
    assert plan({"team": "search"}).route == ("team-search", "shared")
    assert plan({"team": "growth"}).route == ("shared",)
    assert plan({"team": "nobody"}).rule == "rest"
    assert plan({}).rule == "rest"


def test_a_column_decides_a_condition_and_fills_a_hole() -> None:
    """A row without the column does not match."""
    found = plan({"team": "payments", "stream": True})
    assert (found.rule, found.route, found.trace["name"]) == ("gold", ("team-payments",), "gold")
    assert plan({"team": "growth", "stream": True}).trace["name"] == "true"
    assert plan({"team": "search", "stream": True}).rule == "known"


def test_a_model_is_looked_up_in_every_spelling() -> None:
    """The bare name is in the table, whatever the client asked for."""
    found = plan({"model": "openai/gpt-4o", "provider": "openai", "model_group": "fast"})
    assert (found.rule, found.trace["name"]) == ("vendor", "openai")


def test_a_value_outside_the_table_can_be_asked_for() -> None:
    """`known: false` is for a rule that catches what the table lacks, a missing value included."""
    rules = """
rules:
  - {id: known, match: {team: {known: true}}, route: "team-{team}"}
  - {id: other, match: {team: {known: false}}, route: shared}
  - {id: rest, route: drop}
"""
    assert [plan({"team": team}, rules).rule for team in ("payments", "nobody", "")] == ["known", "other", "other"]


@pytest.mark.parametrize("operator", ["in: teams", "known: true", "has: cost_center", "in: teams, has: cost_center"])
def test_explain_names_the_table(operator: str) -> None:
    """Whoever reads why a rule did not match sees where to look."""
    rules = f"rules: [{{id: r, match: {{team: {{{operator}}}}}, route: 'team-{{team}}'}}, {{id: rest, route: shared}}]"
    table = RoutingTable.compile(load_text(HEAD + rules))
    words = [table.explain(record_from_request({"team": team})).steps[0].why for team in ("search", "nobody")]
    assert all("in table teams" in word for word in words)
    assert words[1].endswith('got "nobody"')


@pytest.mark.parametrize(
    "match",
    ["{team: [payments, search]}", "{all: [{team: search}, {team: {known: true}}]}", "{team: {any_of: [search]}}"],
)
def test_a_rule_for_named_rows_may_use_them_in_its_route(match: str) -> None:
    """Values that are all rows hold an attribute to its table as `known` does, below `all` as well."""
    rules = f"rules: [{{id: r, match: {match}, route: 'team-{{team}}'}}, {{id: rest, route: shared}}]"
    assert plan({"team": "search"}, rules).route == ("team-search",)
    assert plan({"team": "growth"}, rules).rule == "rest"


def test_a_value_that_is_no_row_does_not_hold_a_route_to_the_table() -> None:
    """A call could have it, and there would be no project for it."""
    rules = "rules: [{id: r, match: {key_alias: [search, x]}, route: 'team-{key_alias}'}, {id: rest, route: shared}]"
    head = HEAD.replace("{team: {values_from: teams}}", "{team: {values_from: teams}, key_alias: {values_from: teams}}")
    assert codes(head + rules) == ["RT213", "RT613"]


@given(st.text(max_size=8) | st.sampled_from(["payments", "search", "growth", "{team}", "shared", "drop"]))
def test_no_request_makes_a_project_up(team: str) -> None:
    """Whatever a call says, it goes to a project of the closed world."""
    assert set(plan({"team": team}).route) <= {"shared", "team-payments", "team-search"}


# -- declared values ----------------------------------------------------------------------------------------------


def test_declared_values_check_the_file_and_not_the_call() -> None:
    """A call with another value goes on."""
    text = """
version: 1
attributes: {metadata.region: {values: [eu, us]}, metadata.zone: {values: [1, true]}}
projects: {a: {env: A}, b: {env: B}}
rules:
  - {id: eu, match: {metadata.region: {not: [us]}, metadata.zone: [1, true]}, route: a}
  - {id: rest, route: [a, b]}
"""
    table = RoutingTable.compile(load_text(text))
    assert table.resolve(record_from_request({"metadata": {"region": "mars", "zone": 1}})).rule == "eu"
    assert codes(text.replace("[us]", "[su]")) == ["RT213"]


def test_two_names_for_one_project_unite_their_masks() -> None:
    """Where a row shares the project that the route names as well, that project gets the masks of both, each once."""
    rules = """
rules:
  - id: known
    match: {team: {known: true}}
    route: [{project: "team-{team}", mask: [pii, secrets]}, {project: shared, mask: [secrets, audit]}]
  - {id: rest, route: shared}
masks: {audit: [{paths: [input]}]}
"""
    assert plan({"team": "payments"}, rules).masks == {
        "team-payments": ("pii", "secrets"),
        "shared": ("secrets", "audit"),
    }
    assert plan({"team": "growth"}, rules).masks == {"shared": ("pii", "secrets", "audit")}


def test_several_conditions_on_a_text_hold_it_to_the_rows_that_all_of_them_admit() -> None:
    """Row `search` has no project of another, but the second condition leaves it out."""
    text = """
version: 1
tables: {teams: {search: {tier: gold}, growth: {tier: gold, project: shared}}}
attributes: {team: {values_from: teams}}
projects: {shared: {env: A}}
rules:
  - {id: r, match: {all: [{team: [search, growth]}], team: {has: project}}, route: "{team.project}"}
  - {id: rest, route: shared}
"""
    plan = RoutingTable.compile(load_text(text)).resolve(record_from_request({"team": "growth"}))
    assert (plan.rule, plan.route) == ("r", ("shared",))
