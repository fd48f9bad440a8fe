"""The only place that reads the clock. Everything else is told what time it is."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, timezone-aware, in UTC."""
    return datetime.now(tz=UTC)
