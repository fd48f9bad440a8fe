"""Tests of the data maps and of what the live database says of them."""
