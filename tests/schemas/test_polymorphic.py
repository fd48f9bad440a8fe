"""References that lead to several tables: followed everywhere, and a border to what is deleted."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.retention.errors import ConfigurationError
from tests.accounts import account, as_account, execute
from tests.integration.harness import Gallring
from tests.schemas.office import BACKENDS, PERSON, Office, office, people, reference_table, table

CASES = "CREATE TABLE errand (id integer NOT NULL PRIMARY KEY, person integer, subject {TEXT})"
ERRANDS = "INSERT INTO errand VALUES (10, 1, 'x'), (20, 2, 'y')"
ERRAND = table(
    personal=["subject"],
    notes=["person"],
    subjects={"person": {"through": "person", "table": "person", "role": "person"}},
)
TEXT = {"column": "resource", "separator": ",", "to": {"party.party": "person", "crm.errand": "errand"}}
BOTH = [{"table": "person", "by": "resource"}, {"table": "errand", "by": "resource"}]
ATTACHMENTS = [
    "CREATE TABLE attachment (id integer NOT NULL PRIMARY KEY, resource {TEXT}, body {BINARY})",
    "INSERT INTO attachment (id, resource) VALUES (1, 'party.party,1'), (2, 'party.party,2'), (3, 'crm.errand,10')",
    "INSERT INTO attachment (id, resource) VALUES (4, 'crm.errand,20'), (5, NULL), (6, 'party.party,')",
    "INSERT INTO attachment (id, resource) VALUES (7, 'party.party,-1'), (8, 'ir.cron,1'), (9, '')",
]
ELSEWHERE = {"ir.cron": "Jobs of the server; no persons"}


def attachment(**more: Any) -> Any:
    """A table of attachments that go with what they hang on."""
    reference = {**TEXT, "elsewhere": ELSEWHERE, **more.pop("reference", {})}
    return table(notes=["resource", "body"], references={"resource": reference}, **{"part_of": BOTH, **more})


@pytest.mark.parametrize("backend", BACKENDS)
def test_attachments_go_with_what_they_hang_on(backend: str, tmp_path: Path) -> None:
    ddl = [*people(), CASES, ERRANDS, *ATTACHMENTS]
    with office(backend, tmp_path, ddl, {"person": PERSON, "errand": ERRAND, "attachment": attachment()}) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        assert found.ids("person") == [2, 4]
        assert found.ids("errand") == [20]
        assert found.ids("attachment") == [2, 4, 5, 6, 7, 8, 9]
        assert found.run("second") == "NOTHING_DUE"


@pytest.mark.parametrize("backend", ["postgres", "mariadb"])
def test_a_table_that_may_not_be_read_is_told_as_such(backend: str, tmp_path: Path) -> None:
    """Other problems of the system are told beside it, and a run says the same as the check."""
    ddl = [*people(), CASES, ERRANDS, *ATTACHMENTS, "CREATE TABLE more (id integer NOT NULL PRIMARY KEY)"]
    tables = {"person": PERSON, "errand": ERRAND, "attachment": attachment()}
    with office(backend, tmp_path, ddl, tables) as found, account(found.url) as name:
        to = name if backend == "postgres" else f"{name}@'%'"
        execute(
            found.url, *(f"GRANT SELECT, UPDATE, DELETE ON {each} TO {to}" for each in ("person", "errand", "more"))
        )
        execute(found.url, f"GRANT DELETE ON attachment TO {to}")
        own = as_account(found.url, name)
        codes = replace(found, url=own).codes()
        assert "SELECT_MISSING tables.attachment" in codes
        assert "UNDECLARED_TABLE tables.more" in codes
        with pytest.MonkeyPatch.context() as patch:
            gallring = Gallring(tmp_path / "own", {"office": own}, patch)
            patch.setenv("GALLRING_POLICY", str(found.policy))
            with pytest.raises(ConfigurationError, match="SELECT"):
                gallring.plan("first")


LOG = [
    "CREATE TABLE log (id integer NOT NULL PRIMARY KEY, resource {TEXT})",
    "INSERT INTO log VALUES (1, 'party.party,1'), (2, 'party.party,007'), (3, 'crm.errand,10')",
]


def log(**reference: Any) -> Any:
    """A table without persons whose rows refer to everything, for ever."""
    return reference_table("id", "resource") | {"references": {"resource": {**TEXT, **reference}}}


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_stays_keeps_what_it_refers_to_unless_it_does_not_bind(backend: str, tmp_path: Path) -> None:
    """Emptied, because it may not go; and a claim on anything keeps just that, whole."""
    person = deepcopy(PERSON)
    person["groups"]["all"] = {"purposes": ["DELIVERY", "CLAIM_FILE"]}
    loose = [each.replace("log", "trace").replace("party,1", "party,3") for each in LOG]
    ddl = [*people(9), CASES, ERRANDS, *LOG, *loose, *CLAIMS]
    tables = {"person": person, "errand": ERRAND, "log": log(), "trace": log(binds=False), "claim": CLAIM}
    with office(backend, tmp_path, ddl, tables) as found:
        assert found.run() == "DONE"
        names = {row["id"]: row["name"] for row in found.rows("person")}
        assert names == {1: None, 2: "N", 4: "N", 6: "N", 7: None, 8: "N", 9: "N"}, "7: what may refer to it keeps it"
        assert {row["id"]: row["subject"] for row in found.rows("errand")} == {10: None, 20: "y"}
        assert found.ids("trace") == [1, 2, 3]


CLAIMS = [
    "CREATE TABLE claim (id integer NOT NULL PRIMARY KEY, target {TEXT}, made_on date)",
    "INSERT INTO claim VALUES (1, 'Person/9', '2026-01-01')",
]
CLAIM = reference_table("id", "target", "made_on") | {
    "references": {"target": {"column": "target", "separator": "/", "to": {"Person": "person"}, "binds": False}},
    "events": [
        {"event": "claim_against_us", "date": "made_on", "of": [], "keeps": [{"table": "person", "by": "target"}]}
    ],
}

DJANGO = [
    "CREATE TABLE django_content_type (id integer NOT NULL PRIMARY KEY, app_label {TEXT}, model {TEXT})",
    "INSERT INTO django_content_type VALUES (7, 'crm', 'person'), (8, 'crm', 'errand')",
]
NAMES = {"table": "django_content_type", "key": "id", "by": ["app_label", "model"]}


WORDS, NUMBERS = ("Person", "Errand"), ("7", "8")
PAIRS: dict[str, tuple[str, str, tuple[str, str], Any]] = {
    "django": ("integer", "integer", ("crm.person", "crm.errand"), NAMES),
    "django_text": ("integer", "{TEXT}", ("crm.person", "crm.errand"), NAMES),
    "rails": ("{TEXT}", "bigint", WORDS, None),
    "rails_text": ("{TEXT}", "{TEXT}", WORDS, None),
    "numbers": ("integer", "integer", NUMBERS, None),
}
"""Types of the two columns, the types' names, and where these are looked up."""
ROWS = [(1, 0, 1), (2, 0, 2), (3, 1, 10), (4, 1, 20)]


