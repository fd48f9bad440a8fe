"""``gallring explain``: every purpose, event, date and hold of one record, in plain words."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.markup import escape

from include.retention.classify import REASONS, Records
from include.retention.cli.look import AsOf, day_of
from include.retention.cli.main import (
    Json,
    app,
    command_line,
    mapped_table,
    out,
    problem_body,
    record_key,
    show_json,
    show_notices,
    told,
)
from include.retention.cli.opening import steps
from include.retention.data_map.relations import company_roles
from include.retention.deciding import read_events, record_refs, staged_records, subjects_held
from include.retention.due_items import decide_items
from include.retention.explain import ClockTold, GroupTold, StartDay, explain_record, only, start_days
from include.retention.key_spelling import instant_text
from include.retention.policy.load import load_policy
from include.retention.policy.model import Schedule
from include.retention.preview import Preview, previewed
from include.retention.remembered import waiting_of
from include.retention.report.words import Words, load_words
from include.retention.resolve import TableName, places_of
from include.retention.settings import load_settings
from include.retention.terms import Reason

_DAY = {
    StartDay.EVENT: "{}",
    StartDay.FISCAL_YEAR: "in the fiscal year whose last day is {}",
    StartDay.EITHER: "on {0}, or in the fiscal year whose last day is {0}",
}


@app.command()
def explain(
    table: Annotated[str, typer.Argument(help="SYSTEM.TABLE")],
    key: Annotated[
        str, typer.Argument(help="The record's key; a composite one as 12,3 or [12, 3], a timestamp with its zone.")
    ],
    as_of: AsOf = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Explain one record: why it is kept, or why and when it goes."""
    with told(as_json), steps() as progress:
        line = progress.add_task("begin")
        day = day_of(as_of)
        mapped = mapped_table(load_policy(load_settings(os.environ).policy), "SYSTEM.TABLE", table)
        parts = record_key(mapped, "KEY", key)
        with previewed(day, lambda name: progress.update(line, description=name), whole=True) as preview:
            name = TableName(table.partition(".")[0], mapped.name)
            place, wanted = _find(preview, name, parts)
            decide_items(preview.run, preview.staging)
            row = preview.staging.read(f"decided/{name}").iloc[place]
            groups = tuple(_settled(group, row) for group in _explain(preview, name, place))
            fate = "goes" if row["delete"] else "stays"
            erased = {group.group: bool(row[f"erase:{group.group}"]) for group in groups}
            redacts = {name: erased[name] and bool(row.get(f"redact:{name}", default=False)) for name in erased}
            held, personal = bool(row["held"]), bool(_records(preview, name).personal[place])
            holds = _holds(preview, name, place) if held else []
    if as_json:
        content = {"table": str(name), "key": wanted, "row": fate, "legal_hold": held, "holds": holds}
        told_of = [
            asdict(group) | {"erased": erased[group.group], "redacts_text": redacts[group.group]} for group in groups
        ]
        notices = [problem_body(notice) for notice in preview.notices]
        show_json({**content, "personal": personal, "groups": told_of, "notices": notices})
        return
    show_notices(preview.notices)
    schedule, decided_for = preview.run.policy.schedule, preview.run.row.as_of
    out.print(f"[bold]{name} {escape(json.dumps(wanted))}[/bold] as of {decided_for}: the row {fate}.")
    if held:
        which = ", ".join(holds) or "recorded in the system itself"
        out.print(f"A legal hold covers it ({which}): nothing of it is destroyed.")
    if not personal:
        out.print("It is outside the table's personal_when: it holds no personal data.")
    for group in groups:
        _show(group, schedule, decided_for, held=held, erased=erased[group.group])
        if redacts[group.group]:
            out.print("  in a free text, what is recognised is replaced; the text is still personal data")


def _find(preview: Preview, name: TableName, parts: tuple[str, ...]) -> tuple[int, list[object]]:
    texts = preview.staging.read(f"facts/{name}", columns=["key"])["key"]
    # What is a text, and only looks like a timestamp, is found as it stands.
    for spelling in (tuple, _instants):
        wanted = spelling(parts)
        for place, text in enumerate(texts):
            found: list[object] = json.loads(text)
            if spelling(str(part) for part in found) == wanted:
                return place, found
    raise command_line("KEY", f"{name} has no record with that key.", "It may be gone already; check the key.", "KEY")


