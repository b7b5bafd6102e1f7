"""What a run writes while it is trained: tables, TensorBoard's events, pictures."""
