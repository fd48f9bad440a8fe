"""The page: complete, closed to the outside, escaped, and readable by everybody."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from include.retention.data_map.model import OutOfScope
from include.retention.policy.model import Text
from include.retention.report import collect, render_html
from include.retention.report.gaps import GAPS
from include.retention.report.model import ReportData, Severity
from include.retention.report.parts import PastRun
from include.retention.report.sentences import all_tables, plain_summary, totals
from include.retention.report.words import LANGUAGES, load_words
from include.retention.terms import Mode, RunOutcome
from tests.report.made import NOW, amended_schedule, chain, inputs, run_entries, small_maps, small_schedule

MAPS, SCHEDULE = small_maps(), small_schedule()
KINDS: dict[str, dict[str, Any]] = {
    "done": {},
    "nothing": {"due": False},
    "dry": {"mode": "dry_run"},
    "rejected": {"answer": "rejected"},
    "failed": {"failing": 1, "remaining": 2, "closed": "sales.orders"},
    "stopped": {"stop_after": "resolved"},
    "unapproved": {"stop_after": "planned"},
    "half": {"stop_after": "act"},
}


class Page(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@cache
def data_of(kind: str) -> ReportData:
    return collect(inputs(entries=run_entries(SCHEDULE, MAPS, **KINDS[kind])), NOW)


@cache
def html_of(kind: str, language: str) -> str:
    return render_html(data_of(kind), language)


everything = pytest.mark.parametrize(("kind", "language"), [(k, each) for k in KINDS for each in LANGUAGES])


@everything
def test_all_sixteen_parts_are_there_in_their_order(kind: str, language: str) -> None:
    page = Page(html_of(kind, language))
    sections = [attrs["id"] for attrs in page.all("section") if attrs.get("id")]
    assert sections == [f"part-{number}" for number in range(1, 17)]
    assert page.all("html") == [{"lang": language}]
    words = load_words(language, "UTC")
    for number in range(1, 17):
        assert words(f"part.{number}") in page.text


@everything
def test_the_status_is_the_first_thing_said(kind: str, language: str) -> None:
    words, data = load_words(language, "UTC"), data_of(kind)
    before_the_counts = Page(html_of(kind, language)).text.split(words("front.caption"))[0]
    assert words(f"outcome.{data.outcome.value}") in before_the_counts


@everything
def test_nothing_comes_from_outside_and_nothing_runs(kind: str, language: str) -> None:
    text = html_of(kind, language)
    page = Page(text)
    assert re.findall(r"https?:|//[a-z]|url\(|@import|javascript:|data:", text) == []
    assert {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & {
        tag for tag, _ in page.tags
    } == set()
    assert [name for _, attrs in page.tags for name in attrs if name == "src" or name.startswith("on")] == []
    links = {attrs["href"] for attrs in page.all("a")}
    other = "en" if language == "sv" else "sv"
    assert {link for link in links if link and not link.startswith("#")} == {f"gallringsprotokoll.{other}.html"}
    policy = next(attrs["content"] for attrs in page.all("meta") if "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none'")


@everything
def test_ids_are_unique_and_every_link_leads_somewhere(kind: str, language: str) -> None:
    page = Page(html_of(kind, language))
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    wanted = {str(attrs["href"])[1:] for attrs in page.all("a") if str(attrs["href"]).startswith("#")}
    wanted |= {name for _, attrs in page.tags for name in str(attrs.get("aria-labelledby") or "").split()}
    assert wanted - set(ids) == set()


@everything
def test_tables_have_captions_and_headers_and_pictures_have_words(kind: str, language: str) -> None:
    page = Page(html_of(kind, language))
    assert len(page.all("table")) > 8
    assert [attrs for attrs in page.all("th") if attrs.get("scope") not in ("col", "row")] == []
    assert [attrs for attrs in page.all("svg") if "aria-hidden" not in attrs and not attrs.get("aria-label")] == []
    tables = re.findall(r"<table[^>]*>(.*?)</table>", html_of(kind, language), re.DOTALL)
    assert [each[:80] for each in tables if "<caption" not in each] == []
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_report_should_hold_and_does_not_is_said_with_its_reason(language: str) -> None:
    text = html_of("done", language)
    words = load_words(language, "UTC")
    assert re.findall(r'data-gap="([A-Z_]+)"', text) == [gap.code for gap in GAPS]
    page = Page(text).text
    for gap in GAPS:
        assert words(f"gap.{gap.code}.why") in page


def test_unknown_is_a_dash_and_never_a_zero() -> None:
    counts = html_of("stopped", "sv").split("front-counts")[2].split("</table>")[0]
    cells = re.findall(r'<td class="n[^"]*"[^>]*>(.*?)</td>', counts)
    read = data_of("stopped").systems[0].totals.read
    assert cells[0].replace("\u202f", "") == str(read)
    assert {re.sub("<[^>]+>", "", cell) for cell in cells[1:8]} == {"–"}
    assert "Steget har inte utförts; värdet är okänt, inte noll." in counts


def test_a_failed_sum_is_shown_where_it_stands_and_on_the_first_page() -> None:
    entries = run_entries(SCHEDULE, MAPS)
    plan = next(each for each in entries if each["kind"] == "planned")
    plan["body"]["tables"][0]["population"] += 7
    text = Page(render_html(collect(inputs(entries=entries), NOW), "sv")).text
    front, parts = text.split("Innehåll", 1)
    assert "1 summa går inte ihop." in front
    assert "sales.customer: rader i tabellen" in parts
    assert "Skillnad 7." in parts
    assert "går inte ihop" in parts


def test_a_dry_run_speaks_in_its_own_tense() -> None:
    text = Page(html_of("dry", "sv")).text.split("Innehåll")[0]
    assert "skulle raderas" in text
    assert "Ingenting ändrades." in text
    assert "Raderade" not in text


def test_a_dry_run_is_not_approved_and_says_which_guards_would_have_asked() -> None:
    text = Page(html_of("dry", "sv")).text.split("Innehåll")[0]
    assert "en provkörning godkänns inte" in text
    assert "skulle kräva godkännande av en skarp körning" in text
    assert "krävde godkännande" not in text


def changed_plan(**figures: int) -> list[dict[str, Any]]:
    """Return a good run's entries with figures added to the first table that is erased from in part."""
    entries = copy.deepcopy(run_entries(SCHEDULE, MAPS, **KINDS["done"]))
    plan = next(entry for entry in entries if entry["kind"] == "planned")
    row = next(row for row in plan["body"]["tables"] if row["anonymise"] >= 2)
    row |= figures
    return entries


