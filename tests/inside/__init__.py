"""What is erased inside values, where only reading can find it."""
