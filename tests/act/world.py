"""A small company with everything that makes destroying hard, on any database: the stage of the act's tests.

Customers with quoted names, a NOT NULL and UNIQUE e-mail and a reference to themselves; invoices below them with
ON DELETE CASCADE; scanned documents with a composite key of text and number, and files; sessions with text keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.retention.act import act_on_system
from include.retention.batch import ActResult, Batch, BatchResult
from include.retention.data_map.inspection import read_foreign_keys
from include.retention.data_map.model import DataMap, FileRef, Link, Method
from include.retention.terms import Verdict
from tests.methods.tables import data_map, mapped_table

NULL = Method("set_null")
CANARY = "KANARIEFAGEL"
"""Stands in every personal value."""

CUSTOMER = mapped_table(
    "Kund",
    ["id"],
    {"Namn": NULL, "e-post": Method("unique_placeholder"), "postnr": Method("shorten", length=3), "ip": NULL},
    groups={"ip": "log"},
    other=["värvad av"],
)
INVOICE = mapped_table("order", ["id"], {"text": Method("constant", value="borttagen")}, other=["kund_id"])
DOCUMENT = replace(
    mapped_table(
        "document", ["series", "number"], {"path": NULL, "note": NULL}, groups={"note": "note"}, other=["kund_id"],
        part_of=Link(("kund_id",), "Kund"),
    ),
    files=(FileRef("path", "copies", "all", ("{stem}_thumb.jpg", "{stem}.txt")),),
)  # fmt: skip
SESSION = mapped_table("session", ["token"], {"agent": NULL}, other=["kund_id"])

SCHEMA = """
CREATE TABLE "Kund" (
    id integer NOT NULL PRIMARY KEY, "Namn" varchar(80), "e-post" varchar(100) NOT NULL UNIQUE, postnr varchar(10),
    ip varchar(45), "värvad av" integer, FOREIGN KEY ("värvad av") REFERENCES "Kund" (id)
);
CREATE TABLE "order" (
    id integer NOT NULL PRIMARY KEY, text varchar(80) NOT NULL, kund_id integer,
    FOREIGN KEY (kund_id) REFERENCES "Kund" (id) ON DELETE CASCADE
);
CREATE TABLE document (
    series varchar(10) NOT NULL, number integer NOT NULL, path varchar(200), note varchar(80), kund_id integer,
    PRIMARY KEY (series, number)
);
CREATE TABLE session (token varchar(60) NOT NULL PRIMARY KEY, agent varchar(80), kund_id integer)
"""
TABLES = ("session", "document", "order", "Kund")
CUSTOMERS = 8
"""1 to 6 are to be deleted, 7 and 8 stay; 2 was recruited by 1, and 3 by 2."""


def build(engine: sa.Engine) -> None:
    """Make the tables."""
    quote = "`" if engine.dialect.name == "mysql" else '"'
    with engine.begin() as connection:
        for statement in SCHEMA.replace('"', quote).split(";"):
            connection.exec_driver_sql(statement)


def the_map(directory: Path) -> DataMap:
    """Return the data map, with the files in a directory."""
    return data_map(CUSTOMER, INVOICE, DOCUMENT, SESSION, file_roots={"copies": str(directory)})


def fill(engine: sa.Engine, directory: Path) -> None:
    """Put everything back as it was before anything was destroyed."""
    kund, order, document, session = (_plain(each) for each in (CUSTOMER, INVOICE, DOCUMENT, SESSION))
    recruited = {2: 1, 3: 2}
    ids = range(1, CUSTOMERS + 1)
    with engine.begin() as connection:
        connection.execute(sa.update(kund).values({"värvad av": None}))
        for each in (session, document, order, kund):
            connection.execute(sa.delete(each))
        connection.execute(sa.insert(kund), [
            {"id": i, "Namn": f"{CANARY} {i}", "e-post": f"{CANARY}{i}@example.com", "postnr": "123 45",
             "ip": "192.0.2.7", "värvad av": recruited.get(i)} for i in ids
        ])  # fmt: skip
        connection.execute(sa.insert(order), [{"id": 100 + i, "text": f"{CANARY}", "kund_id": i} for i in ids])
        connection.execute(sa.insert(document), [
            {"series": "A", "number": i, "path": f"{i}/{CANARY}.jpg", "note": CANARY, "kund_id": i} for i in ids
        ])  # fmt: skip
        connection.execute(sa.insert(session), [{"token": f"t%{i}'", "agent": CANARY, "kund_id": i} for i in ids])
    for i in ids:
        (directory / str(i)).mkdir(parents=True, exist_ok=True)
        for name in file_names(i):
            (directory / name).write_bytes(b"passport")


def file_names(customer: int) -> list[str]:
    """Return the files of a customer's document: two derivatives and the scan itself."""
    return [f"{customer}/{CANARY}_thumb.jpg", f"{customer}/{CANARY}.txt", f"{customer}/{CANARY}.jpg"]