def test_records_that_were_counted_and_not_read_are_told() -> None:
    data = collect(inputs(entries=changed_plan(unread=1200)), NOW)
    named = next(table.title.sv for table in all_tables(data) if table.planned and table.planned.unread)
    text = Page(render_html(data, "sv")).text
    assert f"1 200 poster ({named}) är räknade men inte lästa en och en" in text.replace("\u00a0", " ")
    assert "inte lästa en och en" not in Page(render_html(collect(inputs(entries=changed_plan()), NOW), "sv")).text


def test_a_record_erased_in_part_that_waits_for_a_human_is_told_as_both() -> None:
    data = collect(inputs(entries=changed_plan(refer_too=2)), NOW)
    plain = sum(table.planned.refer for table in all_tables(data) if table.planned)
    assert totals(data).referred == plain, "the sums of part 4 still come out"
    assert not [each for each in data.findings if each.code == "SUMS_FAIL"]
    front = Page(render_html(data, "sv")).text.split("Innehåll")[0]
    assert "Av de delvis tömda väntar dessutom 2 poster på att en människa avgör andra uppgifter i dem." in front
    words = load_words("sv", "UTC")
    assert words("p16.referred", n=plain + 2) in plain_summary(data, words)


def test_records_under_a_hold_and_holds_released_since_the_run_before_have_their_place() -> None:
    ago = [NOW - timedelta(days=days) for days in (1, 30)]
    body = {"scope": "subject", "owner": "Chefsjurist", "released_by": "Jurist", "release_reason": "Mål T 1 avgjort"}
    released = [{"at": at, "body": body | {"hold_id": f"H{n}"}} for n, at in enumerate(ago, 1)]
    week_ago = NOW - timedelta(days=7)
    earlier = PastRun(
        "before", week_ago, week_ago.date(), Mode.ENFORCE, "scheduled", RunOutcome.DONE, 1, 1, 0, 0, "1", "a", {}, "b"
    )
    given = replace(inputs(entries=changed_plan(held=3)), released=released, history=(earlier,))
    data = collect(given, NOW)
    assert [each.hold_id for each in data.released] == ["H1"], "H2 was told of by an earlier report"
    assert "HOLDS_RELEASED" in [each.code for each in data.findings]
    part = Page(render_html(data, "sv")).text.split("Undantag som väntar")[-1].split("Invändningar och spärrlista")[0]
    assert "3 lästa poster omfattas av gallringsstopp." in part
    assert "H1 en person Jurist Mål T 1 avgjort" in part
    assert [each.hold_id for each in collect(replace(given, history=()), NOW).released] == ["H1", "H2"]


