"""Gallring on one machine: what `make` runs. Nothing in `include.retention` knows of it."""
