"""The small values that the policy's YAML files share: names, texts, periods."""

from __future__ import annotations

import re
import zoneinfo
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from include.retention.policy.model import Keep, Period, Text
from include.retention.policy.parse import Border

LONGEST_YEARS = 100
ISO_PERIOD = r"^P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$"
_PERIOD = re.compile(ISO_PERIOD)


def _form(pattern: str, what: str, remedy: str, code: str = "BAD_NAME") -> tuple[AfterValidator, WithJsonSchema]:
    """Return the validator and the schema of text that has a form, with a sentence for people who miss it."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise PydanticCustomError(code, what, {"remedy": remedy})
        return text

    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


_LOWER = _form(r"[a-z][a-z0-9_]{0,62}", "isn't a name of this kind.", "Use lower-case a-z, digits and _: order_id.")
_UPPER = _form(r"[A-Z][A-Z0-9_]{0,62}", "isn't a purpose's name.", "Use upper-case A-Z, digits and _: ACCOUNTING.")
_ORGANISATION = _form(
    r"\d{6}-\d{4}", "isn't an organisation number.", "Write six digits, a hyphen and four digits.", "BAD_VALUE"
)
_TWELVE_DIGITS = _form(r"\d{12}", "isn't twelve digits.", "Write it with the century, digits alone.", "BAD_VALUE")
_FIRST_OF_MONTH = _form(
    r"(0[1-9]|1[0-2])-01",
    "isn't the month and day of the first day of a month.",
    "Write 01-01 for calendar years, 07-01 for years from 1 July. Years that begin otherwise need their table.",
    "BAD_VALUE",
)

Name = Annotated[str, *_LOWER]
"""A short name in lower case, such as ``order_id``."""

PurposeName = Annotated[str, *_UPPER]
"""A purpose or a parameter, in upper case, such as ``ACCOUNTING``."""

OrganisationNumber = Annotated[str, *_ORGANISATION]
"""A Swedish organisation number, ``NNNNNN-NNNN``."""

TwelveDigits = Annotated[str, *_TWELVE_DIGITS]
"""A personnummer or samordningsnummer with its century, as twelve digits."""

FirstOfMonth = Annotated[str, *_FIRST_OF_MONTH]
"""The first day of a month, ``MM-01``: a fiscal year is of whole months (3 kap. bokföringslagen)."""

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""Text that isn't empty."""


def _iso_period(text: object) -> object:
    if not isinstance(text, str) or _PERIOD.match(text) is None:
        raise PydanticCustomError(
            "BAD_PERIOD",
            "isn't a period. A purpose must end after a stated time: “until objection” or “as long as needed” don't.",
            {"remedy": "Write an ISO 8601 period in years, months or days: P7Y, P6M, P30D, P0D for no time at all."},
        )
    period = read_period(text)
    if period.years + period.months / 12 + period.days / 365 > LONGEST_YEARS:
        remedy = "State the period that is needed."
        raise PydanticCustomError("BAD_PERIOD", "is longer than any life.", {"remedy": remedy})
    return text


def read_period(text: str) -> Period:
    """Return a period from its ISO 8601 text, which the border has checked."""
    found = _PERIOD.match(text)
    if found is None:
        message = f"{text!r} isn't a period."
        raise ValueError(message)
    years, months, days = (int(number or 0) for number in found.groups())
    return Period(years, months, days)


IsoPeriod = Annotated[str, BeforeValidator(_iso_period), WithJsonSchema({"type": "string", "pattern": ISO_PERIOD})]
"""An ISO 8601 period of years, months and days, such as ``P3Y`` or ``P1Y6M``."""


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError(
            "UNKNOWN_TIME_ZONE",
            "isn't a time zone that is known.",
            {"remedy": "Name one of the IANA list, such as Europe/Stockholm or UTC."},
        ) from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone of the IANA list, such as ``Europe/Stockholm``."""


class TextBorder(Border):
    """A text in both languages of the report."""

    sv: Filled
    """In Swedish."""
    en: Filled
    """In English."""

    def text(self) -> Text:
        """Return the text as the engine knows it."""
        return Text(self.sv, self.en)


def _shape(value: object) -> str:
    return "<list>" if isinstance(value, list) else "<text>"


Chain = Annotated[
    Annotated[IsoPeriod, Tag("<text>")] | Annotated[tuple[IsoPeriod, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(_shape),
]
"""A period, or a list of periods that run one after the other."""


def read_keep(chain: str | tuple[str, ...], *, to_year_end: bool) -> Keep:
    """Return how long something is kept."""
    parts = (chain,) if isinstance(chain, str) else chain
    return Keep(tuple(read_period(part) for part in parts), to_year_end)
