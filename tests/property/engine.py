"""The engine's own steps on a generated world: real SQLite files, the real extract, resolve, classify and decide.

Only what needs a control database or a clock is stood in for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from include.retention.act import act_on_system
from include.retention.batch import ActResult, Batch, BatchResult
from include.retention.classify import EXPIRED, OPEN_DAY, REASONS, REFERRED, RETAINED, Moment
from include.retention.column_types import read_types
from include.retention.connections import engine_at
from include.retention.data_map.deletion_order import deletion_order
from include.retention.data_map.live import read_foreign_keys
from include.retention.data_map.model import DataMap, ForeignKey, Table, declared_references
from include.retention.dates import NO_DAY
from include.retention.deciding import Waiting, classify_phase, decide_phase, resolve_phase
from include.retention.extract import Extractor
from include.retention.identifiers import Normaliser
from include.retention.keys import DEMO_KEY, RECORD, Key, KeyRing, identifier_domain, record_text
from include.retention.plan import order_items, table_items
from include.retention.promised import COLUMNS
from include.retention.resolve import Resolved, TableName
from include.retention.staging import Staging
from include.retention.terms import IdentifierKind, Verdict
from tests.reference import world as worlds
from tests.reference.world import Decision, Place, Row, Source, World

KEY = Key(bytes.fromhex(DEMO_KEY))
BATCH_ROWS = 50
STATES = {RETAINED: "RETAIN", REFERRED: "REFER", EXPIRED: "EXPIRED"}


@dataclass(frozen=True)
class Decided:
    """What the engine made of a world.

    Attributes:
        decided: per table facts and classification.
        rows: per table what `decide_rows` returned.
        plan: the items due, in their order, with ``batch``.
        references: per system the foreign keys of the live database, and what its map declares as references.
        listed: the suppression list, as it is remembered for the next run.
    """

    resolved: Resolved
    decided: Mapping[TableName, pd.DataFrame]
    rows: Mapping[TableName, pd.DataFrame]
    plan: pd.DataFrame
    references: Mapping[str, tuple[ForeignKey, ...]]
    listed: pd.DataFrame


def decide_world(world: World, directory: Path, *, buckets: int = 1) -> Decided:
    """Load a world into SQLite and take the engine through it.

    Args:
        world: the world.
        directory: empty; gets the databases and the run's staging.
        buckets: parts in which records are classified.
    """
    for system, source in world.sources.items():
        # Not the engine's own connection: it enforces foreign keys, and real systems have orphans.
        engine = sa.create_engine(f"sqlite:///{directory / system}.db")
        load(engine, source)
        engine.dispose()
    return decide_loaded(world, directory, buckets=buckets)


def decide_loaded(
    world: World,
    directory: Path,
    *,
    buckets: int = 1,
    listed: pd.DataFrame | None = None,
    promised: pd.DataFrame | None = None,
) -> Decided:
    """Take the engine through databases as they are, whatever rows the world has.

    Args:
        world: the world.
        directory: with the databases.
        buckets: parts in which records are classified.
        listed: the suppression list that an earlier run has left; None means the world's own.
        promised: what an earlier run's plan promised and didn't carry out; None means nothing.
    """
    maps = {system: source.data_map for system, source in world.sources.items()}
    run: Any = SimpleNamespace(
        policy=SimpleNamespace(maps=maps, schedule=world.schedule),
        moment=Moment(as_of=world.as_of, today=world.today),
        row=SimpleNamespace(as_of=world.as_of),
        ring=KeyRing(KEY),
    )
    staging = Staging(directory / "staging")
    references = {}
    for system, source in world.sources.items():
        engine = engine_of(directory, system)
        live = extract(world, source.data_map, engine, staging)
        references[system] = (*live, *declared_references(source.data_map.tables))
        engine.dispose()
    waiting = waiting_of(world)
    waiting = waiting if listed is None else replace(waiting, listed=listed)
    waiting = waiting if promised is None else replace(waiting, promised=promised)
    resolved, suppressed = resolve_phase(run, staging, waiting)
    for bucket in range(buckets):
        classify_phase(run, staging, bucket, buckets)
    orders = {name: deletion_order(list(maps[name].tables), found) for name, found in references.items()}
    closed = {system: source.closed | orders[system][1] for system, source in world.sources.items()}
    decided, rows = decide_phase(run, staging, waiting, references, closed)
    items = [
        table_items(
            name.system, maps[name.system].tables[name.table], frame, rows[name], list(world.schedule.purposes), KEY
        )
        for name, frame in decided.items()
    ]
    plan = order_items(items, {system: order for system, (order, _) in orders.items()}, BATCH_ROWS)
    return Decided(resolved, decided, rows, plan, references, suppressed.entries)


def act(world: World, found: Decided, directory: Path) -> ActResult:
    """Carry a plan out in the world's databases, foreign keys enforced; return what was measured, over all systems."""
    batches = [
        Batch(
            batch_id=str(number),
            system=rows["system"].iloc[0],
            table=rows["table"].iloc[0],
            action=Verdict(rows["action"].iloc[0]),
            groups=tuple(json.loads(rows["groups"].iloc[0])),
            keys=[tuple(json.loads(key)) for key in rows["key"]],
            record_refs=rows["record_ref"].tolist(),
            fingerprints=rows["fingerprint"].tolist(),
        )
        for number, rows in found.plan.groupby("batch", sort=True)
    ]
    results = []
    for system, source in world.sources.items():
        engine = engine_of(directory, system, writes=True)
        mine = [batch for batch in batches if batch.system == system]
        results.append(
            act_on_system(
                engine,
                source.data_map,
                found.references[system],
                mine,
                recheck=lambda _connection, batch: [True] * len(batch.keys),
                journal=_NoJournal(),
            )
        )
        engine.dispose()
    return ActResult(
        batches=sum(each.batches for each in results),
        done=sum(each.done for each in results),
        drift=sum(each.drift for each in results),
        remaining=sum(each.remaining for each in results),
        not_done=tuple(each for result in results for each in result.not_done),
    )


