"""A data map's conditions on a row, as SQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from include.retention.data_map.model import Condition


def holds(target: sa.Table, conditions: Sequence[Condition]) -> sa.ColumnElement[bool]:
    """Return whether all conditions hold for a row. It is true or false, never NULL, so that it can be negated."""
    return sa.and_(sa.true(), *(_condition(target, condition) for condition in conditions))


def _condition(target: sa.Table, condition: Condition) -> sa.ColumnElement[bool]:
    column = target.c[condition.column]
    listed = condition.values
    values = [value for value in listed if value is not None]
    inside = sa.and_(column.is_not(None), column.in_(values)) if values else sa.false()
    inside = sa.or_(inside, column.is_(None)) if None in listed else inside
    return sa.not_(inside) if condition.negated else inside
