"""Waits between transactions: as long as they should be, never past a stop, and never for ever."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.retention.batch import Manner
from include.retention.connections import engine_at
from include.retention.errors import ConnectionSettingError, StopError
from include.retention.limits import Limits, Timeouts
from include.retention.replication import behind, lag_of
from include.retention.throttle import LONGEST_WAIT, Throttle
from tests.act import world
from tests.methods.tables import data_map
from tests.services import MARIADB, POSTGRES, fresh_database


@dataclass
class Time:
    """A clock that moves only when somebody sleeps, and a stop that comes at a time."""

    stop_at: float = math.inf
    now: float = 0.0
    said: list[str] = field(default_factory=list)

    def throttle(self, pause: float = 0.0, lags: Iterable[float] | None = None, max_lag_s: float = 5.0) -> Throttle:
        """Return a throttle in this time."""
        asked = None if lags is None else iter(lags)
        lag: Callable[[], float] | None = None if asked is None else lambda: next(asked)
        return Throttle(
            lambda: self.now >= self.stop_at, pause, lag, max_lag_s, clock=lambda: self.now, sleep=self.sleep,
            say=self.said.append,
        )  # fmt: skip

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert 0 < seconds <= 1
        self.now += seconds


@pytest.mark.parametrize(("pause", "worked", "rest"), [(0, 2, 0), (0.5, 1, 0.5), (1, 0.3, 0.3), (3, 1.5, 4.5)])
def test_a_pause_is_a_share_of_the_work(pause: float, worked: float, rest: float) -> None:
    time = Time()
    time.throttle(pause)(worked)
    assert time.now == pytest.approx(rest)
    assert time.said == []


def test_a_stop_ends_a_pause_within_a_second() -> None:
    time = Time(stop_at=2.5)
    time.throttle(10)(60)
    assert 2.5 <= time.now <= 3.5


def test_replicas_are_waited_for_and_it_is_said_once() -> None:
    time = Time()
    time.throttle(lags=[40, 30, 6, 5])(1)
    assert time.now == 3
    assert time.said == ["waiting: a replica is 40 s behind, and may be 5 s"]


def test_replicas_that_are_near_cost_nothing() -> None:
    time = Time()
    time.throttle(lags=[0.0])(1)
    assert (time.now, time.said) == (0, [])


def test_a_stop_ends_the_wait_for_replicas() -> None:
    time = Time(stop_at=4)
    time.throttle(lags=iter(lambda: 99.0, None))(1)
    assert time.now == 4


@pytest.mark.parametrize("lag", [99.0, math.inf])
def test_a_replica_that_never_comes_ends_the_act_and_says_why(lag: float) -> None:
    time = Time()
    with pytest.raises(StopError, match=r"replicas were more than 5 s behind.*10 minutes \(GALLRING_MAX_LAG_S\)"):
        time.throttle(lags=iter(lambda: lag, None))(1)
    assert time.now == LONGEST_WAIT


def test_an_act_that_its_replicas_end_is_not_done(tmp_path: Path) -> None:
    time, engine = Time(), engine_at(sa.make_url(f"sqlite:///{tmp_path / 'one.db'}"), writes=True)
    world.build(engine)
    world.fill(engine, tmp_path)
    throttle = time.throttle(lags=[0, *([9] * 9_999)])
    result, notes = world.act(engine, tmp_path, manner=Manner(rest=throttle))
    engine.dispose()
    assert list(notes.results) == ["1", "2"], "the transaction before was measured"
    assert {what for _, what, _ in notes.undone} == {
        "replicas were more than 5 s behind, or couldn't be asked, for 10 minutes (GALLRING_MAX_LAG_S)"
    }
    assert result.done + sum(each.count for each in result.not_done) == 28


def limits(replicas: tuple[tuple[str, str], ...] = (), max_lag_s: float | None = 5.0) -> Limits:
    return Limits(Timeouts(), 1.0, 0.0, max_lag_s, replicas)


MAP = data_map(world.SESSION)


def test_nobody_asks_unless_told_to(any_database_url: sa.URL) -> None:
    engine = engine_at(any_database_url)
    assert lag_of(MAP, engine, limits(max_lag_s=None), {}) is None
    engine.dispose()


def test_a_postgres_without_replicas_is_never_behind(caplog: pytest.LogCaptureFixture) -> None:
    with fresh_database(POSTGRES) as url:
        engine = engine_at(url)
        lag = lag_of(MAP, engine, limits(), {})
        assert lag is not None
        assert lag() == 0
        engine.dispose()
    assert lag() == math.inf, "a server that can't be asked isn't near"
    assert caplog.messages == []


def test_a_mariadb_whose_replicas_nobody_named_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with fresh_database(MARIADB) as url, caplog.at_level(logging.INFO):
        engine = engine_at(url)
        assert lag_of(MAP, engine, limits(), {}) is None
        engine.dispose()
    assert caplog.messages == ["test: GALLRING_REPLICAS names no replica of it, so none is waited for."]


def test_what_is_no_replica_is_refused() -> None:
    with fresh_database(MARIADB) as url:
        environ = {"AIRFLOW_CONN_COPY": url.set(drivername="mysql", query={}).render_as_string(hide_password=False)}
        engine = engine_at(url)
        with pytest.raises(ConnectionSettingError, match="copy isn't a replica of MariaDB"):
            lag_of(MAP, engine, limits((("test", "copy"),)), environ)
        assert lag_of(MAP, engine, limits((("other", "copy"),)), environ) is None, "another system's"
        engine.dispose()


def test_postgres_is_asked_itself() -> None:
    with fresh_database(POSTGRES) as url:
        engine = engine_at(url)
        with pytest.raises(ConnectionSettingError, match="PostgreSQL knows its replicas itself"):
            lag_of(MAP, engine, limits((("test", "copy"),)), {})
        engine.dispose()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [([0], 0), ([7], 7), ([3, 12], 12), (["4"], 4), ([None], math.inf), ([2, None], math.inf), ([], math.inf)],
)
def test_a_replica_that_doesnt_run_is_infinitely_behind(told: list[object], seconds: float) -> None:
    assert behind([{"Seconds_Behind_Master": each} for each in told]) == seconds
