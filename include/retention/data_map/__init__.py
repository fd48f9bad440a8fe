"""The data map: where each category of personal data is kept, and for which purposes."""
