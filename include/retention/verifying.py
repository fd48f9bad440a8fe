"""Step 7, validate, for one system: read it once more, measure, have Great Expectations judge, tell the ledger."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from typing import Any

import pandas as pd

from include.retention.data_map.model import Table
from include.retention.deciding import record_refs, subjects_held
from include.retention.errors import ValidationError
from include.retention.inside import columns_to_read
from include.retention.keys import RECORD
from include.retention.ledger.batches import batches_of
from include.retention.ledger.chain import append
from include.retention.ledger.holds import holds_in_force
from include.retention.ledger.items import ItemState, items_of
from include.retention.ledger.recognise import translated_holds
from include.retention.ledger.store import reading
from include.retention.live_schema import all_references
from include.retention.polymorphic_sql import typed_references
from include.retention.reading import at_one_moment
from include.retention.remembered import recognised
from include.retention.resolve import TableName
from include.retention.run import Run
from include.retention.staging import AFTER, CONFIRM, PLAN, Staging, sizes_name
from include.retention.terms import Verdict
from include.retention.validate.baseline import baseline_name, witness_name
from include.retention.validate.measure import Decided, Means, measure


def validate_system(run: Run, system: str) -> dict[str, Any]:
    """Measure a system afresh and judge it.

    Raises:
        ValidationError: a critical check failed, or couldn't be carried out; or the act never began, so that there is
            nothing to compare with.
    """
    measurements = _measured(run, system)
    # Great Expectations takes two seconds and 90 MB, so it comes when the frames are gone.
    from include.retention.validate.expectations import judge  # noqa: PLC0415 - only validation needs it

    checks = judge(system, measurements)
    with run.control.begin() as connection:
        append(connection, run.run_id, "validated", {"system": system, "checks": checks}, run.now)
    wrong = [check for check in checks if check["outcome"] != "pass" and check["severity"] == "critical"]
    if wrong:
        named = "; ".join(f"{check['table'] or system}: {check['check']} ({check['outcome']})" for check in wrong)
        message = f"{len(wrong)} of {len(checks)} checks of {system} didn't pass: {named}. See the report."
        raise ValidationError(message)
    return {"system": system, "checks": len(checks)}


def _measured(run: Run, system: str) -> pd.DataFrame:
    """Return the measurements of a system, and keep how many rows its tables have for the next run."""
    confirmed = run.staging.phase(CONFIRM)
    if not confirmed.has_json(baseline_name(system)):
        message = f"{system} can't be judged: `act` never began there. Mend what stopped it and clear `act`."
        raise ValidationError(message)
    decided = _decided(run, system, confirmed)
    data_map = run.policy.maps[system]
    with at_one_moment(run, system) as (extractor, connection, _):
        references = typed_references(all_references(run, confirmed, system), data_map.tables, extractor.types)
        means = Means(connection, extractor.types, run.normaliser, os.environ, run.ring.current)
        measurements, sizes = measure(means, data_map, references, decided)
    run.staging.phase(AFTER).write_json(sizes_name(system), sizes)
    return measurements


def due_before_act(run: Run, system: str, items: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return per table the records that the approved plan was to change, as confirmed, with what was to become of them.

    What has become due since the plan wasn't approved: it counts as not due, and has to be there still.
    """
    approved = {table: set(rows["key"]) for table, rows in items.groupby("table")}
    return {
        table.name: _due(run, system, table, approved.get(table.name, frozenset()))
        for table in run.policy.maps[system].tables.values()
    }


def _due(run: Run, system: str, table: Table, approved: Collection[str]) -> pd.DataFrame:
    due = ["delete", *(f"erase:{group}" for group in table.groups)]
    inside = [f"redact:{group}" for group in table.groups if columns_to_read(table, [group])]
    columns = ["key", *due, *(f"left:{group}" for group in table.groups), *inside]
    found = [pd.DataFrame({name: pd.Series(dtype=object if name == "key" else bool) for name in columns})]
    if approved:
        for chunk in run.staging.phase(CONFIRM).chunks(f"decided/{TableName(system, table.name)}", columns):
            mine = chunk[chunk["key"].isin(list(approved)) & chunk[due].any(axis=1)]
            found += [mine] if len(mine) else []
    return pd.concat(found[1:] or found, ignore_index=True)


def _decided(run: Run, system: str, confirmed: Staging) -> Decided:
    """Return what was decided on a system, what the ledger says was done, and what is known of holds."""
    with reading(run.control) as connection:
        batches = batches_of(connection, run.run_id, system)
        states = items_of(connection, run.run_id, system)
        drifted = set(states["record_ref"][states["state"] == ItemState.DRIFT])
        del states  # One row for each that was due, with all that the ledger knows.
    deleted: Counter[str] = Counter()
    for batch in batches:
        deleted[batch.table] += batch.done or 0 if batch.action == Verdict.DELETE else 0
    items = confirmed.read("items", columns=["system", "table", "key", "record_ref"])
    items = items[items["system"] == system]

    def seen(table: str, keys: pd.Series) -> pd.DataFrame:
        groups = run.policy.maps[system].tables[table].groups
        columns = ["key", *(f"left:{group}" for group in groups)]
        chunks = confirmed.chunks(f"decided/{TableName(system, table)}", columns)
        found = [chunk[chunk["key"].isin(keys)] for chunk in chunks]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)

    return Decided(
        baseline=confirmed.read_json(baseline_name(system)),
        witness=lambda table: confirmed.read(witness_name(system, table)),
        due=due_before_act(run, system, items),
        seen=seen,
        drift=items[items["record_ref"].isin(list(drifted))],
        entries=confirmed.read("suppressed"),
        planned_entries=run.staging.phase(PLAN).read("suppressed"),
        held=lambda table: _held(run, system, table),
        deleted=deleted,
    )


def _held(run: Run, system: str, table: str) -> list[str]:
    """Return the keys of a table's records that a hold covers now."""
    confirmed = run.staging.phase(CONFIRM)
    with reading(run.control) as connection:
        holds = translated_holds(holds_in_force(connection), recognised(run, confirmed))
    subjects = set(subjects_held(holds, confirmed.read("identifiers")).tolist())
    own = set(holds["ref"][holds["scope"] == RECORD])
    facts = confirmed.read(f"facts/{system}.{table}", columns=["key"])
    records = confirmed.read(f"records/{system}.{table}")
    held = records["held"].to_numpy(dtype=bool).copy()
    for column in records:
        if column.startswith("role:"):
            held |= records[column].isin(list(subjects)).to_numpy()
    if own:
        held |= pd.Series(record_refs(run, TableName(system, table), facts["key"])).isin(list(own)).to_numpy()
    keys: list[str] = facts["key"][held].tolist()
    return keys
