"""The lectures' experiments, one a file."""
