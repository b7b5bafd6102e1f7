"""Distances between distributions that are known exactly: closed forms, quadrature and linear programs."""
