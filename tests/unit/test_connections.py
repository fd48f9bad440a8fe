"""Addresses from Airflow connection settings, and engines that behave alike and keep values to themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.connections import database_url, engine_at
from include.retention.errors import ConnectionSettingError
from tests.places import ROOT

CANARY = "canary@example.test"
"""Named, so that a traceback's source lines don't hold it."""


def read(value: str) -> str:
    url = database_url("gallring_sales", {"AIRFLOW_CONN_GALLRING_SALES": value})
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("sqlite:///srv/data/sales.db", "sqlite:////srv/data/sales.db"),
        ("sqlite:////srv/data/sales.db", "sqlite:////srv/data/sales.db"),
        ("sqlite://%2Fsrv%2FData%2Fsales.db", "sqlite:////srv/Data/sales.db"),
        ('{"conn_type": "sqlite", "host": "/srv/data/sales.db"}', "sqlite:////srv/data/sales.db"),
        ("postgres://u:p%40ss@db.example:5433/crm", "postgresql+psycopg://u:p%40ss@db.example:5433/crm"),
        ("postgresql+psycopg://u@db/crm?sslmode=require", "postgresql+psycopg://u@db/crm?sslmode=require"),
        ("mysql://u:p@db/fin", "mysql+pymysql://u:p@db/fin?charset=utf8mb4"),
        ("mariadb://u:p@[::1]:3307/fin", "mysql+pymysql://u:p@[::1]:3307/fin?charset=utf8mb4"),
        (
            """{"conn_type": "postgres", "login": "u", "password": "a/b:c@d", "host": "db", "port": "5432",
                "schema": "crm", "extra": "{\\"sslmode\\": \\"verify-full\\"}"}""",
            "postgresql+psycopg://u:a%2Fb%3Ac%40d@db:5432/crm?sslmode=verify-full",
        ),
        (
            '{"conn_type": "mysql", "host": "db", "schema": "f", "extra": {"ssl_ca": "/ca.pem"}}',
            "mysql+pymysql://db/f?charset=utf8mb4&ssl_ca=%2Fca.pem",
        ),
    ],
)
def test_both_forms_of_a_setting_are_read(setting: str, address: str) -> None:
    assert read(setting) == address


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("sqlite://", "absolute path"),
        ("sqlite://relative.db", "absolute path"),
        ('{"conn_type": "sqlite", "host": ":memory:"}', "absolute path"),
        ("oracle://u:hush@db/x", "isn't one of"),
        ("postgres://u:hush@db", "database's name"),
        ("postgres://u:hush@db/crm?sslmood=require", "unknown extra sslmood"),
        ("postgres://u:hu[sh@db/crm", "Percent-encode"),
        ("postgres://u:hush@db:port/crm", "Percent-encode"),
        ('{"conn_type": "postgres", "password": "hush"', "isn't valid JSON"),
        ('{"conn_type": "postgres", "password": "hush", "schema": "x", "extra": "{hush"}', "isn't valid JSON"),
    ],
)
def test_a_bad_setting_is_refused_without_its_secret(setting: str, says: str) -> None:
    with pytest.raises(ConnectionSettingError, match=says) as caught:
        read(setting)
    shown = "".join(traceback.format_exception(caught.value)).replace(setting, "")
    assert "hush" not in str(caught.value)
    assert "hush" not in shown.partition("ConnectionSettingError")[2]
    assert "AIRFLOW_CONN_GALLRING_SALES" in str(caught.value)


def test_the_environment_is_asked_by_the_upper_case_name() -> None:
    environ = {"AIRFLOW_CONN_HR_SYSTEM": json.dumps({"conn_type": "sqlite", "host": "/x.db"})}
    assert database_url("hr_system", environ).database == "/x.db"


def test_foreign_keys_hold_on_every_database(any_database_url: sa.URL) -> None:
    engine = engine_at(any_database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE p (id INTEGER PRIMARY KEY)"))
        connection.execute(
            sa.text("CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER, FOREIGN KEY (p_id) REFERENCES p (id))")
        )
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO c VALUES (1, 99)"))
    engine.dispose()


def test_no_database_error_quotes_a_value(any_database_url: sa.URL) -> None:
    engine = engine_at(any_database_url)
    table = sa.Table(
        "t", sa.MetaData(), sa.Column("email", sa.String(60), primary_key=True), sa.Column("n", sa.Integer)
    )
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.insert(table).values(email=CANARY))
    with pytest.raises(sa.exc.IntegrityError) as caught, engine.begin() as connection:
        connection.execute(sa.insert(table).values(email=CANARY))
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(sa.exc.SQLAlchemyError) as caught, engine.begin() as connection:
        connection.execute(sa.text("SELECT no_such_column FROM t"))
    assert "no_such_column" in str(caught.value.__cause__), "names help to mend it and aren't anybody's data"
    engine.dispose()


def test_a_value_that_does_not_fit_is_refused_without_quoting_it(server_url: sa.URL) -> None:
    engine = engine_at(server_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (n INTEGER NOT NULL, s VARCHAR(3))"))
    for values in ({"n": CANARY, "s": "a"}, {"n": 1, "s": CANARY}, {"n": None, "s": "a"}):
        with pytest.raises(sa.exc.DBAPIError) as caught, engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO t VALUES (:n, :s)"), values)
        assert CANARY not in "".join(traceback.format_exception(caught.value))
    engine.dispose()


def test_sessions_speak_utc(server_url: sa.URL) -> None:
    query = {"postgresql": "SELECT current_setting('TimeZone')", "mysql": "SELECT @@time_zone"}
    engine = engine_at(server_url)
    with engine.connect() as connection:
        assert connection.scalar(sa.text(query[server_url.get_backend_name()])) in {"UTC", "+00:00"}
    engine.dispose()


def test_a_writing_sqlite_transaction_holds_the_lock_from_its_first_read(tmp_path: Path) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / "s.db"))
    writer, other = engine_at(url, writes=True), engine_at(url)
    with writer.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (n INTEGER)"))
    done = threading.Event()

    def insert() -> None:
        with other.begin() as connection:
            connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        done.set()

    with writer.begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 0
        thread = threading.Thread(target=insert)
        thread.start()
        assert not done.wait(0.3), "another writer got in between the check and the act"
        assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 0
    thread.join(10)
    assert done.is_set()


def test_asking_airflow_leaves_the_process_s_log_as_it_was(tmp_path: Path) -> None:
    script = (
        "import logging\n"
        "from include.retention.connections import database_url\n"
        "from include.retention.errors import ConnectionSettingError\n"
        "try:\n"
        "    database_url('gallring_nowhere', {})\n"
        "except ConnectionSettingError:\n"
        "    logging.getLogger('alembic').info('not for the screen')\n"
        "    print(logging.getLogger().handlers, logging.getLogger().level)\n"
    )
    environ = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[] 30"
    assert "not for the screen" not in done.stdout + done.stderr
