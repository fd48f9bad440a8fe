"""The benchmark's results as a Markdown table: figures first, what they were measured on beneath."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Results = Mapping[str, Any]


def table(results: Results) -> str:
    """Return the table."""
    lines = ["| what | measured | beside |", "|---|---|---|"]
    lines += [f"| {what} | {measured} | {beside} |" for what, measured, beside in _rows(results)]
    lines += ["", f"{results['rows']:,} rows in each of two tables, {results['cores']} cores."]
    return "\n".join(lines) + "\n"


def _rows(results: Results) -> Iterator[tuple[str, str, str]]:
    for backend, title in (("postgres", "PostgreSQL"), ("mariadb", "MariaDB")):
        found = results[backend]
        took, hand = found["engine"]["total"], found["sql_s"]
        yield (
            f"{title}, {found['engine']['done']:,} rows due",
            f"{took} s",
            f"SQL by hand {hand} s: {found['ratio']} times",
        )
        yield f"{title}, nothing due", f"{found['idle']['total']} s", ""
    if "archiver" in results:
        found = results["archiver"]
        beside = f"pt-archiver {found['plain_s']} s: {found['ratio']} times; in bulk {found['bulk_s']} s: "
        yield "MariaDB, deletions alone", f"{found['engine']['total']} s", f"{beside}{found['bulk_ratio']} times"
    for size, each in results["by_size"].items():
        yield f"peak memory of a process, {int(size):,} rows", f"{each['peak_rss_mb']} MB", ""
    found = results["airflow"]
    yield "the sample systems through Airflow", f"{found['dag_s']} s", f"without {found['engine_s']} s"
