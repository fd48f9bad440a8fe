"""Step 6, act, for one system: the approved plan, what is confirmed of it, and the last look before each batch."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import sqlalchemy as sa

from include.retention import clock
from include.retention.act import ActResult, Batch, BatchResult, act_on_system
from include.retention.act_progress import ActProgress
from include.retention.data_map.model import with_declared
from include.retention.deciding import subjects_held
from include.retention.errors import ActError, ApprovalError, LedgerError, Problem, StopError
from include.retention.extract import Extractor
from include.retention.facts import json_key
from include.retention.keys import RECORD
from include.retention.ledger.approvals import approval_for
from include.retention.ledger.batches import BatchState, batches_of, start_batch, verify_batch
from include.retention.ledger.chain import append, entries
from include.retention.ledger.holds import holds_in_force
from include.retention.ledger.items import ItemState, mark_batch, mark_items
from include.retention.ledger.locks import Fence, held_lock
from include.retention.ledger.recognise import translated_holds
from include.retention.ledger.store import reading
from include.retention.ledger.watching_key import Found
from include.retention.polymorphic_sql import typed_references
from include.retention.reading import closed_by, extractor_for, live_problems, one_moment, system_engine, why_closed
from include.retention.remembered import recognised
from include.retention.run import Run
from include.retention.sealing import require_confirmed, require_sealed
from include.retention.sparing import manner_for, stopped
from include.retention.staging import CONFIRM
from include.retention.terms import Mode, Verdict
from include.retention.validate.baseline import baseline_name, take_baseline, witness_name
from include.retention.verifying import due_before_act


def act_on(run: Run, system: str) -> dict[str, Any]:
    """Carry out what is approved and confirmed in one system, and say in the ledger what was measured.

    Raises:
        ApprovalError: no approval of exactly this plan is in force, or the run is a dry run.
        LockError: another process is destroying in the system.
        StopError: somebody has stopped everything that destroys.
        ActError: something remains that the plan orders.
    """
    require_approval(run)
    items = require_confirmed(run)
    items = items[items["system"] == system]
    _require_no_stop(run, system, items)
    data_map = run.policy.maps[system]
    engine = system_engine(data_map, writes=True, timeouts=run.settings.limits.timeouts)
    reader = system_engine(data_map)
    try:
        with held_lock(run.control, system, run.run_id, clock.now) as fence:
            extractor = extractor_for(run, data_map, reader)
            closed = _closed_since_plan(run, system, live_problems(data_map, reader), items)
            _keep_baseline(run, reader, extractor, items, fence)
            batches = list(_batches(run, items, closed))
            journal = _Journal(run, {batch.batch_id: lost for batch, lost in batches}, fence)
            for batch, _ in batches:
                if not batch.keys:
                    journal.started(batch)
                    journal.verified(batch, BatchResult(done=0, drift=0, remaining=0))
            wholes = dict(zip(items["record_ref"], items["wholes"], strict=True))
            subjects = dict(zip(items["record_ref"], items["subjects"], strict=True))
            identifiers = run.staging.phase(CONFIRM).read("identifiers")
            found = recognised(run, run.staging.phase(CONFIRM))
            result = act_on_system(
                engine,
                data_map,
                extractor.references,
                [batch for batch, _ in batches if batch.keys],
                recheck=_Recheck(run, extractor, subjects, wholes, identifiers, found, journal.drifted, fence),
                journal=journal,
                progress=ActProgress(system, sum(len(batch.keys) for batch, _ in batches)),
                manner=manner_for(run, data_map, reader),
                closed=closed,
            )
    finally:
        engine.dispose()
        reader.dispose()
    return _told(system, result)


def require_approval(run: Run) -> None:
    """Let nothing be destroyed without an approval of exactly the plan at hand.

    A task that somebody marked successful by hand leaves no entry in the ledger, so it is no approval.
    """
    if run.row.mode is not Mode.ENFORCE:
        message = f"run {run.run_id} is a dry run: it may change nothing."
        raise ApprovalError(message)
    require_sealed(run)
    with reading(run.control) as connection:
        approval = approval_for(connection, run.run_id, str(run.row.plan_digest))
    if approval is None:
        message = (
            f"run {run.run_id}: the ledger holds no approval of its plan {str(run.row.plan_digest)[:12]}. "
            "Marking a task as successful is none: clear `ask_for_approval` and answer it."
        )
        raise ApprovalError(message)


def _require_no_stop(run: Run, system: str, items: pd.DataFrame) -> None:
    """Begin nothing while destroying is stopped, and say so in the ledger, table by table.

    Raises:
        StopError: names who has stopped it, and the way on.
    """
    stop, records = stopped(run), items["table"][items["confirmed"]].value_counts()
    if stop is None or records.empty:
        return
    what = f"destroying is stopped by {stop.by}: {stop.reason}"
    with run.control.begin() as connection:
        for table, count in records.sort_index().items():
            _append_not_done(connection, run, system, str(table), what, int(count))
    raise StopError(
        f"Nothing was begun in {system}: {what}. Let it go on with `gallring stop --release`, and clear `act`."
    )


def _closed_since_plan(run: Run, system: str, problems: Sequence[Problem], items: pd.DataFrame) -> frozenset[str]:
    """Return the tables of which the plan holds something and that have closed since, and tell the ledger of them.

    A table that was closed already has nothing in the plan. One that has been mended since an earlier attempt to act is
    told of as well: the latest entry counts.
    """
    closed = closed_by(problems) & set(items["table"])
    with reading(run.control) as connection:
        before = [each for each in entries(connection, run.run_id, "closed") if each.body["system"] == system]
    if closed or before:
        body: dict[str, Any] = {"system": system, "tables": why_closed(system, closed, problems)}
        with run.control.begin() as connection:
            append(connection, run.run_id, "closed", body, clock.now())
    return closed


def _batches(run: Run, items: pd.DataFrame, closed: Collection[str]) -> Iterator[tuple[Batch, list[str]]]:
    """Yield the batches that aren't verified yet, each with the records that confirmation left out of it.

    Nothing can be said of the records of a table that has closed since the plan, so none of them is left out.
    """
    with reading(run.control) as connection:
        states = {each.batch: each.state for each in batches_of(connection, run.run_id)}
    for number, rows in items.groupby("batch", sort=True):
        if states[int(number)] is BatchState.VERIFIED:
            continue
        stays = rows["confirmed"] | rows["table"].isin(list(closed))
        still = rows[stays]
        first = rows.iloc[0]
        batch = Batch(
            batch_id=str(number),
            system=first["system"],
            table=first["table"],
            action=Verdict(first["action"]),
            groups=tuple(json.loads(first["groups"])),
            keys=[tuple(json.loads(key)) for key in still["key"]],
            record_refs=still["record_ref"].tolist(),
            fingerprints=still["fingerprint"].tolist(),
            again=states[int(number)] is not BatchState.PLANNED,
        )
        yield batch, rows["record_ref"][~stays].tolist()


@dataclass(frozen=True, slots=True)
class _Recheck:
    """The last look, inside the transaction of each piece of a batch: have rows changed, is there a hold on them now?

    Is the system's lock still ours? The rows are locked by now, so whoever has taken it over waits for them.
    """

    run: Run
    extractor: Extractor
    subjects: Mapping[str, list[int]]
    wholes: Mapping[str, list[str]]
    identifiers: pd.DataFrame
    recognised: Found
    drifted: dict[str, set[str]]
    fence: Fence

    def __call__(self, connection: sa.Connection, batch: Batch) -> list[bool]:
        """Return for each record of the piece whether it may be destroyed.

        A record that is gone, or has nothing left, passes: there is nothing to protect and nothing to do.
        """
        table = self.extractor.data_map.tables[batch.table]
        facts = self.extractor.read_keys(connection, table, batch.keys)
        left = facts[[f"left:{group}" for group in batch.groups]].any(axis=1) | (batch.action is Verdict.DELETE)
        protected = facts[left]
        now = dict(zip(protected["key"], protected["fingerprint"], strict=True))
        held = self._held(batch)
        names = [json_key(key) for key in batch.keys]
        passes = [
            name not in now or (now[name] == fingerprint and ref not in held)
            for name, ref, fingerprint in zip(names, batch.record_refs, batch.fingerprints, strict=True)
        ]
        drifted = self.drifted.setdefault(batch.batch_id, set())
        drifted.difference_update(batch.record_refs)  # An attempt before may have seen otherwise.
        drifted.update(ref for ref, passed in zip(batch.record_refs, passes, strict=True) if not passed)
        return passes

    def _held(self, batch: Batch) -> set[str]:
        with reading(self.run.control) as connection:
            self.fence(connection)
            holds = translated_holds(holds_in_force(connection), self.recognised)
        if holds.empty:
            return set()
        held_subjects = set(subjects_held(holds, self.identifiers).tolist())
        own = set(holds["ref"][holds["scope"] == RECORD])
        return {
            ref
            for ref in batch.record_refs
            if own & {ref, *self.wholes[ref]} or held_subjects & set(self.subjects[ref])
        }


@dataclass(frozen=True, slots=True)
class _Journal:
    """What act does, written into the control database as it happens, and only while the system's lock is ours.

    Writers wait for their turn with their first statement, so what the fence says after it holds until they commit.

    Attributes:
        lost: per batch the records that confirmation left out.
        drifted: per batch the records that the last look left out.
    """

    run: Run
    lost: Mapping[str, list[str]]
    fence: Fence
    drifted: dict[str, set[str]] = field(default_factory=dict)

    def started(self, batch: Batch) -> None:
        """Say that a batch is about to be sent."""
        with self.run.control.begin() as connection:
            start_batch(connection, self.run.run_id, int(batch.batch_id), clock.now())
            self.fence(connection)

    def verified(self, batch: Batch, result: BatchResult) -> None:
        """Say what was measured after it; what confirmation had left out counts as drift."""
        files = {"deleted": result.files.deleted, "absent": result.files.absent, "refused": result.files.refused}
        number, now, lost = int(batch.batch_id), clock.now(), self.lost[batch.batch_id]
        late = self.drifted.get(batch.batch_id, set())
        acted = ItemState.NOT_DONE if result.remaining else ItemState.DONE
        with self.run.control.begin() as connection:
            verify_batch(
                connection,
                self.run.run_id,
                number,
                done=result.done,
                drift=result.drift + len(lost),
                remaining=result.remaining,
                files=files,
                at=now,
            )
            mark_items(connection, self.run.run_id, [*lost, *sorted(late)], ItemState.DRIFT, now)
            sent = len(batch.record_refs) - len(late)
            if mark_batch(connection, self.run.run_id, number, acted, now) != sent:
                raise LedgerError(
                    f"run {self.run.run_id}, batch {number}: its records in the ledger aren't the plan's."
                )
            self.fence(connection)

    def not_done(self, system: str, table: str, what: str, count: int) -> None:
        """Say that rows of a table weren't carried out, and why."""
        with self.run.control.begin() as connection:
            _append_not_done(connection, self.run, system, table, what, count)
            self.fence(connection)


