"""Times Presidio without a model, datafog and scrubadub; run by the Python of .venv-peers, JSON in, JSON out.

They bring a package `phonenumbers` of their own, so they cannot live beside the router.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any


def main() -> None:
    """Read `{"texts": {name: text}, "rounds": n}`, write `{peer: {name: CPU µs} or the reason why not}`."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    results: dict[str, Any] = {}
    for name, make in (("presidio, no model", _presidio), ("datafog", _datafog), ("scrubadub", _scrubadub)):
        try:
            redact = make()
            results[name] = {text: _cpu_us(redact, asked["texts"][text], asked["rounds"]) for text in asked["texts"]}
        except Exception as error:  # noqa: BLE001 - a peer that does not run here is told of, and the others go on
            results[name] = type(error).__name__
    json.dump(results, sys.stdout)


def _cpu_us(redact: Callable[[str], Any], text: str, rounds: int) -> float:
    redact(text)
    taken = []
    for _ in range(rounds):
        before = time.process_time()
        redact(text)
        taken.append((time.process_time() - before) * 1e6)
    return median(taken)


def _presidio() -> Callable[[str], Any]:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer,
        EmailRecognizer,
        IpRecognizer,
        PhoneRecognizer,
    )
    from presidio_anonymizer import AnonymizerEngine

    registry = RecognizerRegistry()
    for recognizer in (CreditCardRecognizer(), EmailRecognizer(), IpRecognizer(), PhoneRecognizer()):
        registry.add_recognizer(recognizer)
    engine = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}])
    engine.load()
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    anonymizer = AnonymizerEngine()
    return lambda text: anonymizer.anonymize(text, analyzer.analyze(text, language="en"))


def _datafog() -> Callable[[str], Any]:
    import datafog

    return lambda text: datafog.sanitize(text, engine="regex")


def _scrubadub() -> Callable[[str], Any]:
    import scrubadub

    clean: Callable[[str], Any] = scrubadub.Scrubber().clean
    return clean


if __name__ == "__main__":
    main()
