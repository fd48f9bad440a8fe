"""What a draft makes of the tables of a schema: subjects, wholes and parts, events, column groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from include.retention.data_map.inspection import LiveSchema, LiveTable
from include.retention.data_map.model import ForeignKey
from include.retention.detect.names import PART, is_about_people
from include.retention.draft.columns import Guess
from include.retention.terms import IdentifierKind, SubjectKind

GROUPS: Mapping[str, str] = {
    "customer_number": "identifiers", "email": "identifiers", "organisation_number": "identifiers",
    "identity_number": "identity", "name": "contact", "address": "contact", "phone": "contact",
    "birth_date": "contact", "relation": "contact", "payment": "payment", "ip_address": "network",
    "behaviour": "behaviour", "credentials": "credentials", "free_text": "text", "document": "documents",
}  # fmt: skip
"""Data category -> the column group that a draft puts it in: identifiers apart, so that they can outlive names."""

PEOPLE_TELL = frozenset({"email", "identity_number", "birth_date", "customer_number", "name", "address", "phone"})
"""Categories by which a table is about people, whatever it is called, where a column surely holds them."""


@dataclass(slots=True)
class Role:
    """A subject role: by identifiers in the row (kind of identifier -> column), or through another table."""

    kind: SubjectKind
    identifiers: dict[IdentifierKind, str] = field(default_factory=dict)
    through: tuple[str, ...] = ()
    table: str = ""
    role: str = ""


@dataclass(slots=True)
class TableDraft:
    """What a draft says of a table.

    Attributes:
        key: columns of the key; empty where it has none that can be used.
        guesses: per column.
        roles: per name.
        part_of: the foreign key to the record that a row is a part of, or None.
        refers_to: columns of each reference -> the table it refers to.
        about: the reference to somebody's record by which rows are about that person though no column is personal.
    """

    name: str
    key: tuple[str, ...]
    guesses: Mapping[str, Guess]
    roles: dict[str, Role] = field(default_factory=dict)
    part_of: ForeignKey | None = None
    refers_to: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    about: ForeignKey | None = None

    @property
    def personal(self) -> bool:
        """Return whether a run may have anything to erase or delete here."""
        return self.part_of is not None or any(guess.category for guess in self.guesses.values())


def key_of(live: LiveTable) -> tuple[str, ...]:
    """Return the columns that tell rows apart: the primary key, or the shortest other unique key without NULL."""
    if live.primary_key:
        return live.primary_key
    required = {name for name, column in live.columns.items() if not column.nullable}
    usable = [each for each in live.keys if each and required >= set(each)]
    return min(usable, key=lambda each: (len(each), each), default=())


def draft_tables(schema: LiveSchema, guesses: Mapping[str, Mapping[str, Guess]]) -> dict[str, TableDraft]:
    """Return a draft of each table.

    Args:
        schema: the live schema.
        guesses: per table and column.
    """
    drafts = {
        name: TableDraft(name, key_of(live), guesses[name], refers_to=_references(schema, name))
        for name, live in schema.tables.items()
        if live is not None and name in guesses
    }
    for draft in drafts.values():
        draft.roles = _own_roles(draft.guesses)
    _link(schema, drafts)
    _settle(schema, drafts)
    return drafts


def is_of_people(name: str, guesses: Mapping[str, Guess]) -> bool:
    """Return whether a table is about people, by its name or by what its columns surely hold."""
    sure = (guess for guess in guesses.values() if guess.confidence >= PART)
    return is_about_people(name) or any(guess.category in PEOPLE_TELL for guess in sure)


def _references(schema: LiveSchema, name: str) -> dict[tuple[str, ...], str]:
    return {each.child_columns: each.parent_table for each in schema.foreign_keys if each.child_table == name}


def _own_roles(guesses: Mapping[str, Guess]) -> dict[str, Role]:
    """Return the person and the company that a row names itself: by the surest column of each kind, the first one."""
    found: dict[IdentifierKind, str] = {}
    for column, guess in guesses.items():
        if guess.category in {kind.value for kind in IdentifierKind}:
            found.setdefault(IdentifierKind(str(guess.category)), column)
    company = found.pop(IdentifierKind.ORGANISATION_NUMBER, None)
    roles = {}
    if found and set(found) != {IdentifierKind.PHONE}:
        roles["person"] = Role(SubjectKind.PERSON, found)
    if company is not None:
        roles["company"] = Role(SubjectKind.COMPANY, {IdentifierKind.ORGANISATION_NUMBER: company})
    return roles


def _link(schema: LiveSchema, drafts: Mapping[str, TableDraft]) -> None:
    """Give tables that refer to people's tables their subjects, nearest first, so that no ring arises."""
    done = {name for name, draft in drafts.items() if draft.roles}
    while True:
        reached = {
            name: keys
            for name, draft in drafts.items()
            if name not in done and (keys := _to(schema, drafts, draft, done))
        }
        if not reached:
            return
        for name, keys in reached.items():
            draft = drafts[name]
            draft.part_of = next((key for key in keys if _is_part(draft, key, keys)), None)
            for key in keys:
                for role, of in drafts[key.parent_table].roles.items():
                    again = role in draft.roles
                    own = f"{role}_by_{'_'.join(key.child_columns)}" if again else role
                    draft.roles[own] = Role(of.kind, through=key.child_columns, table=key.parent_table, role=role)
        done |= reached.keys()


def _settle(schema: LiveSchema, drafts: Mapping[str, TableDraft]) -> None:
    """Let each table that is about persons by its references alone be what a map can say of it.

    Where other tables are about somebody through it, it is a part of that person's record; else it isn't personal and
    names nobody. The tables farthest from the persons come first, for they decide about those between.
    """
    waiting = [draft for draft in drafts.values() if not draft.personal and _persons(draft)]
    while waiting:
        through = {role.table for draft in drafts.values() if draft.personal for role in draft.roles.values()}
        asked = {role.table for draft in waiting for role in draft.roles.values()}
        draft = next((each for each in waiting if each.name in through or each.name not in asked), waiting[0])
        waiting.remove(draft)
        first = _persons(draft)[0]
        draft.about = next(
            each
            for each in schema.foreign_keys
            if (each.child_table, each.child_columns, each.parent_table) == (draft.name, first.through, first.table)
        )
        if draft.name in through:
            draft.part_of = draft.about
        else:
            draft.roles = {name: role for name, role in draft.roles.items() if role.kind is not SubjectKind.PERSON}


def _persons(draft: TableDraft) -> list[Role]:
    return [role for role in draft.roles.values() if role.kind is SubjectKind.PERSON]


def _to(
    schema: LiveSchema, drafts: Mapping[str, TableDraft], draft: TableDraft, done: AbstractSet[str]
) -> Sequence[ForeignKey]:
    """Return the references of a table to the keys of tables whose subjects are known."""
    return [
        each
        for each in schema.foreign_keys
        if each.child_table == draft.name and each.parent_table in done
        if each.parent_columns == drafts[each.parent_table].key
    ]


def _is_part(draft: TableDraft, key: ForeignKey, all_keys: Sequence[ForeignKey]) -> bool:
    """Return whether rows look like lines of a document: by their key, which holds its key, or by their name."""
    inside = set(key.child_columns) < set(draft.key)
    named = draft.name.casefold().startswith(key.parent_table.casefold()) and len(all_keys) == 1
    return inside or named
