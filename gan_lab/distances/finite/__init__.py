"""Distributions on finitely many points: masses, linear programs, integral probability metrics."""
