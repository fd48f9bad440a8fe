"""A small shop, a plan made for it by hand, and an act that carries the plan out in plain SQL.

Every due row and every due column group is written down in ``DUE``, so that a test can damage what the act did and
say which check has to notice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import sqlalchemy as sa
import yaml

from include.retention.column_types import read_types
from include.retention.data_map.border import DataMapBorder
from include.retention.data_map.build import build_map
from include.retention.data_map.live import read_foreign_keys
from include.retention.data_map.model import DataMap
from include.retention.extract import Extractor
from include.retention.identifiers import Normaliser
from include.retention.keys import DEMO_KEY, Key, identifier_domain
from include.retention.reading import one_moment
from include.retention.terms import IdentifierKind
from include.retention.validate.baseline import take_baseline
from include.retention.validate.measure import Decided, Means, measure

KEY = Key(bytes.fromhex(DEMO_KEY))
ROOT = "GALLRING_TEST_COPIES"
NORMALISER = Normaliser(date(2026, 1, 1), frozenset(), frozenset())

MAP = """
system: shop
title: {sv: Butik, en: Shop}
connection: gallring_shop
owner: Ingen
file_roots: {copies: $GALLRING_TEST_COPIES}
tables:
  fiscal_year:
    title: {sv: Räkenskapsår, en: Fiscal years}
    personal: false
    note: No persons
    key: year_id
    columns: {year_id: Key, label: For people}
  customer:
    title: {sv: Kunder, en: Customers}
    key: customer_id
    when_expired: anonymise
    groups:
      contact: {purposes: [A]}
      phone: {purposes: [B]}
    columns:
      customer_id: Key
      name: {category: name, group: contact}
      email: {category: email, group: contact, method: unique_placeholder}
      phone: {category: phone, group: phone}
  invoice:
    title: {sv: Fakturor, en: Invoices}
    key: invoice_id
    groups:
      voucher: {purposes: [C]}
    columns:
      invoice_id: Key
      customer_id: Customer
      year_id: Fiscal year
      series: Series
      number: Number
      amount: Amount
      recipient: {category: name, group: voucher}
    sums: [{column: amount, by: [year_id]}]
    series: [{column: number, by: [series]}]
  invoice_line:
    title: {sv: Rader, en: Lines}
    key: [invoice_id, line_no]
    part_of: {table: invoice, by: invoice_id}
    columns: {invoice_id: Invoice, line_no: Line, amount: Amount}
    sums: [{column: amount, by: []}]
  subscriber:
    title: {sv: Prenumeranter, en: Subscribers}
    key: subscriber_id
    suppresses: true
    subjects:
      person: {kind: person, identifiers: {email: email, phone: phone}}
    groups:
      email: {channel: email, purposes: [D]}
      phone: {channel: sms, purposes: [D]}
    columns:
      subscriber_id: Key
      email: {category: email, group: email}
      phone: {category: phone, group: phone}
  id_copy:
    title: {sv: Kopior, en: Copies}
    key: copy_id
    groups:
      copy: {purposes: [E]}
    columns:
      copy_id: Key
      customer_id: Customer
      path: {category: id_copy, group: copy}
    files: [{column: path, root: copies, group: copy, derivatives: ["{stem}_thumb.jpg"]}]
