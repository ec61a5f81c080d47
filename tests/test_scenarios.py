"""Scenario folders: a routing.yaml and a call in, the plan and the spans as the projects received them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from router.pipeline import Router
from router.routing.record import CallRecord
from router.routing.request import record_from_request
from router.testing import FakeLangfuse, ReceivedSpan
from tests.payloads import load_payload, record_of

SCENARIOS = Path(__file__).parent / "scenarios"
FOLDERS = sorted(path for path in SCENARIOS.iterdir() if path.is_dir())
CALLS = {folder: (folder / "call.yaml").read_text("utf-8") for folder in FOLDERS}
PROJECTS = ("payments", "search", "audit", "shared")
WHEN = 1_790_000_000_000_000_000
"""Start of every call that does not say otherwise, in nanoseconds."""


def _of_the_seed(folder: Path) -> list[pytest.MarkDecorator]:
    rows = yaml.safe_load(CALLS[folder]).get("seed", [])
    return [pytest.mark.seed(*rows)] if rows else []


@pytest.mark.parametrize(
    "folder", [pytest.param(folder, id=folder.name, marks=_of_the_seed(folder)) for folder in FOLDERS]
)
def test_scenario(folder: Path, update_golden: bool) -> None:
    """The plan, and every attribute on the wire, are exactly what the folder says."""
    with FakeLangfuse(PROJECTS) as langfuse:
        call = CALLS[folder].replace("{receiver}", langfuse.url)
        record = _record(yaml.safe_load(call))
        environ = {k: v for name in PROJECTS for k, v in langfuse.environ(name.upper(), name).items()}
        environ |= {"MASK_HMAC_KEY": "k" * 32, "DEPLOY_ENV": "staging", "REGION": "{eu}", "LAYER_HOST": langfuse.url}
        router = Router.from_file(folder / "routing.yaml", environ=environ)
        plan = router.resolve(record)
        router.log(record)
        assert router.flush(60)
        spans = {project: _wire(langfuse.spans(project)) for project in PROJECTS if langfuse.spans(project)}
        stats = router.stats()
        assert router.shutdown(60)
    assert stats.in_flight == 0
    assert stats.handled == stats.delivered + sum(stats.dropped.values())
    shown = plan.to_json()
    for reason in shown["because"]:
        reason["file"] = Path(reason["file"]).name
    _compare(folder / "plan.yaml", shown, update_golden)
    _compare(folder / "span.yaml", {"spans": spans, "dropped": dict(stats.dropped)}, update_golden)


def _record(call: dict[str, Any]) -> CallRecord:
    call.pop("seed", None)
    if "fixture" not in call:
        record = record_from_request(call)
        return _at(record) if not record.start_time_unix_nano else record
    return record_of(load_payload(call["fixture"]))


def _at(record: CallRecord) -> CallRecord:
    from dataclasses import replace

    return replace(record, start_time_unix_nano=WHEN, end_time_unix_nano=WHEN + 1_500_000_000)


def _wire(spans: list[ReceivedSpan]) -> list[dict[str, Any]]:
    return [
        {
            "name": span.name,
            "trace_id": span.trace_id,
            "span_id": span.span_id,
            "parent_span_id": span.parent_span_id,
            "attributes": dict(sorted(span.attributes.items())),
        }
        for span in spans
    ]


def _compare(golden: Path, got: dict[str, Any], update: bool) -> None:
    if update:
        text = yaml.safe_dump(got, sort_keys=False, allow_unicode=True, width=110)
        golden.write_text(text, "utf-8")
    assert yaml.safe_load(golden.read_text("utf-8")) == got
