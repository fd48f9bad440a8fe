"""The words: complete in both languages, and right for none, one and many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from include.retention import report
from include.retention.errors import ReportError
from include.retention.policy.model import Keep, Period, Text
from include.retention.report.gaps import GAPS
from include.retention.report.model import StepState
from include.retention.report.outcome import GOOD
from include.retention.report.parts import Coverage
from include.retention.report.words import LANGUAGES, Words, load_words
from include.retention.terms import LawfulBasis, Mode, Reason, RunOutcome, Scope, WhenExpired

PACKAGE = Path(report.__file__).parent
FORMS = {"zero", "one", "many"}
SAME_IN_BOTH = {
    "counted.systems.one", "front.system", "step.start", "channel.post",
    "p1.approval_at", "p1.schedule_value", "p1.plan", "p3.approved_by", "p13.what.rule", "p16.changed",
}  # fmt: skip
"""Words that are spelt alike in Swedish and English, and texts that are nothing but places to fill."""


def leaves(node: Mapping[Any, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def texts(language: str) -> dict[str, str]:
    return dict(leaves(load_words(language, "Europe/Stockholm").texts))


@pytest.fixture
def sv() -> Words:
    return load_words("sv", "Europe/Stockholm")


@pytest.fixture
def en() -> Words:
    return load_words("en", "Europe/Stockholm")


def test_every_text_is_in_both_languages() -> None:
    assert set(texts("sv")) == set(texts("en"))


def test_every_text_is_a_text_with_something_in_it() -> None:
    for language in LANGUAGES:
        empty = [key for key, text in texts(language).items() if not isinstance(text, str) or not text.strip()]
        assert empty == []


def test_both_languages_fill_in_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    swedish, english = texts("sv"), texts("en")
    one_says_it_in_words = {key for key in swedish if key.endswith((".one", ".zero"))}
    differ = [key for key in set(swedish) - one_says_it_in_words if places(swedish[key]) != places(english[key])]
    assert differ == []


def test_nothing_is_left_untranslated() -> None:
    swedish, english = texts("sv"), texts("en")
    alike = {key for key in swedish if swedish[key] == english[key] and re.search(r"[a-zåäö]{3}", swedish[key])}
    assert alike == SAME_IN_BOTH


def test_swedish_texts_hold_no_english_and_the_other_way_round() -> None:
    assert [key for key, text in texts("sv").items() if re.search(r"\b(the|was|were|records)\b", text)] == []
    assert [key for key, text in texts("en").items() if re.search(r"[åäöÅÄÖ]", text) and key != "language.other"] == []


def test_one_thing_has_one_name_in_swedish() -> None:
    found = [text for text in texts("sv").values() if re.search(r"(?i)skyddsspärr|spärregister|gallringsplan", text)]
    assert found == []
    assert [text for text in texts("sv").values() if re.search(r"(?i)\bschema|registerkart|levande", text)] == []


def forms_of(node: Mapping[Any, Any]) -> Iterator[Mapping[str, str]]:
    if node and set(node) <= FORMS:
        yield node
        return
    for value in node.values():
        if isinstance(value, Mapping):
            yield from forms_of(value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_has_forms_has_one_and_many(language: str) -> None:
    found = list(forms_of(load_words(language, "UTC").texts))
    assert len(found) > 30
    assert [forms for forms in found if not {"one", "many"} <= set(forms)] == []
    assert [forms for forms in found if "{n}" in forms["one"] or "{n}" not in forms["many"]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_engine_has_its_words(language: str) -> None:
    words = load_words(language, "UTC")
    codes = {
        "reason": list(Reason), "outcome": list(RunOutcome), "outcome_deciding": list(GOOD),
        "mode": list(Mode), "scope": list(Scope),
        "basis": list(LawfulBasis), "when_expired": list(WhenExpired), "coverage": list(Coverage),
        "step_state": list(StepState), "check_outcome": ["pass", "fail", "warn", "error"],
        "guard_level": ["approve", "refuse", "notice", "overcome"], "how": ["automatic", "configuration", "human"],
        "method": ["set_null", "constant", "shorten", "year_of_date", "ip_network", "unique_placeholder", "bucket"],
        "guard": [
            "FIRST_RUN", "CHANGED_POLICY", "SHARE", "ROWS", "LONG_PAUSE", "QUIET_RULE", "GuardError",
            "ConfigurationError",
        ],
        "part": [str(number) for number in range(1, 17)],
    }  # fmt: skip
    missing = [f"{area}.{code}" for area, names in codes.items() for code in names if not words.has(f"{area}.{code}")]
    assert missing == []
    assert [gap.code for gap in GAPS if not words.has(f"gap.{gap.code}.why")] == []


def test_every_finding_has_its_words_and_every_word_its_finding() -> None:
    source = "".join((PACKAGE / name).read_text(encoding="utf-8") for name in ("findings.py", "discovery.py"))
    used = set(re.findall(r'(?:failure|decision|note)\(\s*"([A-Z_]+)"', source)) | {"NOT_APPROVED", "STEP_MISSING"}
    assert used == set(load_words("sv", "UTC").texts["finding"])


def test_no_text_is_left_that_nothing_says() -> None:
    templates = (PACKAGE / "templates").glob("*.j2")
    sources = "".join(path.read_text(encoding="utf-8") for path in (*templates, *PACKAGE.glob("*.py")))
    said = re.compile(r"""['"]([a-z0-9_]+\.[a-z_]+)""")
    known = set(said.findall(sources))
    areas = {"front", "counted", "period", *(f"p{number}" for number in range(1, 17))}
    written = {".".join(key.split(".")[:2]) for key in texts("sv") if key.split(".")[0] in areas}
    by_name = {f"p16.{each}" for each in ("done", "nothing", "dry", "refused", "rejected", "failed", "running")}
    by_name |= {"period.year", "period.month", "period.day", "period.while_open", "period.no_longer"}
    assert written - known - by_name == set()


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "Inga poster raderades"),
        (1, "1 post raderades"),
        (2, "2 poster raderades"),
        (1234567, "1\u202f234\u202f567 poster raderades"),
    ],
)
def test_swedish_none_one_and_many(sv: Words, count: int, expected: str) -> None:
    assert sv("counted.deleted", n=count) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "No records were deleted"), (1, "1 record was deleted"), (1234567, "1,234,567 records were deleted")],
)
def test_english_none_one_and_many(en: Words, count: int, expected: str) -> None:
    assert en("counted.deleted", n=count) == expected


