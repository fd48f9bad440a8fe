"""What the engine costs, measured against what a database expert would write by hand. See ``bench.py``."""
