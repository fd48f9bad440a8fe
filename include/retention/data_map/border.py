"""What ``data_map/<system>.yaml`` may hold: the models at the YAML border.

They check shapes; ``checks.py`` checks meaning and ``live.py`` the database itself. The JSON Schema that editors use
is made from them, so every attribute says in its docstring what it is for.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from include.retention.data_map.method_border import MethodBorder
from include.retention.data_map.polymorphic_border import PolymorphicBorder
from include.retention.data_map.row_border import ConditionBorder, EventBorder, LinkBorders, Names, SubjectBorder
from include.retention.policy.parse import Border
from include.retention.policy.values import Filled, Name, PurposeName, TextBorder, Zone
from include.retention.terms import Scope, WhenExpired, WithoutPurpose

COLLECTIONS = frozenset(
    {
        "file_roots",
        "ignore_tables",
        "out_of_scope",
        "not_personal",
        "defaults",
        "tables",
        "subjects",
        "identifiers",
        "events",
        "where",
        "keeps",
        "personal_when",
        "groups",
        "purposes",
        "columns",
        "json",
        "files",
        "sums",
        "series",
        "triggers",
        "acknowledged",
        "references",
        "empties",
        "to",
        "elsewhere",
        "special",
    }
)
"""Keys that hold any number of entries."""

Channel = Literal["email", "sms", "phone", "post"]


def _shape(value: object) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<text>" if isinstance(value, str) else "<mapping>"


class UseBorder(Border):
    """A purpose with a scope other than the schedule's."""

    purpose: PurposeName
    """Name of a purpose in the schedule."""
    scope: Scope | None = None
    """Whose event starts its clock here. None: as the schedule says."""


class GroupBorder(Border):
    """Columns with the same purposes. They get one verdict."""

    purposes: tuple[
        Annotated[
            Annotated[PurposeName, Tag("<text>")] | Annotated[UseBorder, Tag("<mapping>")],
            Discriminator(_shape),
        ],
        ...,
    ] = ()
    """Purposes of the schedule, each by name or as {purpose: NAME, scope: record}."""
    of: tuple[Filled, ...] | None = None
    """Subject roles concerned: kept while any of them has a live purpose. None: all roles of the row."""
    channel: Channel | None = None
    """The marketing channel that these columns serve."""
    without_purpose: WithoutPurpose = WithoutPurpose.REFER
    """What to do when none of the purposes ever started: `refer` to a human, or `expire`."""


class PathBorder(Border):
    """A part of a JSON document that a column group of its own decides over."""

    category: Name
    """The data category."""
    group: Filled
    """The column group that decides over it."""
    method: Literal["remove", "set_null"] = "remove"
    """`remove` takes the key away too; `set_null` keeps it, where the document's schema needs it."""


def _as_tuple(value: object) -> object:
    # A column's own validator has made Python of it, and there a list isn't taken for a tuple.
    return tuple(value) if isinstance(value, list) else value


class RedactBorder(Border):
    """What another column group replaces inside a free text, before the text's own group erases it whole."""

    group: Filled
    """The column group with which it goes."""
    names: Annotated[tuple[Filled, ...], BeforeValidator(_as_tuple)] = ()
    """Columns of the row with the person's names, which are replaced too."""


