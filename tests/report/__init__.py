"""The report: its arithmetic, its words, its formats."""
