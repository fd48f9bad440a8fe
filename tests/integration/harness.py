"""The system under test: three databases, a working directory, and the pipeline's steps called one after the other.

Nothing here knows the answer. What is expected comes from the sample's ``expected.csv`` and from the data maps as YAML,
and what is there is read by SQL of the tests' own.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from include.local.holds import place_holds
from include.retention import clock, pipeline
from include.retention.classify import REFERRED, RETAINED
from include.retention.ledger.chain import Entry, entries, verify_chain
from include.retention.ledger.store import make_control
from include.retention.policy.load import load_policy
from include.retention.run import RunRequest
from include.retention.settings import load_settings
from include.retention.terms import Mode
from include.sample.generate import Sample, create
from tests import services
from tests.places import ROOT, SYSTEMS

AS_OF = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
"""When the runs take place: noon in Stockholm on the day for which the sample expects its verdicts."""
KEY = "7f3a9c1e5b2d8f604a6c8e0b1d3f5a7c9e2b4d6f8a0c1e3b5d7f9a2c4e6b8d01"
SERVICES = {"postgres": services.POSTGRES, "mariadb": services.MARIADB}
CONN_TYPES = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql"}

Row = dict[str, Any]
Dump = dict[str, dict[str, Row]]
"""``system.table`` -> key as JSON -> row."""


@dataclass
class Gallring:
    """Gallring and the systems it works on.

    Attributes:
        var: its working directory.
        urls: address of each system's database.
        patch: sets the environment, for the length of the test.
        told: what every step has returned: all of it would pass through Airflow's XCom.
        failed: names of the steps that have raised, as Airflow would hand them to the last two.
    """

    var: Path
    urls: Mapping[str, sa.URL]
    patch: pytest.MonkeyPatch
    told: list[dict[str, Any]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        environment = {"GALLRING_VAR": str(self.var), "GALLRING_KEY": KEY, "GALLRING_BUCKETS": "1"}
        for name, value in {**environment, **connections(self.urls)}.items():
            self.patch.setenv(name, value)
        for name in ("GALLRING_FIRST_RUN", "GALLRING_CONTROL_URL", "GALLRING_POLICY", "GALLRING_BATCH_ROWS"):
            self.patch.delenv(name, raising=False)
        self.set_clock(NOON)

    def set_clock(self, at: datetime) -> None:
        """Let the clock stand at an instant and go on from there, and let no server know better."""
        began = time.monotonic()
        self.patch.setattr(clock, "now", lambda: at + timedelta(seconds=time.monotonic() - began))
        self.patch.setattr(clock, "of_server", lambda _connection: None)

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems, sorted."""
        return tuple(sorted(self.urls))

    def step(self, name: str, *arguments: Any) -> dict[str, Any]:
        """Call a step as a task would, and note what it returns or that it raised."""
        try:
            answer: dict[str, Any] = getattr(pipeline, name)(*arguments)
        except Exception:
            self.failed.append(name)
            raise
        self.told.append(answer)
        return answer

    def plan(self, run_id: str, *, mode: Mode = Mode.ENFORCE, as_of: date = AS_OF, buckets: int = 1) -> dict[str, Any]:
        """Run from the beginning to a sealed plan."""
        self.begin(run_id, mode=mode, as_of=as_of)
        self.patch.setenv("GALLRING_BUCKETS", str(buckets))
        for system in self.systems:
            self.step("extract", run_id, system)
        self.step("resolve", run_id)
        for bucket in range(buckets):
            self.step("classify", run_id, bucket)
        return self.step("plan", run_id)

    def begin(self, run_id: str, *, mode: Mode = Mode.ENFORCE, as_of: date = AS_OF) -> None:
        """Begin a run."""
        self.failed.clear()
        self.step("begin", RunRequest(run_id, f"manual__{run_id}", "manual", mode, as_of))

    def approve(self, run_id: str, planned: Mapping[str, Any]) -> None:
        """Answer as whoever is asked: a human where a guard wants one."""
        if planned["needs_approval"]:
            self.answer(run_id, planned["digest"])
        else:
            self.step("approve_automatically", run_id)

    def answer(self, run_id: str, digest: str, *, approved: bool = True) -> None:
        """Answer as a human."""
        self.step("record_answer", run_id, digest, approved, "dpo")

    def act(self, run_id: str) -> None:
        """Carry out the plan in every system."""
        for system in self.systems:
            self.step("act", run_id, system)

    def close(self, run_id: str) -> str:
        """Validate, report and finish; return the outcome."""
        for system in self.systems:
            self.step("validate", run_id, system)
        return self.end(run_id)

    def end(self, run_id: str) -> str:
        """Report and finish; return the outcome."""
        outcome = self.step("report", run_id, list(self.failed))["outcome"]
        assert self.step("finish", run_id, list(self.failed))["outcome"] == outcome
        return str(outcome)

    def whole(self, run_id: str, **asked: Any) -> str:
        """Run from beginning to end; return the outcome."""
        planned = self.plan(run_id, **asked)
        self.approve(run_id, planned)
        self.step("confirm", run_id)
        self.act(run_id)
        return self.close(run_id)

    @contextmanager
    def control(self) -> Iterator[sa.Connection]:
        """Give a connection to the control database."""
        engine = make_control(f"sqlite:///{self.var / 'control' / 'control.db'}")
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def ledger(self, run_id: str | None = None, kind: str | None = None) -> list[Entry]:
        """Return ledger entries in their order."""
        with self.control() as connection:
            return list(entries(connection, run_id, kind))

    def assert_chain_whole(self) -> None:
        """Nothing in the ledger was changed, inserted or cut off."""
        with self.control() as connection:
            state = verify_chain(connection)
        assert state.ok, state.what

    def report(self, run_id: str) -> dict[str, Any]:
        """Return a run's report as data."""
        content: dict[str, Any] = json.loads((self.var / "reports" / run_id / "report.json").read_text("utf-8"))
        return content

    def decided(self, run_id: str) -> dict[tuple[str, str, str, str], str]:
        """Return (system, table, key as JSON, group) -> verdict, from the plan's staging. Group "" is the whole row."""
        plan = self.var / "staging" / run_id / "plan"
        found = {}
        for system, data_map in load_policy(load_settings(os.environ).policy).maps.items():
            for table in data_map.tables.values():
                rows = pd.read_parquet(plan / "decided" / f"{system}.{table.name}.parquet")
                for key, goes in zip(rows["key"], rows["delete"], strict=True):
                    found[system, table.name, key, ""] = "DELETE" if goes else "RETAIN"
                if not table.groups:
                    continue
                parts = sorted((plan / "classified" / f"{system}.{table.name}").glob("*.parquet"))
                classes = pd.concat([pd.read_parquet(part) for part in parts]).sort_values("id")
                for group in table.groups:
                    states = zip(rows["key"], classes[f"state:{group}"], rows["delete"], strict=True)
                    for key, state, goes in states:
                        kept = {RETAINED: "RETAIN", REFERRED: "REFER"}.get(state)
                        found[system, table.name, key, group] = kept or ("DELETE" if goes else "ANONYMISE")
        return found

    def dump(self) -> Dump:
        """Return every row of every system, tables and keys sorted."""
        return dump(self.urls)

    def control_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of the control database, by table."""
        with self.control() as connection:
            names = sorted(sa.inspect(connection).get_table_names())
            return {
                name: sorted(map(tuple, connection.exec_driver_sql(f'SELECT * FROM "{name}"')), key=repr)
                for name in names
            }

    def change(self, system: str, statement: str, **values: Any) -> int:
        """Change a system's data as its own staff would; return the number of rows."""
        engine = sa.create_engine(self.urls[system])
        try:
            with engine.begin() as connection:
                return connection.execute(sa.text(statement), values).rowcount
        finally:
            engine.dispose()


