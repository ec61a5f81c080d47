"""Trace ids are those that Langfuse's own SDK and LiteLLM's own callback make, so that traces join."""

from __future__ import annotations

import importlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from langfuse import Langfuse  # noqa: TID251 (a function of the class alone; none is made)

from router.litellm.private import installed_release
from router.masking.ids import normalise_span_id, normalise_trace_id

TEXTS = st.text(min_size=1, alphabet=st.characters(codec="utf-8"))
HEX = st.text("0123456789abcdefABCDEF-", min_size=14, max_size=38)


@pytest.mark.seed("trace-id")
@given(TEXTS)
@example("trace-id22")
@example(" 0123456789abcdef0123456789abcdef")
@example("0123456789abcdef0123456789abcdef\n")
def test_any_text_gives_the_id_that_the_sdk_makes_of_it(text: str) -> None:
    """`create_trace_id(seed=…)`, beside which 32 hex digits and UUIDs are ids already."""
    is_id = re.fullmatch("[0-9a-fA-F]{32}", text.replace("-", "")) is not None
    assert is_id or normalise_trace_id(text) == Langfuse.create_trace_id(seed=text)


if installed_release() >= (1, 106):  # older ones send by Langfuse's SDK, which hashes

    @pytest.mark.seed("trace-id", "parent-observation-id")
    @given(st.one_of(TEXTS, HEX, st.uuids().map(str)))
    @example("\N{ARABIC-INDIC DIGIT ONE}" * 32)
    def test_any_text_gives_the_ids_that_litellm_makes_of_it(text: str) -> None:
        """Of traces and of observations; but no zeros, which OpenTelemetry does not take for an id."""
        sdk = importlib.import_module("litellm.integrations.langfuse.langfuse_sdk")
        if text.replace("-", "").strip("0"):
            assert normalise_trace_id(text) == sdk.resolve_trace_id(text)
            assert normalise_span_id(text) == sdk.resolve_observation_id(text)
