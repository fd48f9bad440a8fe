"""Places the sample systems' legal holds in the control database, as a lawyer would have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from include.retention import clock
from include.retention.identifiers import Normaliser
from include.retention.keys import load_ring
from include.retention.ledger.holds import Record, Subject, place_hold
from include.retention.ledger.store import make_control
from include.retention.policy.load import load_policy
from include.retention.run import normaliser_for
from include.retention.settings import load_settings
from include.retention.terms import IdentifierKind


def place_holds(file: Path, environ: Mapping[str, str]) -> int:
    """Place the holds that the generator wrote beside its data; return how many there are.

    Args:
        file: ``holds.json``.
        environ: the environment, with the key and the control database.
    """
    settings, key, now = load_settings(environ), load_ring(environ).current, clock.now()
    schedule = load_policy(settings.policy).schedule
    today = now.astimezone(ZoneInfo(schedule.time_zone)).date()
    normaliser = normaliser_for(schedule, today)
    holds = json.loads(file.read_text(encoding="utf-8"))
    control = make_control(settings.control_url)
    with control.begin() as connection:
        for hold in holds:
            what = covered(hold, normaliser)
            review_on = date.fromisoformat(hold["review_on"])
            place_hold(connection, key, what, owner=hold["owner"], reason=hold["reason"], review_on=review_on, at=now)
    control.dispose()
    return len(holds)


def covered(hold: Mapping[str, Any], normaliser: Normaliser) -> Subject | Record:
    """Return what a hold covers."""
    if hold["scope"] == "record":
        return Record(hold["system"], hold["table"], tuple(hold["key"]))
    kind = IdentifierKind(hold["identifier"]["kind"])
    identifier = normaliser.normalise(kind, hold["identifier"]["value"])
    if identifier.text is None:
        raise ValueError(f"The sample's hold of case {hold['case']} names nobody.")
    return Subject(identifier.kind, identifier.text)
