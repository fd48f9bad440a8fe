"""How far the replicas of a system are behind: PostgreSQL knows, MariaDB's replicas must be asked themselves."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from include.retention.connections import connection_engine
from include.retention.data_map.model import DataMap
from include.retention.errors import ConnectionSettingError
from include.retention.limits import Limits
from include.retention.throttle import Lag

# A replica that has nothing to replay has no lag. Of other users' sessions an account without pg_read_all_stats sees
# that they are there, and nothing else.
POSTGRES = (
    "SELECT count(*) FILTER (WHERE state IS NULL) AS hidden, "
    "coalesce(extract(epoch FROM max(replay_lag)), 0) AS behind FROM pg_stat_replication"
)
MARIADB = "SHOW ALL SLAVES STATUS"

log = logging.getLogger(__name__)


def lag_of(data_map: DataMap, engine: sa.Engine, limits: Limits, environ: Mapping[str, str]) -> Lag | None:
    """Return what asks how far a system's replicas are behind; None where nobody wants to know, or nobody can.

    Args:
        data_map: the system's map.
        engine: to the system.
        limits: says whether to ask, and which replicas there are on MariaDB.
        environ: for the replicas' connections.

    Raises:
        ConnectionSettingError: a named replica isn't one, or isn't MariaDB's.
    """
    mine = [connection for system, connection in limits.replicas if system == data_map.system]
    if limits.max_lag_s is None:
        return None
    if mine and engine.dialect.name != "mysql":
        raise ConnectionSettingError(
            f"GALLRING_REPLICAS names replicas of {data_map.system}, which isn't on MariaDB. Take them out: PostgreSQL "
            "knows its replicas itself, and SQLite has none."
        )
    if mine:
        return _of_replicas([_replica(connection, environ) for connection in mine])
    if engine.dialect.name == "postgresql":
        return _of_postgres(data_map.system, engine)
    if engine.dialect.name == "mysql":
        log.info("%s: GALLRING_REPLICAS names no replica of it, so none is waited for.", data_map.system)
    return None


def behind(rows: Sequence[Mapping[str, object]]) -> float:
    """Return how many seconds a MariaDB replica is behind the farthest of its sources, by its own words."""
    told = [row["Seconds_Behind_Master"] for row in rows]
    return max((math.inf if each is None else float(str(each)) for each in told), default=math.inf)


def _of_postgres(system: str, engine: sa.Engine) -> Lag | None:
    def lag() -> float:
        try:
            with engine.connect() as connection:
                return float(connection.exec_driver_sql(POSTGRES).one().behind)
        except sa.exc.SQLAlchemyError:
            return math.inf

    with engine.connect() as connection:
        hidden = connection.exec_driver_sql(POSTGRES).one().hidden
    if hidden:
        log.warning("%s: replicas can't be waited for: the account needs GRANT pg_read_all_stats.", system)
        return None
    return lag


def _replica(connection_id: str, environ: Mapping[str, str]) -> sa.Engine:
    engine = connection_engine(connection_id, environ)
    if engine.dialect.name != "mysql" or not _status(engine):
        raise ConnectionSettingError(
            f"GALLRING_REPLICAS: {connection_id} isn't a replica of MariaDB, or says so to nobody without REPLICA "
            "MONITOR. Correct the setting, the connection or the account."
        )
    return engine


def _status(engine: sa.Engine) -> list[Mapping[str, object]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.exec_driver_sql(MARIADB).mappings()]


def _of_replicas(engines: Sequence[sa.Engine]) -> Lag:
    def lag() -> float:
        try:
            return max(behind(_status(engine)) for engine in engines)
        except sa.exc.SQLAlchemyError:
            return math.inf

    return lag
