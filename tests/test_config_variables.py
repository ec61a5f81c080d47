"""`${NAME}` in a file: where it is filled in, with what, and what is said when it cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import LoadedConfig, load_pack_text, load_text
from router.config.placeholders import fill
from router.errors import ConfigError
from tests.linear import within

KEYS = {"A_PUBLIC_KEY": "pk-lf-a", "A_SECRET_KEY": "sk-lf-a"}
ENVIRONMENT = {
    "X": "ex",
    "BRACES": "{team}",
    "NESTED": "${X}$$",
    "EMPTY": "",
    "BLANK": " \n",
    "FIVE": "5",
    "TRIM": " t\n",
}


def load(*lines: str, environ: dict[str, str] | None) -> LoadedConfig:
    """Load a file with one project `a`, one rule, and these lines."""
    sections = {
        "version": "version: 1",
        "projects": "projects: {a: {env: A}}",
        "rules": "rules: [{id: rest, route: a}]",
    }
    text = [*(line for key, line in sections.items() if not any(given.startswith(key) for given in lines)), *lines]
    return load_text("\n".join([*text, ""]), environ=None if environ is None else KEYS | environ)


def refusal(line: str, environ: dict[str, str] | None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(line, environ=environ)
    return caught.value


def messages(error: ConfigError) -> list[str]:
    return [f"{problem.code} {problem.line}:{problem.column} {problem.message}" for problem in error.problems]


@pytest.mark.parametrize(
    ("written", "text", "variables"),
    [
        ("plain", "plain", ()),
        ("${X}", "ex", ("X",)),
        ("a${X}b${FIVE}${X}", "aexb5ex", ("X", "FIVE")),
        ("${TRIM}", "t", ("TRIM",)),
        ("${X:-other} ${NO:-other} ${EMPTY:-other} ${BLANK:-}", "ex other other ", ("X",)),
        ("${X:?why} ${NO:-https://a.b:1/c-d?e}", "ex https://a.b:1/c-d?e", ("X",)),
        ("$$ $${X} $$$${X} $$${X} $ $5 $X", "$ ${X} $${X} $ex $ $5 $X", ("X",)),
        ("${NESTED}", "${X}$$", ("NESTED",)),
        ("{team} ${BRACES}", "{team} {team}", ("BRACES",)),
    ],
)
def test_a_text_is_filled_in_once(written, text, variables):
    """What is put in is never read again, `$$` is a plain `$`, and a lone `$` means nothing."""
    filled = fill(written, ENVIRONMENT, template=False)
    assert (filled.text, filled.variables, filled.is_open, filled.faults) == (text, variables, False, ())


def test_braces_of_a_value_are_no_holes():
    """Only the braces that stand in the file are a template's."""
    assert fill("{team} ${BRACES} ${NO:-{x}", ENVIRONMENT, template=True).text == "{team} {{team}} {{x"


@pytest.mark.parametrize(
    ("written", "text", "is_open"),
    [("${X} ${Y:-d} $$", "${X} d $", True), ("${Y:-d}", "d", False), ("${X:?why}", "${X:?why}", True)],
)
def test_without_an_environment_a_placeholder_is_its_default_or_itself(written, text, is_open):
    """Nothing is missing then: `router check --no-env` needs no variable."""
    filled = fill(written, None, template=False)
    assert (filled.text, filled.variables, filled.is_open, filled.faults) == (text, (), is_open, ())


@pytest.mark.parametrize(
    ("written", "states"),
    [
        ("${NO} ${EMPTY} ${BLANK:?why}", ["is not set", "is empty", "is empty"]),
        ("${BYTES:-default}", ["is not UTF-8"]),
    ],
)
def test_a_variable_without_a_usable_value_is_missing(written, states):
    """Empty counts as missing, as for credentials; bytes that are no text are never replaced by a default."""
    faults = fill(written, ENVIRONMENT | {"BYTES": "\udcff"}, template=False).faults
    assert [getattr(fault, "state", None) for fault in faults] == states


@given(st.text("${}:-?XYab \\é\n", max_size=30), st.text("${}X a", max_size=6), st.booleans())
def test_every_character_knows_where_it_comes_from(written, value, template):
    """Whatever the text, places inside the result lead to places inside what is written, in order."""
    for environ in (None, {"X": value}):
        filled = fill(written, environ, template=template)
        assert len(filled.origins) == len(filled.text) + 1
        assert list(filled.origins) == sorted(filled.origins)
        assert filled.origins[-1] == len(written)
        if "$" not in written:
            assert filled.text == written


def test_projects_and_updates_are_filled_in():
    """Hosts, environments, releases, public keys and what is set; the result is always text."""
    loaded = load(
        "defaults: {environment: '${E:-prod}', release: '${FIVE}', host: 'https://${H}'}",
        "projects: {a: {public_key: 'pk-lf-${FIVE}', secret_key: {env: A_SECRET_KEY}}, b: {env: A, host: '${B:-https://b.c}/'}}",
        "rules: [{id: rest, route: [a, b], trace: {set: {public: '${T}', metadata.n: ['${FIVE}']}}}]",
        environ={"FIVE": "5", "H": "h.example.com/", "T": "true"},
    )
    a, b = loaded.projects["a"], loaded.projects["b"]
    assert (a.public_key, a.host, a.environment, a.release) == ("pk-lf-5", "https://h.example.com", "prod", "5")
    assert b.host == "https://b.c"
    update = loaded.rules[0].value.trace
    assert update is not None
    assert update.set == {"public": "true", "metadata.n": ["5"]}
    assert loaded.filled == {"FIVE", "H", "T"}