def _append_not_done(connection: sa.Connection, run: Run, system: str, table: str, what: str, count: int) -> None:  # noqa: PLR0913, PLR0917 - each is in the entry
    body: dict[str, Any] = {"system": system, "table": table, "what": what, "count": count}
    append(connection, run.run_id, "not_done", body, clock.now())


def _keep_baseline(run: Run, reader: sa.Engine, extractor: Extractor, items: pd.DataFrame, fence: Fence) -> None:
    """Count the system once before its first batch; a retry must not count what is already changed."""
    staging = run.staging.phase(CONFIRM)
    system = extractor.data_map.system
    name = baseline_name(system)
    if staging.has_json(name):
        return
    references = with_declared(extractor.references, extractor.data_map.tables)
    with reader.connect() as plain, one_moment(plain) as connection:
        content = take_baseline(
            connection,
            extractor.data_map,
            typed_references(references, extractor.data_map.tables, extractor.types),
            due_before_act(run, system, items),
            types=extractor.types,
            keep=lambda table, witness: staging.write(witness_name(system, table), witness),
            environ=os.environ,
            key=run.ring.current,
        )
    with reading(run.control) as connection:
        fence(connection)
    staging.write_json(name, content)


def _told(system: str, result: ActResult) -> dict[str, Any]:
    """Return the counts, unless something that the plan orders remains.

    Raises:
        ActError: names the tables and counts.
    """
    undone = sum(each.count for each in result.not_done)
    if undone:
        named = "; ".join(f"{each.table}: {_rows(each.count)}, {each.what}" for each in result.not_done)
        verb = "isn't" if undone == 1 else "aren't"
        raise ActError(f"{_rows(undone)} of {system} {verb} done. {named}. See the report.")
    return {"system": system, "done": result.done, "drift": result.drift}


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
