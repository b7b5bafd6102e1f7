"""The game of generator and critic: its rules, one iteration of it, and how that is executed."""
