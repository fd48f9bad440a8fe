"""Marketing: the newsletter platform.

It knows no customer number: people are e-mail addresses here.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, MetaData, Table

from include.sample.schema.columns import instant, key_ref, local_time, ref, row_id, text

metadata = MetaData()

Table(
    "subscriber",
    metadata,
    row_id("subscriber_id"),
    text("email", 120, nullable=False, unique=True),
    text("phone", 30),
    text("given_name", 40),
    Column("birth_date", Date),
    text("interests", 200),
    text("source", 20, nullable=False),
    local_time("subscribed_at"),
)

Table(
    "business_contact",
    metadata,
    row_id("contact_id"),
    text("email", 120, index=True),
    text("name", 80),
    text("title", 60),
    text("orgno", 13),
    Column("left_on", Date),
    local_time("created_at"),
)

Table(
    "consent_event",
    metadata,
    row_id("event_id"),
    text("email", 120, index=True),
    text("phone", 30),
    text("kind", 12, nullable=False),
    text("channel", 10),
    instant("occurred_at", nullable=False),
    Column("lifted_on", Date),
    text("ip", 45),
    text("wording", 200),
)

Table(
    "campaign",
    metadata,
    row_id("campaign_id"),
    text("title", 80, nullable=False),
    local_time("starts_at"),
)

Table(
    "send",
    metadata,
    row_id("send_id"),
    ref("subscriber_id", "subscriber.subscriber_id", nullable=False),
    ref("campaign_id", "campaign.campaign_id", nullable=False),
    local_time("sent_at", nullable=False),
)

Table(
    "engagement",
    metadata,
    key_ref("send_id", "send.send_id"),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    text("kind", 10, nullable=False),
    instant("occurred_at", nullable=False),
    text("url", 200),
    text("ip", 45),
    text("user_agent", 160),
)

Table(
    "segment",
    metadata,
    row_id("segment_id"),
    text("title", 60, nullable=False),
)

Table(
    "membership",
    metadata,
    key_ref("segment_id", "segment.segment_id"),
    key_ref("subscriber_id", "subscriber.subscriber_id"),
    local_time("joined_at"),
)