"""

TABLES = [
    sa.Table("fiscal_year", metadata := sa.MetaData(), sa.Column("year_id", sa.Integer, primary_key=True),
             sa.Column("label", sa.String(20))),
    sa.Table("customer", metadata, sa.Column("customer_id", sa.Integer, primary_key=True, autoincrement=False),
             sa.Column("name", sa.String(60)), sa.Column("email", sa.String(80), unique=True),
             sa.Column("phone", sa.String(40))),
    sa.Table("invoice", metadata, sa.Column("invoice_id", sa.Integer, primary_key=True, autoincrement=False),
             sa.Column("customer_id", sa.ForeignKey("customer.customer_id")),
             sa.Column("year_id", sa.ForeignKey("fiscal_year.year_id")), sa.Column("series", sa.String(5)),
             sa.Column("number", sa.Integer), sa.Column("amount", sa.Numeric(12, 2)),
             sa.Column("recipient", sa.String(60))),
    sa.Table("invoice_line", metadata,
             sa.Column("invoice_id", sa.ForeignKey("invoice.invoice_id"), primary_key=True, autoincrement=False),
             sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
             sa.Column("amount", sa.Numeric(12, 2))),
    sa.Table("subscriber", metadata, sa.Column("subscriber_id", sa.String(20), primary_key=True),
             sa.Column("email", sa.String(80)), sa.Column("phone", sa.String(40))),
    sa.Table("id_copy", metadata, sa.Column("copy_id", sa.Integer, primary_key=True, autoincrement=False),
             sa.Column("customer_id", sa.ForeignKey("customer.customer_id")), sa.Column("path", sa.String(80))),
]  # fmt: skip

ROWS: dict[str, list[tuple[Any, ...]]] = {
    "fiscal_year": [(2017, "2017"), (2024, "2024")],
    "customer": [(n, f"CANARY name {n}", f"canary{n}@example.com", f"+4670174060{n}") for n in range(1, 7)],
    "invoice": [
        (11, 1, 2017, "A", 101, "100.10", "CANARY recipient 11"),
        (12, 2, 2017, "A", 102, "0.20", "CANARY recipient 12"),
        (13, 3, 2024, "A", 103, "1234.56", "CANARY recipient 13"),
        (14, 4, 2024, "a", 1, "-0.07", "CANARY recipient 14"),
        (15, 5, None, "B", 1, "999999.99", "CANARY recipient 15"),
        (16, 5, 2024, "B", 2, None, "CANARY recipient 16"),
        (17, 6, 2024, "B", 2, "5.00", "CANARY recipient 17"),
    ],
    "invoice_line": [(11, 1, "60.05"), (11, 2, "40.05"), (13, 1, "1234.56")],
    "subscriber": [(f"S-{n}", f"list{n}@example.com", f"+4670174065{n}") for n in range(1, 6)],
    "id_copy": [(31, 1, "canary/31.jpg"), (32, 2, "canary/32.jpg"), (33, 3, "canary/33.jpg")],
}

DUE: dict[str, dict[str, set[Any]]] = {
    "customer": {"erase:contact": {1, 2}, "erase:phone": {1, 2, 3}},
    "invoice": {"delete": {11, 12, 16}},
    "invoice_line": {"delete": {(11, 1), (11, 2)}},
    "subscriber": {"delete": {"S-1", "S-2"}, "erase:phone": {"S-3"}},
    "id_copy": {"delete": {31}},
}
SUPPRESSED = [("list1@example.com", IdentifierKind.EMAIL, "all"), ("+46701740653", IdentifierKind.PHONE, "sms")]


def the_map() -> DataMap:
    return build_map(DataMapBorder.model_validate(yaml.safe_load(MAP)), "0" * 64, None)


@dataclass
class World:
    """The shop, what was decided on it, and what the ledger says was done."""

    engine: sa.Engine
    copies: Path
    data_map: DataMap = field(default_factory=the_map)
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    baseline: Mapping[str, Any] = field(default_factory=dict)
    witnesses: dict[str, pd.DataFrame] = field(default_factory=dict)
    items: pd.DataFrame = field(default_factory=pd.DataFrame)
    deleted: dict[str, int] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)
    suppressed: list[tuple[str, IdentifierKind, str]] = field(default_factory=lambda: list(SUPPRESSED))
    objected_since: list[tuple[str, IdentifierKind, str]] = field(default_factory=list)
    """Suppressions that the plan didn't know of."""

    @property
    def references(self) -> Any:
        return read_foreign_keys(self.engine, None)

    def sql(self, statement: str, **values: Any) -> None:
        """Change the source as somebody with a SQL prompt would."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def facts(self) -> dict[str, pd.DataFrame]:
        """Return what an extract finds now."""
        schedule = SimpleNamespace(time_zone="Europe/Stockholm", sentinel_dates=frozenset(), fiscal_years=None)
        references = self.references
        with self.engine.connect() as connection:
            types = read_types(connection, self.data_map)
            extractor = Extractor(self.data_map, schedule, NORMALISER, KEY, references, types)  # type: ignore[arg-type]
            tables = self.data_map.tables
            return {
                name: pd.concat([extractor.empty(table), *extractor.read_table(connection, table)], ignore_index=True)
                for name, table in tables.items()
            }

    def decide(self) -> None:
        """Make the plan that ``DUE`` writes down."""
        self.before = {name: _decided(self.data_map, name, frame) for name, frame in self.facts().items()}
        rows = [
            {"table": name, "key": key, "action": "DELETE" if delete else "ANONYMISE", "state": "planned"}
            for name, frame in self.before.items()
            for key, delete, some in zip(
                frame["key"], frame["delete"], frame.filter(like="erase:").any(axis=1), strict=True
            )
            if delete or some
        ]
        self.items = pd.DataFrame(rows)

    @property
    def due(self) -> dict[str, pd.DataFrame]:
        """Return what of the plan was to be changed."""
        found = {}
        for name, frame in self.before.items():
            flags = [column for column in frame if column == "delete" or column.startswith("erase:")]
            found[name] = frame[frame[flags].any(axis=1)].reset_index(drop=True)
        return found

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one moment."""
        with self.engine.connect() as plain, one_moment(plain) as connection:
            yield connection

    def take_baseline(self) -> None:
        """Count, and let the counts go through JSON as they do on their way through staging."""
        references = self.references
        with self.connected() as connection:
            types = read_types(connection, self.data_map)
            found = take_baseline(
                connection,
                self.data_map,
                references,
                self.due,
                types=types,
                keep=self.witnesses.__setitem__,
                environ=self.environ,
                key=KEY,
            )
        self.baseline = json.loads(json.dumps(found))

    def act(self, *, skip: Iterable[tuple[str, Any]] = ()) -> None:
        """Carry the plan out, but for some rows, and note what the ledger would say."""
        left_out = set(skip)
        for table in ("invoice_line", "invoice", "subscriber", "id_copy"):
            keys = [key for key in DUE[table]["delete"] if (table, key) not in left_out]
            for key in keys:
                self.delete(table, key)
            self.deleted[table] = len(keys)
        for path in ("31.jpg", "31_thumb.jpg"):
            (self.copies / "canary" / path).unlink(missing_ok=True)
        self.sql(
            "UPDATE customer SET name = NULL, email = 'gallrad-' || customer_id || '@gallring.invalid' "
            "WHERE customer_id IN (1, 2)"
            if self.engine.dialect.name != "mysql"
            else "UPDATE customer SET name = NULL, email = CONCAT('gallrad-', customer_id, '@gallring.invalid') "
            "WHERE customer_id IN (1, 2)"
        )
        self.sql("UPDATE customer SET phone = NULL WHERE customer_id IN (1, 2, 3)")
        self.sql("UPDATE subscriber SET phone = NULL WHERE subscriber_id = 'S-3'")
        self.items["state"] = "done"

    def delete(self, table: str, key: Any) -> None:
        """Delete one row by its key."""
        names = self.data_map.tables[table].key
        values = dict(zip(names, key if isinstance(key, tuple) else (key,), strict=True))
        self.sql(f"DELETE FROM {table} WHERE " + " AND ".join(f"{name} = :{name}" for name in names), **values)

    def set_state(self, table: str, key: Any, state: str) -> None:
        """Say what became of one item."""
        mine = (self.items["table"] == table) & (self.items["key"] == json_of(key))
        assert mine.sum() == 1
        self.items.loc[mine, "state"] = state

    def measure(self) -> pd.DataFrame:
        """Measure the shop as it is now."""
        references = self.references
        decided = Decided(
            baseline=self.baseline,
            witness=self.witnesses.__getitem__,
            due=self.due,
            seen=lambda table, keys: self.before[table][self.before[table]["key"].isin(keys)],
            drift=self.items[self.items["state"] == "drift"],
            entries=entries([*self.suppressed, *self.objected_since]),
            planned_entries=entries(self.suppressed),
            held=lambda table: self.held.get(table, ()),
            deleted=self.deleted,
        )
        with self.connected() as connection:
            means = Means(connection, read_types(connection, self.data_map), NORMALISER, self.environ, KEY)
            return measure(means, self.data_map, references, decided)[0]

    def wrong(self) -> set[tuple[str, str]]:
        """Return check and table of every critical measurement beyond its limit, or without a count."""
        found = self.measure()
        found = found[found["severity"] == "critical"]
        bad = found[(found["unexpected"] <= found["limit"]).ne(other=True).fillna(value=True)]
        return set(zip(bad["check"], bad["table"], strict=True))


