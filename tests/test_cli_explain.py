"""`router explain`: why a call goes where it goes, for people and as router.explain/v1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.command_line import router

QUICKSTART = "examples/quickstart/routing.yaml"
TEXTS = {"type": "array", "items": {"type": "string"}}
FIELDS = {"type": "object"}
EXPLAIN_V1 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["schema", "decision", "steps", "sent", "servers"],
    "properties": {
        "schema": {"const": "router.explain/v1"},
        "decision": {
            "type": "object",
            "required": [
                *("rule", "route", "dropped", "overlays", "masks", "trace", "generation", "sample", "denied"),
                *("drop", "because", "undecided", "update_keys"),
            ],
            "properties": {
                "rule": {"type": ["string", "null"]},
                "route": TEXTS,
                "dropped": {"type": "boolean"},
                "drop": {"enum": [None, "policy", "sampled_out", "unauthenticated"]},
                "overlays": TEXTS,
                "masks": {"type": "object", "additionalProperties": TEXTS},
                "trace": FIELDS,
                "generation": FIELDS,
                "sample": {
                    "type": "object",
                    "required": ["rate", "kept"],
                    "properties": {"rate": {"type": "number", "minimum": 0, "maximum": 1}, "kept": {"type": "boolean"}},
                },
                "denied": TEXTS,
            },
        },
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind", "id", "file", "line", "matched", "why"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"enum": ["overlay", "rule"]},
                    "id": {"type": "string", "minLength": 1},
                    "file": {"type": "string", "minLength": 1},
                    "line": {"type": "integer", "minimum": 1},
                    "matched": {"type": "boolean"},
                    "why": {"type": "string", "minLength": 1},
                },
            },
        },
        "sent": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["input", "output", "masked", "error", "trace", "generation", "failures"],
                "properties": {
                    "masked": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
                    "trace": FIELDS,
                    "generation": FIELDS,
                    "failures": TEXTS,
                },
            },
        },
    },
}


@pytest.fixture(autouse=True)
def folder(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the examples are."""
    monkeypatch.chdir(checkout)


def explain(*words: str, config: str = QUICKSTART, stdin: str = ""):
    run = router("explain", "-c", config, *words, stdin=stdin)
    assert (run.code, run.err) == (0, "")
    return run.out


def explained(*words: str, config: str = QUICKSTART, stdin: str = ""):
    return json.loads(explain(*words, "--format", "json", config=config, stdin=stdin))


def test_every_step_has_its_place_and_its_reason():
    """Overlays, rules down to the one that decides, the decision, and what is sent."""
    out = explain(
        "team=payments",
        "model=gpt-5-mini",
        "metadata.region=eu",
        "session_id=s-77",
        "tags=prod",
        "input=card 4111 1111 1111 1111 from bo@example.org",
    )
    assert out.splitlines() == [
        "overlays",
        "  ✔ eu-pii            examples/quickstart/routing.yaml:18   metadata.region ∈ [eu, uk]   + mask pii",
        "  ✘ zero-retention    examples/quickstart/routing.yaml:21   contains(tags, 'no-store') → false",
        "rules",
        '  ✘ drop-load-tests   examples/quickstart/routing.yaml:26   tags = "loadtest", got "prod"',
        '  ✔ payments          examples/quickstart/routing.yaml:29   team = "payments"   ■ stop',
        "    3 more rules not tried: search-embeddings, search, everybody-else",
        f"decision  rule payments · config {digest()}",
        "  route       payments",
        "  mask        secrets (defaults) → pii (overlay eu-pii)",
        "  trace       session_id = s-77 · tags = [prod, pci] · name = pay/gpt-5-mini",
        "  generation  metadata = {region: eu} · name = litellm-completion",
        "sent to payments",
        '  input       "card [CREDIT_CARD] from [EMAIL]"',
        "  masked      credit_card 1 · email 1",
    ]


def digest() -> str:
    return str(explained()["config"]["digest"])


def test_a_dropped_call_is_said_to_be_dropped():
    """No project gets anything, and nothing is said about masks."""
    out = explain("team=payments", "tags=loadtest")
    assert out.splitlines()[-2:] == [
        f"decision  rule drop-load-tests · config {digest()}",
        "  route       nothing: dropped by this rule, nothing is sent",
    ]


def test_a_fan_out_shows_every_project():
    """One block for each project of the route."""
    lines = explain("team=search", "call_type=aembedding", "input=hello").splitlines()
    assert "  route       search, shared" in lines
    assert [line for line in lines if line.startswith("sent to")] == ["sent to search", "sent to shared"]


