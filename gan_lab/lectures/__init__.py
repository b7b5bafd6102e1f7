"""The experiments of ``gan-lab distances``: what lectures on adversarial models argue from, computed."""
