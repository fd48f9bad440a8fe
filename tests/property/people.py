"""Invented people and companies for generated worlds, and the many ways in which systems spell them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from include.retention.terms import IdentifierKind
from tests.reference.build import PLACEHOLDER_NUMBER
from tests.reference.spellings import luhn


@dataclass(frozen=True)
class Somebody:
    """A person, or a company where ``organisation`` is set; a sole trader's organisation number is a personnummer."""

    number: str
    customer: int
    email: str
    phone: str
    organisation: str | None


def with_check_digit(nine: str) -> str:
    """Return ten digits of which the last is the check digit."""
    return next(nine + str(digit) for digit in range(10) if luhn(nine + str(digit)))


def identity_number(rng: Random, today: date) -> str:
    """Return a 12-digit personnummer or samordningsnummer of somebody who is 0 to 110 years old."""
    year = today.year - rng.randrange(1, 110)
    day = rng.randrange(1, 29) + (60 if rng.random() < 0.05 else 0)
    birth = f"{year:04}{rng.randrange(1, 13):02}{day:02}"
    return birth[:2] + with_check_digit(f"{birth[2:]}{rng.randrange(1000):03}")


def population(rng: Random, count: int, today: date) -> tuple[list[Somebody], list[Somebody]]:
    """Return people, some of whom share an address with their household, and a tenth as many companies."""
    people: list[Somebody] = []
    for place in range(count):
        number = identity_number(rng, today)
        email, phone = f"Anna.{place}@Example.com", f"70{1_000_000 + place}"
        if people and rng.random() < 0.12:
            email = people[-1].email
        if people and rng.random() < 0.15:
            phone = people[-1].phone
        people.append(Somebody(number, 1000 + place, email, phone, None))
    companies = []
    for place in range(count // 10 + 1):
        sole_trader = rng.random() < 0.15
        owner = rng.choice(people)
        nine = f"5{rng.randrange(10)}{rng.randrange(2, 10)}{rng.randrange(1_000_000):06}"
        organisation = owner.number if sole_trader else with_check_digit(nine)
        email = rng.choice([f"info@firma{place}.example", f"kontakt@firma{place}.example", owner.email])
        companies.append(Somebody(owner.number, 500_000 + place, email, owner.phone, organisation))
    return people, companies


def spelt(rng: Random, kind: IdentifierKind, who: Somebody, today: date) -> Any:
    """Return an identifier as some system may have stored it."""
    if kind is IdentifierKind.CUSTOMER_NUMBER:
        return rng.choice([who.customer, str(who.customer), f"00{who.customer}", f" {who.customer} "])
    if kind is IdentifierKind.EMAIL:
        return rng.choice([who.email, who.email.lower(), f" {who.email.upper()}"])
    if kind is IdentifierKind.PHONE:
        local = f"0{who.phone[:2]}-{who.phone[2:5]} {who.phone[5:7]} {who.phone[7:]}"
        forms = [f"+46{who.phone}", f"0046 {who.phone[:2]} {who.phone[2:]}", local, f"+46 (0){who.phone}"]
        return rng.choice(forms)
    if kind is IdentifierKind.ORGANISATION_NUMBER and who.organisation is not None and len(who.organisation) == 10:
        number = who.organisation
        return rng.choice([number, f"{number[:6]}-{number[6:]}", f"16{number}"])
    if rng.random() < 0.02:
        return f"{PLACEHOLDER_NUMBER[:8]}-{PLACEHOLDER_NUMBER[8:]}"
    number = who.number
    sign = "+" if today.year - int(number[:4]) >= 100 else "-"
    forms = [number, f"{number[:8]}-{number[8:]}", f"{number[2:8]}{sign}{number[8:]}", number[2:]]
    return rng.choice(forms) if rng.random() < 0.5 else number
