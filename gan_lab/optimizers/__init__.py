"""Optimizers as pure functions of a flat gradient."""
