"""django-oscar: a web shop of 92 tables."""
