"""Cases A: periods and the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from include.sample.cases import people
from include.sample.cases.registry import Registry
from include.sample.cluster import Cluster
from include.sample.days import LOG_MONTHS, TEN_YEARS, consumer_warranty, instant, months_after
from include.sample.facts import books, letters, orders, shop
from include.sample.facts.standing import ACTIVE
from include.sample.outcomes import DUE, KEEP, REFER, Row

REGISTRY = Registry()
case = REGISTRY.case
SAME_DAY = books.Terms(paid_after=0)


def invoice(c: Cluster, who: people.Customer, day: date, terms: books.Terms = SAME_DAY) -> Row:
    """Add an invoice that is paid on its own day, so that the payment has the same fiscal year."""
    return books.invoice(c, who.payer, who.debtor_id, day, terms)


@case("A01")
def calendar_year(c: Cluster) -> None:
    """Bookkeeping counts from the end of the year, not from the invoice."""
    year = c.time.as_of.year
    who = people.customer(c)
    c.promise(invoice(c, who, date(year - 6, 3, 2)), "RETAIN")
    c.promise(invoice(c, who, date(year - 12, 3, 2)), "DELETE")


@case("A02")
def broken_year(c: Cluster) -> None:
    """Booked in the autumn of one year, the fiscal year ended in June of the next: that year counts."""
    year = c.time.as_of.year
    c.promise(invoice(c, people.customer(c), date(year - 8, 9, 10)), "RETAIN")


@case("A03")
def either_side_of_midsummer(c: Cluster) -> None:
    """Two invoices one day apart, one fiscal year apart: one is through, the other isn't."""
    who = people.customer(c)
    first_kept = c.time.kept_books_from
    c.promise(invoice(c, who, first_kept - timedelta(days=1)), "DELETE")
    c.promise(invoice(c, who, first_kept), "RETAIN")


@case("A05")
def no_fiscal_year(c: Cluster) -> None:
    """Booked before the first fiscal year that finance knows."""
    terms = books.Terms(status="credited", outcome=REFER)
    c.promise(invoice(c, people.customer(c), date(c.time.as_of.year - 25, 5, 5), terms), "REFER")


@case("A06")
def ten_years_from_a_leap_day(c: Cluster) -> None:
    """Put into circulation on 29 February 2016: through 28 February 2026."""
    who = people.customer(c)
    leap_day = date(2016, 2, 29)
    orders.order(c, who.row, who.person, date(2016, 3, 7), date(2016, 3, 10), orders.Goods(circulated_on=leap_day))
    over = c.time.as_of > date(2026, 2, 28)
    c.promise(c.rows[-1], "DELETE" if over else "RETAIN")


@case("A06")
def ten_years_to_the_day(c: Cluster) -> None:
    """Ten years ended yesterday, and end today."""
    who = people.customer(c)

    def ten_years(day: date) -> date:
        return months_after(day, TEN_YEARS)

    for circulated, verdict in ((c.time.last_over(ten_years), "DELETE"), (c.time.first_live(ten_years), "RETAIN")):
        sold = circulated + timedelta(days=40)
        orders.order(c, who.row, who.person, sold, sold + timedelta(days=3), orders.Goods(circulated_on=circulated))
        c.promise(c.rows[-1], verdict)


@case("A07")
def chained_periods(c: Cluster) -> None:
    """Delivered on 29 February 2024: three years to 28 February 2027, then two months to 28 April."""
    who = people.customer(c)
    row = orders.order(c, who.row, who.person, date(2024, 2, 26), date(2024, 2, 29))
    c.promise(row, "DELETE" if c.time.as_of > date(2027, 4, 28) else "RETAIN")
    for delivered, verdict in (
        (c.time.last_over(consumer_warranty), "DELETE"),
        (c.time.first_live(consumer_warranty), "RETAIN"),
    ):
        row = orders.order(c, who.row, who.person, delivered - timedelta(days=3), delivered)
        c.promise(row, verdict)


@case("A08")
def two_months_from_new_years_eve(c: Cluster) -> None:
    """A guarantee until 31 December 2024 can be called on through 28 February 2025."""
    who = people.customer(c)
    goods = orders.Goods(guarantee_until=date(2024, 12, 31))
    row = orders.order(c, who.row, who.person, date(2021, 5, 27), date(2021, 6, 1), goods)
    c.promise(row, "DELETE" if c.time.as_of > date(2025, 2, 28) else {"shipping": "RETAIN", "gift": "ANONYMISE"})


def _payment_at(c: Cluster, when: datetime, outcome: str) -> Row:
    values = {"booked_at": when, "amount": Decimal("125.00"), "payer_name": "Okänd betalare", "message": "Faktura"}
    return c.add("payment", values, outcome)


@case("A09")
def new_years_night_in_utc(c: Cluster) -> None:
    """Half past midnight in Sweden is still yesterday in UTC: the Swedish day decides the fiscal year."""
    c.promise(_payment_at(c, datetime(2024, 12, 31, 23, 30, tzinfo=UTC), KEEP), "RETAIN")
    midnight_utc = datetime.combine(c.time.kept_books_from, time(), UTC)
    c.promise(_payment_at(c, midnight_utc - timedelta(minutes=90), KEEP), "RETAIN")
    c.promise(_payment_at(c, midnight_utc - timedelta(minutes=150), DUE), "DELETE")


@case("A10")
def objection_after_midnight(c: Cluster) -> None:
    """An objection that came in late in the evening counts from its instant."""
    who = people.customer(c, people.NO_MARKETING, person=c.objector())
    c.promise(letters.subscriber(c, who.person, DUE), "DELETE")
    late = datetime.combine(c.time.ago(2), time(22, 15), UTC)
    letters.objection(c, {"email": who.person.email}, late)


@case("A11")
def local_midnight(c: Cluster) -> None:
    """A log's day begins and ends at midnight in Sweden, summer and winter."""
    who = people.customer(c)

    def log(day: date) -> date:
        return months_after(day, LOG_MONTHS)

    for day, hour, minute, verdict in (
        (c.time.last_over(log), 23, 30, "DELETE"),
        (c.time.first_live(log), 0, 30, "RETAIN"),
    ):
        row = shop.web_login(c, who.customer_id, day)
        row.values["logged_at"] = instant(day, hour, minute)
        c.promise(row, verdict)


@case("A13")
def ends_on_a_sunday(c: Cluster) -> None:
    """The last day was a Sunday: storage isn't prolonged by that."""
    who = people.customer(c)
    sunday = c.time.ago(c.time.as_of.weekday() + 1)
    delivered = sunday
    while consumer_warranty(delivered) > sunday:
        delivered -= timedelta(days=1)
    c.promise(orders.order(c, who.row, who.person, delivered - timedelta(days=2), delivered), "DELETE")


@case("A14")
def one_stop_shop(c: Cluster) -> None:
    """Ten years from the end of the sale's year: almost eleven years."""
    year = c.time.as_of.year
    who = people.customer(c, ACTIVE)
    oss = books.Terms(paid_after=0, oss=True)
    c.promise(invoice(c, who, date(year - 10, 1, 2), oss), "RETAIN")
    c.promise(invoice(c, who, date(year - 11, 1, 2), oss), "DELETE")