@dataclass(frozen=True)
class Expectation:
    """What ``expected.csv`` says of one column group of a record."""

    system: str
    table: str
    key: str
    group: str
    verdict: str
    case: str


def expectations(sample: Sample) -> list[Expectation]:
    """Return what is expected, keys spelt as the tests spell them."""
    read = pd.read_csv(sample.expected, keep_default_na=False, dtype=str)
    rows = read[["system", "table", "key", "group", "verdict", "case"]].itertuples(index=False, name=None)
    return [Expectation(system, table, spelt(json.loads(key)), *rest) for system, table, key, *rest in rows]


def policy_with(folder: Path, old: str, new: str) -> Path:
    """Return a copy of the shipped policy with one text of the retention schedule replaced by another."""
    copy = Path(shutil.copytree(ROOT / "include" / "policy", folder / "policy"))
    schedule = copy / "retention_schedule.yaml"
    text = schedule.read_text("utf-8")
    assert text.count(old) == 1
    schedule.write_text(text.replace(old, new), "utf-8")
    return copy


def spelt(key: Sequence[Any]) -> str:
    """Return a record's key as JSON."""
    return json.dumps(list(key), ensure_ascii=False)


def dump(urls: Mapping[str, sa.URL]) -> Dump:
    """Return every row of every table, by key."""
    found: Dump = {}
    for system, url in sorted(urls.items()):
        engine = sa.create_engine(url)
        try:
            with engine.connect() as connection:
                found.update({f"{system}.{name}": rows for name, rows in _tables(engine, connection)})
        finally:
            engine.dispose()
    return found


