"""A help desk's database and policy, for whole runs over values that are edited and not just replaced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from tests.integration.harness import Gallring, databases

SYSTEM = "desk"
SCHEDULE = Path(__file__).parent / "retention_schedule.yaml"
TODAY = date(2028, 6, 19)
OLD, NEW = date(2023, 1, 1), date(2028, 1, 1)
"""Days of tickets that nothing holds for contact any more, and of tickets that are held."""

MAP = """
system: desk
title: {sv: Kundtjänst, en: Help desk}
connection: gallring_desk
owner: Kundtjänstchef
tables:
  ticket:
    title: {sv: Ärenden, en: Tickets}
    key: ticket_id
    when_expired: delete
    subjects:
      customer: {kind: person, identifiers: {customer_number: customer_no}}
    events:
      - {event: purchase, date: closed_on}
      - {event: closed, date: closed_on, of: []}
    groups:
      contact: {purposes: [CUSTOMER_CARE]}
      history: {purposes: [AFTERCARE, CUSTOMER_CARE]}
    columns:
      ticket_id: Primary key
      customer_no: A number that tells nothing by itself
      closed_on: Day
"""


def mapped(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the map with more columns."""
    content: dict[str, Any] = yaml.safe_load(MAP)
    content["tables"]["ticket"]["columns"] |= columns
    return content


@contextmanager
def desk(
    backend: str, home: Path, columns: Mapping[str, Any], types: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Iterator[Gallring]:
    """Give a filled database with Gallring beside it at noon of ``TODAY``.

    Args:
        backend: ``sqlite``, ``postgres`` or ``mariadb``.
        home: a directory of the test's own.
        columns: of the data map, besides those in ``MAP``.
        types: of the database, for those columns.
        rows: one a ticket, numbered 1, 2, ...
    """
    policy = home / "policy"
    (policy / "data_map").mkdir(parents=True)
    shutil.copy(SCHEDULE, policy)
    (policy / "data_map" / "desk.yaml").write_text(json.dumps(mapped(columns), default=str), "utf-8")
    with databases(backend, [SYSTEM], home) as urls, pytest.MonkeyPatch.context() as patch:
        fill(urls[SYSTEM], types, rows)
        gallring = Gallring(home / "var", urls, patch)
        patch.setenv("GALLRING_POLICY", str(policy))
        gallring.set_clock(datetime.combine(TODAY, time(11), UTC))
        yield gallring


def fill(url: sa.URL, types: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Make the table and its rows; documents are stored as their text."""
    engine = sa.create_engine(url)
    ticket = sa.Table(
        "ticket",
        sa.MetaData(),
        sa.Column("ticket_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer_no", sa.String(20)),
        sa.Column("closed_on", sa.Date),
        *(sa.Column(name, kind) for name, kind in types.items()),
    )
    with engine.begin() as connection:
        ticket.create(connection)
        for number, row in enumerate(rows, start=1):
            content = {"ticket_id": number, "customer_no": f"K{number}", **row}
            names, marks = ", ".join(content), ", ".join(f":{name}" for name in content)
            connection.execute(sa.text(f"INSERT INTO ticket ({names}) VALUES ({marks})"), content)
    engine.dispose()


def tickets(gallring: Gallring) -> dict[int, dict[str, Any]]:
    """Return every ticket by its number."""
    return {int(row["ticket_id"]): row for row in gallring.dump()["desk.ticket"].values()}
