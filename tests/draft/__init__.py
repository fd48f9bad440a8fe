"""A data map drafted from a live schema."""
