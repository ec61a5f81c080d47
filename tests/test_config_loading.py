"""A configuration is loaded whole or not at all, with every problem at once and its secrets never shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.config import ResolvedProject, load_config, load_text
from router.config.model import EnvRef, FileRef
from router.errors import ConfigError, Location, Problem
from tests.linear import within

ROOT = Path(__file__).parent.parent
TEXT = """\
version: 1
defaults: {environment: staging, host: {env: HOST}}
projects:
  pay: {env: PAY}
  lab:
    public_key: pk-lf-lab
    secret_key: {file: keys/lab}
    host: http://127.0.0.1:3000/
    environment: lab
    release: r1
masks:
  ids: [{paths: [trace.user_id], action: hash, key: {file: keys/mask}}]
overlays:
  - {id: all, mask: [ids]}
rules:
  - id: lab
    match: {team: lab}
    route: lab
  - {id: rest, route: pay}
tests:
  - {name: t, expect: {rule: rest}}
"""
ENVIRONMENT = {"PAY_PUBLIC_KEY": "pk-lf-pay", "PAY_SECRET_KEY": " sk-lf-pay\n", "HOST": "https://lf.example.com/"}
MASK_KEY = "k" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a routing.yaml and the files that it refers to."""
    (tmp_path / "routing.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "lab").write_text("sk-lf-lab\n", encoding="utf-8")
    (tmp_path / "keys" / "mask").write_text(f"{MASK_KEY}\r\n", encoding="utf-8")
    return tmp_path


def problems(text: str) -> list[Problem]:
    try:
        return list(load_text(text).warnings)
    except ConfigError as error:
        return list(error.problems)


# -- what is loaded ----------------------------------------------------------------------------------------


def test_everything_is_there_with_its_place(folder: Path) -> None:
    """Rules, overlays, masks and tests know the line they stand on."""
    path = folder / "routing.yaml"
    loaded = load_config(path, environ=ENVIRONMENT)
    assert loaded.path == str(path)
    assert loaded.project_names == ("pay", "lab")
    assert [(rule.value.id, rule.location.line, rule.location.column) for rule in loaded.rules] == [
        ("lab", 16, 5),
        ("rest", 19, 5),
    ]
    assert [(overlay.value.id, overlay.location.line) for overlay in loaded.overlays] == [("all", 14)]
    assert loaded.tests[0].location == Location(str(path), 21, 5, 21, 36)
    assert loaded.masks["ids"].location == Location(str(path), 12, 3, 12, 6)
    assert loaded.warnings == ()


def test_projects_are_resolved(folder: Path) -> None:
    """Prefix and explicit keys, variables and files, hosts from defaults, slashes and newlines stripped."""
    projects = load_config(folder / "routing.yaml", environ=ENVIRONMENT).projects
    pay, lab = projects["pay"], projects["lab"]
    assert (pay.public_key, pay.host, pay.environment, pay.release) == (
        "pk-lf-pay",
        "https://lf.example.com",
        "staging",
        None,
    )
    assert (lab.public_key, lab.host, lab.environment, lab.release) == (
        "pk-lf-lab",
        "http://127.0.0.1:3000",
        "lab",
        "r1",
    )
    assert [one.secret_key.get_secret_value() for one in (pay, lab)] == ["sk-lf-pay", "sk-lf-lab"]


def test_keys_of_masks_are_resolved_under_their_reference(folder: Path) -> None:
    """The masking asks for them by the reference that the step names."""
    secrets = load_config(folder / "routing.yaml", environ=ENVIRONMENT).secrets
    assert {ref: secret.get_secret_value() for ref, secret in secrets.items()} == {FileRef(file="keys/mask"): MASK_KEY}
    assert EnvRef(env="X") not in secrets


def test_without_an_environment_nothing_is_resolved_and_no_other_file_is_read(tmp_path: Path) -> None:
    """`router check --no-env`, `explain` and `test` need no secrets."""
    path = tmp_path / "routing.yaml"
    path.write_text(TEXT, encoding="utf-8")
    loaded = load_config(path, environ=None)
    assert (loaded.projects, loaded.secrets, loaded.project_names) == ({}, {}, ("pay", "lab"))


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({}, "https://cloud.langfuse.com"),
        ({"A_HOST": "https://h.example.com"}, "https://h.example.com"),
        ({"A_BASE_URL": "https://u.example.com"}, "https://u.example.com"),
        ({"A_HOST": "https://h.example.com", "A_BASE_URL": "https://u.example.com"}, "https://h.example.com"),
        ({"A_HOST": "http://localhost:3000"}, "http://localhost:3000"),
        ({"A_HOST": "http://[::1]:3000/"}, "http://[::1]:3000"),
    ],
)
def test_the_host_of_a_project_by_prefix(variables: dict[str, str], host: str) -> None:
    """Its own variables, else Langfuse Cloud."""
    text = "version: 1\nprojects: {a: {env: A}}\nrules: [{id: rest, route: a}]\n"
    keys = {"A_PUBLIC_KEY": "pk-lf-a", "A_SECRET_KEY": "sk-lf-a"}
    assert load_text(text, environ={**keys, **variables}).projects["a"].host == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "ftp://x",
        "https://",
        "https://x y",
        "http://10.0.0.1",
        "https://a:b@x",
        "https://x?q",
        "https://x#f",
        "http://[x",
    ],
)
def test_hosts_that_must_not_be_used(host: str) -> None:
    """Plain http only to this machine; nothing hidden in the URL."""
    text = f'version: 1\nprojects: {{a: {{env: A, host: "{host}"}}}}\nrules: [{{id: rest, route: a}}]\n'
    assert [problem.code for problem in problems(text)] == ["RT604"]


