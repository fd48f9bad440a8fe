"""Periods that Swedish law fixes for bookkeeping. The schedule states them too; the two must agree.

A schedule that is shorter would destroy vouchers that must be kept; one that is longer would keep personal data
without a purpose. Neither can be undone, so neither is left to a single line of YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from include.retention.errors import Problem
from include.retention.periods import Days, retain_through
from include.retention.policy.document import Document
from include.retention.policy.model import Keep, Period, Purpose, Schedule
from include.retention.terms import LawfulBasis

REFERENCE_DAYS: Days = np.arange(np.datetime64("2023-01-01"), np.datetime64("2028-01-01"), dtype="datetime64[D]")
"""Every day of five years, a leap year among them: periods are compared on each of them, not by their length."""


@dataclass(frozen=True, slots=True)
class Statute:
    """A period that the law fixes.

    Attributes:
        event: the start event that stands for it in ``Schedule.events``.
        keep: the period.
        law: where it stands.
        cited: the law's name, as a rule's source writes it.
        what: the period in words.
        whole: every column of such a record falls under it, so none may be without it.
        from_fiscal_year_end: the clock starts when the fiscal year ends, not on the voucher's own day.
    """

    event: str
    keep: Keep
    law: str
    cited: str
    what: str
    whole: bool
    from_fiscal_year_end: bool


BOOKKEEPING = Statute(
    event="booked",
    keep=Keep((Period(years=7),), to_year_end=True),
    law="7 kap. 2 § bokföringslagen (1999:1078)",
    cited="bokföringslagen",
    what="P7Y with to_year_end, from the end of the fiscal year",
    whole=True,
    from_fiscal_year_end=True,
)
ONE_STOP_SHOP = Statute(
    event="oss_sale",
    keep=Keep((Period(years=10),), to_year_end=True),
    law="22 kap. 77 § mervärdesskattelagen (2023:200)",
    cited="mervärdesskattelagen",
    what="P10Y with to_year_end, from the day of the sale",
    whole=False,
    from_fiscal_year_end=False,
)
STATUTES: Mapping[str, Statute] = {each.event: each for each in (BOOKKEEPING, ONE_STOP_SHOP)}


def longer(keep: Keep, other: Keep) -> bool:
    """Return whether one period outlasts the other from any start day."""
    return bool((retain_through(REFERENCE_DAYS, keep) > retain_through(REFERENCE_DAYS, other)).any())


def check_statutes(schedule: Schedule, document: Document) -> Iterator[Problem]:
    """Yield a problem for each rule that a statute contradicts."""
    for purpose in schedule.purposes.values():
        statute = _statute_of(purpose)
        if statute is not None:
            yield from _against(purpose, statute, schedule, document)


def _statute_of(purpose: Purpose) -> Statute | None:
    """Return the law that fixes a purpose's period: by the event that stands for it, or because its source cites it."""
    statute = STATUTES.get(purpose.starts)
    if statute is not None and (purpose.statutory or purpose.lawful_basis is LawfulBasis.LEGAL_OBLIGATION):
        return statute
    return next((each for each in STATUTES.values() if each.cited in purpose.source.casefold()), None)


def _against(purpose: Purpose, statute: Statute, schedule: Schedule, document: Document) -> Iterator[Problem]:
    path = ("purposes", purpose.name, "keep")
    remedy = f"Write {statute.what}: {statute.law}."
    if longer(statute.keep, purpose.keep):
        what = "ends before the statutory period does: records that the law protects would be destroyed."
        yield document.problem(path, "SHORTER_THAN_STATUTE", what, remedy)
    elif longer(purpose.keep, statute.keep):
        what = (
            f"outlasts the statutory period: “upp till {schedule.ceiling.years} år” in the published policy is a "
            "ceiling, not a period, and the duty ends earlier."
        )
        yield document.problem(path, "LONGER_THAN_STATUTE", what, remedy)
    for place, amendment in enumerate(purpose.amendments):
        if longer(statute.keep, amendment.keep):
            yield document.problem(
                ("purposes", purpose.name, "amendments", place, "keep"),
                "SHORTER_THAN_STATUTE",
                "shortens a statutory period.",
                f"{statute.law} must be changed in include/retention/policy/statutes.py first, by a new release.",
            )
