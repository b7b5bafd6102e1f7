"""Distances between distributions that are known: densities, closed forms, quadrature and duals."""
