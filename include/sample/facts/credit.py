"""Facts of the sales system about credit checks and copies of ID documents."""

# ruff: noqa: PLR0913, PLR0917 - a fact has many columns.
from __future__ import annotations

from datetime import date, timedelta

from include.sample.cluster import Cluster, Person
from include.sample.days import CREDIT_CHECK_DAYS
from include.sample.facts.shop import until
from include.sample.outcomes import KEEP, Row


def credit_check(
    c: Cluster, about: dict[str, object], completed: date | None, decision: str, *, id_copy_of: Person | None = None
) -> Row:
    """Add a credit check, with a copy of the person's ID document if asked for.

    Args:
        c: the cluster.
        about: ``customer_id`` or ``lead_id``.
        completed: the day of the decision; None while it is under way.
        decision: what is expected of the decision, once the check itself is over.
        id_copy_of: the person whose document was copied.
    """
    last_day = None if completed is None else completed + timedelta(days=CREDIT_CHECK_DAYS)
    check = KEEP if last_day is None else until(c, last_day)
    row = c.add(
        "credit_check",
        {
            **about,
            "completed_on": completed,
            "decision": None if completed is None else "approved",
            "score": c.rng.randint(20, 95),
            "report_text": "Inga betalningsanmärkningar. Taxerad inkomst enligt bifogat utdrag.",
            "decided_by": "ekokar",
        },
        {"report": check, "decision": KEEP if check == KEEP else decision},
    )
    if id_copy_of is not None:
        id_document(c, id_copy_of, about["customer_id"], completed or c.time.ago(5), check, row.values["check_id"])
    return row


def id_document(
    c: Cluster, p: Person, customer_id: object, scanned: date, outcome: str, check_id: object = None
) -> Row:
    """Add a copy of an ID document: the row and its files."""
    serial = c.number("id_document")
    stem = f"{scanned.year}/{serial:07d}"
    c.files[f"{stem}.jpg"] = f"scan {serial}"
    c.files[f"{stem}_thumb.jpg"] = f"thumbnail {serial}"
    c.files[f"{stem}.txt"] = f"SVERIGE SWEDEN IDENTITETSKORT {p.family.upper()} {p.given.upper()} {p.pnr}"
    return c.add(
        "id_document",
        {
            "document_id": f"ID-{scanned.year}-{serial:07d}",
            "customer_id": customer_id,
            "credit_check_id": check_id,
            "kind": "körkort",
            "file_path": f"{stem}.jpg",
            "scanned_on": scanned,
        },
        outcome,
    )
