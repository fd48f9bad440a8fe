"""Makes runs to report on: a small policy of its own, and ledger entries as the steps write them.

``python -m tests.report.made DIRECTORY`` writes reports of every kind of run, under the real policy, to be looked at.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from include.retention.data_map.model import (
    Column,
    DataMap,
    Emission,
    Group,
    Method,
    PurposeUse,
    SubjectRole,
    Table,
)
from include.retention.policy.load import load_policy
from include.retention.policy.model import (
    Amendment,
    Category,
    Controller,
    EndsAtOnce,
    Event,
    Guards,
    Keep,
    Parameter,
    Period,
    Purpose,
    Schedule,
    Text,
)
from include.retention.report import Chain, Inputs, collect, load_promises, read_history, write_report
from include.retention.settings import PROJECT
from include.retention.terms import (
    IdentifierKind,
    LawfulBasis,
    RunOutcome,
    Scope,
    SubjectKind,
    WhenExpired,
    WhenNull,
    WithoutPurpose,
)

Entries = list[dict[str, Any]]
NOW = datetime(2026, 11, 22, 1, 7, 41, tzinfo=UTC)
TODAY = date(2026, 11, 22)
PLAN = hashlib.sha256(b"plan").hexdigest()
CHECKS = (
    ("nothing_overdue", "Inget finns kvar efter sin sista lagringsdag", "Nothing remains past its last day"),
    ("only_method_values", "Tömda kolumner har bara tillåtna värden", "Erased columns hold allowed values"),
    ("retained_untouched", "Poster som behålls är orörda", "Retained records are untouched"),
    ("before_is_after_and_deleted", "Före = efter + raderade", "Before = after + deleted"),
    ("foreign_keys_whole", "Inga hänvisningar pekar ut i tomma intet", "No reference points at nothing"),
)


# --- a small policy -----------------------------------------------------------------------------------------------


def small_schedule() -> Schedule:
    purposes = [
        purpose("DELIVERY", "Leverans", "Delivery", keep=Keep((Period(),)), starts="relationship"),
        purpose(
            "ACCOUNTING", "Bokföring", "Bookkeeping", LawfulBasis.LEGAL_OBLIGATION,
            keep=Keep((Period(years=7),), to_year_end=True), starts="booked", statutory=True,
        ),
        purpose(
            "OSS", "Moms i OSS", "VAT in OSS", LawfulBasis.LEGAL_OBLIGATION,
            keep=Keep((Period(years=10),), to_year_end=True), starts="booked", statutory=True,
        ),
        purpose("WARRANTY", "Reklamation", "Complaints", keep=Keep((Period(years=3), Period(months=2)))),
        purpose(
            "MARKETING", "Marknadsföring", "Marketing", LawfulBasis.LEGITIMATE_INTERESTS,
            keep=Keep((Period(months=12),)), starts="relationship",
            ends_at_once=(EndsAtOnce("objection", Scope.SUBJECT, "consent"),), yields_to_erasure=True, marketing=True,
        ),
    ]  # fmt: skip
    titles = {
        "relationship": ("Kundrelationens sista dag", "Last day of the customer relationship"),
        "booked": ("Bokförd", "Booked"),
        "delivered": ("Levererad", "Delivered"),
        "objection": ("Invändning", "Objection"),
        "consent": ("Nytt samtycke", "New consent"),
    }
    return Schedule(
        version="2026.1",
        digest=hashlib.sha256(b"schedule").hexdigest(),
        controller=Controller("IRET AB", "559999-9994", "dataskyddsombud@iret.example"),
        time_zone="Europe/Stockholm",
        policy_title=Text("Integritetspolicyn", "The privacy policy"),
        ceiling=Period(years=10),
        parameters={
            "MKT_FORMER": Parameter(
                "MKT_FORMER", Text("Viss tid", "Some time"), Keep((Period(months=12),)), "Beslut 1", "Dataskyddsombud",
                date(2026, 9, 14), date(2027, 9, 14),
            )
        },
        recipients={"sales": Text("Säljavdelningen", "Sales"), "finance": Text("Ekonomiavdelningen", "Finance")},
        categories={
            "name": Category("name", Text("Namn", "Name"), frozenset()),
            "email": Category("email", Text("E-postadress", "E-mail address"), frozenset()),
            "identity_number": Category(
                "identity_number", Text("Identifikationsnummer", "Identity number"), frozenset({"ACCOUNTING", "OSS"})
            ),
        },
        events={name: Event(name, Text(*title), last_day=False) for name, title in titles.items()},
        purposes={each.name: each for each in purposes},
        guards=Guards(0.1, 5000, 50, 0.5, 8, 200),
        fiscal_years=None,
        referral_period=Period(days=30),
        execution_window=Period(days=14),
        evidence_period=Period(years=5),
        sentinel_dates=frozenset(),
        placeholder_identity_numbers=frozenset(),
        generic_mailboxes=frozenset(),
    )  # fmt: skip


def amended_schedule() -> Schedule:
    """Return a schedule with a rule that passes the published policy's ceiling by its second amendment alone."""
    schedule = small_schedule()
    amendments = (
        Amendment(date(2027, 1, 1), Keep((Period(years=10),)), None, "Beslut 1"),
        Amendment(date(2028, 7, 1), Keep((Period(years=11),)), date(2028, 1, 1), "Beslut 2"),
    )
    longer = replace(schedule.purposes["WARRANTY"], amendments=amendments)
    return replace(schedule, purposes={**schedule.purposes, "WARRANTY": longer})


