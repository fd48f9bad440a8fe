"""What the connection's account may not do is said before a run begins, table by table and privilege by privilege."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map import granted
from include.retention.data_map.live import check_live, closed_tables
from include.retention.data_map.model import DataMap
from include.retention.errors import Problem
from tests.accounts import account, as_account, execute
from tests.data_map import shop

PERSONAL = ("customer", "invoice", "line", "scan")
MAPPED = (*PERSONAL, "fiscal_year")
UPDATED = {"customer": "name, email, postcode", "invoice": "pnr", "line": "text", "scan": "path, holder"}
ON_MARIADB = {"customer": f"{UPDATED['customer']}, objected_at"}
"""``objected_at`` is a DATETIME: the erasure sets it to itself, so that the server doesn't move it."""
DELETED = ("customer", "line", "scan")
"""An invoice is anonymised only."""


@pytest.fixture
def mapped(tmp_path: Path) -> DataMap:
    """The valid map."""
    return shop.data_map(tmp_path / "policy")


@contextmanager
def poor(url: sa.URL, metadata: sa.MetaData | None = None) -> Iterator[str]:
    """Give an account without any right in the shop's database."""
    with shop.database(url, metadata or shop.tables()), account(url) as name:
        yield name


def found(url: sa.URL, name: str, mapped: DataMap) -> tuple[Problem, ...]:
    """What the live check says to an account."""
    engine = engine_at(as_account(url, name), writes=True)
    try:
        return check_live(mapped, engine)
    finally:
        engine.dispose()


def grant(url: sa.URL, name: str, *privileges: str, revoke: bool = False) -> None:
    """Grant ``privilege ON table`` each, or take it away."""
    host = "" if url.get_backend_name() == "postgresql" else "@'%'"
    verb, to = ("REVOKE", "FROM") if revoke else ("GRANT", "TO")
    execute(url, *(f"{verb} {privilege} {to} {name}{host}" for privilege in privileges))


def all_that_is_needed(url: sa.URL) -> list[str]:
    """Return every privilege that the shop's map needs."""
    updated = UPDATED if url.get_backend_name() == "postgresql" else UPDATED | ON_MARIADB
    whole = "ALL TABLES IN SCHEMA public" if url.get_backend_name() == "postgresql" else f"`{url.database}`.*"
    return [
        f"SELECT ON {whole}",
        *(f"UPDATE ({columns}) ON {table}" for table, columns in updated.items()),
        *(f"DELETE ON {table}" for table in DELETED),
    ]


def test_an_account_without_rights_hears_of_each(postgres_url: sa.URL, mapped: DataMap) -> None:
    with poor(postgres_url) as name:
        problems = found(postgres_url, name, mapped)
        assert set(shop.told(problems)) - {("CHECK_NOT_PROVABLE", "")} == {
            *(("SELECT_MISSING", f"tables.{table}") for table in MAPPED),
            *(("UPDATE_MISSING", f"tables.{table}") for table in PERSONAL),
            *(("DELETE_MISSING", f"tables.{table}") for table in DELETED),
        }
        assert closed_tables(problems) == {f"shop.{table}" for table in MAPPED}
        assert all("gallring check --grants" in problem.remedy for problem in problems)


def test_an_account_with_what_is_needed_hears_nothing(server_url: sa.URL, mapped: DataMap) -> None:
    with poor(server_url) as name:
        grant(server_url, name, *all_that_is_needed(server_url))
        assert found(server_url, name, mapped) == ()


@pytest.mark.parametrize("table", DELETED)
def test_delete_is_missing_on_one_table(server_url: sa.URL, mapped: DataMap, table: str) -> None:
    with poor(server_url) as name:
        grant(server_url, name, *all_that_is_needed(server_url))
        grant(server_url, name, f"DELETE ON {table}", revoke=True)
        assert shop.told(found(server_url, name, mapped)) == [("DELETE_MISSING", f"tables.{table}")]


def test_update_is_missing_on_one_column(server_url: sa.URL, mapped: DataMap) -> None:
    with poor(server_url) as name:
        grant(server_url, name, *all_that_is_needed(server_url))
        grant(server_url, name, "UPDATE (postcode) ON customer", revoke=True)
        (problem,) = found(server_url, name, mapped)
        assert (problem.code, problem.table) == ("UPDATE_MISSING", "shop.customer")
        assert problem.what.endswith("the account has no UPDATE on postcode.")


def test_a_day_that_mariadb_might_move_is_set_too(mariadb_url: sa.URL, mapped: DataMap) -> None:
    with poor(mariadb_url) as name:
        grant(mariadb_url, name, *all_that_is_needed(mariadb_url))
        grant(mariadb_url, name, "UPDATE (objected_at) ON customer", revoke=True)
        (problem,) = found(mariadb_url, name, mapped)
        assert problem.what.endswith("the account has no UPDATE on objected_at.")


