"""What the live database says of a map, on every kind of database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.retention.data_map.constraints import checks_in, words
from include.retention.data_map.live import check_live, closed_tables, read_foreign_keys
from include.retention.data_map.model import DataMap
from tests.data_map import shop


@pytest.fixture
def mapped(tmp_path: Path) -> DataMap:
    """The valid map."""
    return shop.data_map(tmp_path / "policy")


def test_a_database_as_the_map_describes_it_has_no_problem(any_database_url: sa.URL, mapped: DataMap) -> None:
    assert shop.problems(any_database_url, shop.tables(), mapped) == ()


def test_case_g08_an_undeclared_column_closes_its_table(any_database_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.changed(shop.tables(), "customer", sa.Column("nickname", sa.String(20)))
    found = shop.problems(any_database_url, metadata, mapped)
    assert shop.told(found) == [("UNDECLARED_COLUMN", "tables.customer.columns.nickname")]
    assert closed_tables(found) == {"shop.customer"}
    assert found[0].file == "system:shop"


def test_an_undeclared_table_closes_what_it_refers_to(any_database_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.tables()
    sa.Table(
        "wish",
        metadata,
        sa.Column("wish_id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.ForeignKey("customer.customer_id", ondelete="CASCADE")),
        sa.Column("year", sa.ForeignKey("fiscal_year.year")),
    )
    found = shop.problems(any_database_url, metadata, mapped)
    assert shop.told(found) == [
        ("UNDECLARED_TABLE", "tables.wish"),
        ("REFERENCED_BY_UNDECLARED", "tables.customer"),
    ]
    assert closed_tables(found) == {"shop.wish", "shop.customer"}, "a reference table is never changed anyway"


def test_an_ignored_table_that_refers_to_people_is_not_just_a_tool(any_database_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.changed(
        shop.tables(), "alembic_version", sa.Column("customer_id", sa.ForeignKey("customer.customer_id"))
    )
    assert shop.told(shop.problems(any_database_url, metadata, mapped)) == [
        ("REFERENCED_BY_UNDECLARED", "tables.customer")
    ]


@pytest.mark.parametrize(
    ("when_expired", "column", "closed"),
    [("anonymise", "customer_id", []), ("anonymise", "email", ["tables.customer"]),
     ("delete", "customer_id", ["tables.customer"])],
)  # fmt: skip
def test_who_refers_to_rows_that_stay_and_columns_that_stay_touches_nothing(
    any_database_url: sa.URL, tmp_path: Path, when_expired: str, column: str, closed: list[str]
) -> None:
    change = {"tables": {"customer": {"when_expired": when_expired}}, "ignore_tables": {"stray": "The tills' own"}}
    metadata = shop.tables()
    kind: sa.types.TypeEngine[Any] = sa.String(100) if column == "email" else sa.Integer()
    sa.Table(
        "stray",
        metadata,
        sa.Column("stray_id", sa.Integer, primary_key=True),
        sa.Column("theirs", kind, sa.ForeignKey(f"customer.{column}")),
    )
    found = shop.problems(any_database_url, metadata, shop.data_map(tmp_path, change))
    assert [each.key for each in found if each.code == "REFERENCED_BY_UNDECLARED"] == closed


def test_what_the_map_describes_and_nobody_has(any_database_url: sa.URL, tmp_path: Path) -> None:
    change: dict[str, Any] = {
        "tables": {
            "customer": {"columns": {"Name": "Another spelling", "emial": "Misspelt"}},
            "Scan": {
                "title": {"sv": "x", "en": "x"},
                "key": "id",
                "personal": False,
                "note": "x",
                "columns": {"id": "x"},
            },
        }
    }
    found = shop.problems(any_database_url, shop.tables(), shop.data_map(tmp_path / "policy", change))
    assert shop.told(found) == [
        ("MISSING_TABLE", "tables.Scan"),
        ("MISSING_COLUMN", "tables.customer.columns.Name"),
        ("MISSING_COLUMN", "tables.customer.columns.emial"),
    ]
    assert "Did you mean scan?" in found[0].what
    assert "Did you mean name?" in found[1].what
    assert "Did you mean email?" in found[2].what


def test_a_key_is_a_key(any_database_url: sa.URL, tmp_path: Path) -> None:
    mapped = shop.data_map(
        tmp_path / "policy",
        {
            "tables": {
                "line": {"key": ["series", "number"], "part_of": {"by": ["number", "series"]}},
                "fiscal_year": {"key": "starts_on"},
                "invoice": {"key": ["number", "series"]},
            }
        },
    )
    metadata = shop.changed(shop.tables(), "fiscal_year", sa.Column("starts_on", sa.Date, nullable=False, unique=True))
    assert shop.told(shop.problems(any_database_url, metadata, mapped)) == [("KEY_MISMATCH", "tables.line.key")]


@pytest.mark.parametrize(
    ("column", "method", "why"),
    [
        (sa.Column("postcode", sa.String(10), nullable=False), "set_null", "NOT NULL"),
        (sa.Column("postcode", sa.String(10), unique=True), {"constant": "x"}, "UNIQUE"),
        (sa.Column("postcode", sa.String(10), unique=True), {"shorten": 2}, "UNIQUE"),
        (sa.Column("postcode", sa.String(3)), {"constant": "gallrad"}, "3 characters"),
        (sa.Column("postcode", sa.String(10)), "unique_placeholder", "10 characters"),
        (sa.Column("postcode", sa.Integer), {"shorten": 2}, "shorten"),
        (sa.Column("postcode", sa.Integer), {"constant": "x"}, "number"),
        (sa.Column("postcode", sa.Integer), "year_of_date", "date"),
        (sa.Column("postcode", sa.Integer), "ip_network", "text"),
        (sa.Column("postcode", sa.String(10)), {"bucket": 10}, "number"),
    ],
    ids=str,
)
def test_a_method_must_fit_its_column(
    any_database_url: sa.URL, tmp_path: Path, column: sa.Column[Any], method: Any, why: str
) -> None:
    change = {"tables": {"customer": {"columns": {"postcode": {"method": method}}}}}
    mapped = shop.data_map(tmp_path / "policy", change)
    metadata = shop.changed(shop.tables(), "customer", column._copy())
    found = shop.problems(any_database_url, metadata, mapped)
    assert shop.told(found) == [("METHOD", "tables.customer.columns.postcode.method")]
    assert why in found[0].remedy
    assert closed_tables(found) == {"shop.customer"}


def test_a_reference_can_only_be_erased_to_nothing(any_database_url: sa.URL, tmp_path: Path) -> None:
    column = {"category": "address", "group": "file", "method": {"constant": 0}}
    events = [
        {"event": "credit_check", "date": "checked_on"},
        {"event": "claim_against_us", "date": "claimed_on", "null": "absent"},
    ]
    scan = {"columns": {"customer_id": column}, "subjects": {"customer": {"through": "scan_id"}}, "events": events}
    mapped = shop.data_map(tmp_path / "policy", {"tables": {"scan": scan}})
    assert shop.told(shop.problems(any_database_url, shop.tables(), mapped)) == [
        ("METHOD", "tables.scan.columns.customer_id.method")
    ]


def test_a_column_that_others_refer_to_stays_as_it_is(any_database_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.changed(shop.tables(), "scan", sa.Column("path", sa.ForeignKey("customer.email")))
    found = shop.problems(any_database_url, metadata, mapped)
    assert ("METHOD", "tables.customer.columns.email.method") in shop.told(found)


def test_a_personal_key_that_others_refer_to(any_database_url: sa.URL, tmp_path: Path) -> None:
    """The map alone can't know: nothing in it points at the table."""
    change = {
        "tables": {
            "club": {
                "title": {"sv": "Klubb", "en": "Club"},
                "key": "email",
                "subjects": {"member": {"kind": "person", "identifiers": {"email": "email"}}},
                "groups": {"all": {"purposes": ["MARKETING"]}},
                "columns": {"email": {"category": "email", "group": "all"}},
            }
        }
    }
    mapped = shop.data_map(tmp_path / "policy", change)
    metadata = shop.tables()
    sa.Table("club", metadata, sa.Column("email", sa.String(100), primary_key=True))
    shop.changed(metadata, "scan", sa.Column("holder", sa.String(100)))
    with shop.database(any_database_url, metadata) as engine:
        assert check_live(mapped, engine) == ()
    metadata.drop_all(shop.engine_at(any_database_url))
    shop.changed(metadata, "scan", sa.Column("holder", sa.ForeignKey("club.email")))
    assert shop.problems(any_database_url, metadata, mapped) == (), "the reference is let go, and the key follows"
    metadata.drop_all(shop.engine_at(any_database_url))
    shop.changed(metadata, "scan", sa.Column("holder", sa.ForeignKey("club.email"), nullable=False))
    assert shop.told(shop.problems(any_database_url, metadata, mapped)) == [
        ("METHOD", "tables.scan.columns.holder.method")
    ]


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("name <> ''", None),
        ("name <> 'Gallrad'", "CHECK_REFUSES"),
        ("name LIKE '%(%' OR name LIKE 'G%'", None),
        ("length(name) >= 8", "CHECK_REFUSES"),
        ("kind <> 'name'", None),
        ("postcode <> ''", "CHECK_NOT_PROVABLE"),
        ("kind = 'private' OR name <> 'Gallrad'", "CHECK_NOT_PROVABLE"),
    ],
)
def test_a_check_constraint_is_asked(
    any_database_url: sa.URL, mapped: DataMap, check: str, expected: str | None
) -> None:
    metadata = shop.changed(shop.tables(), "customer", sa.CheckConstraint(check))
    found = shop.problems(any_database_url, metadata, mapped)
    assert [problem.code for problem in found] == ([] if expected is None else [expected])
    assert bool(closed_tables(found)) is (expected == "CHECK_REFUSES")


