"""Properties that hold for every schedule, every map and all data."""
