"""PostgreSQL's dates that Python has no object for: ``infinity``, years before 1 and after 9999. They come as text.

The driver would raise in the middle of a read, and quote the value.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

DATES = ("date", "timestamp", "timestamptz")


def keep_odd_dates(connection: psycopg.Connection[Any]) -> None:
    """Let a connection give as text what isn't a date to Python."""
    for name in DATES:
        known = connection.adapters.types[name]
        loader = connection.adapters.get_loader(known.oid, Format.TEXT)
        if loader is not None:
            connection.adapters.register_loader(known.oid, _or_text(loader))


def _or_text(loader: type[Any]) -> type[Loader]:
    class OrText(Loader):
        """Gives what the driver's own loader gives, and the server's text where it can't."""

        def __init__(self, oid: int, context: Any = None) -> None:  # noqa: ANN401  (psycopg's)
            super().__init__(oid, context)
            self._own = loader(oid, context)

        def load(self, data: Buffer) -> Any:  # noqa: ANN401  (a date, a datetime or a text)
            try:
                return self._own.load(data)
            except psycopg.DataError:
                return bytes(data).decode()

    return OrText