def json_of(key: Any) -> str:
    return json.dumps(list(key) if isinstance(key, tuple) else [key])


def entries(suppressed: Iterable[tuple[str, IdentifierKind, str]]) -> pd.DataFrame:
    """Return a suppression list."""
    rows = [(KEY.mac(identifier_domain(kind), text), kind.value, channel) for text, kind, channel in suppressed]
    return pd.DataFrame(rows, columns=["address_ref", "kind", "channel"])


def _decided(data_map: DataMap, name: str, facts: pd.DataFrame) -> pd.DataFrame:
    due = DUE.get(name, {})
    columns = ["delete", *(f"erase:{group}" for group in data_map.tables[name].groups)]
    flags = {each: facts["key"].isin([json_of(key) for key in due.get(each, ())]) for each in columns}
    return facts.assign(**flags)


def make_world(engine: sa.Engine, copies: Path) -> World:
    """Create the shop, with its files, and make the plan; nothing is counted or done yet."""
    metadata.drop_all(engine)
    metadata.create_all(engine)
    with engine.begin() as connection:
        for table in TABLES:
            names = [column.name for column in table.columns]
            connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in ROWS[table.name]])
    for row in ROWS["id_copy"]:
        path = copies / row[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("CANARY scan")
        path.with_name(f"{path.stem}_thumb.jpg").write_text("CANARY thumbnail")
    (copies / "stray.txt").write_text("Was never referred to")
    world = World(engine, copies, environ={ROOT: str(copies)})
    world.decide()
    return world


Damage = Callable[[World], None]
