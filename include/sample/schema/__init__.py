"""The three sample systems as SQLAlchemy metadata: one source for SQLite, PostgreSQL and MariaDB.

The DDL that each database gets lies beside this package in ``ddl/``, for reading; ``emit.py`` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import MetaData

from include.sample.schema.finance import metadata as finance
from include.sample.schema.marketing import metadata as marketing
from include.sample.schema.sales import metadata as sales

SYSTEMS: Mapping[str, MetaData] = {"sales": sales, "finance": finance, "marketing": marketing}
"""System name -> its tables."""

__all__ = ["SYSTEMS"]