class _NoJournal:
    def started(self, batch: Batch) -> None:
        """Say nothing."""

    def verified(self, batch: Batch, result: BatchResult) -> None:
        """Say nothing."""

    def not_done(self, system: str, table: str, what: str, count: int) -> None:
        """Say nothing: the result says it."""


def engine_of(directory: Path, system: str, *, writes: bool = False) -> sa.Engine:
    """Return an engine on a world's system."""
    return engine_at(sa.URL.create("sqlite", database=str(directory / f"{system}.db")), writes=writes)


def extract(world: World, data_map: DataMap, engine: sa.Engine, staging: Staging) -> tuple[ForeignKey, ...]:
    """Read a system's facts into staging, as ``reading.extract_system`` does; return its foreign keys."""
    schedule = world.schedule
    references = read_foreign_keys(engine, data_map.schema)
    normaliser = Normaliser(world.today, schedule.placeholder_identity_numbers, schedule.generic_mailboxes)
    with engine.connect() as connection:
        extractor = Extractor(data_map, schedule, normaliser, KEY, references, read_types(connection, data_map))
        for table in data_map.tables.values():
            chunks = list(extractor.read_table(connection, table)) or [extractor.empty(table)]
            staging.write(f"facts/{data_map.system}.{table.name}", pd.concat(chunks, ignore_index=True))
        years = extractor.read_fiscal_years(connection)
        if schedule.fiscal_years is not None and schedule.fiscal_years.system == data_map.system:
            staging.write("fiscal_years", years)
    return references


def load(engine: sa.Engine, source: Source) -> None:
    """Make a system's tables, with its foreign keys, and fill them."""
    with engine.begin() as connection:
        for table in source.data_map.tables.values():
            connection.exec_driver_sql(ddl(table, source.references))
            insert(connection, table, source.rows[table.name])


def ddl(table: Table, references: Iterable[worlds.ForeignKey]) -> str:
    """Return the statement that makes a table; its columns take whatever comes."""
    columns = [f'"{name}"' for name in table.columns]
    columns.append(f"PRIMARY KEY ({_names(table.key)})")
    if "other name" in table.columns:
        columns.append('UNIQUE ("other name")')
    columns += [
        f'FOREIGN KEY ({_names(each.child_columns)}) REFERENCES "{each.parent}" ({_names(each.parent_columns)})'
        for each in references
        if each.child == table.name
    ]
    return f'CREATE TABLE "{table.name}" ({", ".join(columns)})'


