"""Critics that are fitted between two distributions that stand still."""
