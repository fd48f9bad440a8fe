"""What a map means where it doesn't say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.retention.data_map.model import Condition, DataMap, Link, Method, PurposeUse
from include.retention.data_map.relations import reached, roles_of, told_of, wholes
from include.retention.policy.load import load_policy
from include.retention.terms import IdentifierKind, Scope, SubjectKind, WhenExpired, WhenNull, WithoutPurpose
from tests.data_map import shop
from tests.policy import samples


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> DataMap:
    """The valid map."""
    return shop.data_map(tmp_path_factory.mktemp("policy"))


def test_what_is_written_arrives(mapped: DataMap) -> None:
    customer, invoice = mapped.tables["customer"], mapped.tables["invoice"]
    assert (mapped.system, mapped.connection, mapped.schema, mapped.owner) == ("shop", "shop", None, "Säljchef")
    assert mapped.file_roots == {"scans": "$SHOP_SCANS"}
    assert mapped.ignored_tables == {"alembic_version": "The migration tool's own"}
    assert customer.key == ("customer_id",)
    assert invoice.key == ("series", "number")
    assert (customer.when_expired, invoice.when_expired) == (WhenExpired.DELETE, WhenExpired.ANONYMISE)
    assert customer.suppresses
    assert customer.personal_when == (Condition("kind", ("private", None), negated=False),)
    relationship, objection = customer.emissions
    assert (relationship.date, relationship.begins, relationship.fallback) == ("ended_on", "started_on", "seen_on")
    assert relationship.where == (Condition("kind", ("test",), negated=True),)
    assert relationship.when_null is WhenNull.ONGOING
    assert (objection.when_null, objection.channel) == (WhenNull.ABSENT, "objected_channel")
    assert invoice.emissions[0].as_fiscal_year_end
    assert invoice.emissions[1].where == (Condition("oss", (True,), negated=False),)
    assert customer.columns["objected_at"].time_zone == "UTC"
    assert not mapped.tables["fiscal_year"].personal
    (file,) = mapped.tables["scan"].files
    assert (file.column, file.root, file.group, file.derivatives) == ("path", "scans", "copy", ("{stem}.txt",))
    assert [each.by for each in (*invoice.sums, *invoice.series)] == [("series",), ("series",)]


def test_what_goes_on_by_state_has_conditions_and_no_day(tmp_path: Path) -> None:
    events = [
        *samples.valid("map")["tables"]["customer"]["events"],
        {"event": "relationship", "ongoing": True, "where": [{"column": "kind", "in": ["vip"]}], "channel": "kind"},
    ]
    emission = shop.data_map(tmp_path, {"tables": {"customer": {"events": events}}}).tables["customer"].emissions[-1]
    assert (emission.date, emission.begins, emission.fallback, emission.special) == (None, None, None, {})
    assert (emission.when_null, emission.channel) == (WhenNull.ONGOING, "kind")
    assert emission.where == (Condition("kind", ("vip",), negated=False),)
    assert not emission.as_fiscal_year_end


def test_methods(mapped: DataMap) -> None:
    columns = mapped.tables["customer"].columns
    assert columns["name"].method == Method("constant", value="Gallrad")
    assert columns["email"].method == Method("unique_placeholder")
    assert columns["postcode"].method == Method("shorten", length=2)
    assert mapped.tables["line"].columns["text"].method == Method("set_null"), "where nothing is said"
    assert columns["kind"].method is None
    assert columns["kind"].note == "private, company or test"


@pytest.mark.parametrize(
    ("written", "method"),
    [
        ("year_of_date", Method("year_of_date")),
        ("ip_network", Method("ip_network")),
        ({"bucket": 10}, Method("bucket", size=10)),
        ({"constant": 0}, Method("constant", value=0)),
        ({"constant": False}, Method("constant", value=False)),
        ({"constant": ""}, Method("constant", value="")),
    ],
)
def test_every_method(tmp_path: Path, written: Any, method: Method) -> None:
    change = {"tables": {"customer": {"columns": {"postcode": {"method": written}}}}}
    found = shop.data_map(tmp_path, change).tables["customer"].columns["postcode"].method
    assert found == method
    assert found is not None
    assert type(found.value) is type(method.value)


def test_a_purpose_takes_the_schedules_scope_unless_the_map_says_another(mapped: DataMap) -> None:
    assert mapped.tables["scan"].groups["file"].purposes == (
        PurposeUse("CLAIM_FILE", Scope.RECORD),
        PurposeUse("DELIVERY", Scope.SUBJECT),
    )


def test_a_group_and_an_event_concern_every_role_unless_the_map_says_which(mapped: DataMap) -> None:
    tables = mapped.tables
    assert tables["customer"].groups["contact"].of == ("customer",)
    assert tables["invoice"].groups["voucher"].of == ("customer", "firm")
    assert tables["invoice"].emissions[0].of == ("customer", "firm")
    assert tables["line"].groups["voucher"].of == ("customer", "firm"), "inherited from the whole"
    assert tables["customer"].groups["contact"].without_purpose is WithoutPurpose.REFER
    assert tables["scan"].groups["copy"].without_purpose is WithoutPurpose.EXPIRE


def test_a_subject_through_another_table_is_of_that_tables_kind(mapped: DataMap) -> None:
    subjects = mapped.tables["invoice"].subjects
    assert (subjects["customer"].kind, subjects["firm"].kind) == (SubjectKind.PERSON, SubjectKind.COMPANY)
    assert (subjects["firm"].through, subjects["firm"].table) == (("customer_id",), "customer")
    assert mapped.tables["customer"].subjects["customer"].identifiers == {
        IdentifierKind.CUSTOMER_NUMBER: "customer_id",
        IdentifierKind.EMAIL: "email",
    }


def test_a_kind_is_found_through_parts_too(tmp_path: Path) -> None:
    change = {
        "tables": {
            "comment": {
                "title": {"sv": "x", "en": "x"},
                "key": "id",
                "subjects": {"buyer": {"through": "line_id", "table": "line", "role": "firm"}},
                "groups": {"all": {"purposes": [{"purpose": "DELIVERY", "scope": "company"}]}},
                "columns": {"id": "x", "line_id": "x", "text": {"category": "name", "group": "all"}},
            }
        }
    }
    assert shop.data_map(tmp_path, change).tables["comment"].subjects["buyer"].kind is SubjectKind.COMPANY


def test_links(mapped: DataMap) -> None:
    assert mapped.tables["line"].part_of == Link(("series", "number"), "invoice")
    assert mapped.tables["scan"].emissions[0].keeps == (Link(("customer_id",), "customer"),)


def test_relations(mapped: DataMap) -> None:
    tables = mapped.tables
    assert list(wholes(tables, "line")) == ["invoice"]
    assert list(wholes(tables, "invoice")) == []
    assert list(roles_of(tables, "line")) == ["customer", "firm"]
    assert reached(tables, "booked") == {"invoice", "line"}
    assert reached(tables, "credit_check") == {"scan", "customer"}
    assert told_of(tables, "credit_check") == {"scan"}
    assert told_of(tables, "booked") == {"invoice", "line"}


def test_a_part_with_events_of_its_own_is_a_document_of_its_own(tmp_path: Path) -> None:
    """A reminder is part of its invoice, and no voucher; an invoice's line is the voucher."""
    reminder = {
        "title": {"sv": "x", "en": "x"},
        "key": "id",
        "part_of": {"table": "invoice", "by": ["series", "number"]},
        "events": [{"event": "claim_against_us", "date": "sent_on"}],
        "groups": {"letter": {"purposes": ["CLAIM_FILE"]}},
        "columns": {
            "id": "x",
            "series": "x",
            "number": "x",
            "sent_on": "x",
            "text": {"category": "name", "group": "letter"},
        },
    }
    tables = shop.data_map(tmp_path, {"tables": {"reminder": reminder}}).tables
    assert "reminder" not in told_of(tables, "booked")
    assert "reminder" in reached(tables, "booked"), "it inherits the event all the same"


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    one = shop.data_map(tmp_path / "1")
    same = shop.data_map(tmp_path / "2")
    other = shop.data_map(tmp_path / "3", {"owner": "Ekonomichef"})
    assert one.digest == same.digest != other.digest