def test_the_plain_summary_claims_no_more_than_the_run_has_proven() -> None:
    words = load_words("sv", "UTC")
    elsewhere = OutOfScope("Löneavdelningen", "HR-chef", NOW.date(), NOW.date())
    maps = MAPS | {"sales": replace(MAPS["sales"], out_of_scope={"payroll": elsewhere})}
    entries = run_entries(SCHEDULE, maps, due=False)
    text = " ".join(plain_summary(collect(replace(inputs(entries=entries), maps=maps), NOW), words))
    assert "Av det som reglerna kunde avgöra var ingenting att gallra." in text
    assert "1 tabell med personuppgifter gallras inte här, utan av någon annan." in text
    closed = plain_summary(data_of("failed"), words)
    assert "1 tabell stämde inte med datakartan. Där gallrades ingenting." in closed
    late = collect(inputs(entries=changed_plan(overdue=4, overdue_days_max=90)), NOW)
    assert words("p16.late", n=totals(late).overdue) in plain_summary(late, words)


@pytest.mark.parametrize(("how", "told"), [("automatic", True), ("configuration", True), ("human", False)])
def test_the_plain_summary_says_when_no_human_approved(how: str, told: bool) -> None:
    words = load_words("sv", "UTC")
    entries = copy.deepcopy(run_entries(SCHEDULE, MAPS, **KINDS["done"]))
    next(entry for entry in entries if entry["kind"] == "approved")["body"]["how"] = how
    said = plain_summary(collect(inputs(entries=entries), NOW), words)
    assert any(each in said for each in (words("p16.by_automatic"), words("p16.by_configuration"))) is told


def test_a_period_that_passes_the_ceiling_by_amendment_is_shown_with_its_day() -> None:
    text = Page(render_html(collect(inputs(schedule=amended_schedule()), NOW), "en")).text
    words = load_words("en", "UTC")
    changed = words("p3.amended_events", day=date(2028, 7, 1), events=date(2028, 1, 1), keep="11 years")
    assert f"3 years, then 2 months {changed} {words('p3.passes')}" in text, "beside the picture, after the period"
    row = f"Complaints: {changed[0].lower()}{changed[1:]}. The policy promises 10 years at most."
    assert row in text
    assert text.count("The policy promises 10 years at most.") == 2, "the other is that of OSS"


def test_what_a_check_counts_stands_beside_its_number() -> None:
    entries = copy.deepcopy(run_entries(SCHEDULE, MAPS, **KINDS["done"]))
    for entry in entries:
        for check in entry["body"].get("checks", ()) if entry["kind"] == "validated" else ():
            check["check"] = "ERASED_EMPTY"
    part = Page(render_html(collect(inputs(entries=entries), NOW), "sv")).text.split("Kontroll efteråt")[-1]
    assert "kolumngrupper" in part.split("Tömning av uppgifter")[0]


def test_names_from_policy_maps_and_people_are_escaped() -> None:
    bad = '<script>alert("x")</script>'
    maps = small_maps()
    table = replace(maps["sales"].tables["customer"], title=Text(bad, bad))
    tables = {**maps["sales"].tables, "customer": table}
    maps["sales"] = replace(maps["sales"], tables=tables, title=Text(bad, bad), owner=bad)
    schedule = replace(
        SCHEDULE,
        controller=replace(SCHEDULE.controller, name=bad + "</style>"),
        purposes={name: replace(each, title=Text(bad, bad), source=bad) for name, each in SCHEDULE.purposes.items()},
    )
    entries = run_entries(schedule, maps, failing=1)
    for each in entries:
        if each["kind"] == "approved":
            each["body"] |= {"by": bad, "comment": bad}
        for check in each["body"].get("checks", []):
            check["title"] = {"sv": bad, "en": bad}
    holds = pd.DataFrame(
        [("H1", "subject", bad, bad, NOW, NOW.date())],
        columns=["hold_id", "scope", "owner", "reason", "placed_at", "review_on"],
    )
    data = collect(replace(inputs(schedule=schedule, maps=maps, entries=entries, holds=holds)), NOW)
    for language in LANGUAGES:
        text = render_html(data, language)
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert text.count("</style>") == 1


