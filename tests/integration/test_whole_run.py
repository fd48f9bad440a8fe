"""A whole run, record by record: what is decided, what is gone, what is left, and that nothing else has changed."""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.integration.harness import AS_OF, Dump, Expectation, Gallring, Iret, expectations
from tests.places import ROOT, SYSTEMS

MAPS = {
    system: yaml.safe_load((ROOT / "include" / "policy" / "data_map" / f"{system}.yaml").read_text("utf-8"))
    for system in SYSTEMS
}
RUN = "first"


def test_everything_due_goes_and_nothing_else(everywhere: Iret) -> None:
    gallring, sample = everywhere.gallring, everywhere.sample
    expected = expectations(sample)
    before, files = gallring.dump(), everywhere.files

    planned = gallring.plan(RUN, buckets=3)
    assert_decided(gallring, expected)
    assert gallring.dump() == before, "nothing is changed before the act"

    gallring.approve(RUN, planned)
    assert gallring.step("confirm", RUN)["drift"] == {}
    gallring.act(RUN)
    after = gallring.dump()
    assert_rows(before, after, expected)
    assert_files(before, expected, files, everywhere.files)

    assert gallring.close(RUN) == "DONE"
    assert gallring.dump() == after, "validation and report change nothing"
    assert_ended_well(gallring)
    assert_second_run_is_idle(gallring)


def assert_decided(gallring: Gallring, expected: list[Expectation]) -> None:
    """Every verdict is the expected one, nothing is expected that wasn't decided, and nothing decided unasked."""
    got = gallring.decided(RUN)
    wrong: Counter[str] = Counter()
    for each in expected:
        verdict = got.get((each.system, each.table, each.key, each.group))
        if verdict != each.verdict:
            early = verdict in {"DELETE", "ANONYMISE"} and each.verdict in {"RETAIN", "REFER"}
            how = "too early" if early else "too late" if each.verdict in {"DELETE", "ANONYMISE"} else "otherwise"
            where = f"{each.system}.{each.table}/{each.group} ({each.case})"
            wrong[f"{how}: {where} {each.verdict}, decided {verdict}"] += 1
    assert not wrong, "\n".join(f"{count} x {what}" for what, count in wrong.most_common(20))
    told = {(each.system, each.table, each.key) for each in expected}
    for system, data_map in MAPS.items():
        reference = {name for name, table in data_map["tables"].items() if table.get("personal") is False}
        unasked = {key for key in got if key[0] == system and key[1] not in reference and key[:3] not in told}
        assert len(unasked) == 0, "a record was decided that nobody expected"
        assert {got[key] for key in got if key[0] == system and key[1] in reference} <= {"RETAIN"}


def assert_rows(before: Dump, after: Dump, expected: list[Expectation]) -> None:
    """What is to go is gone; what stays has each column as it was, or as its method leaves it."""
    verdicts: dict[str, dict[str, dict[str, str]]] = {}
    for each in expected:
        verdicts.setdefault(f"{each.system}.{each.table}", {}).setdefault(each.key, {})[each.group] = each.verdict
    wrong: Counter[str] = Counter()
    for name, rows in before.items():
        told = verdicts.get(name, {})
        assert set(told) == set(rows) or not told, f"{name}: expected.csv and the table have other keys"
        gone = {key for key, groups in told.items() if "DELETE" in groups.values()}
        wrong[f"{name}: rows that should be gone"] += len(gone & set(after[name]))
        wrong[f"{name}: rows that should be there"] += len(set(rows) - gone - set(after[name]))
        wrong[f"{name}: rows from nowhere"] += len(set(after[name]) - set(rows))
        for key in set(after[name]) - gone:
            for column, why in changes(name, rows[key], after[name][key], told.get(key, {}), key):
                wrong[f"{name}.{column}: {why}"] += 1
    wrong = +wrong
    assert not wrong, "\n".join(f"{count} x {what}" for what, count in wrong.most_common(20))


def changes(
    name: str, was: dict[str, Any], now: dict[str, Any], groups: dict[str, str], key: str
) -> Iterator[tuple[str, str]]:
    """Yield the columns of a row that aren't what they should be."""
    system, _, table = name.partition(".")
    columns = MAPS[system]["tables"][table]["columns"]
    for column, value in was.items():
        declared = columns[column] if isinstance(columns[column], dict) else {}
        erased = groups.get(declared.get("group", "")) == "ANONYMISE"
        should = left(value, declared.get("method", "set_null"), key) if erased else value
        if now[column] != should:
            yield column, "not erased by its method" if erased else "changed though it was to be kept"


