"""Arithmetic that knows nothing of games: trees of tensors, derivatives, random streams, statistics."""
