"""Where real samples come from, one family a file."""
