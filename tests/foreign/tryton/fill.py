"""Fills Tryton through its own models, and uses it again afterwards: ``python fill.py fill|use``.

Runs in Tryton's own environment, with nothing of Gallring's. Everybody is invented.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta

from trytond import config

config.update_etc()

from trytond.pool import Pool  # noqa: E402 - Tryton wants its configuration first
from trytond.transaction import Transaction  # noqa: E402

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC).replace(tzinfo=None)
DATABASE = os.environ["TRYTON_DATABASE"]
PEOPLE = {
    # Name: days since becoming known, days since each letter.
    "Anna Alm": (2400, (2300, 1500)),
    "Beda Berg": (2400, (2300, 200)),
    "Cecilia Ceder": (900, ()),
    "Dora Dahl": (100, ()),
    "Egil Ek": (2400, (2300,)),
}
EMPLOYED, LEFT = "Egil Ek", "Frida Fors"


def models(*names: str) -> list[type]:
    """Return Tryton's models by name."""
    return [Pool().get(name) for name in names]


def fill() -> None:
    """Make the company, its staff, its customers and what hangs on them."""
    Company, Currency, Employee, Party = models(  # noqa: N806 - classes
        "company.company", "currency.currency", "company.employee", "party.party"
    )
    (own,) = Party.create([{"name": "Firman AB", "code": "FIRMAN"}])
    (currency,) = Currency.create([{"name": "Krona", "symbol": "kr", "code": "SEK"}])
    (company,) = Company.create([{"party": own.id, "currency": currency.id}])
    with Transaction().set_context(company=company.id):
        for number, (name, (days, letters)) in enumerate(PEOPLE.items(), 1):
            customer(number, name, days, letters)
        (former,) = Party.create([{"name": LEFT, "code": "K99"}])
        age(Party, [former], 2400)
        (staff,) = Party.search([("name", "=", EMPLOYED)])
        since = (NOW - timedelta(days=2000)).date()
        until = (NOW - timedelta(days=1000)).date()
        Employee.create([
            {"company": company.id, "party": staff.id, "start_date": since},
            {"company": company.id, "party": former.id, "start_date": since, "end_date": until},
        ])  # fmt: skip
    newsletter()


def customer(number: int, name: str, days: int, letters: tuple[int, ...]) -> None:
    """Make a customer with everything that Tryton lets hang on one."""
    Attachment, Avatar, Email, Note, Party, Session, User, Attempt = models(  # noqa: N806 - classes
        "ir.attachment", "ir.avatar", "ir.email", "ir.note", "party.party", "web.user.session", "web.user",
        "web.user.authenticate.attempt",
    )  # fmt: skip
    mail = f"{name.split(maxsplit=1)[0].lower()}@example.se"
    (party,) = Party.create([{
        "name": name,
        "code": f"K{number}",
        "addresses": [("create", [{"street_unstructured": f"Gatan {number}", "postal_code": "123 45", "city": "Ort"}])],
        "contact_mechanisms": [("create", [{"type": "email", "value": mail}])],
        "identifiers": [("create", [{"type": None, "code": f"ID-{number}"}])],
    }])  # fmt: skip
    resource = f"party.party,{party.id}"
    (note,) = Note.create([{"resource": resource, "message": f"{name} ringde."}])
    (scan,) = Attachment.create([{"resource": resource, "name": f"{name}.pdf", "type": "data", "data": name.encode()}])
    for days_ago in letters:
        (sent,) = Email.create([{
            "resource": resource, "recipients": mail, "subject": f"Hej {name}", "body": "Brev",
            "addresses": [("create", [{"address": mail}])],
        }])  # fmt: skip
        age(Email, [sent], days_ago)
    (user,) = User.create([{"email": mail, "party": party.id, "password": f"hemlig-{number}-lösen"}])
    (session,) = Session.create([{"user": user.id, "key": f"{number:064}"}])
    age(Session, [session], days)
    (attempt,) = Attempt.create([{"login": mail, "ip_address": f"192.0.2.{number}"}])
    age(Attempt, [attempt], days)
    age(Party, [party], days)
    age(Note, [note], days)
    age(Attachment, [scan], days)
    age(User, [user], days)
    assert not Avatar.search([("resource", "=", resource)]), "none was given"


def newsletter() -> None:
    """Subscribe some to a newsletter, long ago and lately; one has left it."""
    Address, List = models("marketing.email", "marketing.email.list")  # noqa: N806 - classes
    (letter,) = List.create([{"name": "Nyheter"}])
    for mail, days, active in (
        ("old@example.se", 900, True),
        ("new@example.se", 90, True),
        ("off@example.se", 30, False),
    ):
        (address,) = Address.create([{"list_": letter.id, "email": mail, "active": active}])
        age(Address, [address], days)


def age(model: type, records: list, days: int) -> None:
    """Let records have been made, and last changed, some days ago: the platform would say today."""
    cursor, table = Transaction().connection.cursor(), model.__table__()
    then = NOW - timedelta(days=days)
    ids = [record.id for record in records]
    cursor.execute(*table.update([table.create_date, table.write_date], [then, then], where=table.id.in_(ids)))


def use() -> dict[str, object]:
    """Read everybody, write to one, and make somebody new, through the models."""
    Address, Note, Party, User = models("marketing.email", "ir.note", "party.party", "web.user")  # noqa: N806 - classes
    parties = Party.search([], order=[("id", "ASC")])
    names = [party.rec_name for party in parties]
    addresses = [[each.full_address for each in party.addresses] for party in parties]
    (beda,) = Party.search([("name", "=", "Beda Berg")])
    (note,) = Note.create([{"resource": f"party.party,{beda.id}", "message": "Ny anteckning"}])
    (gull,) = Party.create([{"name": "Gull Gran", "addresses": [("create", [{"city": "Ort"}])]}])
    return {
        "names": names,
        "addresses": [len(each) for each in addresses],
        "signed_in": [User.authenticate(f"{who}@example.se", f"hemlig-{n}-lösen") is not None
                      for n, who in enumerate(("anna", "beda", "cecilia", "dora"), 1)],
        "note_on": note.resource.name,
        "new": gull.rec_name,
        "listed": sorted(each.email for each in Address.search([])),
    }  # fmt: skip


def main(what: str) -> None:
    Pool.start()
    Pool(DATABASE).init()
    with Transaction().start(DATABASE, 0, context={"language": "en"}) as transaction:
        (admin,) = Pool().get("res.user").search([("login", "=", "admin")])
        with transaction.set_user(admin.id):
            if what == "fill":
                fill()
            else:
                print(json.dumps(use()))
        transaction.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
