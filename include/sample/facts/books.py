"""Facts of the finance system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from include.sample import names, registers
from include.sample.cluster import Cluster, Person
from include.sample.days import instant, wall_clock
from include.sample.facts.standing import Standing
from include.sample.outcomes import DUE, IMPERSONAL, KEEP, Row

SERIES = {"consumer": 1, "business": 2, "credit": 3}
SERIES_TITLES = {1: ("A", "Kundfakturor"), 2: ("F", "Företagsfakturor"), 3: ("K", "Kreditfakturor")}


@dataclass(frozen=True, slots=True)
class Payer:
    """Who an invoice goes to: what the debtor and the invoice both carry.

    Attributes:
        values: customer_no, pnr or orgno, email, and the name and address.
        buyer: ``consumer`` or ``business``.
    """

    values: dict[str, object]
    name: str
    buyer: str
    reference: str | None = None


def private_payer(c: Cluster, p: Person, customer_no: object, *, pnr: str | None = None) -> Payer:
    """Return a private customer as finance spells them: the customer number with or without its letter's padding."""
    return Payer(
        {
            "customer_no": customer_no,
            "pnr": registers.spell_personal(p.pnr, c.rng) if pnr is None else pnr,
            "email": names.spell_email(p.email, c.rng.randrange(8)),
            "street": p.street,
            "postcode": p.postcode.replace(" ", ""),
            "city": p.city.upper(),
        },
        f"{p.family}, {p.given}",
        "consumer",
    )


def account(c: Cluster) -> str:
    """Return a bank account number that no bank gives out: clearing number 0000."""
    return f"0000-{c.rng.randrange(10**7):07d}"


def debtor(c: Cluster, payer: Payer, kind: str, standing: Standing) -> Row:
    """Add a debtor; ``kind`` is ``private``, ``EF`` or ``company``."""
    return c.add(
        "debtor",
        {
            **payer.values,
            "debtor_no": f"{c.number('debtor_no') + 100000}",
            "kind": kind,
            "name": payer.name,
            "bank_account": account(c),
            "updated_at": wall_clock(c.time.ago(c.rng.randint(1, 30))),
        },
        IMPERSONAL if kind == "company" else {"identity": standing.identity, "billing": standing.billing},
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """What is special about an invoice.

    Attributes:
        status: ``paid`` (20 days later), ``open`` or ``written_off``.
        oss: sold under the One Stop Shop.
        paid_after: days from the invoice to its payment.
        private_note: free text on the document.
        lines: number of lines.
        outcome: of the voucher, where it isn't bookkeeping alone that decides.
        date_text: what stands in the date column, where it isn't the ISO date.
    """

    status: str = "paid"
    oss: bool = False
    paid_after: int = 20
    private_note: str | None = None
    lines: int = 1
    outcome: str | None = None
    date_text: str | None = None


def invoice(c: Cluster, payer: Payer, debtor_id: object, day: date, terms: Terms = Terms()) -> Row:
    """Add an invoice with its lines, and its payment if it is paid."""
    outcome = terms.outcome or invoice_outcome(c, day, oss=terms.oss)
    year = c.time.fiscal_year(day)
    paid_on = day + timedelta(days=terms.paid_after) if terms.status == "paid" else None
    amount = Decimal(c.rng.randint(9900, 1999900)).scaleb(-2)
    row = c.add(
        "invoice",
        {
            **payer.values,
            "series_id": SERIES[payer.buyer],
            "invoice_no": c.number(f"invoice {payer.buyer}") + 1000,
            "debtor_id": debtor_id,
            "fiscal_year_id": None if year is None else year + 1,
            "invoice_date": day.isoformat() if terms.date_text is None else terms.date_text,
            "due_on": day + timedelta(days=30),
            "paid_on": paid_on,
            "status": terms.status,
            "buyer": payer.buyer,
            "vat_scheme": "oss" if terms.oss else "domestic",
            "amount": amount,
            "recipient_name": payer.name,
            "your_reference": payer.reference,
            "bank_account": account(c),
            "private_note": terms.private_note,
        },
        outcome,
    )
    share = (amount / terms.lines).quantize(Decimal("0.01"))
    for line_no in range(1, terms.lines + 1):
        c.add(
            "invoice_line",
            {
                "invoice_id": row.values["invoice_id"],
                "line_no": line_no,
                "description": c.rng.choice(names.WORDS["durables"]),
                "quantity": 1,
                "amount": share if line_no > 1 else amount - share * (terms.lines - 1),
            },
            outcome,
        )
    if paid_on is not None:
        payment(c, row.values["invoice_id"], paid_on, amount, payer.name)
    return row


def invoice_outcome(c: Cluster, day: date, *, oss: bool = False) -> str:
    """Return what bookkeeping and the One Stop Shop ask of an invoice."""
    return DUE if c.time.bookkeeping_over(day) and not (oss and not c.time.oss_over(day)) else KEEP


def payment(c: Cluster, invoice_id: object, day: date, amount: Decimal, name: str) -> Row:
    """Add a payment: a voucher with a clock of its own."""
    return c.add(
        "payment",
        {
            "invoice_id": invoice_id,
            "booked_at": instant(day, c.rng.randint(6, 18)),
            "amount": amount,
            "payer_name": name,
            "payer_account": account(c),
            "message": f"Betalning {day:%y%m}",
        },
        DUE if c.time.bookkeeping_over(day) else KEEP,
    )


def credit_note(c: Cluster, invoice_row: Row, day: date) -> Row:
    """Add a credit note. The invoice it refers to is kept as long: the scenario says so in the invoice's terms."""
    return c.add(
        "credit_note",
        {
            "invoice_id": invoice_row.values["invoice_id"],
            "series_id": SERIES["credit"],
            "credit_no": c.number("credit_no"),
            "booked_on": day,
            "amount": invoice_row.values["amount"],
            "recipient_name": invoice_row.values["recipient_name"],
            "cause": "Retur",
        },
        DUE if c.time.bookkeeping_over(day) else KEEP,
    )


def reminder(c: Cluster, invoice_row: Row, sent: date, outcome: str, kind: str = "written") -> Row:
    """Add a reminder of an unpaid invoice."""
    return c.add(
        "reminder",
        {
            "invoice_id": invoice_row.values["invoice_id"],
            "kind": kind,
            "sent_on": sent,
            "sent_to": f"{invoice_row.values['recipient_name']}, {invoice_row.values['street']}",
            "letter": "Vi saknar er betalning.",
        },
        outcome,
    )


def claim(c: Cluster, values: dict[str, object], outcome: str) -> Row:
    """Add a claim: ``values`` say whose, about which invoice, and when."""
    return c.add("claim", {"description": "Tvist om fakturerat belopp.", **values}, outcome)
