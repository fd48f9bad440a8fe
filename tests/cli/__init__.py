"""The command line: what it says, what it refuses, and that it changes nothing but holds and acceptances."""
