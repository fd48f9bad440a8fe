"""Fill a migrated shop through Oscar's own models, and, called with `order`, place one more order in it.

Everybody is invented. The names say what is to become of them; `expected.py` has it in full.
"""

import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - Django must be set up first
from oscar.apps.address.models import Country, UserAddress  # noqa: E402
from oscar.apps.analytics.models import UserSearch  # noqa: E402
from oscar.apps.communication.models import Email, Notification  # noqa: E402
from oscar.apps.customer.models import ProductAlert  # noqa: E402
from oscar.apps.order.models import BillingAddress, Order, ShippingAddress  # noqa: E402
from oscar.apps.payment.models import Bankcard  # noqa: E402
from oscar.test.factories import create_basket, create_order, create_product  # noqa: E402

User = get_user_model()
ADDRESS = {"line1": "Storgatan 1", "line4": "Exempelby", "postcode": "999 99"}
PHONE = "+46701740605"  # From the range that PTS keeps for fiction.


def at(day):
    """Return noon of a day in Stockholm."""
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=ZoneInfo("Europe/Stockholm"))


def user(name, joined, **more):
    """Add a user as registration does."""
    made = User.objects.create_user(
        name, f"{name}@example.se", "hemligt", first_name=name.title(), last_name="Exempel", **more
    )
    User.objects.filter(pk=made.pk).update(date_joined=at(joined), last_login=at(joined))
    return made


def order(number, day, buyer=None, guest="", name="Gast"):
    """Place an order as the check-out does, and let it be of another day."""
    country = Country.objects.get(pk="SE")
    who = {"first_name": name, "last_name": "Exempel", "country": country, **ADDRESS}
    shipping = ShippingAddress.objects.create(**who, phone_number=PHONE, notes="Ring pa hos grannen")
    billing = BillingAddress.objects.create(**who)
    basket = create_basket()
    placed = create_order(
        number, basket=basket, user=buyer, shipping_address=shipping, billing_address=billing, guest_email=guest
    )
    Order.objects.filter(pk=placed.pk).update(date_placed=at(day))
    return placed


def fill():
    """Fill the shop."""
    country = Country.objects.create(iso_3166_1_a2="SE", name="Sverige", printable_name="Sverige")
    user("personal", "2018-01-01", is_staff=True)
    joined = {
        "anna": "2018-02-01",
        "bertil": "2021-01-10",
        "cecilia": "2018-03-01",
        "david": "2021-06-01",
        "eva": "2026-09-01",
    }
    people = {name: user(name, day) for name, day in joined.items()}
    for name, person in people.items():
        UserAddress.objects.create(
            user=person, first_name=name.title(), last_name="Exempel", country=country, phone_number=PHONE, **ADDRESS
        )
        Bankcard.objects.create(
            user=person,
            card_type="Visa",
            name=f"{name} exempel",
            number="4111111111111111",
            expiry_date=at("2030-01-01").date(),
        )
        search = UserSearch.objects.create(user=person, query=f"present till {name}")
        UserSearch.objects.filter(pk=search.pk).update(date_created=at(joined[name]))
        mail = Email.objects.create(user=person, email=person.email, subject="Valkommen", body_text=f"Hej {name}")
        Email.objects.filter(pk=mail.pk).update(date_sent=at(joined[name]))
        note = Notification.objects.create(recipient=person, subject=f"Hej {name}", body="Valkommen")
        Notification.objects.filter(pk=note.pk).update(date_sent=at(joined[name]))
    order("2019-1", "2019-03-14", people["anna"], name="Anna")
    order("2022-1", "2022-05-02", people["bertil"], name="Bertil")
    order("2019-2", "2019-12-31", people["cecilia"], name="Cecilia")
    order("2026-1", "2026-02-01", people["cecilia"], name="Cecilia")
    order("2019-3", "2019-05-05", guest="gast.gammal@example.se")
    order("2020-1", "2020-01-01", guest="gast.granne@example.se")
    product = create_product(title="Bok", upc="bok")
    for number, (status, cancelled) in enumerate(
        [("Active", None), ("Cancelled", "2025-01-01"), ("Cancelled", "2027-02-20")]
    ):
        alert = ProductAlert.objects.create(
            product=product, email=f"brev{number}@example.se", key=f"k{number}", status=status
        )
        ProductAlert.objects.filter(pk=alert.pk).update(
            date_created=at("2024-01-01"), date_cancelled=cancelled and at(cancelled)
        )


def place():
    """Read everybody, log in nobody, and let a new customer order: the shop still works."""
    names = [f"{each.first_name}|{each.email}|{each.is_active}" for each in User.objects.order_by("pk")]
    shipped = [each.shipping_address.summary for each in Order.objects.order_by("pk")]
    new = order("2027-1", "2027-03-02", user("frida", "2027-03-02"), name="Frida")
    old = order("2027-2", "2027-03-02", User.objects.order_by("pk")[1], name="Anna")
    sys.stdout.write(f"{len(names)} {len(shipped)} {new.total_incl_tax} {old.user_id}")


if __name__ == "__main__":
    place() if sys.argv[1:] == ["order"] else fill()
