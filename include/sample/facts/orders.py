"""Facts of the sales system about orders, deliveries and what is wrong with them."""

# ruff: noqa: PLR0913, PLR0917 - a fact has many columns.
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from include.sample import names
from include.sample.cluster import Cluster, Person
from include.sample.days import (
    BUSINESS_WARRANTY_MONTHS,
    FORMER_CUSTOMER_MONTHS,
    GUARANTEE_MONTHS,
    TEN_YEARS,
    consumer_warranty,
    instant,
    months_after,
)
from include.sample.facts.shop import until
from include.sample.outcomes import DUE, KEEP, Row


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
        c: the cluster.
        buyer: a row of ``customer`` or ``company``.
        ship_to: the person whose address is on the order.
        placed: the day it was placed.
        closed: the day it was delivered; None while it is open.
        goods: what it is about.
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
