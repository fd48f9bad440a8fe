"""A second opinion on what is due: simple enough to be read beside the law, and shared with no line of the engine."""
