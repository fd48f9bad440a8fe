"""``gallring explain``: why one record is kept, or why and when it goes, in words that a lawyer reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from include.retention.cli import why
from include.retention.due_items import decide_items
from include.retention.explain import ClockTold, StartDay, start_days
from include.retention.policy.load import load_policy
from include.retention.preview import Preview, previewed
from include.retention.report.words import load_words
from include.retention.terms import Reason
from tests.cli.conftest import Call, document, everything
from tests.integration.harness import AS_OF, Iret, expectations
from tests.places import ROOT

Explain = Callable[..., str]


@pytest.fixture(scope="module")
def preview(company: Iret) -> Iterator[Preview]:
    """What would be decided today, once for all tests here."""
    with previewed(None, lambda _step: None) as preview:
        decide_items(preview.run, preview.staging)
        yield preview


@pytest.fixture
def explain(preview: Preview, call: Call, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Explain a record on the preview that is there already; return what is said."""

    @contextmanager
    def same(_as_of: object, _step: object, *, whole: bool) -> Iterator[Preview]:
        assert whole, "it may be asked about any record"
        yield preview

    monkeypatch.setattr(why, "previewed", same)
    monkeypatch.setattr(why, "decide_items", lambda _run, _staging: None)

    def of(table: str, key: str) -> str:
        done = call("explain", table, key)
        assert done.exit_code == 0, done.stderr
        codes = {reason.value for reason in Reason} & set(re.findall(r"[A-Z_]{5,}", done.stdout))
        assert not codes, "codes aren't plain words"
        return done.stdout

    return of


def test_every_purpose_event_and_date_of_what_is_kept(explain: Explain) -> None:
    """Case H24: a meeting booked for December keeps a prospect whose dialogue has fallen asleep."""
    told = explain("sales.lead", "9")
    assert told.startswith(f"sales.lead [9] as of {AS_OF}: the row stays.")
    assert "contact: kept by Administering booked meetings (live purpose)\n  may go from 2026-12-19\n" in told
    assert '"Two-way contact": 2026-04-17, so it held the data through 2026-10-17' in told
    assert '"Booked meeting": 2026-12-18, so it holds the data through 2026-12-18' in told
    assert 'the record\'s own "Sales call": never happened' in told
    assert "identity: no longer held by any purpose (never had a purpose)\n  nothing is left in these columns" in told


def test_a_fiscal_years_last_day_is_not_called_the_day_of_the_voucher(
    explain: Explain, company: Iret, call: Call
) -> None:
    [invoice] = [row for row in company.gallring.dump()["finance.invoice"].values() if row["invoice_id"] == 1]
    year = invoice["invoice_date"][:4]
    assert not invoice["invoice_date"].endswith("12-31")
    told = explain("finance.invoice", "1")
    assert f'"Booked": in the fiscal year whose last day is {year}-12-31, so it ' in told
    assert f'"Booked": {year}' not in told
    clocks = [
        (clock["started"], clock["started_is"])
        for group in document(call("explain", "finance.invoice", "1", "--json"))["groups"]
        for clock in group["clocks"]
        if clock["starts"] == "booked"
    ]
    assert set(clocks) == {(f"{year}-12-31", "fiscal_year")}


def test_an_event_told_in_both_ways_says_both() -> None:
    maps = load_policy(ROOT / "include" / "policy").maps
    days = start_days(maps.values())
    assert (days["booked"], days["relationship"]) == (StartDay.FISCAL_YEAR, StartDay.EVENT)
    invoice = maps["finance"].tables["invoice"]
    plain = replace(invoice, emissions=tuple(replace(each, as_fiscal_year_end=False) for each in invoice.emissions))
    other = replace(maps["finance"], tables={**maps["finance"].tables, "invoice": plain})
    mixed = start_days([*maps.values(), other])
    assert mixed["booked"] is StartDay.EITHER
    open_by_state = replace(plain, emissions=(replace(plain.emissions[0], date=None),))
    undated = replace(other, tables={**other.tables, "invoice": open_by_state})
    assert start_days([*maps.values(), undated])["booked"] is StartDay.FISCAL_YEAR, "what has no day is no other day"
    clock = ClockTold(
        "ACCOUNTING", "record", "booked", date(2020, 12, 31), mixed["booked"],
        goes_on=False, through=date(2027, 12, 31), live=True, ended_at_once=False, problem=None,
    )  # fmt: skip
    schedule = load_policy(ROOT / "include" / "policy").schedule
    said = why._sentence(clock, schedule, load_words("en", schedule.time_zone))
    assert "on 2020-12-31, or in the fiscal year whose last day is 2020-12-31, so it holds" in said


