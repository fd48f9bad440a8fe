"""The reference classifier: what is due, decided row by row.

Written from the semantics (``include/docs/reference/due.md``), not from the engine: it imports none of its code, only
the frozen dataclasses that describe a schedule and a map. Where it is slow or repeats itself, that is on purpose: a
reader must be able to check it against the text, sentence by sentence.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from include.retention.data_map.model import Condition, Emission, Group, Table
from include.retention.policy.model import EndsAtOnce, Keep, Period, Purpose
from tests.reference.spellings import AMBIGUOUS, When, identifier, moment
from tests.reference.world import Decision, Place, Row, World

FOREVER = date.max
ADDRESS_CHANNELS = {"email": ("email",), "phone": ("sms", "phone")}
REFERRALS = (
    "IDENTITY_CONFLICT", "IDENTITY_AMBIGUOUS", "CONTRADICTORY_DATES", "SENTINEL_DATE", "UNPARSABLE_DATE",
    "NO_FISCAL_YEAR", "UNKNOWN_DATE",
)  # fmt: skip
"""Of several reasons to refer, the first is named."""


@dataclass(eq=False)
class Record:
    """A row, and what has been found out about it."""

    system: str
    table: Table
    key: tuple[Any, ...]
    row: Row
    whole: Record | None = None
    subjects: dict[str, int | None] = field(default_factory=dict)
    own_events: dict[str, list[Happening]] = field(default_factory=lambda: defaultdict(list))
    told: list[tuple[Emission, Happening]] = field(default_factory=list)
    contradictory: bool = False

    def events(self, name: str) -> list[Happening]:
        """Return the record's events, its whole's among them."""
        return self.own_events.get(name, []) + (self.whole.events(name) if self.whole else [])


@dataclass(frozen=True, eq=False)
class Tie:
    """An identifier in a column of a row, by which a node (a role in a row) is joined to others with the same value."""

    node: int
    value: tuple[str, str]
    record: Record
    column: str


Unit = tuple[Record, str | None]
"""A column group of a record, or (None) what a row that goes holds outside of any."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as a row tells it: ``when`` is a moment, "ongoing", or the reason why nobody can say."""

    when: When | str
    begins: When | None
    channel: str | None

    @property
    def known(self) -> When | None:
        """Return the moment, if it is known."""
        return self.when if isinstance(self.when, When) else None

    @property
    def unknown(self) -> str | None:
        """Return why nobody can say when it was, if so."""
        return self.when if isinstance(self.when, str) and self.when != "ongoing" else None


def classify(world: World) -> dict[Place, Decision]:
    """Decide every column group of every record of a world."""
    return Reference(world).decide()


