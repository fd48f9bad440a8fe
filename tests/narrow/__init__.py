"""Reading of a table only what could be due."""
