"""Finance: invoicing and bookkeeping.

An older package: the invoice date is text, the customer number too, and deleting a debtor cascades to the invoices,
which is exactly what the Bookkeeping Act forbids while they must be kept.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, MetaData, Numeric, Table, Text, UniqueConstraint

from include.sample.schema.columns import instant, key_ref, local_time, ref, row_id, text

metadata = MetaData()

Table(
    "fiscal_year",
    metadata,
    row_id("fiscal_year_id"),
    text("label", 20, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
)

Table(
    "voucher_series",
    metadata,
    row_id("series_id"),
    text("code", 2, nullable=False, unique=True),
    text("title", 40, nullable=False),
)

Table(
    "debtor",
    metadata,
    row_id("debtor_id"),
    text("debtor_no", 20, nullable=False, unique=True),
    text("kind", 8, nullable=False),
    text("customer_no", 20, index=True),
    text("pnr", 13),
    text("orgno", 13),
    text("name", 120, nullable=False),
    text("street", 80),
    text("postcode", 6),
    text("city", 40),
    text("email", 120),
    text("phone", 30),
    text("bank_account", 34),
    local_time("updated_at"),
)

Table(
    "invoice",
    metadata,
    row_id("invoice_id"),
    ref("series_id", "voucher_series.series_id", nullable=False),
    Column("invoice_no", Integer, nullable=False),
    ref("debtor_id", "debtor.debtor_id", ondelete="CASCADE"),
    ref("fiscal_year_id", "fiscal_year.fiscal_year_id"),
    text("invoice_date", 20),
    Column("due_on", Date),
    Column("paid_on", Date),
    text("status", 12, nullable=False),
    text("buyer", 10, nullable=False),
    text("vat_scheme", 10, nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
    text("customer_no", 20, index=True),
    text("pnr", 13),
    text("orgno", 13),
    text("recipient_name", 120),
    text("street", 80),
    text("postcode", 6),
    text("city", 40),
    text("email", 120),
    text("your_reference", 80),
    text("bank_account", 34),
    Column("private_note", Text),
    UniqueConstraint("series_id", "invoice_no", name="invoice_number"),
)

Table(
    "invoice_line",
    metadata,
    key_ref("invoice_id", "invoice.invoice_id"),
    Column("line_no", Integer, primary_key=True, autoincrement=False),
    Column("description", Text),
    Column("quantity", Integer, nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
)

Table(
    "credit_note",
    metadata,
    row_id("credit_note_id"),
    ref("invoice_id", "invoice.invoice_id", nullable=False),
    ref("series_id", "voucher_series.series_id", nullable=False),
    Column("credit_no", Integer, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
    text("recipient_name", 120),
    Column("cause", Text),
    UniqueConstraint("series_id", "credit_no", name="credit_note_number"),
)

Table(
    "payment",
    metadata,
    row_id("payment_id"),
    ref("invoice_id", "invoice.invoice_id"),
    instant("booked_at", nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
    text("payer_name", 120),
    text("payer_account", 34),
    text("message", 140),
)

Table(
    "reminder",
    metadata,
    row_id("reminder_id"),
    ref("invoice_id", "invoice.invoice_id", nullable=False),
    text("kind", 10, nullable=False),
    Column("sent_on", Date, nullable=False),
    text("sent_to", 160),
    Column("letter", Text),
)

Table(
    "claim",
    metadata,
    row_id("claim_id"),
    ref("invoice_id", "invoice.invoice_id"),
    text("customer_no", 20),
    text("direction", 12, nullable=False),
    text("status", 10, nullable=False),
    Column("opened_on", Date),
    Column("closed_on", Date),
    Column("arose_on", Date),
    text("sold_to", 80),
    Column("description", Text),
)
