"""Run folders: what is recorded of a run, who may write it, checkpoints, provenance."""
