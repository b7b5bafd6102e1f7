"""How far generated samples are from real ones, one idea a file: (real, fake) to numbers."""
