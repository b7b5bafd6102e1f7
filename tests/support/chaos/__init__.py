"""What tries to break runs: kills, command lines, folders and combinations; in processes that may die."""
