"""The Gaussian that is nearest to a mixture, by each divergence, and the landscape around it."""
