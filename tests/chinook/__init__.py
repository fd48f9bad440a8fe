"""The Chinook sample database, a shop for music that others made, run by its map alone."""
