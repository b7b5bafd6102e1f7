"""How good samples are: what they are compared by, and the features that images are compared in."""
