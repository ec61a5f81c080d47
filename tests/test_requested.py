"""What LiteLLM metadata asks of Langfuse: every key of the seed, in every type a client may send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from router.routing.record import RequestCredentials, Requested
from router.routing.requested import INTERNAL_KEYS, SEED_KEYS, requested_from_metadata

SEED_EXAMPLE = {
    "generation_name": "ishaan-test-generation",
    "generation_id": "gen-id22",
    "parent_observation_id": "obs-id9",
    "version": "test-generation-version",
    "trace_user_id": "user-id2",
    "session_id": "session-1",
    "tags": ["tag1", "tag2"],
    "trace_name": "new-trace-name",
    "trace_id": "trace-id22",
    "trace_metadata": {"key": "value"},
    "trace_version": "test-trace-version",
    "trace_release": "test-trace-release",
    "existing_trace_id": "trace-id22",
    "update_trace_keys": ["input", "output", "trace_metadata"],
}


def as_dict(requested: Requested) -> dict[str, Any]:
    return {name: value for name in requested.__slots__ if (value := getattr(requested, name))}


def test_every_key_of_the_seed_has_its_place() -> None:
    """The example of LiteLLM's own documentation asks for each field exactly once."""
    assert as_dict(requested_from_metadata(SEED_EXAMPLE)) == {
        "trace": {
            "user_id": "user-id2",
            "session_id": "session-1",
            "name": "new-trace-name",
            "version": "test-trace-version",
            "release": "test-trace-release",
            "tags": ["tag1", "tag2"],
            "metadata": {"key": "value"},
        },
        "generation": {"name": "ishaan-test-generation", "version": "test-generation-version"},
        "trace_id": "trace-id22",
        "existing_trace_id": "trace-id22",
        "parent_observation_id": "obs-id9",
        "generation_id": "gen-id22",
        "update_keys": ("input", "output", "trace_metadata"),
    }


def test_any_other_key_becomes_metadata_of_the_generation() -> None:
    """A key without a meaning is delivered, nested or not, as the seed promises."""
    requested = requested_from_metadata({"project": "litellm-proxy", "extra": {"nested": [1, 2]}})
    assert as_dict(requested) == {"generation": {"metadata": {"project": "litellm-proxy", "extra": {"nested": [1, 2]}}}}


def test_nothing_asked_is_nothing_requested() -> None:
    """A call without metadata costs no object of its own."""
    assert requested_from_metadata({}) == Requested()
    assert requested_from_metadata({}) is requested_from_metadata({})


def test_the_trace_version_falls_back_to_the_version() -> None:
    """`version` names both, until `trace_version` names its own."""
    requested = requested_from_metadata({"version": "v1"})
    assert (requested.trace, requested.generation) == ({"version": "v1"}, {"version": "v1"})


def test_the_trace_user_falls_back_to_the_user_of_the_call() -> None:
    """`trace_user_id` wins over the `user` argument."""
    assert requested_from_metadata({}, user="u").trace == {"user_id": "u"}
    assert requested_from_metadata({"trace_user_id": "t"}, user="u").trace == {"user_id": "t"}


@pytest.mark.parametrize(
    ("given_tags", "tags"),
    [
        (["a", "b", "a"], ["a", "b"]),
        (("a", "b"), ["a", "b"]),
        ("a,b", ["a", "b"]),
        (" a , ,b ", ["a", "b"]),
        ('["a", "b,c"]', ["a", "b,c"]),
        ('["a"', ['["a"']),
        (["a,b"], ["a,b"]),
        ([1, 2.5, True, None, ["no"], {"no": 1}], ["1", "2.5", "true"]),
        (7, ["7"]),
        ({"no": 1}, None),
        ("", None),
        ([], None),
        (None, None),
    ],
)
def test_tags_are_read_from_lists_and_from_texts(given_tags: Any, tags: list[str] | None) -> None:
    """LiteLLM loses its whole payload when tags are a text; here they are tags."""
    assert requested_from_metadata({"tags": given_tags}).trace.get("tags") == tags


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("trace_name", 7, "name", "7"),
        ("session_id", 12345678901234, "session_id", "12345678901234"),
        ("trace_user_id", True, "user_id", "true"),
        ("trace_release", 1.5, "release", "1.5"),
        ("trace_name", ["x"], "name", None),
        ("trace_name", {"x": 1}, "name", None),
        ("trace_name", "", "name", None),
        ("trace_public", "true", "public", True),
        ("trace_public", 0, "public", False),
        ("trace_public", "perhaps", "public", None),
        ("trace_environment", "prod", "environment", "prod"),
        ("langfuse_environment", "prod", "environment", "prod"),
        ("trace_metadata", '{"a": 1}', "metadata", {"a": 1}),
        ("trace_metadata", "words", "metadata", {"trace_metadata": "words"}),
        ("trace_metadata", "[1]", "metadata", {"trace_metadata": [1]}),
        ("trace_metadata", "", "metadata", None),
        ("trace_metadata", 5, "metadata", {"trace_metadata": 5}),
    ],
)
def test_a_value_of_another_type_is_read_as_far_as_it_makes_sense(
    key: str, value: Any, field: str, expected: Any
) -> None:
    """Numbers become text, JSON text becomes data; what makes no sense is left out."""
    assert requested_from_metadata({key: value}).trace.get(field) == expected


