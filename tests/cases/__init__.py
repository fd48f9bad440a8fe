"""The catalogue of cases that must come out right: one module for each of its sections."""
