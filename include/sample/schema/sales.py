"""Sales: the CRM and the web shop.

Grown over the years, as such systems are: instants in UTC beside naive local times, soft deletes, a table whose
name is a reserved word, text keys in one corner.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Integer, MetaData, Numeric, String, Table, Text

from include.sample.schema.columns import instant, local_time, ref, row_id, text

metadata = MetaData()

Table(
    "company",
    metadata,
    row_id("company_id"),
    text("orgno", 13),
    text("legal_form", 4, nullable=False),
    text("name", 120, nullable=False),
    text("street", 80),
    text("postcode", 6),
    text("city", 40),
    text("phone", 30),
    text("email", 120),
    ref("merged_into_id", "company.company_id"),
    Column("created_on", Date),
)

Table(
    "representative",
    metadata,
    row_id("representative_id"),
    ref("company_id", "company.company_id", nullable=False),
    text("name", 80, nullable=False),
    text("title", 60),
    text("email", 120),
    text("phone", 30),
    text("interests", 200),
    Column("started_on", Date),
    Column("ended_on", Date),
)

Table(
    "customer",
    metadata,
    row_id("customer_id"),
    text("customer_no", 40, nullable=False, unique=True),
    text("pnr", 13),
    text("given_name", 40, nullable=False),
    text("family_name", 40, nullable=False),
    Column("birth_date", Date),
    text("street", 80),
    text("postcode", 6),
    text("city", 40),
    text("phone", 30),
    text("email", 120, index=True),
    Column("protected_identity", Boolean, nullable=False),
    text("interests", 200),
    text("payment_token", 64),
    Column("credit_limit", Integer),
    text("last_login_ip", 45),
    instant("last_login_at"),
    Column("registered_on", Date),
    Column("deceased_on", Date),
    Column("is_test", Boolean, nullable=False),
    local_time("deleted_at"),
)

Table(
    "lead",
    metadata,
    row_id("lead_id"),
    text("name", 80, nullable=False),
    text("company_name", 120),
    text("email", 120),
    text("phone", 30),
    text("pnr", 13),
    text("customer_no", 20),
    text("source_list", 60),
    Column("score", Integer),
    text("status", 10, nullable=False),
    Column("created_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("converted_on", Date),
    local_time("deleted_at"),
)

Table(
    "dialogue_entry",
    metadata,
    row_id("entry_id"),
    ref("lead_id", "lead.lead_id", nullable=False),
    instant("occurred_at", nullable=False),
    text("kind", 20, nullable=False),
    Column("two_way", Boolean, nullable=False),
    Column("note", Text),
)

Table(
    "meeting",
    metadata,
    row_id("meeting_id"),
    ref("lead_id", "lead.lead_id", nullable=False),
    local_time("starts_at", nullable=False),
    text("place", 120),
    Column("agenda", Text),
)

Table(
    "contract",
    metadata,
    row_id("contract_id"),
    ref("customer_id", "customer.customer_id"),
    ref("company_id", "company.company_id"),
    ref("representative_id", "representative.representative_id"),
    text("kind", 12, nullable=False),
    text("status", 10, nullable=False),
    text("signatory_name", 80),
    Column("started_on", Date),
    Column("ended_on", Date),
    Column("last_activity_on", Date),
    Column("auto_renews", Boolean, nullable=False),
    Column("monthly_fee", Numeric(10, 2), nullable=False),
    CheckConstraint("kind IN ('subscription', 'framework')", name="contract_kind"),
)

Table(
    "order",
    metadata,
    row_id("order_id"),
    text("order_no", 40, nullable=False, unique=True),
    ref("customer_id", "customer.customer_id"),
    ref("company_id", "company.company_id"),
    instant("placed_at", nullable=False),
    text("status", 10, nullable=False),
    Column("closed_on", Date),
    text("ship_name", 80),
    text("ship_street", 80),
    text("ship_postcode", 6),
    text("ship_city", 40),
    text("gift_name", 80),
    text("gift_street", 80),
    text("gift_postcode", 6),
    text("gift_city", 40),
    text("gift_phone", 30),
    Column("gift_message", Text),
    Column("total", Numeric(12, 2), nullable=False),
)

Table(
    "delivery",
    metadata,
    row_id("delivery_id"),
    ref("order_id", "order.order_id", nullable=False),
    text("product", 80, nullable=False),
    text("product_class", 12, nullable=False),
    Column("own_brand", Boolean, nullable=False),
    text("buyer", 10, nullable=False),
    Column("delivered_on", Date, nullable=False),
    Column("guarantee_until", Date),
    Column("circulated_on", Date),
    text("serial_no", 30),
    text("received_by", 80),
)

Table(
    "support_case",
    metadata,
    row_id("case_id"),
    ref("customer_id", "customer.customer_id"),
    ref("order_id", "order.order_id"),
    ref("delivery_id", "delivery.delivery_id"),
    text("contact_name", 80),
    text("contact_email", 120),
    text("kind", 12, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("description", Text),
)

Table(
    "credit_check",
    metadata,
    row_id("check_id"),
    ref("customer_id", "customer.customer_id"),
    ref("lead_id", "lead.lead_id"),
    Column("completed_on", Date),
    text("decision", 10),
    Column("score", Integer),
    Column("report_text", Text),
    text("decided_by", 20),
)

Table(
    "id_document",
    metadata,
    Column("document_id", String(40), primary_key=True),
    ref("customer_id", "customer.customer_id", nullable=False),
    ref("credit_check_id", "credit_check.check_id"),
    text("kind", 20, nullable=False),
    text("file_path", 120),
    Column("scanned_on", Date),
)

Table(
    "note",
    metadata,
    row_id("note_id"),
    ref("customer_id", "customer.customer_id"),
    ref("company_id", "company.company_id"),
    ref("lead_id", "lead.lead_id"),
    Column("body", Text),
    text("author", 20),
    local_time("created_at"),
)

Table(
    "web_login",
    metadata,
    row_id("login_id"),
    ref("customer_id", "customer.customer_id", nullable=False),
    instant("logged_at", nullable=False),
    text("ip", 45),
    text("path", 200),
    text("user_agent", 160),
)

Table(
    "privacy_request",
    metadata,
    row_id("request_id"),
    ref("customer_id", "customer.customer_id"),
    ref("lead_id", "lead.lead_id"),
    ref("representative_id", "representative.representative_id"),
    text("email", 120),
    text("kind", 20, nullable=False),
    text("channel", 10),
    instant("received_at", nullable=False),
    Column("closed_on", Date),
    Column("revoked_on", Date),
    Column("message", Text),
)
