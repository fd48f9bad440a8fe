"""The anonymisation methods, and what a column can take."""
