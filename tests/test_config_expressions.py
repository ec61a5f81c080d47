"""Expressions, templates and attributes are understood when they are loaded, not when the first call comes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.attributes import BUILTIN_ATTRIBUTES, attribute_kind, attribute_names
from router.config.expression_check import Finding
from router.config.expressions import ExpressionError, compile_expression, read_expression
from router.config.suggest import close_names, did_you_mean
from router.config.templates import Hole, parse_template
from router.config.text_error import TextError

SCOPE: dict[str, Any] = {
    **dict.fromkeys(BUILTIN_ATTRIBUTES),
    "team": "payments",
    "tags": ["prod", "eu"],
    "stream": True,
    "metadata": {"a": {"b": 3}},
    "header": {"x-team": "pay"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("team == 'payments'", True),
        ("contains(tags, 'prod') && stream", True),
        ("metadata.a.b > `2`", True),
        ("header.\"x-team\" == 'pay'", True),
        ("length(tags[?starts_with(@, 'e')]) == `1`", True),
        ("@.team == 'search'", False),
        ("!(team)", False),
        ("not_null(user, team)", "payments"),
        ("join('-', tags)", "prod-eu"),
        ("{a: team}.a", "payments"),
        ("tags | [0]", "prod"),
    ],
)
def test_expressions_are_evaluated_over_bound_attributes(text: str, value: Any) -> None:
    """What passes the check does what JMESPath says."""
    assert compile_expression(text).search(SCOPE) == value


def test_an_expression_names_the_attributes_it_reads() -> None:
    """So that only these need to be bound."""
    assert compile_expression("team == 'x' && metadata.team && contains(tags, org)").attributes == (
        "metadata",
        "org",
        "tags",
        "team",
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("stream", "boolean"),
        ("team == 'x' || stream", "boolean"),
        ("metadata.flag", "open"),
        ("tags", "array"),
        ("tags[?@ == 'x']", "array"),
        ("length(tags)", "number"),
        ("[team, user]", "array"),
        ("{a: team}", "object"),
        ("`null`", "null"),
    ],
)
def test_the_kind_of_a_result_is_known_where_it_can_be(text: str, kind: str) -> None:
    """That is how a `when` that is never false is noticed."""
    assert read_expression(text).kind == kind


@pytest.mark.parametrize(
    ("text", "code", "message", "marked"),
    [
        ("teem == 'x'", "RT201", "unknown attribute `teem`", "teem"),
        ("[team, {a: usr}]", "RT201", "unknown attribute `usr`", "usr"),
        ("tags | usr", "RT208", "`usr` is looked up in a list, which has no fields; the result is always null", "usr"),
        ("team == `payments`", "RT204", "what stands in backticks must be JSON", "`payments`"),
        ("``", "RT204", "what stands in backticks must be JSON", "``"),
        ('"a', "RT204", '`"a` is not expected here', '"'),
        ("lenght(tags)", "RT202", "unknown function `lenght`", "lenght"),
        (
            'contains(tags, "x")',
            "RT203",
            '"x" is the name of an attribute here, not a text, and there is no such attribute',
            '"x"',
        ),
        ("", "RT204", "the expression is empty", ""),
        ("team ==", "RT204", "the expression ends too early", ""),
        ("team === 'x'", "RT204", "`=` is not expected here", "="),
        ("team # 'x'", "RT204", "`#` is not expected here", "#"),
        ("team['x']", "RT204", "`x` is not expected here", "'"),
        ("('x'", "RT204", "the expression ends too early", ""),
        ("!" * 100 + "stream", "RT204", "more than 64 operations inside each other", "!" * 100 + "stream"),
        ("(" * 2000, "RT204", "the expression nests too deep", "(" * 2000),
        ("x" * 5000, "RT204", "the expression is longer than 4096 characters", "x" * 5000),
        ("starts_with(team)", "RT205", "`starts_with` takes two arguments, not 1", "starts_with"),
        ("merge()", "RT205", "`merge` takes at least one argument, not 0", "merge"),
        ("abs(team)", "RT205", "`abs` takes a number here, and this is text", "team"),
        ("sort_by(tags, team)", "RT205", "`sort_by` takes an expression (&name) here, and this is text", "team"),
        ("team.name", "RT208", "`name` is looked up in text, which has no fields; the result is always null", "name"),
        ("team == `1`", "RT208", "text is compared with a number; they are never equal", "team == `1`"),
        ("team < metadata.x", "RT208", "only numbers can be ordered, and this is text; always null", "team"),
    ],
)
def test_mistakes_are_found_where_they_stand(text: str, code: str, message: str, marked: str) -> None:
    """Each finding has a code, a sentence, and the offsets of the offender."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    finding = caught.value.findings[0]
    assert (finding.code, finding.message, text[finding.start : finding.end]) == (code, message, marked)


