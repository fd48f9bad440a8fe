"""From facts in staging to a decision on every record: resolve, classify in buckets, decide rows.

The plan and its later confirmation go through these same functions, so that what was approved and what is done can
only differ where the sources do. What each step writes is below one phase of the run's staging.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from include.retention.classify import EXPIRED, OPEN_DAY, REASON_CODE, REFERRED, Records, classify_group
from include.retention.data_map.model import ForeignKey, Table
from include.retention.data_map.relations import company_roles
from include.retention.dates import day_number
from include.retention.decide_systems import decide_systems
from include.retention.errors import ConfigurationError, Problem
from include.retention.events import RECORD as EVENT_OF_RECORD
from include.retention.events import SUBJECT, EventKey, Events
from include.retention.keys import RECORD, record_texts
from include.retention.objections import Suppressed, apply_suppressions
from include.retention.periods import after
from include.retention.policy.model import Period
from include.retention.promised import promised_days
from include.retention.reading import read_facts, read_fiscal_years
from include.retention.resolve import Resolved, TableName, places_of, resolve
from include.retention.run import Run
from include.retention.staging import Staging
from include.retention.terms import Reason, WhenExpired

HOLD = "hold"
NOTHING_NEEDED = pd.DataFrame(
    {"target": pd.Series(dtype=object), "event": pd.Series(dtype=object), "id": pd.Series(dtype="int64")}
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What earlier runs left open, from the control database.

    Attributes:
        holds: legal holds in force: ``scope``, ``identifier_kind``, ``system``, ``table``, ``ref``.
        listed: suppressions in force.
        referrals: open referrals: ``record_ref``, ``group``, ``first_seen`` (local day).
        promised: what earlier plans promised to destroy and haven't, as ``promised.promises`` gives it.
    """

    holds: pd.DataFrame
    listed: pd.DataFrame
    referrals: pd.DataFrame
    promised: pd.DataFrame


def resolve_phase(run: Run, staging: Staging, waiting: Waiting) -> tuple[Resolved, Suppressed]:
    """Resolve all facts of a phase and write what classification needs."""
    facts = read_facts(run, staging)
    last_day = frozenset(name for name, event in run.policy.schedule.events.items() if event.last_day)
    horizon = run.moment.horizon
    resolved = resolve(run.policy.maps, facts, read_fiscal_years(run, staging), horizon, last_day)
    zone = ZoneInfo(run.policy.schedule.time_zone)
    suppressed = apply_suppressions(resolved.events, resolved.identifiers, waiting.listed, zone)
    _write_events(staging, suppressed.events)
    staging.write("subject_problem", pd.DataFrame({"problem": resolved.subject_problem}))
    staging.write("identifiers", resolved.identifiers)
    for folder in ("classified", "needed"):
        staging.phase(folder).remove()  # What an earlier attempt decided, perhaps in another number of parts.
    held = _held(run, facts, resolved, suppressed.events, waiting.holds)
    for name, frame in facts.items():
        ids = np.arange(resolved.first[name], resolved.first[name] + len(frame))
        roles = {f"role:{role}": subjects for role, subjects in resolved.roles[name].items()}
        content = {"id": ids, **roles, "row_problem": resolved.row_problem[name], "held": held[name]}
        content |= {"personal": frame["personal"].to_numpy(dtype=bool)}
        content |= {f"promised:{group}": days for group, days in _promised(run, name, frame, waiting.promised).items()}
        staging.write(f"records/{name}", pd.DataFrame(content))
    return resolved, suppressed


def subjects_held(holds: pd.DataFrame, identifiers: pd.DataFrame) -> np.ndarray:
    """Return the subjects under a legal hold, as subject numbers."""
    wanted = holds[holds["scope"] == SUBJECT]
    known = set(zip(wanted["identifier_kind"], wanted["ref"], strict=True))
    mask = [pair in known for pair in zip(identifiers["kind"], identifiers["ref"], strict=True)]
    found: np.ndarray = identifiers["subject"].to_numpy()[np.array(mask, dtype=bool)]
    return found


