"""The report's words: texts are data (``texts.<language>.yaml``), and numbers, days and periods follow the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from include.retention.errors import ReportError
from include.retention.policy.model import Keep, Period, Text

LANGUAGES = ("sv", "en")
_FORMS = {"zero", "one", "many"}
_THOUSANDS = {"sv": "\N{NARROW NO-BREAK SPACE}", "en": ","}


@dataclass(frozen=True, slots=True)
class Words:
    """A language and its texts.

    Attributes:
        language: ``sv`` or ``en``.
        texts: nested; a leaf is a text, or the forms ``zero`` (optional), ``one`` and ``many`` chosen by ``n``.
        zone: local time of instants.
    """

    language: str
    texts: Mapping[str, Any]
    zone: ZoneInfo

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text filled with values; counts, days and titles are written as the language does.

        Raises:
            ReportError: the key isn't in the texts.
        """
        node: Any = self.texts
        for part in key.split("."):
            if not isinstance(node, Mapping) or part not in node:
                message = f"texts.{self.language}.yaml: {key} is missing. Add it there and in the other language."
                raise ReportError(message)
            node = node[part]
        if isinstance(node, Mapping):
            node = node[self._form(key, node, values)]
        shown = {name: self.show(value) for name, value in values.items()}
        return str(node).format_map(shown)

    def has(self, key: str) -> bool:
        """Return whether a text exists: for codes that other steps may add to."""
        node: Any = self.texts
        for part in key.split("."):
            if not isinstance(node, Mapping) or part not in node:
                return False
            node = node[part]
        return isinstance(node, str)

    def code(self, area: str, name: str) -> str:
        """Return the text of a code, or the code itself where the texts don't know it."""
        return self(f"{area}.{name}") if self.has(f"{area}.{name}") else name

    def show(self, value: object) -> str:
        """Return a value in words: a count with thousands apart, a local instant, a day in ISO 8601, a title."""
        if isinstance(value, Text):
            return value.sv if self.language == "sv" else value.en
        if isinstance(value, bool):
            return self("yes" if value else "no")
        if isinstance(value, int):
            return f"{value:,}".replace(",", _THOUSANDS[self.language]).replace("-", "\N{MINUS SIGN}")
        if isinstance(value, datetime):
            return f"{value.astimezone(self.zone):%Y-%m-%d %H:%M}"
        if isinstance(value, date):
            return value.isoformat()
        return str(value)

    def period(self, period: Period) -> str:
        """Return a period in words: ``1 år och 6 månader``."""
        counts = (("year", period.years), ("month", period.months), ("day", period.days))
        parts = [self(f"period.{unit}", n=count) for unit, count in counts if count]
        if len(parts) > 1:
            return self("period.and").join([", ".join(parts[:-1]), parts[-1]])
        return parts[0] if parts else self("period.day", n=0)

    def keep(self, keep: Keep, *, episodic: bool = False) -> str:
        """Return how long a purpose keeps, in words.

        Args:
            keep: the chained periods.
            episodic: the start event can be open, so that the purpose lives while it is.
        """
        if not any(period != Period() for period in keep.periods):
            none = "period.while_open" if episodic else "period.no_longer"
            return self("period.same_year") if keep.to_year_end else self(none)
        years = sum(period.years for period in keep.periods)
        whole_years = not any(period.months or period.days for period in keep.periods)
        if keep.to_year_end and whole_years:
            return self("period.year_end", ordinal=self.ordinal(years))
        chain = self("period.then").join(self.period(period) for period in keep.periods)
        return self("period.to_year_end", chain=chain) if keep.to_year_end else chain

    def ordinal(self, number: int) -> str:
        """Return an ordinal in letters up to the twelfth."""
        known = self.texts["ordinals"]
        return str(known[number]) if number in known else self("ordinals.other", number=number)

    def _form(self, key: str, forms: Mapping[str, Any], values: Mapping[str, object]) -> str:
        if not set(forms) <= _FORMS or "n" not in values:
            message = f"texts.{self.language}.yaml: {key} isn't a text, or it needs the count n."
            raise ReportError(message)
        count = values["n"]
        if count == 0 and "zero" in forms:
            return "zero"
        return "one" if count == 1 else "many"


@cache
def load_words(language: str, time_zone: str) -> Words:
    """Return a language's words.

    Raises:
        ReportError: there is no such language.
    """
    if language not in LANGUAGES:
        message = f"There are no texts in {language!r}. Choose one of {', '.join(LANGUAGES)}."
        raise ReportError(message)
    path = Path(__file__).with_name(f"texts.{language}.yaml")
    return Words(language, yaml.safe_load(path.read_text(encoding="utf-8")), ZoneInfo(time_zone))
