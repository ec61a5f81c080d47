"""What a request may bring, and who may bring it: `overrides:`."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import pytest

from router.config import load_text
from router.errors import ConfigError, RequestError
from router.routing.plan import Plan
from router.routing.request import record_from_request
from router.routing.table import RoutingTable
from router.verify import run_tests

HEAD = """
version: 1
projects: {a: {env: A}, b: {env: B}, c: {env: C}, audit: {env: AUDIT}}
masks:
  one: [{detect: [email]}]
  two: [{detect: [jwt]}]
  three: [{detect: [api_key]}]
"""
REST = "rules: [{id: rest, route: a, mask: [one]}]\n"
OPS = "overrides:\n  grants:\n    - {id: ops, match: {key_alias: ops}, projects: [b, c]}\n"
CLIENT = {"origin": "proxy", "key_alias": "ops"}


def plan_of(body: str, request: dict[str, Any]) -> Plan:
    return RoutingTable.compile(load_text(HEAD + body)).resolve(record_from_request(request))


def reasons(plan: Plan) -> list[tuple[str, str]]:
    return [(reason.effect, reason.source) for reason in plan.because if reason.effect.startswith("route ")]


# Keys


def test_a_grant_adds_keys_for_some_callers() -> None:
    """In the proxy: what everybody may, and what every grant that matches adds."""
    body = REST + (
        "overrides:\n  allow: [trace.session_id]\n  grants:\n"
        "    - {id: one, match: {key_alias: ops}, allow: [trace.name]}\n"
        "    - {id: two, when: \"team == 'x'\", allow: [trace.tags]}\n"
    )
    wishes = {"origin": "proxy", "metadata": {"session_id": "s", "trace_name": "n", "tags": ["t"]}}
    assert set(plan_of(body, wishes).denied) == {
        "trace.tags",
        "trace.name",
    }
    assert plan_of(body, {**wishes, "key_alias": "ops"}).denied == ("trace.tags",)
    both = plan_of(body, {**wishes, "key_alias": "ops", "team": "x"})
    assert (both.denied, both.trace["name"], both.trace["tags"]) == ((), "n", ["t"])


def test_a_grant_takes_nothing_away_from_an_application() -> None:
    """Where `allow` is not in the file, an application may set every key of its trace, grants or not."""
    plan = plan_of(REST + OPS, {"metadata": {"trace_name": "n", "tags": ["t"]}})
    assert (plan.trace["name"], plan.denied) == ("n", ())


def test_a_grant_whose_condition_cannot_be_evaluated_grants_nothing() -> None:
    """A text cannot be compared with a number."""
    body = REST + 'overrides: {grants: [{id: g, when: "metadata.n > `3`", allow: [trace.name]}]}\n'
    for number, is_granted in ((4, True), (2, False), ("four", False)):
        plan = plan_of(body, {"origin": "proxy", "metadata": {"n": number, "trace_name": "n"}})
        assert ("trace.name" not in plan.denied) is is_granted


def test_a_grant_lets_some_callers_ask_for_masks() -> None:
    """Where everybody else's wish to hide more is ignored."""
    body = REST + "overrides: {masks: ignore, grants: [{id: g, match: {team: x}, masks: add-only}]}\n"
    assert plan_of(body, {"metadata": {"mask_input": True}}).denied == ("mask.input",)
    assert plan_of(body, {"team": "x", "metadata": {"mask_input": True}}).masks == {"a": ("one", "mask-input")}


# Projects


@pytest.mark.parametrize(
    "wish",
    [
        {"override": {"project": "b"}},
        {"metadata": {"langfuse_project": "b"}},
        {"headers": {"langfuse_project": "b"}},
        {"headers": {"X-Langfuse-Project": "b"}},
    ],
    ids=["by hand", "metadata", "header", "header with hyphens"],
)
def test_a_client_chooses_among_the_projects_of_its_grant(wish: dict[str, Any]) -> None:
    """The choice is named by what let it happen; what the rule hides stays hidden."""
    plan = plan_of(REST + OPS, {**CLIENT, **wish})
    assert (plan.route, plan.masks, plan.rule, plan.denied) == (("b",), {"b": ("one",)}, "rest", ())
    assert reasons(plan) == [("route a", "rule rest"), ("route b instead of a", "grant ops")]
    assert next(one.line for one in plan.because if one.source == "grant ops") == 11