def purpose(
    name: str,
    sv: str,
    en: str,
    basis: LawfulBasis = LawfulBasis.CONTRACT,
    *,
    keep: Keep | None = None,
    starts: str = "delivered",
    **changes: Any,
) -> Purpose:
    made = Purpose(
        name=name,
        title=Text(sv, en),
        lawful_basis=basis,
        recipients=("sales",),
        starts=starts,
        scope=Scope.RECORD,
        keep=keep or Keep((Period(years=1),)),
        amendments=(),
        ends_at_once=(),
        yields_to_erasure=False,
        marketing=False,
        statutory=False,
        necessity="",
        source="Källa",
        approved_by="Dataskyddsombud",
        approved_on=date(2026, 9, 14),
        review_on=date(2027, 9, 14),
    )
    return replace(made, **changes)


def small_maps() -> dict[str, DataMap]:
    return {
        "sales": data_map("sales", "Sälj", "Sales", [
            table("customer", "Kunder", "Customers", ("DELIVERY", "MARKETING"), when_null=WhenNull.ONGOING,
                  event="relationship"),
            table("orders", "Ordrar", "Orders", ("DELIVERY", "WARRANTY")),
        ]),
        "finance": data_map("finance", "Ekonomi", "Finance", [
            table("invoice", "Fakturor", "Invoices", ("ACCOUNTING", "OSS"), event="booked", year_end=True),
            replace(table("fiscal_year", "Räkenskapsår", "Fiscal years", ()), personal=False, columns={}, groups={}),
        ]),
    }  # fmt: skip


def data_map(system: str, sv: str, en: str, tables: Sequence[Table]) -> DataMap:
    digest = hashlib.sha256(system.encode()).hexdigest()
    named = MappingProxyType({each.name: each for each in tables})
    return DataMap(system, Text(sv, en), f"gallring_{system}", None, "Försäljningschef", {}, named, digest)


def table(
    name: str,
    sv: str,
    en: str,
    purposes: Sequence[str],
    *,
    when_null: WhenNull = WhenNull.UNKNOWN,
    event: str = "delivered",
    year_end: bool = False,
) -> Table:
    numbered = "ACCOUNTING" in purposes
    uses = tuple(PurposeUse(each, Scope.RECORD) for each in purposes)
    role = SubjectRole("customer", SubjectKind.PERSON, {IdentifierKind.EMAIL: "email"}, (), None, None)
    return Table(
        name=name,
        title=Text(sv, en),
        key=("id",),
        personal=True,
        note="",
        when_expired=WhenExpired.DELETE,
        part_of=None,
        personal_when=(),
        subjects={"customer": role},
        emissions=(Emission(event, "on", None, when_null, (), ("customer",), (), None, year_end, None),),
        groups={"who": Group("who", uses, ("customer",), None, WithoutPurpose.REFER)},
        columns={
            "id": Column("id", None, None, None, None, "Primary key"),
            "name": Column("name", "name", "who", Method("constant", value="Gallrad"), None, ""),
            "email": Column("email", "email", "who", Method("set_null"), None, ""),
            **({"pnr": Column("pnr", "identity_number", "who", Method("set_null"), None, "")} if numbered else {}),
        },
        files=(),
        sums=(),
        series=(),
        suppresses=False,
    )