def _held(
    run: Run, facts: Mapping[TableName, pd.DataFrame], resolved: Resolved, events: Events, holds: pd.DataFrame
) -> dict[TableName, np.ndarray]:
    """Return which records a hold covers: themselves, their whole, or any of their subjects; and what sources hold."""
    subjects = subjects_held(holds, resolved.identifiers)
    found: dict[TableName, np.ndarray] = {}

    def of(name: TableName) -> np.ndarray:
        if name not in found:
            roles = list(resolved.roles[name].values())
            ids = np.arange(resolved.first[name], resolved.first[name] + len(facts[name]))
            held = _held_by_events(events, ids, roles, run.moment.horizon) | _named(run, name, facts[name], holds)
            for numbers in roles:
                held |= np.isin(numbers, subjects)
            for whole in run.policy.maps[name.system].tables[name.table].wholes:
                parent = TableName(name.system, whole.table)
                places = places_of(facts[name], whole, facts[parent])
                held |= np.append(of(parent), np.False_)[places]
            found[name] = held
        return found[name]

    return {name: of(name) for name in facts}


def _promised(run: Run, name: TableName, frame: pd.DataFrame, promised: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return per column group which records an earlier plan promised to destroy; nothing where it promised none."""
    own = promised[(promised["system"] == name.system) & (promised["table"] == name.table)]
    if own.empty:
        return {}
    groups = run.policy.maps[name.system].tables[name.table].groups
    return promised_days(own, record_refs(run, name, frame["key"]), frame["fingerprint"], groups)


def _named(run: Run, name: TableName, frame: pd.DataFrame, holds: pd.DataFrame) -> np.ndarray:
    """Return which records a hold names themselves."""
    own = holds[(holds["scope"] == RECORD) & (holds["system"] == name.system) & (holds["table"] == name.table)]
    if own.empty:
        return np.zeros(len(frame), dtype=bool)
    return np.isin(record_refs(run, name, frame["key"]), own["ref"].to_numpy())


def record_refs(run: Run, name: TableName, keys: Iterable[str]) -> list[str]:
    """Return the keyed references of records."""
    return run.ring.current.mac_many(RECORD, record_texts(name.system, name.table, keys))


def _held_by_events(events: Events, ids: np.ndarray, roles: Iterable[np.ndarray], horizon: int) -> np.ndarray:
    """Return which records a source itself holds (the reserved event ``hold``), while it lasts."""
    found = [events.find(EVENT_OF_RECORD, HOLD, ids), *(events.find(SUBJECT, HOLD, numbers) for numbers in roles)]
    undated = [each.any & (each.problem > 0) for each in found]
    lasting = [each.open | (each.day >= horizon) for each in found]
    return np.asarray(np.logical_or.reduce([*lasting, *undated]))


def _write_events(staging: Staging, events: Events) -> None:
    index = []
    for number, (key, table) in enumerate(events.tables().items()):
        staging.write(f"events/{number}", table)
        index.append({"target": key.target, "event": key.event, "channel": key.channel, "number": number})
    staging.write_json("events_index", {"events": index, "last_day": sorted(events.last_day_events)})


def read_events(staging: Staging) -> Events:
    """Return the events that `resolve_phase` wrote."""
    index = staging.read_json("events_index")
    tables = {
        EventKey(each["target"], each["event"], each["channel"]): staging.read(f"events/{each['number']}")
        for each in index["events"]
    }
    return Events(tables, frozenset(index["last_day"]))


def classify_phase(run: Run, staging: Staging, bucket: int, buckets: int) -> int:
    """Classify every record whose number falls into a bucket; return how many there were."""
    events = read_events(staging)
    problem = staging.read("subject_problem")["problem"].to_numpy()
    needed, count = [NOTHING_NEEDED], 0
    for system, data_map in run.policy.maps.items():
        for table in data_map.tables.values():
            if not table.groups:
                continue
            frame = staging.read(f"records/{system}.{table.name}")
            rows = frame[frame["id"] % buckets == bucket]
            records = staged_records(rows, company_roles(data_map.tables, table.name), problem)
            classes, rests = _classify_table(run, table, records, events)
            staging.write(f"classified/{system}.{table.name}/{bucket}", classes)
            needed.append(rests)
            count += len(rows)
    staging.write(f"needed/{bucket}", pd.concat(needed, ignore_index=True).drop_duplicates())
    return count


def staged_records(rows: pd.DataFrame, companies: frozenset[str], subject_problem: np.ndarray) -> Records:
    """Return records of one table, or some of them, as `resolve_phase` staged them.

    Args:
        rows: of ``records/<table>``.
        companies: names of the table's roles that are companies.
        subject_problem: of ``subject_problem``.
    """

    def named(prefix: str) -> dict[str, np.ndarray]:
        return {name.removeprefix(prefix): rows[name].to_numpy() for name in rows if name.startswith(prefix)}

    return Records(
        ids=rows["id"].to_numpy(),
        roles=named("role:"),
        companies=companies,
        subject_problem=subject_problem,
        row_problem=rows["row_problem"].to_numpy(),
        held=rows["held"].to_numpy(dtype=bool),
        personal=rows["personal"].to_numpy(dtype=bool),
        promised=named("promised:"),
    )


def _classify_table(run: Run, table: Table, records: Records, events: Events) -> tuple[pd.DataFrame, pd.DataFrame]:
    purposes = run.policy.schedule.purposes
    order = {name: place for place, name in enumerate(purposes)}
    columns: dict[str, object] = {"id": records.ids}
    needed = [NOTHING_NEEDED]
    for group in table.groups.values():
        decided, rests = classify_group(group, purposes, records, events, run.moment)
        named = np.array([*(order[use.purpose] for use in group.purposes), -1], dtype="int16")
        decided["purpose"] = named[decided["purpose"].to_numpy()]
        columns.update({f"{column}:{group.name}": decided[column].to_numpy() for column in decided})
        needed.append(rests)
    return pd.DataFrame(columns), pd.concat(needed, ignore_index=True).drop_duplicates()


def decide_phase(
    run: Run,
    staging: Staging,
    waiting: Waiting,
    references: Mapping[str, Sequence[ForeignKey]],
    closed: Mapping[str, frozenset[str]],
) -> tuple[dict[TableName, pd.DataFrame], dict[TableName, pd.DataFrame]]:
    """Decide every row of every system.

    Returns:
        Per table the facts with the classification of each group beside them, and what `decide_rows` returned.

    Raises:
        ConfigurationError: not every record was classified exactly once: machines disagree about ``GALLRING_BUCKETS``.
    """
    decided: dict[TableName, pd.DataFrame] = {}
    for name, facts in read_facts(run, staging).items():
        table = run.policy.maps[name.system].tables[name.table]
        settled = _settle(run, name, table, _with_classes(staging, name, table, facts), waiting)
        decided[name] = _refer_unread(run, name, table, settled)
    needed = pd.concat([staging.read(name) for name in staging.names("needed")], ignore_index=True)
    events, years = read_events(staging), read_fiscal_years(run, staging)
    return decide_systems(run.policy.maps, decided, events, years, needed, references, closed)


def _with_classes(staging: Staging, name: TableName, table: Table, facts: pd.DataFrame) -> pd.DataFrame:
    records = staging.read(f"records/{name}")
    facts = facts.assign(**{column: records[column] for column in records if column not in facts})
    if not table.groups:
        return facts
    parts = [staging.read(each) for each in staging.names(f"classified/{name}")]
    classes = pd.concat(parts, ignore_index=True).sort_values("id", ignore_index=True)
    if not np.array_equal(classes["id"].to_numpy(), records["id"].to_numpy()):
        what = f"isn't the same for all: the {len(records)} records of {name} were classified {len(classes)} times."
        remedy = "Give scheduler, DAG processor and every worker the same number, then clear `resolve`."
        raise ConfigurationError([Problem("environment", "GALLRING_BUCKETS", what, remedy, "BUCKETS_DIFFER")])
    return facts.assign(**{column: classes[column] for column in classes if column != "id"})


def _settle(run: Run, name: TableName, table: Table, frame: pd.DataFrame, waiting: Waiting) -> pd.DataFrame:
    """Let referrals that have waited their time out fall back.

    A referral that nobody answered in ``referral_period`` falls back to the map's fallback day, or, where no purpose
    was ever known, to nothing.
    """
    names = [f"state:{group}" for group in table.groups]
    referred = frame[names].eq(REFERRED).any(axis=1).to_numpy() if names else np.zeros(len(frame), dtype=bool)
    if not referred.any():
        return frame
    refs = pd.Series(record_refs(run, name, frame["key"][referred]), index=frame.index[referred])
    frame = frame.assign(record_ref=refs)
    for group in table.groups:
        state = frame[f"state:{group}"].to_numpy().copy()
        reason = frame[f"reason:{group}"].to_numpy().copy()
        waits = state == REFERRED
        first_seen = _first_seen(waiting.referrals, group)
        limit = day_number(run.row.as_of)
        seen = frame["record_ref"].map(first_seen)
        due = [pd.notna(day) and _waited(day, run.policy.schedule.referral_period, limit) for day in seen]
        fallback = frame[f"fallback:{group}"].to_numpy()
        waited = waits & np.array(due, dtype=bool) & (fallback != OPEN_DAY) & (fallback < limit)
        state[waited] = EXPIRED
        reason[waited] = REASON_CODE[Reason.UNANSWERED]
        frame = frame.assign(**{f"state:{group}": state, f"reason:{group}": reason})
    return frame


def _refer_unread(run: Run, name: TableName, table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Refer what would be erased inside a value that can't be read, unless the whole row is to be deleted.

    No time settles it: it waits until somebody has mended the value.
    """
    unread = [group for group in table.groups if f"unread:{group}" in frame]
    if not unread:
        return frame
    states = frame[[f"state:{group}" for group in table.groups]]
    stays = np.full(len(frame), table.when_expired is not WhenExpired.DELETE)
    stays |= ~(states.eq(EXPIRED).all(axis=1) & frame["personal"]).to_numpy(dtype=bool)
    referred = np.zeros(len(frame), dtype=bool)
    for group in unread:
        waits = stays & frame[f"unread:{group}"].to_numpy(dtype=bool) & (states[f"state:{group}"] == EXPIRED).to_numpy()
        state = np.where(waits, REFERRED, frame[f"state:{group}"]).astype("int8")
        reason = np.where(waits, REASON_CODE[Reason.UNREADABLE_VALUE], frame[f"reason:{group}"]).astype("int8")
        frame = frame.assign(**{f"state:{group}": state, f"reason:{group}": reason})
        referred |= waits
    if not referred.any():
        return frame
    refs = pd.Series(record_refs(run, name, frame["key"][referred]), index=frame.index[referred])
    return frame.assign(record_ref=refs if "record_ref" not in frame else frame["record_ref"].combine_first(refs))


def _waited(first_seen: date, period: Period, as_of: int) -> bool:
    return day_number(after(first_seen, period)) < as_of


def _first_seen(referrals: pd.DataFrame, group: str) -> dict[str, date]:
    mine = referrals[referrals["group"] == group]
    return {ref: pd.Timestamp(day).date() for ref, day in zip(mine["record_ref"], mine["first_seen"], strict=True)}
