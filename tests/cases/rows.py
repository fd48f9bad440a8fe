"""Rows that many cases have in common, with what each is usually about."""

from __future__ import annotations

from typing import Any

from tests.cases.world import World


def customer(world: World, number: str = "1001", **values: Any) -> Any:
    """Add a private customer."""
    return world.add("sales.customer", customer_no=number, **values)


def relationship(world: World, ended: str | None = None, **values: Any) -> Any:
    """Add a subscription, with a customer or a company, that ended on a day or goes on."""
    status = "active" if ended is None else "ended"
    usual = {"kind": "subscription", "status": status, "started_on": "2015-01-01", "ended_on": ended}
    return world.add("sales.contract", **{**usual, **values})


def fiscal_year(world: World, first: str, last: str) -> Any:
    """Add a fiscal year."""
    return world.add("finance.fiscal_year", starts_on=first, ends_on=last)


def calendar_years(world: World, *years: int) -> None:
    """Add fiscal years that are calendar years."""
    for year in years:
        fiscal_year(world, f"{year}-01-01", f"{year}-12-31")


def invoice(world: World, day: str, number: str | None = "1001", **values: Any) -> Any:
    """Add an invoice, paid the day it was written."""
    usual = {"invoice_date": day, "paid_on": day, "status": "paid", "buyer": "consumer", "vat_scheme": "domestic"}
    return world.add("finance.invoice", **{**usual, "customer_no": number, **values})


def order(world: World, day: str, **values: Any) -> Any:
    """Add an order, placed and fulfilled on a day."""
    return world.add("sales.order", **{"placed_at": f"{day}T09:00:00", "status": "closed", "closed_on": day, **values})


def delivery(world: World, day: str, order_id: int, buyer: str = "consumer", **values: Any) -> Any:
    """Add the delivery of something durable."""
    usual = {"product_class": "durable", "own_brand": False, "delivered_on": day}
    return world.add("sales.delivery", **{**usual, "order_id": order_id, "buyer": buyer, **values})


def company(world: World, orgno: str | None = "556012-5790", form: str = "AB", **values: Any) -> Any:
    """Add a company."""
    return world.add("sales.company", orgno=orgno, legal_form=form, **values)


def representative(world: World, company_id: int, **values: Any) -> Any:
    """Add a company's representative, still in the role."""
    return world.add("sales.representative", company_id=company_id, **{"started_on": "2015-01-01", **values})


def lead(world: World, contact: str | None = None, **values: Any) -> Any:
    """Add a prospect, with a two-way contact on a day."""
    number = world.add("sales.lead", **{"status": "open", "created_on": "2015-01-01", **values})
    if contact is not None:
        talk(world, number, contact)
    return number


def talk(world: World, lead_id: int, day: str, kind: str = "call", *, two_way: bool = True, **values: Any) -> Any:
    """Add something that happened in the dialogue with a prospect, at noon."""
    about = {"occurred_at": f"{day}T12:00:00", "kind": kind, "two_way": two_way}
    return world.add("sales.dialogue_entry", lead_id=lead_id, **about, **values)


def subscriber(world: World, email: str = "anna@iret.example", **values: Any) -> Any:
    """Add a newsletter's subscriber who was put on the list."""
    return world.add("marketing.subscriber", email=email, **{"source": "sale", **values})


def consent(world: World, at: str, kind: str = "consent", **values: Any) -> Any:
    """Add a consent, an objection or a withdrawal, at an instant in UTC."""
    usual = {"email": "anna@iret.example"}
    return world.add("marketing.consent_event", occurred_at=at, kind=kind, **{**usual, **values})


def objection(world: World, at: str, **values: Any) -> Any:
    """Add an objection to direct marketing that was made with marketing."""
    return consent(world, at, "objection", **values)


def request(world: World, kind: str, at: str, **values: Any) -> Any:
    """Add a request from a data subject."""
    return world.add("sales.privacy_request", kind=kind, received_at=at, **values)
