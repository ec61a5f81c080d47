"""Names and places by Presidio over a real spaCy pipeline: `make presidio` runs it where the extra is installed.

The pipeline is a blank one that knows a few names by a list, so that no model has to be downloaded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest

from router.config import load_text
from router.errors import ConfigError
from router.masking import mask_text
from router.verify import run_tests
from tests.own_detectors import policies_with

MODEL = "names_for_tests"
NAMES = {"PERSON": ["Ada Lovelace", "Jürgen Müller"], "GPE": ["Zürich"], "ORG": ["Acme"], "PRODUCT": ["Widget"]}
PACKAGE = """
from pathlib import Path

import spacy


def load(**given):
    pipeline = spacy.load(Path(__file__).parent / "data", **given)
    pipeline.max_length = 1000
    return pipeline
"""
SPEC: dict[str, Any] = {
    "presidio": ["PERSON", "LOCATION"],
    "model": MODEL,
    "examples": {"match": ["I am Ada Lovelace."], "no_match": ["I am Acme."]},
}


@pytest.fixture(scope="module", autouse=True)
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install a package with a model, as `pip` would, where only this module sees it."""
    folder = tmp_path_factory.mktemp("packages")
    pipeline = import_module("spacy").blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": kind, "pattern": name} for kind, names in NAMES.items() for name in names])
    (folder / MODEL).mkdir()
    pipeline.to_disk(folder / MODEL / "data")
    (folder / MODEL / "__init__.py").write_text(PACKAGE, "utf-8")
    metadata = folder / f"{MODEL}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {MODEL}\nVersion: 1.0\n", "utf-8")
    sys.path.insert(0, str(folder))
    invalidate_caches()
    yield
    sys.path.remove(str(folder))


def test_names_are_replaced_and_counted_under_the_name_of_the_detector() -> None:
    """Of the kinds that were asked for; characters of several bytes around them stay whole."""
    text = "Grüezi 😀 Jürgen Müller — von Acme, Zürich (Ada Lovelace)."
    assert mask_text(text, policies_with({"names": SPEC}), ["all"]) == (
        "Grüezi 😀 [NAMES] — von Acme, [NAMES] ([NAMES]).",
        {"names": 3},
    )


def test_the_example_of_the_reference_passes_its_tests() -> None:
    """With the model that is at hand here."""
    text = (Path(__file__).parents[2] / "examples" / "reference" / "names.yaml").read_text("utf-8")
    results = run_tests(load_text(text.replace("model: en_core_web_sm", f"model: {MODEL}")))
    assert [result.differences for result in results] == [()]


def test_every_kind_that_can_be_asked_for_is_found() -> None:
    """None is left out by a default of Presidio."""
    compiled = policies_with({"firms": SPEC | {"presidio": ["ORGANIZATION"], "examples": {"match": ["ask Acme"]}}})
    assert mask_text("Ada Lovelace of Acme", compiled, ["all"])[0] == "Ada Lovelace of [FIRMS]"


def test_a_disguise_does_not_help() -> None:
    """The model reads the folded text as well."""
    assert mask_text("Ada\\u0020Love\u200blace", policies_with({"names": SPEC}), ["all"])[0] == "[NAMES]"


def test_a_score_that_no_hit_has_finds_nothing() -> None:
    """The examples tell so at load."""
    with pytest.raises(ConfigError) as raised:
        policies_with({"names": SPEC | {"score": 0.99}})
    (problem,) = raised.value.problems
    assert (problem.code, problem.message) == ("RT263", "detector `names` finds nothing in this example")
    assert problem.hint == "try another model or another `score`; or another example"


def test_a_package_that_is_no_model_is_told_and_nothing_is_downloaded() -> None:
    """Presidio by itself would look for one of this name outside."""
    with pytest.raises(ConfigError) as raised:
        policies_with({"names": SPEC | {"model": "json"}})
    (problem,) = raised.value.problems
    assert (problem.code, problem.message) == ("RT265", "package `json` is no spaCy model that can be loaded")


def test_a_text_that_the_model_refuses_is_withheld() -> None:
    """A pipeline takes so many characters and no more; what it did not read is not sent."""
    masked, counts = mask_text("Ada Lovelace " * 100, policies_with({"names": SPEC}), ["all"])
    assert (masked, counts) == ("[MASK FAILED: all]", {})


def test_an_example_that_the_model_refuses_does_not_hold() -> None:
    """That nothing was found in it proves nothing."""
    with pytest.raises(ConfigError, match="finds something in this example"):
        policies_with({"names": SPEC | {"examples": {"match": ["Ada Lovelace"], "no_match": ["Acme " * 300]}}})


def test_telephone_numbers_are_found_beside_the_other_package_of_that_library() -> None:
    """Presidio brings phonenumbers, which has the files of phonenumberslite."""
    compiled = policies_with({"names": SPEC})
    assert import_module("phonenumbers").parse("+41 44 668 18 00").country_code == 41
    assert mask_text("Ada Lovelace, +41 44 668 18 00", compiled, ["all"])[0] == "[NAMES], +41 44 668 18 00"