def test_the_digest_names_the_content(folder: Path) -> None:
    """The same text has the same digest, another has another, and used packs count."""
    digests = {
        load_text(text).digest
        for text in (TEXT, TEXT, TEXT + "# more\n", TEXT.replace("mask: [ids]", "mask: [ids, pii]"))
    }
    assert len(digests) == 3
    assert load_config(folder / "routing.yaml", environ=None).digest == load_text(TEXT).digest
    assert all(len(digest) == 12 for digest in digests)


# -- problems ----------------------------------------------------------------------------------------------


def test_problems_of_shape_do_not_hide_problems_of_meaning() -> None:
    """Whatever can be said is said in one run, in the order of the file."""
    found = problems(
        "version: 1\nprojects: {a: {env: A}, b: {envv: B}}\nrules:\n"
        "  - {id: x, match: {teem: t}, route: c}\n  - {id: y, rout: a}\n  - {id: rest, route: b, mask: [nope]}\n"
    )
    assert [f"{problem.code} {problem.line}" for problem in found] == [
        "RT111 2",
        "RT111 2",
        "RT110 2",
        "RT201 4",
        "RT601 4",
        "RT110 5",
        "RT240 6",
    ]


def test_warnings_do_not_stop_loading() -> None:
    """They are part of what was loaded."""
    loaded = load_text("version: 1\nprojects: {a: {env: A}, b: {env: B}}\nrules: [{id: rest, route: a}]\n")
    assert [problem.code for problem in loaded.warnings] == ["RT611"]


def test_an_error_is_raised_with_the_warnings_too() -> None:
    """Its text has one line per problem."""
    with pytest.raises(ConfigError) as caught:
        load_text("version: 1\nprojects: {a: {env: A}, b: {env: B}}\nrules: [{id: rest, route: a, mask: [x]}]\n")
    assert str(caught.value).splitlines() == [
        "routing.yaml:2:25: RT611 no rule routes to project `b` (route to it, or take it away)",
        (
            "routing.yaml:3:37: RT240 unknown mask `x` "
            "(masks: pii, secrets, no-content, masking/pii, masking/secrets, routing/no-content)"
        ),
    ]


def test_one_alias_that_is_wrong_twice_is_told_once_per_effect() -> None:
    """The place is the definition, where it has to be mended."""
    found = problems(
        "version: 1\nprojects: {a: {env: A}}\nrules:\n  - {id: x, match: &m {teem: t}, route: a}\n"
        "  - {id: y, match: *m, when: stream, route: a}\n  - {id: rest, route: a}\n"
    )
    assert {(problem.line, problem.column) for problem in found if problem.code == "RT201"} == {(4, 24)}


def test_nulls_in_tests_are_data() -> None:
    """`team: null` is a request without a team, `output: null` an output that is not sent."""
    text = (
        "version: 1\nprojects: {a: {env: A}}\nrules: [{id: rest, route: a}]\n"
        "tests: [{name: t, request: {team: null}, each: [{user: }], expect: {trace: {name: null}, sent: {output: }}}]\n"
    )
    assert problems(text) == []


def test_a_rule_with_many_rules_above_it_is_still_checked_quickly() -> None:
    """Reachability is decided by index, not by comparing each rule with each."""
    rules = "".join(
        f"  - {{id: r{n}, match: {{team: t{n}, model: {{glob: 'm{n}*'}}}}, route: a}}\n" for n in range(3000)
    )
    last = "  - {id: x, match: {team: t7, model: m7}, route: a}\n  - {id: rest, route: a}\n"
    text = f"version: 1\nprojects: {{a: {{env: A}}}}\nrules:\n{rules}{last}"
    found = within(5, lambda: problems(text))
    assert [problem.message for problem in found] == ["rule `x` can never match"]


