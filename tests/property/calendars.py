"""Random schedules, and dates that lie close to where their periods end."""

from __future__ import annotations

from datetime import date, time, timedelta
from random import Random

from include.retention.policy.model import Amendment, FiscalYears, Period, Purpose, Schedule
from tests.reference import build
from tests.reference.classifier import moved

STARTS = ("relationship", "booked", "contact", "claim", "meeting", "guarantee")
KEEPS = (
    build.keep(build.days(0)),
    build.keep(build.days(30)),
    build.keep(build.months(2)),
    build.keep(build.months(6)),
    build.keep(build.months(12)),
    build.keep(build.years(3), build.months(2)),
    build.keep(build.years(7), to_year_end=True),
    build.keep(build.years(10)),
)
ENDINGS = (
    build.ends("objection", "consent"),
    build.ends("objection"),
    build.ends("dialogue_closed", "contact"),
    build.ends("customer"),
    build.ends("deceased"),
    build.ends("role", None, "record"),
    build.ends("role", None, "subject"),
    build.ends("dialogue_closed", "contact", "record"),
)
BAD_DATES = ("2018-02-30", "03/04/2018", "1900-01-01", "1970-01-01", "unknown", "9999-12-31")
STYLES = ("day", "day", "local", "utc", "aware")
_TIMES = (time(0, 0), time(0, 15), time(12, 30), time(21, 59, 59), time(22, 30), time(23, 45))


def random_schedule(rng: Random, purposes: int, today: date) -> Schedule:
    """Return a schedule with purposes ``P0``, ``P1``, ..., whose fiscal years are in the system beta."""
    years = FiscalYears("beta", "fiscal_year", "starts_on", "ends_on")
    found = [_purpose(rng, f"P{number}", today) for number in range(purposes)]
    return build.schedule(*found, fiscal_years=years)


def _purpose(rng: Random, name: str, today: date) -> Purpose:
    return build.purpose(
        name,
        rng.choice(STARTS),
        rng.choice(KEEPS),
        rng.choice(["record", "subject", "subject", "company"]),
        ends=rng.sample(ENDINGS, rng.choice([0, 0, 1, 1, 2])),
        amendments=[_amendment(rng, today) for _ in range(rng.choice([0, 0, 0, 1, 2]))],
        yields=rng.random() < 0.4,
    )


def _amendment(rng: Random, today: date) -> Amendment:
    in_force = today + timedelta(days=rng.choice([-800, -400, -1, 0, 1, 200]))
    covers = rng.choice([None, today - timedelta(days=rng.randrange(2000))])
    return Amendment(in_force, rng.choice(KEEPS), covers, "a test")


def stored_dates(rng: Random, style: str, count: int, today: date, as_of: date) -> list[str | None]:
    """Return dates as a system may store them: local days, naive timestamps, or aware ones; null and nonsense too."""
    return [_stored(rng, style, today, as_of) for _ in range(count)]


def _stored(rng: Random, style: str, today: date, as_of: date) -> str | None:
    chance = rng.random()
    if chance < 0.15:
        return None
    if chance < 0.18:
        return rng.choice(BAD_DATES)
    day = _day(rng, today, as_of)
    if style == "day":
        return day.isoformat()
    at = rng.choice(_TIMES).isoformat()
    if style == "aware":
        return f"{day.isoformat()}T{at}{rng.choice(['Z', '+00:00', '+02:00', '-05:00'])}"
    return f"{day.isoformat()} {at}"


def _day(rng: Random, today: date, as_of: date) -> date:
    chance = rng.random()
    if chance < 0.5:
        day = as_of
        for period in rng.choice(KEEPS).periods:
            day = moved(day, Period(-period.years, -period.months, -period.days))
        return day + timedelta(days=rng.choice([-31, -2, -1, 0, 1, 2, 31]))
    if chance < 0.6:
        return rng.choice([today, as_of]) + timedelta(days=rng.choice([-1, 0, 1]))
    if chance < 0.65:
        return today + timedelta(days=rng.randrange(700))
    return today - timedelta(days=rng.randrange(6000))


def fiscal_years(rng: Random) -> list[dict[str, object]]:
    """Return fiscal years of 6, 12 or 18 months with gaps, one that is longer than the law allows, and one undated."""
    rows: list[dict[str, object]] = []
    first = date(2009, 1, 1)
    while first.year < 2028:
        following = moved(first, build.months(rng.choice([12, 12, 12, 6, 18])))
        if rng.random() < 0.9:
            last = following - timedelta(days=1)
            rows.append({"id": len(rows), "starts_on": first.isoformat(), "ends_on": last.isoformat()})
        first = following
    rows.append({"id": 900, "starts_on": "2012-01-01", "ends_on": "2018-12-31"})
    rows.append({"id": 901, "starts_on": None, "ends_on": "2018-12-31"})
    return rows
