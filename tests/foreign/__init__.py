"""Applications from the registries, adopted by data map alone: nothing here is special to the engine."""