@pytest.mark.parametrize(
    "value", [True, "true", "True", "1", 1, "yes", "on", "anything", {"a": 1}, ["x"], 0.5], ids=repr
)
def test_whatever_is_not_clearly_off_masks(value: Any) -> None:
    """A switch that tightens is on when in doubt."""
    assert requested_from_metadata({"mask_input": value}).mask == {"input"}
    assert requested_from_metadata({"mask_output": value}).mask == {"output"}
    assert requested_from_metadata({"turn_off_message_logging": value}).mask == {"input", "output"}


@pytest.mark.parametrize(
    "value", [False, "false", "FALSE", "0", 0, 0.0, "no", "off", "", "none", None, [], {}], ids=repr
)
def test_a_switch_that_is_off_masks_nothing(value: Any) -> None:
    """Falsy values, also as text, ask for nothing."""
    assert requested_from_metadata({"mask_input": value, "mask_output": value}).mask == frozenset()


def test_a_masking_function_that_is_none_hides_the_whole_content() -> None:
    """A text, which is all that a header or a JSON body can bring, cannot be applied: what it was for is hidden."""
    asked = requested_from_metadata({"langfuse_masking_function": "[not plain data: function]"})
    assert asked.mask == {"input", "output"}


def test_update_keys_are_read_from_a_text_too() -> None:
    """LiteLLM splits a text on commas."""
    assert requested_from_metadata({"update_trace_keys": "input, output"}).update_keys == ("input", "output")


@pytest.mark.seed("update-trace-version")
@pytest.mark.parametrize(
    ("keys", "version"), [(["version"], "g"), (["trace_version"], "t"), (["version", "trace_version"], "g"), ([], "t")]
)
def test_the_update_key_version_means_the_generations_own(keys: list[str], version: str) -> None:
    """LiteLLM's documentation: "To use the latest generations version instead, use `version`"."""
    asked = {"existing_trace_id": "t-1", "trace_version": "t", "version": "g", "update_trace_keys": keys}
    requested = requested_from_metadata(asked)
    assert (requested.trace["version"], requested.generation["version"]) == (version, "g")
    assert requested_from_metadata({**asked, "version": None}).trace["version"] == "t"


def test_a_prompt_links_with_name_and_version_or_not_at_all() -> None:
    """Langfuse drops an observation that has one without the other."""
    assert requested_from_metadata({"prompt": {"name": "p", "version": 3, "prompt": "hi"}}).generation == {
        "prompt": {"name": "p", "version": 3}
    }
    assert requested_from_metadata({"prompt": "text"}).generation == {}
    for version in ("3", 3):
        asked = requested_from_metadata({}, headers={"langfuse_prompt": json.dumps({"name": "p", "version": version})})
        assert asked.generation == {"prompt": {"name": "p", "version": 3}}


@pytest.mark.parametrize("version", [None, 0, -1, True, 1.5, "latest", "", "٣", 2**16, {}])
def test_a_prompt_without_a_version_that_langfuse_can_keep_links_nothing(version: object) -> None:
    """Version 0 is the SDK's fallback prompt, which does not exist on the server."""
    assert requested_from_metadata({"prompt": {"name": "p", "version": version}}).generation == {}


def test_debug_passes_the_scalars_of_the_metadata_on() -> None:
    """`debug_langfuse` shows what reached us, under LiteLLM's name, without credentials."""
    metadata = {"debug_langfuse": "true", "trace_name": "n", "k": 1, "nested": {}, "langfuse_secret_key": "sk"}
    assert requested_from_metadata(metadata).trace["metadata"] == {
        "metadata_passed_to_litellm": {"debug_langfuse": "true", "trace_name": "n", "k": 1}
    }


def test_what_litellm_and_its_proxy_write_is_not_metadata() -> None:
    """Internal keys, facts of the key and credentials never become metadata of the generation."""
    internal = dict.fromkeys([*INTERNAL_KEYS, "user_api_key_team_id", "langfuse_secret_key", "litellm_call_id"], "x")
    assert requested_from_metadata(internal) == Requested(credentials=RequestCredentials(secret_key=SecretStr("x")))


