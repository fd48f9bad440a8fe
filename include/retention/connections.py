"""From an Airflow connection id to a database address and an engine.

``AIRFLOW_CONN_<ID>`` in the environment is read here, as a URI or as JSON, so that the command line and the tests
work without Airflow. Other connections (Airflow's database, a secrets backend) come through ``airflow_adapter``.

No message here holds a password, nor anything else of the setting's value.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy as sa

from include.retention.data_map.model import DataMap
from include.retention.database_errors import keep_values_out
from include.retention.errors import ConnectionSettingError
from include.retention.limits import Timeouts
from include.retention.postgres_dates import keep_odd_dates

DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
EXTRAS = {
    "sqlite": frozenset[str](),
    "postgresql+psycopg": frozenset(
        {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "target_session_attrs"}
    ),
    "mysql+pymysql": frozenset({"charset", "ssl_ca", "ssl_cert", "ssl_key", "unix_socket", "connect_timeout"}),
}
"""Settings beside the address that are passed on. Another one is refused: a misspelt ``sslmode`` must not be lost."""

READING = Timeouts()
"""A reader waits for a lock for a minute, then its task is tried again; a whole table may take as long as it takes."""
FIND_DEAD_CLIENTS = "-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=15 -c tcp_keepalives_count=4"
"""PostgreSQL lets go of the rows of a machine that has lost its power after two minutes, instead of two hours."""


def database_url(connection_id: str, environ: Mapping[str, str]) -> sa.URL:
    """Return the database address behind an Airflow connection id.

    Args:
        connection_id: as in a data map's ``connection``.
        environ: the environment; ``AIRFLOW_CONN_<ID>`` in it wins over every other place.

    Raises:
        ConnectionSettingError: it isn't defined, can't be read, or isn't a database that Gallring works on.
    """
    setting = f"AIRFLOW_CONN_{connection_id.upper()}"
    text = environ.get(setting)
    if text is None:
        return _url(f"Airflow connection {connection_id}", _from_airflow(connection_id, setting))
    fields = _from_json(setting, text) if text.lstrip().startswith("{") else _from_uri(setting, text)
    return _url(setting, fields)


def engine_for(
    data_map: DataMap, environ: Mapping[str, str], *, writes: bool = False, timeouts: Timeouts = READING
) -> sa.Engine:
    """Return an engine for a mapped system: see `engine_at`.

    Raises:
        ConnectionSettingError: see `connection_engine`; names the map's file, whose key ``connection`` leads there.
    """
    try:
        return connection_engine(data_map.connection, environ, writes=writes, timeouts=timeouts)
    except ConnectionSettingError as error:
        raise ConnectionSettingError(f"data_map/{data_map.system}.yaml: connection: {error}") from None


def connection_engine(
    connection_id: str, environ: Mapping[str, str], *, writes: bool = False, timeouts: Timeouts = READING
) -> sa.Engine:
    """Return an engine on the database behind an Airflow connection id: see `engine_at`.

    Raises:
        ConnectionSettingError: see `database_url`; or it is a SQLite file that isn't there, and SQLite would make an
            empty one.
    """
    url = database_url(connection_id, environ)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise ConnectionSettingError(
            f"The connection {connection_id} names {url.database}, and no file is there. "
            f"Correct AIRFLOW_CONN_{connection_id.upper()} (or the connection in Airflow), or put the file there."
        )
    return engine_at(url, writes=writes, timeouts=timeouts)


def engine_at(url: sa.URL, *, writes: bool = False, timeouts: Timeouts = READING) -> sa.Engine:
    """Return an engine that behaves alike on every kind of database.

    Foreign keys are enforced (SQLite leaves them off), a transaction reads what is committed, sessions speak UTC
    (which matters to ``timestamp with time zone`` and to MariaDB's ``TIMESTAMP``; a ``DATETIME`` is read as it
    stands), MariaDB refuses values that don't fit instead of bending them, and no error text holds a value.

    Args:
        url: the database's address.
        writes: on SQLite a transaction takes the write lock at its beginning, so that what it checked before it
            destroyed is still so. The servers lock rows on their own.
        timeouts: how long its statements wait and take, at most.
    """
    if url.get_backend_name() == "sqlite":
        engine = _sqlite_engine(url, "BEGIN IMMEDIATE" if writes else "BEGIN", timeouts)
    else:
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            connect_args=_session_settings(url, timeouts),
        )
    if url.get_backend_name() == "postgresql":
        sa.event.listen(engine, "connect", lambda connection, _record: keep_odd_dates(connection))
    keep_values_out(engine)
    return engine


def _session_settings(url: sa.URL, timeouts: Timeouts) -> dict[str, Any]:
    lock, longest = timeouts.lock, timeouts.statement
    if url.get_backend_name() == "postgresql":
        ended = "" if longest is None else f"-c statement_timeout={longest}s "
        options = f"-c timezone=UTC -c lock_timeout={lock}s {ended}{FIND_DEAD_CLIENTS}"
        # A prepared statement is planned once for all arrays, as if each had ten elements.
        return {"options": options, "prepare_threshold": None}
    # MariaDB alone reads what stands in such a comment: MySQL has no such variable.
    ended = "" if longest is None else f" /*M!100108 , max_statement_time={longest} */"
    strict = (
        # The first is for rows; the second for tables that somebody alters, a day unless told otherwise.
        f"SET SESSION time_zone='+00:00', innodb_lock_wait_timeout={lock}, lock_wait_timeout={lock}, "
        f"sql_mode=CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'){ended}"
    )
    return {"init_command": strict}


def _sqlite_engine(url: sa.URL, begin: str, timeouts: Timeouts) -> sa.Engine:
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": timeouts.lock})

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401  (the driver's own connection)
        # Python's driver otherwise begins transactions by its own rules, and never for a SELECT.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def _own_log() -> Iterator[None]:
    """Keep the process's log as it is: Airflow, once imported, sends every library's to standard output."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def _from_airflow(connection_id: str, setting: str) -> Mapping[str, Any]:
    try:
        # Airflow takes seconds to import, and may be absent.
        with _own_log():
            from include.retention.airflow_adapter import connection_fields  # noqa: PLC0415
    except ImportError:
        raise ConnectionSettingError(_undefined(connection_id, setting)) from None
    fields = connection_fields(connection_id)
    if fields is None:
        raise ConnectionSettingError(_undefined(connection_id, setting))
    return fields