@pytest.mark.parametrize(("check", "expected"), [("postcode >= '12'", []), ("length(postcode) > 2", ["CHECK_REFUSES"])])
def test_where_the_result_depends_on_the_row_the_rows_are_asked(
    any_database_url: sa.URL, mapped: DataMap, check: str, expected: list[str]
) -> None:
    """Shortened to two characters, 12345 becomes 12."""
    metadata = shop.changed(shop.tables(), "customer", sa.CheckConstraint(check))
    row = {"customer_id": 1, "name": "A", "email": "a@example.se", "postcode": "12345"}
    with shop.database(any_database_url, metadata) as engine:
        with engine.begin() as connection:
            connection.execute(sa.insert(metadata.tables["customer"]).values(row))
        assert [problem.code for problem in check_live(mapped, engine)] == expected
        with engine.connect() as connection:
            assert connection.execute(sa.select(metadata.tables["customer"].c.postcode)).scalar() == "12345"


def test_case_h18_a_cascade_is_named(any_database_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.changed(
        shop.tables(), "invoice", sa.Column("customer_id", sa.ForeignKey("customer.customer_id", ondelete="CASCADE"))
    )
    found = shop.problems(any_database_url, metadata, mapped)
    assert shop.told(found) == [("CASCADE_PATH", "tables.customer")]
    assert "rows of invoice" in found[0].what
    assert closed_tables(found) == frozenset()


@pytest.mark.parametrize("kind", [sa.Integer, sa.Boolean, sa.Time], ids=lambda kind: kind.__name__)
def test_a_day_must_be_a_day(any_database_url: sa.URL, mapped: DataMap, kind: Any) -> None:
    metadata = shop.changed(shop.tables(), "customer", sa.Column("ended_on", kind), sa.Column("seen_on", kind))
    assert shop.told(shop.problems(any_database_url, metadata, mapped)) == [
        ("EVENT_DATE_TYPE", "tables.customer.events[0].date"),
        ("EVENT_DATE_TYPE", "tables.customer.events[0].fallback"),
    ]


def test_a_mariadb_timestamp_is_an_instant_in_utc(mariadb_url: sa.URL, mapped: DataMap) -> None:
    """``objected_at`` says so in the map, ``ended_on`` doesn't."""
    metadata = shop.changed(
        shop.tables(), "customer", sa.Column("ended_on", sa.TIMESTAMP), sa.Column("objected_at", sa.TIMESTAMP)
    )
    assert shop.told(shop.problems(mariadb_url, metadata, mapped)) == [
        ("TIMESTAMP_ZONE", "tables.customer.events[0].date")
    ]


def test_foreign_keys_are_read_with_what_deleting_does(any_database_url: sa.URL) -> None:
    metadata = shop.changed(
        shop.tables(), "scan", sa.Column("customer_id", sa.ForeignKey("customer.customer_id", ondelete="SET NULL"))
    )
    sa.Table("extra", metadata, sa.Column("year", sa.ForeignKey("fiscal_year.year", ondelete="CASCADE")))
    with shop.database(any_database_url, metadata) as engine:
        found = read_foreign_keys(engine, None)
        some = read_foreign_keys(engine, None, ["fiscal_year"])
    assert [(each.child_table, each.child_columns, each.parent_table, each.parent_columns) for each in found] == [
        ("extra", ("year",), "fiscal_year", ("year",)),
        ("invoice", ("customer_id",), "customer", ("customer_id",)),
        ("line", ("series", "number"), "invoice", ("series", "number")),
        ("scan", ("customer_id",), "customer", ("customer_id",)),
    ]
    does_nothing = {"NO ACTION", "RESTRICT"}
    assert found[0].ondelete == "CASCADE"
    assert found[1].ondelete in does_nothing
    assert found[2].ondelete in does_nothing
    assert found[3].ondelete == "SET NULL"
    assert some == found[:1]


def test_a_reference_from_another_schema_closes_the_table(postgres_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.tables()
    with shop.database(postgres_url, metadata) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA elsewhere")
            connection.exec_driver_sql(
                "CREATE TABLE elsewhere.copy (customer_id integer REFERENCES public.customer ON DELETE CASCADE)"
            )
        found = check_live(mapped, engine)
        assert shop.told(found) == [("REFERENCED_BY_UNDECLARED", "tables.customer")]
        assert "elsewhere.copy" in found[0].what
        assert all(each.child_table != "copy" for each in read_foreign_keys(engine, None))


def test_a_schema_of_its_own(postgres_url: sa.URL, tmp_path: Path) -> None:
    mapped = shop.data_map(tmp_path / "policy", {"schema": "crm"})
    metadata = shop.tables()
    for table in metadata.tables.values():
        table.schema = "crm"
    with shop.database(postgres_url, sa.MetaData()) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA crm")
            connection.exec_driver_sql("SET search_path TO crm")
            for table in shop.tables().sorted_tables:
                connection.execute(sa.schema.CreateTable(table))
        assert check_live(mapped, engine) == ()
        assert len(read_foreign_keys(engine, "crm")) == 3


def test_a_unique_index_on_an_expression_counts(postgres_url: sa.URL, mapped: DataMap) -> None:
    metadata = shop.tables()
    sa.Index("once", sa.func.lower(metadata.tables["customer"].c.name), unique=True)
    found = shop.problems(postgres_url, metadata, mapped)
    assert shop.told(found) == [("METHOD", "tables.customer.columns.name.method")]
    assert "UNIQUE" in found[0].remedy


def test_a_materialised_view_is_a_copy(postgres_url: sa.URL, mapped: DataMap) -> None:
    """Case H16: what is culled in the table stays in the copy."""
    with shop.database(postgres_url, shop.tables()) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE MATERIALIZED VIEW names AS SELECT name FROM customer")
            connection.exec_driver_sql("CREATE VIEW no_copy AS SELECT name FROM customer")
        assert shop.told(check_live(mapped, engine)) == [("UNDECLARED_TABLE", "tables.names")]


def test_names_that_need_quoting(any_database_url: sa.URL, tmp_path: Path) -> None:
    change = {
        "tables": {
            "Order Détails": {
                "title": {"sv": "x", "en": "x"},
                "key": "select",
                "subjects": {"customer": {"through": "customer.id", "table": "customer", "role": "customer"}},
                "groups": {"all": {"purposes": ["DELIVERY"]}},
                "columns": {
                    "select": "Primary key",
                    "customer.id": "The customer",
                    "Namn på kund": {"category": "name", "group": "all", "method": {"constant": "Gallrad"}},
                },
            }
        }
    }
    metadata = shop.tables()
    sa.Table(
        "Order Détails",
        metadata,
        sa.Column("select", sa.Integer, primary_key=True),
        sa.Column("customer.id", sa.ForeignKey(metadata.tables["customer"].c.customer_id)),
        sa.Column("Namn på kund", sa.String(20), nullable=False),
    )
    assert shop.problems(any_database_url, metadata, shop.data_map(tmp_path / "policy", change)) == ()


def test_sqlite_checks_are_found_wherever_they_stand() -> None:
    definition = """
        CREATE TABLE t (  -- CHECK (not this)
          a TEXT CHECK (a IN ('x)', 'CHECK (y)')) NOT NULL CHECK(length(a) > (1 + 1)),
          "check" TEXT, /* CHECK (nor this) */
          CONSTRAINT c check
            ( b = 'it''s' )
        )"""
    assert checks_in(definition) == ("a IN ('x)', 'CHECK (y)')", "length(a) > (1 + 1)", "b = 'it''s'")


def test_words_of_a_condition_leave_texts_out() -> None:
    assert words("((\"E mail\")::text ~~ '%name''s%' AND `Åland` > 1e3)") >= {"e mail", "åland", "text", "and"}
    assert "name" not in words("x = 'name''s name'")
