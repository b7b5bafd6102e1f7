"""Names of tags: columns of ``metrics.csv`` and ``timing.csv``, curves and pictures of TensorBoard."""

# groups: what stands before the slash
DISTANCE, HEALTH, QUALITY, LOSS, LAYERS, PERF = "distance", "health", "quality", "loss", "layers", "perf"
TEST, INCEPTION, PARZEN = "test", "inception", "parzen"
FINAL, SAMPLES, SEEDS = "final", "samples", "seeds"
WEIGHTS = "weights"  # the last by the alphabet, which TensorBoard orders by
RESOLUTION = "resolution"  # of no tag: what is measured beside a number, and decides whether it is written

JSD = "distance/jsd"
F_DIVERGENCE = "distance/f_divergence"
RAW = "distance/critic_raw"
MEDIAN = "distance/critic_median"
W1_EXACT = "distance/w1_exact"
W1_EXACT_UNAVERAGED = "distance/w1_exact_unaveraged"
FLOOR = "distance/floor"
"""The floor of :data:`W1_EXACT`; see :func:`floor_tag` for those of others."""
W1_DEBIASED, W1_DEBIASED_SCATTER = "distance/w1_debiased", "distance/w1_debiased_scatter"
CERTIFIED = "distance/certified"
CRITIC_GAP = "distance/critic_gap"

SLOPE = "health/critic_slope"
PAIRWISE_SLOPE = "health/pairwise_slope"
CRITIC_ACCURACY = "health/critic_accuracy"
SEEN_ACCURACY, HELD_OUT_ACCURACY = "health/critic_accuracy_seen", "health/critic_accuracy_held_out"
HELD_OUT, HELD_OUT_FURTHER = "health/held_out_estimate", "health/held_out_estimate_further"
AT_CLIP = "health/at_clip_fraction"
GENERATOR_GRADIENT_NORM = "health/generator_gradient_norm"
CRITIC_GRADIENT_NORM = "health/critic_gradient_norm"
STEP_GRADIENT_COSINE = "health/step_gradient_cosine"

FRECHET_FEATURES = "quality/frechet_features"
KERNEL_FEATURES = "quality/kernel_features"
CLASSIFIER_SCORE = "quality/classifier_score"
CONFIDENT_SHARE = "quality/confident_share"
PATCHES = "quality/patches"
SLICED_W1, SLICED_W2 = "quality/sliced_w1", "quality/sliced_w2"
PRECISION, RECALL = "quality/precision", "quality/recall"
DENSITY, COVERAGE = "quality/density", "quality/coverage"
MODES_HIT, HIGH_QUALITY_SHARE = "quality/modes_hit", "quality/high_quality_share"
COPIED_SHARE = "quality/copied_share"
MODE_KL, MODE_P_VALUE = "quality/mode_kl", "quality/mode_p_value"

CRITIC_LOSS, PENALTY, GENERATOR_LOSS = "loss/critic", "loss/penalty", "loss/generator"

ITERATIONS_PER_SECOND = "perf/iterations_per_second"
DATA_WAIT_FRACTION, LOGGING_FRACTION = "perf/data_wait_fraction", "perf/logging_fraction"

SCORES_ALIKE = "resolution/scores_alike"
"""Whether the critic scores all samples of a batch alike, as far as its arithmetic resolves; not written."""

REAL_SAMPLES, GENERATED_SAMPLES = "samples/real", "samples/generated"
SEED_COUNT = "seeds/count"

_FLOORS = {W1_EXACT: FLOOR, W1_DEBIASED: W1_DEBIASED_SCATTER}  # of a name of their own

MEDIAN_WINDOW = 101
"""Width of the median filter of the WGAN paper's figures 3 and 4 (released code, README), in iterations."""


def group_of(tag: str) -> str:
    """Return what stands before the slash, such as "distance"."""
    return tag.partition("/")[0]


def distance_tag(name: str) -> str:
    """Return the tag of what an objective estimates, ``Objective.estimate_tag``."""
    return f"{DISTANCE}/{name}"


def resolution_tag(tag: str) -> str:
    """Return the name of what rounding may have moved a measurement by: it is measured, but not written."""
    return f"{RESOLUTION}/{tag}"


def resolved_by(name: str) -> str | None:
    """Return the tag whose resolution a name is, None if it is no resolution."""
    return name.removeprefix(f"{RESOLUTION}/") if group_of(name) == RESOLUTION else None


def median_tag(estimate: str) -> str:
    """Return the tag of an estimate's running median."""
    return f"{estimate.removesuffix('_raw')}_median"


def floor_tag(tag: str) -> str:
    """Return the tag of a metric's floor: what real samples get in the place of generated ones.

    A perfect generator gets as much on average; of :data:`W1_DEBIASED`, whose average is then 0, as much up
    or down. A better value is no evidence of a better generator.
    """
    return _FLOORS.get(tag) or f"{tag}_floor"


def measured_above(floor: str) -> str | None:
    """Return the tag whose floor a tag is, None if it is no floor."""
    if floor in _FLOORS.values():
        return next(tag for tag, own in _FLOORS.items() if own == floor)
    return floor.removesuffix("_floor") if floor.endswith("_floor") else None


def patches_tag(side: int) -> str:
    """Return the tag of the distance of patches at one scale, the shorter side being so many pixels."""
    return f"{PATCHES}_{side}px"


def layer_tag(parameter: str) -> str:
    """Return the tag of a layer's gradient, given the name of its weights."""
    return f"{LAYERS}/{parameter.removesuffix('.weight')}"


def histogram_tag(parameter: str) -> str:
    """Return the tag under which a parameter of the critic is shown as a histogram."""
    return f"{WEIGHTS}/{parameter}"


def two_sample_tag(name: str) -> str:
    """Return the tag of a two-sample test."""
    return f"{TEST}/{name}"


def parzen_tag(name: str) -> str:
    """Return the tag of a number that a Parzen window gives."""
    return f"{PARZEN}/{name}"


def inception_tag(name: str) -> str:
    """Return the tag of a number that is made with Inception's weights."""
    return f"{INCEPTION}/{name}"


def final_tag(tag: str) -> str | None:
    """Return the tag of what a run's HPARAMS row shows of its last value; None if the row leaves it out.

    Distances and qualities are shown, without their floors.
    """
    group, _, name = tag.partition("/")
    return f"{FINAL}/{name}" if group in (DISTANCE, QUALITY) and measured_above(tag) is None else None


def band_tags(tag: str) -> tuple[str, str, str]:
    """Return the tags of a measurement's mean over seeds, and of the lower and upper bound of its band."""
    return f"{SEEDS}/{tag}/mean", f"{SEEDS}/{tag}/low", f"{SEEDS}/{tag}/high"
