"""The Dirac-GAN: two numbers that play the game, and how they move."""