class Reference:
    """One world, read once."""

    def __init__(self, world: World) -> None:
        """Read the world: rows, subjects, events, objections, holds, in this order."""
        self.world = world
        self.horizon = max(world.today, world.as_of)
        self.records: list[Record] = []
        self.by_key: dict[tuple[str, str], dict[tuple[Any, ...], Record]] = defaultdict(dict)
        self.roles: dict[tuple[str, str], dict[str, bool]] = {}
        self.by_columns: dict[tuple[str, str, tuple[str, ...]], dict[tuple[Any, ...], list[Record]]] = {}
        for system, source in world.sources.items():
            for table in source.data_map.tables.values():
                for row in source.rows[table.name]:
                    record = Record(system, table, tuple(row[name] for name in table.key), row)
                    self.records.append(record)
                    self.by_key[system, table.name][record.key] = record
        for record in self.records:
            if record.table.part_of:
                record.whole = self.linked(record, record.table.part_of.columns, record.table.part_of.table)
        self.subject_problem: dict[int, str] = {}
        self.node_of: dict[tuple[Record, str], int] = {}
        self.ties: list[Tie] = []
        self.identifiers_of: dict[int, set[tuple[str, str]]] = defaultdict(set)
        self.addresses_of: dict[int, set[tuple[str, str]]] = defaultdict(set)
        self.subject_count = self.find_subjects()
        self.subject_events: dict[int, dict[str, list[Happening]]] = defaultdict(lambda: defaultdict(list))
        self.fiscal_years = list(self.find_fiscal_years())
        for record in self.records:
            for emission in record.table.emissions:
                self.tell(record, emission)
        self.spread_objections()
        self.rests_on: set[tuple[str, Any, str]] = set()
        """Events of subjects and records on which what is kept or referred rests."""
        self.by_subject: list[tuple[Record, str]] = []
        """What is kept or referred on the strength of somebody's events, and in which role."""
        self.held_records = {(hold.system, hold.table, hold.key) for hold in world.holds if hold.key is not None}
        self.held_subjects = {
            subject
            for subject, known in self.identifiers_of.items()
            for hold in world.holds
            if hold.identifier in known
        }

    # Records and how they refer to each other

    def linked(self, record: Record, columns: tuple[str, ...], table: str) -> Record | None:
        """Return the record that a reference points at by its key."""
        values = tuple(record.row[name] for name in columns)
        return None if None in values else self.by_key[record.system, table].get(values)

    def holds_true(self, record: Record, conditions: Iterable[Condition]) -> bool:
        """Return whether all conditions hold; None in a list stands for NULL."""
        return all((record.row[each.column] in each.values) is not each.negated for each in conditions)

    def when(self, record: Record, column: str) -> When | str | None:
        """Read a date column."""
        zone = self.world.schedule.time_zone
        own = record.table.columns[column].time_zone or zone
        return moment(record.row[column], own, zone, self.world.schedule.sentinel_dates)

    # Who is who

    def find_subjects(self) -> int:
        """Unite subject roles that share an identifier; return how many have any identifier."""
        schedule = self.world.schedule
        found: list[tuple[Record, str, set[tuple[str, str]], tuple[str, str] | None, bool]] = []
        ties: list[Tie] = []
        for record in self.records:
            for role in record.table.subjects.values():
                if role.through:
                    continue
                read = [
                    identifier(
                        kind.value,
                        record.row[column],
                        self.world.today,
                        schedule.placeholder_identity_numbers,
                        schedule.generic_mailboxes,
                    )
                    for kind, column in role.identifiers.items()
                ]
                good = {each for each in read if isinstance(each, tuple)}
                columns = zip(read, role.identifiers.values(), strict=True)
                ties += [Tie(len(found), each, record, column) for each, column in columns if isinstance(each, tuple)]
                person = role.kind == "person"
                exact = {each for each in good if each[0] not in ADDRESS_CHANNELS}
                email = next((each for each in good if each[0] == "email" and person), None)
                number = len(found)
                found.append((record, role.name, exact, email, AMBIGUOUS in read))
                record.subjects[role.name] = self.node_of[record, role.name] = number
                self.identifiers_of[number] = good
                self.addresses_of[number] = {each for each in good if each[0] in ADDRESS_CHANNELS and person}
        label = list(range(len(found)))
        unite(label, [exact for _, _, exact, _, _ in found])
        identified = {label[number] for number, (_, _, exact, _, _) in enumerate(found) if exact}
        owners: dict[Any, set[int]] = defaultdict(set)
        for number, (_, _, _, email, _) in enumerate(found):
            if email and label[number] in identified:
                owners[email].add(label[number])
        shared = {email for email, those in owners.items() if len(those) > 1}
        for tie in ties:
            exact, email = found[tie.node][2:4]
            if tie.value in exact or (tie.value == email and email not in shared):
                self.ties.append(tie)
        doubtful = {number for number, each in enumerate(found) if each[4]}
        astray = {number for number, each in enumerate(found) if each[3] in shared and label[number] not in identified}
        unite(label, [set() if email in shared or email is None else {email} for _, _, _, email, _ in found], label)
        numbers: dict[int, set[str]] = defaultdict(set)
        for number, (_, _, exact, _, _) in enumerate(found):
            numbers[label[number]] |= {text for kind, text in exact if kind == "identity_number"}
        for number in range(len(found)):
            subject = label[number]
            if len(numbers[subject]) > 1:
                self.subject_problem[subject] = "IDENTITY_CONFLICT"
            elif number in astray or (number in doubtful and not numbers[subject]):
                self.subject_problem[subject] = "IDENTITY_AMBIGUOUS"
            if subject != number:
                self.identifiers_of[subject] |= self.identifiers_of.pop(number)
                self.addresses_of[subject] |= self.addresses_of.pop(number)
        for record in self.records:
            for role, number in list(record.subjects.items()):
                record.subjects[role] = None if number is None else label[number]
        for record in self.records:
            for role in self.roles_of(record.table, record.system):
                record.subjects[role] = self.subject_in(record, role)
        self.subject_of_node = label
        return sum(bool(self.identifiers_of[subject]) for subject in set(label))

    def roles_of(self, table: Table, system: str) -> dict[str, bool]:
        """Return the roles of a table's rows, inherited ones too, and whether each is a company's."""
        if (system, table.name) not in self.roles:
            tables = self.world.sources[system].data_map.tables
            inherited = self.roles_of(tables[table.part_of.table], system) if table.part_of else {}
            own = {role.name: role.kind == "company" for role in table.subjects.values()}
            self.roles[system, table.name] = {**inherited, **own}
        return self.roles[system, table.name]

    def subject_in(self, record: Record | None, role: str) -> int | None:
        """Return who has a role in a record: named in the row, by a reference, or by the whole it is a part of."""
        if record is None:
            return None
        declared = record.table.subjects.get(role)
        if declared is None:
            return self.subject_in(record.whole, role)
        if not declared.through:
            return record.subjects[role]
        assert declared.table is not None
        assert declared.role is not None
        return self.subject_in(self.linked(record, declared.through, declared.table), declared.role)

    # What has happened

    def find_fiscal_years(self) -> Iterator[tuple[date, date]]:
        """Yield the first and last day of each fiscal year that the law allows: at most 18 months."""
        declared = self.world.schedule.fiscal_years
        if declared is None or declared.system not in self.world.sources:
            return
        for record in self.by_key[declared.system, declared.table].values():
            first, last = self.when(record, declared.first_day), self.when(record, declared.last_day)
            if not isinstance(first, When) or not isinstance(last, When):
                continue
            if first.day <= last.day < moved(first.day, Period(months=18)):
                yield first.day, last.day

    def tell(self, record: Record, emission: Emission) -> None:
        """Let a row tell of an event: to itself, to its subjects, to the records that the event keeps."""
        if not self.holds_true(record, emission.where):
            return
        when: When | str | None = self.when(record, emission.date) if emission.date else "ongoing"
        begins = self.when(record, emission.begins) if emission.begins else None
        begins = begins if isinstance(begins, When) else None
        if when is None:
            when = {"ongoing": "ongoing", "unknown": "UNKNOWN_DATE", "absent": None}[emission.when_null]
        if when is None:
            return
        if isinstance(when, When) and begins and begins.first > when.last:
            when, record.contradictory = "CONTRADICTORY_DATES", True
        if isinstance(when, When) and emission.as_fiscal_year_end:
            ends = [last for first, last in self.fiscal_years if first <= when.day <= last]
            when = When(max(ends), when.first, when.last) if ends else "NO_FISCAL_YEAR"
        channel = str(record.row[emission.channel] or "").strip().lower() if emission.channel else ""
        happening = Happening(when, begins, None if channel in {"", "all"} else channel)
        record.own_events[emission.event].append(happening)
        record.told.append((emission, happening))
        for role in emission.of:
            subject = record.subjects[role]
            if subject is not None:
                self.subject_events[subject][emission.event].append(happening)
        for link in emission.keeps:
            kept = self.linked(record, link.columns, link.table)
            if kept is not None:
                kept.own_events[emission.event].append(happening)

    def happened(self, happening: Happening, *, last_day: bool) -> bool:
        """Return whether an event has happened; what has a last day has happened once that day is over."""
        known = happening.known
        return known is not None and (known.day < self.horizon if last_day else known.day <= self.horizon)

    def in_force(self, ends: list[Happening], restarts: list[Happening], *, last_day: bool = False) -> list[Happening]:
        """Return the endings that have happened and that nothing later has restarted: on a tie, the ending wins."""
        again = [each.known.first for each in restarts if each.known and self.happened(each, last_day=False)]
        return [
            each
            for each in ends
            if each.known and self.happened(each, last_day=last_day) and not any(at > each.known.last for at in again)
        ]

    def spread_objections(self) -> None:
        """Let an objection act on its address: for everybody else who holds it, it ends the address's channels."""
        holders: dict[tuple[str, str], set[int]] = defaultdict(set)
        for subject, addresses in self.addresses_of.items():
            for address in addresses:
                holders[address].add(subject)
        derived: list[tuple[int, Happening]] = []
        for objector, events in list(self.subject_events.items()):
            for address in self.addresses_of.get(objector, ()):
                for channel in ADDRESS_CHANNELS[address[0]]:
                    objections = [each for each in events.get("objection", []) if each.channel in {None, channel}]
                    consents = [each for each in events.get("consent", []) if each.channel in {None, channel}]
                    for objection in self.in_force(objections, consents):
                        spread = Happening(objection.when, None, channel)
                        derived += [(other, spread) for other in holders[address] - {objector}]
        for kind, text, channel, since in self.world.suppressions:
            at = since.astimezone(UTC)
            when = When(at.astimezone(ZoneInfo(self.world.schedule.time_zone)).date(), at, at)
            those = holders.get((kind, text), set())
            if those and all(self.lifted(subject, channel, when) for subject in those):
                continue
            if len(those) == 1:
                derived.append((min(those), Happening(when, None, None if channel == "all" else channel)))
            else:
                own = [each for each in ADDRESS_CHANNELS[kind] if channel in {"all", each}]
                derived += [(subject, Happening(when, None, each)) for subject in those for each in own]
        for subject, happening in derived:
            self.subject_events[subject]["objection"].append(happening)

    def lifted(self, subject: int, channel: str, since: When) -> bool:
        """Return whether somebody has consented later than a listed objection: then it is no longer in force."""
        consents = [each for each in self.events_of(subject, "consent") if each.channel in {None, channel}]
        happened = [each.known for each in consents if each.known and self.happened(each, last_day=False)]
        return any(known.first > since.last for known in happened)

    # What follows for a column group

    def is_held(self, record: Record) -> bool:
        """Return whether a legal hold covers the record, any of its subjects, or what it is a part of."""
        subjects = {subject for subject in record.subjects.values() if subject is not None}
        told = record.events("hold") + [each for who in subjects for each in self.events_of(who, "hold")]
        lasting = any(each.known is None or each.known.day >= self.horizon for each in told)
        own = (record.system, record.table.name, record.key) in self.held_records
        whole = record.whole is not None and self.is_held(record.whole)
        return own or lasting or whole or bool(subjects & self.held_subjects)

    def events_of(self, subject: int | None, event: str) -> list[Happening]:
        """Return a subject's events."""
        return self.subject_events.get(subject, {}).get(event, []) if subject is not None else []

    def judge(self, record: Record, group: Group) -> Decision:
        """Decide one column group of one record, and note which events that rests on.

        ``DELETE`` stands for expired until the row is decided.
        """
        if not self.holds_true(record, record.table.personal_when):
            return Decision("RETAIN", "NOT_PERSONAL", frozenset(), None)
        rests: set[tuple[str, Any, str]] = set()
        roles: set[str] = set()
        decision = self.verdict(record, group, rests, roles)
        if decision.verdict != "DELETE":
            self.rests_on |= rests
            self.by_subject += [(record, role) for role in roles]
        return decision

    def verdict(self, record: Record, group: Group, rests: set[tuple[str, Any, str]], roles: set[str]) -> Decision:
        """Give the verdict on a column group in its order; add the events that its clocks rest on, and the roles."""
        present = [role for role in group.of if record.subjects[role] is not None]
        subjects: list[tuple[str | None, int | None]] = [(role, record.subjects[role]) for role in present]
        companies = {
            role: record.subjects[role]
            for role, company in self.roles_of(record.table, record.system).items()
            if company and record.subjects[role] is not None
        }
        clocks: list[tuple[date, str]] = []
        problems = {"CONTRADICTORY_DATES"} if record.contradictory else set()
        scopes = {use.scope for use in group.purposes}
        started = ended = False
        for role, subject in subjects or [(None, None)]:
            needs_identity = False
            for use in group.purposes:
                purpose = self.world.schedule.purposes[use.purpose]
                if use.scope == "record":
                    whose = self.chain("record", record)
                    starts = record.events(purpose.starts)
                elif use.scope == "subject":
                    whose = {("subject", subject)}
                    starts = self.events_of(subject, purpose.starts)
                else:
                    whose = {("subject", company) for company in companies.values()}
                    starts = [each for who in companies.values() for each in self.events_of(who, purpose.starts)]
                started = started or bool(starts)
                over, undated, stopped_by = self.ended_at_once(purpose, group, record, subject, starts)
                unknown = {each.unknown for each in starts if each.unknown}
                days = [each.known.day for each in starts if each.known]
                last = self.last_day(max(days), purpose) if days else None
                if any(each.when == "ongoing" for each in starts):
                    last = FOREVER
                runs = last is not None and last >= self.world.as_of
                in_roles = {"subject": {role}, "company": set(companies)}.get(use.scope, set())
                if unknown or (runs and not over):
                    rests |= {(*who, purpose.starts) for who in whose}
                    roles |= in_roles - {None}
                if unknown or runs:
                    rests |= stopped_by
                    roles |= {role} if role and any(kind == "subject" for kind, _, _ in stopped_by) else set()
                needs_identity = needs_identity or (use.scope != "record" and not over)
                if over:
                    ended = True
                elif undated:
                    problems |= undated | unknown
                else:
                    problems |= unknown if last is not FOREVER else set()
                    clocks += [(last, purpose.name)] if last else []
            if needs_identity:
                concerned = [subject, *(companies.values() if "company" in scopes else [])]
                problems |= {self.subject_problem[each] for each in concerned if each in self.subject_problem}
        through = max((day for day, _ in clocks), default=None)
        longest = frozenset(name for day, name in clocks if day == through)
        if self.is_held(record):
            return Decision("RETAIN", "LEGAL_HOLD", longest, through)
        if through is not None and through >= self.world.as_of:
            return Decision("RETAIN", "LIVE_PURPOSE", longest, through)
        if problems:
            return Decision("REFER", min(problems, key=REFERRALS.index), longest, through)
        if not started and not ended:
            if group.without_purpose == "refer":
                return Decision("REFER", "NO_KNOWN_PURPOSE", longest, through)
            return Decision("DELETE", "NEVER_HAD_PURPOSE", longest, through)
        return Decision("DELETE", "EXPIRED" if clocks else "ENDED_AT_ONCE", longest, through)

    def ended_at_once(
        self, purpose: Purpose, group: Group, record: Record, subject: int | None, starts: list[Happening]
    ) -> tuple[bool, set[str], set[tuple[str, Any, str]]]:
        """Return whether something has ended the purpose, why an ending can't be dated, and which events say so."""
        over, undated, stopped_by = False, set(), set()
        for rule in purpose.ends_at_once:
            last_day = self.world.schedule.events[rule.event].last_day
            ends = self.of_channel(group, self.told(rule.event, rule, record, subject))
            restarts: list[Happening] = []
            if rule.restarted_by:
                restarts = self.told(rule.restarted_by, rule, record, subject)
                restarts = restarts if group.channel is None else self.of_channel(group, restarts)
            lasting = self.in_force(ends, restarts, last_day=last_day)
            over = over or bool(lasting)
            undated |= {each.unknown for each in ends if each.unknown}
            whose = self.chain("record", record) if rule.scope == "record" else {("subject", subject)}
            happened = any(self.happened(each, last_day=last_day) for each in ends)
            if happened or any(each.unknown for each in ends):
                stopped_by |= {(*who, rule.event) for who in whose}
            if happened and not lasting and rule.restarted_by:
                stopped_by |= {(*who, rule.restarted_by) for who in whose}
        if purpose.yields_to_erasure:
            requests = self.events_of(subject, "erasure_request")
            undated |= {each.unknown for each in requests if each.unknown}
            days = [each.known.day for each in requests if each.known and self.happened(each, last_day=False)]
            begun = [each.begins or each.known for each in starts]
            asked = bool(days) and not any(each and each.day > max(days) for each in begun)
            over = over or asked
            if asked or any(each.unknown for each in requests):
                stopped_by.add(("subject", subject, "erasure_request"))
        return over, undated, stopped_by

    def chain(self, kind: str, record: Record) -> set[tuple[str, Any]]:
        """Return a record and what it is a part of: its events are theirs too."""
        return {(kind, record)} | (self.chain(kind, record.whole) if record.whole else set())

    def told(self, event: str, rule: EndsAtOnce, record: Record, subject: int | None) -> list[Happening]:
        """Return the events that a rule looks at: the record's own or the person's."""
        return record.events(event) if rule.scope == "record" else self.events_of(subject, event)

    def of_channel(self, group: Group, happenings: list[Happening]) -> list[Happening]:
        """Return those that concern a group's marketing channel; one without a channel concerns every group."""
        return [each for each in happenings if each.channel is None or each.channel == group.channel]

    def last_day(self, day: date, purpose: Purpose) -> date:
        """Return the last day of storage under the schedule as it stands today."""
        keep = purpose.keep
        for amendment in sorted(purpose.amendments, key=lambda each: each.in_force):
            covers = amendment.events_from is None or day >= amendment.events_from
            keep = amendment.keep if amendment.in_force <= self.world.today and covers else keep
        return kept_through(day, keep)

    # What follows for the row

    def decide(self) -> dict[Place, Decision]:
        """Decide every group, then every row; then again, with what must stay so that people stay together."""
        groups = {
            record: {group.name: self.judge(record, group) for group in record.table.groups.values()}
            for record in self.records
        }
        going, evidence = self.going(groups, set())
        ties = self.ties_that_stay(groups, going)
        for record, name in ties:
            if name is not None:
                groups[record][name] = groups[record][name]._replace(verdict="RETAIN", reason="IDENTITY_LINK")
        if ties:
            going, evidence = self.going(groups, {record for record, name in ties if name is None})
        decisions = {}
        for record in self.records:
            if not groups[record]:
                found = ("DELETE", "FOLLOWS_WHOLE") if record in going else ("RETAIN", "NOT_PERSONAL")
                decisions[self.place(record, None)] = Decision(*found, frozenset(), None)
            expired = all(each.verdict == "DELETE" for each in groups[record].values())
            wanted = expired and record.table.personal and record.table.when_expired == "delete"
            for name, decision in groups[record].items():
                verdict, reason = decision.verdict, decision.reason
                if verdict == "DELETE" and self.is_closed(record):
                    verdict, reason = "RETAIN", "CLOSED"
                elif verdict == "DELETE" and record not in going:
                    verdict = "ANONYMISE"
                    demoted = "CLOCK_EVIDENCE" if record in evidence else "REFERENCED_BY_RETAINED"
                    reason = demoted if wanted else reason
                decisions[self.place(record, name)] = decision._replace(verdict=verdict, reason=reason)
        return decisions

    def is_closed(self, record: Record) -> bool:
        """Return whether a record's table failed closed."""
        return record.table.name in self.world.sources[record.system].closed

    def going(
        self, groups: dict[Record, dict[str, Decision]], standing: set[Record]
    ) -> tuple[set[Record], set[Record]]:
        """Return the rows that go, and those that don't because something rests on what they tell.

        All groups together; then evidence, references from rows that stay, wholes. What stands for another reason is
        given.
        """
        followers = [
            record
            for record in self.records
            if record.table.personal and not record.table.groups and record.table.part_of is not None
        ]
        wanted = {
            record
            for record in self.records
            if not self.is_closed(record)
            and record.table.personal
            and record.table.when_expired == "delete"
            and groups[record]
            and all(each.verdict == "DELETE" for each in groups[record].values())
        }
        free = {record for record in followers if not self.is_closed(record) and not self.is_held(record)}
        going = wanted | {record for record in free if record.whole}
        evidence = {record for record in going if record in standing or self.is_evidence(record)}
        going -= evidence
        going -= {record for record in going if self.in_ring(record, going)}
        referred = [(child, parent) for child in self.records for parent in self.parents(child)]
        while True:
            kept = {parent for child, parent in referred if parent in going and child not in going}
            kept |= {part for part in followers if part in going and part.whole not in going}
            if not kept:
                return going, evidence
            going -= kept

    # Who must still be known afterwards

    def ties_that_stay(self, groups: dict[Record, dict[str, Decision]], going: set[Record]) -> set[Unit]:
        """Return column groups, and rows (None), without which a retained record would lose the person it rests on."""
        together = self.nodes_that_belong_together()
        units: dict[Tie, Unit] = {}
        for tie in self.ties:
            name = tie.record.table.columns[tie.column].group
            expired = name is not None and groups[tie.record][name].verdict == "DELETE"
            if tie.record in going or (expired and not self.is_closed(tie.record)):
                units[tie] = (tie.record, name)
        found: set[Unit] = set()
        for subject, nodes in together.items():
            ties = [tie for tie in self.ties if self.subject_of_node[tie.node] == subject]
            mine = sorted({units[tie] for tie in ties if tie in units}, key=self.first_to_go)
            found |= set(mine) - without_harm(mine, set(), ties, units, nodes)
        return found

    def nodes_that_belong_together(self) -> dict[int, set[int]]:
        """Return by person the nodes of what rests on that person's events, and of the rows that tell of them."""
        found: dict[int, set[int]] = {who: set() for kind, who, _ in self.rests_on if kind == "subject"}
        for record, role in self.by_subject:
            found[record.subjects[role]].add(self.node_in(record, role))
        for record in self.records:
            for role in self.roles_in_which_evidence(record):
                found[record.subjects[role]].add(self.node_in(record, role))
        return found

    def node_in(self, record: Record | None, role: str) -> int:
        """Return the node that has a role in a record, as `subject_in` finds the subject."""
        assert record is not None
        declared = record.table.subjects.get(role)
        if declared is None:
            return self.node_in(record.whole, role)
        if not declared.through:
            return self.node_of[record, role]
        assert declared.table is not None
        assert declared.role is not None
        return self.node_in(self.linked(record, declared.through, declared.table), declared.role)

    def first_to_go(self, unit: Unit) -> tuple[Any, ...]:
        """Order what could be given up: identity numbers first, then by system, table, key and group."""
        record, name = unit
        numbers = {
            column
            for role in record.table.subjects.values()
            for kind, column in role.identifiers.items()
            if kind == "identity_number"
        }
        has_number = any(record.table.columns[column].group == name for column in numbers)
        key = json.dumps([each if isinstance(each, int) else str(each) for each in record.key], ensure_ascii=False)
        return (not has_number, record.system, record.table.name, key, name or "")

    def is_evidence(self, record: Record) -> bool:
        """Return whether a row holds the latest word on an event that something kept or referred rests on."""
        for emission, happening in record.told:
            for link in emission.keeps:
                kept = self.linked(record, link.columns, link.table)
                if kept and self.is_latest(happening, emission.event, "record", kept, kept.events(emission.event)):
                    return True
        return bool(self.roles_in_which_evidence(record))

    def roles_in_which_evidence(self, record: Record) -> set[str]:
        """Return the roles of those of whom a row tells the latest word on an event that something rests on."""
        found = set()
        for emission, happening in record.told:
            for role in emission.of:
                who = record.subjects[role]
                others = self.events_of(who, emission.event)
                if who is not None and self.is_latest(happening, emission.event, "subject", who, others):
                    found.add(role)
        return found

    def is_latest(self, happening: Happening, event: str, kind: str, who: Any, others: list[Happening]) -> bool:
        """Return whether something rests on somebody's event, and no other word on it is later."""
        if (kind, who, event) not in self.rests_on:
            return False
        goes_on = any(each.when == "ongoing" for each in others)
        days = [each.known.day for each in others if each.known]
        return happening.known is None or (not goes_on and happening.known.day >= max(days))

    def parents(self, child: Record) -> Iterator[Record]:
        """Yield the records that a row refers to: what it is a part of, its subjects' records, and by foreign keys."""
        if child.whole:
            yield child.whole
        for role in child.table.subjects.values():
            if role.table and (parent := self.linked(child, role.through, role.table)):
                yield parent
        for each in self.world.sources[child.system].references:
            if each.child != child.table.name:
                continue
            values = tuple(child.row[name] for name in each.child_columns)
            if None not in values:
                yield from self.called(child.system, each.parent, each.parent_columns).get(values, ())

    def in_ring(self, record: Record, going: set[Record]) -> bool:
        """Return whether a row's references lead back to it, through other rows of its table that would go too."""
        seen: set[Record] = set()
        ahead = [record]
        while ahead:
            each = ahead.pop()
            for parent in self.parents(each):
                if parent is record and each is not record:
                    return True
                if parent.table is record.table and parent in going and parent not in seen:
                    seen.add(parent)
                    ahead.append(parent)
        return False

    def called(self, system: str, table: str, columns: tuple[str, ...]) -> dict[tuple[Any, ...], list[Record]]:
        """Return a table's records by the values of some columns."""
        place = (system, table, columns)
        if place not in self.by_columns:
            found = self.by_columns[place] = defaultdict(list)
            for record in self.by_key[system, table].values():
                found[tuple(record.row[name] for name in columns)].append(record)
        return self.by_columns[place]

    def place(self, record: Record, group: str | None) -> Place:
        """Return a record's group as callers name it."""
        return Place(record.system, record.table.name, record.key, group)


