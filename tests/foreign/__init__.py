"""Applications that others made, with schemas of their own migrations, run by their maps alone."""
