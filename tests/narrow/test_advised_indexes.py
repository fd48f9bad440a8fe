"""`gallring check` names the indexes that would help a run, of large tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention import advised_indexes
from include.retention.advised_indexes import check_indexes
from include.retention.classify import Moment
from include.retention.errors import Problem
from include.retention.narrow.alone import find_alone
from include.retention.narrow.condition import must_read
from include.retention.policy.load import load_policy
from include.retention.statements import sql_table
from tests.accounts import account, as_account, execute
from tests.integration.harness import databases
from tests.narrow.policy import TABLES, TODAY, fill, write

POSTGRES, MARIADB, SQLITE = "postgres", "mariadb", "sqlite"


@contextmanager
def large(backend: str, home: Path, patch: pytest.MonkeyPatch, rows: int = 20) -> Iterator[sa.Engine]:
    """Give a database in which tables of more than ten rows are large."""
    patch.setattr(advised_indexes, "LARGE", 10)
    write(home / "policy")
    with databases(backend, ["crm"], home) as urls:
        engine = sa.create_engine(urls["crm"])
        fill(engine, 0, rows)
        try:
            yield engine
        finally:
            engine.dispose()


def advised(engine: sa.Engine, home: Path) -> list[Problem]:
    """Return the notices."""
    policy = load_policy(home / "policy")
    return list(check_indexes(policy.maps, policy.schedule, "crm", engine, Moment(TODAY, TODAY)))


@pytest.mark.parametrize("backend", [POSTGRES, MARIADB])
def test_an_index_on_the_day_is_advised_until_it_is_there(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with large(backend, tmp_path, monkeypatch) as engine:
        (notice,) = advised(engine, tmp_path)
        assert (notice.code, notice.file, notice.key, notice.table) == (
            "INDEX_ADVISED", "system:crm", "tables.visit", None
        )  # fmt: skip
        statement = notice.remedy.partition("for: ")[2].partition(". ")[0]
        assert statement == "CREATE INDEX visit_day_idx ON visit (day)"
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        assert advised(engine, tmp_path) == []


def test_an_index_on_the_day_lets_the_rows_be_found_without_a_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with large(POSTGRES, tmp_path, monkeypatch) as engine:
        policy = load_policy(tmp_path / "policy")
        table = policy.maps["crm"].tables["visit"]
        target = sql_table(table, None, {"day": sa.DateTime(timezone=True)})
        alone = find_alone(policy.maps, policy.schedule, "crm", (), Moment(TODAY, TODAY))["visit"]
        query = sa.select(target.c.visit_id).where(must_read(table, target, alone))
        text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE INDEX ON visit (day)")
            recent = "SELECT n, 'K', 'x', DATE '2026-11-20', 'p' FROM generate_series(1000, 50000) n"
            connection.exec_driver_sql(f"INSERT INTO visit {recent}")
            connection.exec_driver_sql("ANALYZE visit")
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # Only where there is no other way.
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {text.replace('%', '%%')}")]
    assert any("Index" in line for line in plan), plan
    assert not any("Seq Scan" in line for line in plan), plan


@pytest.mark.parametrize("backend", [POSTGRES, SQLITE])
def test_an_index_is_advised_for_what_refers_to_rows_that_are_deleted(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with large(backend, tmp_path, monkeypatch) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql(
                'CREATE TABLE "page view" (id INTEGER, visit_id INTEGER REFERENCES visit (visit_id), '
                "stay_id INTEGER REFERENCES stay (stay_id))"
            )
            for number in range(20):
                connection.exec_driver_sql(f'INSERT INTO "page view" VALUES ({number}, NULL, NULL)')
        notices = [each for each in advised(engine, tmp_path) if "page view" in each.key]
        (notice,) = notices
        assert "deleted from visit" in notice.what
        assert 'CREATE INDEX "page view_visit_id_idx" ON "page view" (visit_id)' in notice.remedy
        with engine.begin() as connection:
            connection.exec_driver_sql('CREATE INDEX both_ids ON "page view" (visit_id, id)')
        assert not [each for each in advised(engine, tmp_path) if "page view" in each.key]


def test_small_tables_and_those_that_the_account_may_not_read_get_no_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with large(POSTGRES, tmp_path, monkeypatch, rows=8) as engine:
        assert advised(engine, tmp_path) == []
        fill_more = "INSERT INTO visit (visit_id, customer_no) SELECT n, 'K' FROM generate_series(100, 200) n"
        execute(engine.url, fill_more)
        with account(engine.url) as name:
            execute(engine.url, f"GRANT SELECT ON {', '.join(set(TABLES) - {'visit'})} TO {name}")
            limited = sa.create_engine(as_account(engine.url, name))
            assert advised(limited, tmp_path) == []
            limited.dispose()
        assert len(advised(engine, tmp_path)) == 1
