"""A data map drafted from a live schema: what it guesses, what it keeps of a person's work, and that it never acts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from typer.testing import CliRunner

from include.retention.cli.main import app
from include.retention.data_map.undecided import count_guesses
from include.retention.errors import ConfigurationError
from include.retention.keys import generate_key
from include.retention.pipeline import begin
from include.retention.policy.load import load_policy
from include.retention.run import RunRequest
from include.retention.settings import PROJECT
from include.retention.terms import Mode
from tests.integration.harness import AS_OF, connection_setting, databases

CANARY = "hemlig.person@exempel.example"
ROWS = 30
Tables = dict[str, Any]


def tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """Declare an ERP as somebody else would have: mixed languages, mixed manners."""
    return {
        "kund": sa.Table(
            "kund", metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("kundnr", sa.String(20), nullable=False),
            sa.Column("Förnamn", sa.String(40), nullable=False),
            sa.Column("epost", sa.String(80), unique=True),
            sa.Column("persnr", sa.String(13)),
            sa.Column("kod", sa.String(40)),
            sa.Column("fodelsedatum", sa.Date),
            sa.Column("aktiv", sa.Boolean),
        ),
        "faktura": sa.Table(
            "faktura", metadata,
            sa.Column("fakturanr", sa.Integer, primary_key=True),
            sa.Column("kund_id", sa.ForeignKey("kund.id")),
            sa.Column("fakturadatum", sa.Date),
            sa.Column("belopp", sa.Numeric(10, 2)),
            sa.Column("anteckning", sa.Text),
        ),
        "faktura_rad": sa.Table(
            "faktura_rad", metadata,
            sa.Column("fakturanr", sa.ForeignKey("faktura.fakturanr"), primary_key=True),
            sa.Column("rad", sa.Integer, primary_key=True),
            sa.Column("artikel", sa.String(40)),
        ),
        "artikel": sa.Table(
            "artikel", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("beskrivning", sa.String(80))
        ),
        "logg": sa.Table("logg", metadata, sa.Column("rad", sa.String(200))),
        "alembic_version": sa.Table(
            "alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True)
        ),
    }  # fmt: skip


def fill(engine: sa.Engine) -> None:
    """Make the tables and put rows in them; the telephone numbers in ``kod`` have nothing to show for it but values."""
    metadata = sa.MetaData()
    made = tables(metadata)
    metadata.create_all(engine)
    people = [
        {"id": n, "kundnr": f"K{n}", "Förnamn": "Anna", "epost": f"{n}.{CANARY}", "kod": f"+46 70 174 06 {n % 100:02}"}
        for n in range(1, ROWS + 1)
    ]
    with engine.begin() as connection:
        connection.execute(made["kund"].insert(), people)
        connection.execute(made["faktura"].insert(), [{"fakturanr": n, "kund_id": n} for n in range(1, ROWS + 1)])
        connection.execute(made["artikel"].insert(), [{"id": 1, "beskrivning": "Skruv"}])


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def erp(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """Give the ERP, with a policy that has the shipped schedule and no map."""
    with databases(request.param, ("erp",), tmp_path) as urls:
        engine = sa.create_engine(urls["erp"])
        fill(engine)
        policy = tmp_path / "policy"
        policy.mkdir()
        shutil.copy(PROJECT / "include" / "policy" / "retention_schedule.yaml", policy)
        monkeypatch.setenv("AIRFLOW_CONN_ERP", connection_setting(urls["erp"]))
        monkeypatch.setenv("GALLRING_POLICY", str(policy))
        monkeypatch.setenv("GALLRING_VAR", str(tmp_path / "var"))
        monkeypatch.setenv("GALLRING_KEY", generate_key())
        yield engine
        engine.dispose()


def gallring(*arguments: str, code: int = 0) -> str:
    """Call the command line; return what it said."""
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == code, done.output
    return done.output


def map_file() -> Path:
    return Path(os.environ["GALLRING_POLICY"]) / "data_map" / "erp.yaml"


def drafted() -> Tables:
    content = yaml.safe_load(map_file().read_text("utf-8"))
    found: Tables = content["tables"]
    return found


def test_a_draft_knows_people_wholes_and_dates(erp: sa.Engine) -> None:
    assert "6 new tables and 0 new columns" in gallring("map", "draft", "erp")
    found = drafted()
    kund = {name: column.get("category") for name, column in found["kund"]["columns"].items()}
    assert kund == {
        "id": None, "kundnr": "customer_number", "Förnamn": "name", "epost": "email", "persnr": "identity_number",
        "kod": "phone", "fodelsedatum": "birth_date", "aktiv": None,
    }  # fmt: skip
    assert found["kund"]["columns"]["Förnamn"]["method"] == {"constant": "Gallrad"}, "it is NOT NULL"
    assert found["kund"]["columns"]["kod"]["guess"].endswith(f"{ROWS} of {ROWS} sampled values")
    assert found["kund"]["subjects"]["person"]["identifiers"] == {
        "customer_number": "kundnr", "email": "epost", "identity_number": "persnr", "phone": "kod",
    }  # fmt: skip
    assert found["faktura"]["subjects"]["person"] == {"through": "kund_id", "table": "kund", "role": "person"}
    (booked,) = found["faktura"]["events"]
    assert booked.pop("guess").startswith("what does an empty date mean?"), "the column may be empty"
    assert booked == {"event": "booked", "date": "fakturadatum", "as": "fiscal_year_end"}
    assert found["faktura"]["columns"]["anteckning"]["category"] == "free_text", "a note on somebody's invoice"
    assert found["faktura_rad"]["part_of"] == {"table": "faktura", "by": "fakturanr"}
    assert found["artikel"]["personal"] is False, "a description of a thing isn't about anybody"
    assert found["kund"]["groups"].keys() == {"identifiers", "identity", "contact"}
    assert "no key" in found["logg"]["guess"]
    content = yaml.safe_load(map_file().read_text("utf-8"))
    assert content["ignore_tables"].keys() == {"alembic_version"}


def test_no_value_is_written_or_said(erp: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    said = gallring("map", "draft", "erp")
    everything = said + map_file().read_text("utf-8") + caplog.text
    for value in (CANARY, "Anna", "174 06", "Skruv"):
        assert value not in everything


def test_drafting_again_keeps_a_persons_work_and_shows_what_is_new(erp: sa.Engine) -> None:
    gallring("map", "draft", "erp")
    path = map_file()
    decided = path.read_text("utf-8").replace("owner: Not named yet\n", "owner: 'Ekonomichef'  # since May\n")
    lines = [line for line in decided.splitlines() if not line.startswith("guess:")]
    lines = ["      aktiv: 'Whether the customer is shown'" if "aktiv:" in line else line for line in lines]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    before = path.read_text("utf-8")
    assert gallring("map", "draft", "erp").endswith("erp.yaml: nothing is new.\n")
    assert path.read_text("utf-8") == before

    with erp.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE artikel ADD COLUMN kontakt_epost VARCHAR(80)")
        connection.exec_driver_sql("CREATE TABLE medlem (id INTEGER PRIMARY KEY, namn VARCHAR(80))")
    said = gallring("map", "draft", "erp")
    assert "new column artikel.kontakt_epost" in said
    assert "1 new table and 1 new column" in said
    after = path.read_text("utf-8").splitlines()
    assert [line for line in before.splitlines() if line not in after] == [], "nothing of what was there has changed"
    assert "owner: 'Ekonomichef'  # since May" in after
    assert drafted()["medlem"]["columns"]["namn"]["category"] == "name"


def test_drafting_again_leaves_areas_and_patterns_as_they_are(erp: sa.Engine) -> None:
    gallring("map", "draft", "erp")
    path, area = map_file(), map_file().with_suffix("") / "sales.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    moved = {name: content["tables"].pop(name) for name in ("faktura", "faktura_rad")}
    content["not_personal"] = {"*_version": "Counts changes"}
    area.parent.mkdir()
    area.write_text(
        yaml.safe_dump({"tables": moved, "ignore_tables": {"tmp_*": "Emptied"}}, allow_unicode=True), "utf-8"
    )
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    before, before_area = path.read_text("utf-8"), area.read_text("utf-8")
    assert gallring("map", "draft", "erp").endswith("erp.yaml: nothing is new.\n")
    assert (path.read_text("utf-8"), area.read_text("utf-8")) == (before, before_area)

    with erp.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE faktura ADD COLUMN kontakt_epost VARCHAR(80)")
        connection.exec_driver_sql("ALTER TABLE faktura ADD COLUMN row_version INTEGER")
        connection.exec_driver_sql("CREATE TABLE tmp_1 (id INTEGER PRIMARY KEY)")
    said = json.loads(gallring("map", "draft", "erp", "--json"))
    assert (said["new_columns"], said["new_tables"]) == (["faktura.kontakt_epost"], [])
    assert path.read_text("utf-8") == before
    found = yaml.safe_load(area.read_text("utf-8"))["tables"]["faktura"]["columns"]
    assert found["kontakt_epost"]["category"] == "email"
    gallring("map", "accept", "erp", "--from", "1")
    assert area.read_text("utf-8").count("guess") == 1, "what an empty date means is no guess that can be accepted"


def test_what_is_gone_is_told_and_left_to_a_person(erp: sa.Engine) -> None:
    gallring("map", "draft", "erp")
    with erp.begin() as connection:
        connection.exec_driver_sql("DROP TABLE logg")
    said = json.loads(gallring("map", "draft", "erp", "--json"))
    assert (said["gone"], said["new_tables"]) == (["logg"], [])
    assert "logg" in drafted()


def test_guesses_are_accepted_by_pattern_and_confidence(erp: sa.Engine) -> None:
    gallring("map", "draft", "erp")
    said = json.loads(gallring("map", "accept", "erp", "--tables", "faktura*", "--from", "90", "--json"))
    assert said["accepted"] > 3
    found = drafted()
    assert found["faktura"]["columns"]["belopp"] == {"note": "Not personal"}
    assert "guess" in found["faktura"]["columns"]["anteckning"], "60 %"
    assert "guess" in found["kund"]["columns"]["epost"]
    gallring("map", "accept", "erp", "--from", "1")
    left = json.loads(gallring("map", "accept", "erp", "--from", "1", "--json"))
    assert (left["accepted"], left["left"]) == (0, 3)
    found = yaml.safe_load(map_file().read_text("utf-8"))
    assert "guess" in found, "title and owner are nobody's to accept unseen"
    assert found["tables"]["logg"]["guess"].startswith("has no key"), "no acceptance gives a table a key"
    assert [list(event) for event in found["tables"]["faktura"]["events"]] == [["event", "date", "as", "guess"]]


def finished(path: Path) -> None:
    """Do what `gallring check` asks for, and leave the guesses."""
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["tables"]["logg"]
    content["ignore_tables"]["logg"] = "Lines of a job that was stopped years ago"
    for table in content["tables"].values():
        table.pop("events", None)
        for group in table.get("groups", {}).values():
            group["without_purpose"] = "expire"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def test_a_map_with_guesses_can_be_tried_and_never_acts(erp: sa.Engine) -> None:
    gallring("map", "draft", "erp")
    finished(map_file())
    policy = load_policy(map_file().parents[1])
    assert {problem.code for problem in policy.undecided} == {"UNDECIDED"}
    assert "UNDECIDED" in gallring("check", code=1)
    answered = {"event": "booked", "date": "fakturadatum", "as": "fiscal_year_end", "guess": "what does it mean?"}
    content = yaml.safe_load(map_file().read_text("utf-8"))
    assert count_guesses(content["tables"]["faktura"] | {"events": [answered]}) == 1 + count_guesses(
        content["tables"]["faktura"]
    ), "what is asked of an event waits, too"

    with pytest.raises(ConfigurationError, match=r"tables\.kund: has \d+ guesses that nobody has decided on"):
        begin(RunRequest("r", "r", "manual", Mode.ENFORCE, AS_OF))
    assert begin(RunRequest("d", "d", "manual", Mode.DRY_RUN, AS_OF)) == {"run_id": "d"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("map", "draft", "nowhere"), "The connection nowhere isn't defined."),
        (("map", "draft", "erp", "--system", "My ERP"), "--system: My ERP can't name a file of the policy."),
        (("map", "accept", "crm"), "Draft it with gallring map draft"),
    ],
)
def test_what_cannot_be_done_is_told(erp: sa.Engine, arguments: tuple[str, ...], told: str) -> None:
    assert told in gallring(*arguments, code=2)
    assert not map_file().exists()


def test_a_draft_says_where_a_column_leads_to_records_of_any_kind(erp: sa.Engine) -> None:
    meta = sa.MetaData()
    note = sa.Table(
        "note", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("resource", sa.String(60)),
        sa.Column("almost", sa.String(60)),
    )  # fmt: skip
    meta.create_all(erp)
    with erp.begin() as connection:
        kinds = ("party.party,12", "sale.sale,7", "party.party,-1", None, "")
        connection.execute(
            note.insert(),
            [{"id": n, "resource": each, "almost": each or "12, Storgatan"} for n, each in enumerate(kinds, 1)],
        )
    gallring("map", "draft", "erp")
    columns = drafted()["note"]["columns"]
    assert columns["resource"]["guess"].endswith("say under `references` where they lead")
    assert "references" not in columns["almost"]["guess"]


def test_a_table_that_refers_to_people_and_holds_nothing_of_theirs_is_accepted_once_it_is_decided(
    erp: sa.Engine,
) -> None:
    meta = sa.MetaData()
    meta.reflect(erp, only=["kund"])
    for name, refers, parent, *more in (
        ("val", "kund_id", "kund", sa.Column("fakturadatum", sa.Date)),
        ("avtal", "kund_id", "kund"),
        ("bilaga", "avtal_id", "avtal"),
        ("brev", "bilaga_id", "bilaga", sa.Column("anteckning", sa.Text)),
    ):
        reference = sa.Column(refers, sa.ForeignKey(f"{parent}.id"))
        sa.Table(name, meta, sa.Column("id", sa.Integer, primary_key=True), reference, *more)
    meta.create_all(erp)
    gallring("map", "draft", "erp")
    found = drafted()
    assert (found["val"]["personal"], found["val"].get("subjects")) == (False, None)
    assert "its rows refer to kund by kund_id" in found["val"]["guess"]
    assert found["val"]["events"][0]["guess"].startswith("whom does it concern?")
    # What is known of a letter is known through them, so they are parts of the customer's record.
    assert found["avtal"]["part_of"] == {"table": "kund", "by": "kund_id"}
    assert found["bilaga"]["part_of"] == {"table": "avtal", "by": "avtal_id"}
    gallring("map", "accept", "erp", "--tables", "*", "--from", "1")
    finished(map_file())
    waiting = {name for name, table in drafted().items() if "guess" in table}
    assert waiting == {"val", "avtal", "bilaga"}, "nobody can accept unread that rows go with somebody's record"
    assert {problem.code for problem in load_policy(map_file().parents[1]).undecided} == {"UNDECIDED"}
