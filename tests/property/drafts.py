"""Tables in the making: a random map of a table, and rows that fit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from include.retention.data_map.model import Column, Condition, Emission, Group, Link, Method, SubjectRole, Table
from include.retention.terms import IdentifierKind
from tests.property.calendars import STYLES
from tests.property.people import Somebody, spelt
from tests.reference import build
from tests.reference.world import ForeignKey

SIDE_EVENTS = (
    "objection", "objection", "objection", "consent", "erasure_request", "dialogue_closed", "customer", "deceased",
    "role", "hold",
)  # fmt: skip
CHANNELS = (None, None, "email", "email", "sms", "phone", "post")
STORED_CHANNELS = (None, "", "all", "email", "Email ", "sms", "phone", "post")
STATUSES = ("active", "ended", None)


@dataclass(frozen=True)
class Surroundings:
    """What every table of a world draws on.

    Attributes:
        dates: stored dates by style.
        starts: the events that some purpose starts with.
    """

    rng: Random
    size: int
    people: Sequence[Somebody]
    companies: Sequence[Somebody]
    today: date
    dates: Mapping[str, Sequence[str | None]]
    purposes: Sequence[str]
    starts: Sequence[str]


@dataclass(frozen=True)
class Context:
    """The row being filled: its number, who it is mainly about, and what its references point at."""

    number: int
    person: Somebody
    company: Somebody
    links: Mapping[str, tuple[Any, ...]]


Fill = Callable[[Context], Any]


@dataclass
class Draft:
    """A table in the making.

    Attributes:
        fills: gives each column's value.
        roles: every role of a row, inherited ones too, with its kind.
        links: reference name -> the draft it points at.
        people: whom each row is mainly about.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, Column] = field(default_factory=dict)
    fills: dict[str, Fill] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    links: dict[str, Draft] = field(default_factory=dict)
    references: list[ForeignKey] = field(default_factory=list)
    table: Table | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    people: list[Somebody] = field(default_factory=list)

    def key_of(self, number: int) -> tuple[Any, ...]:
        """Return the key of the row with a number."""
        return (
            {1: (number,), 2: ("AB"[number % 2], number)}[len(self.key)] if self.key != ("code",) else (f"k{number}",)
        )

    def nowhere(self) -> tuple[Any, ...]:
        """Return a key that no row has."""
        return {("id",): (-1,), ("code",): ("k-1",)}.get(self.key, ("Z", -1))


def random_table(around: Surroundings, name: str, earlier: Sequence[Draft]) -> Draft:
    """Return a filled table that refers to itself and to earlier ones."""
    rng = around.rng
    draft = Draft(name, rng.choice([("id",), ("id",), ("code",), ("series", "no")]))
    for place, column in enumerate(draft.key):
        _add(draft, column, lambda row, place=place: draft.key_of(row.number)[place])
    part_of = None
    if earlier and rng.random() < 0.3:
        whole = rng.choice(earlier)
        part_of = Link(_link(around, draft, whole), whole.name)
        draft.roles.update(whole.roles)
    subjects = _subjects(around, draft, earlier)
    _add(draft, "status", lambda _: rng.choice(STATUSES))
    without_groups = part_of is not None and rng.random() < 0.4
    groups = [] if without_groups else [_group(around, draft, n) for n in range(rng.choice([1, 1, 2, 3]))]
    _personal_identifiers(around, draft, subjects, groups)
    emissions = [_emission(around, draft, n, earlier) for n in range(rng.choice([0, 1, 2, 2, 3, 4]))]
    for _ in range(rng.choice([0, 0, 0, 0, 1, 2])):
        _link(around, draft, draft)
    _unique_reference(around, draft, earlier)
    draft.table = build.table(
        name,
        draft.columns.values(),
        key=draft.key,
        subjects=subjects,
        emissions=emissions,
        groups=groups,
        part_of=part_of,
        personal_when=[_condition(rng)] if groups and rng.random() < 0.2 else [],
        when_expired="anonymise" if groups and rng.random() < 0.2 else "delete",
    )
    _fill(around, draft)
    return draft