@pytest.mark.parametrize(
    ("above", "below", "covered"),
    [
        ("team: [a, b]", "team: a", True),
        ("team: a", "team: [a, b]", False),
        ("team: a", "team: a, model: m", True),
        ("team: a, model: m", "team: a", False),
        ("model: {glob: 'gpt-*'}", "model: [gpt-4, gpt-5]", True),
        ("model: {glob: 'gpt-*'}", "model: [gpt-4, claude]", False),
        ("model: {glob: 'g?t-*'}", "model: gpt-4", False),
        ("model: {regex: 'gpt-[45]'}", "model: gpt-4", True),
        ("model: {regex: 'gpt'}", "model: gpt-4", False),
        ("team: {exists: true}", "team: a", True),
        ("team: {exists: true}", "team: {glob: 'a*'}", True),
        ("team: {exists: true}", "team: {not: a}", False),
        ("team: {exists: false}", "team: a", False),
        ("tags: {any_of: [x, y]}", "tags: x", True),
        ("tags: {all_of: [x, y]}", "tags: [x, y]", False),
        ("team: {not: a}", "team: {not: a}", True),
        ("team: {not: a}", "team: b", False),
        ("any: [{team: a}]", "team: a", False),
        ("stream: true", "stream: 'true'", True),
    ],
)
def test_a_rule_is_called_unreachable_only_when_it_is(above: str, below: str, covered: bool) -> None:
    """The analysis may miss a dead rule; it never invents one."""
    text = (
        f"version: 1\nprojects: {{a: {{env: A}}}}\nrules:\n  - {{id: x, match: {{{above}}}, route: a}}\n"
        f"  - {{id: y, match: {{{below}}}, when: stream, route: a}}\n  - {{id: rest, route: a}}\n"
    )
    assert ("RT301" in {problem.code for problem in problems(text)}) is covered


# -- secrets -----------------------------------------------------------------------------------------------


def test_secrets_are_in_no_repr(folder: Path) -> None:
    """Neither of a project nor of the whole configuration."""
    loaded = load_config(folder / "routing.yaml", environ=ENVIRONMENT)
    shown = f"{loaded!r} {loaded} {loaded.projects['pay']!r} {loaded.secrets!r}"
    assert isinstance(loaded.projects["pay"], ResolvedProject)
    for secret in ("sk-lf-pay", "sk-lf-lab", MASK_KEY):
        assert secret not in shown


@pytest.mark.parametrize(
    "secret",
    [
        "hunter2 hunter2",
        "sk-lf-123456",
        "{env: not a name}",
        "{value: topsecret}",
        "[first secret, second]",
        "5551234567",
        "|\n      multi\n      line",
    ],
)
def test_a_secret_in_the_clear_is_in_no_problem(secret: str) -> None:
    """Whatever shape it is written in."""
    projects = f"projects:\n  a:\n    public_key: pk-lf-1\n    secret_key: {secret}\n"
    found = problems(f"version: 1\n{projects}rules: [{{id: rest, route: a}}]\n")
    shown = "\n".join(f"{problem!r} {problem} {problem.to_json()} {problem.excerpt}" for problem in found)
    assert {problem.code for problem in found} <= {"RT603", "RT110", "RT111", "RT112", "RT113"}
    for part in ("hunter2", "123456", "not a name", "topsecret", "first secret", "5551234567", "multi"):
        assert part not in shown


# -- speed and weight --------------------------------------------------------------------------------------


def test_loading_stays_light() -> None:
    """The configuration needs neither the network libraries nor the command line."""
    code = (
        "import sys; from router.config import load_config; load_config('examples/teams/routing.yaml', environ=None);"
        "heavy = 'click rich litellm langfuse opentelemetry aiohttp httpx logging asyncio pydantic_settings'.split();"
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_the_largest_example_is_loaded_in_a_tenth_of_a_second() -> None:
    """Once the models are built."""
    path = ROOT / "examples/teams/routing.yaml"
    load_config(path, environ=None)
    within(0.1, lambda: load_config(path, environ=None))


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """JSON schema takes 2.0 for a whole number, and so does the loader; 2.5 is none."""
    head = "version: 1\nprojects: {a: {env: A}}\nrules: [{id: rest, route: a}]\n"
    text = head + "tests: [{name: t, expect: {masked: {x: %s}}}]\n"
    (located,) = load_text(text % "2.0").tests
    assert located.value.expect.masked == {"x": 2}
    with pytest.raises(ConfigError, match="must be a whole number"):
        load_text(text % "2.5")


def test_a_pipe_among_team_files_is_a_problem_and_no_wait(tmp_path: Path) -> None:
    """Nobody may ever write into it; the file of the operator may be one, as `<(…)` of a shell is."""
    (tmp_path / "teams").mkdir()
    os.mkfifo(tmp_path / "teams" / "search.yaml")
    text = """
version: 1
projects: {a: {env: A}}
rules:
  - {mount: teams/*.yaml, scope: {team: "{stem}"}}
  - {id: rest, route: a}
"""
    with pytest.raises(ConfigError) as caught:
        load_text(text, folder=tmp_path)
    (problem,) = caught.value.problems
    assert problem.message == "the file cannot be read: it is no file"
    assert problem.file == "teams/search.yaml"