def pair(name: str) -> tuple[list[str], Any]:
    """Return statements that make a table of notes on people and errands, and its map."""
    kind, object_, names, looked_up = PAIRS[name]
    types = NUMBERS if kind == "integer" else tuple(f"'{each}'" for each in names)
    quote = "'" if object_ == "{TEXT}" else ""
    values = ", ".join(f"({i}, {types[of]}, {quote}{to}{quote}, 'b')" for i, of, to in ROWS)
    ddl = [
        f"CREATE TABLE {name} (id integer NOT NULL PRIMARY KEY, kind {kind}, object {object_}, body {{TEXT}})",
        f"INSERT INTO {name} (id, kind, object, body) VALUES {values}, (5, NULL, NULL, 'b')",
    ]
    reference = {"column": "object", "type": "kind", "to": dict(zip(names, ("person", "errand"), strict=True))}
    subjects = {
        "person": {"through": "about", "table": "person", "role": "person"},
        "asked_by": {"through": "about", "table": "errand", "role": "person"},
    }
    references = {"about": {**reference, **({"names": looked_up} if looked_up else {})}}
    return ddl, table(personal=["body"], notes=["kind", "object"], references=references, subjects=subjects)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_type_beside_an_id(backend: str, tmp_path: Path) -> None:
    ddl, tables = [*people(), CASES, ERRANDS, *DJANGO], {"person": PERSON, "errand": ERRAND}
    tables["django_content_type"] = reference_table("id", "app_label", "model")
    for name in PAIRS:
        made, tables[name] = pair(name)
        ddl += made
    with office(backend, tmp_path, ddl, tables) as found:
        assert found.codes() == []
        assert found.run() == "DONE"
        left = {name: found.ids(name) for name in PAIRS}
        assert left == {name: [2, 4, 5] for name in PAIRS}, "whose 5 is nobody knows: it is referred to a human"
        assert found.ids("person") == [2, 4]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_unknown_type_closes_the_table(backend: str, tmp_path: Path) -> None:
    mapped = attachment(reference={"elsewhere": {}})
    strange, pairs = pair("rails")
    del pairs["references"]["about"]["to"]["Errand"]
    del pairs["subjects"]["asked_by"]
    tables = {"person": PERSON, "errand": ERRAND, "attachment": mapped, "rails": pairs}
    with office(backend, tmp_path, [*people(), CASES, ERRANDS, *ATTACHMENTS, *strange], tables) as found:
        first, second = found.check()
    assert (first.code, first.key) == ("REFERENCE_TYPE", "tables.attachment.references.resource")
    assert first.what.startswith("leads, in 1 rows,")
    assert first.table == "office.attachment"
    assert "ir.cron" not in first.what + first.remedy, "it may be anything"
    assert second.what.startswith("leads, in 2 rows,")
    assert "SELECT DISTINCT kind FROM rails" in second.remedy


def dangle(found: Office) -> None:
    """Let somebody else remove the row that an attachment hangs on."""
    found.gallring.change("office", "DELETE FROM person WHERE id = 2")


def test_a_reference_left_dangling_fails_validation(tmp_path: Path) -> None:
    ddl = [*people(), CASES, ERRANDS, *ATTACHMENTS]
    tables = {"person": PERSON, "errand": ERRAND, "attachment": attachment()}
    with office("sqlite", tmp_path, ddl, tables) as found:
        planned = found.gallring.plan("first")
        found.gallring.approve("first", planned)
        found.gallring.step("confirm", "first")
        found.gallring.act("first")
        dangle(found)
        with pytest.raises(Exception, match="attachment: FOREIGN_KEYS"):
            found.gallring.step("validate", "first", "office")


@pytest.mark.parametrize("backend", ["postgres", "mariadb"])
def test_a_link_of_another_type_is_refused(backend: str, tmp_path: Path) -> None:
    """It would lead nowhere: whose the row is wouldn't be known."""
    ddl = [*people(), CASES.replace("person integer", "person {TEXT}"), ERRANDS.replace("1, ", "'1', ", 1)]
    ddl[-1] = "INSERT INTO errand VALUES (10, '1', 'x')"
    with office(backend, tmp_path, ddl, {"person": PERSON, "errand": ERRAND}) as found:
        assert found.codes() == ["LINK_TYPE tables.errand.subjects.person"]
        with pytest.raises(ConfigurationError, match="leads nowhere"):
            found.run()