def _add(draft: Draft, name: str, fill: Fill, group: str | None = None, time_zone: str | None = None) -> str:
    if group is None:
        draft.columns[name] = build.plain_column(name, time_zone)
    else:
        method = Method("set_null") if len(draft.columns) % 3 else Method("constant", value="-")
        draft.columns[name] = build.personal_column(name, group, method)
    draft.fills[name] = fill
    return name


def _dates(around: Surroundings, draft: Draft, name: str, *, seldom: bool = False) -> str:
    style = around.rng.choice(STYLES)
    pool, rng = around.dates[style], around.rng
    zone = "UTC" if style == "utc" else None
    return _add(draft, name, lambda _: None if seldom and rng.random() < 0.85 else rng.choice(pool), time_zone=zone)


def _link(around: Surroundings, draft: Draft, target: Draft) -> tuple[str, ...]:
    """Add columns that refer to another table's key, mostly by a real foreign key."""
    name = f"to {len(draft.links)}"
    draft.links[name] = target
    columns = tuple(
        _add(draft, f"{name} {column}", lambda row, place=place: row.links[name][place])
        for place, column in enumerate(target.key)
    )
    if around.rng.random() < 0.7:
        order = list(range(len(columns)))
        if around.rng.random() < 0.3:
            order.reverse()
        pairs = [(columns[place], target.key[place]) for place in order]
        mine, theirs = zip(*pairs, strict=True)
        draft.references.append(ForeignKey(draft.name, mine, target.name, theirs))
    return columns


def _unique_reference(around: Surroundings, draft: Draft, earlier: Sequence[Draft]) -> None:
    """Let a row have a second unique name, and refer to an earlier row's by a foreign key."""
    rng = around.rng
    _add(draft, "other name", lambda row: f"n{row.number}")
    others = [each for each in earlier if each.rows]
    if others and rng.random() < 0.15:
        target = rng.choice(others)
        names = [row["other name"] for row in target.rows]
        _add(draft, "by name", lambda _: rng.choice([None, *rng.choices(names, k=2)]))
        draft.references.append(ForeignKey(draft.name, ("by name",), target.name, ("other name",)))


def _subjects(around: Surroundings, draft: Draft, earlier: Sequence[Draft]) -> list[SubjectRole]:
    rng = around.rng
    found = []
    for number in range(rng.choice([0, 1, 1, 1, 2] if draft.roles else [1, 1, 1, 2, 2])):
        kind = rng.choice(["person", "person", "company"])
        leads = [(each, role) for each in earlier for role in each.roles]
        if leads and rng.random() < 0.45:
            target, role = rng.choice(leads)
            columns = _link(around, draft, target)
            kind = target.roles[role]
            found.append(build.through(f"r{number}", columns, target.name, role, kind))
        else:
            found.append(build.person(f"r{number}", kind, **_identifiers(around, draft, number, kind)))
        draft.roles[f"r{number}"] = kind
    return found


def _identifiers(around: Surroundings, draft: Draft, number: int, kind: str) -> dict[str, str]:
    rng = around.rng
    exact = [IdentifierKind.CUSTOMER_NUMBER]
    exact.append(IdentifierKind.IDENTITY_NUMBER if kind == "person" else IdentifierKind.ORGANISATION_NUMBER)
    kinds = [*exact, IdentifierKind.EMAIL, IdentifierKind.PHONE]
    chosen = [each for each in kinds if rng.random() < 0.5] or [rng.choice(kinds)]
    return {each.value: _add(draft, f"r{number} {each.value}", _spelling(around, each, kind)) for each in chosen}


