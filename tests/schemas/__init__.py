"""What real schemas hold, in small: each test makes one, maps it, and takes the whole pipeline through it."""
