"""Files and folders that several processes share, or that a process may be killed over."""
