"""What the lab sees in a run's own numbers, in words: named rules, each with its threshold and a way out."""
