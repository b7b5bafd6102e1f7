"""From run folders to a file that others can report: what it holds of a run, and which rows of its table."""
