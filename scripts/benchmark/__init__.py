"""What `scripts/bench.py` is made of: the loop that everybody writes, ours, and how both are timed."""
