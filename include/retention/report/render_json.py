"""report.json: everything the report says, for machines. include/docs/reference/report.md documents its keys."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import TypeAlias

from include.retention.policy.model import Period
from include.retention.report.figures import Sum, Totals
from include.retention.report.model import ReportData
from include.retention.report.sentences import finding_text, headline, totals
from include.retention.report.words import LANGUAGES, load_words

Json: TypeAlias = "str | int | float | list[Json] | dict[str, Json] | None"

FORMAT = "gallringsprotokoll/1"


def render_json(data: ReportData) -> str:
    """Return the report as JSON with a trailing newline. The same report gives the same bytes."""
    content = {"format": FORMAT, "summary": summary(data), "report": plain(data)}
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=False) + "\n"


def summary(data: ReportData) -> dict[str, Json]:
    """Return the part that other programs read: the outcome, counts per system, checks and findings.

    A count is null where the step behind it hasn't run.
    """
    words = [load_words(language, data.run.time_zone) for language in LANGUAGES]
    return {
        "run_id": data.run.run_id,
        "started_at": plain(data.run.started_at),
        "time_zone": data.run.time_zone,
        "as_of": plain(data.run.as_of),
        "mode": data.run.mode.value,
        "run_type": data.run.run_type,
        "outcome": data.outcome.value,
        "sentence": {each.language: headline(data, each) for each in words},
        "systems": {system.system: _counts(system.totals) for system in data.systems},
        "total": _counts(totals(data)),
        "validation": {
            "passed": data.validation.passed,
            "failed": data.validation.failed,
            "warnings": data.validation.warnings,
            "errors": data.validation.errors,
            "missing": list(data.validation.missing),
        },
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "part": finding.part,
                **{each.language: finding_text(data, finding, each) for each in words},
            }
            for finding in data.findings
        ],
        "chain": plain(data.chain),
        "schedule_version": data.run.schedule_version,
        "schedule_digest": data.run.schedule_digest,
        "map_digests": dict(data.run.map_digests),
        "code_digest": data.run.code_digest,
    }


def plain(value: object) -> Json:
    """Return a value as JSON has it: days, instants and periods in ISO 8601, enums by value, sums with their check."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    fields = _fields(value)
    if fields is not None:
        return {name: plain(each) for name, each in fields.items()}
    if value is None or isinstance(value, (str, int, float)):
        return value
    return str(value)


def _fields(value: object) -> Mapping[str, object] | None:
    """Return what an object of JSON is made of, or None for what isn't one. A period is a text."""
    if isinstance(value, Mapping):
        return {str(key): each for key, each in value.items()}
    if isinstance(value, Sum):
        return {"name": value.name, "whole": value.whole, "parts": dict(value.parts), "holds": value.holds}
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Period)):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def _counts(sums: Totals) -> dict[str, Json]:
    return {field.name: getattr(sums, field.name) for field in dataclasses.fields(sums)}
