"""A small office: one system of any shape, a schedule of one purpose, and a whole run over it.

What a person's data are kept for ends with the relationship, so a row is due when it is a person's whose relationship
has ended, and stays when it hasn't.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.live import check_live
from include.retention.errors import Problem
from include.retention.policy.load import load_policy
from tests.integration.harness import Dump, Gallring, databases
from tests.policy import samples

BACKENDS = ("sqlite", "postgres", "mariadb")
WORDS = {
    "sqlite": {"TEXT": "text", "BINARY": "blob", "INSTANT": "text"},
    "postgres": {"TEXT": "varchar(100)", "BINARY": "bytea", "INSTANT": "timestamp"},
    "mariadb": {"TEXT": "varchar(100)", "BINARY": "longblob", "INSTANT": "datetime"},
}
"""What a kind of column is called, by backend."""
TITLE = {"sv": "Tabell", "en": "Table"}
GROUP = {"purposes": ["DELIVERY"]}
PERSON: dict[str, Any] = {
    "title": TITLE,
    "key": "id",
    "subjects": {"person": {"kind": "person", "identifiers": {"customer_number": "no"}}},
    "events": [{"event": "relationship", "date": "ended_on", "null": "ongoing"}],
    "groups": {"all": GROUP},
    "columns": {
        "id": "Key",
        "no": "Number",
        "name": {"category": "name", "group": "all"},
        "ended_on": "Last day",
    },
}
PEOPLE = "CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {TEXT}, name {TEXT}, ended_on date)"
"""Odd ids have left, even ones stay."""


def people(count: int = 4) -> list[str]:
    """Return statements that make the people: 1 and 3 have left, 2 and 4 stay."""
    rows = [
        f"({i}, 'K{i}', 'N', {'NULL' if i % 2 == 0 else chr(39) + '2020-01-31' + chr(39)})" for i in range(1, count + 1)
    ]
    return [PEOPLE, f"INSERT INTO person VALUES {', '.join(rows)}"]


def table(key: str | list[str] = "id", *, personal: Sequence[str] = (), notes: Sequence[str] = (), **more: Any) -> Any:
    """Return a table of the map: personal columns in one group, and columns that aren't personal."""
    keys = [key] if isinstance(key, str) else key
    columns: dict[str, Any] = dict.fromkeys((*keys, *notes), "Not personal")
    columns |= {name: {"category": "name", "group": "all"} for name in personal}
    groups = {"groups": {"all": GROUP}} if personal else {}
    return {"title": TITLE, "key": key, **groups, "columns": columns, **more}


def reference_table(key: str, *notes: str) -> Any:
    """Return a table without persons."""
    return table(key, notes=notes, personal=()) | {"personal": False, "note": "No persons"}


@dataclass(frozen=True)
class Office:
    """A system with Gallring beside it."""

    gallring: Gallring
    url: sa.URL
    policy: Path

    def check(self) -> tuple[Problem, ...]:
        """Return what the live check says."""
        engine = engine_at(self.url)
        try:
            return check_live(load_policy(self.policy).maps["office"], engine)
        finally:
            engine.dispose()

    def codes(self) -> list[str]:
        """Return the codes of what the live check says, and where."""
        return [f"{each.code} {each.key}" for each in self.check()]

    def run(self, run_id: str = "first") -> str:
        """Return how a whole run ended."""
        return self.gallring.whole(run_id)

    def ids(self, name: str, column: str = "id") -> list[Any]:
        """Return the values of a column, sorted."""
        return sorted(row[column] for row in self.rows(name))

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """Return a table's rows."""
        engine = sa.create_engine(self.url)
        quote = engine.dialect.identifier_preparer.quote_identifier
        try:
            with engine.connect() as connection:
                return [dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {quote(name)}").mappings()]
        finally:
            engine.dispose()

    def dump(self) -> Dump:
        """Return everything."""
        return self.gallring.dump()


@contextmanager
def office(backend: str, home: Path, ddl: Sequence[str], tables: Mapping[str, Any], **more: Any) -> Iterator[Office]:
    """Give an office of some tables, made by statements."""
    home.mkdir(exist_ok=True)
    with databases(backend, ("office",), home) as urls, pytest.MonkeyPatch.context() as patch:
        engine = sa.create_engine(urls["office"])
        with engine.begin() as connection:
            for statement in ddl:
                text = statement
                for word, kind in WORDS[backend].items():
                    text = text.replace(f"{{{word}}}", kind)
                connection.exec_driver_sql(text.replace("%", "%%") if backend != "sqlite" else text)
        engine.dispose()
        policy = samples.write_policy(home / "policy", schedule(), {"office": the_map(tables, **more)})
        gallring = Gallring(home / "var", urls, patch)
        patch.setenv("GALLRING_POLICY", str(policy))
        yield Office(gallring, urls["office"], policy)


def the_map(tables: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a map of tables."""
    told = {"system": "office", "title": TITLE, "connection": "gallring_office", "owner": "Chef"}
    # Written out: YAML would shorten what is the same object to an alias.
    content: dict[str, Any] = json.loads(json.dumps({**told, "tables": dict(tables), **more}))
    return content


def schedule() -> dict[str, Any]:
    """Return the valid schedule, without what needs a shop."""
    content = samples.valid("schedule")
    del content["fiscal_years"]
    content["guards"]["max_share"] = 1
    for name in ("ACCOUNTING", "OSS"):
        del content["purposes"][name]
    content["categories"]["identity_number"]["only_for"] = []
    return content
