"""Pairs of known distributions, and what every distance says of them."""
