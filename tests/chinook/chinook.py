"""The Chinook database on each backend: the file itself, or a copy in a server with its types and references."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tests.places import ROOT

ORIGINAL = ROOT / "include" / "chinook" / "chinook.sqlite"


def make(url: sa.URL) -> None:
    """Fill an empty database with everything that the original holds."""
    if url.get_backend_name() == "sqlite":
        shutil.copyfile(ORIGINAL, str(url.database))
        return
    with opened(sa.URL.create("sqlite", database=str(ORIGINAL))) as source, opened(url) as target:
        tables = reflected(source)
        tables.create_all(target)
        for table in tables.sorted_tables:
            rows = source.execute(sa.select(table).order_by(*table.primary_key)).mappings().all()
            target.execute(table.insert(), [dict(row) for row in rows])


@contextmanager
def opened(url: sa.URL) -> Iterator[sa.Connection]:
    """Give a connection in a transaction of its own."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def reflected(source: sa.Connection) -> sa.MetaData:
    """Return the tables as the source declares them, in types that every server knows.

    Keys come with the rows, so no server is to number them itself.
    """
    tables = sa.MetaData()
    tables.reflect(source)
    for table in tables.tables.values():
        for column in table.columns:
            column.type = column.type.as_generic()
            column.autoincrement = False
    return tables