def left(value: Any, method: str | dict[str, Any], key: str) -> Any:
    """Return what a method leaves of a value: the table of methods, written a second time."""
    if value is None or method == "set_null":
        return None
    name, argument = next(iter(method.items())) if isinstance(method, dict) else (method, None)
    match name:
        case "constant":
            return type(value)(argument)
        case "shorten":
            return value[:argument]
        case "year_of_date":
            day = date.fromisoformat(value) if isinstance(value, str) else value
            return type(value)(f"{day.year:04d}-01-01") if isinstance(value, str) else day.replace(month=1, day=1)
        case "ip_network" if ":" in value:
            return None  # A text column can't hold the network of an IPv6 address.
        case "ip_network":
            return str(ipaddress.ip_network(f"{value}/24", strict=False).network_address)
        case "unique_placeholder":
            return f"gallrad-{json.loads(key)[0]}@gallring.invalid"
        case "bucket":
            assert isinstance(value, (int, float, Decimal))
            return value - value % argument
    raise AssertionError(name)


def assert_files(before: Dump, expected: list[Expectation], was: set[str], now: set[str]) -> None:
    """The copies of deleted documents are gone with what was made of them, and every other file is there."""
    gone: set[str] = set()
    for each in expected:
        if (each.table, each.group) == ("id_document", "copy") and each.verdict in {"DELETE", "ANONYMISE"}:
            path = before["sales.id_document"][each.key]["file_path"]
            if path:
                stem = path.rpartition(".")[0]
                gone |= {path, f"{stem}_thumb.jpg", f"{stem}.txt"}
    assert gone & was, "the sample has copies to delete"
    assert was - gone, "the sample has copies to keep"
    assert now == was - gone


def assert_ended_well(gallring: Gallring) -> None:
    """Every check passed, every batch is accounted for, the report is there, staging isn't, the ledger is whole."""
    checks = [check for entry in gallring.ledger(RUN, "validated") for check in entry.body["checks"]]
    assert len(checks) > 100
    assert [check for check in checks if check["outcome"] != "pass"] == []
    batches = [entry.body for entry in gallring.ledger(RUN, "batch_verified")]
    assert sum(body["done"] for body in batches) > 100
    assert {(body["drift"], body["remaining"]) for body in batches} == {(0, 0)}
    assert gallring.ledger(RUN, "not_done") == []
    assert_reported(gallring, RUN, "DONE")


def assert_reported(gallring: Gallring, run_id: str, outcome: str) -> None:
    folder = gallring.var / "reports" / run_id
    names = {path.name for path in folder.iterdir()}
    assert names == {"gallringsprotokoll.sv.html", "gallringsprotokoll.en.html", "report.csv", "report.json", "rules"}
    assert all((folder / name).stat().st_size for name in names)
    assert gallring.report(run_id)["summary"]["outcome"] == outcome
    assert list_dir(gallring.var / "staging") == [], "staging holds keys and must not outlive its run"
    gallring.assert_chain_whole()


def list_dir(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def assert_second_run_is_idle(gallring: Gallring, as_of: date = AS_OF) -> None:
    """A run after a run has nothing to do, and changes nothing at all."""
    before = gallring.dump()
    planned = gallring.plan("second", as_of=as_of)
    assert planned["due"] == 0
    assert not planned["needs_approval"]
    gallring.approve("second", planned)
    assert gallring.step("confirm", "second") == {"records": 0, "drift": {}}
    gallring.act("second")
    assert gallring.close("second") == "NOTHING_DUE"
    assert gallring.dump() == before
    assert_reported(gallring, "second", "NOTHING_DUE")
    assert gallring.ledger("second", "batch_started") == []


def test_the_table_of_methods_knows_dates_of_every_kind() -> None:
    assert left(date(1970, 5, 2), "year_of_date", "[1]") == date(1970, 1, 1)
    assert left("1970-05-02", "year_of_date", "[1]") == "1970-01-01"
    assert left(datetime(1970, 5, 2, 3), "year_of_date", "[1]").date() == date(1970, 1, 1)  # noqa: DTZ001
