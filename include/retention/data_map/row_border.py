"""What the data map may say of a table's rows: conditions, references, subjects, events.

Part of the YAML border; ``border.py`` holds the table that these stand in.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from include.retention.policy.parse import Border
from include.retention.policy.values import Filled, Name
from include.retention.terms import IdentifierKind, SubjectKind, WhenNull

Names = Annotated[
    Annotated[Filled, Tag("<text>")] | Annotated[tuple[Filled, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, (list, tuple)) else "<text>"),
]
"""One column, or a list of columns."""


def as_links(links: LinkBorder | tuple[LinkBorder, ...] | None) -> tuple[LinkBorder, ...]:
    """Return no, one or several references as a tuple."""
    if links is None:
        return ()
    return (links,) if isinstance(links, LinkBorder) else links


def as_tuple(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return one or several names as a tuple."""
    return (names,) if isinstance(names, str) else names


class ConditionBorder(Border):
    """A column in, or not in, a list of values. Give exactly one of the two; null in the list stands for NULL."""

    column: Filled
    """Column of this table."""
    in_: Annotated[tuple[str | int | bool | None, ...] | None, Field(alias="in", min_length=1)] = None
    """The values that count."""
    not_in: Annotated[tuple[str | int | bool | None, ...] | None, Field(min_length=1)] = None
    """The values that don't."""

    @model_validator(mode="after")
    def _exactly_one(self) -> ConditionBorder:
        if (self.in_ is None) == (self.not_in is None):
            remedy = "Write {column: status, in: [open]}."
            raise PydanticCustomError("BAD_CONDITION", "needs exactly one of in and not_in.", {"remedy": remedy})
        return self


class LinkBorder(Border):
    """A reference from this table's rows to another table's key."""

    table: Filled
    """The other table."""
    by: Names
    """Column of this table, a list in the order of the other table's key, or a name in `references`."""
    to: Names | None = None
    """The other table's column, or a list, where it isn't its key: UNIQUE and referred to all the same."""


LinkBorders = Annotated[
    Annotated[LinkBorder, Tag("<mapping>")] | Annotated[tuple[LinkBorder, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, (list, tuple)) else "<mapping>"),
]
"""One reference, or a list of references."""


class SubjectBorder(Border):
    """A person or company that a row concerns: by identifiers in the row itself, or through another table's row."""

    kind: SubjectKind | None = None
    """`person` or `company`; through another table it is that table's."""
    identifiers: dict[IdentifierKind, Filled] = Field(default_factory=dict)
    """Kind of identifier -> column of this table."""
    through: Names | None = None
    """Column of this table, a list, or a name in `references`, that refers to the other table's key."""
    table: Filled | None = None
    """The other table."""
    role: Filled | None = None
    """The role in the other table."""
    to: Names | None = None
    """The other table's column, or a list, that `through` refers to where it isn't its key."""

    @model_validator(mode="after")
    def _one_way(self) -> SubjectBorder:
        here = self.kind is not None and bool(self.identifiers)
        there = self.through is not None and self.table is not None and self.role is not None
        mixed = bool(self.identifiers) and self.through is not None
        if here == there or mixed:
            raise PydanticCustomError(
                "BAD_SUBJECT",
                "must be known either by kind and identifiers, or by through, table and role.",
                {"remedy": "Write {kind: person, identifiers: {email: mail}} or {through: id, table: t, role: r}."},
            )
        return self


class EventBorder(Border):
    """A rule by which rows of this table tell of an event: of its day, or that it goes on while conditions hold."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["date"]}, {"required": ["ongoing", "where"]}]})

    event: Name
    """Name of an event in the schedule."""
    date: Filled | None = None
    """Column with the day or the instant."""
    ongoing: bool = False
    """Instead of `date`: the event goes on for rows that `where` holds for, whatever their dates, and for no others."""
    begins: Filled | None = None
    """Column with the beginning of the episode that `date` ends."""
    null: WhenNull = WhenNull.UNKNOWN
    """What an empty date means: `ongoing`, `unknown` (a human decides) or `absent` (it never happened)."""
    guess: str = ""
    """What a draft asks of the event; removed by whoever has answered it."""
    special: dict[Filled, WhenNull] = Field(default_factory=dict)
    """Days that stand for something else -> what: {9999-12-31: ongoing}. PostgreSQL's infinity is ongoing unasked."""
    where: tuple[ConditionBorder, ...] = ()
    """All must hold, else the row tells of nothing."""
    of: tuple[Filled, ...] | None = None
    """Subject roles that it concerns besides the record. None: all; [] none."""
    keeps: tuple[LinkBorder, ...] = ()
    """Other records that it also concerns."""
    channel: Filled | None = None
    """Column that names the marketing channel."""
    as_: Annotated[Literal["fiscal_year_end"] | None, Field(alias="as")] = None
    """`fiscal_year_end`: the event's day is the last day of the fiscal year that the date falls in."""
    fallback: Filled | None = None
    """Column whose day is used once a referral has waited its time out."""

    @model_validator(mode="after")
    def _by_day_or_by_state(self) -> EventBorder:
        if not self.ongoing and self.date is None:
            what, remedy = "tells neither of a day nor of what goes on.", "Add date, or ongoing: true and where."
            raise PydanticCustomError("BAD_EVENT", what, {"remedy": remedy})
        told = [name for name in _OF_DAYS if name in self.model_fields_set]
        if self.ongoing and told:
            names = ", ".join(name.removesuffix("_") for name in told)
            what = "goes on whatever the dates are, and says {names} all the same."
            remedy = f"Remove {names}; tell of the day in a second event with date, without ongoing."
            raise PydanticCustomError("BAD_EVENT", what, {"names": names, "remedy": remedy})
        if self.ongoing and not self.where:
            remedy = "Say for which rows: where: [{column: state, in: [open]}]."
            raise PydanticCustomError("BAD_EVENT", "goes on for every row, for ever.", {"remedy": remedy})
        return self


_OF_DAYS = ("date", "begins", "null", "special", "as_", "fallback")
"""What an event may say of its day, and one that goes on may not."""
