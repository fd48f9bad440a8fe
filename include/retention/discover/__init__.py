"""Discovery: personal data where the data map says that there is none, or says nothing. Values never leave it."""
