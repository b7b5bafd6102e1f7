"""Where numbers go besides ``metrics.csv``: one interface, and a file for each library behind it."""
