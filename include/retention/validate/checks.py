"""The checks: what each one asks, in words for the data protection officer, and what a measurement of it holds.

A measurement is counts and names from the data map. Nothing else goes on to Great Expectations, the ledger or the
report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from include.retention.policy.model import Text

COLUMNS = ("check", "table", "severity", "title_sv", "title_en", "examined", "unexpected", "limit")


class Severity(StrEnum):
    """Whether a run can be done in spite of a failed check."""

    CRITICAL = "critical"
    WARNING = "warning"


class Check(StrEnum):
    """A question to the sources after the act."""

    DELETED_GONE = "DELETED_GONE"
    ERASED_EMPTY = "ERASED_EMPTY"
    TEXTS_REDACTED = "TEXTS_REDACTED"
    RETAINED_PRESENT = "RETAINED_PRESENT"
    RETAINED_UNCHANGED = "RETAINED_UNCHANGED"
    REST_UNCHANGED = "REST_UNCHANGED"
    BALANCE = "BALANCE"
    SUMS = "SUMS"
    SERIES = "SERIES"
    FOREIGN_KEYS = "FOREIGN_KEYS"
    FILES_GONE = "FILES_GONE"
    FILES_KEPT = "FILES_KEPT"
    FILES_NAMED = "FILES_NAMED"
    SUPPRESSED_ABSENT = "SUPPRESSED_ABSENT"
    SOMETHING_MEASURED = "SOMETHING_MEASURED"


TITLES = {
    Check.DELETED_GONE: Text("Rader som skulle raderas är borta", "Rows that were due for deletion are gone"),
    Check.ERASED_EMPTY: Text(
        "Uppgifter som skulle tas bort ur rader som står kvar är borta",
        "Data that were due for erasure in rows that stay are erased",
    ),
    Check.TEXTS_REDACTED: Text(
        "I fritexter som står kvar är det som känns igen ersatt; texterna är fortfarande personuppgifter",
        "In free texts that stay, what is recognised is replaced; the texts are still personal data",
    ),
    Check.RETAINED_PRESENT: Text("Rader som inte skulle raderas finns kvar", "Rows that were not due are still there"),
    Check.RETAINED_UNCHANGED: Text(
        "Uppgifter som inte skulle tas bort finns kvar", "Data that were not due for erasure are still there"
    ),
    Check.REST_UNCHANGED: Text(
        "Resten av dokumenten som uppgifter skulle tas bort ur är oförändrad",
        "The rest of the documents from which data were due for erasure is unchanged",
    ),
    Check.BALANCE: Text(
        "Rader före är rader efter plus det som raderades", "Rows before equal rows after plus what was deleted"
    ),
    Check.SUMS: Text("Summorna för det som står kvar är oförändrade", "The sums over what stays are unchanged"),
    Check.SERIES: Text(
        "Nummerserierna har inga luckor som gallringen inte förklarar",
        "The number series have no gaps that the culling does not explain",
    ),
    Check.FOREIGN_KEYS: Text(
        "Ingen rad hänvisar till något som togs bort", "No row refers to something that was taken away"
    ),
    Check.FILES_GONE: Text(
        "Inga filer ligger kvar utan en rad som hänvisar till dem", "No file is left without a row that refers to it"
    ),
    Check.FILES_KEPT: Text("Filer som rader hänvisar till finns kvar", "Files that rows refer to are still there"),
    Check.FILES_NAMED: Text("Varje fil har en rad som hänvisar till den", "Every file has a row that refers to it"),
    Check.SUPPRESSED_ABSENT: Text(
        "Ingen som har invänt mot direktmarknadsföring finns kvar på listan",
        "Nobody who has objected to direct marketing is left on the list",
    ),
    Check.SOMETHING_MEASURED: Text("Något har mätts", "Something was measured"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One check of one table.

    Attributes:
        table: the table's name in the data map, or an empty text where a check is about the system.
        examined: how many rows, values or files were looked at.
        unexpected: how many of them aren't as they should be; None where it couldn't be measured.
        about: what the title should add, such as the column; None for nothing.
        limit: how many unexpected ones are tolerated.
    """

    check: Check
    table: str
    examined: int
    unexpected: int | None
    about: Text | None = None
    limit: int = 0
    severity: Severity = Severity.CRITICAL

    @property
    def title(self) -> Text:
        """Return the check's sentence with what it is about."""
        title = TITLES[self.check]
        return title if self.about is None else Text(f"{title.sv} ({self.about.sv})", f"{title.en} ({self.about.en})")


def frame_of(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return measurements as a frame with ``COLUMNS``: texts, and Int64 counts with NA for what wasn't measured."""
    rows = [
        (
            each.check.value,
            each.table,
            each.severity.value,
            each.title.sv,
            each.title.en,
            each.examined,
            each.unexpected,
            each.limit,
        )
        for each in measured
    ]
    counts = dict.fromkeys(COLUMNS[5:], "Int64")
    return pd.DataFrame.from_records(rows, columns=list(COLUMNS)).astype(counts)
