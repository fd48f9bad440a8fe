"""Part 4: the counts per table, and whether they add up.

A sum that doesn't come out is kept as it is and shown as a failure; nothing is rounded, filled in or left out to
make it fit. ``None`` means that the step behind a number hasn't run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from include.retention.data_map.model import DataMap
from include.retention.policy.model import Text
from include.retention.report.entries import Body, Entry, latest, latest_by, of_kind

PLACES = ("delete", "anonymise", "nothing_left", "retain", "refer", "not_personal", "closed")
"""Where a row of a table can end up in the plan: each row in exactly one."""


@dataclass(frozen=True, slots=True)
class Sum:
    """``whole`` should equal the sum of ``parts``."""

    name: str
    whole: int
    parts: tuple[tuple[str, int], ...]

    @property
    def difference(self) -> int:
        """Return what is missing from the parts; below zero, what they have too much."""
        return self.whole - sum(count for _, count in self.parts)

    @property
    def holds(self) -> bool:
        """Return whether it adds up."""
        return self.difference == 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan says of a table's rows.

    Attributes:
        retain_by: rows kept, by the purpose (or hold) that keeps them longest.
        refer_by: referred column groups by reason; a row with two of them counts twice, so it isn't summed.
        due_by: rows due, by the purpose they were last kept for, or the reason where nothing kept them.
        due_because: rows due by reason, where the plan tells it; else empty.
        overdue: rows past the execution window; ``overdue_days`` is the longest delay beyond it, in days.
    """

    population: int
    due: int
    delete: int
    anonymise: int
    nothing_left: int
    retain: int
    refer: int
    not_personal: int
    closed: int
    retain_by: Mapping[str, int]
    refer_by: Mapping[str, int]
    due_by: Mapping[str, int]
    due_because: Mapping[str, int]
    overdue: int
    overdue_days: int


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of a table's due rows, as measured after each batch.

    Attributes:
        changed: no longer due when it came to it: a hold, an objection withdrawn, a new event.
        remaining: measured as still there after the batch.
        unverified: in batches that began and were never measured.
        never_begun: in no batch at all.
    """

    deleted: int
    anonymised: int
    changed: int
    remaining: int
    unverified: int
    never_begun: int
    files_deleted: int
    files_absent: int
    files_refused: int

    @property
    def untouched(self) -> bool:
        """Return whether nothing was changed, as far as anybody can know."""
        return not (self.deleted or self.anonymised or self.unverified)

    @property
    def not_done(self) -> int:
        """Return how many due rows nobody can call done."""
        return self.remaining + self.unverified + self.never_begun


@dataclass(frozen=True, slots=True)
class TableFigures:
    """One table. ``read`` is None where the ledger has no extract of it, ``planned`` and ``acted`` likewise."""

    system: str
    table: str
    title: Text
    read: int | None
    planned: Planned | None
    acted: Acted | None
    sums: tuple[Sum, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """A system, or all of them. ``other``: already culled, without personal data, or in a closed table."""

    read: int | None
    due: int | None
    due_delete: int | None
    due_anonymise: int | None
    deleted: int | None
    anonymised: int | None
    kept: int | None
    referred: int | None
    other: int | None
    changed: int | None
    not_done: int | None
    overdue: int | None


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """One system with its tables; personal ones only."""

    system: str
    title: Text
    owner: str
    tables: tuple[TableFigures, ...]
    totals: Totals


def collect_figures(entries: Sequence[Entry], maps: Mapping[str, DataMap], enforce: bool) -> tuple[SystemFigures, ...]:
    """Return the counts of every personal table of every system.

    Args:
        enforce: the run may change something, so what is due and isn't done counts as not done.
    """
    plan = latest(entries, "planned")
    begun = {entry.body["system"] for entry in of_kind(entries, "batch_started")}
    answered = latest(entries, "approved", "rejected")
    approved = answered is not None and answered.kind == "approved"
    idle = plan is not None and not any(row["due"] for row in plan.body["tables"])
    planned = {(row["system"], row["table"]): row for row in plan.body["tables"]} if plan else {}
    extracted = {key[0]: entry.body for key, entry in latest_by(entries, "extracted", "system").items()}
    systems = []
    for system, data_map in maps.items():
        tables = []
        for name, table in data_map.tables.items():
            row = planned.get((system, name))
            if not table.personal and row is None:
                continue
            figures = _planned(row) if row else None
            may_act = enforce and (approved or idle or system in begun)
            acted = _acted(entries, system, name, figures, system in begun) if figures and may_act else None
            read = extracted[system]["tables"].get(name, {}).get("rows") if system in extracted else None
            sums = _sums(figures, acted)
            tables.append(TableFigures(system, name, table.title, read, figures, acted, sums))
        systems.append(SystemFigures(system, data_map.title, data_map.owner, tuple(tables), total(tables, enforce)))
    return tuple(systems)


def total(tables: Iterable[TableFigures], enforce: bool) -> Totals:
    """Add tables up. A table whose step is missing makes the sum unknown; it is never counted as zero.

    What is due in a table that act never came to is not done, in a run that may act.
    """
    each = tuple(tables)
    plans = [table.planned for table in each if table.planned]
    acts = [table.acted for table in each if table.acted]
    is_planned = bool(each) and len(plans) == len(each)
    is_acted = bool(each) and len(acts) == len(each)
    read = [table.read for table in each if table.read is not None]

    def planned(*names: str) -> int | None:
        return sum(getattr(plan, name) for plan in plans for name in names) if is_planned else None

    def acted(name: str) -> int | None:
        return sum(getattr(act, name) for act in acts) if is_acted else None

    open_ends = [table.acted.not_done if table.acted else table.planned.due for table in each if table.planned]

    return Totals(
        read=sum(read) if each and len(read) == len(each) else None,
        due=planned("due"),
        due_delete=planned("delete"),
        due_anonymise=planned("anonymise"),
        deleted=acted("deleted"),
        anonymised=acted("anonymised"),
        kept=planned("retain"),
        referred=planned("refer"),
        other=planned("nothing_left", "not_personal", "closed"),
        changed=acted("changed"),
        not_done=sum(open_ends) if is_planned and enforce else None,
        overdue=planned("overdue"),
    )


def failed_sums(systems: Iterable[SystemFigures]) -> list[tuple[TableFigures, Sum]]:
    """Return every sum that doesn't come out, with its table."""
    return [
        (table, each) for system in systems for table in system.tables for each in table.sums if not each.holds
    ]


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
    )


