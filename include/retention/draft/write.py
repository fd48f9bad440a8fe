"""The draft as YAML: what is new is added with its guess, and what a person has decided stays as it was written."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from include.retention.data_map.fit import column_facts
from include.retention.data_map.inspection import LiveSchema, LiveTable
from include.retention.data_map.model import Method
from include.retention.detect.names import is_technical
from include.retention.draft.columns import choose_method
from include.retention.draft.tables import GROUPS, Role, TableDraft
from include.retention.policy.statutes import BOOKKEEPING
from include.retention.terms import SubjectKind

HEADER = """# yaml-language-server: $schema=../schema/data_map.schema.json
#
# A draft. Every `guess` waits for a person: look at the line, correct it where it is wrong, and remove the guess.
# A map that holds a guess can be tried in a dry run, and never acts. `gallring check` says what is left to do.
"""
WIDTH = 200
TECHNICAL = "A tool's own table, not the system's data"
NO_KEY = "has no key; the engine can't act without one"
"""Said of a table as long as it has none; nobody can accept that."""
GOES_WITH = "whether they go with it (part_of) or stay (personal: false) is for a person to say"
"""Said of rows that are about somebody by their references alone; nobody can accept that unread."""
OF_WHOM = "whom does it concern? Nobody, while the table is personal: false; whoever its whole does, with part_of"
EMPTY_DATE = "what does an empty date mean? Say null: ongoing (it still goes on), absent (it never was) or unknown"
""""Never happened" and "still goes on" look alike in a database, and lead to opposite ends."""


@dataclass(slots=True)
class Added:
    """What a draft has added to a map.

    Attributes:
        tables: new tables.
        columns: new columns of tables that were mapped already, as ``table.column``.
        gone: tables and columns that are mapped and no longer in the database.
    """

    tables: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class System:
    """What a draft knows of a system besides its tables."""

    name: str
    connection: str
    schema: str | None
    events: frozenset[str]
    """Events that the schedule knows; others aren't proposed."""


def merge(
    text: str | None,
    system: System,
    live: LiveSchema,
    drafts: Mapping[str, TableDraft],
    elsewhere: Collection[str] = (),
) -> tuple[str, Added]:
    """Return a map's text with everything new in it, and what that is.

    Args:
        text: the map as it is now, or None where there is none.
        system: whose map it is.
        live: the live schema.
        drafts: per table.
        elsewhere: names and patterns of tables that the files of the system's areas speak of.
    """
    content = _new_map(system) if text is None else loaded(text)
    added = Added()
    tables = content.setdefault("tables", CommentedMap())
    left_alone = [*(content.get("ignore_tables") or ()), *(content.get("out_of_scope") or ()), *elsewhere]
    for name, draft in drafts.items():
        table = live.tables[name]
        if table is None or (name not in tables and any(fnmatchcase(name, each) for each in left_alone)):
            continue
        if name in tables:
            add_columns(tables[name], draft, table, live, added, content.get("not_personal") or ())
        elif is_technical(name):
            content.setdefault("ignore_tables", CommentedMap())[name] = TECHNICAL
            added.tables.append(name)
        else:
            tables[name] = _table(draft, table, live, system)
            added.tables.append(name)
    note_gone(tables, live, added)
    return (HEADER if text is None else "") + dumped(content), added


def note_gone(tables: Any, live: LiveSchema, added: Added) -> None:  # noqa: ANN401 - a mapping of ruamel's
    """Note the tables and columns of a map that the database no longer has."""
    for name, declared in tables.items():
        known = live.tables.get(name)
        columns = declared.get("columns") or {}
        added.gone += [name] if known is None else [f"{name}.{each}" for each in columns if each not in known.columns]


def loaded(text: str) -> Any:  # noqa: ANN401 - a mapping of ruamel's
    """Return a map as it is written, comments and all."""
    return _yaml().load(text)


