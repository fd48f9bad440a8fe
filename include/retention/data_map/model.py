"""The data map as the engine knows it: frozen, validated, free of YAML.

``load.py`` builds these from ``include/policy/data_map/<system>.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from include.retention.data_map.polymorphic import Arm, Polymorphic, reference_of
from include.retention.json_paths import JsonPath
from include.retention.policy.model import Text
from include.retention.terms import IdentifierKind, Scope, SubjectKind, WhenExpired, WhenNull, WithoutPurpose


@dataclass(frozen=True, slots=True)
class Method:
    """An anonymisation method and its parameters: see ``methods.py``.

    Attributes:
        name: ``set_null``, ``constant``, ``shorten``, ``year_of_date``, ``ip_network``, ``unique_placeholder`` or
            ``bucket``; of a part of a JSON document ``remove`` or ``set_null``. ``with_row`` changes nothing in place:
            only deleting the row erases the value.
        value: the constant, where the method has one.
        length: characters that ``shorten`` leaves.
        size: the width of a ``bucket``.
    """

    name: str
    value: str | int | None = None
    length: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Redaction:
    """What another column group replaces inside a free text, before the text's own group erases it whole.

    Attributes:
        group: the column group with which it goes.
        names: columns of the same row with the person's names.
    """

    group: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column.

    Attributes:
        name: as in the database, quoted by SQLAlchemy where it needs to be.
        category: name of a data category, or None for a column that isn't personal.
        group: the column group that decides over it; None for a column that isn't personal.
        method: how it is erased when the row stays; None for a column that isn't personal.
        time_zone: IANA zone of a naive timestamp; None means the schedule's zone.
        note: why a column isn't personal, or what it holds.
        paths: parts of a JSON document that column groups of their own decide over; what stands above is then
            about the rest of it.
        redaction: of a free text, what another group replaces inside it; the text stays personal.
    """

    name: str
    category: str | None
    group: str | None
    method: Method | None
    time_zone: str | None
    note: str
    paths: tuple[JsonPath, ...] = ()
    redaction: Redaction | None = None

    @property
    def erased_with_row(self) -> bool:
        """Return whether only deleting the row erases it."""
        return self.method is not None and self.method.name == "with_row"

    def personal_parts(self) -> Iterator[Column]:
        """Yield what is personal: the column itself, and each path in it as if it were a column of its own."""
        if self.group is not None:
            yield self
        for path in self.paths:
            method = Method("set_null" if path.keep_key else "remove")
            yield Column(f"{self.name} {path.text}", path.category, path.group, method, None, "")


@dataclass(frozen=True, slots=True)
class PurposeUse:
    """A purpose of a column group, with the scope its clock has here."""

    purpose: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class Group:
    """Columns with the same purposes. They get one verdict.

    Attributes:
        name: unique in the table.
        purposes: empty where the columns have no purpose at all.
        of: subject roles concerned; the group is kept while any of them has a live purpose on it.
        channel: marketing channel (``email``, ``sms``, ``phone``, ``post``) that an objection may name, or None.
        without_purpose: what to do when none of the purposes ever started.
    """

    name: str
    purposes: tuple[PurposeUse, ...]
    of: tuple[str, ...]
    channel: str | None
    without_purpose: WithoutPurpose