class ColumnBorder(Border):
    """A column that needs more than a note: a personal one, a JSON document, or a time stamp."""

    category: Name | None = None
    """The data category, for a personal column."""
    group: Filled | None = None
    """The column group that decides over it, for a personal column."""
    method: MethodBorder | None = None
    """How it is erased when the row stays; set_null where nothing is said."""
    json_: Annotated[dict[Filled, PathBorder], Field(alias="json")] = Field(default_factory=dict)
    """Path in a JSON document -> what stands there. The other keys are about the rest of the document."""
    redact: RedactBorder | None = None
    """Replace addresses, numbers and names inside a free text with another group. It stays personal data."""
    time_zone: Zone | None = None
    """Zone of a time stamp without one. None: the schedule's."""
    note: str = ""
    """Why it isn't personal, or what it holds."""
    guess: str = ""
    """How sure a drafted line is, and why; removed by whoever has decided on it."""

    @model_validator(mode="after")
    def _whole(self) -> ColumnBorder:
        if (self.category is None) != (self.group is None):
            raise PydanticCustomError(
                "COLUMN_WITHOUT_GROUP" if self.group is None else "COLUMN_WITHOUT_CATEGORY",
                "is personal and needs both a category and a column group.",
                {"remedy": "Write {category: email, group: contact}."},
            )
        if self.category is None and self.method is not None:
            raise PydanticCustomError(
                "METHOD_WITHOUT_GROUP",
                "has a method, but isn't personal.",
                {"remedy": "Add category and group, or remove the method."},
            )
        if self.category is None and not self.note.strip():
            raise PydanticCustomError(
                "COLUMN_WITHOUT_NOTE",
                "isn't personal and doesn't say why.",
                {"remedy": "Add a note, or a category and a column group."},
            )
        return self


def _not_empty(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise PydanticCustomError(
            "COLUMN_WITHOUT_NOTE",
            "says nothing.",
            {"remedy": "Write why the column isn't personal, or {category: ..., group: ...}."},
        )
    return value


ColumnValue = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[ColumnBorder, Tag("<mapping>")],
    Discriminator(_shape),
    BeforeValidator(_not_empty),
]


class FilesBorder(Border):
    """Files on disk that a row points at: deleted before the pointer."""

    column: Filled
    """Holds the path relative to the root."""
    root: Name
    """Name of an entry in `file_roots`."""
    group: Filled
    """The column group whose expiry deletes the files."""
    derivatives: tuple[Filled, ...] = ()
    """Other files made from it: patterns with {stem}, the path without its extension."""


class InvariantBorder(Border):
    """A column that a run must leave as it is on rows that stay."""

    column: Filled
    """The amounts to sum, or the numbers of the series."""
    by: tuple[Filled, ...]
    """Columns by whose values it is checked."""


class TriggerBorder(Border):
    """A trigger that keeps copies of what is changed."""

    note: Filled
    """What it does."""
    writes: Names
    """The table, or a list, to which it writes: a part of this one. What it writes during a run goes at once."""


TriggerValue = Annotated[
    Annotated[Filled, Tag("<text>")] | Annotated[TriggerBorder, Tag("<mapping>")], Discriminator(_shape)
]


class TableBorder(Border):
    """A table, every column of it declared."""

    title: TextBorder
    """For people."""
    key: Names
    """Primary key: a column, or a list in order."""
    personal: bool = True
    """False for reference tables: read at most, never changed."""
    note: str = ""
    """Why it isn't personal."""
    guess: str = ""
    """What a draft has assumed of the table; removed by whoever has decided on it."""
    when_expired: WhenExpired = WhenExpired.DELETE
    """What happens to a row all of whose groups have expired: `delete` it or `anonymise` it."""
    suppresses: bool = False
    """A marketing list: nobody who has objected may remain on it."""
    part_of: LinkBorders | None = None
    """The record that a row is a part of, whose subjects and events it inherits; a list of those it may be."""
    empties: tuple[Filled, ...] = ()
    """Columns with references that are set to NULL when the row that they refer to is deleted, and don't keep it."""
    orphans: Literal["keep", "delete"] = "keep"
    """What becomes of a part without groups whose whole isn't there: it stays, or goes."""
    references: dict[Filled, PolymorphicBorder] = Field(default_factory=dict)
    """Name -> a reference that leads to several tables; `by` and `through` may name it."""
    personal_when: tuple[ConditionBorder, ...] = ()
    """Rows outside these conditions hold no personal data."""
    subjects: dict[Filled, SubjectBorder] = Field(default_factory=dict)
    """Role -> who it is."""
    events: tuple[EventBorder, ...] = ()
    """What its rows tell."""
    groups: dict[Filled, GroupBorder] = Field(default_factory=dict)
    """Column groups."""
    columns: dict[Filled, ColumnValue]
    """Every column: a text where it isn't personal, and why; else category, group and method."""
    files: tuple[FilesBorder, ...] = ()
    """Files that rows point at."""
    sums: tuple[InvariantBorder, ...] = ()
    """Sums that a run mustn't change."""
    series: tuple[InvariantBorder, ...] = ()
    """Number series whose gaps the ledger must explain."""
    triggers: dict[Filled, TriggerValue] = Field(default_factory=dict)
    """Triggers of the database that fire when a run erases or deletes rows -> why each is harmless."""


