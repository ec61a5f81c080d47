"""Team files: fenced in by their scope, called by their stem, left out when broken, and never able to un-mask."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from router.config import LoadedConfig, find_needs, load_config
from router.config.draft import read_draft
from router.config.model import FileRef, RoutingConfig
from router.config.mounting import MOST_FILES, TeamFiles, read_mounts
from router.config.yaml_reader import read_yaml
from router.errors import ConfigError
from router.pipeline import Router
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable
from router.testing import FakeLangfuse
from router.verify import run_tests
from tests.command_line import router

MAIN = """
version: 1
attributes: {team: {values_from: teams}}
tables: {teams: {payments: {cost_center: cc-1}, search: {cost_center: cc-2}, growth: {}}}
masks: {pci: [{detect: [credit_card]}], own: [{detect: [email]}]}
projects: {shared: {env: LANGFUSE}, audit: {env: AUDIT}, "team-{team}": {for_each: teams, env: "LF_{TEAM}"}}
rules:
  - {id: probes, match: {tags: [probe]}, route: drop}
  - mount: teams/*.yaml
    scope: {team: "{stem}"}
    allow: [rules, tests, masks, overlays, projects]
    on_error: ON_ERROR
  - id: payments
    match: {team: payments, stream: true}
    route: [team-payments, {project: audit, mask: [own]}]
    mask: [pci]
  - {id: known, match: {team: {known: true}}, route: "team-{team}"}
  - {id: rest, route: shared}
"""
SMALL = """
version: 1
projects: {shared: {env: SHARED}}
rules:
  - mount: teams/*.yaml
    scope: {team: "{stem}"}
    allow: [rules, masks, projects]
    on_error: ON_ERROR
  - {id: rest, route: shared}
"""
PLAIN = "rules: [{id: batch, match: {tags: [batch]}, route: shared}]"
KEYS = {"SHARED_PUBLIC_KEY": "pk-lf-shared", "SHARED_SECRET_KEY": "sk-lf-shared"}
BATCH = """
rules:
  - id: batch
    match: {tags: [batch]}
    route: "team-{team}"
    trace: {set: {metadata.cost_center: "{team.cost_center}"}}
"""


def loaded_from(folder: Path, on_error: str = "fail", main: str = MAIN, **teams: str) -> LoadedConfig:
    """Load the main file beside some team files."""
    write(folder, on_error, main, **teams)
    return load_config(folder / "routing.yaml", environ=None)


def write(folder: Path, on_error: str, main: str, **teams: str) -> None:
    """Write the main file and some team files."""
    (folder / "teams").mkdir(exist_ok=True)
    for name, text in teams.items():
        (folder / "teams" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "routing.yaml").write_text(main.replace("ON_ERROR", on_error), encoding="utf-8")


def plan(loaded: LoadedConfig, **request: Any) -> Plan:
    return RoutingTable.compile(loaded).resolve(record_from_request(request))


def problems(folder: Path, on_error: str = "fail", main: str = MAIN, **teams: str) -> list[tuple[str, str]]:
    """Return code and file name of everything that is found."""
    try:
        found = loaded_from(folder, on_error, main, **teams).problems
    except ConfigError as error:
        found = error.problems
    return [(problem.code, Path(problem.file).name) for problem in found]


# -- place and scope ------------------------------------------------------------------------------------------


def test_a_team_file_is_evaluated_at_its_mount_and_in_its_scope(tmp_path: Path) -> None:
    """Rules above the mount come first, those below take what is left, and another team's calls are never met."""
    loaded = loaded_from(tmp_path, search=BATCH)
    assert [rule.value.id for rule in loaded.rules] == ["probes", "search/batch", "payments", "known", "rest"]
    assert plan(loaded, team="search", tags=["batch"]).rule == "search/batch"
    assert plan(loaded, team="search", tags=["batch", "probe"]).rule == "probes"
    assert plan(loaded, team="search").rule == "known"
    assert plan(loaded, team="growth", tags=["batch"]).rule == "known"
    assert plan(loaded, tags=["batch"]).rule == "rest"


def test_the_scope_holds_the_team_to_its_row(tmp_path: Path) -> None:
    """So a team file may use `{team}` in a route and `{team.cost_center}` in a value."""
    found = plan(loaded_from(tmp_path, search=BATCH), team="search", tags=["batch"])
    assert (found.route, found.trace["metadata"]) == (("team-search",), {"cost_center": "cc-2"})


def test_explain_shows_the_scope_and_the_place_in_the_team_file(tmp_path: Path) -> None:
    """Whoever asks why sees whose rule it was."""
    table = RoutingTable.compile(loaded_from(tmp_path, search=BATCH))
    steps = table.explain(record_from_request({"team": "growth"})).steps
    found = next(step for step in steps if step.id == "search/batch")
    assert (Path(found.file).name, found.line, found.why) == ("search.yaml", 3, 'team = "search", got "growth"')


def test_rules_of_other_teams_are_not_even_tried(tmp_path: Path) -> None:
    """The scope is an exact key, so two hundred files cost a call no more than one."""
    table = RoutingTable.compile(loaded_from(tmp_path, search=BATCH, payments=BATCH, growth=PLAIN))
    found = table.rules.candidates(record_from_request({"team": "search"}))
    assert [entry.id for entry in found if "/" in entry.id] == ["search/batch"]


@pytest.mark.parametrize(
    ("scope", "team", "request_", "matches"),
    [
        ("{team: '{stem}', org: '{folder}'}", "a.b", {"team": "a.b", "org": "teams"}, True),
        ("{team: '{stem}', org: '{folder}'}", "a.b", {"team": "a.b", "org": "other"}, False),
        ("{team: {regex: '{stem}-.*'}}", "a.b", {"team": "a.b-x"}, True),
        ("{team: {regex: '{stem}-.*'}}", "a.b", {"team": "aXb-x"}, False),
        ("{any: [{team: '{stem}'}, {key_alias: ['team:{stem}']}]}", "ab", {"key_alias": "team:ab"}, True),
        ("{not: {team: {not: '{stem}'}}}", "ab", {"team": "b"}, False),
    ],
)
def test_holes_of_a_scope_stand_for_the_name_of_the_file(
    tmp_path: Path, scope: str, team: str, request_: dict[str, Any], *, matches: bool
) -> None:
    """Also below operators, and in a regular expression as the text that it is."""
    main = f"""
version: 1
projects: {{a: {{env: A}}, b: {{env: B}}}}
rules: [{{mount: teams/*.yaml, scope: {scope}}}, {{id: rest, route: a}}]
"""
    loaded = loaded_from(tmp_path, main=main, **{team: "rules: [{id: r, route: b}]"})
    assert (plan(loaded, **request_).rule == f"{team}/r") is matches


def test_a_mount_may_leave_the_folder(tmp_path: Path) -> None:
    """The operator of the main file names the files; a path is relative to the folder of the file, or absolute."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "search.yaml").write_text(BATCH, encoding="utf-8")
    for pattern in ("../search.yaml", str(tmp_path / "s*.yaml")):
        loaded = loaded_from(inner, main=MAIN.replace("teams/*.yaml", pattern))
        assert plan(loaded, team="search", tags=["batch"]).rule == "search/batch"


def test_the_digest_changes_with_a_mounted_file(tmp_path: Path) -> None:
    """Also with one that is left out."""
    digests = {loaded_from(tmp_path, "quarantine", search=text).digest for text in (BATCH, "rules: [", "rules: [[")}
    assert len(digests) == 3


def test_more_files_than_anybody_has_are_refused() -> None:
    """They are not read at all."""
    document = read_yaml(MAIN.replace("ON_ERROR", "fail"), "routing.yaml")
    assert document.root is not None
    draft, _ = read_draft(document.source, document.root, RoutingConfig)
    names = [f"teams/{number}.yaml" for number in range(MOST_FILES + 1)]
    files, found = read_mounts(draft, TeamFiles(lambda *_: names, lambda _: pytest.fail("read"), lambda *_: (None, [])))
    assert files == []
    assert [(problem.code, problem.message) for problem in found] == [
        ("RT507", "`teams/*.yaml` names more than 10000 files")
    ]


# -- names ----------------------------------------------------------------------------------------------------


def test_two_teams_cannot_take_each_others_names(tmp_path: Path) -> None:
    """Ids and masks of a team file are called by its stem; inside the file they are plain."""
    team = """
masks: {own: [{pattern: 'ORD-[0-9]+', as: "[NAME]"}]}
overlays: [{id: o, match: {model: m}, mask: [own, pci, secrets]}]
rules: [{id: r, match: {model: m}, route: [shared, {project: audit, mask: [own]}]}]
tests:
  - name: plain names are those of this file first
    request: {team: TEAM, model: m, input: "ORD-7 a@example.org"}
    expect:
      rule: r
      overlays: [o]
      mask: {shared: [own, pci, secrets], audit: [own, pci, secrets]}
      sent_to: {shared: {input: "[NAME] a@example.org"}, audit: {input: "[NAME] a@example.org"}}
"""
    teams = {name: team.replace("TEAM", name).replace("[NAME]", f"[{name}]") for name in ("search", "growth")}
    loaded = loaded_from(tmp_path, **teams)
    assert [str(case.differences) for case in run_tests(loaded)] == ["()", "()"]
    assert plan(loaded, team="search", model="m").masks["shared"] == ("search/own", "pci", "secrets")
    assert {"own", "search/own", "growth/own"} <= loaded.masks.keys()


def test_a_mask_of_a_team_does_not_change_what_its_name_means_elsewhere(tmp_path: Path) -> None:
    """The main file's `own` still hides e-mail addresses where the main file asks for it."""
    before = loaded_from(tmp_path)
    after = loaded_from(tmp_path, payments="masks: {own: [{pattern: x}]}\noverlays: [{id: o, mask: [own]}]")
    assert before.masks["own"].value == after.masks["own"].value
    assert plan(after, team="payments", stream=True).masks["audit"] == ("payments/own", "pci", "own")


def test_a_project_of_a_team_is_for_that_team_only(tmp_path: Path) -> None:
    """Its own rules reach it, and nobody else's."""
    team = "projects: {lab: {env: LAB}}\nrules: [{id: r, match: {model: m}, route: lab}]"
    assert plan(loaded_from(tmp_path, search=team), team="search", model="m").route == ("lab",)
    other = "rules: [{id: r, match: {model: m}, route: lab}]"
    assert problems(tmp_path, search=team, growth=other) == [("RT601", "growth.yaml")]


def test_files_that_a_team_names_start_at_its_own_folder(tmp_path: Path) -> None:
    """Two teams that both say `key` mean two files."""
    team = """
projects: {PROJECT: {public_key: pk-lf-x, secret_key: {file: secret}}}
masks: {ids: [{paths: [trace.user_id], action: hash, key: {file: ../NAME}}]}
rules: [{id: r, match: {model: m}, route: PROJECT, mask: [ids]}]
"""
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "secret").write_text("sk-lf-of-the-team", encoding="utf-8")
    (tmp_path / "NAME").write_text("k" * 32, encoding="utf-8")
    write(tmp_path, "fail", SMALL, search=team.replace("PROJECT", "lab"))
    loaded = load_config(tmp_path / "routing.yaml", environ=KEYS)
    assert loaded.projects["lab"].secret_key.get_secret_value() == "sk-lf-of-the-team"
    assert loaded.secrets.keys() == {FileRef(file="teams/../NAME")}


def test_router_env_lists_what_team_files_want(tmp_path: Path) -> None:
    """With the place in the team file; a broken file that is left out does not hide the others."""
    team = "projects: {lab: {env: LAB}}\nrules: [{id: r, match: {model: m}, route: lab}]"
    loaded_from(tmp_path, "quarantine", search=team, growth="rules: [")
    needs = {need.variable: need for need in find_needs(tmp_path / "routing.yaml")}
    assert {"LAB_PUBLIC_KEY", "LANGFUSE_PUBLIC_KEY", "LF_SEARCH_PUBLIC_KEY"} <= needs.keys()
    assert Path(needs["LAB_PUBLIC_KEY"].uses[0].location.file).name == "search.yaml"


# -- nothing un-masks -----------------------------------------------------------------------------------------


def test_what_the_rule_below_hides_stays_hidden(tmp_path: Path) -> None:
    """A team's rule routes; the masks of the rule that it came before apply all the same, with the reason told."""
    loaded = loaded_from(tmp_path, payments="rules: [{id: all, route: [team-payments, audit, shared]}]")
    found = plan(loaded, team="payments", stream=True)
    assert found.rule == "payments/all"
    assert found.masks == {"team-payments": ("pci",), "audit": ("pci", "own"), "shared": ("pci", "own")}
    reasons = {(reason.effect, reason.source) for reason in found.because}
    assert {("mask pci", "rule payments"), ("mask own for audit", "rule payments")} <= reasons
    steps = RoutingTable.compile(loaded).explain(record_from_request({"team": "payments", "stream": True})).steps
    assert (steps[-1].id, steps[-1].matched) == ("payments", False)
    assert steps[-1].why.endswith("too late to route, but its masks apply")


def test_what_a_file_of_another_mount_hides_stays_hidden(tmp_path: Path) -> None:
    """Of each file below the first rule that matches, down to the main file's own; every one with its reason."""
    model = "match: {model: m}"
    loaded = _two_mounts(
        tmp_path,
        search=f"rules: [{{id: all, {model}, route: [shared, team-search]}}, {{id: s, route: drop, mask: [pci]}}]",
        eu=f"rules: [{{id: r, {model}, route: [shared, {{project: audit, mask: [own]}}], mask: [pii]}}]",
    )
    request = {"team": "search", "org": "eu", "model": "m"}
    found = plan(loaded, **request)
    assert (found.rule, found.masks) == ("search/all", {"shared": ("pii",), "team-search": ("pii", "own")})
    reasons = {(reason.effect, reason.source) for reason in found.because}
    assert {("mask pii", "rule eu/r"), ("mask own for team-search", "rule eu/r")} <= reasons
    steps = RoutingTable.compile(loaded).explain(record_from_request(request)).steps
    late = [step.id for step in steps if step.why.endswith("too late to route, but its masks apply")]
    assert late == ["eu/r"]


def _two_mounts(folder: Path, **files: str) -> LoadedConfig:
    """Load the main file with a second mount below the first, whose one file, `eu`, is about another attribute."""
    second = "  - {mount: regions/*.yaml, scope: {org: '{stem}'}, allow: [rules, overlays], on_error: quarantine}\n"
    second += "  - id: payments\n"
    (folder / "regions").mkdir(exist_ok=True)
    (folder / "regions" / "eu.yaml").unlink(missing_ok=True)
    if "eu" in files:
        (folder / "regions" / "eu.yaml").write_text(files.pop("eu"), encoding="utf-8")
    return loaded_from(folder, "quarantine", MAIN.replace("  - id: payments\n", second), **files)


def test_a_rule_of_the_main_file_that_a_team_covers_is_a_warning(tmp_path: Path) -> None:
    """One team's edit never stops the load of all others."""
    main = MAIN.replace("stream: true", "model: gpt-4o")
    loaded = loaded_from(tmp_path, main=main, payments="rules: [{id: all, route: team-payments}]")
    assert [(found.code, found.severity) for found in loaded.warnings] == [("RT301", "warning")]


_HIDING = [
    "rules: [",
    "- a list",
    "rules: [{id: r, route: shared, mask: [unknown]}]",
    "rules: [{id: r, route: shared, maks: [pci]}]",
    "rules: [{id: r, route: nowhere}]\noverlays: [{id: o, mask: [pci]}]",
    "rules: [{id: r, route: drop, match: {modle: x}}]",
    "rules: [{id: r, route: nowhere}]\nmaks: {}",
    "rules: [{id: r, route: {project: nowhere}}]",
    "rules: {id: r, route: nowhere}",
    "rules: [{id: r, route: nowhere, route: shared}]",
    "rules: [{id: r, route: [shared, nowhere], trace: {set: {user_id: nobody}}}]",
    "rules: [{id: r, route: nowhere, generation: {set: {name: call}}}]",
    "rules: [{id: r, route: nowhere, sample: 0}]",
    "rules: [{id: r, route: nowhere, trace: 5}]",
    "rules: [{id: r, route: nowhere}]\nprojects: 5",
    "rules: [{id: r, route: nowhere, sample: {rate: 0.5, by: user}}]",
    "rules: [{id: r, route: own}]\nprojects: {own: {env: OWN, host: nonsense}}",
]


@pytest.mark.parametrize("broken", _HIDING)
def test_a_broken_file_that_could_have_hidden_something_hides_everything(tmp_path: Path, broken: str) -> None:
    """The calls in its scope go to the rules below without their content; those of other teams go as ever."""
    loaded = loaded_from(tmp_path, "quarantine", search=broken, growth=PLAIN)
    found = plan(loaded, team="search", tags=["batch"])
    assert (found.rule, found.route) == ("known", ("team-search",))
    assert found.masks["team-search"] == ("mask-input", "mask-output", "search/quarantined")
    assert plan(loaded, team="growth", tags=["batch"]).masks == {"shared": ()}
    assert [Path(file.file).name for file in loaded.quarantined] == ["search.yaml"]
    assert "RT512" in [problem.code for problem in loaded.warnings]


@pytest.mark.parametrize(
    "more", ["", ", sample: 1", ", sample: {rate: 1.0}", ", trace: {default: {name: n}, append: {tags: [t]}}"]
)
def test_a_broken_file_that_hid_nothing_hides_nothing_more(tmp_path: Path, more: str) -> None:
    """A wrong route is no reason to hide prompts."""
    loaded = loaded_from(
        tmp_path, "quarantine", search=f"rules: [{{id: r, match: {{model: m}}, route: nowhere{more}}}]"
    )
    assert plan(loaded, team="search", model="m").masks == {"team-search": ()}
    assert [problem.code for problem in loaded.problems] == ["RT512", "RT601"]


def test_nothing_of_a_call_is_left_when_its_file_is_left_out(tmp_path: Path) -> None:
    """Neither content nor what the call says about itself reaches the project."""
    loaded_from(tmp_path, "quarantine", SMALL, search="rules: [")
    word = "secretword"
    with FakeLangfuse(("shared",)) as langfuse:
        environ = langfuse.environ("SHARED", "shared")
        router_ = Router.from_file(tmp_path / "routing.yaml", environ=environ)
        request = {
            "team": "search", "input": word, "output": word, "user": word, "session_id": word, "tags": [word],
            "metadata": {"note": word, word: 1, "trace_name": word, "trace_metadata": {"a": word}},
            "model_parameters": {"stop": word},
        }  # fmt: skip
        router_.log(record_from_request(request))
        assert router_.flush(60)
        (span,) = langfuse.spans()
        assert router_.shutdown(60)
    assert word not in repr(dict(span.attributes)) + span.name


def test_the_program_starts_without_a_broken_file_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each file: its name and a number, nothing of what stands in it."""
    loaded_from(tmp_path, "quarantine", SMALL, search="rules: [{id: r, route: hunter2}]")
    with caplog.at_level(logging.WARNING, "router"):
        assert Router.from_file(tmp_path / "routing.yaml", environ=KEYS).shutdown(1)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"{tmp_path}/teams/search.yaml is left out (problems: 1); router check tells more."


def test_with_fail_a_broken_file_stops_the_load(tmp_path: Path) -> None:
    """Every problem of every file is told at once."""
    assert problems(tmp_path, search="rules: [{id: r, route: nowhere}]", growth="rules: [") == [
        ("RT102", "growth.yaml"),
        ("RT601", "search.yaml"),
    ]


def test_one_broken_file_does_not_hide_findings_in_others(tmp_path: Path) -> None:
    """Nor does it make names look unused that only it uses."""
    main = MAIN.replace("projects: {", "projects: {only-search: {env: X}, ")
    main = main.replace("masks: {", "masks: {m: [{pattern: x}], ")
    search = "rules: [{id: r, match: {modle: m}, route: only-search, mask: [m]}]"
    found = problems(tmp_path, "quarantine", main, search=search)
    assert found == [("RT512", "routing.yaml"), ("RT201", "search.yaml")]


def test_an_error_of_the_main_file_does_not_hide_those_of_a_file_that_is_left_out(tmp_path: Path) -> None:
    """All problems of all files come in one run."""
    main = MAIN.replace("route: shared}", "route: shraed}")
    assert problems(tmp_path, "quarantine", main, search="rules: [") == [
        ("RT512", "routing.yaml"),
        ("RT601", "routing.yaml"),
        ("RT102", "search.yaml"),
    ]


# -- commands -------------------------------------------------------------------------------------------------


def test_check_tells_what_is_left_out_and_fails(tmp_path: Path) -> None:
    """The errors stand in the team file, the warning at the mount, and the exit code is 1."""
    loaded_from(tmp_path, "quarantine", search="rules: [", growth=PLAIN)
    run = router("check", "--no-env", "--format", "concise", str(tmp_path / "routing.yaml"))
    assert (run.code, len(run.out.splitlines())) == (1, 2)
    assert "RT512 team file" in run.out
    assert "teams/search.yaml:1:9: RT102" in run.out.replace(str(tmp_path) + "/", "")
    run = router("test", "-c", str(tmp_path / "routing.yaml"))
    assert run.code == 0
    assert "teams/search.yaml has errors and is left out; to see them: router check" in run.err


def test_tests_of_a_team_file_fail_at_their_own_place(tmp_path: Path) -> None:
    """They run against the whole table."""
    test = "tests:\n  - name: wrong\n    request: {team: search}\n    expect: {rule: batch}\n"
    loaded_from(tmp_path, search=BATCH + test)
    run = router("check", "--no-env", "--format", "concise", str(tmp_path / "routing.yaml"))
    assert (run.code, run.out.replace(str(tmp_path) + "/", "").splitlines()) == (
        3,
        ["teams/search.yaml:8:5: TEST wrong: rule expected search/batch, got known"],
    )


def test_an_unreadable_team_file_is_no_reason_to_call_the_main_file_unreadable(tmp_path: Path) -> None:
    """A broken link is a finding, not a usage error."""
    loaded_from(tmp_path)
    (tmp_path / "teams" / "search.yaml").symlink_to("nowhere")
    run = router("check", "--no-env", "--format", "concise", str(tmp_path / "routing.yaml"))
    assert run.code == 1
    assert "RT100 the file cannot be read: no such file or directory" in run.out


# -- properties -----------------------------------------------------------------------------------------------

_MASKS = st.lists(st.sampled_from(["pci", "own", "pii"]), max_size=2, unique=True)
_MATCHES: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {}, optional={"model": st.just("m"), "stream": st.booleans(), "tags": st.just("m")}
)
_ROUTES = st.sampled_from(
    ["shared", "team-payments", "team-{team}", "drop", ["shared", "audit"], [{"project": "audit", "mask": ["own"]}]]
)
_RULES = st.fixed_dictionaries({"match": _MATCHES, "route": _ROUTES, "mask": _MASKS})
_OVERLAYS = st.fixed_dictionaries({"match": _MATCHES, "mask": _MASKS})
_TEAM = st.fixed_dictionaries(
    {
        "rules": st.lists(_RULES, min_size=1, max_size=1),
        "overlays": st.lists(_OVERLAYS, max_size=2),
        "broken": st.sampled_from([*[""] * 8, "rules: [", "\nmaks: []"]),
    }
)
_REQUESTS = st.fixed_dictionaries(
    {
        "team": st.sampled_from(["payments", "payments", "payments", "search", "growth"]),
        "model": st.sampled_from(["m", "n"]),
        "stream": st.sampled_from([True, True, False]),
        "tags": st.sampled_from([[], ["m"], ["m"], ["probe"]]),
        "org": st.sampled_from(["eu", "eu", "eu", "us"]),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    files=st.fixed_dictionaries({"eu": _TEAM}, optional={"search": _TEAM, "payments": _TEAM}),
    added=st.sampled_from(["payments", "payments", "payments", "search", "eu"]),
    file=_TEAM,
    request_=_REQUESTS,
)
@example(
    files={"eu": {"rules": [{"match": {}, "route": "shared", "mask": ["own"]}], "overlays": [], "broken": ""}},
    added="payments",
    file={"rules": [{"match": {}, "route": "team-payments", "mask": []}], "overlays": [], "broken": ""},
    request_={"team": "payments", "org": "eu"},
)
def test_a_team_file_takes_no_mask_away_and_leaves_calls_outside_its_scope_alone(
    tmp_path: Path, files: dict[str, Any], added: str, file: Any, request_: dict[str, Any]
) -> None:
    """Whatever stands in it and in the files of this mount and of another, broken or whole."""
    for old in (tmp_path / "teams").glob("*.yaml"):
        old.unlink()
    texts = {name: _text(given_) for name, given_ in files.items() if name != added}
    before = plan(_two_mounts(tmp_path, **texts), **request_)
    after = plan(_two_mounts(tmp_path, **texts, **{added: _text(file)}), **request_)
    everywhere = set.intersection(*map(set, before.masks.values())) if before.masks else set()
    for project, masks in after.masks.items():
        assert set(before.masks.get(project, everywhere)) <= set(masks)
    if added not in (request_["team"], request_["org"]):
        assert after == before


def _text(team: dict[str, Any]) -> str:
    numbered = {
        section: [{"id": f"{section[0]}{number}", **entry} for number, entry in enumerate(team[section])]
        for section in ("rules", "overlays")
    }
    return f"{yaml.safe_dump(numbered)}{team['broken']}"


def test_a_team_file_has_no_say_about_unauthenticated_calls(tmp_path: Path) -> None:
    """They have no team, so the scope of the file never holds for them; to ask for them is told as a mistake."""
    asking = "rules: [{id: nobodys, match: {authenticated: false}, route: drop}]"
    assert problems(tmp_path, search=asking) == [("RT521", "search.yaml")]
