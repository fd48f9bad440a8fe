"""The databases of the second schema: made from their DDL, filled from ``records.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from tests.integration.harness import Dump, Row, spelt

HERE = Path(__file__).parent
POLICY = HERE / "policy"
SYSTEMS = ("evenings", "library")
BACKENDS = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mariadb"}


@dataclass(frozen=True)
class Record:
    """A row, and what is expected of it: ``kept``, ``gone``, or the columns that change."""

    system: str
    table: str
    row: Mapping[str, Any]
    left: str | Mapping[str, Any]


def records() -> list[Record]:
    """Return every row with what is to be left of it, in an order in which they can be inserted."""
    return list(_records(yaml.safe_load((HERE / "records.yaml").read_text("utf-8"))))


def _records(content: dict[str, Any]) -> Iterator[Record]:
    for system, tables in content.items():
        for table, told in tables.items():
            for each in told["rows"]:
                row = dict(zip(told["columns"], each["row"], strict=True))
                assert each["why"]
                yield Record(system, table, row, each["left"])


def make(urls: Mapping[str, sa.URL]) -> None:
    """Make and fill the databases, each by its own DDL."""
    for system, url in urls.items():
        engine = sa.create_engine(url)
        backend = BACKENDS[engine.dialect.name]
        ddl = (HERE / "ddl" / f"{system}.{backend}.sql").read_text("utf-8")
        try:
            with engine.begin() as connection:
                for statement in filter(str.strip, ddl.split(";")):
                    connection.execute(sa.text(statement))
                for record in records():
                    if record.system == system:
                        _insert(connection, record, backend)
        finally:
            engine.dispose()


def _insert(connection: sa.Connection, record: Record, backend: str) -> None:
    table = sa.table(sa.sql.quoted_name(record.table, quote=True))
    columns = [sa.column(sa.sql.quoted_name(name, quote=True)) for name in record.row]
    for column in columns:
        table.append_column(column)
    connection.execute(table.insert().values([_stored(value, backend) for value in record.row.values()]))


def _stored(value: Any, backend: str) -> Any:
    """Return an instant as the backend has them: text with its offset, an aware timestamp, or UTC without a zone."""
    if isinstance(value, date) and backend == "sqlite":
        return value.isoformat()
    if not isinstance(value, str) or "T" not in value or backend == "sqlite":
        return value
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return at if backend == "postgres" else at.astimezone(UTC).replace(tzinfo=None)


def expected(before: Dump, keys: Mapping[str, tuple[str, ...]]) -> Dump:
    """Return what the databases are to hold after the run.

    Args:
        before: what they held before.
        keys: ``system.table`` -> primary key.
    """
    left: Dump = {name: {} for name in before}
    for record in records():
        name = f"{record.system}.{record.table}"
        key = spelt([record.row[column] for column in keys[name]])
        if record.left != "gone":
            left[name][key] = _changed(before[name][key], {} if record.left == "kept" else record.left)
    return left


def _changed(row: Row, changes: Any) -> Row:
    """Return a row with some columns changed; a day in the type that the database gives."""
    values = {
        name: value.isoformat() if isinstance(value, date) and isinstance(row[name], str) else value
        for name, value in changes.items()
    }
    assert values.keys() <= row.keys()
    return {**row, **values}
