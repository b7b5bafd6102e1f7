"""What is claimed of a sweep, by which rule, and with what interval."""
