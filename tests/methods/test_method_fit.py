"""Which method a column can take; what is refused would really fail, and the message says what to use."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from include.retention.check_constraints import breaks_check
from include.retention.data_map.model import Method
from include.retention.method_fit import ColumnFacts, fits
from include.retention.methods import METHODS
from tests.methods.tables import make_table, mapped_table

NULL, PLACEHOLDER = Method("set_null"), Method("unique_placeholder")
X, THREE = Method("constant", value="x"), Method("shorten", length=3)
YEAR, NETWORK, TENS = Method("year_of_date"), Method("ip_network"), Method("bucket", size=10)
NUMBER_KEY = (sa.Integer(),)
UUID_KEY = (sa.Uuid(),)


@pytest.mark.parametrize(
    ("method", "facts"),
    [
        (NULL, ColumnFacts(sa.JSON())),
        (NULL, ColumnFacts(sa.String(9), unique=True)),
        (NULL, ColumnFacts(sa.Integer(), foreign_key=True)),
        (X, ColumnFacts(sa.String(1), nullable=False)),
        (X, ColumnFacts(sa.Enum("x", "y"))),
        (Method("constant", value=0), ColumnFacts(sa.Numeric(9, 2))),
        (Method("constant", value=0), ColumnFacts(sa.Double())),
        (Method("constant", value=1), ColumnFacts(sa.Boolean())),
        (Method("constant", value="1900-01-01"), ColumnFacts(sa.Date())),
        (Method("constant", value="1900-01-01T00:00:00"), ColumnFacts(sa.DateTime())),
        (THREE, ColumnFacts(sa.Text(), nullable=False)),
        (YEAR, ColumnFacts(sa.Date(), nullable=False)),
        (YEAR, ColumnFacts(sa.Text())),
        (NETWORK, ColumnFacts(postgresql.INET(), nullable=False)),
        (NETWORK, ColumnFacts(sa.String(45))),
        (PLACEHOLDER, ColumnFacts(sa.String(254), nullable=False, unique=True, key_types=NUMBER_KEY)),
        (PLACEHOLDER, ColumnFacts(sa.String(61), nullable=False, unique=True, key_types=UUID_KEY)),
        (PLACEHOLDER, ColumnFacts(sa.Text(), key_types=(sa.Integer(), sa.String(20)))),
        (TENS, ColumnFacts(sa.Numeric(9, 2), nullable=False)),
        (TENS, ColumnFacts(sa.Double(), nullable=False)),
    ],
)
def test_a_method_fits(method: Method, facts: ColumnFacts) -> None:
    assert fits(method, facts) is None


@pytest.mark.parametrize(
    ("method", "facts", "remedy"),
    [
        (NULL, ColumnFacts(sa.String(9), nullable=False), "use constant"),
        (NULL, ColumnFacts(sa.String(99), nullable=False, unique=True), "use unique_placeholder"),
        (X, ColumnFacts(sa.String(9), unique=True), "use unique_placeholder or set_null"),
        (THREE, ColumnFacts(sa.String(9), nullable=False, unique=True), "use unique_placeholder."),
        (X, ColumnFacts(sa.Integer(), foreign_key=True), "only be erased by set_null"),
        (NULL, ColumnFacts(sa.Integer(), in_key=True), "only deleting the row"),
        (NULL, ColumnFacts(sa.String(9), referenced=True), "let them refer to the key"),
        (NULL, ColumnFacts(sa.String(9), computed=True), "erase those"),
        (Method("constant", value="borttagen"), ColumnFacts(sa.String(8)), "widen it"),
        (Method("constant", value=0), ColumnFacts(sa.String(8)), "put it in quotes"),
        (X, ColumnFacts(sa.Integer()), "give a whole number"),
        (X, ColumnFacts(sa.Enum("y", "z")), "use one"),
        (X, ColumnFacts(sa.Date()), "ISO 8601"),
        (Method("constant", value=1900), ColumnFacts(sa.Date()), "ISO 8601"),
        (X, ColumnFacts(sa.JSON()), "use set_null"),
        (Method("shorten", length=0), ColumnFacts(sa.Text()), "at least 1"),
        (THREE, ColumnFacts(sa.Integer(), nullable=False), "use constant"),
        (THREE, ColumnFacts(sa.Enum("x", "y")), "use set_null"),
        (YEAR, ColumnFacts(sa.Integer()), "use set_null"),
        (YEAR, ColumnFacts(sa.Text(), nullable=False), "use constant"),
        (NETWORK, ColumnFacts(sa.LargeBinary()), "use set_null"),
        (NETWORK, ColumnFacts(sa.Text(), nullable=False), "use constant"),
        (PLACEHOLDER, ColumnFacts(sa.BigInteger(), key_types=NUMBER_KEY), "use set_null"),
        (PLACEHOLDER, ColumnFacts(sa.String(35), key_types=NUMBER_KEY), "36 are needed"),
        (PLACEHOLDER, ColumnFacts(sa.String(60), key_types=UUID_KEY), "61 are needed"),
        (PLACEHOLDER, ColumnFacts(sa.Text(), key_types=(sa.LargeBinary(),)), "use set_null"),
        (PLACEHOLDER, ColumnFacts(sa.Text(), key_types=NUMBER_KEY, key_is_personal=True), "itself personal"),
        (TENS, ColumnFacts(sa.Text()), "use set_null"),
        (Method("bucket", size=0), ColumnFacts(sa.Integer()), "at least 1"),
    ],
)
def test_a_method_doesnt_fit(method: Method, facts: ColumnFacts, remedy: str) -> None:
    found = fits(method, facts)
    assert found is not None
    assert remedy in found


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_judged(name: str) -> None:
    assert fits(Method(name, value=1, length=1, size=1), ColumnFacts(sa.LargeBinary(), nullable=False)) is not None


@pytest.mark.parametrize(
    ("method", "check", "broken"),
    [
        (NULL, "value <> ''", False),
        (NULL, "value IS NOT NULL", True),
        (THREE, "length(value) >= 3", False),
        (THREE, "length(value) >= 5", True),
        (X, "value LIKE '%1%'", True),
        (X, "value LIKE '%x%' OR other > 10", False),
    ],
)
def test_a_check_constraint_is_asked_before(engine: sa.Engine, method: Method, check: str, *, broken: bool) -> None:
    table = mapped_table("thing", ["id"], {"value": method}, other=["other"])
    types = {"id": sa.Integer(), "value": sa.String(20), "other": sa.Integer()}
    made = make_table(engine, table, types, sa.CheckConstraint(check, name="form"))
    with engine.begin() as connection:
        connection.execute(sa.insert(made.target), [{"id": 1, "value": "12345 x", "other": 7}])
        (found,) = sa.inspect(connection).get_check_constraints("thing")
        assert breaks_check(connection, table, made.target, "all", found["sqltext"]) is broken


def test_a_check_constraint_on_a_number_set_to_null(engine: sa.Engine) -> None:
    table = mapped_table("thing", ["id"], {"value": NULL})
    made = make_table(engine, table, {"id": sa.Integer(), "value": sa.Integer()}, sa.CheckConstraint("value > 0"))
    with engine.begin() as connection:
        connection.execute(sa.insert(made.target), [{"id": 1, "value": 7}])
        (found,) = sa.inspect(connection).get_check_constraints("thing")
        assert not breaks_check(connection, table, made.target, "all", found["sqltext"])