def test_an_event_may_be_told_in_another_system(tmp_path: Path) -> None:
    """A newsletter knows nothing of contracts: its clock starts in the system that does."""
    news = {
        "system": "news",
        "title": {"sv": "Nyhetsbrev", "en": "Newsletter"},
        "connection": "news",
        "owner": "Marknadschef",
        "tables": {
            "reader": {
                "title": {"sv": "Läsare", "en": "Readers"},
                "key": "id",
                "subjects": {"reader": {"kind": "person", "identifiers": {"email": "email"}}},
                "groups": {"all": {"purposes": ["MARKETING"]}},
                "columns": {"id": "Primary key", "email": {"category": "email", "group": "all"}},
            }
        },
    }
    both = samples.write_policy(
        tmp_path / "both", samples.valid("schedule"), {"shop": samples.valid("map"), "news": news}
    )
    assert set(load_policy(both).maps) == {"shop", "news"}
    alone = samples.write_policy(tmp_path / "alone", samples.valid("schedule"), {"news": news})
    _, problems = samples.load(alone)
    assert [problem.code for problem in problems] == ["CLOCK_NEVER_STARTS"]


def test_notices_say_what_nobody_uses(tmp_path: Path) -> None:
    content = samples.valid("map")
    content["tables"]["scan"]["groups"]["file"]["purposes"] = ["DELIVERY"]
    content["tables"]["customer"]["events"].pop()
    directory = samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": content})
    notices = load_policy(directory).notices
    assert {(notice.code, notice.key) for notice in notices} == {
        ("PAST_PUBLISHED_CEILING", "purposes.OSS.keep"),
        ("PURPOSE_UNUSED", "purposes.CLAIM_FILE"),
        ("NO_OBJECTIONS", "events.objection"),
    }
    assert all(notice.file.endswith("retention_schedule.yaml") and notice.line for notice in notices)


def test_some_of_a_groups_persons_can_be_lost(tmp_path: Path) -> None:
    """Not refused, for the group still knows the others; but the DPO sees it."""
    content = samples.valid("map")
    customer = content["tables"]["customer"]
    customer["subjects"]["partner"] = {"kind": "person", "identifiers": {"email": "partner_mail"}}
    customer["columns"]["partner_mail"] = {"category": "email", "group": "partner"}
    customer["groups"]["partner"] = {"purposes": ["DELIVERY"], "of": ["partner"]}
    customer["groups"]["contact"]["of"] = ["customer", "partner"]
    directory = samples.write_policy(tmp_path, samples.valid("schedule"), {"shop": content})
    lost = [notice for notice in load_policy(directory).notices if notice.code == "IDENTITY_ERASED_FIRST"]
    assert [notice.key for notice in lost] == ["tables.customer.groups.contact.purposes"]
    assert "partner" in lost[0].what
