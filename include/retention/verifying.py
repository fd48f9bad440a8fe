"""Step 7, validate, for one system: read it once more, measure, have Great Expectations judge, tell the ledger."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pandas as pd

from include.retention.column_types import read_types
from include.retention.deciding import record_refs, subjects_held
from include.retention.errors import ValidationError
from include.retention.keys import RECORD
from include.retention.ledger.batches import batches_of
from include.retention.ledger.chain import append
from include.retention.ledger.holds import holds_in_force
from include.retention.ledger.items import items_of
from include.retention.ledger.recognise import translated_holds
from include.retention.ledger.store import reading
from include.retention.live_schema import all_references
from include.retention.polymorphic_sql import typed_references
from include.retention.reading import extract_system, system_engine
from include.retention.remembered import recognised
from include.retention.resolve import TableName
from include.retention.run import Run
from include.retention.staging import AFTER, CONFIRM
from include.retention.terms import Verdict
from include.retention.validate.baseline import baseline_name


def validate_system(run: Run, system: str) -> dict[str, Any]:
    """Measure a system afresh and judge it.

    Raises:
        ValidationError: a critical check failed, or couldn't be carried out; or the act never began, so that there is
            nothing to compare with.
    """
    from include.retention.validate.expectations import judge  # noqa: PLC0415 - Great Expectations takes 5 seconds
    from include.retention.validate.measure import measure  # noqa: PLC0415 - only validation needs it

    confirmed = run.staging.phase(CONFIRM)
    after = run.staging.phase(AFTER)
    if not confirmed.has_json(baseline_name(system)):
        message = f"{system} can't be judged: `act` never began there. Mend what stopped it and clear `act`."
        raise ValidationError(message)
    extract_system(run, system, after, whole=True)
    data_map = run.policy.maps[system]
    with reading(run.control) as connection:
        batches = batches_of(connection, run.run_id, system)
        states = items_of(connection, run.run_id)
        holds = translated_holds(holds_in_force(connection), recognised(run, confirmed))
    deleted: Counter[str] = Counter()
    for batch in batches:
        deleted[batch.table] += batch.done or 0 if batch.action == Verdict.DELETE else 0
    items = confirmed.read("items")
    items = items[items["system"] == system].merge(states[["record_ref", "state"]], on="record_ref", how="left")
    engine = system_engine(data_map)
    try:
        with engine.connect() as connection:
            measurements = measure(
                connection,
                data_map,
                typed_references(
                    all_references(run, confirmed, system),
                    data_map.tables,
                    read_types(connection, data_map),
                ),
                baseline=confirmed.read_json(baseline_name(system)),
                before=before_act(run, system, items),
                after={name: after.read(f"facts/{system}.{name}") for name in data_map.tables},
                items=items,
                entries=confirmed.read("suppressed"),
                held=_held(run, system, holds),
                deleted=deleted,
                environ=os.environ,
                key=run.ring.current,
            )
    finally:
        engine.dispose()
    checks = judge(system, measurements)
    with run.control.begin() as connection:
        append(connection, run.run_id, "validated", {"system": system, "checks": checks}, run.now)
    wrong = [check for check in checks if check["outcome"] != "pass" and check["severity"] == "critical"]
    if wrong:
        named = "; ".join(f"{check['table'] or system}: {check['check']} ({check['outcome']})" for check in wrong)
        message = f"{len(wrong)} of {len(checks)} checks of {system} didn't pass: {named}. See the report."
        raise ValidationError(message)
    return {"system": system, "checks": len(checks)}


def before_act(run: Run, system: str, items: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return per table the records as confirmed, with what the approved plan was to do to them.

    What has become due since the plan wasn't approved: it counts as not due, and has to be there still.
    """
    approved = {table: set(rows["key"]) for table, rows in items.groupby("table")}
    found = {}
    for name in run.policy.maps[system].tables:
        frame = run.staging.phase(CONFIRM).read(f"decided/{TableName(system, name)}")
        planned = frame["key"].isin(list(approved.get(name, ())))
        due = [column for column in frame if column == "delete" or column.startswith("erase:")]
        found[name] = frame.assign(**{column: frame[column] & planned for column in due})
    return found


def _held(run: Run, system: str, holds: pd.DataFrame) -> dict[str, list[str]]:
    """Return the keys of the records that a hold covers now, by table."""
    confirmed = run.staging.phase(CONFIRM)
    subjects = set(subjects_held(holds, confirmed.read("identifiers")).tolist())
    own = set(holds["ref"][holds["scope"] == RECORD])
    found = {}
    for name in run.policy.maps[system].tables:
        facts = confirmed.read(f"facts/{system}.{name}", columns=["key"])
        records = confirmed.read(f"records/{system}.{name}")
        held = records["held"].to_numpy(dtype=bool).copy()
        for column in records:
            if column.startswith("role:"):
                held |= records[column].isin(list(subjects)).to_numpy()
        if own:
            held |= pd.Series(record_refs(run, TableName(system, name), facts["key"])).isin(list(own)).to_numpy()
        found[name] = facts["key"][held].tolist()
    return found
