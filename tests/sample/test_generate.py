"""The generator: the same dice give the same data, and what is expected covers all of it once."""

from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import islice, pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from include.sample import Sample, create
from include.sample.database import CHUNK, Writer, connect, count
from include.sample.days import Timeline
from include.sample.generate import _reference_rows, clusters
from include.sample.outcomes import GROUPS, KEYS, SYSTEM_OF, TABLES, WHOLES
from include.sample.schema import SYSTEMS
from tests.sample.conftest import AS_OF

ROOT = Path(__file__).resolve().parents[2]


def dump(sample: Sample) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for system, url in sample.urls.items():
        engine = connect(url)
        with engine.connect() as connection:
            for table in SYSTEMS[system].sorted_tables:
                found[table.name] = [
                    tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))
                ]
        engine.dispose()
    return found


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_sample(tmp_path: Path) -> None:
    first, second = (create(tmp_path / name, subjects=300, as_of=AS_OF, seed=5) for name in ("one", "two"))
    assert dump(first) == dump(second)
    assert first.expected.read_bytes() == second.expected.read_bytes()
    assert first.holds.read_bytes() == second.holds.read_bytes()
    assert files(first.id_copies) == files(second.id_copies)


def test_another_seed_gives_another_sample(tmp_path: Path) -> None:
    first, second = (create(tmp_path / str(seed), subjects=300, as_of=AS_OF, seed=seed) for seed in (5, 6))
    assert dump(first)["customer"] != dump(second)["customer"]


def test_a_sample_is_made_anew(tmp_path: Path) -> None:
    large = create(tmp_path, subjects=400, as_of=AS_OF, seed=5)
    before = files(large.id_copies).keys()
    small = create(tmp_path, subjects=1, as_of=AS_OF, seed=5)
    assert small.rows < large.rows
    assert files(small.id_copies).keys() < before


def test_a_large_sample_begins_like_a_small_one() -> None:
    few = [row.values for cluster in clusters(400, AS_OF, 5) for row in cluster.rows]
    many = [row.values for cluster in islice(clusters(10**9, AS_OF, 5), 600) for row in cluster.rows]
    assert many[: len(few)] == few


def test_the_number_of_subjects_is_met(sample: Sample) -> None:
    assert 1500 <= sample.subjects < 1510


def test_days_before_the_planted_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="as_of"):
        next(clusters(10, date(2021, 12, 31), 1))


def test_it_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many subjects are asked for, no more rows are held than a chunk and a cluster."""
    monkeypatch.setattr("include.sample.database.CHUNK", 500)
    held: list[int] = []
    written: list[int] = []

    class Watched(Writer):
        def add(self, rows: object) -> None:
            super().add(rows)  # type: ignore[arg-type]
            held.append(self.held)

        def flush(self) -> None:
            written.append(self.held)
            super().flush()

    monkeypatch.setattr("include.sample.database.Writer", lambda engines: Watched(engines, limit=500))
    create(tmp_path, subjects=800, as_of=AS_OF, seed=2)
    largest = max(len(cluster.rows) for cluster in clusters(800, AS_OF, 2))
    assert max(held) < 500
    assert max(written) < 500 + largest
    assert len(written) > 10
    assert CHUNK + largest < 20_000


def test_nothing_is_made_before_it_is_asked_for() -> None:
    assert sum(1 for _ in islice(clusters(10**12, AS_OF, 1), 200)) == 200


def test_rows_are_all_there_and_refer_to_each_other(sample: Sample, engines: Mapping[str, sa.Engine]) -> None:
    assert sum(count(engines).values()) == sample.rows
    for engine in engines.values():
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_every_personal_row_is_expected_exactly_once(
    engines: Mapping[str, sa.Engine], expected: list[dict[str, str]]
) -> None:
    lines = Counter((line["system"], line["table"], line["key"], line["group"]) for line in expected)
    assert set(lines.values()) == {1}
    found: dict[tuple[str, str], set[str]] = {}
    for line in expected:
        found.setdefault((line["table"], line["key"]), set()).add(line["group"])
        assert line["system"] == SYSTEM_OF[line["table"]]
        assert line["verdict"] in {"RETAIN", "ANONYMISE", "DELETE", "REFER"}
    for name, groups in GROUPS.items():
        table = TABLES[name]
        with engines[SYSTEM_OF[name]].connect() as connection:
            keys = [json.dumps(list(row)) for row in connection.execute(sa.select(*table.primary_key))]
        assert {key for table_name, key in found if table_name == name} == set(keys)
        assert keys, f"{name} is empty"
        assert all(found[name, key] in ({""}, set(groups)) for key in keys)


def test_impersonal_rows_are_companies(engines: Mapping[str, sa.Engine], expected: list[dict[str, str]]) -> None:
    """A row without groups is a legal person's, or a part that follows its whole."""
    plain = {(line["table"], line["key"]) for line in expected if line["group"] == ""}
    assert {table for table, _ in plain} == {"company", "debtor", *WHOLES}
    for name, column in (("company", "legal_form"), ("debtor", "kind")):
        table = TABLES[name]
        with engines[SYSTEM_OF[name]].connect() as connection:
            rows = connection.execute(sa.select(*table.primary_key, table.c[column])).all()
        assert {json.dumps([key]) for key, kind in rows if kind not in {"EF", "private"}} == {
            key for table_name, key in plain if table_name == name
        }


