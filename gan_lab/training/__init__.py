"""From a config to finished runs: launched, executed, logged, saved, resumed."""
