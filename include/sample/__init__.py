"""Three sample systems like those of a Swedish IT company: sales, finance and marketing."""