@dataclass(frozen=True, slots=True)
class SubjectRole:
    """A data subject that a record concerns.

    Attributes:
        name: the role, for example ``customer`` or ``gift_recipient``.
        kind: person or company.
        identifiers: identifier kind -> column of this table.
        through: foreign key columns of this table, or () where the identifiers stand in the row itself.
        table: the table that ``through`` points at (by its key), or None.
        role: the role in that table.
        to: the columns of that table that ``through`` points at, or () for its key.
    """

    name: str
    kind: SubjectKind
    identifiers: Mapping[IdentifierKind, str]
    through: tuple[str, ...]
    table: str | None
    role: str | None
    to: tuple[str, ...] = ()

    @property
    def link(self) -> Link | None:
        """Return the reference to the row in which the role is known, or None where that is this row."""
        return Link(self.through, self.table, self.to) if self.through and self.table else None


Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Condition:
    """Column in (or not in) a list of values; None in the list stands for NULL."""

    column: str
    values: tuple[Scalar, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A reference from this table's rows to another table's key.

    Attributes:
        columns: names of columns, or of the arm of a polymorphic reference.
        table: the other table.
        to: the other table's columns that are referred to, or () for its key.
    """

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Emission:
    """A rule by which rows of a table tell of an event.

    Attributes:
        event: name in ``Schedule.events``.
        date: column that holds the day or the instant; None where the event has no day and goes on while ``where``
            holds.
        begins: column with the beginning of an episode that ``date`` ends; a beginning after the end is
            contradictory.
        when_null: what an empty date means.
        where: all conditions must hold, else the row emits nothing.
        of: subject roles the event concerns besides the record itself.
        keeps: other records that the event also concerns, found by foreign key.
        channel: a column naming the marketing channel, or None. NULL or ``all`` means every channel.
        as_fiscal_year_end: the event's day is the last day of the fiscal year that the date falls in.
        fallback: column whose day is used once a referral has waited its time out, or None.
        special: days that are no days -> what they mean, such as 9999-12-31.
    """

    event: str
    date: str | None
    begins: str | None
    when_null: WhenNull
    where: tuple[Condition, ...]
    of: tuple[str, ...]
    keeps: tuple[Link, ...]
    channel: str | None
    as_fiscal_year_end: bool
    fallback: str | None
    special: Mapping[str, WhenNull] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileRef:
    """Files on disk that a row points at: deleted before the pointer.

    Attributes:
        column: holds the path relative to the root.
        root: name of a root in ``DataMap.file_roots``.
        group: the column group whose expiry deletes the files.
        derivatives: patterns with ``{stem}`` (path without extension), for thumbnails and scanned text.
    """

    column: str
    root: str
    group: str
    derivatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SumInvariant:
    """A sum over retained rows that a run mustn't change, per value of the ``by`` columns."""

    column: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesInvariant:
    """A number series whose gaps the ledger must explain, per value of the ``by`` columns."""

    column: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A declared table.

    Attributes:
        name: as in the database.
        key: columns of the primary key, in order.
        personal: False for reference tables: read for events and links at most, never changed.
        note: why a table isn't personal.
        personal_when: rows outside these conditions hold no personal data and are left alone.
        part_of: the record that this row is a part of: it inherits its subjects and its record events, and a
            row without column groups of its own follows the whole's verdict.
    """

    name: str
    title: Text
    key: tuple[str, ...]
    personal: bool
    note: str
    when_expired: WhenExpired
    part_of: Link | None
    personal_when: tuple[Condition, ...]
    subjects: Mapping[str, SubjectRole]
    emissions: tuple[Emission, ...]
    groups: Mapping[str, Group]
    columns: Mapping[str, Column]
    files: tuple[FileRef, ...]
    sums: tuple[SumInvariant, ...]
    series: tuple[SeriesInvariant, ...]
    suppresses: bool
    """True for marketing lists: nobody who has objected may remain on them."""
    triggers: Mapping[str, str] = field(default_factory=dict)
    """Triggers that a run may fire -> why each is harmless."""
    copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Triggers that keep what is changed -> the tables to which they write it."""
    references: Mapping[str, Polymorphic] = field(default_factory=dict)
    """References that lead to several tables, by the map's names for them."""
    orphans_go: bool = False
    """A part without groups whose whole isn't there is deleted."""
    empties: tuple[str, ...] = ()
    """Columns with references that are set to NULL when the row that they refer to is deleted."""
    other_wholes: tuple[Link, ...] = ()
    """What its rows may be parts of besides ``part_of``."""

    @property
    def wholes(self) -> tuple[Link, ...]:
        """Return what a row may be a part of: ``part_of`` and the others."""
        return self.other_wholes if self.part_of is None else (self.part_of, *self.other_wholes)

    @property
    def only_whole(self) -> bool:
        """Return whether its rows go whole or stay as they are: a value that can't be erased in place is personal."""
        return any(
            column.category is not None and (column.name in self.key or column.erased_with_row)
            for column in self.columns.values()
        )

    @property
    def arms(self) -> dict[str, Arm]:
        """Return the arms of its polymorphic references by their names."""
        return {name: arm for each in self.references.values() for name, arm in each.arms().items()}

    def columns_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that names stand for, an arm's own among them."""
        behind = {name: self.references.get(reference_of(name)) for name in names}
        return tuple(column for name, it in behind.items() for column in ((name,) if it is None else it.columns))

    def personal_parts(self) -> Iterator[Column]:
        """Yield everything personal that the table holds: see `Column.personal_parts`."""
        for column in self.columns.values():
            yield from column.personal_parts()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What discovery found and a person has answered for: see ``discover``.

    Attributes:
        path: the place in a JSON document, or an empty text.
        looks_like: the category that the values look like.
        share: their share when the person looked, 0 to 1.
        reason: why it needn't be declared personal; no values.
    """

    table: str
    column: str
    path: str
    looks_like: str
    share: float
    reason: str


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """A table with personal data that is left to somebody else: the reason, the role that decided, and the days."""

    reason: str
    by: str
    on: date
    review_on: date


@dataclass(frozen=True, slots=True)
class DataMap:
    """One system.

    Attributes:
        system: short name, used in ``system.table``.
        connection: Airflow connection id.
        schema: database schema, or None for the default.
        file_roots: root name -> directory; a leading ``$NAME`` is read from the environment.
        digest: SHA-256 of the canonical content, lower-case hex.
        ignored_tables: tables that hold nothing personal, such as a migration tool's own -> why. Names and patterns.
        ignored_columns: those of them whose reason holds for certain columns only -> names and patterns of those.
        out_of_scope: tables with personal data that are left to somebody else. Names and patterns.
        not_personal: pattern of column names -> why they aren't personal, in tables that don't declare them.
        acknowledged: what discovery found and somebody has answered for.
    """

    system: str
    title: Text
    connection: str
    schema: str | None
    owner: str
    file_roots: Mapping[str, str]
    tables: Mapping[str, Table]
    digest: str
    ignored_tables: Mapping[str, str] = field(default_factory=dict)
    ignored_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    out_of_scope: Mapping[str, OutOfScope] = field(default_factory=dict)
    not_personal: Mapping[str, str] = field(default_factory=dict)
    acknowledged: tuple[Acknowledged, ...] = ()

    def leaves_alone(self, table: str) -> bool:
        """Return whether the map says of a table of the database that it is none of its own."""
        names = (*self.ignored_tables, *self.out_of_scope)
        return table not in self.tables and any(fnmatchcase(table, name) for name in names)

    def covers_column(self, column: str) -> bool:
        """Return whether a column that its table doesn't declare is called like those that aren't personal."""
        return any(fnmatchcase(column, pattern) for pattern in self.not_personal)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key of the live database.

    Attributes:
        child_table: the table that refers.
        child_columns: its columns, in the order of ``parent_columns``.
        parent_table: the table that is referred to.
        parent_columns: its columns: the key, or others that are unique.
        ondelete: what deleting the parent does to the child: ``CASCADE``, ``SET NULL``, ``SET DEFAULT``,
            ``RESTRICT`` or ``NO ACTION``.
        arm: where only the map knows it and it leads to other tables too: how it leads to this one.
    """

    child_table: str
    child_columns: tuple[str, ...]
    parent_table: str
    parent_columns: tuple[str, ...]
    ondelete: str
    arm: Arm | None = None


def declared_references(tables: Mapping[str, Table]) -> list[ForeignKey]:
    """Return what a map itself declares as references: parts to wholes, records to their subjects', and what binds.

    They bind like foreign keys, whether the database knows them or not: a row doesn't go before what hangs on it.
    """
    found = []
    for table in tables.values():
        links = [role.link for role in table.subjects.values() if role.link is not None]
        links += table.wholes
        arms = table.arms
        links += [Link((name,), arm.table) for name, arm in arms.items() if arm.binds]
        found += [
            ForeignKey(
                table.name,
                link.columns,
                link.table,
                link.to or tables[link.table].key,
                "NO ACTION",
                arms.get(link.columns[0]),
            )
            for link in links
        ]
    return list(dict.fromkeys(found))


def with_declared(live: Iterable[ForeignKey], tables: Mapping[str, Table]) -> tuple[ForeignKey, ...]:
    """Return foreign keys and, of the references that a map declares, those that the database doesn't know."""
    found = tuple(live)
    known = {(each.child_table, each.child_columns, each.parent_table) for each in found}
    declared = declared_references(tables)
    return (*found, *(e for e in declared if (e.child_table, e.child_columns, e.parent_table) not in known))


def emptied(reference: ForeignKey, tables: Mapping[str, Table]) -> tuple[str, ...]:
    """Return the columns of a reference that are set to NULL when the row that it refers to is deleted."""
    table = tables.get(reference.child_table)
    if table is None or not table.empties:
        return ()
    return tuple(name for name in table.columns_of(reference.child_columns) if name in table.empties)


def binding(references: Iterable[ForeignKey], tables: Mapping[str, Table]) -> tuple[ForeignKey, ...]:
    """Return the references that keep a row: those that aren't emptied."""
    return tuple(each for each in references if not emptied(each, tables))
