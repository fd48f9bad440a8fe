"""Section E: objections, consents and the suppression list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from include.retention.errors import ConfigurationError
from include.retention.keys import DEMO_KEY, Key, KeyRing, load_key, require_own_key
from include.retention.ledger.suppressions import close_suppressions, history_of, suppress, suppressions_in_force
from include.retention.ledger.tables import suppression
from include.retention.methods import METHODS
from include.retention.terms import Mode
from tests.cases.policies import map_text, problems_of_map
from tests.cases.rows import (
    calendar_years,
    company,
    consent,
    customer,
    delivery,
    invoice,
    lead,
    objection,
    order,
    relationship,
    representative,
    request,
    subscriber,
    talk,
)
from tests.cases.world import DUE, KEY, World, address

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
ANNA = address("email", "anna@iret.example")


def listed(channel: str = "all", since: str = "2026-01-10T09:00:00+00:00") -> pd.DataFrame:
    """Return a suppression list with one address."""
    entry = {"address_ref": ANNA, "kind": "email", "channel": channel, "since": datetime.fromisoformat(since)}
    return pd.DataFrame([entry])


def test_case_E01_a_prospect_who_objects_is_deleted_and_suppressed() -> None:
    world = World()
    number = lead(world, "2026-11-01", email="anna@iret.example", phone="070-123 45 67")
    entry = talk(world, number, "2026-11-01")
    assert world.says("sales.lead", number).verdict == "RETAIN"
    asked = request(world, "objection", "2026-11-20T09:00:00", lead_id=number, closed_on="2026-11-20")
    assert world.says("sales.lead", number, "contact").verdict in DUE
    assert world.says("sales.lead", number, "profile").verdict in DUE
    assert world.says("sales.dialogue_entry", entry, "text").verdict in DUE
    found = world.suppressed.entries
    assert set(zip(found["kind"], found["address_ref"], found["channel"], strict=True)) == {
        ("email", ANNA, "all"), ("phone", address("phone", "+46701234567"), "all"),
    }  # fmt: skip
    assert world.says("sales.privacy_request", asked, "key").purpose == "SUPPRESSION"


def test_case_E01_neighbour_another_channel_and_the_same_effect() -> None:
    world = World()
    number = lead(world, "2026-11-01", email="anna@iret.example")
    objection(world, "2026-11-20T09:00:00")
    assert world.says("sales.lead", number).verdict == "DELETE"


def test_case_E02_a_customers_representative_who_objects_stays_a_contact() -> None:
    world = World()
    firm = company(world)
    relationship(world, company_id=firm)
    number = representative(world, firm, email="anna@iret.example")
    objection(world, "2026-11-20T09:00:00")
    assert world.says("sales.representative", number, "profile").verdict == "ANONYMISE"
    assert world.says("sales.representative", number, "contact").verdict == "RETAIN"
    assert world.says("sales.representative", number, "contact").purpose == "REPRESENTATION"


def test_case_E03_a_former_customer_who_objects_loses_marketing_and_nothing_else() -> None:
    world = World()
    calendar_years(world, 2026)
    person = customer(world, email="anna@iret.example")
    relationship(world, "2026-10-01", customer_id=person)
    delivery(world, "2026-09-01", order(world, "2026-09-01", customer_id=person))
    bill, letter = invoice(world, "2026-09-01"), subscriber(world)
    assert world.says("marketing.subscriber", letter, "email").through == date(2027, 10, 1)
    objection(world, "2026-10-21T09:00:00")
    assert world.says("marketing.subscriber", letter).verdict == "DELETE"
    assert world.says("sales.customer", person, "profile").verdict == "ANONYMISE"
    assert world.says("sales.customer", person, "master").through == date(2029, 11, 1)
    assert world.says("finance.invoice", bill, "voucher").through == date(2033, 12, 31)


def test_case_E04_who_never_objects_is_left_alone_after_twelve_months() -> None:
    world = World()
    person = customer(world, email="anna@iret.example")
    relationship(world, "2025-10-01", customer_id=person)
    letter = subscriber(world)
    for record in (("marketing.subscriber", letter, "email"), ("sales.customer", person, "profile")):
        world.assert_kept_through(record, date(2026, 10, 1), "MARKETING_FORMER")


def test_case_E05_a_new_consent_closes_the_suppression_and_keeps_its_history(control: sa.Connection) -> None:
    world = World(listed=listed())
    relationship(world, customer_id=customer(world, email="anna@iret.example"))
    letter = subscriber(world)
    assert world.says("marketing.subscriber", letter).verdict == "DELETE"
    consent(world, "2026-02-01T09:00:00")
    assert world.says("marketing.subscriber", letter, "email").verdict == "RETAIN"
    assert list(world.suppressed.closed["address_ref"]) == [ANNA]
    assert world.suppressed.entries.empty
    suppress(control, listed(), key_id=KEY.key_id, at=AT)
    assert close_suppressions(control, world.suppressed.closed, at=AT) == 1
    assert suppressions_in_force(control).empty
    (entry,) = history_of(control, [ANNA]).to_dict("records")
    assert (entry["closed_at"], entry["channel"]) == (AT, "all")


@pytest.mark.parametrize(
    ("at", "verdict"),
    [("2026-01-10T08:59:59", "DELETE"), ("2026-01-10T09:00:00", "DELETE"), ("2026-01-10T09:00:01", "RETAIN")],
)  # fmt: skip
def test_case_E05_neighbour_only_a_later_consent_counts_and_on_a_tie_the_objection(at: str, verdict: str) -> None:
    world = World()
    relationship(world, customer_id=customer(world, email="anna@iret.example"))
    letter = subscriber(world)
    objection(world, "2026-01-10T09:00:00")
    consent(world, at)
    assert world.says("marketing.subscriber", letter).verdict == verdict


def test_case_E07_no_text_messages_but_mail_is_fine() -> None:
    world = World()
    relationship(world, customer_id=customer(world, email="anna@iret.example"))
    letter = subscriber(world, phone="070-123 45 67")
    objection(world, "2026-11-01T09:00:00", channel="sms")
    assert world.says("marketing.subscriber", letter, "phone").verdict == "ANONYMISE"
    assert world.says("marketing.subscriber", letter, "email").verdict == "RETAIN"
    assert world.says("marketing.subscriber", letter, "profile").verdict == "RETAIN"
    assert set(world.suppressed.entries["channel"]) == {"sms"}


def test_case_E09_the_suppression_list_is_the_least_that_works() -> None:
    assert set(suppression.c.keys()) == {
        "number", "address_ref", "kind", "channel", "since", "key_id", "recorded_at", "closed_at",
    }  # fmt: skip
    world = World()
    person = customer(world, email="anna@iret.example", given_name="Anna", phone="070-123 45 67")
    request(world, "objection", "2026-11-01T09:00:00", customer_id=person)
    world.decide()
    assert list(world.suppressed.entries.columns) == ["address_ref", "kind", "channel", "since"]
    assert world.suppressed.entries["address_ref"].str.fullmatch("[0-9a-f]{32}").all()


def test_case_E09_neighbour_who_objected_is_known_until_the_objection_is_lifted() -> None:
    world = World()
    number = objection(world, "2026-01-10T09:00:00", ip="192.0.2.1")
    assert world.says("marketing.consent_event", number, "key").purpose == "SUPPRESSION"
    assert world.says("marketing.consent_event", number, "proof").verdict in DUE
    world.change("marketing.consent_event", number, lifted_on="2026-05-31")
    world.assert_kept_through(("marketing.consent_event", number, "key"), date(2026, 5, 31), "SUPPRESSION")


def test_case_E10_a_bought_list_brings_nobody_back() -> None:
    world = World(listed=listed())
    relationship(world, customer_id=customer(world, "7", email="bo@iret.example"))
    back = subscriber(world, source="bought_list")
    other = subscriber(world, "bo@iret.example", source="bought_list")
    assert world.says("marketing.subscriber", back).verdict == "DELETE"
    assert world.says("marketing.subscriber", back, "email").reason == "ENDED_AT_ONCE"
    assert world.says("marketing.subscriber", other, "email").verdict == "RETAIN"
    assert world.suppressed.reappeared == 1


def test_case_E11_the_key_of_who_objected_outlives_an_erasure_request() -> None:
    world = World()
    objected = objection(world, "2026-01-10T09:00:00")
    asked = request(world, "erasure", "2026-10-01T09:00:00", email="anna@iret.example", closed_on="2026-10-20")
    assert world.says("marketing.consent_event", objected, "key").verdict == "RETAIN"
    assert world.says("sales.privacy_request", asked, "key").purpose == "SUPPRESSION"
    world.assert_kept_through(("sales.privacy_request", asked, "message"), date(2026, 10, 20), "CLAIM")


@pytest.mark.parametrize("method", ["sha256", "hash", "keyed_hash", {"hmac_sha256": "key"}])
def test_case_E12_a_hash_is_no_method(tmp_path: Path, method: object) -> None:
    assert not [name for name in METHODS if "hash" in name or "sha" in name]
    changed = map_text("marketing")
    changed["tables"]["subscriber"]["columns"]["phone"]["method"] = method
    found = problems_of_map(tmp_path, "marketing", changed)
    assert {each.partition(" ")[2] for each in found} == {"tables.subscriber.columns.phone.method"}


def test_case_E12_neighbour_a_reference_needs_a_secret_key() -> None:
    other = Key(bytes(range(1, 33)))
    assert KEY.mac("identifier.phone", "+46701234567") != other.mac("identifier.phone", "+46701234567")
    for text in ("", "00" * 32, "ab" * 31, "plain"):
        with pytest.raises(ConfigurationError):
            load_key({"GALLRING_KEY": text})
    with pytest.raises(ConfigurationError):
        require_own_key(KeyRing(Key(bytes.fromhex(DEMO_KEY))), Mode.ENFORCE)


def test_case_E14_an_address_without_a_proven_source_is_not_marketed_to() -> None:
    world = World()
    number = subscriber(world, source="bought_list", subscribed_at="2026-11-01T12:00:00")
    form = subscriber(world, "bo@iret.example", source="form", subscribed_at="2026-11-01T12:00:00")
    assert world.says("marketing.subscriber", number, "email").reason == "NO_KNOWN_PURPOSE"
    assert world.says("marketing.subscriber", number, "email").verdict == "REFER"
    assert world.says("marketing.subscriber", form, "email").through == date(2027, 5, 1)


def test_case_E15_an_address_from_a_sale_is_used_until_twelve_months_have_passed() -> None:
    world = World()
    relationship(world, "2026-03-22", customer_id=customer(world, email="anna@iret.example"))
    letter = subscriber(world, source="sale")
    world.assert_kept_through(("marketing.subscriber", letter, "email"), date(2027, 3, 22), "MARKETING_FORMER")


def test_case_E17_a_sales_call_is_proved_for_six_months() -> None:
    world = World()
    number = lead(world)
    call = talk(world, number, "2026-03-15", "sales_call", two_way=False)
    for record in (("sales.lead", number, "contact"), ("sales.dialogue_entry", call, "text")):
        world.assert_kept_through(record, date(2026, 9, 15), "CALL_PROOF")


def test_case_E17_neighbour_the_proof_outlives_an_objection_and_nothing_else_does() -> None:
    world = World()
    number = lead(world, email="anna@iret.example")
    talk(world, number, "2026-08-15", "sales_call")
    objection(world, "2026-08-16T09:00:00")
    world.assert_kept_through(("sales.lead", number, "contact"), date(2027, 2, 15), "CALL_PROOF")
    assert world.says("sales.lead", number, "profile").verdict == "ANONYMISE"
