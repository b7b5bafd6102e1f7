"""Generators at stages of training, and the gradients that discriminators give them."""
