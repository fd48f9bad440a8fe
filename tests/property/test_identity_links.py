"""A row that alone joins two identifiers stays as long as somebody's clock is read by it, and not a day longer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from include.retention.identity_graph import Edge, Unit, kept_units
from tests.property.engine import act, decide_loaded, decide_world, decisions
from tests.property.outcome import rows_of
from tests.reference.build import (
    data_map,
    emission,
    group,
    keep,
    months,
    person,
    personal_column,
    purpose,
    schedule,
    table,
    years,
)
from tests.reference.classifier import classify
from tests.reference.world import Place, Source, World

TODAY = date(2026, 11, 22)
SCHEDULE = schedule(
    purpose("CONTACT", "contact", keep(months(3))),
    purpose("LETTER", "order", keep(years(1)), "subject"),
    purpose("VOUCHER", "booked", keep(years(7))),
)
CUSTOMER = table(
    "customer",
    ["id", "customer_no", "registered", *(personal_column(name, name) for name in ("pnr", "email", "name"))],
    subjects=[person("customer", customer_number="customer_no", identity_number="pnr", email="email")],
    emissions=[emission("contact", "registered")],
    groups=[group(name, ("CONTACT", "record"), of=["customer"]) for name in ("pnr", "email", "name")],
)
ORDER = table(
    "order",
    ["id", "customer_no", "ended", "day", personal_column("note", "note")],
    subjects=[person("customer", customer_number="customer_no")],
    emissions=[emission("order", "ended", of=["customer"]), emission("booked", "day")],
    groups=[group("note", ("VOUCHER", "record"), of=["customer"])],
)
SUBSCRIBER = table(
    "subscriber",
    ["id", personal_column("email", "email")],
    subjects=[person(email="email")],
    groups=[group("email", ("LETTER", "subject"), of=["person"], without_purpose="expire")],
)
ANNA = {"id": 1, "customer_no": "500001", "registered": "2020-01-01", "pnr": None, "email": "a@example.se", "name": "A"}
ORDERED = {"id": 1, "customer_no": "500001", "ended": "2026-10-01", "day": "2026-10-01", "note": "x"}
LETTER = {"id": 1, "email": "A@example.se"}


def world(*customers: Mapping[str, object], today: date = TODAY, ordered: Mapping[str, object] = ORDERED) -> World:
    rows = {"customer": list(customers), "order": [ordered]}
    return World(
        SCHEDULE,
        {
            "shop": Source(data_map("shop", [CUSTOMER, ORDER]), rows),
            "letters": Source(data_map("letters", [SUBSCRIBER]), {"subscriber": [LETTER]}),
        },
        today,
        today,
    )


def told(given: World, directory: Path) -> dict[tuple[str, int, str | None], tuple[str, str]]:
    """Return verdict and reason by table, key and group, on which engine and reference agree."""
    found = decisions(given, decide_world(given, directory))
    expected = classify(given)
    assert {place: each[:2] for place, each in found.items()} == {place: each[:2] for place, each in expected.items()}
    return {(place.table, place.key[0], place.group): each[:2] for place, each in found.items()}


def test_the_address_stays_while_a_newsletter_is_known_by_it_alone(tmp_path: Path) -> None:
    found = told(world(ANNA), tmp_path)
    assert found["subscriber", 1, "email"] == ("RETAIN", "LIVE_PURPOSE")
    assert found["customer", 1, "email"] == ("RETAIN", "IDENTITY_LINK")
    assert found["customer", 1, "name"] == ("ANONYMISE", "EXPIRED"), "nobody is told apart by a name"


def test_the_next_run_still_knows_whose_the_newsletter_is(tmp_path: Path) -> None:
    given = world(ANNA)
    found = decide_world(given, tmp_path)
    act(given, found, tmp_path)
    later = decisions(given, decide_loaded(given, tmp_path))
    assert later[Place("letters", "subscriber", (1,), "email")].reason == "LIVE_PURPOSE"
    row = rows_of(given, tmp_path)["shop", "customer", (1,)]
    assert (row["email"], row["name"]) == ("a@example.se", None)


def test_it_goes_with_the_clock_that_needed_it(tmp_path: Path) -> None:
    found = told(world(ANNA, today=date(2027, 10, 2)), tmp_path)
    assert found["subscriber", 1, "email"][0] == "DELETE"
    assert found["customer", 1, "email"] == ("DELETE", "EXPIRED")


def test_another_row_that_stays_is_tie_enough(tmp_path: Path) -> None:
    recent = ANNA | {"id": 2, "registered": "2026-11-01"}
    found = told(world(ANNA, recent), tmp_path)
    assert found["customer", 1, "email"] == ("DELETE", "EXPIRED")
    assert found["customer", 2, "email"] == ("RETAIN", "LIVE_PURPOSE")


def test_of_two_rows_that_could_one_stays_and_an_identity_number_only_where_nothing_else_will_do(
    tmp_path: Path,
) -> None:
    twice = [ANNA | {"pnr": "19800101-0019"}, ANNA | {"id": 2, "pnr": "19800101-0019"}]
    found = told(world(*twice), tmp_path)
    kept = {place for place, (_, reason) in found.items() if reason == "IDENTITY_LINK"}
    assert kept == {("customer", 2, "email")}


def test_nothing_stays_for_what_rests_on_nobody(tmp_path: Path) -> None:
    """The order is kept as a voucher, by its own day: who the customer was doesn't matter to that."""
    found = told(world(ANNA, ordered=ORDERED | {"ended": "2024-01-01"}), tmp_path)
    assert found["order", 1, "note"] == ("RETAIN", "LIVE_PURPOSE")
    assert found["customer", 1, "email"] == ("DELETE", "EXPIRED")


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_a_chain_is_kept_whole_and_what_hangs_loose_goes(count: int) -> None:
    chain = [
        Edge(place, f"customer_number {place + step}", address=False, unit=unit(str(place)))
        for place in range(count)
        for step in (0, 1)
    ]
    loose = [Edge(count + 1, "customer_number 0", address=False, unit=unit("loose"))]
    first = Edge(-1, "customer_number 0", address=False, unit=None)
    last = Edge(-2, f"customer_number {count}", address=False, unit=None)
    kept = kept_units([first, *chain, *loose, last], {-1, -2})
    assert kept == sorted({edge.unit for edge in chain if edge.unit})


def unit(key: str) -> Unit:
    return Unit(number=False, system="s", table="t", key=key, group="g")
