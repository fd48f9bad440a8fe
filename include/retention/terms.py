"""The words of the trade, as types.

Every other module speaks with these. The vocabulary is defined in ``include/docs/reference/vocabulary.md``;
lawful bases are those of Article 6(1) GDPR.
"""

from __future__ import annotations

from enum import StrEnum


class LawfulBasis(StrEnum):
    """Article 6(1) GDPR, point by point."""

    CONSENT = "6(1)(a)"
    CONTRACT = "6(1)(b)"
    LEGAL_OBLIGATION = "6(1)(c)"
    VITAL_INTERESTS = "6(1)(d)"
    PUBLIC_TASK = "6(1)(e)"
    LEGITIMATE_INTERESTS = "6(1)(f)"


class Scope(StrEnum):
    """Whose event starts a purpose's clock."""

    RECORD = "record"
    """The record's own event, or one inherited from or forwarded by a linked record."""
    SUBJECT = "subject"
    """The latest event of the data subject, across all systems."""
    COMPANY = "company"
    """The latest event of the company that the person represents."""


class Verdict(StrEnum):
    """What is decided for one column group of one record."""

    RETAIN = "RETAIN"
    ANONYMISE = "ANONYMISE"
    DELETE = "DELETE"
    REFER = "REFER"


class Reason(StrEnum):
    """Why a verdict is what it is. The order within a block is the order of precedence."""

    # RETAIN
    LEGAL_HOLD = "LEGAL_HOLD"
    LIVE_PURPOSE = "LIVE_PURPOSE"
    NOT_PERSONAL = "NOT_PERSONAL"
    # REFER: the start of a purpose's clock can't be known
    IDENTITY_CONFLICT = "IDENTITY_CONFLICT"
    IDENTITY_AMBIGUOUS = "IDENTITY_AMBIGUOUS"
    CONTRADICTORY_DATES = "CONTRADICTORY_DATES"
    SENTINEL_DATE = "SENTINEL_DATE"
    UNPARSABLE_DATE = "UNPARSABLE_DATE"
    NO_FISCAL_YEAR = "NO_FISCAL_YEAR"
    UNKNOWN_DATE = "UNKNOWN_DATE"
    NO_KNOWN_PURPOSE = "NO_KNOWN_PURPOSE"
    UNREADABLE_VALUE = "UNREADABLE_VALUE"
    """It is due, and what is to be erased stands inside a value that can't be read, such as a broken JSON document."""
    # ANONYMISE, DELETE
    EXPIRED = "EXPIRED"
    ENDED_AT_ONCE = "ENDED_AT_ONCE"
    REFERENCED_BY_RETAINED = "REFERENCED_BY_RETAINED"
    CLOCK_EVIDENCE = "CLOCK_EVIDENCE"
    """The row tells of an event that the clock of a retained record runs from: it stays, without its columns."""
    IDENTITY_LINK = "IDENTITY_LINK"
    """Without it nobody could tell whose a retained record is: it stays as long as that record's clock runs."""
    FOLLOWS_WHOLE = "FOLLOWS_WHOLE"
    UNANSWERED = "UNANSWERED"
    """It was referred to a human, nobody answered in time, and the fallback day has passed."""
    CARRIED_OVER = "CARRIED_OVER"
    NEVER_HAD_PURPOSE = "NEVER_HAD_PURPOSE"


class WhenNull(StrEnum):
    """What an empty event date means. It is declared, never guessed."""

    ONGOING = "ongoing"
    """The episode hasn't ended: purposes that run from its end are live."""
    UNKNOWN = "unknown"
    """It happened, nobody knows when: the record is referred to a human."""
    ABSENT = "absent"
    """It never happened: the row emits no event."""


class WhenExpired(StrEnum):
    """What happens to a row all of whose column groups have expired."""

    DELETE = "delete"
    ANONYMISE = "anonymise"


class WithoutPurpose(StrEnum):
    """What happens to a column group none of whose purposes ever started."""

    REFER = "refer"
    EXPIRE = "expire"


class SubjectKind(StrEnum):
    """What a subject role of a table stands for."""

    PERSON = "person"
    COMPANY = "company"


class IdentifierKind(StrEnum):
    """Identifiers by which one subject is known in several systems."""

    CUSTOMER_NUMBER = "customer_number"
    IDENTITY_NUMBER = "identity_number"
    """Personnummer or samordningsnummer."""
    ORGANISATION_NUMBER = "organisation_number"
    EMAIL = "email"
    PHONE = "phone"
    """Never links people: a switchboard or a family telephone is shared."""


class Mode(StrEnum):
    """Whether a run may change anything."""

    ENFORCE = "enforce"
    DRY_RUN = "dry_run"


class RunOutcome(StrEnum):
    """How a run ended."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    NOTHING_DUE = "NOTHING_DUE"
    DRY_RUN_DONE = "DRY_RUN_DONE"
    REFUSED = "REFUSED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
