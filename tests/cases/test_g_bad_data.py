"""Section G: bad data."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.data_map.live import check_live, closed_tables
from include.retention.errors import GuardError
from include.retention.guards import Level, TableCount, check_extract, check_quiet, check_volume
from tests.cases.rows import calendar_years, company, customer, invoice, lead, relationship, representative
from tests.cases.world import World, empty_system, ref, shipped

GUARDS = shipped().schedule.guards


def waiting(name: str, number: int, group: str, since: date) -> pd.DataFrame:
    """Return a referral that has been waiting since a day."""
    return pd.DataFrame([{"record_ref": ref(name, number), "group": group, "first_seen": since}])


def test_case_G01_an_end_that_nobody_knows_is_referred_and_then_falls_back() -> None:
    world = World()
    person = customer(world)
    contract = relationship(world, status="unknown", ended_on=None, last_activity_on="2014-08-20", customer_id=person)
    for record in (("sales.customer", person, "profile"), ("sales.contract", contract, "core")):
        assert world.says(*record).verdict == "REFER"
        assert world.says(*record).reason == "UNKNOWN_DATE"
    for day, verdict in ((date(2026, 10, 23), "REFER"), (date(2026, 10, 22), "ANONYMISE")):
        waited = world.again(referrals=waiting("sales.customer", person, "profile", day))
        assert waited.says("sales.customer", person, "profile").verdict == verdict


def test_case_G01_neighbour_the_last_activity_counts_as_the_end_and_not_as_the_beginning_of_nothing() -> None:
    world = World()
    person = customer(world)
    relationship(world, status="unknown", ended_on=None, last_activity_on="2026-05-20", customer_id=person)
    world.referrals = waiting("sales.customer", person, "profile", date(2026, 8, 1))
    assert world.says("sales.customer", person, "profile").verdict == "REFER"
    assert world.says("sales.customer", person, "profile", date(2027, 5, 20)).verdict == "REFER"
    assert world.says("sales.customer", person, "profile", date(2027, 5, 21)).verdict == "ANONYMISE"


@pytest.mark.parametrize("sentinel", ["1900-01-01", "1970-01-01", "9999-12-31"])
def test_case_G03_a_sentinel_is_never_an_end(sentinel: str) -> None:
    world = World()
    person = customer(world)
    contract = relationship(world, sentinel, customer_id=person, started_on=None)
    for record in (("sales.customer", person, "master"), ("sales.contract", contract, "core")):
        assert world.says(*record).verdict == "REFER"
        assert world.says(*record).reason == "SENTINEL_DATE"
    assert world.says("sales.customer", person).verdict == "RETAIN"


def test_case_G04_an_end_before_the_beginning_is_referred() -> None:
    world = World()
    person = customer(world)
    contract = relationship(world, "2016-05-01", started_on="2016-05-02", customer_id=person)
    for record in (("sales.customer", person, "profile"), ("sales.contract", contract, "core")):
        assert world.says(*record).verdict == "REFER"
        assert world.says(*record).reason == "CONTRADICTORY_DATES"
    world.change("sales.contract", contract, started_on="2016-05-01")
    assert world.says("sales.customer", person).verdict == "DELETE"


def test_case_G04_neighbour_no_waiting_settles_a_contradiction() -> None:
    world = World()
    person = customer(world)
    relationship(world, "2016-05-01", started_on="2017-01-01", last_activity_on="2016-05-01", customer_id=person)
    world.referrals = waiting("sales.customer", person, "profile", date(2020, 1, 1))
    assert world.says("sales.customer", person, "profile").verdict == "REFER"


def test_case_G06_an_invoice_without_its_customer_is_kept_for_bookkeeping() -> None:
    world = World()
    calendar_years(world, 2018)
    orphan, unnamed = invoice(world, "2018-05-01", "4711", debtor_id=99), invoice(world, "2018-05-01", None)
    for number in (orphan, unnamed):
        world.assert_kept_through(("finance.invoice", number, "voucher"), date(2025, 12, 31), "ACCOUNTING")


def test_case_G07_a_contact_without_any_purpose_is_referred_and_then_goes() -> None:
    world = World()
    orphans = {
        "sales.representative": (representative(world, 99, email="anna@iret.example"), "contact"),
        "sales.lead": (lead(world), "contact"),
    }
    representative(world, company(world, None))
    for name, (number, group) in orphans.items():
        assert world.says(name, number, group).verdict == "REFER"
        assert world.says(name, number, group).reason == "NO_KNOWN_PURPOSE"
    number, _ = orphans["sales.lead"]
    both = [waiting("sales.lead", number, group, date(2026, 10, 22)) for group in ("contact", "profile")]
    assert world.again(referrals=pd.concat(both)).says("sales.lead", number).verdict == "DELETE"
    late = [waiting("sales.lead", number, group, date(2026, 10, 23)) for group in ("contact", "profile")]
    assert world.again(referrals=pd.concat(late)).says("sales.lead", number, "contact").verdict == "REFER"


def test_case_G08_a_new_column_closes_its_table() -> None:
    engine = empty_system("sales")
    assert not closed_tables(check_live(shipped().maps["sales"], engine))
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE lead ADD COLUMN shoe_size INTEGER"))
    problems = check_live(shipped().maps["sales"], engine)
    assert closed_tables(problems) == {"sales.lead"}
    assert {problem.code for problem in problems if problem.table} == {"UNDECLARED_COLUMN"}


def test_case_G08_neighbour_nothing_is_destroyed_in_a_closed_table() -> None:
    world = World()
    gone = lead(world, "2020-01-01")
    assert world.says("sales.lead", gone).verdict == "DELETE"
    world.closed = frozenset({"sales.lead"})
    again = world.plan()
    assert "lead" not in set(again["table"])


@pytest.mark.parametrize(("due", "level"), [(38, Level.APPROVE), (36, Level.APPROVE), (35, None)])
def test_case_G09_a_large_share_of_a_table_needs_a_human(due: int, level: Level | None) -> None:
    found = check_volume([TableCount("sales", "lead", 100, due)], GUARDS)
    assert [each.level for each in found] == ([level] if level else [])


def test_case_G09_neighbour_a_small_table_isnt_judged_by_share_and_a_large_number_is() -> None:
    assert not check_volume([TableCount("sales", "lead", 50, 50)], GUARDS)
    (found,) = check_volume([TableCount("sales", "lead", 1_000_000, 5001)], GUARDS)
    assert (found.guard, found.level) == ("ROWS", Level.APPROVE)


def test_case_G10_a_rule_that_deletes_nothing_for_many_runs_is_told() -> None:
    assert not check_quiet({"SECURITY_LOG": 7}, GUARDS)
    (found,) = check_quiet({"SECURITY_LOG": 8}, GUARDS)
    assert (found.guard, found.level, found.measured) == ("QUIET_RULE", Level.NOTICE, 8)
    assert "SECURITY_LOG" in found.text


@pytest.mark.parametrize("rows", [0, 49])
def test_case_G11_a_partial_extract_is_refused(rows: int) -> None:
    before = {"contract": 100, "customer": 100}
    with pytest.raises(GuardError, match=rf"sales\.contract: {rows} rows now, 100"):
        check_extract("sales", {"contract": rows, "customer": 100}, before, GUARDS)
    check_extract("sales", {"contract": 50, "customer": 100}, before, GUARDS)


def test_case_G11_neighbour_an_empty_table_is_refused_however_small_it_was() -> None:
    with pytest.raises(GuardError):
        check_extract("sales", {}, {"contract": 1}, GUARDS)
    check_extract("sales", {"contract": 1}, {"contract": 40}, GUARDS)
    check_extract("sales", {"contract": 0}, {"contract": 0}, GUARDS)


@pytest.mark.parametrize("text", ["2018-02-30", "03/04/2018", "20180302x", "mars 2018", "2018-13-01", ""])
def test_case_G12_a_date_that_isnt_one_is_never_guessed(text: str) -> None:
    world = World(today=date(2060, 1, 1))
    calendar_years(world, 2018)
    number = invoice(world, text, paid_on="2018-05-01")
    assert world.says("finance.invoice", number, "voucher").verdict == "REFER"
    assert world.says("finance.invoice", number, "voucher").reason == "UNPARSABLE_DATE"
    assert world.says("finance.invoice", number).verdict == "RETAIN"


def test_case_G14_a_test_flag_changes_nothing() -> None:
    world = World()
    flagged, other = customer(world, "1", is_test=True), customer(world, "2")
    for person in (flagged, other):
        relationship(world, "2026-01-31", customer_id=person)
    told = [
        [world.says("sales.customer", person, group) for group in ("master", "profile", "")]
        for person in (flagged, other)
    ]
    assert told[0] == told[1]
    world.assert_kept_through(("sales.customer", flagged, "profile"), date(2027, 1, 31), "MARKETING_FORMER")
