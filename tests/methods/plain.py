"""The anonymisation methods in plain Python: what the SQL of every database must do, written from its description."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv6Interface, ip_interface, ip_network
from math import floor
from typing import Any

from include.retention.data_map.model import Method

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def erased(method: Method, value: Any, key: tuple[Any, ...] = ()) -> Any:
    """Return f(value)."""
    if value is None:
        return None
    match method.name:
        case "set_null":
            return None
        case "constant":
            return method.value
        case "shorten":
            return value[: method.length]
        case "year_of_date":
            return first_of_year(value)
        case "ip_network":
            return network(value)
        case "unique_placeholder":
            return placeholder(key)
        case "bucket":
            return floor(value) // method.size * method.size
    raise AssertionError(method.name)


def first_of_year(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    if isinstance(value, date):
        return value.replace(month=1, day=1)
    year = value[:4]
    if re.fullmatch(r"[0-9]{8}", value):
        return f"{year}0101"
    if not DAY.match(value):
        return None
    if len(value) == 10:
        return f"{year}-01-01"
    if value[10] not in "T ":
        return None
    zone = "Z" if set(value[11:]) & set("-+Z") else ""
    return f"{year}-01-01{value[10]}00:00:00{zone}"


def network(value: str) -> str | None:
    """Of a text: the /24 network of an IPv4 address, None for anything else."""
    found = re.fullmatch(r"([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.)[0-9]{1,3}", value)
    return found[1] + "0" if found else None


def inet_network(value: str) -> str:
    """Of PostgreSQL's own type: the /24 or /48 network."""
    address = ip_interface(value)
    length = 48 if isinstance(address, IPv6Interface) else 24
    return str(ip_network(f"{address.ip}/{length}", strict=False))


def placeholder(key: tuple[Any, ...]) -> str:
    parts = [str(part) for part in key]
    if len(parts) > 1:
        parts = [part.replace("_", "_0") for part in parts]
    return f"gallrad-{'_1'.join(parts)}@gallring.invalid"


def number(value: Any) -> Decimal | None:
    """Return a number as it is compared: 10, 10.0 and Decimal(10) are one."""
    return None if value is None else Decimal(str(value)).normalize()