def dumped(content: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of a map."""
    stream = StringIO()
    _yaml().dump(content, stream)
    return stream.getvalue()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = WIDTH
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def write(path: Path, text: str) -> None:
    """Write a map whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _new_map(system: System) -> CommentedMap:
    content = CommentedMap({"system": system.name, "title": _title(system.name), "connection": system.connection})
    if system.schema is not None:
        content["schema"] = system.schema
    content["owner"] = "Not named yet"
    content["guess"] = "Title and owner are to be filled in"
    content["tables"] = CommentedMap()
    return content


def _title(name: str) -> CommentedMap:
    words = " ".join(re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=[a-zåäö])(?=[A-ZÅÄÖ])", "_", name)))
    shown = words[:1].upper() + words[1:].lower() or name
    return _flow({"sv": shown, "en": shown})


def _flow(content: Mapping[str, Any]) -> CommentedMap:
    found = CommentedMap(content)
    found.fa.set_flow_style()
    return found


def _list(items: tuple[str, ...]) -> Any:  # noqa: ANN401 - a text or a list, as the map writes keys
    if len(items) == 1:
        return items[0]
    found = CommentedSeq(items)
    found.fa.set_flow_style()
    return found


def _table(draft: TableDraft, live: LiveTable, schema: LiveSchema, system: System) -> CommentedMap:
    table = CommentedMap({"title": _title(draft.name), "key": _list(draft.key or tuple(live.columns))})
    table["guess"] = _told(draft)
    if not draft.personal:
        table["personal"] = False
        table["note"] = "No column looks personal"
    if draft.part_of is not None:
        table["part_of"] = _flow({"table": draft.part_of.parent_table, "by": _list(draft.part_of.child_columns)})
    if draft.roles:
        table["subjects"] = CommentedMap({name: _role(role) for name, role in draft.roles.items()})
    events = _events(draft, live, system)
    if events:
        table["events"] = events
    groups = dict.fromkeys(GROUPS[guess.category] for guess in draft.guesses.values() if guess.category)
    if groups:
        table["groups"] = CommentedMap({name: CommentedMap({"purposes": _list(())}) for name in groups})
    columns = {name: _column(name, draft, live, schema) for name in live.columns}
    table["columns"] = CommentedMap(columns)
    return table


def _told(draft: TableDraft) -> str:
    parts = []
    if not draft.key:
        parts.append(NO_KEY)
    if draft.part_of is not None and draft.about is None:
        parts.append(f"part of {draft.part_of.parent_table}, by its key or its name")
    for name, role in draft.roles.items():
        known = " and ".join(role.identifiers) if role.identifiers else f"through {role.table}"
        parts.append(f"{name}: {known}")
    parts += [] if draft.personal and draft.about is None else ["no column looks personal"]
    if draft.about is not None:
        by = ", ".join(draft.about.child_columns)
        parts.append(f"its rows refer to {draft.about.parent_table} by {by}: {GOES_WITH}")
    return "; ".join(parts) or "about nobody, as far as can be seen"


def _role(role: Role) -> CommentedMap:
    if role.through:
        return _flow({"through": _list(role.through), "table": role.table, "role": role.role})
    identifiers = _flow({kind.value: column for kind, column in role.identifiers.items()})
    return _flow({"kind": SubjectKind(role.kind).value, "identifiers": identifiers})


def _events(draft: TableDraft, live: LiveTable, system: System) -> CommentedSeq:
    found = CommentedSeq()
    for name, guess in draft.guesses.items():
        if guess.event in system.events:
            event = {"event": guess.event, "date": name}
            # The law counts from the end of the year.
            event |= {"as": "fiscal_year_end"} if guess.event == BOOKKEEPING.event else {}
            asked = [OF_WHOM] if not draft.personal and draft.about is not None else []
            asked += [EMPTY_DATE] if live.columns[name].nullable else []
            event |= {"guess": "; ".join(asked)} if asked else {}
            found.append(_flow(event))
    return found


def _column(name: str, draft: TableDraft, live: LiveTable, schema: LiveSchema) -> CommentedMap:
    guess = draft.guesses[name]
    reference = next((table for columns, table in draft.refers_to.items() if name in columns), None)
    if guess.category is None:
        if name in draft.key or reference:
            note = "Key" if name in draft.key else f"Refers to {reference}"
            return _flow({"note": note, "guess": str(replace(guess, confidence=95))})
        return _flow({"note": "Not personal", "guess": str(guess)})
    types = {each: column.type for each, column in live.columns.items()}
    personal = {each for each, guessed in draft.guesses.items() if guessed.category}
    method = choose_method(column_facts(draft.name, draft.key, name, personal, live, schema.foreign_keys, types))
    content = {"category": guess.category, "group": GROUPS[guess.category]}
    why = str(guess) if method is not None else f"{guess}; no method fits the column as it is"
    if method is not None and method.name != "set_null":
        content["method"] = _method(method)
    return _flow({**content, "guess": why})


def _method(method: Method) -> Any:  # noqa: ANN401 - a word or a mapping, as the map writes methods
    return _flow({"constant": method.value}) if method.name == "constant" else method.name


def add_columns(  # noqa: PLR0913, PLR0917 - a table as it is declared, drafted and live, and what is noted
    declared: Any,  # noqa: ANN401 - a mapping of ruamel's
    draft: TableDraft,
    live: LiveTable,
    schema: LiveSchema,
    added: Added,
    not_personal: Collection[str],
) -> None:
    """Add the columns that a declared table lacks, but for those that the map's patterns answer for."""
    columns = declared.setdefault("columns", CommentedMap())
    for name in live.columns:
        if name not in columns and not any(fnmatchcase(name, each) for each in not_personal):
            columns[name] = _column(name, draft, live, schema)
            group = GROUPS.get(str(draft.guesses[name].category))
            if group is not None:
                groups = declared.setdefault("groups", CommentedMap())
                groups.setdefault(group, CommentedMap({"purposes": _list(())}))
            added.columns.append(f"{draft.name}.{name}")
