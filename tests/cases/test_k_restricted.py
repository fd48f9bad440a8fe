"""Section K of the catalogue: identity numbers, copies of ID documents, and who receives what."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from include.retention.policy.model import Period
from tests.cases.policies import map_text, problems_of_map
from tests.cases.rows import customer, lead, relationship
from tests.cases.world import World, shipped

CHECKED, LAST_DAY = "2025-02-01", date(2025, 3, 3)


def id_copy(world: World, who: Any, check: Any = None) -> Any:
    return world.add("sales.id_document", customer_id=who, credit_check_id=check, file_path="2025/1.jpg", kind="pass")


def living_customer(world: World) -> Any:
    who = customer(world)
    relationship(world, customer_id=who)
    return who


def test_case_K01_a_copy_that_no_credit_check_needed_goes_at_once() -> None:
    world = World()
    copy = id_copy(world, living_customer(world))
    assert world.says("sales.id_document", copy).verdict == "DELETE"
    assert world.says("sales.id_document", copy, "copy").reason == "NEVER_HAD_PURPOSE"


def test_case_K02_a_copy_goes_thirty_days_after_the_check_and_the_decision_stays() -> None:
    world = World()
    who = living_customer(world)
    check = world.add("sales.credit_check", customer_id=who, completed_on=CHECKED, decision="approved")
    copy = id_copy(world, who, check)
    world.assert_kept_through(("sales.id_document", copy, "copy"), LAST_DAY, "CREDIT_CHECK")
    assert world.says("sales.credit_check", check, "report").verdict == "ANONYMISE"
    assert world.says("sales.credit_check", check, "decision").verdict == "RETAIN"


def test_case_K02_neighbour_a_check_under_way_keeps_its_copy() -> None:
    world = World()
    who = living_customer(world)
    check = world.add("sales.credit_check", customer_id=who, completed_on=None)
    assert world.says("sales.id_document", id_copy(world, who, check)).verdict == "RETAIN"


def test_case_K03_no_law_asks_for_ten_years() -> None:
    purposes = {use.purpose for use in shipped().maps["sales"].tables["id_document"].groups["copy"].purposes}
    assert purposes == {"CREDIT_CHECK"}
    assert shipped().schedule.purposes["CREDIT_CHECK"].keep.periods == (Period(days=30),)
    world = World()
    who = living_customer(world)
    check = world.add("sales.credit_check", customer_id=who, completed_on="2017-01-01")
    assert world.says("sales.id_document", id_copy(world, who, check)).verdict == "DELETE"


def test_case_K04_an_identity_number_on_a_prospect_is_erased() -> None:
    world = World()
    prospect = lead(world, "2026-11-01", pnr="198112289874")
    assert world.says("sales.lead", prospect, "identity").verdict == "ANONYMISE"
    assert world.says("sales.lead", prospect, "contact").verdict == "RETAIN"


def test_case_K04_neighbour_unless_a_credit_check_is_documented() -> None:
    world = World()
    prospect = lead(world, "2026-11-01", pnr="198112289874")
    world.add("sales.credit_check", lead_id=prospect, completed_on=None)
    assert world.says("sales.lead", prospect, "identity").verdict == "RETAIN"


@pytest.mark.parametrize(("column", "category"), [("phone", "id_copy"), ("phone", "identity_number")])
def test_case_K04_neighbour_a_restricted_category_serves_no_other_purpose(
    tmp_path: Any, column: str, category: str
) -> None:
    content = map_text("sales")
    content["tables"]["lead"]["columns"][column]["category"] = category
    assert any(problem.startswith("RESTRICTED_CATEGORY") for problem in problems_of_map(tmp_path, "sales", content))


def test_case_K07_the_management_group_receives_nothing_by_rule() -> None:
    schedule = shipped().schedule
    received = {recipient for purpose in schedule.purposes.values() for recipient in purpose.recipients}
    assert "management" in schedule.recipients
    assert "management" not in received


def test_case_K09_a_copy_sent_in_to_prove_who_asks_goes_at_once() -> None:
    world = World()
    who = living_customer(world)
    world.add("sales.privacy_request", customer_id=who, kind="erasure", received_at="2026-11-20T10:00:00")
    assert world.says("sales.id_document", id_copy(world, who)).verdict == "DELETE"