# --- a run's entries ----------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """Collects entries with rising numbers and times."""

    at: datetime
    entries: Entries

    def add(self, kind: str, **body: Any) -> None:
        self.at += timedelta(seconds=4)
        self.entries.append({"seq": len(self.entries) + 101, "at": self.at, "kind": kind, "body": body})


def run_entries(
    schedule: Schedule,
    maps: Mapping[str, DataMap],
    *,
    mode: str = "enforce",
    due: bool = True,
    stop_after: str = "",
    answer: str = "approved",
    failing: int = 0,
    remaining: int = 0,
    closed: str = "",
    seed: int = 7,
    scale: int = 400,
    as_of: date = TODAY,
    finished: bool = False,
) -> Entries:
    """Return the entries of a run. ``stop_after`` names the last kind that is written."""
    dice = random.Random(seed)  # noqa: S311 - invented counts
    ledger = Ledger(NOW - timedelta(minutes=7), [])
    rows = [
        _planned(dice, system, each, due=due, scale=scale, closed=closed)
        for system, m in maps.items()
        for each in _personal(m)
    ]
    for kind in (
        "run_started",
        "extracted",
        "discovered",
        "resolved",
        "planned",
        "approved",
        "act",
        "validated",
        "run_finished",
    ):
        if kind == "approved" and (mode == "dry_run" or not due):
            continue
        if kind in ("act", "validated") and mode == "dry_run":
            continue
        if kind == "run_finished" and not finished:
            continue
        _write(
            ledger, kind, dice=dice, schedule=schedule, maps=maps, rows=rows, mode=mode, answer=answer,
            failing=failing, remaining=remaining, closed=closed, as_of=as_of,
        )  # fmt: skip
        if kind == stop_after or (kind == "approved" and answer == "rejected"):
            break
    return ledger.entries


