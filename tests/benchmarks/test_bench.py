"""The benchmark compares like with like: nothing here is timed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests import services
from tests.benchmarks import archiver
from tests.benchmarks.measuring import by_hand, place
from tests.benchmarks.table import table
from tests.integration.harness import SERVICES


@pytest.mark.parametrize("backend", ["postgres", "mariadb"])
def test_the_engine_and_sql_by_hand_leave_the_same_rows(backend: str) -> None:
    services.need(SERVICES[backend])
    with place(backend, 300, 12) as there:
        by_hand(there.hand)
        with pytest.raises(SystemExit):
            there.require_same()
        week = there.run("week1")
        there.require_same()
        idle = there.run("week2")
    assert (week["due"], week["done"], idle["due"]) == (72, 72, 0)


@pytest.mark.skipif(not archiver.available(), reason="pt-archiver isn't installed (Debian: percona-toolkit)")
@pytest.mark.parametrize("bulk", [False, True])
def test_pt_archiver_deletes_the_visits_that_are_due(bulk: bool) -> None:
    services.need(services.MARIADB)
    with place("mariadb", 300, 12, ("visit",)) as there:
        archiver.purge(there.hand, 10, bulk=bulk)
        engine = sa.create_engine(there.hand)
        with engine.connect() as connection:
            left = connection.exec_driver_sql("SELECT count(*) FROM visit").scalar_one()
        engine.dispose()
    assert left == 300 - 36


def test_the_table_holds_every_figure() -> None:
    run = {"total": 2.5, "done": 72}
    versus = {"engine": run, "idle": {"total": 1.5}, "sql_s": 0.5, "ratio": 5.0}
    purge = {"engine": run, "plain_s": 10.0, "ratio": 0.25, "bulk_s": 1.0, "bulk_ratio": 2.5}
    sizes = {"1000000": {"peak_rss_mb": 390}}
    airflow = {"dag_s": 40.0, "engine_s": 30.0}
    results = {"rows": 300, "cores": 2, "postgres": versus, "mariadb": versus, "archiver": purge}
    text = table(results | {"by_size": sizes, "airflow": airflow})
    assert "| PostgreSQL, 72 rows due | 2.5 s | SQL by hand 0.5 s: 5.0 times |" in text
    assert "| MariaDB, deletions alone | 2.5 s | pt-archiver 10.0 s: 0.25 times; in bulk 1.0 s: 2.5 times |" in text
    assert "| peak memory of a process, 1,000,000 rows | 390 MB |" in text
    assert "| the sample systems through Airflow | 40.0 s | without 30.0 s |" in text
