"""Generated worlds: random schedules, maps and rows with every feature that a decision can depend on.

A world follows from its seed and its size alone. Nothing is plausible about it, and that is the point: combinations
that no company has are where a rule is read wrongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random

from include.retention.terms import IdentifierKind
from tests.property.calendars import fiscal_years, random_schedule, stored_dates
from tests.property.drafts import Draft, Surroundings, random_table
from tests.property.people import population, spelt
from tests.reference import build
from tests.reference.spellings import identifier
from tests.reference.world import Hold, Source, Suppression, World

NAMES = ("customer", "order", "group by", "Läsare", "t")


def random_world(seed: int, people: int) -> World:
    """Return the world of a seed, with about as many people as asked for."""
    rng = Random(seed)  # noqa: S311 - repeatable is the point
    today = date(2026, 1, 1) + timedelta(days=rng.randrange(400))
    as_of = today - timedelta(days=rng.choice([0, 0, 0, 0, 1, 30, 365, -90]))
    persons, companies = population(rng, people, today)
    schedule = random_schedule(rng, rng.randrange(3, 8), today)
    dates = {
        style: stored_dates(rng, style, 60 + people // 4, today, as_of) for style in ("day", "local", "utc", "aware")
    }
    starts = sorted({purpose.starts for purpose in schedule.purposes.values()})
    around = Surroundings(rng, people, persons, companies, today, dates, tuple(schedule.purposes), starts)
    systems = ("alpha", "beta", "gamma")[: rng.choice([2, 3, 3])]
    sources = {system: _source(around, system) for system in systems}
    return World(schedule, sources, as_of, today, _holds(around, sources), _suppressions(around))


def _source(around: Surroundings, system: str) -> Source:
    drafts: list[Draft] = []
    for number in range(around.rng.choice([2, 3, 4])):
        drafts.append(random_table(around, f"{around.rng.choice(NAMES)} {number}", drafts))
    tables = [draft.table for draft in drafts if draft.table is not None]
    rows = {draft.name: draft.rows for draft in drafts}
    if system == "beta":
        tables.insert(0, build.table("fiscal_year", ["id", "starts_on", "ends_on"], personal=False))
        rows["fiscal_year"] = fiscal_years(around.rng)
    references = tuple(each for draft in drafts for each in draft.references)
    closed = frozenset(draft.name for draft in drafts if around.rng.random() < 0.05)
    return Source(build.data_map(system, tables), rows, references, closed)


def _holds(around: Surroundings, sources: Mapping[str, Source]) -> list[Hold]:
    rng, found = around.rng, []
    for system, source in sources.items():
        for table in source.data_map.tables.values():
            if table.personal and rng.random() < 0.3:
                row = rng.choice(source.rows[table.name])
                found.append(Hold(system, table.name, tuple(row[name] for name in table.key)))
    who = rng.choice(around.people)
    found.append(Hold(identifier=("customer_number", str(who.customer))))
    return found


def _suppressions(around: Surroundings) -> list[Suppression]:
    rng, found = around.rng, {}
    for _ in range(1 + around.size // 40):
        kind = rng.choice([IdentifierKind.EMAIL, IdentifierKind.PHONE])
        read = identifier(kind.value, spelt(rng, kind, rng.choice(around.people), around.today), around.today)
        channel = rng.choice(["all", "email"] if kind is IdentifierKind.EMAIL else ["all", "sms", "phone"])
        since = datetime(2020, 1, 1, 22, 30, tzinfo=UTC) + timedelta(days=rng.randrange(2000))
        found[kind.value, read[1], channel] = since
    return [Suppression(*where, since) for where, since in found.items()]
