"""Keys that are personal, and files that no row names."""

from __future__ import annotations

import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from include.retention.connections import engine_at
from include.retention.orphan_files import check_orphan_files
from include.retention.policy.load import load_policy
from tests.schemas.office import BACKENDS, PERSON, office, table

ADDRESSES = ("kanariefagel@example.com", "stannar@example.com")
BY_EMAIL: dict[str, Any] = deepcopy(PERSON) | {"key": "email"}
BY_EMAIL["subjects"]["person"]["identifiers"] = {"email": "email"}
BY_EMAIL["columns"] = {
    "email": {"category": "email", "group": "all"},
    "name": {"category": "name", "group": "all"},
    "ended_on": "Last day",
}
MADE = [
    "CREATE TABLE person (email {TEXT} NOT NULL PRIMARY KEY, name {TEXT}, ended_on date)",
    f"INSERT INTO person VALUES ('{ADDRESSES[0]}', 'N', '2020-01-31'), ('{ADDRESSES[1]}', 'N', NULL)",
]
ERRAND = (
    "CREATE TABLE errand (id integer NOT NULL PRIMARY KEY, email {TEXT}, "
    "FOREIGN KEY (email) REFERENCES person (email) ON UPDATE CASCADE)"
)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_personal_key_goes_with_its_row_and_stands_in_no_evidence(backend: str, tmp_path: Path) -> None:
    with office(backend, tmp_path, MADE, {"person": BY_EMAIL}) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert found.ids("person", "email") == [ADDRESSES[1]]
        entries = repr(list(found.gallring.ledger())) + repr(found.gallring.control_rows())
        reports = [path.read_bytes() for path in (found.gallring.var / "reports").rglob("*") if path.is_file()]
        told = repr(found.gallring.told)
    assert len(reports) > 3
    assert not [text for text in (entries, told) if "@example.com" in text or "kanariefagel" in text]
    assert not [content for content in reports if b"kanariefagel" in content or b"stannar" in content]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_personal_key_that_others_refer_to_is_refused(backend: str, tmp_path: Path) -> None:
    tables = {"person": BY_EMAIL, "errand": table(notes=["email"]) | {"personal": False, "note": "No persons"}}
    with office(backend, tmp_path, [*MADE, ERRAND], tables) as found:
        (problem,) = found.check()
    assert (problem.code, problem.key) == ("KEY_COLUMN_PERSONAL", "tables.person.columns.email.method")
    assert problem.remedy.endswith("give the table a key of its own that tells nothing.")


SCANS = [
    "CREATE TABLE person (id integer NOT NULL PRIMARY KEY, no {TEXT}, name {TEXT}, ended_on date, scan {TEXT})",
    "INSERT INTO person VALUES (1, 'K1', 'N', '2020-01-31', 'a/1.jpg'), (2, 'K2', 'N', NULL, 'a/2.jpg')",
]
SCANNED = deepcopy(PERSON)
SCANNED["columns"]["scan"] = {"category": "name", "group": "all"}
SCANNED["files"] = [{"column": "scan", "root": "scans", "group": "all", "derivatives": ["{stem}.txt"]}]


def test_files_that_no_row_names_are_counted_with_their_age_and_left(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    (scans / "a").mkdir(parents=True)
    for name in ("a/1.jpg", "a/1.txt", "a/2.jpg", "a/2.txt", "a/9.jpg", "stray.pdf"):
        (scans / name).write_text("x")
    os.utime(scans / "a/9.jpg", (1_551_700_000, 1_551_700_000))
    roots = {"scans": str(scans)}
    with office("sqlite", tmp_path, SCANS, {"person": SCANNED}, file_roots=roots) as found:
        engine = engine_at(found.url)
        (notice,) = check_orphan_files(load_policy(found.policy).maps["office"], engine)
        engine.dispose()
        assert (notice.code, notice.key, notice.table) == ("ORPHAN_FILES", "file_roots.scans", None)
        assert notice.what == "holds 2 files of 6 that no row names, the oldest of 2019-03-04."
        assert found.run() == "DONE"
        report = repr(found.gallring.report("first"))
    assert "Every file has a row that refers to it (scans, the oldest of 2019-03-04)" in report
    assert "stray" not in report
    left = sorted(path.relative_to(scans).as_posix() for path in scans.rglob("*") if path.is_file())
    assert left == ["a/2.jpg", "a/2.txt", "a/9.jpg", "stray.pdf"]
