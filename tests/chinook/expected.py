"""What is to be left of Chinook on a day: the story of its policy told in plain Python, without the engine.

- A customer without an invoice in the last three years is nobody any more: the row stays, for its invoices.
- An invoice's billing address goes when bookkeeping ends, with the seventh calendar year after the one in which the
  invoice's fiscal year ended.
- Nothing else changes: no other column, no employee, no music.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from tests.integration.harness import Dump, Row

CUSTOMERS, INVOICES = "chinook.Customer", "chinook.Invoice"
YEARS_WITHOUT_INVOICE, YEARS_OF_BOOKKEEPING = 3, 7
CONTACT = ("Company", "Address", "City", "State", "Country", "PostalCode", "Phone", "Fax")
BILLING = ("BillingAddress", "BillingCity", "BillingState", "BillingCountry", "BillingPostalCode")


def expected(before: Dump, today: date, *, first_month: int = 1) -> Dump:
    """Return what the database is to hold after a run.

    Args:
        before: what it held before.
        today: the day of the run.
        first_month: month on whose first day each fiscal year begins.
    """
    gone = former_customers(before, today)
    customers = {key: nobody(row) if row["CustomerId"] in gone else row for key, row in before[CUSTOMERS].items()}
    invoices = {
        key: unaddressed(row) if is_past_bookkeeping(row, today, first_month) else row
        for key, row in before[INVOICES].items()
    }
    return {**before, CUSTOMERS: customers, INVOICES: invoices}


def former_customers(before: Dump, today: date) -> set[int]:
    """Return the numbers of the customers whose latest invoice is more than three years old."""
    invoiced: dict[int, list[date]] = defaultdict(list)
    for row in before[INVOICES].values():
        invoiced[row["CustomerId"]].append(day_of(row["InvoiceDate"]))
    since = today.replace(year=today.year - YEARS_WITHOUT_INVOICE)
    return {number for number, days in invoiced.items() if max(days) < since}


def is_past_bookkeeping(invoice: Row, today: date, first_month: int) -> bool:
    """Return whether the seventh calendar year has ended after the one in which the invoice's fiscal year did."""
    day = day_of(invoice["InvoiceDate"])
    ended = day.year + 1 if 1 < first_month <= day.month else day.year
    return today.year > ended + YEARS_OF_BOOKKEEPING


def nobody(customer: Row) -> Row:
    """Return a customer's row without the customer."""
    name = {"FirstName": "Gallrad", "LastName": "Gallrad"}
    email = {"Email": f"gallrad-{customer['CustomerId']}@gallring.invalid"}
    return {**customer, **name, **email, **dict.fromkeys(CONTACT)}


def unaddressed(invoice: Row) -> Row:
    """Return an invoice's row without the address that it was sent to."""
    return {**invoice, **dict.fromkeys(BILLING)}


def day_of(stored: Any) -> date:
    """Return the day of a timestamp: SQLite keeps text, the servers keep timestamps."""
    at = stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
    return at.date()