def _write(
    ledger: Ledger,
    kind: str,
    *,
    dice: random.Random,
    schedule: Schedule,
    maps: Mapping[str, DataMap],
    rows: Sequence[dict[str, Any]],
    mode: str,
    answer: str,
    failing: int,
    remaining: int,
    closed: str,
    as_of: date,
) -> None:
    if kind == "run_started":
        ledger.add(
            kind, as_of=as_of.isoformat(), mode=mode, dag_run_id="scheduled__2026-11-22T01:00:00+00:00",
            run_type="scheduled", schedule_version=schedule.version, schedule_digest=schedule.digest,
            map_digests={name: each.digest for name, each in maps.items()},
            code_digest=hashlib.sha256(b"code").hexdigest(), time_zone=schedule.time_zone, key_id="5f1c9a02",
        )  # fmt: skip
    elif kind == "extracted":
        for system in maps:
            counts = {row["table"]: {"rows": row["population"]} for row in rows if row["system"] == system}
            problem = {"key": "columns.nickname", "what": "isn't declared.", "remedy": "Declare it in the map."}
            shut = [{"table": closed.split(".")[1], "problems": [problem]}] if closed.startswith(f"{system}.") else []
            ledger.add(kind, system=system, tables=counts, closed_tables=shut)
    elif kind == "discovered":
        for number, system in enumerate(maps):
            table = next(iter(maps[system].tables))
            seen = {"table": table, "column": "reference", "path": "", "hits": 71, "examined": 288, "share": 0.25}
            inside = {"table": table, "column": "payload", "path": "$.customer.email", "hits": 9, "examined": 290}
            found = [
                seen | {"looks_like": "email", "where": "not_personal", "acknowledged": False},
                inside | {"share": 0.03, "looks_like": "email", "where": "not_personal", "acknowledged": True},
            ]
            ledger.add(kind, system=system, columns=21, unread=[], found=[] if number else found)
    elif kind == "resolved":
        records = sum(row["population"] for row in rows)
        linked = {"customer_number": records // 2, "identity_number": records // 3, "email": records // 5}
        ledger.add(
            kind, records=records, subjects=records // 4, linked_by=linked, shared_addresses=dice.randint(3, 90),
            conflicts=dice.randint(0, 4), ambiguous=dice.randint(1, 6), placeholders=dice.randint(100, 300),
        )  # fmt: skip
    elif kind == "planned":
        some_due = any(row["due"] for row in rows)
        guard = {
            "guard": "SHARE", "level": "approve", "system": rows[0]["system"], "table": rows[0]["table"],
            "measured": 0.143, "limit": 0.1, "text": "14.3% of the rows are due; without approval at most 10% may be.",
        }  # fmt: skip
        ledger.add(
            kind, digest=PLAN, tables=list(rows), batches=len(rows), guards=[guard] if some_due else [],
            erased_values=sum(row["anonymise"] for row in rows) * 4,
            suppressions={"added": 12, "closed": 1, "in_force": 438, "at_import": 3},
        )  # fmt: skip
    elif kind == "approved":
        how = {"how": "human"} if answer == "approved" else {}
        ledger.add(answer, digest=PLAN, by="dpo", comment="Andelen stämmer med kampanjen 2025." if how else "", **how)
    elif kind == "act":
        _act(ledger, rows, remaining)
    elif kind == "validated":
        for system in maps:
            ledger.add(kind, system=system, checks=_checks(dice, system, rows, failing))
            failing = 0
    elif kind == "run_finished":
        ledger.add(kind, outcome="DONE" if any(row["due"] for row in rows) else "NOTHING_DUE", seconds=401)


def _act(ledger: Ledger, rows: Sequence[dict[str, Any]], remaining: int) -> None:
    due = [row for row in rows if row["due"]]
    changed = next((row for row in due if row["delete"]), None)
    early = {f"{changed['system']}.{changed['table']}": 1} if changed else {}
    ledger.add("confirmed", records=sum(row["due"] for row in due) - len(early), drift=early)
    number = 0
    for row in due:
        left = remaining
        for action, size in (("ANONYMISE", row["anonymise"]), ("DELETE", row["delete"])):
            if not size:
                continue
            number += 1
            skipped = 1 if row is changed and action == "DELETE" else 0
            stuck = min(left, size - skipped)
            remaining -= stuck
            left = 0
            what = {"batch": number, "system": row["system"], "table": row["table"], "action": action}
            files = {"deleted": 0, "absent": 0, "refused": 0}
            ledger.add("batch_started", **what, rows=size)
            ledger.add(
                "batch_verified", **what, done=size - stuck - skipped, drift=skipped, remaining=stuck, files=files
            )


def _checks(dice: random.Random, system: str, rows: Sequence[dict[str, Any]], failing: int) -> list[dict[str, Any]]:
    checks = []
    for row in rows:
        if row["system"] != system:
            continue
        for name, sv, en in CHECKS[: dice.randint(3, len(CHECKS))]:
            failed = failing > 0 and name == "nothing_overdue"
            failing -= failed
            checks.append(
                {
                    "check": name, "table": row["table"], "title": {"sv": sv, "en": en}, "severity": "critical",
                    "outcome": "fail" if failed else "pass", "examined": row["population"],
                    "unexpected": 3 if failed else 0, "limit": 0,
                }
            )  # fmt: skip
    return checks


def _personal(data_map: DataMap) -> list[Table]:
    return [each for each in data_map.tables.values() if each.personal]


def _planned(dice: random.Random, system: str, table: Table, *, due: bool, scale: int, closed: str) -> dict[str, Any]:
    population = dice.randint(scale, scale * 9)
    counts = dict.fromkeys(("delete", "anonymise", "refer", "nothing_left", "not_personal", "closed"), 0)
    if closed == f"{system}.{table.name}":
        counts["closed"] = population
    else:
        counts["delete"] = dice.randint(0, population // 22) if due and dice.random() < 0.8 else 0
        counts["anonymise"] = dice.randint(0, population // 16) if due and dice.random() < 0.7 else 0
        counts["refer"] = dice.randint(0, 14) if dice.random() < 0.5 else 0
        counts["nothing_left"] = dice.randint(0, population // 6) if dice.random() < 0.5 else 0
        counts["not_personal"] = dice.randint(0, population // 3) if table.personal_when else 0
    retain = population - sum(counts.values())
    names = list(dict.fromkeys(use.purpose for group in table.groups.values() for use in group.purposes)) or [
        "FOLLOWS_WHOLE"
    ]
    total = counts["delete"] + counts["anonymise"]
    overdue = dice.randint(0, 6) if total and dice.random() < 0.15 else 0
    held = dice.randint(0, 3) if retain else 0
    return {
        "system": system, "table": table.name, "population": population, "due": total, **counts, "retain": retain,
        "retain_by": {**_split(dice, retain - held, names[:4]), **({"LEGAL_HOLD": held} if held else {})},
        "refer_by": _split(dice, counts["refer"], ["UNKNOWN_DATE", "NO_KNOWN_PURPOSE", "IDENTITY_AMBIGUOUS"]),
        "due_by": _split(dice, total, names[:3]),
        "due_because": _split(dice, total, ["EXPIRED", "ENDED_AT_ONCE"]),
        "overdue": overdue, "overdue_days_max": dice.randint(1, 40) if overdue else 0,
    }  # fmt: skip


def _split(dice: random.Random, whole: int, names: Sequence[str]) -> dict[str, int]:
    left, parts = whole, {}
    for name in names[:-1]:
        parts[name] = dice.randint(0, left)
        left -= parts[name]
    parts[names[-1]] = left
    return {name: count for name, count in parts.items() if count}


# --- the control database -----------------------------------------------------------------------------------------


def holds(review: date = date(2026, 11, 1)) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (
                "12",
                "subject",
                "Chefsjurist",
                "Tvist om leverans, mål T 1042-26",
                datetime(2026, 3, 3, 9, tzinfo=UTC),
                review,
            ),
            ("15", "record", "Ekonomichef", "Revision", datetime(2026, 10, 12, 9, tzinfo=UTC), date(2027, 4, 12)),
        ],
        columns=["hold_id", "scope", "owner", "reason", "placed_at", "review_on"],
    )


def referrals(maps: Mapping[str, DataMap], seed: int = 3) -> pd.DataFrame:
    dice = random.Random(seed)  # noqa: S311 - invented counts
    reasons = ["UNKNOWN_DATE", "NO_KNOWN_PURPOSE", "IDENTITY_AMBIGUOUS", "SENTINEL_DATE"]
    rows = [
        (
            system, each.name, next(iter(each.groups)), dice.choice(reasons),
            NOW - timedelta(days=dice.randint(0, 44)), dice.randint(1, 14),
        )
        for system, m in maps.items()
        for each in _personal(m)
        if each.groups and dice.random() < 0.5
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["system", "table", "group", "reason", "first_seen", "records"])


def chain(*, ok: bool = True) -> Chain:
    head = hashlib.sha256(b"head").hexdigest()
    return Chain(ok, 1204 if ok else 873, head, 1204, None if ok else 874, "" if ok else "It was changed.")


def inputs(**changes: Any) -> Inputs:
    """Return a run that went well, with whatever is given in its place."""
    schedule, maps = changes.pop("schedule", small_schedule()), changes.pop("maps", small_maps())
    given: dict[str, Any] = {
        "run_id": "2026-11-22T010000Z",
        "entries": run_entries(schedule, maps),
        "holds": holds(),
        "referrals": referrals(maps),
        "suppressions": {"email": 401, "phone": 37},
        "chain": chain(),
        "promises": load_promises(PROJECT / "include" / "policy"),
    }
    return Inputs(schedule=schedule, maps=maps, **(given | changes))


def write_samples(directory: Path) -> None:
    """Write a report of each kind of run under the project's own policy."""
    policy = load_policy(Path(__file__).resolve().parents[2] / "include" / "policy")
    schedule, maps = policy.schedule, policy.maps
    variants: dict[str, dict[str, Any]] = {
        "done": {}, "nothing": {"due": False}, "dry": {"mode": "dry_run"}, "rejected": {"answer": "rejected"},
        "failed": {"failing": 2, "remaining": 5, "closed": "sales.note"}, "broken": {"stop_after": "resolved"},
    }  # fmt: skip
    for week in range(14, 0, -1):
        at = NOW - timedelta(weeks=week)
        made = run_entries(schedule, maps, seed=week, scale=300, finished=True)
        earlier = [{**each, "at": each["at"] - timedelta(weeks=week)} for each in made]
        given = inputs(schedule=schedule, maps=maps, run_id=f"{at:%Y-%m-%d}", entries=earlier)
        outcome = RunOutcome.FAILED if week == 6 else None
        write_report(collect(replace(given, outcome=outcome), at), directory / "done", given.run_id)
    for name, options in variants.items():
        entries = run_entries(schedule, maps, scale=300, **options)
        history = read_history(directory / name, "2026-11-22")
        given = inputs(
            schedule=schedule, maps=maps, entries=entries, run_id="2026-11-22", notices=policy.notices, history=history
        )
        write_report(collect(given, NOW), directory / name, given.run_id)


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
