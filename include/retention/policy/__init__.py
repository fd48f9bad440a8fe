"""The retention schedule: which purposes there are and how long each keeps what it needs."""
