"""A second schema, small and unlike the sample systems, run by its map alone."""
