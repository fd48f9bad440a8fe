"""Generate the three sample systems, and beside them what is expected of every row.

It streams: a cluster of people is made, written and forgotten, so that a million subjects need no more memory than a
thousand. The same seed, day and size give the same rows, whichever database they go to.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, TextIO

import sqlalchemy as sa

from include.sample import database
from include.sample.cases import planted
from include.sample.cluster import Cluster, World
from include.sample.days import Timeline, wall_clock
from include.sample.facts.books import SERIES_TITLES
from include.sample.facts.letters import CAMPAIGNS, SEGMENTS
from include.sample.outcomes import expected
from include.sample.scenarios import invent

HEADER = ("system", "table", "key", "group", "verdict", "case")
EARLIEST = date(2022, 1, 1)
"""Some planted cases have fixed days, which must lie behind the day for which verdicts are expected."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated sample.

    Attributes:
        urls: system -> address of its database.
        folder: holds expected.csv, holds.json and files/id_copies/.
        subjects: number of people in it.
        rows: number of rows written, reference tables included.
    """

    urls: Mapping[str, sa.URL]
    folder: Path
    subjects: int
    rows: int

    @property
    def expected(self) -> Path:
        """Return the file with the expected verdicts."""
        return self.folder / "expected.csv"

    @property
    def holds(self) -> Path:
        """Return the file with the legal holds that the control database must hold."""
        return self.folder / "holds.json"

    @property
    def id_copies(self) -> Path:
        """Return the folder with the copies of ID documents."""
        return self.folder / "files" / "id_copies"


def clusters(subjects: int, as_of: date, seed: int) -> Iterator[Cluster]:
    """Yield clusters, the planted cases first, until there are ``subjects`` people.

    Raises:
        ValueError: ``as_of`` lies before the days of the planted cases.
    """
    if as_of < EARLIEST:
        raise ValueError(f"as_of must be {EARLIEST} or later: some planted cases have fixed days")
    world = World(Random(seed), Timeline(as_of))
    people = 0
    for cluster in planted(world):
        people += cluster.people
        yield cluster
    while people < subjects:
        cluster = invent(world)
        people += cluster.people
        yield cluster


def create(
    out: Path,
    *,
    subjects: int,
    as_of: date,
    seed: int = 1,
    urls: Mapping[str, sa.URL | str] | None = None,
) -> Sample:
    """Make the three systems anew and fill them.

    Args:
        out: folder for expected.csv, holds.json, the files and, unless ``urls`` say otherwise, the SQLite databases.
        subjects: number of people; the planted cases are always there, so there may be more.
        as_of: the day for which verdicts are expected.
        seed: of the dice.
        urls: addresses of databases for the systems that aren't to be SQLite files. Their tables of the sample's
            names are dropped.
    """
    out.mkdir(parents=True, exist_ok=True)
    database.remove_files(out)
    where = {**database.sqlite_urls(out), **{system: sa.make_url(url) for system, url in (urls or {}).items()}}
    database.reset(where)
    sample = Sample(where, out, 0, 0)
    shutil.rmtree(sample.id_copies, ignore_errors=True)
    with ExitStack() as stack:
        engines = {system: database.connect(url) for system, url in where.items()}
        for engine in engines.values():
            stack.callback(engine.dispose)
        file = stack.enter_context(sample.expected.open("w", encoding="utf-8", newline=""))
        return _fill(sample, clusters(subjects, as_of, seed), Timeline(as_of), database.Writer(engines), file)


def _fill(sample: Sample, made: Iterator[Cluster], time: Timeline, writer: database.Writer, file: TextIO) -> Sample:
    """Write clusters as they come."""
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(HEADER)
    reference = list(_reference_rows(time))
    writer.add(reference)
    people, rows, holds = 0, len(reference), list[dict[str, object]]()
    for cluster in made:
        writer.add((row.table, row.values) for row in cluster.rows)
        lines.writerows(expected(cluster.rows))
        _write_files(sample.id_copies, cluster.files)
        holds.extend(cluster.holds)
        people += cluster.people
        rows += len(cluster.rows)
    writer.flush()
    sample.holds.write_text(json.dumps(holds, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
    return replace(sample, subjects=people, rows=rows)


def _write_files(root: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _reference_rows(time: Timeline) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, (first, last) in enumerate(time.fiscal_years, start=1):
        label = f"{first.year}" if first.year == last.year else f"{first.year}/{last:%y}"
        yield "fiscal_year", {"fiscal_year_id": number, "label": label, "starts_on": first, "ends_on": last}
    for number, (code, title) in SERIES_TITLES.items():
        yield "voucher_series", {"series_id": number, "code": code, "title": title}
    for number in range(1, CAMPAIGNS + 1):
        starts = wall_clock(time.ago(30 * number), 7)
        yield "campaign", {"campaign_id": number, "title": f"Nyhetsbrev {number}", "starts_at": starts}
    for number, title in enumerate(SEGMENTS, start=1):
        yield "segment", {"segment_id": number, "title": title}