def maps() -> dict[str, dict[str, object]]:
    folder = ROOT / "include" / "policy" / "data_map"
    return {system: yaml.safe_load((folder / f"{system}.yaml").read_text(encoding="utf-8")) for system in SYSTEMS}


def test_the_sample_and_the_data_maps_know_the_same_tables_columns_and_groups() -> None:
    for system, content in maps().items():
        tables = content["tables"]
        assert isinstance(tables, dict)
        assert set(tables) == set(SYSTEMS[system].tables)
        for name, declared in tables.items():
            assert set(declared["columns"]) == set(TABLES[name].columns.keys()), name
            key = declared["key"]
            assert tuple([key] if isinstance(key, str) else key) == KEYS[name]
            assert set(declared.get("groups", {})) == set(GROUPS.get(name, ())), name
            assert (declared.get("personal") is False) == (name not in GROUPS)
            follows = name in GROUPS and "groups" not in declared
            assert follows == (name in WHOLES)


def test_a_modest_part_is_due(expected: list[dict[str, str]]) -> None:
    """Apart from the planted cases the population is one that has been culled for a while."""
    rows: dict[str, dict[str, set[str]]] = {}
    for line in expected:
        if not line["case"]:
            rows.setdefault(line["table"], {}).setdefault(line["key"], set()).add(line["verdict"])
    for table, keys in rows.items():
        if len(keys) >= 300:
            share = sum(verdicts == {"DELETE"} for verdicts in keys.values()) / len(keys)
            assert share < 0.2, table
    everything = [verdicts for keys in rows.values() for verdicts in keys.values()]
    assert 0.03 < sum(verdicts == {"DELETE"} for verdicts in everything) / len(everything) < 0.12


def test_the_expected_verdicts_owe_nothing_to_the_engine() -> None:
    for path in (ROOT / "include" / "sample").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith("include.retention") for name in names), path


def test_fiscal_years_follow_each_other_without_gap() -> None:
    time = Timeline(AS_OF)
    years = time.fiscal_years
    assert all((after[0] - before[1]).days == 1 for before, after in pairwise(years))
    months = {round((last - first).days / 30.44) for first, last in years}
    assert months == {6, 12, 18}
    assert time.fiscal_year(years[0][0].replace(year=years[0][0].year - 1)) is None
    assert sum(table == "fiscal_year" for table, _ in _reference_rows(time)) == len(years)


def test_lines_add_up_to_the_invoice_to_the_ore(engines: Mapping[str, sa.Engine]) -> None:
    query = (
        "SELECT count(*) FROM invoice JOIN (SELECT invoice_id, sum(amount) AS total FROM invoice_line GROUP BY 1) "
        "USING (invoice_id) WHERE abs(amount - total) > 0.001"
    )
    with engines["finance"].connect() as connection:
        assert connection.exec_driver_sql(query).scalar() == 0


def test_holds_say_whose_and_why(sample: Sample) -> None:
    holds = json.loads(sample.holds.read_text(encoding="utf-8"))
    assert {hold["case"] for hold in holds} == {"F01", "F11"}
    for hold in holds:
        assert hold["owner"]
        assert hold["reason"]
        assert date.fromisoformat(hold["review_on"]) > AS_OF
        if hold["scope"] == "record":
            assert len(hold["key"]) == len(KEYS[hold["table"]])
        else:
            assert set(hold["identifier"]) == {"kind", "value"}


def test_id_copies_lie_on_disk_with_their_derivatives(sample: Sample, engines: Mapping[str, sa.Engine]) -> None:
    table = TABLES["id_document"]
    with engines["sales"].connect() as connection:
        paths = connection.execute(sa.select(table.c.file_path)).scalars().all()
    stems = [path.removesuffix(".jpg") for path in paths]
    wanted = {f"{stem}{end}" for stem in stems for end in (".jpg", "_thumb.jpg", ".txt")}
    assert files(sample.id_copies).keys() == wanted
    assert len(wanted) > 30


def test_the_command_line_makes_the_same(tmp_path: Path) -> None:
    arguments = ["--subjects", "300", "--as-of", AS_OF.isoformat(), "--seed", "5", "--out", str(tmp_path / "line")]
    command = [sys.executable, "-m", "include.sample", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "subjects" in done.stdout
    made = create(tmp_path / "api", subjects=300, as_of=AS_OF, seed=5)
    assert (tmp_path / "line" / "expected.csv").read_bytes() == made.expected.read_bytes()
    with made.expected.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["system", "table", "key", "group", "verdict", "case"]
