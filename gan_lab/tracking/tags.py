"""Names of measurements that more than one place writes or reads: in ``metrics.csv`` and in TensorBoard."""

RAW = "distance/critic_raw"
MEDIAN = "distance/critic_median"
JSD = "distance/jsd"
F_DIVERGENCE = "distance/f_divergence"

MEDIAN_WINDOW = 101
"""Width of the median filter of the WGAN paper's figures 3 and 4 (released code, README), in iterations."""

SLOPE = "health/critic_slope"

W1_EXACT = "distance/w1_exact"
FLOOR = "distance/floor"
"""The floor of :data:`W1_EXACT`; see :func:`floor_tag` for those of others."""


def floor_tag(tag: str) -> str:
    """Return the tag of a metric's floor: what real samples get in the place of generated ones."""
    return FLOOR if tag == W1_EXACT else f"{tag}_floor"
