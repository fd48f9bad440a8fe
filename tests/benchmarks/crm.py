"""The benchmark's database: customers and their visits, filled by the server itself; and the same erasure by hand.

Of both tables ``SHARE`` rows in a hundred are due on ``AS_OF`` unless told otherwise, spread evenly. A row is some 150
bytes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

AS_OF = datetime.now(ZoneInfo("Europe/Stockholm")).date()
DUE_PERSON, DUE_VISIT = AS_OF - timedelta(days=3 * 366), AS_OF - timedelta(days=366)
"""What ended before these days is due (three years for a contract, twelve months for a visit); nothing else is."""
SHARE = 12
"""Rows in a hundred that are due."""

_PERSON = (
    "CREATE TABLE person (person_id INTEGER PRIMARY KEY, customer_no VARCHAR(20) NOT NULL, name VARCHAR(80), "
    "email VARCHAR(80), phone VARCHAR(30), street VARCHAR(80), note VARCHAR(200), ended_on DATE, "
    "orders INTEGER NOT NULL)"
)
_VISIT = (
    "CREATE TABLE visit (visit_id INTEGER PRIMARY KEY, customer_no VARCHAR(20) NOT NULL, page VARCHAR(80), "
    "seen_on DATE NOT NULL)"
)
_NUMBERS = {
    "postgresql": "generate_series(1, {rows}) AS numbers(n)",
    "mysql": "(SELECT seq AS n FROM seq_1_to_{rows}) AS numbers",
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows}) SELECT n FROM c)",
}
_DAY = {
    "postgresql": "DATE '{day}' - ({back})",
    "mysql": "DATE '{day}' - INTERVAL ({back}) DAY",
    "sqlite": "date('{day}', '-' || ({back}) || ' days')",
}


def fill(engine: sa.Engine, rows: int, share: int = SHARE, tables: Collection[str] = ("person", "visit")) -> None:
    """Create both tables, and fill those named with that many rows, of which ``share`` in a hundred are due."""
    with engine.begin() as connection:
        for statement in (_PERSON, _VISIT):
            connection.execute(sa.text(statement))
        for table, statement in _filling(engine.dialect.name, rows, share).items():
            if table in tables:
                connection.execute(sa.text(statement))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")


def _filling(dialect: str, rows: int, share: int) -> dict[str, str]:
    numbers = _NUMBERS[dialect].format(rows=rows)
    joined = {"mysql": "CONCAT('{0}', n, '{1}')"}.get(dialect, "'{0}' || n || '{1}'")

    def text(before: str, after: str = "") -> str:
        return joined.format(before, after)

    ended = _DAY[dialect].format(day=DUE_PERSON, back="1 + n % 700")
    recent = _DAY[dialect].format(day=AS_OF, back="1 + n % 900")
    gone = f"n % 100 < {share}"
    person = (
        f"INSERT INTO person SELECT n, {text('K')}, {text('Anna Exempel ')}, {text('anna.', '@example.se')}, "
        f"{text('070-174 06 ')}, {text('Exempelgatan ')}, {text('Ringde om leveransen och fick besked. Nr ')}, "
        f"CASE WHEN {gone} THEN {ended} WHEN n % 2 = 0 THEN {recent} END, n % 7 FROM {numbers}"
    )
    old = _DAY[dialect].format(day=DUE_VISIT, back="1 + n % 300")
    fresh = _DAY[dialect].format(day=AS_OF, back="n % 360")
    visit = (
        f"INSERT INTO visit SELECT n, {text('K')}, {text('/produkter/')}, "
        f"CASE WHEN {gone} THEN {old} ELSE {fresh} END FROM {numbers}"
    )
    return {"person": person, "visit": visit}


_UPDATE = (
    "UPDATE person SET name = NULL, email = NULL, phone = NULL, street = NULL, note = NULL "
    f"WHERE ended_on < DATE '{DUE_PERSON}' AND (name IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL "
    "OR street IS NOT NULL OR note IS NOT NULL)"
)
BY_HAND = (_UPDATE, f"DELETE FROM visit WHERE seen_on < DATE '{DUE_VISIT}'")
"""What a database expert would write, where nothing had to be decided, proved or accounted for."""
