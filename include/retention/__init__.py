"""Gallring: GDPR storage limitation, one step of the weekly run per module."""
