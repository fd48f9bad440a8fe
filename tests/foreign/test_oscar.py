"""A whole shop on django-oscar, by map alone: who is due goes, the books stay, and the shop still works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.connections import engine_at
from include.retention.data_map.live import check_live
from include.retention.policy.load import load_policy
from tests.foreign.apps import DjangoApp
from tests.integration.harness import Gallring, databases

HERE = Path(__file__).parent / "oscar"
SHOP = DjangoApp(HERE, "shop_settings")
POLICY = HERE / "policy"
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgres", "mariadb"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallring]:
    """The shop, made by its own migrations and filled through its own models."""
    home = tmp_path_factory.mktemp("oscar")
    with databases(request.param, ["shop"], home) as urls, pytest.MonkeyPatch.context() as patch:
        SHOP.migrate(urls["shop"])
        SHOP.run(urls["shop"], "fill.py", "fill")
        gallring = Gallring(home / "var", urls, patch)
        patch.setenv("GALLRING_POLICY", str(POLICY))
        gallring.set_clock(NOON)
        yield gallring


def rows(gallring: Gallring, question: str) -> list[tuple[Any, ...]]:
    """Return what a query finds."""
    engine = sa.create_engine(gallring.urls["shop"])
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(question)]
    engine.dispose()
    return found


def left(gallring: Gallring) -> dict[str, Any]:
    """Return what the shop holds of whom."""
    by_owner = (
        "SELECT username, (SELECT count(*) FROM address_useraddress a WHERE a.user_id = u.id), "
        "(SELECT count(*) FROM payment_bankcard b WHERE b.user_id = u.id), "
        "(SELECT count(*) FROM wishlists_wishlist w WHERE w.owner_id = u.id), "
        "(SELECT count(*) FROM basket_basket c WHERE c.owner_id = u.id), "
        "(SELECT count(*) FROM communication_email e WHERE e.user_id = u.id), "
        "(SELECT count(*) FROM reviews_productreview r WHERE r.user_id = u.id) FROM auth_user u ORDER BY u.id"
    )
    return {
        "accounts": rows(gallring, by_owner),
        "people": rows(gallring, "SELECT email, first_name, last_name, is_staff FROM auth_user ORDER BY id"),
        "orders": rows(gallring, "SELECT number, guest_email FROM order_order ORDER BY number"),
        "delivered": rows(
            gallring,
            "SELECT o.number, a.first_name, a.line1, a.phone_number, a.notes FROM order_order o "
            "JOIN order_shippingaddress a ON a.id = o.shipping_address_id ORDER BY o.number",
        ),
        "notes": rows(gallring, "SELECT count(*) FROM order_ordernote"),
        "alerts": rows(gallring, "SELECT email FROM customer_productalert ORDER BY email"),
        "sessions": rows(gallring, "SELECT session_key FROM django_session"),
        "amounts": rows(gallring, "SELECT count(*), sum(total_incl_tax) FROM order_order"),
    }


def test_a_shop_is_culled_by_its_map_and_goes_on(shop: Gallring) -> None:
    engine = engine_at(shop.urls["shop"])
    problems = check_live(load_policy(POLICY).maps["shop"], engine)
    engine.dispose()
    assert [str(problem) for problem in problems if problem.table is not None] == []

    before = left(shop)
    assert len(before["accounts"]) == 5
    assert shop.whole("week1") == "DONE"
    now = left(shop)

    # Anna bought last more than three years ago, Cecilia never did: no name is left of them. Beda bought this year,
    # Dora is new, and staff are somebody else's to cull.
    was = [row[:3] for row in before["people"]]
    assert [row[:3] for row in now["people"]] == [("", "", ""), was[1], ("", "", ""), was[3], was[4]]
    names = [row[0] for row in now["accounts"]]
    assert (names[1], names[3], names[4]) == ("beda", "dora", "staff")
    assert {"anna", "cecilia"}.isdisjoint(names)
    # Address book, cards and wish lists go with the account; of baskets and mail what is old enough, whoever's.
    assert [row[1:6] for row in now["accounts"]] == [
        (0, 0, 0, 1, 1), (1, 1, 1, 1, 1), (0, 0, 0, 1, 1), (1, 1, 1, 1, 1), (0, 0, 0, 0, 0),
    ]  # fmt: skip
    assert [row[6] for row in now["accounts"]] == [0, 0, 0, 1, 0]
    assert now["amounts"] == before["amounts"], "the books are whole"
    guests = {number: email for number, email in now["orders"] if number.startswith("guest")}
    assert guests == {"guest-0": "", "guest-1": "new.guest@example.se"}
    kept = {"beda-1", "guest-1"}
    for old, row in zip(before["delivered"], now["delivered"], strict=True):
        assert row == (old if row[0] in kept else (row[0], "", "", "", "")), row[0]
    assert now["notes"] == [(2,)]
    assert [email for (email,) in now["alerts"]] == [
        f"{who}.10@example.se" for who in ("anna", "beda", "cecilia", "dora")
    ]
    assert now["sessions"] == [("live",)]

    assert shop.whole("week2") == "NOTHING_DUE"
    told = json.loads(SHOP.run(shop.urls["shop"], "fill.py", "use"))
    assert told["orders"] == ["100.00"] * 6
    assert told["lines"] == 6
