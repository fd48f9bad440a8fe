"""Step 7, validate: what the act left behind, measured afresh from the sources and judged by Great Expectations.

Before a system's first batch `baseline` counts what must not change; afterwards `measure` counts again, from the
sources alone, and `expectations` judges the counts. Each table is counted in one statement (`tally`). Rows that were
due are looked at by key (`due_rows`); the others are compared by their total, and row by row only where it differs
(`retained`). What act says of itself enters one check only, the balance, where it is held against what is really gone.
"""
