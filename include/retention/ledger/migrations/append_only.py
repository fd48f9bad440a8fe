"""The triggers that make the database itself refuse to rewrite the ledger.

They hold against mistakes and against whoever has the application's rights. They don't hold against the database's
owner, who can drop them: for that there is the hash chain, and its head in every report that has left the house.

An entry may be added only behind the head; the head may move only onto that entry. So neither a gap, nor a fork, nor
SQLite's ``INSERT OR REPLACE`` (which deletes without firing a delete trigger) gets in. Entries up to the floor may be
deleted, and the floor may rise only in the company of an ``evidence_expired`` entry: see ``expiry``.
"""

from __future__ import annotations

_ADVANCES = """
    NEW.id = OLD.id AND NEW.seq = OLD.seq + 1
    AND NEW.floor_seq = OLD.floor_seq AND NEW.floor_hash = OLD.floor_hash
    AND EXISTS (SELECT 1 FROM ledger_entry e WHERE e.seq = NEW.seq AND e.hash = NEW.hash)
"""
_RAISES_FLOOR = """
    NEW.id = OLD.id AND NEW.seq = OLD.seq AND NEW.hash = OLD.hash
    AND NEW.floor_seq > OLD.floor_seq AND NEW.floor_seq < NEW.seq
    AND EXISTS (SELECT 1 FROM ledger_entry e WHERE e.seq = NEW.floor_seq AND e.hash = NEW.floor_hash)
    AND EXISTS (SELECT 1 FROM ledger_entry e WHERE e.seq = NEW.seq AND e.kind = 'evidence_expired')
"""
_FOLLOWS = "EXISTS (SELECT 1 FROM ledger_head h WHERE h.seq + 1 = NEW.seq AND h.hash = NEW.prev_hash)"
_EXPIRED = "EXISTS (SELECT 1 FROM ledger_head h WHERE h.floor_seq >= OLD.seq)"

_REFUSALS = (
    # name, table, event, what must hold (None: never allowed), what the database says
    ("ledger_entry_stays", "ledger_entry", "UPDATE", None, "the ledger is append-only: no entry is changed"),
    ("ledger_entry_remains", "ledger_entry", "DELETE", _EXPIRED, "the ledger is append-only: no entry is deleted"),
    ("ledger_entry_follows", "ledger_entry", "INSERT", _FOLLOWS, "a ledger entry must follow the head"),
    ("ledger_head_remains", "ledger_head", "DELETE", None, "the head of the ledger is never deleted"),
    ("ledger_head_single", "ledger_head", "INSERT", None, "the ledger has one head"),
    (
        "ledger_head_moves",
        "ledger_head",
        "UPDATE",
        f"(({_ADVANCES}) OR ({_RAISES_FLOOR}))",
        "the head of the ledger moves only onto the entry after it",
    ),
)


def _sqlite(name: str, table: str, event: str, allowed: str | None, says: str) -> tuple[str, ...]:
    when = f"WHEN NOT {allowed}" if allowed else ""
    return (f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when} BEGIN SELECT RAISE(ABORT, '{says}'); END",)


def _postgresql(name: str, table: str, event: str, allowed: str | None, says: str) -> tuple[str, ...]:
    row = "OLD" if event == "DELETE" else "NEW"
    refuse = f"RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation';"
    body = f"IF NOT {allowed} THEN {refuse} END IF; RETURN {row};" if allowed else refuse
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


def _postgresql_truncate(table: str) -> tuple[str, ...]:
    name = f"{table}_whole"
    refuse = "RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation';"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refuse} END $$",
        f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )


SQLITE = tuple(statement for refusal in _REFUSALS for statement in _sqlite(*refusal))
POSTGRESQL = (
    *(statement for refusal in _REFUSALS for statement in _postgresql(*refusal)),
    *_postgresql_truncate("ledger_entry"),
    *_postgresql_truncate("ledger_head"),
)
