"""Optimal transport: on the line, by potentials, and over ground metrics."""
