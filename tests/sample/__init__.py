"""Tests of the sample systems."""
