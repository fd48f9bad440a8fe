"""Tryton, adopted by map alone: what fills it and uses it, and its policy."""