def test_what_goes_names_the_rule_that_held_it_last_and_since_when_it_could(explain: Explain) -> None:
    told = explain("sales.delivery", "1")
    assert "the row goes." in told
    assert "receipt: no longer held by any purpose, last by Product liability (its time is up)" in told
    assert "  could go since 2026-03-01\n" in told
    assert told.count("\n  - ") == 6, "every purpose of the group"


def test_a_row_that_has_to_stand_says_why_and_what_of_it_goes(explain: Explain) -> None:
    """Case B11: a kept row refers to the customer, so the row stays without its columns."""
    told = explain("sales.customer", "22")
    assert "the row stays." in told
    assert "identity: no longer held by any purpose, last by Invoicing (a kept record points here)" in told
    assert "  the row stays, what is in these columns goes\n" in told
    assert "ended at once, whatever its period says" in told


@pytest.mark.parametrize(
    ("table", "key", "holds"),
    [
        ("sales.customer", "62", "H1"),  # by customer number
        ("sales.lead", "21", "H2"),  # by e-mail address
        ("sales.dialogue_entry", "23", "H2"),  # as a part of that prospect
        ("sales.support_case", "3", "H3"),  # by its own key
        ("finance.debtor", "67", "H4"),  # by identity number, in another system
        ("sales.customer", "66", "recorded in the system itself"),  # a restriction under Article 18
    ],
)
def test_a_hold_is_named(explain: Explain, table: str, key: str, holds: str) -> None:
    told = explain(table, key)
    assert f"A legal hold covers it ({holds}): nothing of it is destroyed.\n" in told
    assert "kept (legal hold)" in told
    assert "the row stays." in told
    assert "  could go since" not in told


def test_a_hold_tells_what_would_be_without_it(explain: Explain) -> None:
    assert "without the hold it could go since 20" in explain("sales.customer", "62")


def test_what_is_referred_says_what_nobody_knows(explain: Explain) -> None:
    told = explain("sales.customer", "73")
    assert "master: referred to a human (placeholder date)" in told
    assert "can't be dated (placeholder date)" in told
    assert "could go since" not in told


def test_what_isnt_personal(explain: Explain, company: Iret) -> None:
    rows = company.gallring.dump()["sales.company"].values()
    limited = next(row["company_id"] for row in rows if row["legal_form"] != "EF")
    told = explain("sales.company", str(limited))
    assert "It is outside the table's personal_when: it holds no personal data." in told
    assert "master: kept (no personal data)" in told
    assert "go from" not in told


@pytest.mark.parametrize("key", ["23,1", "23, 1", "[23, 1]", '["23", "1"]'])
def test_a_composite_key_may_be_spelt_in_several_ways(explain: Explain, key: str) -> None:
    assert explain("finance.invoice_line", key).startswith("finance.invoice_line [23, 1] as of")


def test_json_says_what_was_expected_of_records_of_every_kind(explain: Explain, company: Iret, call: Call) -> None:
    keys = {("sales.lead", "[9]"), ("sales.customer", "[22]"), ("sales.customer", "[62]"), ("sales.customer", "[65]"),
            ("sales.customer", "[73]"), ("finance.debtor", "[60]")}  # fmt: skip
    expected: dict[tuple[str, str], dict[str, str]] = {}
    for each in expectations(company.sample):
        expected.setdefault((f"{each.system}.{each.table}", each.key), {})[each.group] = each.verdict
    for table, key in sorted(keys):
        told = document(call("explain", table, key, "--json"))
        assert set(told) == {"table", "key", "row", "legal_hold", "holds", "personal", "groups", "notices"}
        verdicts = {group["group"]: verdict(told, group) for group in told["groups"]}
        assert verdicts == {name: or_nothing_left(told, name, each) for name, each in expected[table, key].items()}


def verdict(told: dict[str, Any], group: dict[str, Any]) -> str:
    if group["state"] != "EXPIRED":
        return str(group["state"])
    return "DELETE" if told["row"] == "goes" else "ANONYMISE"


def or_nothing_left(told: dict[str, Any], name: str, expected: str) -> str:
    [group] = [each for each in told["groups"] if each["group"] == name]
    assert group["erased"] == (expected == "ANONYMISE" and group["left"])
    return expected


def test_the_whole_command_looks_ahead_and_changes_nothing(company: Iret, call: Call) -> None:
    before = everything(company)
    told = call("explain", "sales.lead", "9", "--as-of", "2026-12-19")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith("sales.lead [9] as of 2026-12-19: the row goes.")
    assert "could go since 2026-12-19" in told.stdout
    assert everything(company) == before