def test_the_generation_of_each_projects_server_is_told(tmp_path):
    """What a continued trace shows depends on it; `auto` is asked of the host when calls are sent, not by a command."""
    path = tmp_path / "routing.yaml"
    path.write_text(
        "version: 1\nprojects: {a: {env: A, server: v3}, b: {env: B}}\nrules: [{id: rest, route: [a, b]}]\n"
    )
    words = ("explain", "-c", str(path), "metadata.existing_trace_id=t-1")
    told = "  continues   trace t-1 (a: server v3 · b: server auto: its host is asked at run time)\n"
    assert told in router(*words).out
    assert json.loads(router(*words, "--format", "json").out)["servers"] == {"a": "v3", "b": "auto"}


def test_what_a_request_may_not_do_is_listed():
    """In the proxy a client may not name its trace."""
    lines = explain("origin=proxy", "metadata.trace_name=mine", config="examples/proxy/routing.yaml").splitlines()
    assert "  denied      trace.name" in lines


def test_a_project_that_a_request_chooses_or_brings_is_told_with_what_lets_it(tmp_path):
    """And instead of which project of the rule."""
    path = tmp_path / "routing.yaml"
    path.write_text(
        "version: 1\nprojects: {a: {env: A}, b: {env: B}}\nrules: [{id: rest, route: a}]\n"
        "overrides: {grants: [{id: ops, match: {team: ops}, projects: [b]}]}\n"
    )
    words = ("explain", "-c", str(path), "team=ops")
    assert "  route       b (b instead of a: grant ops)\n" in router(*words, "metadata.langfuse_project=b").out
    assert " instead of a: overrides)\n" in router(*words, "override.credentials.host=https://lf.example.com").out


def test_masked_trace_fields_are_shown_as_they_leave():
    """A pseudonym, made with the test key as no secret is read; a field that is taken out; masks by their source."""
    out = explain("user=bo@example.org", "metadata.account=7", config="examples/masking/routing.yaml")
    masks = "order-numbers, account, pseudonyms, emails-in-output, staff"
    mask = f"  mask        secrets (defaults) → {masks} (rule support)"
    assert mask in out.splitlines()
    sent = out.partition("sent to support\n")[2].splitlines()
    assert sent[0].startswith("  trace       user_id = hash_test_")
    assert sent[1] == "  generation  metadata is removed"
    assert "bo@example.org" not in "".join(sent)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["team=payments", "model=gpt-4o", "input=mail bo@example.org", "metadata.region=eu"],
        ["tags=loadtest"],
        ["team=search", "call_type=embedding", "status=failure", "error.message=mail bo@example.org"],
        ["origin=proxy", "authenticated=false"],
    ],
)
def test_the_json_keeps_to_its_schema(words):
    """Other programs read router.explain/v1; keys may be added, none renamed."""
    Draft202012Validator.check_schema(EXPLAIN_V1)
    errors = list(Draft202012Validator(EXPLAIN_V1).iter_errors(explained(*words)))
    assert errors == []


def test_the_json_holds_the_decision_the_steps_and_what_is_sent():
    """One whole object, as the issue writes it down."""
    data = explained("team=payments", "model=gpt-4o", "tags=prod", "input=card 4111 1111 1111 1111")
    decision = {
        "rule": "payments",
        "route": ["payments"],
        "dropped": False,
        "overlays": [],
        "masks": {"payments": ["secrets", "pii"]},
        "trace": {"name": "pay/gpt-4o", "tags": ["prod", "pci"]},
        "generation": {"name": "litellm-completion"},
        "sample": {"rate": 1.0, "kept": True},
        "denied": [],
    }
    assert {key: data["decision"][key] for key in decision} == decision
    assert data["steps"][-1] == {
        "kind": "rule",
        "id": "payments",
        "file": QUICKSTART,
        "line": 29,
        "matched": True,
        "why": 'team = "payments"',
    }
    sent = data["sent"]["payments"]
    assert (sent["input"], sent["output"], sent["masked"]) == ("card [CREDIT_CARD]", None, {"credit_card": 1})


def test_a_request_comes_from_a_file_or_stdin_and_words_are_laid_over_it(tmp_path):
    """`--request FILE`, `--request -`, or a lone `-`."""
    request = json.dumps({"team": "payments", "tags": ["prod"], "metadata": {"region": "eu"}})
    (tmp_path / "call.json").write_text(request)
    from_file = explained("--request", str(tmp_path / "call.json"))
    assert from_file["decision"]["overlays"] == ["eu-pii"]
    assert explained("--request", "-", stdin=request) == from_file
    assert explained("-", stdin=request) == from_file
    changed = explained("-", "team=search", "metadata.region=us", "tags=batch", stdin=request)["decision"]
    assert (changed["rule"], changed["overlays"]) == ("search", [])
    assert changed["trace"]["tags"] == ["prod", "batch"]


