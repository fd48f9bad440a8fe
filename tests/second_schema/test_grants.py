"""What ``gallring check --grants`` prints is enough for a whole run, and nothing of it can be left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.grants import grants_for
from include.retention.data_map.live import check_live
from include.retention.data_map.model import DataMap
from include.retention.errors import Problem
from include.retention.policy.load import load_policy
from tests.accounts import account, as_account, execute
from tests.cli.conftest import Call, call, document
from tests.integration.harness import Gallring, databases
from tests.second_schema.library import POLICY, SYSTEMS, make
from tests.second_schema.test_second_schema import assert_run_as_expected

__all__ = ["call"]

SERVERS = ("postgres", "mariadb")
GRANT = re.compile(r"GRANT (?P<what>.+) ON (?P<on>(?:SCHEMA )?\S.*) TO (?P<to>\S+)")
PIECE = re.compile(r"(\w+)(?: \(([^)]*)\))?(?:, |$)")


@contextmanager
def granted(backend: str, home: Path, patch: pytest.MonkeyPatch) -> Iterator[tuple[Mapping[str, sa.URL], str]]:
    """Give the library's databases, and an account to which exactly what is printed has been granted."""
    patch.setenv("GALLRING_POLICY", str(POLICY))
    with databases(backend, SYSTEMS, home) as urls, account(*urls.values()) as name:
        make(urls)
        for system, data_map in load_policy(POLICY).maps.items():
            if backend == "postgres":  # The server's own default would stand in for a missing grant.
                execute(urls[system], "REVOKE ALL ON SCHEMA public FROM PUBLIC")
            execute(urls[system], *printed(data_map, urls[system], name))
        yield urls, name


def printed(data_map: DataMap, url: sa.URL, name: str) -> tuple[str, ...]:
    """Return the statements for an account, as an administrator reads them."""
    engine = engine_at(url)
    try:
        return grants_for(data_map, engine, name).statements
    finally:
        engine.dispose()


def checked(data_map: DataMap, url: sa.URL) -> tuple[Problem, ...]:
    """Return what the live check says."""
    engine = engine_at(url)
    try:
        return check_live(data_map, engine)
    finally:
        engine.dispose()


@pytest.mark.parametrize("backend", SERVERS)
def test_a_whole_run_needs_no_more(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with granted(backend, tmp_path, monkeypatch) as (urls, name):
        own = {system: as_account(url, name) for system, url in urls.items()}
        gallring = Gallring(tmp_path / "var", own, monkeypatch)
        monkeypatch.setenv("GALLRING_POLICY", str(POLICY))
        for system, data_map in load_policy(POLICY).maps.items():
            assert [each for each in checked(data_map, own[system]) if each.code != "CASCADE_PATH"] == []
        assert_run_as_expected(gallring)


@pytest.mark.parametrize("backend", SERVERS)
def test_nothing_can_be_left_out(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0
    with granted(backend, tmp_path, monkeypatch) as (urls, name):
        for system, data_map in load_policy(POLICY).maps.items():
            own = as_account(urls[system], name)
            for statement in printed(data_map, urls[system], name):
                for privilege, on, to in pieces(statement):
                    execute(urls[system], f"REVOKE {privilege} ON {on} FROM {to}")
                    problems = [each for each in checked(data_map, own) if each.table]
                    assert_named(privilege, on, problems)
                    execute(urls[system], f"GRANT {privilege} ON {on} TO {to}")
                    seen += 1
    assert seen > 30


def pieces(statement: str) -> Iterator[tuple[str, str, str]]:
    """Yield every privilege of a statement by itself, column by column."""
    read = GRANT.fullmatch(statement)
    assert read, statement
    for privilege, columns in PIECE.findall(read["what"]):
        for column in columns.split(", ") if columns else [""]:
            yield (f"{privilege} ({column})" if column else privilege), read["on"], read["to"]


def assert_named(privilege: str, on: str, problems: list[Problem]) -> None:
    """A missing privilege is told by its own code, for its own table; without SELECT on all, for every table."""
    codes = {problem.code for problem in problems}
    if privilege == "USAGE" or on.endswith(".*"):
        assert {"MISSING_TABLE", "SELECT_MISSING"} & codes
        return
    kind, _, column = privilege.partition(" ")
    (problem,) = [each for each in problems if each.code == f"{kind}_MISSING"]
    assert problem.table is not None
    assert problem.table.partition(".")[2] == on[1:-1].rsplit('"."', maxsplit=1)[-1].rsplit("`.`", maxsplit=1)[-1]
    if column and "any one column" not in problem.what:
        assert column[2:-2] in problem.what or problem.what.endswith("the account has no UPDATE.")


def test_names_are_quoted_and_patterns_are_none() -> None:
    data_map = load_policy(POLICY).maps["library"]
    postgres = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/my_crm")
    mariadb = sa.create_engine("mysql+pymysql://nobody@127.0.0.1:1/my_crm")
    told = grants_for(data_map, postgres, 'odd"name')
    assert not told.complete
    assert told.statements[0] == 'GRANT USAGE ON SCHEMA "public" TO "odd""name"'
    assert 'GRANT SELECT, UPDATE ("Grund", "Discount %"), DELETE ON "public"."Gebühr" TO "odd""name"' in told.statements
    assert 'GRANT SELECT, UPDATE ("Branch"), DELETE ON "public"."order line" TO "odd""name"' in told.statements
    told = grants_for(data_map, postgres, "gallring", asks_replicas=True)
    assert told.statements[-1] == 'GRANT pg_read_all_stats TO "gallring"'
    told = grants_for(data_map, mariadb, "gallring@10.0.%")
    assert told.statements[0] == "GRANT SELECT ON `my\\_crm`.* TO `gallring`@`10.0.%`"
    assert "GRANT UPDATE (`What`, `Settled On`), DELETE ON `my_crm`.`damage` TO `gallring`@`10.0.%`" in told.statements
    assert "GRANT DELETE ON `my_crm`.`order line` TO `gallring`@`10.0.%`" in told.statements


@pytest.mark.parametrize("backend", ["sqlite", *SERVERS])
def test_the_command_prints_them(backend: str, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with databases(backend, SYSTEMS, tmp_path) as urls:
        make(urls)
        Gallring(tmp_path / "var", urls, monkeypatch)
        monkeypatch.setenv("GALLRING_POLICY", str(POLICY))
        told = document(call("check", "--grants", "--account", "culler", "--json"))
        text = call("check", "--grants")
    assert told["account"] == "culler"
    assert [each["system"] for each in told["systems"]] == ["evenings", "library"]
    assert all(each["complete"] for each in told["systems"])
    assert (text.exit_code, text.stderr) == (0, "")
    lines = [line for line in text.stdout.splitlines() if not line.startswith("-- ")]
    assert lines == [
        f"{statement};".replace("culler", "ACCOUNT") for each in told["systems"] for statement in each["statements"]
    ]
    assert (backend == "sqlite") is (not lines)
    assert json.dumps(told).count("GRANT") == len(lines)