def insert(connection: sa.Connection, table: Table, rows: Iterable[Row]) -> None:
    """Insert rows."""
    values = [tuple(row[name] for name in table.columns) for row in rows]
    marks = ", ".join("?" for _ in table.columns)
    if values:
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({_names(table.columns)}) VALUES ({marks})', values)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def waiting_of(world: World) -> Waiting:
    """Return a world's holds and suppressions as the control database would."""
    holds = [
        {
            "scope": RECORD if hold.key is not None else "subject",
            "identifier_kind": hold.identifier[0] if hold.identifier else None,
            "system": hold.system,
            "table": hold.table,
            "ref": KEY.mac(RECORD, record_text(hold.system or "", hold.table or "", hold.key))
            if hold.key is not None
            else identifier_ref(*(hold.identifier or ("", ""))),
        }
        for hold in world.holds
    ]
    listed = [{"address_ref": identifier_ref(each.kind, each.address), **each._asdict()} for each in world.suppressions]
    return Waiting(
        holds=pd.DataFrame(holds, columns=["scope", "identifier_kind", "system", "table", "ref"]),
        listed=pd.DataFrame(listed, columns=["address_ref", "kind", "channel", "since"]),
        referrals=pd.DataFrame(columns=["record_ref", "group", "first_seen"]),
        promised=pd.DataFrame(columns=COLUMNS),
    )


def identifier_ref(kind: str, text: str) -> str:
    """Return the keyed reference of a normalised identifier."""
    return KEY.mac(identifier_domain(IdentifierKind(kind)), text)


def decisions(world: World, found: Decided) -> dict[Place, Decision]:
    """Return the engine's decisions in the reference's words."""
    result: dict[Place, Decision] = {}
    names = list(world.schedule.purposes)
    for name, frame in found.decided.items():
        source = world.sources[name.system]
        table, rows = source.data_map.tables[name.table], found.rows[name]
        keys = [tuple(json.loads(text)) for text in frame["key"]]
        delete = rows["delete"].to_numpy(dtype=bool)
        if not table.groups:
            for key, gone in zip(keys, delete, strict=True):
                verdict = ("DELETE", "FOLLOWS_WHOLE") if gone else ("RETAIN", "NOT_PERSONAL")
                result[Place(name.system, name.table, key, None)] = Decision(*verdict, frozenset(), None)
        for group in table.groups:
            columns = zip(
                keys,
                delete,
                frame[f"state:{group}"],
                rows[f"reason:{group}"],
                frame[f"purpose:{group}"],
                frame[f"through:{group}"],
                strict=True,
            )
            for key, gone, state, reason, purpose, through in columns:
                verdict, why = STATES[state], str(REASONS[reason])
                if verdict == "EXPIRED":
                    verdict = "DELETE" if gone else "ANONYMISE"
                    if name.table in source.closed:
                        verdict, why = "RETAIN", "CLOSED"
                elif gone:
                    verdict = f"DELETE of {verdict}"
                named = frozenset({names[purpose]} if purpose >= 0 else ())
                result[Place(name.system, name.table, key, group)] = Decision(verdict, why, named, _day(through))
    return result


def _day(number: int) -> date | None:
    if number == NO_DAY:
        return None
    return date.max if number == OPEN_DAY else date(1970, 1, 1) + pd.Timedelta(days=int(number)).to_pytimedelta()


def erased_places(found: Decided) -> set[Place]:
    """Return the column groups that the engine would erase in place."""
    places = set()
    for name, rows in found.rows.items():
        keys = [tuple(json.loads(text)) for text in found.decided[name]["key"]]
        for column in [column for column in rows if column.startswith("erase:")]:
            chosen = np.flatnonzero(rows[column].to_numpy(dtype=bool))
            places |= {Place(name.system, name.table, keys[n], column.removeprefix("erase:")) for n in chosen}
    return places


def differences(expected: Mapping[Place, Decision], actual: Mapping[Place, Decision]) -> list[str]:
    """Return where two classifications disagree, in words."""
    found = []
    for place in expected.keys() | actual.keys():
        mine, theirs = expected.get(place), actual.get(place)
        if (
            mine is None
            or theirs is None
            or mine[:2] != theirs[:2]
            or (mine.reason != "NOT_PERSONAL" and mine.through != theirs.through)
            or (mine.reason != "NOT_PERSONAL" and mine.purposes and not theirs.purposes <= mine.purposes)
        ):
            found.append(f"{place}: reference {mine}, engine {theirs}")
    return sorted(found)
