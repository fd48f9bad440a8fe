"""Where things are, for tests that need a path."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = ("finance", "marketing", "sales")
"""The sample systems, sorted."""