@pytest.mark.parametrize(
    "request_",
    [
        {**CLIENT, "metadata": {"langfuse_project": "audit"}},
        {**CLIENT, "metadata": {"langfuse_project": "made-up"}},
        {"origin": "proxy", "key_alias": "other", "metadata": {"langfuse_project": "b"}},
        {"origin": "proxy", "metadata": {"langfuse_project": "b", "key_alias": "ops", "user_api_key_alias": "ops"}},
        {"key_alias": "other", "metadata": {"langfuse_project": "b"}},
    ],
    ids=["not among its projects", "no project", "another key", "a key that the body claims", "an application"],
)
def test_a_choice_that_nothing_grants_is_denied(request_: dict[str, Any]) -> None:
    """The call goes where its rule says."""
    plan = plan_of(REST + OPS, request_)
    assert (plan.route, plan.denied[0]) == (("a",), "project")


def test_nobody_chooses_unless_the_file_says_so() -> None:
    """Without `projects`, in an application as well."""
    assert plan_of(REST, {"metadata": {"langfuse_project": "b"}}).denied == ("project",)


def test_an_application_chooses_among_the_projects_for_everybody() -> None:
    """Those above the grants are for applications: a client of the proxy could be anybody."""
    body = REST + "overrides: {projects: [b]}\n"
    plan = plan_of(body, {"metadata": {"langfuse_project": "b"}})
    assert (plan.route, reasons(plan)[1]) == (("b",), ("route b instead of a", "overrides"))
    assert plan_of(body, {**CLIENT, "metadata": {"langfuse_project": "b"}}).denied == ("project",)


def test_a_caller_who_is_not_authenticated_chooses_nothing() -> None:
    """Whatever it claims."""
    plan = plan_of(REST + OPS, {**CLIENT, "authenticated": False, "override": {"project": "b"}})
    assert (plan.route, plan.drop) == ((), "unauthenticated")


def test_a_choice_of_the_project_that_the_rule_names_changes_nothing() -> None:
    """And needs no second reason."""
    plan = plan_of("rules: [{id: rest, route: b}]\n" + OPS, {**CLIENT, "override": {"project": "b"}})
    assert (plan.route, plan.denied, reasons(plan)) == (("b",), (), [("route b", "rule rest")])


def test_a_choice_takes_the_place_of_the_first_project_only() -> None:
    """The copies for others stay, so nobody leaves an audit by choosing."""
    body = "rules: [{id: rest, route: [a, {project: audit, mask: [two]}], mask: [one]}]\n" + OPS
    plan = plan_of(body, {**CLIENT, "override": {"project": "b"}})
    assert dict(plan.masks) == {"b": ("one",), "audit": ("one", "two")}
    assert plan.route == ("b", "audit")


def test_a_chosen_project_is_masked_as_the_one_whose_place_it_takes_and_as_itself() -> None:
    """Nothing un-masks: neither the masks of the place nor those of the project are lost."""
    body = "rules: [{id: rest, route: [{project: a, mask: [two]}, {project: b, mask: [three]}], mask: [one]}]\n" + OPS
    plan = plan_of(body, {**CLIENT, "override": {"project": "b"}, "metadata": {"mask_input": True}})
    assert dict(plan.masks) == {"b": ("one", "two", "mask-input", "three")}


def test_a_call_that_a_rule_drops_stays_dropped() -> None:
    """Choosing is no way around `drop`."""
    plan = plan_of("rules: [{id: rest, route: drop}]\n" + OPS.replace("[b, c]", "[a, b, c, audit]"), {
        **CLIENT, "override": {"project": "b"},
    })  # fmt: skip
    assert (plan.route, plan.drop, plan.denied) == ((), "policy", ("project",))


def test_a_choice_does_not_bring_back_what_is_sampled_out() -> None:
    """The sample is decided before."""
    plan = plan_of("rules: [{id: rest, route: a, sample: 0}]\n" + OPS, {**CLIENT, "override": {"project": "b"}})
    assert (plan.route, plan.drop, plan.denied) == ((), "sampled_out", ())


def test_the_wish_is_no_metadata() -> None:
    """`langfuse_project` reaches no project, and `{metadata.langfuse_project}` no rule."""
    plan = plan_of(REST + OPS, {**CLIENT, "metadata": {"langfuse_project": "b"}, "headers": {"langfuse_project": "b"}})
    assert "metadata" not in plan.generation


# Credentials

KEYS = {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "sk-lf-CANARY"}
AD_HOC = f"ad-hoc:{sha256(b'pk-lf-1').hexdigest()[:12]}"
LISTED = "overrides: {credentials: {hosts: ['https://lf.example.com', 'https://*.lf.example.com/base']}}\n"
FOR_OPS = "overrides:\n  grants:\n    - {id: ops, match: {key_alias: ops}, credentials: {hosts: ['https://lf.example.com']}}\n"


