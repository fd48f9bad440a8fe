"""Discovery of personal data that no data map declares."""
