"""The same measurements on SQLite, PostgreSQL and MariaDB: sums to the öre, exact characters, composite keys."""

from __future__ import annotations

import sqlalchemy as sa

from include.retention.data_map.model import ForeignKey
from include.retention.validate.references import count_orphans
from include.retention.validate.tally import BY_DOMAIN
from tests.validate.world import KEY, World


def test_a_faultless_act_leaves_nothing_unexpected(anywhere: World) -> None:
    anywhere.take_baseline()
    anywhere.act()
    assert anywhere.wrong() == set()


def test_damage_is_seen(anywhere: World) -> None:
    anywhere.take_baseline()
    anywhere.act(skip=[("id_copy", 31)])
    anywhere.sql("UPDATE invoice SET amount = amount + 0.01 WHERE invoice_id = 15")
    anywhere.sql("UPDATE invoice SET series = 'A' WHERE invoice_id = 14")
    anywhere.sql("UPDATE customer SET phone = NULL WHERE customer_id = 5")
    anywhere.sql("DELETE FROM subscriber WHERE subscriber_id = 'S-5'")
    assert anywhere.wrong() == {
        ("DELETED_GONE", "id_copy"),
        ("FILES_KEPT", "id_copy"),  # Its file is gone, and the row still names it.
        ("SUMS", "invoice"),
        ("SERIES", "invoice"),
        ("RETAINED_UNCHANGED", "customer"),
        ("RETAINED_PRESENT", "subscriber"),
        ("BALANCE", "subscriber"),
    }


def test_sums_are_exact_and_grouped_by_exact_characters(anywhere: World) -> None:
    anywhere.take_baseline()
    (by_year,) = anywhere.baseline["tables"]["invoice"]["sums"]
    (lines,) = anywhere.baseline["tables"]["invoice_line"]["sums"]
    (by_series,) = anywhere.baseline["tables"]["invoice"]["series"]
    assert by_year == {_by('["2024"]'): [123456 - 7 + 500], _by("[null]"): [99999999]}
    assert lines == {_by("[]"): [123456]}
    assert {by: count for by, (count, _) in by_series.items()} == {_by('["A"]'): 1, _by('["a"]'): 1, _by('["B"]'): 2}


def test_many_small_amounts_add_up_to_the_ore(anywhere: World) -> None:
    amounts = [{"number": n, "amount": "0.29"} for n in range(1000, 3000)]
    with anywhere.engine.begin() as connection:
        statement = "INSERT INTO invoice VALUES (:number, 5, 2017, 'C', :number, :amount, 'x')"
        connection.execute(sa.text(statement), amounts)
    anywhere.decide()
    anywhere.take_baseline()
    assert anywhere.baseline["tables"]["invoice"]["sums"][0][_by('["2017"]')] == [2000 * 29]
    assert anywhere.baseline["tables"]["invoice"]["series"][0][_by('["C"]')][0] == 2000


def test_orphans_of_every_kind_of_reference(anywhere: World) -> None:
    anywhere.sql('CREATE TABLE "Öd tabell" ("från" INTEGER, a INTEGER, b INTEGER)'.replace('"', _quote(anywhere)))
    anywhere.sql(
        'INSERT INTO "Öd tabell" VALUES (1, 13, 1), (NULL, 13, NULL), (77, 13, 2), (77, NULL, 9)'.replace(
            '"', _quote(anywhere)
        )
    )
    references = [
        ForeignKey("Öd tabell", ("från",), "customer", ("customer_id",), "NO ACTION"),
        ForeignKey("Öd tabell", ("a", "b"), "invoice_line", ("invoice_id", "line_no"), "CASCADE"),
        ForeignKey("Öd tabell", ("från",), "Öd tabell", ("a",), "NO ACTION"),
    ]
    with anywhere.engine.connect() as connection:
        found = count_orphans(connection, references, None)
    assert found == {
        "Öd tabell(från) -> customer(customer_id)": {"rows": 3, "orphans": 2},
        "Öd tabell(a,b) -> invoice_line(invoice_id,line_no)": {"rows": 2, "orphans": 1},
        "Öd tabell(från) -> Öd tabell(a)": {"rows": 3, "orphans": 3},
    }


def _by(text: str) -> str:
    return KEY.mac(BY_DOMAIN, text)


def _quote(world: World) -> str:
    return "`" if world.engine.dialect.name in {"mysql", "mariadb"} else '"'
