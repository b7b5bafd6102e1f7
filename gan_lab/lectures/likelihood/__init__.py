"""Likelihood and density estimation: what they measure, and what they do not."""