def test_a_part_without_columns_of_its_own_is_locked(postgres_url: sa.URL, tmp_path: Path) -> None:
    """PostgreSQL locks a row only for whom may change it."""
    part = {
        "title": {"sv": "x", "en": "x"},
        "key": "line_id",
        "part_of": {"table": "invoice", "by": ["a", "b"]},
        "columns": {"line_id": "Key", "a": "Of the invoice", "b": "Of the invoice"},
    }
    mapped = shop.data_map(tmp_path / "policy", {"tables": {"part": part}})
    metadata = shop.tables()
    sa.Table(
        "part",
        metadata,
        sa.Column("line_id", sa.Integer, primary_key=True),
        sa.Column("a", sa.String(2)),
        sa.Column("b", sa.Integer),
    )
    with poor(postgres_url, metadata) as name:
        grant(postgres_url, name, *all_that_is_needed(postgres_url), "DELETE ON part")
        (problem,) = found(postgres_url, name, mapped)
        assert (problem.code, problem.table) == ("UPDATE_MISSING", "shop.part")
        assert "any one column" in problem.what
        grant(postgres_url, name, "UPDATE (a) ON part")
        assert found(postgres_url, name, mapped) == ()


def test_select_may_be_granted_by_column(server_url: sa.URL, mapped: DataMap) -> None:
    """On MariaDB it may not: the server doesn't describe the table then."""
    with poor(server_url) as name:
        grant(server_url, name, *all_that_is_needed(server_url)[1:])
        grant(server_url, name, *(f"SELECT ON {table}" for table in MAPPED if table != "fiscal_year"))
        grant(server_url, name, "SELECT (year, starts_on) ON fiscal_year")
        problems = [each for each in found(server_url, name, mapped) if each.table]
        assert [(each.code, each.table) for each in problems] == [("SELECT_MISSING", "shop.fiscal_year")]
        on = {"postgresql": "on ends_on", "mysql": "on the whole table"}[server_url.get_backend_name()]
        assert f"the account has no SELECT {on}" in problems[0].what
        grant(server_url, name, "SELECT (ends_on) ON fiscal_year")
        left = [each.code for each in found(server_url, name, mapped) if each.table]
        assert left == {"postgresql": [], "mysql": ["SELECT_MISSING"]}[server_url.get_backend_name()]


def test_roles_and_ownership_count(server_url: sa.URL, mapped: DataMap) -> None:
    with poor(server_url) as name, account(server_url, kind="role") as role:
        if server_url.get_backend_name() == "postgresql":
            grant(server_url, role, *all_that_is_needed(server_url)[:-1])
            execute(server_url, f"GRANT {role} TO {name}", f"ALTER TABLE scan OWNER TO {name}")
        else:
            execute(server_url, *(f"GRANT {each} TO {role}" for each in all_that_is_needed(server_url)))
            execute(server_url, f"GRANT {role} TO {name}@'%'", f"SET DEFAULT ROLE {role} FOR {name}@'%'")
        assert found(server_url, name, mapped) == ()


