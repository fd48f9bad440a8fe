"""From the border model of a data map to the map that the engine knows."""

from __future__ import annotations

from collections.abc import Mapping

from include.retention.data_map import border
from include.retention.data_map.method_border import read_method
from include.retention.data_map.model import (
    Acknowledged,
    Column,
    Condition,
    DataMap,
    Emission,
    FileRef,
    Group,
    Link,
    OutOfScope,
    PurposeUse,
    Redaction,
    SeriesInvariant,
    SubjectRole,
    SumInvariant,
    Table,
)
from include.retention.data_map.row_border import ConditionBorder, EventBorder, LinkBorder, as_tuple
from include.retention.json_paths import JsonPath, parse_path
from include.retention.policy.model import Schedule
from include.retention.terms import Scope, SubjectKind


def build_map(read: border.DataMapBorder, digest: str, schedule: Schedule | None) -> DataMap:
    """Return the map; defaults that depend on other tables or on the schedule are filled in.

    A subject reached through another table gets that table's kind. Where ``of`` isn't written it is every role of
    the row, inherited ones too.
    """
    return DataMap(
        system=read.system,
        title=read.title.text(),
        connection=read.connection,
        schema=read.schema_,
        owner=read.owner,
        file_roots=read.file_roots,
        tables={name: _table(name, read.tables, schedule) for name in read.tables},
        digest=digest,
        ignored_tables={
            name: each if isinstance(each, str) else each.reason for name, each in read.ignore_tables.items()
        },
        ignored_columns={
            name: each.columns for name, each in read.ignore_tables.items() if isinstance(each, border.IgnoredBorder)
        },
        out_of_scope={
            name: OutOfScope(each.reason, each.by, each.on, each.review_on) for name, each in read.out_of_scope.items()
        },
        not_personal=read.not_personal,
        acknowledged=tuple(
            Acknowledged(each.table, each.column, each.path, each.looks_like, each.share, each.reason)
            for each in read.acknowledged
        ),
    )


def _table(name: str, tables: Mapping[str, border.TableBorder], schedule: Schedule | None) -> Table:
    read = tables[name]
    roles = tuple(_roles(name, tables))
    return Table(
        name=name,
        title=read.title.text(),
        key=as_tuple(read.key),
        personal=read.personal,
        note=read.note,
        when_expired=read.when_expired,
        part_of=None if read.part_of is None else _link(read.part_of),
        personal_when=tuple(map(_condition, read.personal_when)),
        subjects={role: _subject(role, name, tables) for role in read.subjects},
        emissions=tuple(_emission(each, roles) for each in read.events),
        groups={group: _group(group, each, roles, schedule) for group, each in read.groups.items()},
        columns={column: _column(column, each) for column, each in read.columns.items()},
        files=tuple(FileRef(each.column, each.root, each.group, each.derivatives) for each in read.files),
        sums=tuple(SumInvariant(each.column, each.by) for each in read.sums),
        series=tuple(SeriesInvariant(each.column, each.by) for each in read.series),
        suppresses=read.suppresses,
        triggers=read.triggers,
    )


def _roles(name: str, tables: Mapping[str, border.TableBorder]) -> list[str]:
    """Return the roles of a table's rows: their own, then those of the whole that they are a part of."""
    roles: dict[str, None] = {}
    seen: set[str] = set()
    while name in tables and name not in seen:
        seen.add(name)
        roles.update(dict.fromkeys(tables[name].subjects))
        whole = tables[name].part_of
        name = "" if whole is None else whole.table
    return list(roles)


def _subject(role: str, table: str, tables: Mapping[str, border.TableBorder]) -> SubjectRole:
    read = tables[table].subjects[role]
    return SubjectRole(
        name=role,
        kind=_kind(role, table, tables, set()),
        identifiers=read.identifiers,
        through=() if read.through is None else as_tuple(read.through),
        table=read.table,
        role=read.role,
    )


def _kind(
    role: str, table: str | None, tables: Mapping[str, border.TableBorder], seen: set[tuple[str, str]]
) -> SubjectKind:
    """Return the kind of a role, following references and wholes; a person where they lead nowhere."""
    while table is not None and table in tables and role not in tables[table].subjects:
        whole = tables[table].part_of
        table = None if whole is None or (role, table) in seen else whole.table
        seen.add((role, table or ""))
    if table is None or table not in tables or (role, f"={table}") in seen:
        return SubjectKind.PERSON
    seen.add((role, f"={table}"))
    read = tables[table].subjects[role]
    return read.kind or _kind(read.role or "", read.table, tables, seen)


def _emission(read: EventBorder, roles: tuple[str, ...]) -> Emission:
    return Emission(
        event=read.event,
        date=read.date,
        begins=read.begins,
        when_null=read.null,
        where=tuple(map(_condition, read.where)),
        of=roles if read.of is None else read.of,
        keeps=tuple(map(_link, read.keeps)),
        channel=read.channel,
        as_fiscal_year_end=read.as_ == "fiscal_year_end",
        fallback=read.fallback,
    )


def _group(name: str, read: border.GroupBorder, roles: tuple[str, ...], schedule: Schedule | None) -> Group:
    uses = [border.UseBorder(purpose=use) if isinstance(use, str) else use for use in read.purposes]
    return Group(
        name=name,
        purposes=tuple(PurposeUse(use.purpose, use.scope or _scope(use.purpose, schedule)) for use in uses),
        of=roles if read.of is None else read.of,
        channel=read.channel,
        without_purpose=read.without_purpose,
    )


def _scope(purpose: str, schedule: Schedule | None) -> Scope:
    """Return the schedule's scope; of a purpose it doesn't know, which is reported, the one that asks for least."""
    known = None if schedule is None else schedule.purposes.get(purpose)
    return Scope.RECORD if known is None else known.scope


def _column(name: str, read: str | border.ColumnBorder) -> Column:
    if isinstance(read, str):
        return Column(name=name, category=None, group=None, method=None, time_zone=None, note=read)
    method = None if read.category is None else read_method(read.method)
    paths = tuple(_path(text, each) for text, each in read.json_.items())
    redaction = None if read.redact is None else Redaction(read.redact.group, read.redact.names)
    return Column(name, read.category, read.group, method, read.time_zone, read.note, paths, redaction)


def _path(text: str, read: border.PathBorder) -> JsonPath:
    """Return a path; one that can't be read, which is reported, leads nowhere."""
    return JsonPath(text, parse_path(text) or (), read.category, read.group, read.method == "set_null")


def _condition(read: ConditionBorder) -> Condition:
    negated = read.in_ is None
    return Condition(read.column, (read.not_in if negated else read.in_) or (), negated)


def _link(read: LinkBorder) -> Link:
    return Link(as_tuple(read.by), read.table)