def with_keys(host: str | None = None, **more: Any) -> dict[str, Any]:
    return {**more, "metadata": {**KEYS, **({} if host is None else {"langfuse_host": host})}}


def test_an_application_brings_keys_and_the_call_goes_to_their_project() -> None:
    """As LiteLLM's own callback lets it: to any host that can be used, without one to `defaults.host`."""
    plan = plan_of(REST, with_keys())
    assert (plan.route, dict(plan.masks), plan.denied) == ((AD_HOC,), {AD_HOC: ("one",)}, ())
    assert reasons(plan) == [("route a", "rule rest"), (f"route {AD_HOC} instead of a", "overrides")]
    assert plan.ad_hoc is not None
    assert (plan.ad_hoc.host, plan.ad_hoc.public_key) == ("https://cloud.langfuse.com", "pk-lf-1")
    body = "defaults: {host: 'https://eu.example.com', environment: prod, release: r1}\n" + REST
    project = plan_of(body, with_keys()).ad_hoc
    assert project is not None
    assert (project.host, project.environment, project.release) == ("https://eu.example.com", "prod", "r1")
    named = plan_of(body, with_keys("http://127.0.0.1:3000/")).ad_hoc
    assert named is not None
    assert named.host == "http://127.0.0.1:3000"


def test_no_key_is_in_what_a_plan_shows() -> None:
    """Nor in a record: not by repr, not as JSON."""
    record = record_from_request(with_keys("https://CANARY.example.com"))
    plan = RoutingTable.compile(load_text(HEAD + REST)).resolve(record)
    shown = f"{plan!r} {plan} {plan.to_json()} {record!r} {record.requested!r} {record.requested.credentials!r}"
    shown += f"{plan.ad_hoc!r}".replace("host='https://canary.example.com'", "")
    assert plan.route == (AD_HOC,)
    assert "canary" not in shown.lower()
    assert "pk-lf-1" not in shown


def test_no_condition_and_no_template_reads_a_key() -> None:
    """`{metadata.langfuse_secret_key}` has no value."""
    body = "rules: [{id: rest, route: a, trace: {set: {name: 'n {metadata.langfuse_secret_key}'}}}]\n"
    assert "CANARY" not in repr(plan_of(body, with_keys()).to_json())


@pytest.mark.parametrize(
    "metadata",
    [
        {"langfuse_public_key": "pk-lf-1"},
        {"langfuse_secret_key": "sk-lf-1"},
        {"langfuse_host": "https://lf.example.com"},
        {"langfuse_public_key": "pk-lf-1", "langfuse_secret": " ", "langfuse_host": "https://lf.example.com"},
        {"langfuse_public_key": "sk-lf-1", "langfuse_secret_key": "pk-lf-1"},
        {"langfuse_public_key": "pk\r\nx: y", "langfuse_secret_key": "sk-lf-1"},
        {"langfuse_public_key": "pk:x", "langfuse_secret_key": "sk-lf-1"},
        {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "schl\u00fcssel"},
        {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "s" * 513},
        {"langfuse_public_key": ["pk-lf-1"], "langfuse_secret_key": "sk-lf-1"},
    ],
    ids=["no secret", "no public", "host only", "empty", "swapped", "line", "colon", "letters", "long", "a list"],
)
def test_keys_that_are_not_a_pair_are_denied(metadata: dict[str, Any]) -> None:
    """All or nothing: they are never completed by keys of a project or of the environment."""
    plan = plan_of(REST, {"metadata": metadata})
    assert (plan.route, plan.denied, plan.ad_hoc) == (("a",), ("credentials",), None)


@pytest.mark.parametrize(
    "host",
    [
        "cloud.langfuse.com",
        "http://lf.example.com",
        "ftp://lf.example.com",
        "https://user@lf.example.com",
        "https://lf.example.com\\@evil.example.com",
        "https://lf.example.com?x=1",
        "https://127.1.evil.example.com:99999",
        "http://127.0.0.1.evil.example.com",
        "http://169.254.169.254",
        "https://l\u0444.example.com",
        "https://lf.example.com/../x",
        "https://lf.example.com/%2e",
        "https://*.example.com",
        "https://lf..example.com",
        f"https://{'l' * 64}.example.com",
        "https://",
        "x" * 5000,
    ],
)
def test_a_host_that_cannot_be_used_is_denied(host: str) -> None:
    """In an application as well; the call goes where its rule says."""
    plan = plan_of(REST, with_keys(host))
    assert (plan.route, plan.denied, plan.ad_hoc) == (("a",), ("credentials.host",), None)


