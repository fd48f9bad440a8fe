"""A draft of a data map, made from a live schema: every guess in it waits for a person."""
