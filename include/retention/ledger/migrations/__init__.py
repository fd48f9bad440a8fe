"""Versions of the control database. ``store.upgrade`` runs them; there is no alembic.ini."""
