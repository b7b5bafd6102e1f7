"""What `scripts/tensorboard_proof.py` is made of: a server, a browser, and what to look for in its pages."""
