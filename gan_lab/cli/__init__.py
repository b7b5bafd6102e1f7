"""The command line: commands, Hydra's application, and what a person is told."""
