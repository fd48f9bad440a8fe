"""What is to be left of the shop on the day of the run, told by name in plain tables, without the engine.

The shop's fiscal years begin on 1 July: what was booked in May 2019 is kept through 2026, what was booked in December
2019 through 2027.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.harness import Dump, Row

TODAY = date(2027, 3, 1)
FORMER = {"anna": "ordered in 2019", "bertil": "ordered in 2022", "david": "never ordered, joined in 2021"}
STAYING = {"cecilia": "ordered in 2026", "eva": "joined in 2026", "personal": "staff, out of scope"}
MESSAGES_STAY = {"eva": "told in September 2026"}
BOOKED_UNTIL_2026 = {"2019-1": "Anna's, March 2019", "2019-3": "a guest's, May 2019"}
BOOKED_LONGER = {"2019-2": "December 2019", "2020-1": "a guest's", "2022-1": "Bertil's", "2026-1": "Cecilia's"}
ALERTS_GONE = {"brev1@example.se": "cancelled in 2025"}
ALERTS_STAYING = {"brev0@example.se": "active", "brev2@example.se": "cancelled nine days ago"}

OF_PERSON = {
    "oscar.address_useraddress": ("user_id", FORMER),
    "oscar.payment_bankcard": ("user_id", FORMER),
    "oscar.analytics_usersearch": ("user_id", FORMER | {"cecilia": ""}),
    "oscar.communication_email": ("user_id", FORMER | {"cecilia": ""}),
    "oscar.communication_notification": ("recipient_id", FORMER | {"cecilia": ""}),
}
"""Tables whose rows are deleted: the column with the person, and whose rows go."""
LINES = dict.fromkeys(("title", "line1", "line2", "line3", "line4", "state", "postcode", "search_text"), "")
NOBODY = {"first_name": "Gallrad", "last_name": "Gallrad"}


def expected(before: Dump) -> Dump:
    """Return what the database is to hold after the run."""
    names = {row["id"]: row["username"] for row in before["oscar.auth_user"].values()}
    assert set(names.values()) == set(FORMER) | set(STAYING)
    after = dict(before)
    after["oscar.auth_user"] = _changed(before, "auth_user", lambda row: row["username"] in FORMER, _nobody)
    for table, (column, gone) in OF_PERSON.items():
        after[table] = {key: row for key, row in before[table].items() if names[row[column]] not in gone}
    alerts = before["oscar.customer_productalert"]
    assert {row["email"] for row in alerts.values()} == set(ALERTS_GONE) | set(ALERTS_STAYING)
    after["oscar.customer_productalert"] = {k: row for k, row in alerts.items() if row["email"] not in ALERTS_GONE}
    orders = before["oscar.order_order"].values()
    assert {row["number"] for row in orders} == set(BOOKED_UNTIL_2026) | set(BOOKED_LONGER)
    through = [row for row in orders if row["number"] in BOOKED_UNTIL_2026]
    for kind, more in (("shipping", {"phone_number": "", "notes": ""}), ("billing", {})):
        ids = {row[f"{kind}_address_id"] for row in through}
        empty = {**NOBODY, **LINES, **more}
        name = f"order_{kind}address"
        after[f"oscar.{name}"] = _changed(before, name, lambda row, ids=ids: row["id"] in ids, lambda _, e=empty: e)
    guests = _changed(
        before, "order_order", lambda row: row["number"] in BOOKED_UNTIL_2026, lambda _: {"guest_email": ""}
    )
    return {**after, "oscar.order_order": guests}


def _changed(before: Dump, table: str, chosen: Any, change: Any) -> dict[str, Row]:
    rows = before[f"oscar.{table}"].items()
    return {key: {**row, **change(row)} if chosen(row) else row for key, row in rows}


def _nobody(user: Row) -> Row:
    address = f"gallrad-{user['id']}@gallring.invalid"
    return {**NOBODY, "username": address, "email": address, "password": "!"}