def _plain(table: Any) -> sa.Table:
    return sa.Table(table.name, sa.MetaData(), *(sa.Column(name, quote=True) for name in table.columns), quote=True)


def batch(number: int, table: str, action: Verdict, keys: Sequence[tuple[Any, ...]], *groups: str) -> Batch:
    """Return a batch with references and fingerprints that only tests could accept."""
    refs = [f"ref:{key}" for key in keys]
    return Batch(str(number), "test", table, action, groups, list(keys), refs, ["same"] * len(keys))


def the_plan() -> list[Batch]:
    """Return a plan: children before parents, erasures before deletions, two batches of a table that refers to itself.

    After it, nothing of customers 1 to 6 is left, 7 has lost name and log, and 8 is untouched.
    """
    gone = [(i,) for i in range(1, 7)]
    return [
        batch(1, "session", Verdict.ANONYMISE, [("t%7'",)], "all"),
        batch(2, "session", Verdict.DELETE, [(f"t%{i}'",) for (i,) in gone]),
        batch(3, "document", Verdict.ANONYMISE, [("A", 7)], "all"),
        batch(4, "document", Verdict.DELETE, [("A", i) for (i,) in gone]),
        batch(5, "order", Verdict.ANONYMISE, [(107,)], "all"),
        batch(6, "order", Verdict.DELETE, [(100 + i,) for (i,) in gone]),
        batch(7, "Kund", Verdict.ANONYMISE, [(7,)], "all", "log"),
        batch(8, "Kund", Verdict.DELETE, gone[::-1]),
    ]


Held = Callable[[Batch, tuple[Any, ...]], bool]


@dataclass
class Notes:
    """A journal in memory."""

    started_: list[str] = field(default_factory=list)
    results: dict[str, BatchResult] = field(default_factory=dict)
    undone: list[tuple[str, str, int]] = field(default_factory=list)

    def started(self, batch: Batch) -> None:
        """Note it."""
        self.started_.append(batch.batch_id)

    def verified(self, batch: Batch, result: BatchResult) -> None:
        """Note it; a batch is accounted for to the last row."""
        assert result.done + result.drift + result.remaining == len(batch.keys)
        assert min(result.done, result.drift, result.remaining) >= 0
        self.results[batch.batch_id] = result

    def not_done(self, system: str, table: str, what: str, count: int) -> None:
        """Note it; no value of a source is in it."""
        assert CANARY not in what
        self.undone.append((table, what, count))


def everything_is_due(_connection: sa.Connection, batch: Batch) -> list[bool]:
    """Answer the last look: nothing has changed."""
    return [True] * len(batch.keys)


def act(
    engine: sa.Engine, directory: Path, batches: Iterable[Batch] | None = None, **options: Any
) -> tuple[ActResult, Notes]:
    """Carry out a plan and return what was measured and what the journal heard."""
    notes = options.pop("journal", None) or Notes()
    result = act_on_system(
        engine,
        options.pop("data_map", None) or the_map(directory),
        options.pop("references", None) or read_foreign_keys(engine, None),
        the_plan() if batches is None else batches,
        recheck=options.pop("recheck", everything_is_due),
        journal=notes,
        environ={},
        **options,
    )
    return result, notes


def state(engine: sa.Engine, directory: Path) -> dict[str, Any]:
    """Return everything there is: every row of every table, and every file."""
    found: dict[str, Any] = {
        "files": sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())
    }
    with engine.connect() as connection:
        for mapped in (SESSION, DOCUMENT, INVOICE, CUSTOMER):
            target = _plain(mapped)
            key = [target.c[name] for name in mapped.key]
            rows = connection.execute(sa.select(target).order_by(*key))
            found[mapped.name] = [tuple(row) for row in rows]
    return found


def expected() -> dict[str, Any]:
    """Return the state after the plan, written by hand."""
    return {
        "files": sorted(file_names(8)),
        "session": [("t%7'", 7, None), ("t%8'", 8, CANARY)],
        "document": [("A", 7, 7, None, CANARY), ("A", 8, 8, f"8/{CANARY}.jpg", CANARY)],
        "order": [(107, 7, "borttagen"), (108, 8, CANARY)],
        "Kund": [
            (7, None, None, "gallrad-7@gallring.invalid", "123", None),
            (8, None, f"{CANARY} 8", f"{CANARY}8@example.com", "123 45", "192.0.2.7"),
        ],
    }