def _spelling(around: Surroundings, identifier: IdentifierKind, kind: str) -> Fill:
    rng = around.rng

    def fill(row: Context) -> Any:
        chance = rng.random()
        if chance < 0.12:
            return None
        everybody = around.people if kind == "person" else around.companies
        own = row.person if kind == "person" else row.company
        return spelt(rng, identifier, rng.choice(everybody) if chance < 0.13 else own, around.today)

    return fill


def _group(around: Surroundings, draft: Draft, number: int) -> Group:
    rng = around.rng
    scopes = ["record", "subject", "subject", "company"]
    names = rng.sample(around.purposes, min(len(around.purposes), rng.choice([0, 1, 1, 2, 2, 3])))
    name = f"g{number}"
    _add(draft, f"personal {number}", lambda _: rng.choice([None, "-", "x", "somebody"]), group=name)
    of = [role for role in draft.roles if rng.random() < 0.7] or list(draft.roles)
    return build.group(
        name,
        *((purpose, rng.choice(scopes)) for purpose in names),
        of=of,
        channel=rng.choice(CHANNELS),
        without_purpose=rng.choice(["refer", "refer", "expire"]),
    )


def _personal_identifiers(
    around: Surroundings, draft: Draft, subjects: Sequence[SubjectRole], groups: Sequence[Group]
) -> None:
    """Let some identifiers be erased with a group."""
    for column in [column for role in subjects for column in role.identifiers.values()]:
        if groups and around.rng.random() < 0.5:
            draft.columns[column] = build.personal_column(column, around.rng.choice(groups).name)


def _condition(rng: Random) -> Condition:
    return Condition("status", tuple(rng.sample(STATUSES, rng.choice([1, 2]))), rng.random() < 0.5)


def _emission(around: Surroundings, draft: Draft, number: int, earlier: Sequence[Draft]) -> Emission:
    rng = around.rng
    side = rng.random() < 0.4
    event = rng.choice(SIDE_EVENTS if side else around.starts)
    keeps = []
    if earlier and rng.random() < 0.25:
        target = rng.choice(earlier)
        keeps.append(Link(_link(around, draft, target), target.name))
    channel = None
    if rng.random() < (0.7 if event in {"objection", "consent"} else 0.08):
        channel = _add(draft, f"channel {number}", lambda _: rng.choice(STORED_CHANNELS))
    of = [role for role in draft.roles if rng.random() < 0.7] or list(draft.roles)
    if not side and rng.random() < 0.15:
        return build.emission(event, None, null="ongoing", where=[_condition(rng)], of=of, keeps=keeps, channel=channel)
    return build.emission(
        event,
        _dates(around, draft, f"date {number}", seldom=side),
        begins=_dates(around, draft, f"begins {number}", seldom=True) if rng.random() < 0.5 else None,
        null="absent" if side and event != "role" else rng.choice(["ongoing", "unknown", "absent"]),
        where=[_condition(rng)] if rng.random() < 0.3 else [],
        of=of,
        keeps=keeps,
        channel=channel,
        fiscal=event == "booked" and rng.random() < 0.6,
    )


def _fill(around: Surroundings, draft: Draft) -> None:
    rng = around.rng
    count = max(1, int(around.size * rng.uniform(0.2, 0.8)))
    for number in range(count):
        links, near = {}, None
        for name, target in draft.links.items():
            chance = rng.random()
            rows = count if target is draft else len(target.rows)
            other = rng.randrange(rows)
            links[name] = target.key_of(other)
            if chance < 0.1:
                links[name] = (None,) * len(target.key)
            elif chance < 0.12:
                links[name] = target.nowhere()
            elif chance < 0.13:
                links[name] = (*links[name][:-1], None)
            elif target is not draft and near is None:
                near = target.people[other]
        person = near if near is not None and rng.random() < 0.7 else rng.choice(around.people)
        row = Context(number, person, rng.choice(around.companies), links)
        draft.people.append(person)
        draft.rows.append({name: fill(row) for name, fill in draft.fills.items()})