def test_only_counts_rules_and_staff_reach_the_page_whatever_the_steps_hand_over() -> None:
    canary = "kanariefågel-42"
    entries = run_entries(SCHEDULE, MAPS)
    for each in entries:
        each["body"]["sample"] = [canary]
        for row in each["body"].get("tables", []):
            if isinstance(row, dict):
                row["example"] = canary
    holds = inputs().holds
    assert holds is not None
    data = collect(inputs(entries=entries, holds=holds.assign(ref=canary, identifier_kind=canary)), NOW)
    assert all(canary not in render_html(data, language) for language in LANGUAGES)


@pytest.mark.parametrize("outcome", list(RunOutcome))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_has_a_page(outcome: RunOutcome, language: str) -> None:
    words = load_words(language, "UTC")
    assert words(f"outcome.{outcome.value}") in render_html(replace(data_of("half"), outcome=outcome), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_good_outcome_that_needs_decisions_is_not_plain_green(language: str) -> None:
    words, data = load_words(language, "UTC"), data_of("done")
    assert Severity.DECISION in {each.severity for each in data.findings}
    text = render_html(data, language)
    assert '<body class="tone-DONE tone-DECIDING">' in text
    assert words("outcome_deciding.DONE") in Page(text).text
    quiet = replace(data, findings=tuple(each for each in data.findings if each.severity is Severity.NOTE))
    text = render_html(quiet, language)
    assert '<body class="tone-DONE">' in text
    assert words("outcome_deciding.DONE") not in Page(text).text


@pytest.mark.parametrize("kind", ["failed", "rejected", "stopped", "unapproved", "half"])
def test_a_bad_outcome_stays_what_it_is_whatever_there_is_to_decide(kind: str) -> None:
    assert '"tone-DECIDING"' not in html_of(kind, "sv").replace(" ", '"')


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_on_the_page_is_called_anonymised(language: str) -> None:
    for kind in KINDS:
        assert re.findall(r"(?i)anonymi[sz]\w*ed\b|anonymise(?:ra|\b)\w*", Page(html_of(kind, language)).text) == []


def test_referred_questions_and_ended_purposes_are_headed_by_what_they_are() -> None:
    text = Page(html_of("done", "sv")).text
    assert "Varför poster gallras Sista ändamålet som upphörde Poster" in text
    assert "Varför poster hänskjuts Skäl Frågor" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_printed_page_holds_the_run_id(language: str) -> None:
    data = data_of("done")
    bottom = html_of("done", language).split("@bottom-left")[1].split("}")[0]
    assert f'\\A{data.run.run_id}"' in bottom


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_wider_than_a_narrow_screen_says_so(language: str) -> None:
    words, style = load_words(language, "UTC"), html_of("done", language).split("</style>")[0]
    narrow = style.split("@media screen and (max-width: 560px)")[1].split("@page")[0]
    assert f'.part .wide::before {{ content: "{words("to_the_right")}' in narrow
    assert words("to_the_right") not in style.replace(narrow, "")


def test_thousands_of_referrals_are_a_table_of_groups() -> None:
    rows = [
        ("sales", f"t{n % 90}", "who", "UNKNOWN_DATE", NOW, 37) for n in range(9_000)
    ]  # fmt: skip
    referrals = pd.DataFrame(rows, columns=["system", "table", "group", "reason", "first_seen", "records"])
    data = collect(inputs(referrals=referrals), NOW)
    assert data.referrals is not None
    assert (len(data.referrals), sum(each.questions for each in data.referrals)) == (90, 333_000)
    text = render_html(data, "sv")
    assert len(text) < 200_000
    assert "Ytterligare 30 rader finns i report.json." in text


def test_a_broken_chain_says_what_is_wrong() -> None:
    text = Page(render_html(collect(inputs(chain=chain(ok=False)), NOW), "en")).text
    assert "broken at entry 874: It was changed." in text


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, as WCAG 2.2 counts it."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((light(first), light(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_text_stands_out_from_its_ground() -> None:
    style = html_of("done", "sv").split("<style>")[1].split("</style>")[0]
    colours = dict(re.findall(r"--(ink|soft|bad|good|paper): (#[0-9a-f]{6})", style))
    for name in ("ink", "soft", "bad", "good"):
        assert contrast(colours[name], colours["paper"]) >= 4.5
    tones = re.findall(r"\.tone-(\w+) \{ --tone: (#\w{6}); --tint: (#\w{6})", style)
    assert {name for name, _, _ in tones} == {"DECIDING", *(each.value for each in RunOutcome)}
    for _, tone, tint in tones:
        assert contrast(tone, tint) >= 4.5
        assert contrast(colours["ink"], tint) >= 7
    zero = re.search(r"td\.zero \{ color: (#\w{6})", style)
    assert zero is not None
    assert contrast(zero[1], colours["paper"]) >= 4.5
