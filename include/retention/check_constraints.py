"""Whether erasing would break a CHECK constraint, asked of the database before anything is erased."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import quoted_name

from include.retention.data_map.model import Table
from include.retention.methods import columns_of, erased


def breaks_check(connection: sa.Connection, table: Table, target: sa.Table, group: str, check: str) -> bool:
    """Return whether erasing a column group would break a CHECK constraint for any row of the table.

    The constraint is asked of the rows as they would be, in a query: nothing is changed, and nothing comes back.
    It reads the table until the first such row.

    Args:
        connection: to the source.
        table: the mapped table.
        target: from ``statements.sql_table``, with types.
        group: name of the column group.
        check: the constraint's condition, as the database's own catalogue writes it.
    """
    personal = set(columns_of(table, group))
    columns = [
        (_after(table, target, column.name) if column.name in personal else column).label(column.name)
        for column in target.columns
    ]
    # The constraint may name its columns with the table: the rows go by that name.
    rows = sa.select(*columns).select_from(target).subquery(quoted_name(table.name, quote=True))
    condition: sa.ColumnElement[bool] = sa.literal_column(f"({check})", sa.Boolean())
    broken = sa.select(sa.literal_column("1", sa.Integer())).select_from(rows).where(sa.not_(condition)).limit(1)
    return connection.execute(broken).first() is not None


def _after(table: Table, target: sa.Table, column: str) -> sa.ColumnElement[Any]:
    after = erased(table, target, column)
    # A NULL of the column's type: PostgreSQL doesn't compare an untyped one with a number.
    return sa.case((sa.false(), target.c[column])) if isinstance(after, sa.Null) else after
