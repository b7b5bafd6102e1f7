"""The configs that Hydra composes; a package, so that an installed gan-lab finds them."""