@pytest.mark.parametrize(
    ("host", "is_listed"),
    [
        ("https://lf.example.com", True),
        ("https://LF.example.com:443/", True),
        ("https://eu.lf.example.com/base", True),
        ("https://eu.lf.example.com", False),
        ("https://a.eu.lf.example.com/base", False),
        ("https://.lf.example.com/base", False),
        (f"https://{'l' * 63}.lf.example.com/base", True),
        (f"https://{'l' * 64}.lf.example.com/base", False),
        ("https://lf.example.com/base", False),
        ("https://lf.example.com:8443", False),
        ("https://lf.example.com.evil.example", False),
        ("https://evil-lf.example.com", False),
        ("https://evil.example/https://lf.example.com", False),
        ("http://localhost", False),
        (None, False),
    ],
)
def test_listed_hosts_are_compared_part_by_part(host: str | None, is_listed: bool) -> None:
    """Scheme, name, port and path; never as the beginning of a text. Without a host `defaults.host` is compared."""
    plan = plan_of(LISTED + REST, with_keys(host))
    assert plan.denied == (() if is_listed else ("credentials.host",))
    assert (plan.route == (AD_HOC,)) is is_listed


def test_the_host_that_is_sent_to_is_the_one_that_was_compared() -> None:
    """Put together anew from its parts."""
    project = plan_of(LISTED + REST, with_keys(" https://EU.lf.example.com:443/base/ ")).ad_hoc
    assert project is not None
    assert project.host == "https://eu.lf.example.com/base"


@pytest.mark.seed("credentials-no-host")
def test_a_listed_default_host_takes_requests_without_one() -> None:
    """It has to be listed as any other."""
    body = "defaults: {host: 'https://lf.example.com'}\n" + LISTED + REST
    assert plan_of(body, with_keys()).route == (AD_HOC,)


def test_a_default_host_from_the_environment_is_resolved() -> None:
    """One that is missing stands for none, and is never replaced by another."""
    body = HEAD.replace("env: A}", "env: A, host: 'https://a.example.com'}").split("masks:")[0].split(", b:")[0]
    body += "}\ndefaults: {host: {env: LF_HOST}}\nrules: [{id: rest, route: a}]\n"
    keys = {"A_PUBLIC_KEY": "pk-lf-a", "A_SECRET_KEY": "sk-lf-a"}
    record = record_from_request(with_keys())
    for environ, host in (({**keys, "LF_HOST": "https://eu.example.com"}, "https://eu.example.com"), (keys, None)):
        plan = RoutingTable.compile(load_text(body, environ=environ)).resolve(record)
        assert (plan.ad_hoc.host if plan.ad_hoc else None) == host
        assert plan.denied == (() if host else ("credentials.host",))


def test_never_is_never() -> None:
    """In an application too."""
    plan = plan_of(REST + "overrides: {credentials: never}\n", with_keys())
    assert (plan.route, plan.denied) == (("a",), ("credentials",))


@pytest.mark.seed("credentials-team")
def test_a_client_of_the_proxy_brings_keys_by_a_grant_only() -> None:
    """For the hosts of the grant; neither the default nor what applications may says anything about clients."""
    host = "https://lf.example.com"
    assert plan_of(FOR_OPS + REST, with_keys(host, **CLIENT)).route == (AD_HOC,)
    assert plan_of(FOR_OPS + REST, with_keys("https://evil.example", **CLIENT)).denied == ("credentials.host",)
    for body, request in (
        (REST, CLIENT),
        (LISTED + REST, CLIENT),
        (FOR_OPS + REST, {"origin": "proxy", "key_alias": "other"}),
        (FOR_OPS + REST, {**CLIENT, "authenticated": False}),
    ):
        plan = plan_of(body, with_keys(host, **request))
        assert plan.ad_hoc is None
        assert plan.denied == ("credentials",) or plan.drop == "unauthenticated"


def test_keys_go_before_a_choice() -> None:
    """One call goes to one of the two; the other wish is denied."""
    body = REST + "overrides: {projects: [b]}\n"
    request = with_keys()
    request["metadata"]["langfuse_project"] = "b"
    assert (plan_of(body, request).route, plan_of(body, request).denied) == ((AD_HOC,), ("project",))
    del request["metadata"]["langfuse_secret_key"]
    assert (plan_of(body, request).route, plan_of(body, request).denied) == (("b",), ("credentials",))


