"""Fills the shop through its own models, and uses it again afterwards: ``python fill.py fill|use``.

Runs in the shop's own environment, with nothing of Gallring's. Everybody is invented.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django wants to be set up first
from django.contrib.sessions.models import Session  # noqa: E402
from oscar.apps.address.models import Country, UserAddress  # noqa: E402
from oscar.apps.analytics.models import UserProductView, UserSearch  # noqa: E402
from oscar.apps.basket.models import Basket  # noqa: E402
from oscar.apps.catalogue.models import Product, ProductClass  # noqa: E402
from oscar.apps.catalogue.reviews.models import ProductReview  # noqa: E402
from oscar.apps.communication.models import Email  # noqa: E402
from oscar.apps.customer.models import ProductAlert  # noqa: E402
from oscar.apps.order.models import BillingAddress, Line, Order, OrderNote, ShippingAddress  # noqa: E402
from oscar.apps.partner.models import Partner, StockRecord  # noqa: E402
from oscar.apps.payment.models import Bankcard  # noqa: E402
from oscar.apps.wishlists.models import WishList  # noqa: E402

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
PEOPLE = {
    # Name: days since joining, days since each order.
    "anna": (2400, (2300, 1500)),
    "beda": (2400, (2300, 200)),
    "cecilia": (900, ()),
    "dora": (100, ()),
    "staff": (3000, ()),
}


def ago(days: int) -> datetime:
    """Return an instant before the run."""
    return NOW - timedelta(days=days)


def dated(instance, **days: int):
    """Let something have happened on days of its own: the models stamp the present day."""
    values = {name: ago(number) for name, number in days.items()}
    type(instance)._default_manager.filter(pk=instance.pk).update(**values)
    return instance


def order(user, number: str, days: int, product, stock, email: str = "") -> Order:
    """Place an order with a line, addresses and a note."""
    address = {
        "first_name": "Namn",
        "last_name": number,
        "line1": "Exempelgatan 7",
        "postcode": "123 45",
        "line4": "Exempelstad",
        "country": Country.objects.get(pk="SE"),
    }
    placed = Order.objects.create(
        number=number,
        user=user,
        total_incl_tax=Decimal(100),
        total_excl_tax=Decimal(80),
        currency="SEK",
        shipping_incl_tax=Decimal(0),
        shipping_excl_tax=Decimal(0),
        status="Complete",
        guest_email=email,
        shipping_address=ShippingAddress.objects.create(phone_number="+46701740605", notes="Ring på", **address),
        billing_address=BillingAddress.objects.create(**address),
        date_placed=ago(days),
    )
    Line.objects.create(
        order=placed,
        product=product,
        stockrecord=stock,
        partner=stock.partner,
        partner_name="Lager",
        partner_sku="A1",
        title="Bok",
        quantity=1,
        num_allocated=0,
        line_price_incl_tax=100,
        line_price_excl_tax=80,
        line_price_before_discounts_incl_tax=100,
        line_price_before_discounts_excl_tax=80,
    )
    dated(OrderNote.objects.create(order=placed, user=user, message=f"Kunden {number} ringde"), date_created=days)
    return placed


def fill() -> None:
    """Make a shop with five accounts, a guest and everything that gathers around them."""
    Country.objects.create(
        iso_3166_1_a2="SE",
        iso_3166_1_a3="SWE",
        iso_3166_1_numeric="752",
        printable_name="Sverige",
        name="Sverige",
        is_shipping_country=True,
    )
    kind = ProductClass.objects.create(name="Bok", track_stock=False)
    product = Product.objects.create(title="Bok", product_class=kind)
    stock = StockRecord.objects.create(
        product=product, partner=Partner.objects.create(name="Lager"), partner_sku="A1", price=Decimal(80)
    )
    for name, (joined, orders) in PEOPLE.items():
        user = User.objects.create_user(
            name,
            f"{name}@example.se",
            "hemligt",
            first_name=name.title(),
            last_name="Exempel",
            is_staff=name == "staff",
        )
        dated(user, date_joined=joined)
        for number, days in enumerate(orders):
            order(user, f"{name}-{number}", days, product, stock)
        if name != "staff":
            surroundings(user, name, joined, product)
    order(None, "guest-0", 1200, product, stock, "guest@example.se")
    order(None, "guest-1", 30, product, stock, "new.guest@example.se")
    for key, days in (("gone", 2), ("live", -5)):
        Session.objects.create(session_key=key, session_data="e30:anna", expire_date=ago(days))


def surroundings(user, name: str, joined: int, product) -> None:
    """Leave what a customer leaves: addresses, a card, a wish list, baskets, mail, alerts, reviews, page views."""
    country = Country.objects.get(pk="SE")
    UserAddress.objects.create(
        user=user,
        first_name=name,
        last_name="Exempel",
        line1="Exempelgatan 7",
        postcode="123 45",
        line4="Exempelstad",
        country=country,
        phone_number="+46701740605",
    )
    Bankcard.objects.create(
        user=user, card_type="Visa", name=name, number="4111111111111111", expiry_date=ago(-300).date()
    )
    WishList.objects.create(owner=user, name=f"{name}s önskelista")
    for days in (400, 10):
        dated(Basket.objects.create(owner=user), date_created=days)
        dated(
            Email.objects.create(user=user, email=user.email, subject=f"Hej {name}", body_text="Text", body_html="x"),
            date_sent=days,
        )
        dated(UserProductView.objects.create(user=user, product=product), date_created=days)
        dated(UserSearch.objects.create(user=user, query=f"{name} bok"), date_created=days)
        dated(
            ProductAlert.objects.create(product=product, email=f"{name}.{days}@example.se", status="Active"),
            date_created=days,
        )
    review = ProductReview.objects.create(
        product=product, user=user, score=5, title="Bra", body="Bra bok", name=name, email=user.email
    )
    dated(review, date_created=min(joined, 800))


def use() -> None:
    """Read everything that is left through the models, let a customer log in and order once more."""
    told = {
        "users": sorted(User.objects.values_list("username", flat=True)),
        "orders": [str(each.total_incl_tax) for each in Order.objects.order_by("number")],
        "lines": sum(line.quantity for each in Order.objects.all() for line in each.lines.all()),
        "summaries": len([str(each.shipping_address) for each in Order.objects.all()]),
        "reviews": ProductReview.objects.count(),
    }
    beda = User.objects.get(username="beda")
    assert beda.check_password("hemligt")
    again = order(beda, "beda-again", 0, Product.objects.get(), StockRecord.objects.get())
    assert beda.orders.filter(pk=again.pk).exists()
    newcomer = User.objects.create_user("anna", "anna@example.se", "nytt")
    assert newcomer.orders.count() == 0
    print(json.dumps(told))


if __name__ == "__main__":
    {"fill": fill, "use": use}[sys.argv[1]]()
