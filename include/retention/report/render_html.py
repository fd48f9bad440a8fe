"""The report as one self-contained HTML page: no script, no font, no picture from anywhere else.

Jinja2 escapes everything that is put in; the page's own content security policy forbids the browser to load or run
anything at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.runtime import Context

from include.retention.report import charts
from include.retention.report.figures import failed_sums
from include.retention.report.model import Guard, ReportData, Severity
from include.retention.report.outcome import GOOD, deciding
from include.retention.report.parts import Check
from include.retention.report.rule_parts import Amended, Erasure
from include.retention.report.rules import period_months
from include.retention.report.run import this_run
from include.retention.report.sentences import (
    all_tables,
    finding_text,
    headline,
    inside,
    plain_summary,
    reason_text,
    reasons,
    status,
    totals,
)
from include.retention.report.words import Words, load_words
from include.retention.terms import Mode

PARTS = 16
MOST_ROWS = 60
"""Rows of a list on paper; the rest is counted and stands in report.json."""
MOST_REASONS = 15
SHARE = "SHARE"
_IN_CONTEXT = ("show", "system_title", "category_title", "purpose_title")
_NOT_IN_CSS = re.compile(r"[^\w .,:()-]")
_TEMPLATES = Path(__file__).with_name("templates")


def render_html(data: ReportData, language: str) -> str:
    """Return the page in a language, ``sv`` or ``en``."""
    words = load_words(language, data.run.time_zone)
    return _environment().get_template("report.html.j2").render(_functions(data, words) | _view(data, words))


@cache
def _environment() -> jinja2.Environment:
    """Return the templates, compiled once: whatever a report adds comes with its context."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: _from_context(name) for name in _IN_CONTEXT})
    environment.filters["lower_first"] = inside
    environment.filters["css"] = lambda text: _NOT_IN_CSS.sub("", text)
    return environment


def _from_context(name: str) -> Callable[[Context, object], str]:
    """Return a filter that is the function of this name in the report's context, so that ``map`` can use it."""

    @jinja2.pass_context
    def of_context(context: Context, value: object) -> str:
        return str(context[name](value))

    return of_context


def _functions(data: ReportData, words: Words) -> dict[str, Any]:
    """Return what the templates may call."""
    titles = {rule.name: rule.title for rule in data.rules}
    tables = {(place.system, place.table): place.title for place in data.places}
    return {
        "t": words,
        "show": words.show,
        "code": words.code,
        "period": words.period,
        "keep": words.keep,
        "amended": lambda each, rule: _amended(words, each, episodic=rule.episodic),
        "finding_text": lambda finding: finding_text(data, finding, words),
        "why": lambda key: reason_text(data, words, key),
        "system_title": lambda name: words.show(data.system_titles.get(name, name)),
        "category_title": lambda name: words.show(data.category_titles.get(name, name)),
        "purpose_title": lambda name: words.show(titles.get(name, name)),
        "share": charts.share,
        "stack": charts.stack,
        "system_parts": charts.system_parts,
        "rule_bar": charts.rule_bar,
        "gaps": lambda part: [gap for gap in data.gaps if gap.part == part],
        "has": words.has,
        "unit": lambda check: _unit(words, check),
        "held_checks": lambda system: _held_checks(data, words, system),
        "dated": lambda title: _dated(words.show(title)),
        "table_title": lambda system, table: words.show(tables.get((system, table), table)),
        "guard_number": lambda guard, value: _guard_number(words, guard, value),
    }


def _dated(title: str) -> str:
    """Return an event's title; "until" of an episode is left open for the day that each record has."""
    return f"{title} …" if title.endswith((" till", " until")) else title


def _amended(words: Words, each: Amended, *, episodic: bool) -> str:
    """Return from when a changed period counts, for which events, and how long it is."""
    keep = words.keep(each.keep, episodic=episodic)
    if each.events_from is None:
        return words("p3.amended", day=each.in_force, keep=keep)
    return words("p3.amended_events", day=each.in_force, events=each.events_from, keep=keep)


