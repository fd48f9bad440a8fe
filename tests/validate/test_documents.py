"""Rows whose documents must be read to know what they hold: they are read by whoever changed, and only then."""

from __future__ import annotations

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.column_types import read_types
from include.retention.connections import engine_at
from include.retention.data_map.border import DataMapBorder
from include.retention.data_map.build import build_map
from include.retention.reading import one_moment
from include.retention.validate.baseline import take_baseline
from include.retention.validate.measure import Decided, Means, measure
from tests.validate.world import KEY, NORMALISER

MAP = {
    "system": "desk",
    "title": {"sv": "Kundtjänst", "en": "Help desk"},
    "connection": "gallring_desk",
    "owner": "Ingen",
    "tables": {
        "ticket": {
            "title": {"sv": "Ärenden", "en": "Tickets"},
            "key": "ticket_id",
            "groups": {"contact": {"purposes": ["A"]}},
            "columns": {
                "ticket_id": "Key",
                "payload": {
                    "note": "What the form sent",
                    "json": {"$.email": {"category": "email", "group": "contact"}},
                },
            },
        }
    },
}
FULL, EMPTY, OTHER = '{"email": "canary@example.com", "n": 1}', '{"n": 1}', '{"email": "canary@example.com", "n": 2}'
OTHERS = [{"ticket_id": number, "payload": FULL} for number in range(3, 10)]


@pytest.mark.parametrize(
    ("text", "seen", "wrong"),
    [
        (EMPTY, True, 1),  # Its address is gone.
        (EMPTY, None, 1),  # Nobody knows what it held: it counts as having held something.
        (OTHER, True, 0),
        (FULL, True, 0),
    ],
)
def test_a_retained_document_that_lost_something_is_seen(
    any_database_url: sa.URL, text: str, seen: bool | None, wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # MariaDB forgets what is left of a result when it is asked something else meanwhile.
    monkeypatch.setattr("include.retention.validate.witness.CHUNK_ROWS", 2)
    assert _emptied(any_database_url, FULL, text, seen) == wrong


def test_a_retained_document_that_held_nothing_may_change(any_database_url: sa.URL) -> None:
    assert _emptied(any_database_url, EMPTY, '{"n": 5}', seen=False) == 0


def _emptied(url: sa.URL, before: str, after: str, seen: bool | None) -> int:
    """Return how many column groups a change to a retained row has emptied, as measured."""
    engine = engine_at(url, writes=True)
    data_map = build_map(DataMapBorder.model_validate(MAP), "0" * 64, None)
    table = sa.Table(
        "ticket", sa.MetaData(), sa.Column("ticket_id", sa.Integer, primary_key=True), sa.Column("payload", sa.Text)
    )
    due = pd.DataFrame(
        {"key": ["[1]"], "delete": [True], "erase:contact": [True], "left:contact": [True], "redact:contact": [False]}
    )
    witnesses: dict[str, pd.DataFrame] = {}
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(
            table.insert(), [{"ticket_id": 1, "payload": FULL}, {"ticket_id": 2, "payload": before}, *OTHERS]
        )
    with engine.connect() as plain, one_moment(plain) as connection:
        types = read_types(connection, data_map)
        baseline = take_baseline(
            connection, data_map, [], {"ticket": due}, types=types, keep=witnesses.__setitem__, environ={}, key=KEY
        )
    with engine.begin() as connection:
        connection.execute(table.delete().where(table.c.ticket_id == 1))
        connection.execute(table.update().where(table.c.ticket_id == 2).values(payload=after))
    known = pd.DataFrame({"key": ["[2]"], "left:contact": [seen]}) if seen is not None else None
    nothing = pd.DataFrame({"key": pd.Series(dtype=object), "left:contact": pd.Series(dtype=bool)})
    decided = Decided(
        baseline=baseline,
        witness=witnesses.__getitem__,
        due={"ticket": due},
        seen=lambda _table, _keys: nothing if known is None else known,
        drift=pd.DataFrame(columns=["table", "key"]),
        entries=pd.DataFrame(columns=["address_ref", "kind", "channel"]),
        planned_entries=pd.DataFrame(columns=["address_ref", "kind", "channel"]),
        held=lambda _table: (),
        deleted={"ticket": 1},
    )
    with engine.connect() as plain, one_moment(plain) as connection:
        found, sizes = measure(Means(connection, types, NORMALISER, {}, KEY), data_map, [], decided)
    engine.dispose()
    assert sizes == {"ticket": 8}
    unexpected = found.set_index("check")["unexpected"]
    assert unexpected.drop("RETAINED_UNCHANGED").eq(0).all()
    return int(unexpected["RETAINED_UNCHANGED"])
