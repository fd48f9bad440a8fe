"""Statements, files and the act itself."""