def _guard_number(words: Words, guard: Guard, value: float | None) -> str:
    """Return what a guard measured: a share in per cent, anything else as a count."""
    if value is None:
        return words("p1.not_known")
    if guard.guard == SHARE:
        return words("percent", number=f"{value * 100:.1f}".replace(".", words("decimal")))
    return words.show(round(value))


def _view(data: ReportData, words: Words) -> dict[str, Any]:
    """Return what the templates show besides the report itself."""
    runs = [*data.history, *this_run(data.run, data.outcome, totals(data))]
    return {
        "data": data,
        "run": data.run,
        "language": words.language,
        "parts": range(1, PARTS + 1),
        "dry": data.run.mode is Mode.DRY_RUN,
        "deciding": deciding(data.outcome, data.findings),
        "status": status(data, words),
        "headline": headline(data, words),
        "summary": plain_summary(data, words),
        "totals": totals(data),
        "findings": {level.value: [f for f in data.findings if f.severity is level] for level in Severity},
        "reasons": {name: _most_common(data, name) for name in ("due_by", "retain_by", "refer_by")},
        "sums": [each for system in data.systems for table in system.tables for each in table.sums],
        "failed_sums": failed_sums(data.systems),
        "methods": _by_method(data.erasures),
        "scale": charts.rule_scale(data.rules, period_months(data.policy.ceiling)),
        "runs": runs,
        "columns": charts.history_columns(runs, [each.value for each in GOOD]),
        "aborted": _aborted(data),
        "recipients": _recipients(data, words),
        "overdue_days": max([t.planned.overdue_days for t in all_tables(data) if t.planned], default=0),
        "untouched": all(t.acted is None or t.acted.untouched for t in all_tables(data)),
        "most_rows": MOST_ROWS,
    }


def _most_common(data: ReportData, field: str) -> list[tuple[str, int]]:
    """Return the most common reasons, and under an empty name all the others."""
    ranked = reasons(data, field).most_common()
    rest = sum(count for _, count in ranked[MOST_REASONS:])
    return [*ranked[:MOST_REASONS], *([("", rest)] if rest else [])]


def _held_checks(data: ReportData, words: Words, system: str) -> list[tuple[str, list[str], int, int | None, str]]:
    """Return a system's passed checks by title: title, tables, how many, how much was examined, and in which unit."""
    tables = {(place.system, place.table): place.title for place in data.places}
    found: dict[str, list[Check]] = defaultdict(list)
    for check in data.validation.checks:
        if check.system == system and check.outcome == "pass":
            found[words.show(check.title)].append(check)
    rows = []
    for title, checks in found.items():
        names = dict.fromkeys(words.show(tables.get((c.system, c.table), c.table)) for c in checks if c.table)
        counts = [check.examined for check in checks if check.examined is not None]
        unit = _unit(words, checks[0])
        rows.append((title, list(names), len(checks), sum(counts) if counts else None, unit))
    return rows


def _unit(words: Words, check: Check) -> str:
    """Return what a check counts; nothing for one that this version doesn't make any more."""
    key = f"p8.unit.{check.check}"
    return words(key) if words.has(key) else ""


def _by_method(erasures: tuple[Erasure, ...]) -> list[tuple[str, str, str, list[str]]]:
    """Return (category, method, parameter, columns) with the columns that are erased that way."""
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in erasures:
        key = (each.category, each.method, each.parameter if each.method in ("shorten", "bucket") else "")
        grouped[key].append(f"{each.system}.{each.table}.{each.column}")
    return [(*key, columns) for key, columns in sorted(grouped.items())]


def _recipients(data: ReportData, words: Words) -> list[tuple[str, list[str]]]:
    """Return each recipient with the purposes that it receives data for."""
    found: dict[str, list[str]] = defaultdict(list)
    for rule in data.rules:
        for recipient in rule.recipients:
            found[words.show(recipient)].append(words.show(rule.title))
    return list(found.items())


def _aborted(data: ReportData) -> int:
    """Count the runs since the last good one that weren't good."""
    count = 0
    for run in reversed(data.history):
        if run.outcome in GOOD:
            break
        count += 1
    return count
