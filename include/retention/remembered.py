"""What earlier runs and people have left in the control database for this run, and what it leaves for the next."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pandas as pd

from include.retention.dates import day_number
from include.retention.deciding import Waiting, record_refs
from include.retention.keys import RECORD
from include.retention.ledger.holds import holds_in_force, released_holds
from include.retention.ledger.items import unfinished_items
from include.retention.ledger.recognise import (
    found_by,
    merged,
    translated_holds,
    translated_records,
    translated_suppressions,
)
from include.retention.ledger.referrals import open_referrals
from include.retention.ledger.rekey import rekey
from include.retention.ledger.runs import get_run
from include.retention.ledger.store import reading
from include.retention.ledger.suppressions import close_suppressions, suppress, suppressions_in_force
from include.retention.ledger.watching_key import Found, WatchingKey
from include.retention.objections import Suppressed
from include.retention.promised import promises
from include.retention.reading import read_facts
from include.retention.run import Run
from include.retention.staging import PLAN, Staging
from include.retention.terms import Mode


def note_recognised(run: Run, staging: Staging, system: str) -> None:
    """Keep which references under former keys this extract has recognised; without former keys there are none."""
    if isinstance(run.ring.current, WatchingKey):
        for name, facts in read_facts(run, staging, [system]).items():
            record_refs(run, name, facts["key"])
    staging.write_json(f"recognised/{system}", found_by(run.ring))


def recognised(run: Run, staging: Staging) -> Found:
    """Return what all extracts of a phase have recognised."""
    return merged(staging.read_json(f"recognised/{system}") for system in run.policy.maps)


def rekey_recognised(run: Run, staging: Staging) -> None:
    """Move holds and suppressions to the current key, but for a dry run."""
    if run.row.mode is not Mode.ENFORCE:
        return
    for domain, pairs in recognised(run, staging).items():
        kind = RECORD if domain == RECORD else domain.removeprefix("identifier.")
        with run.control.begin() as connection:
            rekey(connection, kind, pairs, run.ring.current.key_id, run.now)


def waiting_of(run: Run, staging: Staging) -> Waiting:
    """Return what earlier runs and people have left in the control database for this one."""
    found = recognised(run, staging)
    with reading(run.control) as connection:
        unfinished = unfinished_items(connection, run.run_id)
        promised_by = {run_id: get_run(connection, run_id) for run_id in unfinished["run_id"].unique()}
        unfinished["record_ref"] = translated_records(unfinished["record_ref"], found)
        return Waiting(
            holds=translated_holds(holds_in_force(connection), found),
            listed=translated_suppressions(suppressions_in_force(connection), found),
            referrals=open_referrals(connection),
            promised=promises(unfinished, promised_by, run.row),
        )


def released_of(run: Run, staging: Staging) -> pd.DataFrame:
    """Return the holds that were released: ``released_holds`` with ``day``, the local day of the release (a number)."""
    zone = ZoneInfo(run.policy.schedule.time_zone)
    with reading(run.control) as connection:
        released = translated_holds(released_holds(connection), recognised(run, staging))
    days = [day_number(at.astimezone(zone).date()) for at in released["released_at"]]
    return released.assign(day=pd.Series(days, index=released.index, dtype="int64"))


def remember_objections(run: Run, suppressed: Suppressed) -> None:
    """Bring the suppression list up to date, but for a dry run."""
    counts = {
        "in_force": len(suppressed.entries),
        "closed": len(suppressed.closed),
        "at_import": suppressed.reappeared,
        "added": 0,
    }
    if run.row.mode is Mode.ENFORCE:
        with run.control.begin() as connection:
            counts["added"] = suppress(connection, suppressed.entries, key_id=run.ring.current.key_id, at=run.now)
            close_suppressions(connection, suppressed.closed, at=run.now)
    staging = run.staging.phase(PLAN)
    staging.write_json("suppressions", counts)
    staging.write("suppressed", suppressed.entries)