def test_keys_do_not_bring_back_what_a_rule_drops() -> None:
    """Nor do they lead out of an audit."""
    plan = plan_of("rules: [{id: rest, route: drop}]\n", with_keys())
    assert (plan.route, plan.drop, plan.denied, plan.ad_hoc) == ((), "policy", ("credentials",), None)
    assert plan_of("rules: [{id: rest, route: [a, audit]}]\n", with_keys()).route == (AD_HOC, "audit")


def test_embedded_tests_speak_of_keys_without_having_any() -> None:
    """`override: {credentials: {host: …}}` stands for a pair of keys, and `ad-hoc` for their project."""
    tests = """tests:
  - name: an application may
    request: {input: a@example.com, override: {credentials: {host: "https://lf.example.com"}}}
    expect: {route: [ad-hoc], mask: {ad-hoc: [one]}, sent_to: {ad-hoc: {input: "[EMAIL]"}}, denied: []}
  - name: not for every host
    request: {override: {credentials: {host: "https://evil.example"}}}
    expect: {route: [a], denied: [credentials.host]}
  - name: a client may not
    request: {origin: proxy, override: {credentials: {}}}
    expect: {denied: [credentials]}
"""
    assert [result.passed for result in run_tests(load_text(HEAD + LISTED + REST + tests))] == [True] * 3


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"credential": {}}, "unknown key `credential` in `override` of a request; allowed: project, credentials"),
        ({"credentials": {"secret": "x"}}, "unknown key `secret` in `credentials` of a request; allowed: host"),
        ({"credentials": "x"}, "`credentials` in a request must be a mapping, got str"),
    ],
)
def test_an_override_that_cannot_be_read_is_an_error(override: dict[str, Any], words: str) -> None:
    """It names the key, never the value."""
    with pytest.raises(RequestError, match=re.escape(words)):
        record_from_request({"override": override})


# Whose word decides

FOR_KEYS = [
    "match: {key_alias: ops}",
    "match: {team: {not: lab}}",
    "match: {tags: [x], org: acme}",
    "match: {all: [{tags: [x]}, {team: x}]}",
    "match: {any: [{team: x}, {key_alias: y, user: z}]}",
    "match: {not: {team: [x, y]}}",
    "match: {desk: x}",
    "when: \"team == 'x'\"",
    "when: \"team == 'x' && metadata.k == 'v'\"",
    "when: \"team == 'x' || key_alias == 'y'\"",
    "when: \"!(org == 'x')\"",
    "match: {tags: [x]}, when: \"starts_with(key_alias, 'ops')\"",
]
FOR_ANYBODY = [
    "",
    "match: {user: ops}",
    "match: {tags: [ops], model: gpt-4o, header.x-key: k}",
    "match: {any: [{team: x}, {metadata.k: v}]}",
    "match: {not: {team: x, user: y}}",
    "match: {not: {}}",
    "match: {provider: openai, status: success, stream: true, call_type: completion}",
    "match: {app: x}",
    "match: {alias: x}",
    "when: \"metadata.team == 'x'\"",
    "when: \"team == 'x' || user == 'y'\"",
    'when: "team == user"',
    "when: \"!(team == 'x' && user == 'y')\"",
]
DECLARED = """attributes:
  desk: {from: [metadata.desk, key_alias]}
  app: {from: header.x-app, trust: caller}
  alias: {from: [key_alias, metadata.alias], trust: caller}
"""


@pytest.mark.parametrize("condition", FOR_KEYS)
def test_a_condition_that_the_key_must_pass_is_one(condition: str) -> None:
    """However it is put together."""
    grant = f"overrides:\n  grants:\n    - {{id: g, projects: [b], {condition}}}\n"
    warnings = load_text(HEAD + DECLARED + REST + grant).warnings
    assert {problem.code for problem in warnings} <= {"RT241", "RT611"}


@pytest.mark.parametrize("condition", FOR_ANYBODY)
@pytest.mark.parametrize("choice", ["projects: [b]", "credentials: {hosts: ['https://lf.example.com']}"])
def test_a_condition_that_a_client_could_pass_by_itself_is_an_error(condition: str, choice: str) -> None:
    """Any client could choose."""
    grant = f"overrides:\n  grants:\n    - {{id: g, {choice}, {condition}}}\n"
    with pytest.raises(ConfigError) as caught:
        load_text(HEAD + DECLARED + REST + grant)
    assert [problem.code for problem in caught.value.problems if problem.severity == "error"] == ["RT510"]