def _undefined(connection_id: str, setting: str) -> str:
    return (
        f"The connection {connection_id} isn't defined. Set {setting} in the environment, which is where the command "
        f"line looks, or, for Airflow's tasks alone, add it to Airflow (airflow connections add {connection_id} ...)."
    )


def _from_json(setting: str, text: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        raise ConnectionSettingError(f"{setting} begins as JSON but isn't valid JSON. Mend it.") from None
    if not isinstance(fields, dict):
        raise ConnectionSettingError(f"{setting} isn't a JSON object. Give conn_type, host, login and so on.")
    return fields


def _from_uri(setting: str, text: str) -> Mapping[str, Any]:
    try:
        parts = urlsplit(text)
        port = parts.port
        pairs = parse_qsl(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise ConnectionSettingError(
            f"{setting} isn't a valid URI. Percent-encode special characters in user name and password."
        ) from None
    host, path = unquote(_host(parts.netloc)), unquote(parts.path)
    if parts.scheme == "sqlite":
        # A path is absolute however many slashes it has: each task runs in a directory of its own.
        return {"conn_type": "sqlite", "host": host or "/" + path.lstrip("/"), "extra": dict(pairs)}
    return {
        "conn_type": parts.scheme,
        "login": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "host": host,
        "port": port,
        "schema": path.removeprefix("/"),
        "extra": dict(pairs),
    }


def _host(netloc: str) -> str:
    # ``SplitResult.hostname`` lower-cases, which breaks an encoded path such as sqlite://%2FData%2Fsales.db.
    host = netloc.rpartition("@")[2]
    return host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]


def _url(where: str, fields: Mapping[str, Any]) -> sa.URL:
    kind = str(fields.get("conn_type") or "").lower().partition("+")[0]
    driver = DRIVERS.get(kind)
    if driver is None:
        raise ConnectionSettingError(f"{where}: the type isn't one of {', '.join(DRIVERS)}.")
    query = _extras(where, driver, fields.get("extra"))
    if driver == "sqlite":
        return sa.URL.create(driver, database=_sqlite_path(where, fields))
    if driver == "mysql+pymysql":
        query.setdefault("charset", "utf8mb4")
    if not fields.get("schema"):
        raise ConnectionSettingError(f"{where}: the database's name (Airflow calls it schema) is missing.")
    return sa.URL.create(
        driver,
        username=fields.get("login") or None,
        password=fields.get("password") or None,
        host=fields.get("host") or None,
        port=int(fields["port"]) if fields.get("port") else None,
        database=fields["schema"],
        query=query,
    )


def _sqlite_path(where: str, fields: Mapping[str, Any]) -> str:
    path = str(fields.get("host") or "")
    if not path.startswith("/") or path == "/":
        raise ConnectionSettingError(
            f"{where}: SQLite needs a file with its absolute path, such as sqlite:///srv/data/sales.db "
            '(or {"conn_type": "sqlite", "host": "/srv/data/sales.db"}).'
        )
    return path


def _extras(where: str, driver: str, extra: object) -> dict[str, str]:
    if isinstance(extra, str):
        extra = _from_json(f"{where}: extra", extra) if extra.strip() else {}
    values = {str(key): str(value) for key, value in dict(extra or {}).items()}  # type: ignore[call-overload]
    if unknown := sorted(set(values) - EXTRAS[driver]):
        known = ", ".join(sorted(EXTRAS[driver])) or "none"
        raise ConnectionSettingError(f"{where}: unknown extra {', '.join(unknown)}. Known for {driver}: {known}.")
    return values