def test_paths_of_files_are_filled_in(tmp_path):
    """So that one file serves every mount point; a problem shows the path as it is written."""
    (tmp_path / "pay").write_text("sk-lf-pay", "utf-8")
    project = "projects: {a: {public_key: pk-lf-a, secret_key: {file: '${DIR}/${NAME:-pay}'}}}"
    loaded = load(project, environ={"DIR": str(tmp_path)})
    assert loaded.projects["a"].secret_key.get_secret_value() == "sk-lf-pay"
    with pytest.raises(ConfigError) as caught:
        load(project, environ={"DIR": str(tmp_path), "NAME": "hunter2"})
    assert messages(caught.value) == ["RT602 3:56 file `${DIR}/${NAME:-pay}` cannot be read"]


def test_an_alias_is_filled_in_where_it_is_used_and_only_once():
    """A repeated text, and a repeated mapping whose inside is shared."""
    loaded = load(
        "defaults: {environment: &e '${E}', release: *e}",
        "rules: [{id: x, match: {team: x}, route: a, trace: &t {set: {name: '${N}$$$$'}}},",
        "  {id: rest, route: a, trace: *t}]",
        environ={"E": "e-$$", "N": "{n}"},
    )
    assert (loaded.defaults.environment, loaded.defaults.release) == ("e-$$", "e-$$")
    assert [rule.value.trace.set for rule in loaded.rules if rule.value.trace] == [{"name": "{{n}}$$"}] * 2


def test_places_after_a_value_stay_right():
    """A problem behind a placeholder is found where it stands in the file, however long the value is."""
    line = "rules: [{id: rest, route: a, trace: {set: {name: '${LONG}$$ {nope} ${X:-} {also}'}}}]"
    with pytest.raises(ConfigError) as caught:
        load(line, environ={"LONG": "l" * 500})
    assert messages(caught.value) == [
        f"RT201 3:{line.index('{nope}') + 1} unknown attribute `nope`",
        f"RT201 3:{line.index('{also}') + 1} unknown attribute `also`",
    ]


def test_without_an_environment_what_is_unknown_is_not_judged():
    """Hosts and environments are checked as far as the file alone tells what they are."""
    loaded = load(
        "defaults: {host: '${H}', environment: '${E}'}",
        "projects: {a: {env: A, host: 'http://${H}', environment: 'Prod ${E}'}}",
        "rules: [{id: rest, route: a, trace: {set: {environment: '${E}'}}}]",
        environ=None,
    )
    assert (loaded.warnings, loaded.filled) == ((), frozenset())
    assert loaded.defaults.environment == "${E}"
    with pytest.raises(ConfigError) as caught:
        load("defaults: {host: '${H:-http://a.example.com}'}", environ=None)
    assert messages(caught.value) == [
        "RT604 4:18 host `http://a.example.com` is plain http, which is for this machine only"
    ]


def test_a_value_never_becomes_structure():
    """YAML in a variable is text."""
    loaded = load("defaults: {release: '${R}'}", environ={"R": "x}\nrules: [{id: y}]"})
    assert loaded.defaults.release == "x}\nrules: [{id: y}]"
    assert len(loaded.rules) == 1


def test_a_pack_takes_nothing_from_the_environment():
    """It is shared by files that know nothing of each other's variables."""
    with pytest.raises(ConfigError) as caught:
        load_pack_text(
            "version: 1\ndescription: '${D}'\nmasks: {m: [{paths: [input], action: hash, key: {file: '${K}'}}]}\n"
            "tests: [{name: t, mask: [m], request: {input: '${X}'}, expect: {mask: [m]}}]\n"
        )
    assert messages(caught.value) == ["RT121 3:57 `${K}` is not filled in here"]


@pytest.mark.parametrize("text", ["${" * 50_000, "${A:-" * 20_000, "${A}" * 20_000, "$" * 100_001])
def test_many_placeholders_are_read_in_a_moment(text):
    """Time grows with the length of the text alone."""
    filled = fill(text, {"A": "x" * 10}, template=True)
    assert len(filled.origins) == len(filled.text) + 1


@pytest.mark.parametrize(
    "name",
    ["${}" * 250_000, "${X}" * 250_000, "".join(f"${{X{number}}}" for number in range(100_000))],
    ids=["malformed", "one variable", "many variables"],
)
@pytest.mark.parametrize("environ", [None, {}], ids=["no environment", "empty environment"])
def test_too_many_placeholders_are_refused_at_once(name, environ):
    """With one problem, and before any of them is filled in."""
    refused = within(
        1, lambda: refusal(f'rules: [{{id: rest, route: a, trace: {{set: {{name: "{name}"}}}}}}]', environ)
    )
    assert messages(refused) == ["RT107 3:50 more than 20000 placeholders"]


@pytest.mark.parametrize(
    ("holes", "told"),
    [("{teem}" * 150_000, 1), ("".join(f"{{x{number}}}" for number in range(100_000)), 501)],
    ids=["one attribute", "many attributes"],
)
def test_holes_without_number_are_told_in_a_moment(holes, told):
    """Each unknown attribute of a text once, and no more than are told of anything."""
    refused = within(3, lambda: refusal(f'rules: [{{id: rest, route: a, trace: {{set: {{name: "{holes}"}}}}}}]', KEYS))
    assert len(refused.problems) == told
    assert refused.problems[0].code == "RT201"
