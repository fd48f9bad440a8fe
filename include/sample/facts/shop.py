"""Facts of the sales system about private customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from include.sample import names, registers
from include.sample.cluster import Cluster, Person
from include.sample.days import (
    BUSINESS_WARRANTY_MONTHS,
    CREDIT_CHECK_DAYS,
    FORMER_CUSTOMER_MONTHS,
    GUARANTEE_MONTHS,
    LOG_MONTHS,
    TEN_YEARS,
    consumer_warranty,
    instant,
    months_after,
    wall_clock,
)
from include.sample.facts.standing import Standing
from include.sample.outcomes import DUE, KEEP, Row


def until(c: Cluster, last_day: date | None) -> str:
    """Return KEEP through a period's last day, else DUE; None means that there is no such period."""
    return DUE if last_day is None or c.time.over(last_day) else KEEP


def customer(
    c: Cluster,
    p: Person,
    standing: Standing,
    values: dict[str, object] | None = None,
    outcome: dict[str, str] | None = None,
) -> Row:
    """Add a private customer.

    Args:
        standing: says what is expected of the groups.
        values: columns that differ from the usual.
        outcome: groups of which something else is expected than ``standing`` says.
    """
    serial = c.number("customer_no")
    filled: dict[str, object] = {
        "customer_no": f"K{serial:07d}",
        "pnr": registers.spell_personal(p.pnr, c.rng),
        "given_name": p.given,
        "family_name": p.family,
        "street": p.street,
        "postcode": p.postcode,
        "city": p.city,
        "phone": names.spell_telephone(p.phone, serial),
        "email": names.spell_email(p.email, c.rng.randrange(8)),
        "protected_identity": False,
        "registered_on": c.time.ago(900),
        "is_test": False,
        **(values or {}),
    }
    login = filled.get("last_login_at")
    return c.add(
        "customer",
        filled,
        {
            "identity": standing.identity,
            "master": standing.master,
            "profile": standing.marketing,
            "payment": standing.relation,
            "network": DUE if login is None else until(c, months_after(login.date(), LOG_MONTHS)),  # type: ignore[attr-defined]
            **(outcome or {}),
        },
    )


def login_values(c: Cluster, day: date) -> dict[str, object]:
    """Return the columns of a customer's latest log-in."""
    return {"last_login_at": instant(day, c.rng.randint(8, 20)), "last_login_ip": names.ip_address(c.rng)}


def profile_values(c: Cluster, p: Person) -> dict[str, object]:
    """Return the columns that only marketing needs."""
    return {"birth_date": p.birthday, "interests": c.rng.choice(names.WORDS["interests"])}


def subscription(
    c: Cluster,
    customer_id: object,
    name: str,
    started: date | None,
    ended: date | None,
    outcome: str,
    values: dict[str, object] | None = None,
) -> Row:
    """Add a private customer's contract; without an end it is active unless ``values`` say otherwise."""
    return c.add(
        "contract",
        {
            "customer_id": customer_id,
            "kind": "subscription",
            "status": "active" if ended is None else "ended",
            "signatory_name": name,
            "started_on": started,
            "ended_on": ended,
            "last_activity_on": ended or c.time.ago(40),
            "auto_renews": True,
            "monthly_fee": Decimal(c.rng.randint(99, 899)),
            **(values or {}),
        },
        outcome,
    )


@dataclass(frozen=True, slots=True)
class Goods:
    """What an order is about.

    Attributes:
        product_class: ``durable`` or ``consumable``.
        guarantee_until: last day of a guarantee sold with it.
        circulated_on: day it was put into circulation under IRET's own brand.
        gift_to: another person it is sent to.
        claimed: a complaint about it is open.
        objected: the buyer has objected to marketing, or asked to be erased.
    """

    product_class: str = "durable"
    guarantee_until: date | None = None
    circulated_on: date | None = None
    gift_to: Person | None = None
    claimed: bool = False
    objected: bool = False


