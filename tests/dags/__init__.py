"""Tests of ``dags/``."""
