"""What the user may type: options, settings and their rules, and how an option becomes an object."""