@pytest.mark.seed("headers", "header-spellings")
@pytest.mark.parametrize("spelling", ["langfuse_{}", "langfuse-{}", "x-langfuse-{}", "x-langfuse_{}", "x_langfuse_{}"])
def test_headers_ask_in_every_spelling(spelling: str) -> None:
    """Web servers drop headers with underscores, so hyphens and `x-` are read as well."""
    headers = {
        spelling.format(key.replace("_", "-") if "-" in spelling else key): value
        for key, value in {"trace_id": "t", "trace_metadata": '{"a":1}', "tags": "h1,h2", "team_note": "n"}.items()
    }
    requested = requested_from_metadata({"tags": ["body"], "trace_metadata": {"b": 2}}, headers=headers)
    assert as_dict(requested) == {
        "trace_id": "t",
        "trace": {"tags": ["body", "h1", "h2"], "metadata": {"b": 2, "a": 1}},
        "generation": {"metadata": {"team_note": "n"}},
    }


def test_a_header_beats_the_body_but_lifts_no_mask() -> None:
    """As in LiteLLM the header wins; only towards more masking where masking is meant."""
    requested = requested_from_metadata(
        {"trace_name": "body", "mask_input": True},
        headers={"langfuse_trace_name": "header", "langfuse_mask_input": "false", "langfuse_mask_output": "true"},
    )
    assert requested.trace == {"name": "header"}
    assert requested.mask == {"input", "output"}


def test_a_header_lifts_no_mask_of_another_header() -> None:
    """Whatever the order in which they come."""
    redact, show = {"litellm-enable-message-redaction": "true"}, {"langfuse_mask_input": "false"}
    for headers in ({**redact, **show}, {**show, **redact}):
        assert requested_from_metadata({}, headers=headers).mask == {"input", "output"}
    twice = {"langfuse_mask_input": "true", "x-langfuse-mask-input": "false"}
    assert requested_from_metadata({}, headers=twice).mask == {"input"}


def test_credentials_are_found_by_litellms_names_and_shown_by_nothing() -> None:
    """Known by the names that LiteLLM's callback reads."""
    given = {"langfuse_public_key": "pk-1", "langfuse_secret": "sk-1", "langfuse_host": "https://example.com"}
    found = RequestCredentials(
        public_key=SecretStr("pk-1"), secret_key=SecretStr("sk-1"), host=SecretStr("https://example.com")
    )
    assert requested_from_metadata(given) == Requested(credentials=found)
    assert not any(value in repr(found) for value in given.values())
    assert requested_from_metadata({"langfuse_host": None}) == Requested()


def test_litellms_redaction_headers_only_tighten() -> None:
    """The header that turns redaction on is heard, the one that lifts it is not."""
    assert requested_from_metadata({}, headers={"x-litellm-enable-message-redaction": "true"}).mask == {
        "input",
        "output",
    }
    lifted = requested_from_metadata({"mask_input": 1}, headers={"litellm-disable-message-redaction": "true"})
    assert lifted.mask == {"input"}


@pytest.mark.parametrize("name", ["public_key", "secret_key", "secret", "host", "base-url", "masking_function"])
def test_a_header_names_no_credentials(name: str) -> None:
    """`langfuse_host` as a header asks for nothing."""
    assert requested_from_metadata({}, headers={f"langfuse_{name}": "x"}) == Requested()


def test_too_much_or_too_deep_json_in_a_header_stays_a_text() -> None:
    """A client cannot make us parse without end."""
    deep = "[" * 100_000
    assert requested_from_metadata({}, headers={"langfuse_trace_metadata": deep}).trace == {
        "metadata": {"trace_metadata": deep}
    }
    for depth in (100, 5_000):
        nested = '{"a":' * depth + "1" + "}" * depth
        assert requested_from_metadata({"trace_metadata": nested}).trace["metadata"] == {"trace_metadata": nested}
    nested = '{"a":' * 99 + "1" + "}" * 99
    assert requested_from_metadata({"trace_metadata": nested}).trace["metadata"] == json.loads(nested)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    metadata=st.dictionaries(st.sampled_from(sorted(SEED_KEYS)) | st.text(max_size=6), JSON, max_size=8),
    headers=st.dictionaries(
        st.sampled_from(sorted(SEED_KEYS)).map("langfuse_{}".format) | st.text(max_size=6),
        st.text(max_size=8),
        max_size=4,
    ),
)
def test_any_plain_data_is_read_without_raising(metadata: dict[str, Any], headers: dict[str, str]) -> None:
    """Text fields come out as text, tags as a list of texts, and what is left keeps its value."""
    requested = requested_from_metadata(metadata, headers=headers)
    for name, value in requested.trace.items():
        assert isinstance(value, {"tags": list, "public": bool, "metadata": dict}.get(name, str))
    assert all(isinstance(tag, str) and tag for tag in requested.trace.get("tags", ()))
    json.dumps([requested.trace, requested.generation])
    assert requested.mask <= {"input", "output"}
