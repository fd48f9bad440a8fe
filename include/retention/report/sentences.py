"""The outcome in one sentence, and the summary in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from include.retention.report.figures import Planned, TableFigures, Totals, total
from include.retention.report.model import Finding, ReportData, Severity
from include.retention.report.outcome import deciding
from include.retention.report.parts import Coverage
from include.retention.report.words import Words
from include.retention.terms import Mode, RunOutcome

_PLAIN = {
    RunOutcome.DONE: "done",
    RunOutcome.NOTHING_DUE: "nothing",
    RunOutcome.DRY_RUN_DONE: "dry",
    RunOutcome.REFUSED: "refused",
    RunOutcome.REJECTED: "rejected",
    RunOutcome.FAILED: "failed",
    RunOutcome.RUNNING: "running",
}
_APPROVED = {"configuration": "p16.by_configuration", "automatic": "p16.by_automatic"}
"""Ways in which no human approves."""
_TOP_REASONS = 3
_STOPPED = "STOPPED_AFTER_CHANGES"


def status(data: ReportData, words: Words) -> str:
    """Return the outcome in a word or two, and with it that decisions are needed."""
    area = "outcome_deciding" if deciding(data.outcome, data.findings) else "outcome"
    return words(f"{area}.{data.outcome.value}")


def headline(data: ReportData, words: Words) -> str:
    """Return the outcome in one sentence."""
    failures = [finding for finding in data.findings if finding.severity is Severity.FAILURE]
    reason = finding_text(data, failures[0], words) if failures else words("sentence.FAILED_UNEXPLAINED")
    changed = any(table.acted and not table.acted.untouched for table in all_tables(data))
    sums = totals(data)
    acted = [table.acted for table in all_tables(data) if table.acted]
    values = {
        "deleted": words("counted.deleted", n=sum(each.deleted for each in acted)),
        "anonymised": words("counted.anonymised", n=sum(each.anonymised for each in acted)),
        "would_delete": words("counted.would_delete", n=sums.due_delete or 0),
        "would_anonymise": words("counted.would_anonymise", n=sums.due_anonymise or 0),
        "systems": words("counted.systems", n=len(data.systems)),
        "checks": words("counted.checks_held", n=data.validation.passed),
        "reason": reason,
    }
    key = data.outcome.value
    if changed:
        key = {"FAILED": "FAILED_AFTER_CHANGES", "REFUSED": _STOPPED, "REJECTED": _STOPPED}.get(key, key)
    return words(f"sentence.{key}", **values).strip()


def plain_summary(data: ReportData, words: Words) -> list[str]:
    """Return the summary in plain words, a sentence each. A step that hasn't run gives no sentence with a number."""
    sums = totals(data)
    systems = words("counted.systems", n=len(data.systems))
    said = [words(f"p16.{_PLAIN[data.outcome]}", controller=data.run.controller, systems=systems)]
    if data.run.mode is Mode.DRY_RUN and sums.due is not None:
        deleted = words("counted.would_delete", n=sums.due_delete or 0)
        said.append(
            words(
                "p16.changed", deleted=deleted, anonymised=words("counted.would_anonymise", n=sums.due_anonymise or 0)
            )
        )
    elif sums.deleted is not None and sums.due:
        deleted = words("counted.deleted", n=sums.deleted)
        said.append(
            words("p16.changed", deleted=deleted, anonymised=words("counted.anonymised", n=sums.anonymised or 0))
        )
    if sums.kept is not None:
        said.append(words("p16.kept", n=sums.kept))
        why = _main_purposes(data, words)
        if why:
            said.append(words("p16.kept_why", reasons=", ".join(why)))
    if sums.referred is not None:
        said.append(words("p16.referred", n=sums.referred + (sums.referred_too or 0)))
    said += _exceptions(data, sums, words)
    said.append(_checks(data, words))
    said.append(words("p16.not_said"))
    return [each for each in said if each]


def _exceptions(data: ReportData, sums: Totals, words: Words) -> list[str]:
    """Return what a reader would otherwise take for granted: that everything was looked at, in time, and by a human."""
    closed = sum(place.coverage is Coverage.CLOSED for place in data.places)
    elsewhere = sum(len(system.out_of_scope) for system in data.discoveries)
    counts = {"p16.closed": closed, "p16.out_of_scope": elsewhere, "p16.late": sums.overdue or 0}
    said = [words(key, n=count) for key, count in counts.items() if count]
    if sums.due and data.approval is not None and data.approval.approved:
        said += [words(_APPROVED[data.approval.how])] if data.approval.how in _APPROVED else []
    return said


def finding_text(data: ReportData, finding: Finding, words: Words) -> str:
    """Return a finding in words; steps, guards, rules and tables among its values are named in the language."""
    values: dict[str, object] = dict(finding.values)
    titles = {rule.name: words.show(rule.title) for rule in data.rules}
    tables = {f"{place.system}.{place.table}": words.show(place.title) for place in data.places}
    if "step" in values:
        values["step"] = words.code("step", str(values["step"])).lower()
    for name, known in (("rules", titles), ("tables", tables), ("guards", words.texts["guard"])):
        if name in values:
            codes = str(values[name]).split(", ")
            values[name] = ", ".join(inside(str(known.get(code, code))) for code in codes)
    return words(f"finding.{finding.code}", **values)


def reason_text(data: ReportData, words: Words, key: str) -> str:
    """Return a reason of the plan in words: a purpose, a reason code, or ``PURPOSE/REASON``."""
    titles = {rule.name: rule.title for rule in data.rules}
    parts = [words.show(titles[part]) if part in titles else words.code("reason", part) for part in key.split("/")]
    return ": ".join(parts)


def reasons(data: ReportData, field: str) -> Counter[str]:
    """Add up ``due_by``, ``retain_by`` or ``refer_by`` over all systems."""
    sums: Counter[str] = Counter()
    for table in all_tables(data):
        if isinstance(table.planned, Planned):
            by: Mapping[str, int] = getattr(table.planned, field)
            sums.update(by)
    return sums


def totals(data: ReportData) -> Totals:
    """Return the sums over all systems."""
    return total(all_tables(data), enforce=data.run.mode is Mode.ENFORCE)


def all_tables(data: ReportData) -> Iterable[TableFigures]:
    """Return the personal tables of all systems."""
    return [table for system in data.systems for table in system.tables]


def _main_purposes(data: ReportData, words: Words) -> list[str]:
    """Return the purposes that keep most records, as they stand inside a sentence."""
    names = {rule.name for rule in data.rules}
    ranked = [key for key, _ in reasons(data, "retain_by").most_common() if key in names]
    return [inside(reason_text(data, words, key)) for key in ranked[:_TOP_REASONS]]


def _checks(data: ReportData, words: Words) -> str:
    found = data.validation
    if found.failed or found.errors:
        return words("p16.checks_bad", n=found.failed + found.errors)
    if found.passed:
        return words("p16.checks_good", n=found.passed)
    return words("p16.checks_none") if data.run.mode is Mode.ENFORCE else ""


def inside(text: str) -> str:
    """Return a title as it stands inside a sentence: no capital, unless it is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
