"""The GRANT statements that a run needs in a system's database, and no more.

They are printed for an administrator to look at and to send; Gallring itself grants nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from include.retention.data_map.inspection import LiveSchema, inspect_schema
from include.retention.data_map.live_context import LiveContext
from include.retention.data_map.model import DataMap, Table
from include.retention.data_map.needs import Needs, needs_of, neighbours
from include.retention.data_map.trigger_rights import Written, read_written
from include.retention.method_sql import MARIADB

POSTGRES_DEFAULT = "public"
"""The schema where a map names none and the account that asks sees none."""


@dataclass(frozen=True, slots=True)
class SystemGrants:
    """What the account of one system needs.

    Attributes:
        system: short name.
        dialect: ``postgresql``, ``mysql`` or ``sqlite``, which has no accounts.
        statements: each without its semicolon.
        complete: the live tables were read. Else MariaDB's statements name more columns than may be needed, and
            PostgreSQL's don't name tables outside the map that refer to mapped ones, nor what triggers write.
    """

    system: str
    dialect: str
    statements: tuple[str, ...]
    complete: bool


def grants_for(data_map: DataMap, engine: sa.Engine, account: str, *, asks_replicas: bool = False) -> SystemGrants:
    """Return what an account needs in a system's database.

    Args:
        data_map: the system's map.
        engine: to its database, as any account that may connect, or as one that can't yet.
        account: its name; on MariaDB with its host as ``name@host``, ``%`` where none is given.
        asks_replicas: the act waits for replicas, which on PostgreSQL not every account may see.
    """
    if engine.dialect.name == "sqlite":
        return SystemGrants(data_map.system, "sqlite", (), complete=True)
    schema = _read(data_map, engine)
    asked = _Asked(data_map, engine, schema, account)
    statements = [*(asked.on_mariadb() if engine.dialect.name in MARIADB else asked.on_postgres())]
    if asks_replicas and engine.dialect.name == "postgresql":
        statements.append(asked.to_see_replicas())
    complete = schema is not None and all(schema.tables.get(name) is not None for name in data_map.tables)
    return SystemGrants(data_map.system, engine.dialect.name, tuple(statements), complete)


def _read(data_map: DataMap, engine: sa.Engine) -> LiveSchema | None:
    try:
        return inspect_schema(engine, data_map.schema, data_map.tables.keys())
    except sa.exc.OperationalError:
        return None


@dataclass(frozen=True, slots=True)
class _Asked:
    data_map: DataMap
    engine: sa.Engine
    schema: LiveSchema | None
    account: str

    def to_see_replicas(self) -> str:
        return f"GRANT pg_read_all_stats TO {self._quoted(self.account)}"

    def on_postgres(self) -> Iterator[str]:
        schema = self.data_map.schema or self.engine.dialect.default_schema_name or POSTGRES_DEFAULT
        account = self._quoted(self.account)
        yield f"GRANT USAGE ON SCHEMA {self._quoted(schema)} TO {account}"
        wanted = {name: self._needs(table) for name, table in self.data_map.tables.items()}
        written = self._written(wanted)
        inserted = {each.table for each in written if each.inserts}
        for table in self.data_map.tables.values():
            needs = wanted[table.name]
            # A row is locked only for whom may set one of its columns.
            update = needs.update or (table.key[:1] if needs.lock else ())
            insert = ["INSERT"] if table.name in inserted else []
            what = ", ".join(["SELECT", *insert, *self._changes(update, delete=needs.delete)])
            yield f"GRANT {what} ON {self._quoted(schema)}.{self._quoted(table.name)} TO {account}"
        for name in neighbours(self.data_map, () if self.schema is None else self.schema.foreign_keys):
            yield f"GRANT SELECT ON {self._quoted(schema)}.{self._quoted(name)} TO {account}"
        for within, name in sorted({(each.schema, each.name) for some in written for each in some.sequences}):
            yield f"GRANT USAGE ON SEQUENCE {self._quoted(within)}.{self._quoted(name)} TO {account}"

    def on_mariadb(self) -> Iterator[str]:
        database = self.data_map.schema or self.engine.url.database or ""
        name, _, host = self.account.rpartition("@")
        account = f"{self._quoted(name or host)}@{self._quoted(host if name else '%')}"
        # On a whole database the name is a pattern.
        whole = self._quoted(re.sub(r"([_%\\])", r"\\\1", database))
        yield f"GRANT SELECT ON {whole}.* TO {account}"
        for table in self.data_map.tables.values():
            needs = self._needs(table)
            changes = self._changes(needs.update, delete=needs.delete)
            if changes:
                on = f"{self._quoted(database)}.{self._quoted(table.name)}"
                yield f"GRANT {', '.join(changes)} ON {on} TO {account}"

    def _needs(self, table: Table) -> Needs:
        live = None if self.schema is None else self.schema.tables.get(table.name)
        if self.schema is None or live is None:
            return needs_of(self.data_map, table, self.engine.dialect.name, None)
        types = LiveContext(table, live, self.data_map, self.schema, self.engine).types
        return needs_of(self.data_map, table, self.engine.dialect.name, types)

    def _written(self, wanted: Mapping[str, Needs]) -> list[Written]:
        there = (
            {} if self.schema is None else {name: each for name, each in wanted.items() if self.schema.tables.get(name)}
        )
        return list(read_written(self.data_map, self.engine, there)) if there else []

    def _changes(self, update: tuple[str, ...], *, delete: bool) -> list[str]:
        columns = ", ".join(map(self._quoted, update))
        return [*([f"UPDATE ({columns})"] if update else []), *(["DELETE"] if delete else [])]

    def _quoted(self, name: str) -> str:
        mark = "`" if self.engine.dialect.name in MARIADB else '"'
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"
