"""How a column may be erased, as the data map writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from include.retention.data_map.model import Method
from include.retention.policy.parse import Border

PSEUDONYMS = ("hash", "hmac", "sha", "md5", "pseudonym", "token", "encrypt", "bcrypt", "argon")
MASKS = ("mask", "redact", "partial", "obfuscate", "scramble")

MethodWord = Literal["set_null", "year_of_date", "ip_network", "unique_placeholder", "with_row"]


class MethodMapping(Border):
    """A method with a parameter. Give exactly one."""

    constant: str | int | bool | None = None
    """Replace by this value."""
    shorten: Annotated[int, Field(ge=1)] | None = None
    """Leave this many characters, such as the first three digits of a postcode."""
    bucket: Annotated[int, Field(ge=2)] | None = None
    """Round a number down to a multiple of this."""

    @model_validator(mode="after")
    def _exactly_one(self) -> MethodMapping:
        if len(self.model_fields_set) != 1 or None in (getattr(self, name) for name in self.model_fields_set):
            raise PydanticCustomError(
                "BAD_METHOD",
                "needs exactly one of constant, shorten and bucket.",
                {"remedy": 'Write {constant: "borttagen"}, {shorten: 3} or {bucket: 10}; set_null leaves nothing.'},
            )
        return self


def _anonymises(value: object) -> object:
    """Refuse what looks like anonymisation and isn't."""
    words = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    for word in (str(each).lower() for each in words):
        if any(part in word for part in PSEUDONYMS):
            raise PydanticCustomError(
                "KEYED_HASH",
                "is pseudonymisation: whoever has the key, or tries all numbers, gets the person back (Art. 4(5)). "
                "A century has about 37 million personnummer, which takes a computer seconds.",
                {"remedy": "Use set_null, a constant or unique_placeholder."},
            )
        if any(part in word for part in MASKS):
            raise PydanticCustomError(
                "MASK",
                "leaves a part of the value, which together with other columns still singles the person out.",
                {"remedy": "Use set_null, a constant or unique_placeholder. Free text: see redact."},
            )
    return value


MethodBorder = Annotated[
    Annotated[MethodWord, Tag("<text>")] | Annotated[MethodMapping, Tag("<mapping>")],
    Discriminator(lambda value: "<text>" if isinstance(value, str) else "<mapping>"),
    BeforeValidator(_anonymises),
]
"""A method by name, or with its parameter: {shorten: 3}."""


def read_method(written: str | MethodMapping | None) -> Method:
    """Return the method as the engine knows it; where nothing is written, the column is set to NULL."""
    if written is None:
        return Method("set_null")
    if isinstance(written, str):
        return Method(written)
    if written.shorten is not None:
        return Method("shorten", length=written.shorten)
    if written.bucket is not None:
        return Method("bucket", size=written.bucket)
    return Method("constant", value=written.constant)
