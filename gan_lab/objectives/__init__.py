"""What critic and generator minimise, one family a file."""
