"""What the data map may say of references that lead to several tables. Part of the YAML border."""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from include.retention.data_map.polymorphic import Polymorphic, TypeNames
from include.retention.data_map.row_border import Names, as_tuple
from include.retention.policy.parse import Border
from include.retention.policy.values import Filled


class TypeNamesBorder(Border):
    """The table that says what the numbers in a type column stand for."""

    table: Filled
    """A table of this map, such as django_content_type."""
    key: Filled
    """Its column that the type column refers to."""
    by: Names
    """Its columns that make the type's name, joined by dots."""


class PolymorphicBorder(Border):
    """A reference that leads to several tables: an id with its type, in one column or in two."""

    column: Filled
    """Holds the id, or the type and the id in one text."""
    type: Filled | None = None
    """Column with the type, where it stands in one of its own."""
    separator: Filled | None = None
    """What stands between the type and the id in one text, such as a comma."""
    names: TypeNamesBorder | None = None
    """Where the types are numbers: the table that names them."""
    to: dict[Filled, Filled] = Field(min_length=1)
    """Type -> table of this map, whose key the id is."""
    elsewhere: dict[Filled, Filled] = Field(default_factory=dict)
    """Types that lead to nothing that this map describes -> why that does no harm."""
    binds: bool = True
    """A row that is referred to stays while the row that refers to it does. False: the reference may lead nowhere."""

    @model_validator(mode="after")
    def _one_form(self) -> PolymorphicBorder:
        if (self.type is None) == (self.separator is None) or (self.names is not None and self.type is None):
            raise PydanticCustomError(
                "BAD_REFERENCE",
                "needs either the column with the type or the separator, and names only where there is such a column.",
                {"remedy": 'Write {column: resource, separator: ",", to: ...} or {column: id, type: kind, to: ...}.'},
            )
        return self

    def reference(self, name: str) -> Polymorphic:
        """Return the reference as the engine knows it."""
        names = None if self.names is None else TypeNames(self.names.table, self.names.key, as_tuple(self.names.by))
        return Polymorphic(
            name, self.column, self.type, self.separator, names, self.to, self.elsewhere, binds=self.binds
        )