@pytest.mark.parametrize("text", ["tags", "team", "length(tags)", "'x'", "`1`", "[team]"])
def test_a_condition_must_be_able_to_be_false(text: str) -> None:
    """A list or a text is true as soon as it is not empty, which is rarely meant."""
    compile_expression(text)
    with pytest.raises(ExpressionError, match="a condition must be true or false"):
        compile_expression(text, boolean=True)


@given(st.text(alphabet="team.gs[]()'\"`=!<>&|?@*{}:,-0x ", max_size=30))
def test_no_expression_raises_anything_else(text: str) -> None:
    """Whatever an operator writes is compiled or explained."""
    findings: tuple[Finding, ...] | None = None
    try:
        compile_expression(text, boolean=True)
    except ExpressionError as error:
        findings = error.findings
    assert findings != ()
    assert all(0 <= finding.start <= finding.end <= len(text) for finding in findings or ())


# -- templates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ("plain",)),
        ("", ()),
        ("{team}", (Hole("team", 0, 6),)),
        ("pay/{ model }!", ("pay/", Hole("model", 4, 13), "!")),
        ("{metadata.a.b}{team}", (Hole("metadata.a.b", 0, 14), Hole("team", 14, 20))),
        ("{{not}} {team}", ("{not} ", Hole("team", 8, 14))),
        ("{{{team}}}", ("{", Hole("team", 2, 8), "}")),
    ],
)
def test_templates_are_split_into_text_and_holes(text: str, parts: tuple[Any, ...]) -> None:
    """Doubled braces stand for themselves."""
    template = parse_template(text)
    assert template.parts == parts
    assert template.attributes == tuple(part.attribute for part in parts if isinstance(part, Hole))


def test_a_template_without_holes_is_a_literal() -> None:
    """Its braces are already single."""
    assert parse_template("a {{b}}").literal == "a {b}"
    assert parse_template("a {b}").literal is None


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("a {team", "`{` has no partner", "{"),
        ("a }", "`}` has no partner", "}"),
        ("{}", "`{}` names no attribute", "{}"),
        ("{ }", "`{}` names no attribute", "{ }"),
        ("{a{b}}", "`{` has no partner", "{"),
    ],
)
def test_braces_without_partners_are_refused(text: str, message: str, marked: str) -> None:
    """Where they stand, and how to write them."""
    with pytest.raises(TextError) as caught:
        parse_template(text)
    assert (str(caught.value), text[caught.value.start : caught.value.end]) == (message, marked)
    assert caught.value.hint


# -- attributes and suggestions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("team", "text"),
        ("tags", "list"),
        ("stream", "bool"),
        ("model", "alternatives"),
        ("metadata.a", "open"),
        ("metadata.a.b", "open"),
        ("header.x-team", "text"),
        ("metadata", None),
        ("metadata.", None),
        ("metadata..a", None),
        ("header", None),
        ("teem", None),
        ("team.name", None),
    ],
)
def test_attributes_exist_without_declaration(name: str, kind: str | None) -> None:
    """The built-in ones, and any depth of metadata."""
    assert attribute_kind(name) == kind


def test_names_of_attributes_for_messages() -> None:
    """The open families stand last."""
    assert attribute_names()[0] == "team"
    assert attribute_names()[-2:] == ("metadata.<key>", "header.<key>")


def test_at_most_five_suggestions_best_first() -> None:
    """A list of fifty helps nobody."""
    assert close_names("mask", [f"mask{n}" for n in range(9)]) == ["mask8", "mask7", "mask6", "mask5", "mask4"]
    assert did_you_mean("teem", ["match", "stream", "team"]) == "did you mean `team` or `stream`?"
    assert did_you_mean("session-id", ["session_id", "tags"]) == "did you mean `session_id`?"
    assert did_you_mean("zzz", ["team"]) == ""