class AcknowledgedBorder(Border):
    """Something that discovery found, and why it needn't be declared personal."""

    table: Filled
    """The table."""
    column: Filled
    """The column."""
    path: str = ""
    """The place in a JSON document, as discovery tells it."""
    looks_like: Filled
    """What discovery took the values for."""
    share: Annotated[float, Field(ge=0, le=1)]
    """The share of sampled values that did. The finding comes back once it has grown by more than 0.1."""
    reason: Filled
    """Why it is no personal data, or none that Gallring has to keep an eye on. No values."""
    by: Filled
    """The role that has looked."""
    on: date
    """When."""


class OutOfScopeBorder(Border):
    """A table with personal data that somebody else answers for."""

    reason: Filled
    """Why it isn't culled here, and by what rules it is."""
    by: Filled
    """The role that has decided so."""
    on: date
    """When."""
    review_on: date
    """When it is to be looked at again."""


class IgnoredBorder(Border):
    """A table that holds nothing personal so long as it has no other columns than these."""

    reason: Filled
    """Why it holds nothing personal."""
    columns: Annotated[tuple[Filled, ...], Field(min_length=1)]
    """Names or patterns of its columns. Another one closes the table."""


IgnoredValue = Annotated[
    Annotated[Filled, Tag("<text>")] | Annotated[IgnoredBorder, Tag("<mapping>")],
    Discriminator(lambda value: "<text>" if isinstance(value, str) else "<mapping>"),
]
"""The reason, or the reason and the columns for which it holds."""


class DefaultBorder(Border):
    """What goes for every column of a data category, unless the column says otherwise."""

    group: Filled | None = None
    """The column group."""
    method: MethodBorder | None = None
    """How it is erased when the row stays."""


class AreaBorder(Border):
    """One area of a system: a file beside others in the directory that is called like the system's own file."""

    ignore_tables: dict[Filled, IgnoredValue] = Field(default_factory=dict)
    """Tables of the database that hold nothing personal, such as alembic_version -> why. A name may be a pattern."""
    out_of_scope: dict[Filled, OutOfScopeBorder] = Field(default_factory=dict)
    """Tables with personal data that are left to somebody else -> why, and who decided. A name may be a pattern."""
    tables: dict[Filled, TableBorder] = Field(default_factory=dict)
    """The area's tables."""


class DataMapBorder(AreaBorder):
    """Gallring's data map of one system: which column holds what, for which purposes."""

    system: Name
    """Short name; the file is named after it."""
    title: TextBorder
    """For people."""
    connection: Filled
    """Airflow connection id."""
    schema_: Annotated[Filled | None, Field(alias="schema")] = None
    """Database schema; null for the default."""
    owner: Filled
    """The role that answers for the system."""
    guess: str = ""
    """What a draft couldn't know of the system; removed by whoever has filled it in."""
    file_roots: dict[Name, Filled] = Field(default_factory=dict)
    """Name -> directory of files; a leading $NAME is read from the environment."""
    not_personal: dict[Filled, Filled] = Field(default_factory=dict)
    """Pattern of column names -> why such columns aren't personal, in every table that doesn't declare them."""
    acknowledged: tuple[AcknowledgedBorder, ...] = ()
    """What discovery found and somebody has answered for."""
    defaults: dict[Name, DefaultBorder] = Field(default_factory=dict)
    """Data category -> column group and method of its columns, where they don't say themselves."""
    tables: dict[Filled, TableBorder]
    """Every table."""
