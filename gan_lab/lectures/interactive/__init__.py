"""The page with sliders of an experiment: every frame computed beforehand, no network, no server."""
