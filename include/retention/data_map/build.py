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
from include.retention.data_map.polymorphic import Polymorphic, arm_name
from include.retention.data_map.row_border import ConditionBorder, EventBorder, LinkBorder, Names, as_links, as_tuple
from include.retention.json_paths import JsonPath, parse_path
from include.retention.policy.model import Schedule
from include.retention.terms import Scope, SubjectKind, WhenNull


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
    references = {each: told.reference(each) for each, told in read.references.items()}
    wholes = tuple(_link(each, references) for each in as_links(read.part_of))
    return Table(
        name=name,
        title=read.title.text(),
        key=as_tuple(read.key),
        personal=read.personal,
        note=read.note,
        when_expired=read.when_expired,
        part_of=wholes[0] if wholes else None,
        personal_when=tuple(map(_condition, read.personal_when)),
        subjects={role: _subject(role, name, tables, references) for role in read.subjects},
        emissions=tuple(_emission(each, roles, references) for each in read.events),
        groups={group: _group(group, each, roles, schedule) for group, each in read.groups.items()},
        columns={column: _column(column, each) for column, each in read.columns.items()},
        files=tuple(FileRef(each.column, each.root, each.group, each.derivatives) for each in read.files),
        sums=tuple(SumInvariant(each.column, each.by) for each in read.sums),
        series=tuple(SeriesInvariant(each.column, each.by) for each in read.series),
        suppresses=read.suppresses,
        triggers={each: told if isinstance(told, str) else told.note for each, told in read.triggers.items()},
        copies={each: as_tuple(told.writes) for each, told in read.triggers.items() if not isinstance(told, str)},
        references=references,
        empties=read.empties,
        orphans_go=read.orphans == "delete",
        other_wholes=wholes[1:],
    )


def _roles(name: str, tables: Mapping[str, border.TableBorder]) -> list[str]:
    """Return the roles of a table's rows: their own, then those of the wholes that they are parts of."""
    return list(dict.fromkeys(role for each in _upwards(name, tables) for role in tables[each].subjects))


def _upwards(name: str, tables: Mapping[str, border.TableBorder]) -> list[str]:
    """Return a table, those that its rows are parts of, those of these, and so on, each once."""
    found = [name] if name in tables else []
    for each in found:
        wholes = dict.fromkeys(link.table for link in as_links(tables[each].part_of))
        found += [whole for whole in wholes if whole in tables and whole not in found]
    return found


def _subject(
    role: str, table: str, tables: Mapping[str, border.TableBorder], references: Mapping[str, Polymorphic]
) -> SubjectRole:
    read = tables[table].subjects[role]
    return SubjectRole(
        name=role,
        kind=_kind(role, table, tables, set()),
        identifiers=read.identifiers,
        through=() if read.through is None else _columns(read.through, read.table or "", references),
        table=read.table,
        role=read.role,
        to=() if read.to is None else as_tuple(read.to),
    )


def _kind(
    role: str, table: str | None, tables: Mapping[str, border.TableBorder], seen: set[tuple[str, str]]
) -> SubjectKind:
    """Return the kind of a role, following references and wholes; a person where they lead nowhere."""
    known = (each for each in _upwards(table or "", tables) if role in tables[each].subjects)
    table = next(known, None)
    if table is None or (role, table) in seen:
        return SubjectKind.PERSON
    seen.add((role, table))
    read = tables[table].subjects[role]
    return read.kind or _kind(read.role or "", read.table, tables, seen)


def _emission(read: EventBorder, roles: tuple[str, ...], references: Mapping[str, Polymorphic]) -> Emission:
    return Emission(
        event=read.event,
        date=read.date,
        begins=read.begins,
        when_null=WhenNull.ONGOING if read.ongoing else read.null,
        where=tuple(map(_condition, read.where)),
        of=roles if read.of is None else read.of,
        keeps=tuple(_link(each, references) for each in read.keeps),
        channel=read.channel,
        as_fiscal_year_end=read.as_ == "fiscal_year_end",
        fallback=read.fallback,
        special=read.special,
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


def _link(read: LinkBorder, references: Mapping[str, Polymorphic]) -> Link:
    to = () if read.to is None else as_tuple(read.to)
    return Link(_columns(read.by, read.table, references), read.table, to)


def _columns(names: Names, table: str, references: Mapping[str, Polymorphic]) -> tuple[str, ...]:
    """Return the columns of a reference, or the arm of a polymorphic one that leads to the table."""
    return (arm_name(names, table),) if isinstance(names, str) and names in references else as_tuple(names)