def test_values_are_texts_flags_or_json():
    """`true` is true, `007` stays a text, `:=` takes JSON, dots reach into mappings, headers keep their dots."""
    words = ["metadata.a.b=007", "metadata.n:=7", "metadata.l:=[1, null]", "metadata.mask_input=true", "input=a=b"]
    data = explained(*words)
    assert data["decision"]["generation"]["metadata"] == {"a": {"b": "007"}, "n": 7, "l": [1, None]}
    assert data["decision"]["masks"] == {"shared": ["secrets", "mask-input"]}
    assert data["sent"]["shared"]["input"] == "redacted-by-litellm"
    data = explained("header.x-canary=blue.green", config="examples/teams/routing.yaml")
    assert data["decision"]["trace"]["tags"] == ["canary:blue.green", "unrouted"]


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        (["payments"], "", "error: `payments` is not of the form key=value"),
        (["tema=x"], "", "error: unknown key `tema` in a request; did you mean `team`?"),
        (["status=broken"], "", "error: `status` in a request must be one of success, failure"),
        (["metadata.a:={"], "", "error: the value of `metadata.a` is not JSON, line 1, column 2: "),
        (["metadata=x", "metadata.a=1"], "", "error: `metadata.a` reaches into `metadata`, which is no mapping"),
        (["-"], "[]", "error: stdin must hold one JSON object, and it is a list"),
        (["-"], '{"a": }', "error: stdin is not JSON, line 1, column 7: expecting value"),
        (["-"], '{"input": 1e999}', "error: stdin is not JSON: a number in it is not finite or too long"),
        (["-"], '{"input": NaN}', "error: stdin is not JSON: a number in it is not finite or too long"),
        (["-"], "[" * 100_000, "error: stdin is not JSON: it is nested too deeply"),
        (["--request", "nope.json"], "", "error: nope.json cannot be read: no such file or directory"),
        (["-", "--request", "a.json"], "", "error: `-` and --request FILE both name a request"),
    ],
)
def test_a_request_that_makes_no_sense_ends_with_2(words, stdin, message):
    """What is wrong and an example that works, on stderr."""
    run = router("explain", "-c", QUICKSTART, *words, stdin=stdin)
    assert (run.code, run.out) == (2, "")
    first, hint = run.err.splitlines()
    assert first.startswith(message)
    assert hint.startswith("  = help: ")


def test_a_broken_configuration_ends_with_1(tmp_path):
    """Its frames on stderr, nothing on stdout, and what to do."""
    (tmp_path / "routing.yaml").write_text("version: 1\nprojects: {a: {env: A}}\nruls: []\n")
    run = router("explain", "-c", str(tmp_path / "routing.yaml"), "--format", "json")
    assert (run.code, run.out) == (1, "")
    assert "unknown key `ruls`" in run.err
    assert run.err.endswith(f"  = help: mend them, then try: router check {tmp_path / 'routing.yaml'}\n")


def test_what_could_steer_a_terminal_is_made_visible():
    """Escape sequences in a request do not reach the terminal."""
    out = explain("team=\x1b[31mred", "input=\x1b]0;title\x07", "session_id=\u202etxt")
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\u202e" not in out


def test_the_time_of_the_call_can_be_given(tmp_path):
    """`--now` beats a `now` of the request, and without either the call is made at present."""
    rules = "rules: [{id: old, active: {until: 2001-01-01}, route: b}, {id: rest, route: a}]"
    path = tmp_path / "routing.yaml"
    path.write_text(f"version: 1\nprojects: {{a: {{env: A}}, b: {{env: B}}}}\n{rules}\n", "utf-8")
    rule_at = [
        explained(*words, config=str(path))["decision"]["rule"]
        for words in ([], ["--now", "2000-01-01"], ["now=2000-01-01"], ["now=2000-01-01", "--now", "2002-01-01T10:00Z"])
    ]
    assert rule_at == ["rest", "old", "old", "rest"]
    run = router("explain", "-c", str(path), "--now", "noon")
    assert (run.code, run.err.splitlines()[0]) == (
        2,
        "error: `now` in a request must be a time such as 2026-12-24T10:00:00+01:00",
    )
