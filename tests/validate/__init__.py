"""What the checks after the act see, and what they must not tell."""
