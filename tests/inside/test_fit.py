"""Which columns can be edited inside, by what the live database says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from include.retention.method_fit import ColumnFacts, fits_inside
from tests.data_map import shop

PROFILE: dict[str, Any] = {"json": {"$.email": {"category": "email", "group": "contact"}}, "note": "Settings"}


@pytest.mark.parametrize(
    "kind",
    [sa.Text(), sa.String(20), sa.JSON(), postgresql.JSONB(), postgresql.JSON(), mysql.LONGTEXT(), sa.types.NullType()],
)
def test_documents_are_kept_in_text_and_json(kind: Any) -> None:
    assert fits_inside(ColumnFacts(kind, nullable=False), document=True) is None


@pytest.mark.parametrize(
    ("facts", "remedy"),
    [
        (ColumnFacts(sa.Integer()), "column is Integer"),
        (ColumnFacts(sa.Enum("a")), "column is Enum"),
        (ColumnFacts(postgresql.ARRAY(sa.Text())), "column is ARRAY"),
        (ColumnFacts(sa.JSON(), computed=True), "computes it"),
        (ColumnFacts(sa.Text(), in_key=True), "is a key"),
        (ColumnFacts(sa.Text(), unique=True), "UNIQUE"),
        (ColumnFacts(sa.Text(), referenced=True), "reference"),
    ],
)
def test_a_column_that_cant_be_edited(facts: ColumnFacts, remedy: str) -> None:
    assert remedy in str(fits_inside(facts, document=True))


@pytest.mark.parametrize("kind", [sa.JSON(), sa.Integer(), sa.LargeBinary()])
def test_only_texts_are_redacted(kind: Any) -> None:
    assert fits_inside(ColumnFacts(sa.String(20), nullable=False), document=False) is None
    assert "Redacting is for text" in str(fits_inside(ColumnFacts(kind), document=False))


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (sa.Column("profile", sa.JSON), []),
        (sa.Column("profile", sa.Text), []),
        (sa.Column("profile", sa.Integer), [("METHOD", "tables.customer.columns.profile.json")]),
        (
            sa.Column("profile", sa.String(99), sa.CheckConstraint("profile <> '{}'")),
            [("CHECK_NOT_PROVABLE", "tables.customer.columns.profile.json")],
        ),
    ],
)
def test_check_tells_it(any_database_url: sa.URL, tmp_path: Path, column: Any, told: list[tuple[str, str]]) -> None:
    mapped = shop.data_map(tmp_path / "policy", {"tables": {"customer": {"columns": {"profile": PROFILE}}}})
    metadata = shop.changed(shop.tables(), "customer", column._copy())
    assert shop.told(shop.problems(any_database_url, metadata, mapped)) == told