def order(
    c: Cluster,
    buyer: Row,
    ship_to: Person,
    placed: date,
    closed: date | None,
    goods: Goods = Goods(),
    values: dict[str, object] | None = None,
) -> Row:
    """Add an order, with its delivery unless it is still open.

    Args:
        buyer: a row of ``customer`` or ``company``.
        closed: the day it was delivered; None while it is open.
        values: columns of the order that differ from the usual.
    """
    delivered = closed if (values or {}).get("status") != "cancelled" else None
    warranty = _warranty(buyer, delivered, goods)
    guarantee = None if goods.guarantee_until is None else months_after(goods.guarantee_until, GUARANTEE_MONTHS)
    under_way = KEEP if closed is None else DUE
    claim = KEEP if goods.claimed else DUE
    shipping = _any_kept(under_way, until(c, warranty), until(c, guarantee), claim)
    former = None if closed is None or goods.objected else months_after(closed, FORMER_CUSTOMER_MONTHS)
    gift = goods.gift_to
    serial = c.number("order_no")
    row = c.add(
        "order",
        {
            "order_no": f"W{serial:08d}",
            f"{buyer.table}_id": buyer.values[f"{buyer.table}_id"],
            "placed_at": instant(placed, c.rng.randint(7, 21), serial % 60),
            "status": "open" if closed is None else "closed",
            "closed_on": closed,
            "ship_name": ship_to.name,
            "ship_street": ship_to.street,
            "ship_postcode": ship_to.postcode,
            "ship_city": ship_to.city,
            "total": Decimal(c.rng.randint(9900, 1999900)).scaleb(-2),
            **({} if gift is None else _gift(gift, serial)),
            **(values or {}),
        },
        {
            "reference": _any_kept(shipping, until(c, former)),
            "shipping": shipping,
            "gift": _any_kept(under_way, until(c, warranty)),
        },
    )
    if delivered is not None:
        _delivery(c, row, buyer, delivered, goods, ship_to.name if gift is None else gift.name)
    return row


def _warranty(buyer: Row, delivered: date | None, goods: Goods) -> date | None:
    if delivered is None:
        return None
    if buyer.table == "company":
        return months_after(delivered, BUSINESS_WARRANTY_MONTHS)
    return consumer_warranty(delivered) if goods.product_class == "durable" else None


def _delivery(c: Cluster, order_row: Row, buyer: Row, delivered: date, goods: Goods, received_by: str) -> Row:
    warranty = _warranty(buyer, delivered, goods)
    guarantee = None if goods.guarantee_until is None else months_after(goods.guarantee_until, GUARANTEE_MONTHS)
    liability = None if goods.circulated_on is None else months_after(goods.circulated_on, TEN_YEARS)
    return c.add(
        "delivery",
        {
            "order_id": order_row.values["order_id"],
            "product": c.rng.choice(names.WORDS[f"{goods.product_class}s"]),
            "product_class": goods.product_class,
            "own_brand": goods.circulated_on is not None,
            "buyer": "business" if buyer.table == "company" else "consumer",
            "delivered_on": delivered,
            "guarantee_until": goods.guarantee_until,
            "circulated_on": goods.circulated_on,
            "serial_no": f"SN{c.number('serial_no'):09d}",
            "received_by": received_by,
        },
        _any_kept(until(c, warranty), until(c, guarantee), until(c, liability), KEEP if goods.claimed else DUE),
    )


def _gift(recipient: Person, serial: int) -> dict[str, object]:
    return {
        "gift_name": recipient.name,
        "gift_street": recipient.street,
        "gift_postcode": recipient.postcode,
        "gift_city": recipient.city,
        "gift_phone": names.spell_telephone(recipient.phone, serial),
        "gift_message": "Grattis på födelsedagen!",
    }


def _any_kept(*outcomes: str) -> str:
    return KEEP if KEEP in outcomes else DUE