def without_harm(
    mine: list[Unit], gone: set[Unit], ties: list[Tie], units: dict[Tie, Unit], nodes: set[int]
) -> set[Unit]:
    """Return what can go without parting nodes that belong together: all of it, or else of one half, then the other."""
    if not mine:
        return gone
    tried = gone | set(mine)
    if parts_of([tie for tie in ties if units.get(tie) not in tried], nodes) == parts_of(ties, nodes):
        return tried
    if len(mine) == 1:
        return gone
    half = len(mine) // 2
    return without_harm(mine[half:], without_harm(mine[:half], gone, ties, units, nodes), ties, units, nodes)


def parts_of(ties: list[Tie], nodes: set[int]) -> int:
    """Return into how many parts some nodes fall, joined by nothing but these ties.

    An address joins only where it is nobody's who is known by another identifier, or one such person's.
    """
    places = sorted({tie.node for tie in ties} | nodes)
    label = list(range(len(places)))
    exact = [{tie.value for tie in ties if tie.node == place and tie.value[0] != "email"} for place in places]
    emails = [{tie.value for tie in ties if tie.node == place and tie.value[0] == "email"} for place in places]
    unite(label, exact)
    identified = {label[number] for number, values in enumerate(exact) if values}
    owners: dict[Any, set[int]] = defaultdict(set)
    for number, values in enumerate(emails):
        for value in values:
            owners[value] |= {label[number]} & identified
    unite(label, [{value for value in values if len(owners[value]) <= 1} for values in emails], label)
    return len({label[number] for number, place in enumerate(places) if place in nodes})


def unite(label: list[int], values: list[set[tuple[str, str]]], components: list[int] | None = None) -> None:
    """Give places that share a value the same label, again and again until nothing changes."""
    members: dict[tuple[str, Any], list[int]] = defaultdict(list)
    for number, known in enumerate(values):
        for value in known:
            members["value", value].append(number)
    for number, component in enumerate(list(components or [])):
        members["component", component].append(number)
    changed = True
    while changed:
        changed = False
        for those in members.values():
            least = min(label[number] for number in those)
            for number in those:
                changed = changed or label[number] != least
                label[number] = least


def moved(day: date, period: Period) -> date:
    """Return a day moved by a calendar period: a missing day of the month becomes the month's last."""
    months = day.year * 12 + day.month - 1 + 12 * period.years + period.months
    year, month = months // 12, months % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    last_of_month = (following - timedelta(days=1)).day
    return date(year, month, min(day.day, last_of_month)) + timedelta(days=period.days)


def kept_through(day: date, keep: Keep) -> date:
    """Return the last day of storage: periods one after the other, then the year's end where the rule says so."""
    for period in keep.periods:
        day = moved(day, period)
    return date(day.year, 12, 31) if keep.to_year_end else day
