"""No personal data outside the systems: not in the ledger, the reports, the logs, what steps return, nor in errors.

Every personal text column of every row gets a canary: a text that occurs nowhere else. What joins people (e-mail
addresses, personnummer, customer numbers) stays as it is, or the run would decide otherwise; it is searched for as the
systems spell it, and as it is normalised.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
import yaml

from include.retention import errors
from tests.integration.conftest import PLANTED
from tests.integration.harness import Dump, Gallring, Iret, iret
from tests.places import ROOT, SYSTEMS

MARK = "zqxw"
"""No word, and no hexadecimal: whatever holds it holds a canary."""
LENGTH = len(MARK) + 3
"""Characters of a canary: a postcode has no room for one."""
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
JOINING = frozenset({"email", "identity_number", "customer_number", "phone", "organisation_number", "ip_address"})
"""Categories whose values stay what they are."""
SHORTEST = 6
"""Characters below which a value may be found anywhere by chance."""


def maps() -> dict[str, Any]:
    folder = ROOT / "include" / "policy" / "data_map"
    return {system: yaml.safe_load((folder / f"{system}.yaml").read_text("utf-8")) for system in SYSTEMS}


def personal_columns() -> Iterator[tuple[str, str, str, str]]:
    """Yield system, table, column and category of every personal column."""
    for system, data_map in maps().items():
        for table, declared in data_map["tables"].items():
            for column, about in declared["columns"].items():
                if isinstance(about, dict) and "category" in about:
                    yield system, table, column, about["category"]


def canary(number: int) -> str:
    high, low = divmod(number, len(DIGITS))
    return MARK + DIGITS[high // len(DIGITS)] + DIGITS[high % len(DIGITS)] + DIGITS[low]


def plant(gallring: Gallring) -> dict[str, str]:
    """Put a canary into every personal text; return canary -> column."""
    planted: dict[str, str] = {}
    before = gallring.dump()
    for system, table, column, category in personal_columns():
        if category in JOINING or column == "file_path":
            continue
        engine = sa.create_engine(gallring.urls[system])
        target = sa.Table(table, sa.MetaData(), autoload_with=engine)
        kind = target.c[column].type
        if not isinstance(kind, sa.String) or (kind.length or LENGTH) < LENGTH:
            continue
        with engine.begin() as connection:
            for row in before[f"{system}.{table}"].values():
                if not isinstance(row[column], str):
                    continue
                text = canary(len(planted))
                planted[text] = f"{system}.{table}.{column}"
                mine = [target.c[key.name] == row[key.name] for key in target.primary_key]
                connection.execute(sa.update(target).where(*mine).values({column: text}))
        engine.dispose()
    return planted


def identifying(before: Dump) -> dict[str, str]:
    """Return what tells people apart, as it is spelt and as it is normalised -> its column."""
    found: dict[str, str] = {}
    for system, table, column, category in personal_columns():
        for row in before[f"{system}.{table}"].values():
            value = row[column]
            if value is None or isinstance(value, (bool, int, float)) or MARK in str(value):
                continue
            if category == "ip_address" and str(value).endswith(".0"):
                continue
            for text in spellings(str(value), category):
                if len(text) >= SHORTEST:
                    found[text] = f"{system}.{table}.{column}"
    for key in before["sales.id_document"].values():
        found[str(key["document_id"])] = "sales.id_document.document_id"
    return {text: where for text, where in found.items() if len(text) >= SHORTEST}


def spellings(value: str, category: str) -> set[str]:
    """Return a value and its normal form."""
    if category in {"identity_number", "phone", "organisation_number"}:
        digits = re.sub(r"\D", "", value)
        return {value, digits, digits.lstrip("0"), digits[2:] if len(digits) == len("YYYYMMDDNNNN") else digits}
    return {value, value.lower(), value.strip()}


class Search:
    """Looks for canaries and identifiers in whatever it is shown."""

    def __init__(self, planted: Mapping[str, str], known: Mapping[str, str]) -> None:
        self.planted, self.known = planted, known
        self.pattern = re.compile("|".join(sorted(map(re.escape, known), key=len, reverse=True)))
        self.seen = 0

    def in_text(self, where: str, text: str) -> None:
        """Fail if a text holds personal data; say which column it came from, never what it was."""
        self.seen += len(text)
        at = text.find(MARK)
        if at >= 0:
            column = self.planted.get(text[at : at + LENGTH], "a personal column")
            pytest.fail(f"{where} holds what stood in {column}")
        found = self.pattern.search(text)
        if found:
            pytest.fail(f"{where} holds what stood in {self.known[found.group()]}")

    def in_folder(self, folder: Path) -> int:
        """Search every file below a folder; return how many there are."""
        files = [path for path in folder.rglob("*") if path.is_file()]
        for path in files:
            if path.suffix == ".parquet":
                self.in_frame(path.name, pd.read_parquet(path))
            else:
                self.in_text(path.name, path.read_bytes().decode("utf-8", errors="replace"))
        return len(files)

    def in_frame(self, where: str, frame: pd.DataFrame) -> None:
        # Record keys are what staging is there for; they are searched nowhere else.
        texts = frame.drop(
            columns=[name for name in frame if name == "key" or name.startswith("ref:")], errors="ignore"
        )
        for name in texts.select_dtypes(exclude="number"):
            self.in_text(f"{where}, column {name}", "\n".join(map(str, texts[name])))


def searching(systems: Iret) -> Search:
    planted = plant(systems.gallring)
    known = identifying(systems.gallring.dump())
    assert len(planted) > 1000, "canaries are in every system"
    assert {where.partition(".")[0] for where in planted.values()} == set(SYSTEMS)
    assert len(known) > 300
    return Search(planted, known)


def test_case_h13_a_run_leaves_no_personal_data_anywhere(
    small: Iret, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    gallring = small.gallring
    search = searching(small)
    planned = gallring.plan("canary")
    assert planned["due"] > 100
    for system in gallring.systems:
        gallring.step("discover", "canary", system)
    gallring.approve("canary", planned)
    gallring.step("confirm", "canary")
    gallring.act("canary")
    for system in gallring.systems:
        gallring.step("validate", "canary", system)
    assert search.in_folder(gallring.var / "staging") > 50, "it is searched while it is there"
    assert gallring.end("canary") == "DONE"

    assert search.in_folder(gallring.var) >= 5, "the control database and the four files of the report"
    search.in_text("what a step returned", json.dumps(gallring.told, ensure_ascii=False))
    search.in_text("the log", "\n".join(record.getMessage() for record in caplog.records) + caplog.text)
    out, err = capfd.readouterr()
    search.in_text("standard output", out)
    search.in_text("standard error", err)
    assert search.seen > 500_000


def test_the_search_finds_what_it_looks_for(small: Iret, tmp_path: Path) -> None:
    search = searching(small)
    some_canary, some_address = next(iter(search.planted)), next(text for text in search.known if "@" in text)
    for text in (f"x{some_canary}y", f"mail {some_address}."):
        with pytest.raises(pytest.fail.Exception, match="holds what stood in"):
            search.in_text("a text", text)
    pd.DataFrame({"a": ["b", some_canary]}).to_parquet(tmp_path / "frame.parquet")
    with pytest.raises(pytest.fail.Exception, match="column a"):
        search.in_folder(tmp_path)


REFUSE = {
    "sqlite": ["CREATE TRIGGER no BEFORE DELETE ON customer BEGIN SELECT RAISE(ABORT, 'no'); END"],
    "postgres": [
        (
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'not %: %', OLD.email, OLD.family_name; END $$"
        ),
        "CREATE TRIGGER no BEFORE DELETE ON customer FOR EACH ROW EXECUTE FUNCTION no()",
    ],
    "mariadb": [
        (
            "CREATE TRIGGER no BEFORE DELETE ON customer FOR EACH ROW BEGIN DECLARE told VARCHAR(200); "
            "SET told = CONCAT('not ', OLD.email, OLD.family_name); "
            "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = told; END"
        ),
    ],
}
"""A database that refuses to delete customers, and says which."""


@pytest.mark.parametrize("backend", REFUSE)
def test_a_database_that_names_whom_it_refuses_isnt_quoted(
    backend: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with iret(backend, tmp_path, PLANTED) as systems:
        gallring = systems.gallring
        search = searching(systems)
        gallring.approve("refused", gallring.plan("refused"))
        gallring.step("confirm", "refused")
        for statement in REFUSE[backend]:  # Any sooner, and the table would be closed.
            gallring.change("sales", statement.replace(":", r"\:"))
        raised = [error_of(gallring.step, "act", "refused", system) for system in gallring.systems]
        raised += [error_of(gallring.step, "validate", "refused", system) for system in gallring.systems]
        raised.append(error_of(gallring.end, "refused"))
        assert [type(error) for error in raised if error] == [errors.ActError, errors.ValidationError, errors.ActError]

        for error in raised:
            search.in_text("an exception", "".join(traceback.format_exception(error)) if error else "")
        assert gallring.ledger("refused", "not_done")
        assert gallring.report("refused")["summary"]["outcome"] == "FAILED"
        search.in_folder(gallring.var)
        search.in_text("the log", caplog.text)
        gallring.assert_chain_whole()


def error_of(call: Callable[..., Any], *arguments: Any) -> Exception | None:
    """Return what a call raises."""
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is looked into
        return error
    return None


def test_a_connection_that_cannot_be_opened_shows_no_password(small: Iret) -> None:
    address = {"conn_type": "postgres", "login": "gallring", "password": MARK, "host": "127.0.0.1", "port": 1}
    small.gallring.begin("down")
    small.gallring.patch.setenv("AIRFLOW_CONN_GALLRING_SALES", json.dumps({**address, "schema": "sales"}))
    error = error_of(small.gallring.step, "extract", "down", "sales")
    assert error is not None
    assert MARK not in "".join(traceback.format_exception(error))
    assert error_of(small.gallring.end, "down") is not None
    search = Search({}, {MARK: "the connection"})
    search.in_folder(small.gallring.var)