def test_a_count_below_zero_has_a_minus_sign(sv: Words) -> None:
    assert sv.show(-1200) == "\N{MINUS SIGN}1\u202f200"


def test_instants_are_shown_in_local_time(sv: Words) -> None:
    assert sv.show(datetime(2026, 6, 30, 22, 15, tzinfo=UTC)) == "2026-07-01 00:15"
    assert sv.show(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == "2027-01-01 00:30"


def test_days_and_titles(sv: Words, en: Words) -> None:
    assert sv.show(date(2026, 2, 3)) == "2026-02-03"
    assert (sv.show(Text("Kunder", "Customers")), en.show(Text("Kunder", "Customers"))) == ("Kunder", "Customers")


@pytest.mark.parametrize(
    ("keep", "swedish", "english"),
    [
        (Keep((Period(years=1),)), "1 år", "1 year"),
        (Keep((Period(months=12),)), "12 månader", "12 months"),
        (Keep((Period(days=1),)), "1 dag", "1 day"),
        (Keep((Period(years=1, months=6, days=2),)), "1 år, 6 månader och 2 dagar", "1 year, 6 months and 2 days"),
        (
            Keep((Period(years=3), Period(months=2))),
            "3 år, därefter 2 månader",
            "3 years, then 2 months",
        ),
        (
            Keep((Period(years=7),), to_year_end=True),
            "till och med 31 december det sjunde året efter starthändelsen",
            "through 31 December of the seventh year after the start event",
        ),
        (
            Keep((Period(years=15),), to_year_end=True),
            "till och med 31 december det 15:e året efter starthändelsen",
            "through 31 December of the 15th year after the start event",
        ),
        (
            Keep((Period(months=6),), to_year_end=True),
            "6 månader, och sedan till och med 31 december det året",
            "6 months, and then through 31 December of that year",
        ),
        (
            Keep((Period(),), to_year_end=True),
            "till och med 31 december samma år",
            "through 31 December of the same year",
        ),
        (Keep((Period(),)), "till och med dagen för händelsen", "through the day of the event"),
    ],
)
def test_periods_in_words(sv: Words, en: Words, keep: Keep, swedish: str, english: str) -> None:
    assert (sv.keep(keep), en.keep(keep)) == (swedish, english)


def test_a_purpose_without_time_of_its_own_lives_while_its_event_is_open(sv: Words) -> None:
    assert sv.keep(Keep((Period(),)), episodic=True) == "så länge det pågår, ingen tid därefter"


def test_a_missing_text_is_an_error_that_names_file_and_key(sv: Words) -> None:
    with pytest.raises(ReportError, match=r"texts\.sv\.yaml: front\.nonsense is missing"):
        sv("front.nonsense")


def test_forms_need_a_count(sv: Words) -> None:
    with pytest.raises(ReportError, match="needs the count n"):
        sv("counted.deleted")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ReportError, match="sv, en"):
        load_words("fi", "UTC")


def test_braces_in_a_value_are_only_text(sv: Words) -> None:
    assert sv("p13.what.map_digest", name="{run} {0}") == "Datakartan {run} {0}"