def support_case(
    c: Cluster,
    opened: date,
    closed: date | None,
    kind: str,
    values: dict[str, object],
    outcome: str | None = None,
) -> Row:
    """Add a support case: kept while it is open, unless ``outcome`` says otherwise."""
    return c.add(
        "support_case",
        {
            "opened_on": opened,
            "closed_on": closed,
            "kind": kind,
            "description": c.rng.choice(names.WORDS["notes"]),
            **values,
        },
        outcome or (KEEP if closed is None else DUE),
    )


def web_login(c: Cluster, customer_id: object, day: date, path: str = "/mina-sidor") -> Row:
    """Add a log-in to the web shop."""
    return c.add(
        "web_login",
        {
            "customer_id": customer_id,
            "logged_at": instant(day, c.rng.randint(7, 21), c.rng.randrange(60)),
            "ip": names.ip_address(c.rng),
            "path": path,
            "user_agent": c.rng.choice(names.WORDS["agents"]),
        },
        until(c, months_after(day, LOG_MONTHS)),
    )


def note(c: Cluster, about: dict[str, object], written: date, outcome: str, body: str | None = None) -> Row:
    """Add a note about a customer, a company or a lead."""
    return c.add(
        "note",
        {
            **about,
            "body": body or c.rng.choice(names.WORDS["notes"]),
            "author": "siglin",
            "created_at": wall_clock(written),
        },
        outcome,
    )


def credit_check(
    c: Cluster, about: dict[str, object], completed: date | None, decision: str, *, id_copy_of: Person | None = None
) -> Row:
    """Add a credit check, with a copy of the person's ID document if asked for.

    Args:
        about: ``customer_id`` or ``lead_id``.
        completed: the day of the decision; None while it is under way.
        decision: what is expected of the decision, once the check itself is over.
    """
    last_day = None if completed is None else completed + timedelta(days=CREDIT_CHECK_DAYS)
    check = KEEP if last_day is None else until(c, last_day)
    row = c.add(
        "credit_check",
        {
            **about,
            "completed_on": completed,
            "decision": None if completed is None else "approved",
            "score": c.rng.randint(20, 95),
            "report_text": "Inga betalningsanmärkningar. Taxerad inkomst enligt bifogat utdrag.",
            "decided_by": "ekokar",
        },
        {"report": check, "decision": KEEP if check == KEEP else decision},
    )
    if id_copy_of is not None:
        id_document(c, id_copy_of, about["customer_id"], completed or c.time.ago(5), check, row.values["check_id"])
    return row


def id_document(
    c: Cluster, p: Person, customer_id: object, scanned: date, outcome: str, check_id: object = None
) -> Row:
    """Add a copy of an ID document: the row and its files."""
    serial = c.number("id_document")
    stem = f"{scanned.year}/{serial:07d}"
    c.files[f"{stem}.jpg"] = f"scan {serial}"
    c.files[f"{stem}_thumb.jpg"] = f"thumbnail {serial}"
    c.files[f"{stem}.txt"] = f"SVERIGE SWEDEN IDENTITETSKORT {p.family.upper()} {p.given.upper()} {p.pnr}"
    return c.add(
        "id_document",
        {
            "document_id": f"ID-{scanned.year}-{serial:07d}",
            "customer_id": customer_id,
            "credit_check_id": check_id,
            "kind": "körkort",
            "file_path": f"{stem}.jpg",
            "scanned_on": scanned,
        },
        outcome,
    )


def privacy_request(
    c: Cluster, kind: str, received: date, closed: date | None, about: dict[str, object], outcome: dict[str, str]
) -> Row:
    """Add a request that a person made under the GDPR."""
    return c.add(
        "privacy_request",
        {
            "kind": kind,
            "received_at": instant(received, 10),
            "closed_on": closed,
            "message": "Jag vill använda mina rättigheter enligt dataskyddsförordningen.",
            **about,
        },
        outcome,
    )