def _tables(engine: sa.Engine, connection: sa.Connection) -> Iterator[tuple[str, dict[str, Row]]]:
    quote = engine.dialect.identifier_preparer.quote_identifier
    inspector = sa.inspect(engine)
    for name in sorted(inspector.get_table_names()):
        key = inspector.get_pk_constraint(name)["constrained_columns"]
        rows = (dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {quote(name)}").mappings())
        by_key = {spelt([row[column] for column in key]): row for row in rows}
        yield name, dict(sorted(by_key.items()))


def connections(urls: Mapping[str, sa.URL]) -> dict[str, str]:
    """Return the environment's settings for the systems' databases."""
    return {f"AIRFLOW_CONN_GALLRING_{system.upper()}": connection_setting(url) for system, url in urls.items()}


def connection_setting(url: sa.URL) -> str:
    """Return an Airflow connection as JSON."""
    kind = CONN_TYPES[url.get_backend_name()]
    if kind == "sqlite":
        return json.dumps({"conn_type": kind, "host": url.database})
    fields = {"login": url.username, "password": url.password, "host": url.host, "port": url.port}
    return json.dumps({"conn_type": kind, "schema": url.database, **fields})


@contextmanager
def databases(backend: str, names: Sequence[str], folder: Path) -> Iterator[dict[str, sa.URL]]:
    """Give an empty database for each system, dropped afterwards."""
    with ExitStack() as stack:
        if backend == "sqlite":
            yield {name: sa.URL.create("sqlite", database=str(folder / f"{name}.db")) for name in names}
        else:
            yield {name: stack.enter_context(services.fresh_database(SERVICES[backend])) for name in names}


@dataclass
class Iret:
    """The sample company's systems, filled, with Gallring beside them."""

    gallring: Gallring
    sample: Sample

    @property
    def files(self) -> set[str]:
        """Paths of the ID copies that are there, below their root."""
        root = self.sample.id_copies
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    def keep(self, stage: str) -> None:
        """Keep SQLite databases, files and working directory as they are now."""
        for part in (self.sample.folder, self.gallring.var):
            shutil.copytree(part, part.parent / "keep" / stage / part.name)

    def restore(self, stage: str) -> None:
        """Put everything back as it was kept, at noon of ``AS_OF``."""
        for part in (self.sample.folder, self.gallring.var):
            shutil.rmtree(part)
            shutil.copytree(part.parent / "keep" / stage / part.name, part)
        self.gallring.failed.clear()
        self.gallring.set_clock(NOON)


@contextmanager
def iret(backend: str, home: Path, subjects: int) -> Iterator[Iret]:
    """Give the sample systems on a backend, with the legal holds in place, and Gallring at noon of ``AS_OF``."""
    out = home / "sample"
    with databases(backend, SYSTEMS, out) as urls, pytest.MonkeyPatch.context() as patch:
        sample = create(out, subjects=subjects, as_of=AS_OF, seed=3, urls=None if backend == "sqlite" else urls)
        gallring = Gallring(home / "var", urls, patch)
        patch.setenv("GALLRING_FILES_ID_COPIES", str(sample.id_copies))
        place_holds(sample.holds, os.environ)
        yield Iret(gallring, sample)