def _instants(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(instant_text(part) for part in parts)


def _settled(group: GroupTold, row: pd.Series) -> GroupTold:
    """Return a group as the row's decision leaves it.

    A referral may have waited its time out, a row may have to stand, an identifier may be needed for somebody else's
    clock.
    """
    reason = REASONS[int(row[f"reason:{group.group}"])]
    if reason is Reason.IDENTITY_LINK:
        return replace(group, reason=reason, state="RETAIN", due_from=None)
    if reason is Reason.UNREADABLE_VALUE:
        return replace(group, reason=reason, state="REFER")
    settled = group.state == "REFER" and reason is Reason.UNANSWERED
    return replace(group, reason=reason, state="EXPIRED" if settled else group.state)


def _holds(preview: Preview, name: TableName, place: int) -> list[str]:
    """Return the ids of the holds that cover a record: by its subjects, by its own key, or by that of its whole."""
    holds, identifiers = waiting_of(preview.run, preview.staging).holds, preview.staging.read("identifiers")
    subjects: set[int] = set()
    refs: set[str] = set()
    for each, at in _wholes(preview, name, place):
        facts = preview.staging.read(f"facts/{each}", columns=["key"])
        refs |= set(record_refs(preview.run, each, [facts["key"].iloc[at]]))
        subjects |= {int(numbers[at]) for numbers in _records(preview, each).roles.values()}
    return [
        str(hold["hold_id"])
        for number, hold in holds.iterrows()
        if hold["ref"] in refs or subjects & set(subjects_held(holds.loc[[number]], identifiers).tolist())
    ]


def _wholes(preview: Preview, name: TableName, place: int) -> Iterator[tuple[TableName, int]]:
    """Yield a record's table and place, then those of what it is a part of."""
    yield name, place
    for whole in preview.run.policy.maps[name.system].tables[name.table].wholes:
        parent = TableName(name.system, whole.table)
        facts = preview.staging.read(f"facts/{name}").iloc[[place]]
        at = int(places_of(facts, whole, preview.staging.read(f"facts/{parent}"))[0])
        if at >= 0:
            yield from _wholes(preview, parent, at)


def _records(preview: Preview, name: TableName) -> Records:
    frame = preview.staging.read(f"records/{name}")
    data_map = preview.run.policy.maps[name.system]
    problem = preview.staging.read("subject_problem")["problem"].to_numpy(dtype=np.int8)
    return staged_records(frame, company_roles(data_map.tables, name.table), problem)


def _explain(preview: Preview, name: TableName, place: int) -> tuple[GroupTold, ...]:
    mapped = preview.run.policy.maps[name.system].tables[name.table]
    facts = preview.staging.read(f"facts/{name}")
    left = {group: bool(facts[f"left:{group}"].iloc[place]) for group in mapped.groups}
    purposes = preview.run.policy.schedule.purposes
    record = only(_records(preview, name), place)
    events, days = read_events(preview.staging), start_days(preview.run.policy.maps.values())
    return explain_record(mapped, purposes, record, left, events, preview.run.moment, days)


def _show(group: GroupTold, schedule: Schedule, as_of: date, *, held: bool, erased: bool) -> None:
    words = load_words("en", schedule.time_zone)
    out.print(f"\n[bold]{group.group}[/bold]: {_verdict(group, schedule)} ({_reason(group.reason, words)})")
    if erased:
        out.print("  the row stays, what is in these columns goes")
    if group.due_from is not None:
        could = f"may go from {group.due_from}" if group.due_from > as_of else f"could go since {group.due_from}"
        out.print(f"  without the hold it {could}" if held else f"  {could}")
    if not group.left:
        out.print("  nothing is left in these columns")
    for sentence in dict.fromkeys(_sentence(clock, schedule, words) for clock in group.clocks):
        out.print(f"  - {sentence}")


def _verdict(group: GroupTold, schedule: Schedule) -> str:
    rule = schedule.purposes[group.decided_by].title.en if group.decided_by else ""
    if group.state == "REFER":
        return "referred to a human"
    if group.state == "EXPIRED":
        return "no longer held by any purpose" + (f", last by {rule}" if rule else "")
    return f"kept by {rule}" if group.reason is Reason.LIVE_PURPOSE else "kept"


def _reason(reason: Reason, words: Words) -> str:
    text = words.code("reason", reason.value)
    return text[:1].lower() + text[1:]


def _sentence(clock: ClockTold, schedule: Schedule, words: Words) -> str:
    purpose = schedule.purposes[clock.purpose]
    whose = {"record": "the record's own", "subject": "the person's latest", "company": "the company's latest"}
    event = schedule.events[clock.starts].title.en
    start = f'{purpose.title.en}, from {whose[clock.scope]} "{event}":'
    if clock.ended_at_once:
        return f"{start} ended at once, whatever its period says"
    if clock.problem is not None:
        return f"{start} can't be dated ({_reason(clock.problem, words)})"
    if clock.goes_on:
        return f"{start} goes on, so it holds the data"
    if clock.through is None:
        return f"{start} never happened"
    day = _DAY[clock.started_is].format(clock.started)
    return f"{start} {day}, so it {'holds' if clock.live else 'held'} the data through {clock.through}"
