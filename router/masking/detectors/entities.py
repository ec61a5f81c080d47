"""Names and places by a spaCy model, run by Presidio: the one detector that is no pattern. Off the default path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module

from router.config.model import NamedEntities
from router.masking.detectors.detector import NO_NUMBER, Span

Analyze = Callable[[str], Iterable[Span]]
"""Returns spans in characters."""


class ModelError(Exception):
    """A package is no spaCy model, or none for the version of spaCy that is installed."""


class Entities:
    """What the model takes for names of the kinds that were asked for."""

    shortest = 2
    shortest_number = NO_NUMBER
    reaches_far = False

    def __init__(self, name: str, analyze: Analyze) -> None:
        self.name = name
        self._analyze = analyze

    def find(self, text: bytes) -> Sequence[Span]:
        characters = text.decode()
        if not any(map(str.isalpha, characters)):
            return ()
        spans: list[Span] = []
        position = offset = 0
        for start, end in sorted(self._analyze(characters)):
            offset += len(characters[position:start].encode())
            position = start
            spans.append((offset, offset + len(characters[start:end].encode())))
        return spans


def presidio_analysis(spec: NamedEntities) -> Analyze:
    """Load the model of a detector that was checked, and return what analyses texts with it.

    Only what reads the model's entities is registered, no recognizer that asks the network; and the model is loaded
    here, for Presidio would download one that it does not know. Raises ModelError.
    """
    presidio = import_module("presidio_analyzer")
    engines = import_module("presidio_analyzer.nlp_engine")
    recognizers = import_module("presidio_analyzer.predefined_recognizers")
    engine = engines.SpacyNlpEngine(
        models=[{"lang_code": spec.language, "model_name": spec.model}],
        ner_model_configuration=engines.NerModelConfiguration(labels_to_ignore=[]),
    )
    try:
        engine.nlp = {spec.language: import_module("spacy").load(spec.model)}
    except Exception:  # noqa: BLE001 - whatever a package does that is called like a model
        raise ModelError(spec.model) from None
    kinds, language = list(spec.presidio), spec.language
    registry = presidio.RecognizerRegistry(
        recognizers=[recognizers.SpacyRecognizer(supported_language=language, supported_entities=kinds)],
        supported_languages=[language],
    )
    analyzer = presidio.AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[language])

    def analyze(text: str) -> list[Span]:
        results = analyzer.analyze(text=text, language=language, entities=kinds, score_threshold=spec.score)
        return [(result.start, result.end) for result in results]

    return analyze