def _acted(entries: Sequence[Entry], system: str, table: str, plan: Planned, begun: bool) -> Acted | None:
    """Add up a table's batches. None where rows are due and act never began in the system."""
    here = [entry for entry in of_kind(entries, "batch_started", "batch_verified") if _is_of(entry, system, table)]
    started = {key[0]: entry.body for key, entry in latest_by(here, "batch_started", "batch").items()}
    verified = {key[0]: entry.body for key, entry in latest_by(here, "batch_verified", "batch").items()}
    confirmed = latest(entries, "confirmed")
    early = int(confirmed.body.get("drift", {}).get(f"{system}.{table}", 0)) if confirmed else 0
    if not begun and plan.due > early:
        return None
    in_batches = sum(int(body["rows"]) for body in started.values())
    files = [body.get("files", {}) for body in verified.values()]
    return Acted(
        deleted=sum(int(body["done"]) for body in verified.values() if body["action"] == "DELETE"),
        anonymised=sum(int(body["done"]) for body in verified.values() if body["action"] == "ANONYMISE"),
        changed=early + sum(int(body.get("drift", 0)) for body in verified.values()),
        remaining=sum(int(body.get("remaining", 0)) for body in verified.values()),
        unverified=sum(int(body["rows"]) for batch, body in started.items() if batch not in verified),
        never_begun=max(0, plan.due - early - in_batches),
        files_deleted=sum(int(each.get("deleted", 0)) for each in files),
        files_absent=sum(int(each.get("absent", 0)) for each in files),
        files_refused=sum(int(each.get("refused", 0)) for each in files),
    )


def _is_of(entry: Entry, system: str, table: str) -> bool:
    return bool(entry.body.get("system") == system and entry.body.get("table") == table)


def _sums(plan: Planned | None, acted: Acted | None) -> tuple[Sum, ...]:
    if plan is None:
        return ()
    sums = [
        Sum("population", plan.population, tuple((place, int(getattr(plan, place))) for place in PLACES)),
        Sum("due", plan.due, (("delete", plan.delete), ("anonymise", plan.anonymise))),
    ]
    for name, whole, by in (
        ("due_by", plan.due, plan.due_by),
        ("retain_by", plan.retain, plan.retain_by),
    ):
        if by:
            sums.append(Sum(name, whole, tuple(by.items())))
    if acted is not None:
        names = ("deleted", "anonymised", "changed", "remaining", "unverified", "never_begun")
        sums.append(Sum("act", plan.due, tuple((name, int(getattr(acted, name))) for name in names)))
    return tuple(sums)
