"""The database of ``tests/data/valid_map.yaml``, and ways to make it differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.live import check_live
from include.retention.data_map.load import load_maps
from include.retention.data_map.model import DataMap
from include.retention.errors import Problem
from include.retention.policy.load import load_schedule
from include.retention.policy.model import Schedule
from tests.policy import samples


@cache
def schedule() -> Schedule:
    """The valid schedule."""
    return load_schedule(samples.DATA / "valid_schedule.yaml")


def data_map(directory: Path, change: dict[str, Any] | None = None) -> DataMap:
    """The valid map, with a difference merged into it."""
    content = samples.merged(samples.valid("map"), change or {})
    samples.write_policy(directory, samples.valid("schedule"), {"shop": content})
    return load_maps(directory / "data_map", schedule())["shop"]


def tables() -> sa.MetaData:
    """The tables that the map describes."""
    metadata = sa.MetaData()
    text = sa.String(100)
    sa.Table(
        "customer",
        metadata,
        sa.Column("customer_id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(20)),
        sa.Column("name", text, nullable=False),
        sa.Column("email", text, nullable=False, unique=True),
        sa.Column("postcode", sa.String(10)),
        sa.Column("orgno", sa.String(20)),
        sa.Column("started_on", sa.Date),
        sa.Column("ended_on", sa.Date),
        sa.Column("seen_on", sa.Date),
        sa.Column("objected_at", sa.DateTime),
        sa.Column("objected_channel", sa.String(20)),
    )
    sa.Table(
        "invoice",
        metadata,
        sa.Column("series", sa.String(2), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer_id", sa.ForeignKey("customer.customer_id")),
        sa.Column("booked_on", text),
        sa.Column("oss", sa.Boolean),
        sa.Column("amount", sa.Numeric(12, 2)),
        sa.Column("pnr", sa.String(13)),
    )
    sa.Table(
        "line",
        metadata,
        sa.Column("line_id", sa.Integer, primary_key=True),
        sa.Column("series", sa.String(2)),
        sa.Column("number", sa.Integer),
        sa.Column("text", text),
        sa.ForeignKeyConstraint(["series", "number"], ["invoice.series", "invoice.number"]),
    )
    sa.Table(
        "scan",
        metadata,
        sa.Column("scan_id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.ForeignKey("customer.customer_id")),
        sa.Column("checked_on", sa.Date),
        sa.Column("claimed_on", sa.Date),
        sa.Column("path", text),
        sa.Column("holder", text),
    )
    sa.Table(
        "fiscal_year",
        metadata,
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
    )
    sa.Table("alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True))
    return metadata


def changed(metadata: sa.MetaData, table: str, *parts: Any, without: str | None = None) -> sa.MetaData:
    """Replace columns of a table by others of the same name, add what is new, and leave one out."""
    old = metadata.tables[table]
    new = {part.name: part for part in parts if isinstance(part, sa.Column)}
    kept = [column._copy() for column in old.columns if column.name not in {*new, without}]
    links = [constraint._copy() for constraint in old.constraints if isinstance(constraint, sa.ForeignKeyConstraint)]
    singles = {tuple(c.column_keys) for c in links if len(c.column_keys) == 1}
    constraints = [link for link in links if tuple(link.column_keys) not in singles]
    others = [part for part in parts if not isinstance(part, sa.Column)]
    metadata.remove(old)
    sa.Table(table, metadata, *kept, *new.values(), *constraints, *others)
    return metadata


@contextmanager
def database(url: sa.URL, metadata: sa.MetaData) -> Iterator[sa.Engine]:
    """An engine on the tables."""
    engine = engine_at(url, writes=True)
    try:
        metadata.create_all(engine)
        yield engine
    finally:
        engine.dispose()


def problems(url: sa.URL, metadata: sa.MetaData, mapped: DataMap) -> tuple[Problem, ...]:
    """What the live check says of the tables."""
    with database(url, metadata) as engine:
        return check_live(mapped, engine)


def told(found: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """Code and key of each problem."""
    return [(problem.code, problem.key) for problem in found]
