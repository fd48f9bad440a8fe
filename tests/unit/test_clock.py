"""A wrong clock destroys what nobody meant to: it is held against the servers' clocks and against the last run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from include.retention import clock
from include.retention.errors import GuardError
from include.retention.guards import (
    CLOCK_DISAGREEMENT,
    LONGEST_PAUSE,
    Level,
    check_pause,
    check_server_clock,
)

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_servers_clock_is_read_in_utc(any_database_url: sa.URL) -> None:
    engine = sa.create_engine(any_database_url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TIME ZONE 'Pacific/Auckland'")
        elif engine.dialect.name != "sqlite":
            connection.exec_driver_sql("SET time_zone = '+13:00'")
        found = clock.of_server(connection)
    engine.dispose()
    if engine.dialect.name == "sqlite":
        assert found is None, "a SQLite file has no clock of its own"
    else:
        assert found is not None
        assert abs(found - clock.now()) < timedelta(minutes=1)


@pytest.mark.parametrize("off", [timedelta(0), CLOCK_DISAGREEMENT, -CLOCK_DISAGREEMENT])
def test_clocks_that_nearly_agree_are_believed(off: timedelta) -> None:
    check_server_clock("sales", NOW + off, NOW)
    check_server_clock("sales", None, NOW)


@pytest.mark.parametrize("off", [CLOCK_DISAGREEMENT + SECOND, -CLOCK_DISAGREEMENT - SECOND, timedelta(days=3000)])
def test_case_J09_a_clock_that_a_server_contradicts_refuses_the_run(off: timedelta) -> None:
    with pytest.raises(GuardError, match="database server of sales"):
        check_server_clock("sales", NOW - off, NOW)


def test_case_J09_a_clock_that_has_leapt_ahead_asks_a_human() -> None:
    assert check_pause(NOW - LONGEST_PAUSE, NOW, due=5) == []
    (found,) = check_pause(NOW - LONGEST_PAUSE - SECOND, NOW, due=5)
    assert (found.guard, found.level) == ("LONG_PAUSE", Level.APPROVE)
    assert "2026-08-22" in found.text
    assert check_pause(None, NOW, due=5) == [], "the guard for the first run asks already"
    assert check_pause(NOW - 2 * LONGEST_PAUSE, NOW, due=0) == [], "nothing is due, so there is nothing to approve"
