"""Tests of the retention schedule, its files and its checks."""
