"""Every error that Gallring raises, under one root.

No message ever holds a value read from a source system: tables, columns, counts and rules only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class GallringError(Exception):
    """The root of all errors raised by this package."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a policy file, a data map or the schema it describes.

    Attributes:
        file: the file's path relative to the project, or ``system:<name>`` for a live database.
        key: the key path in it, such as ``purposes.ACCOUNTING.keep``.
        what: what is wrong.
        remedy: what to do about it.
        code: a stable identifier, such as ``UNKNOWN_PURPOSE``.
        table: ``system.table`` where the problem closes just that table, else None.
        line: the line in the file, counted from 1, where it is known.
    """

    file: str
    key: str
    what: str
    remedy: str
    code: str
    table: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return the problem as a line a person can act on."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.what} {self.remedy} [{self.code}]"


class ConfigurationError(GallringError):
    """The policy, a data map or the settings can't be used. Holds every problem found, not the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Collect the problems; there is at least one."""
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the configuration:\n{lines}")


class GuardError(GallringError):
    """A guard refuses the run: nothing may be changed and no approval can override it."""


class ApprovalError(GallringError):
    """The plan isn't approved, was rejected, or the approval is for another plan."""


class LedgerError(GallringError):
    """The ledger can't be written, or its hash chain doesn't hold."""


class HoldError(GallringError):
    """A legal hold can't be placed or released as it was asked for."""


class LockError(GallringError):
    """Another run holds the system."""


class StopError(GallringError):
    """Somebody has stopped everything that destroys; or a stop can't be placed or released as it was asked for."""


class ActError(GallringError):
    """Something that the approved plan orders couldn't be carried out."""


class ValidationError(GallringError):
    """A check after the act failed: the run isn't done, whatever act said."""


class ConnectionSettingError(GallringError):
    """A connection id can't be turned into a database address."""


class ReportError(GallringError):
    """The report can't be written: a text is missing, or its directory can't be used."""
