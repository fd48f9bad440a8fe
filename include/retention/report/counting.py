"""Part 4: reads the counts per table out of the ledger's entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from include.retention.data_map.model import DataMap, Table
from include.retention.report.entries import Body, Entry, latest, latest_by, of_kind
from include.retention.report.figures import PLACES, Acted, Planned, Sum, SystemFigures, TableFigures, total

_ENDS = ("deleted", "anonymised", "changed", "remaining", "unverified", "never_begun")
"""Where a due row can end up in the act."""


@dataclass(frozen=True, slots=True)
class _Batches:
    """A table's batches by number: the latest word on each. A batch measured again replaces its earlier measurement."""

    started: dict[int, Body] = field(default_factory=dict)
    verified: dict[int, Body] = field(default_factory=dict)


def collect_figures(
    entries: Sequence[Entry], maps: Mapping[str, DataMap], *, enforce: bool
) -> tuple[SystemFigures, ...]:
    """Return the counts of every personal table of every system.

    Args:
        entries: of the run.
        maps: system -> its data map.
        enforce: the run may change something, so what is due and isn't done counts as not done.
    """
    plan = latest(entries, "planned")
    rows = {(row["system"], row["table"]): row for row in plan.body["tables"]} if plan else {}
    extracted = {key[0]: entry.body["tables"] for key, entry in latest_by(entries, "extracted", "system").items()}
    batches = _batches(entries)
    begun = {system for system, _ in batches}
    answer = latest(entries, "approved", "rejected")
    idle = plan is not None and not any(row["due"] for row in rows.values())
    acts = enforce and (idle or (answer is not None and answer.kind == "approved"))
    systems = []
    for system, data_map in maps.items():
        tables = []
        for name, table in data_map.tables.items():
            row = rows.get((system, name))
            if not _concerns(table, row):
                continue
            plans = _planned(row) if row else None
            acted = None
            if plans and (system in begun or (acts and not plans.due)):
                acted = _acted(batches.get((system, name), _Batches()), plans.due)
            read = extracted[system].get(name, {}).get("rows") if system in extracted else None
            tables.append(TableFigures(system, name, table.title, read, plans, acted, _sums(plans, acted)))
        sums = total(tables, enforce=enforce)
        systems.append(SystemFigures(system, data_map.title, data_map.owner, tuple(tables), sums))
    return tuple(systems)


def _concerns(table: Table, row: Body | None) -> bool:
    """Return whether a table belongs in the counts: a reference table does only if something is due there, wrongly."""
    return table.personal or bool(row and row["due"])


def _batches(entries: Sequence[Entry]) -> Mapping[tuple[str, str], _Batches]:
    found: dict[tuple[str, str], _Batches] = defaultdict(_Batches)
    for entry in of_kind(entries, "batch_started", "batch_verified"):
        own = found[(str(entry.body["system"]), str(entry.body["table"]))]
        (own.started if entry.kind == "batch_started" else own.verified)[entry.body["batch"]] = entry.body
    return found


def _planned(row: Body) -> Planned:
    return Planned(
        population=row["population"],
        due=row["due"],
        **{place: int(row.get(place, 0)) for place in PLACES},
        retain_by=dict(row.get("retain_by", {})),
        refer_by=dict(row.get("refer_by", {})),
        due_by=dict(row.get("due_by", {})),
        due_because=dict(row.get("due_because", {})),
        overdue=int(row.get("overdue", 0)),
        overdue_days=int(row.get("overdue_days_max", 0) or 0),
        redacted=int(row.get("redacted", 0)),
        refer_too=int(row.get("refer_too", 0)),
        held=int(row.get("held", 0)),
        unread=int(row.get("unread", 0)),
    )


def _acted(batches: _Batches, due: int) -> Acted:
    verified = batches.verified.values()
    files = [body.get("files", {}) for body in verified]
    in_batches = sum(int(body["rows"]) for body in batches.started.values())
    return Acted(
        deleted=sum(int(body["done"]) for body in verified if body["action"] == "DELETE"),
        anonymised=sum(int(body["done"]) for body in verified if body["action"] == "ANONYMISE"),
        changed=sum(int(body["drift"]) for body in verified),
        remaining=sum(int(body["remaining"]) for body in verified),
        unverified=sum(int(body["rows"]) for each, body in batches.started.items() if each not in batches.verified),
        never_begun=max(0, due - in_batches),
        files_deleted=sum(int(each.get("deleted", 0)) for each in files),
        files_absent=sum(int(each.get("absent", 0)) for each in files),
        files_refused=sum(int(each.get("refused", 0)) for each in files),
    )


def _sums(plan: Planned | None, acted: Acted | None) -> tuple[Sum, ...]:
    if plan is None:
        return ()
    sums = [
        Sum("population", plan.population, tuple((place, int(getattr(plan, place))) for place in PLACES)),
        Sum("due", plan.due, (("delete", plan.delete), ("anonymise", plan.anonymise))),
    ]
    sums += [
        Sum(name, whole, tuple(by.items()))
        for name, whole, by in (
            ("due_by", plan.due, plan.due_by),
            ("due_because", plan.due, plan.due_because),
            ("retain_by", plan.retain, plan.retain_by),
        )
        if by
    ]
    if acted is not None:
        sums.append(Sum("act", plan.due, tuple((name, int(getattr(acted, name))) for name in _ENDS)))
    return tuple(sums)
