"""Tests of ``plugins/``."""
