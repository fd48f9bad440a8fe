"""Personnummer, samordningsnummer and organisationsnummer with right check digits, and how people write them.

Birth numbers 980-999, 238 and 239 are those of the Swedish Tax Agency's test numbers: they aren't given to anyone.
When a large population has used them up, the numbers below 980 follow. Organisation numbers are taken from the end of
the companies' series, which isn't given out yet.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

FIRST_BIRTHDAY = date(1945, 1, 1)
LAST_BIRTHDAY = date(1999, 12, 31)
"""Two digits of the year say the century: nobody in the sample is old or young enough for both."""
BIRTHDAYS = (LAST_BIRTHDAY - FIRST_BIRTHDAY).days + 1
TEST_SERIALS = (*range(980, 1000), 238, 239)
STRIDE = 7919
"""A prime that doesn't divide the number of test numbers, so that every number comes up once."""
TAKEN = frozenset({"198112289874", "197010632391"})
"""Kept for planted cases: the numbers that the Tax Agency's own texts use as examples."""
PLACEHOLDER = "191212121212"
"""What the staff type when the system demands a number and the customer gives none. Its check digit is right."""
FIRST_COMPANY, COMPANIES = 559_800_000, 200_000


def check_digit(digits: str) -> str:
    """Return the check digit (modulus 10, weights 2 and 1 in turn) of nine digits."""
    total = sum(sum(divmod(int(digit) * (2 - index % 2), 10)) for index, digit in enumerate(digits))
    return str(-total % 10)


def birth_of(serial: int) -> tuple[date, int]:
    """Return the birthday and birth number of the n-th person: different for every n."""
    block, position = divmod(serial, BIRTHDAYS * len(TEST_SERIALS))
    position = position * STRIDE % (BIRTHDAYS * len(TEST_SERIALS))
    number, day = divmod(position, BIRTHDAYS)
    birth_number = TEST_SERIALS[number] if block == 0 else 980 - block * len(TEST_SERIALS) + number
    return FIRST_BIRTHDAY + timedelta(days=day), birth_number


def personal_number(birthday: date, birth_number: int, *, coordination: bool = False) -> str:
    """Return the twelve digits of a personnummer, or of a samordningsnummer (day plus 60)."""
    nine = f"{birthday:%y%m}{birthday.day + 60 * coordination:02d}{birth_number:03d}"
    return f"{birthday.year // 100}{nine}{check_digit(nine)}"


def company_number(serial: int) -> str:
    """Return the ten digits of the n-th company's number."""
    if serial >= COMPANIES:
        raise ValueError(f"More than {COMPANIES} companies: take fewer subjects")
    nine = str(FIRST_COMPANY + serial)
    return nine + check_digit(nine)


def spell_personal(number: str, rng: Random) -> str:
    """Write a twelve-digit number in one of the four ways found in the systems."""
    return (number, f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}", number[2:])[rng.randrange(4)]


def spell_company(number: str, rng: Random) -> str:
    """Write a ten-digit number with the hyphen, without it, or with the century digits 16 before it."""
    return (f"{number[:6]}-{number[6:]}", number, f"16{number}")[rng.randrange(3)]
