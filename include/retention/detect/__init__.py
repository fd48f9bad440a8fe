"""What looks personal: judged by a column's name and by sampled values, in memory alone."""