def test_a_schema_without_usage(postgres_url: sa.URL, mapped: DataMap, tmp_path: Path) -> None:
    with poor(postgres_url) as name:
        grant(postgres_url, name, *all_that_is_needed(postgres_url))
        execute(postgres_url, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
        problems = found(postgres_url, name, mapped)
        assert {(each.code, each.table) for each in problems} == {
            ("MISSING_TABLE", f"shop.{table}") for table in MAPPED
        }
        assert all("the account sees nothing: it has no USAGE" in each.what for each in problems)
        named = shop.data_map(tmp_path / "policy", {"schema": "public"})
        assert {each.code for each in found(postgres_url, name, named)} == {
            "SELECT_MISSING",
            "UPDATE_MISSING",
            "DELETE_MISSING",
        }


def test_a_table_that_is_tied_to_a_mapped_one_is_read_too(postgres_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.changed(shop.tables(), "alembic_version", sa.Column("year", sa.ForeignKey("fiscal_year.year")))
    with poor(postgres_url, metadata) as name:
        grant(postgres_url, name, *all_that_is_needed(postgres_url))
        assert found(postgres_url, name, mapped) == ()
        grant(postgres_url, name, "SELECT ON alembic_version", revoke=True)
        (problem,) = found(postgres_url, name, mapped)
        assert (problem.code, problem.table) == ("SELECT_MISSING", "shop.alembic_version")


def test_row_security_hides_rows(postgres_url: sa.URL, mapped: DataMap) -> None:
    with poor(postgres_url) as name:
        grant(postgres_url, name, *all_that_is_needed(postgres_url))
        execute(
            postgres_url,
            "ALTER TABLE invoice ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY ours ON invoice USING (oss)",
        )
        assert shop.told(found(postgres_url, name, mapped)) == [("ROW_SECURITY", "tables.invoice")]
        execute(postgres_url, f"ALTER ROLE {name} BYPASSRLS")
        assert found(postgres_url, name, mapped) == ()


def test_mariadb_hides_what_nobody_may_use(mariadb_url: sa.URL, mapped: DataMap) -> None:
    with poor(mariadb_url) as name:
        grant(mariadb_url, name, *all_that_is_needed(mariadb_url)[1:], "SELECT ON fiscal_year")
        problems = found(mariadb_url, name, mapped)
        assert {(each.code, each.table) for each in problems} == {
            *(("SELECT_MISSING", f"shop.{table}") for table in PERSONAL),
            ("UNSEEN_TABLES", None),
        }
        grant(mariadb_url, name, "SELECT ON fiscal_year", revoke=True)
        (problem,) = [each for each in found(mariadb_url, name, mapped) if each.code == "MISSING_TABLE"]
        assert "MariaDB hides a table on which the account has no right" in problem.what
        grant(mariadb_url, name, "SELECT ON *.*")
        assert found(mariadb_url, name, mapped) == ()


def test_a_family_whose_columns_mariadb_hides_is_closed(mariadb_url: sa.URL, mapped: DataMap) -> None:
    guarded = replace(mapped, ignored_columns={"alembic_version": ("version_num",)})
    with poor(mariadb_url) as name:
        grant(mariadb_url, name, "SELECT (version_num) ON alembic_version")
        problems = [each for each in found(mariadb_url, name, guarded) if each.table == "shop.alembic_version"]
        assert [(each.code, each.remedy) for each in problems] == [
            ("UNDECLARED_TABLE", "Grant SELECT on it, or map it."),
        ]


@pytest.mark.parametrize(
    ("grant_line", "sees"),
    [
        ("GRANT SELECT ON `crm\\_a`.* TO `x`@`%`", True),
        ("GRANT SELECT, INSERT ON `crm_a`.* TO `x`@`%`", True),
        ("GRANT ALL PRIVILEGES ON `crm%`.* TO `x`@`%` WITH GRANT OPTION", True),
        ("GRANT SELECT ON *.* TO `x`@`%` IDENTIFIED BY PASSWORD '*1'", True),
        ("GRANT SELECT ON `crm\\_b`.* TO `x`@`%`", False),
        ("GRANT SELECT ON `crm`.* TO `x`@`%`", False),
        ("GRANT SELECT ON `crm\\%`.* TO `x`@`%`", False),
        ("GRANT SELECT ON `crm_a`.`customer` TO `x`@`%`", False),
        ("GRANT USAGE ON *.* TO `x`@`%`", False),
        ("GRANT PROXY ON ''@'%' TO 'x'@'%' WITH GRANT OPTION", False),
        ("GRANT `a role` TO `x`@`%`", False),
    ],
)
def test_which_grants_let_a_whole_database_be_seen(grant_line: str, sees: bool) -> None:
    assert granted._on_all_of(grant_line, "crm_a") is sees


def test_a_read_only_session_changes_nothing(postgres_url: sa.URL, mapped: DataMap) -> None:
    with poor(postgres_url) as name:
        grant(postgres_url, name, *all_that_is_needed(postgres_url))
        execute(postgres_url, f"ALTER ROLE {name} SET default_transaction_read_only = on")
        problems = found(postgres_url, name, mapped)
        assert shop.told(problems) == [("READ_ONLY", f"tables.{table}") for table in PERSONAL]


def test_a_read_only_server_changes_nothing(
    mariadb_url: sa.URL, mapped: DataMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server of the tests is everybody's: its answer is made up."""
    with poor(mariadb_url) as name:
        grant(mariadb_url, name, f"SELECT ON `{mariadb_url.database}`.*")
        monkeypatch.setattr(granted, "MARIADB_READ_ONLY", "SELECT 1")
        problems = found(mariadb_url, name, mapped)
        assert shop.told(problems) == [("READ_ONLY", f"tables.{table}") for table in PERSONAL]


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator can be somebody else for a moment")
def test_a_file_that_cannot_be_written(mapped: DataMap) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.db"
        with shop.database(sa.URL.create("sqlite", database=str(file)), shop.tables()) as engine:
            assert check_live(mapped, engine) == ()
            Path(folder).chmod(0o755)
            file.chmod(0o444)
            with somebody_else():
                problems = check_live(mapped, engine)
    assert shop.told(problems) == [("READ_ONLY", f"tables.{table}") for table in PERSONAL]
    assert str(file) in problems[0].what


@contextmanager
def somebody_else() -> Iterator[None]:
    """Be nobody in particular."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
