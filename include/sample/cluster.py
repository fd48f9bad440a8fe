"""A cluster: some people, their rows in all systems, and what is expected of each row.

Scenarios fill clusters; nothing in one refers to a row in another, so each can be written and forgotten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from random import Random

from include.sample import names, registers
from include.sample.days import Timeline
from include.sample.outcomes import GROUPS, IMPERSONAL, KEYS, TABLES, Row

BLANK = {name: dict.fromkeys(table.columns.keys()) for name, table in TABLES.items()}
NUMBERED = {name: keys[0] for name, keys in KEYS.items() if len(keys) == 1 and keys[0] != "document_id"}


@dataclass(slots=True)
class World:
    """What all clusters share: the dice, the calendar and the next free numbers."""

    rng: Random
    time: Timeline
    ids: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Person:
    """A person who doesn't exist.

    Attributes:
        pnr: twelve digits.
        phone: national number, digits only; empty for none.
        email: lower case, no other person's.
    """

    given: str
    family: str
    pnr: str
    birthday: date
    street: str
    postcode: str
    city: str
    phone: str
    email: str

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.given} {self.family}"


@dataclass(slots=True)
class Cluster:
    """Rows that belong together.

    Attributes:
        case: id in the catalogue of cases that rows get unless they are added with another.
        people: number of people in it.
        holds: legal holds that the control database must have.
        files: paths of ID copies below their root -> content.
        promises: rows with the verdicts that the catalogue of cases wants, said a second time and by hand: for the
            whole row, or by column group. Tests compare them with what is written.
    """

    world: World
    case: str = ""
    people: int = 0
    rows: list[Row] = field(default_factory=list)
    holds: list[dict[str, object]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    promises: list[tuple[Row, str | dict[str, str]]] = field(default_factory=list)

    @property
    def rng(self) -> Random:
        """Return the dice."""
        return self.world.rng

    @property
    def time(self) -> Timeline:
        """Return the calendar."""
        return self.world.time

    def number(self, kind: str) -> int:
        """Return the next free number of a kind, from 1."""
        self.world.ids[kind] += 1
        return self.world.ids[kind]

    def add(
        self, table: str, values: dict[str, object], outcome: str | dict[str, str] = IMPERSONAL, case: str | None = None
    ) -> Row:
        """Add a row.

        Args:
            table: its table; a single integer key is numbered here unless given.
            values: columns that aren't NULL.
            outcome: of each column group, or one for all of them; nothing for rows without groups.
            case: id in the catalogue, where it isn't the cluster's.
        """
        full = {**BLANK[table], **values}
        key = NUMBERED.get(table)
        if key is not None and full[key] is None:
            full[key] = self.number(table)
        if outcome == IMPERSONAL:
            outcomes = {}
        elif isinstance(outcome, str):
            outcomes = dict.fromkeys(GROUPS[table], outcome)
        else:
            outcomes = {group: outcome[group] for group in GROUPS[table]}
        row = Row(table, full, outcomes, self.case if case is None else case)
        self.rows.append(row)
        return row

    def objector(self) -> Person:
        """Return a new person without a telephone, who may object without stopping text messages to half the sample."""
        return self.person(phone="")

    def promise(self, row: Row, verdict: str | dict[str, str]) -> None:
        """Say once more, in the words of the catalogue, what must come out for a row."""
        self.promises.append((row, verdict))

    def person(self, *, phone: str | None = None) -> Person:
        """Return a new person.

        Args:
            phone: a number of their own; by default one of the few that half the sample shares. Who objects to
                marketing mustn't have a shared one: an objection concerns everybody who holds the number.
        """
        rng = self.rng
        self.people += 1
        serial = self.number("person")
        birthday, birth_number = registers.birth_of(serial)
        pnr = registers.personal_number(birthday, birth_number, coordination=rng.random() < 0.02)
        if pnr in registers.TAKEN:
            return self.person(phone=phone)
        given = rng.choice(names.WORDS["men" if birth_number % 2 else "women"])
        family = rng.choice(names.WORDS["families"])
        email = f"{names.plain(given)}.{names.plain(family)}{serial}@{rng.choice(names.WORDS['providers'])}"
        street, postcode, city = names.address(rng)
        return Person(
            given,
            family,
            pnr,
            birthday,
            street,
            postcode,
            city,
            names.telephone(rng) if phone is None else phone,
            email,
        )
