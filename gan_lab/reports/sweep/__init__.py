"""A sweep as it is read from its run folders: runs, axes, cells, and what is missing."""
