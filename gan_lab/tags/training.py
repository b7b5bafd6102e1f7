"""Rows of the table: what training measures of the two networks, of its losses and of its pace."""

from gan_lab.tags import names
from gan_lab.tags.distances import IN_A_SPACE
from gan_lab.tags.tag import EVERY_RUN, Tag

_OF_LOSSES = "the objective's"
_OF_TAG = "the tag's"
_OF_ESTIMATE = "the estimate's"

HEALTH = (
    Tag(
        names.SLOPE,
        "score units per data unit",
        f"{EVERY_RUN}, at each log",
        "the critic's largest gradient norm at points between real and generated samples; a lower bound on "
        "its Lipschitz constant (with batch norm in the critic, on nothing)",
        title="critic's largest slope",
        chart="slope",
        pinned=True,
    ),
    Tag(
        names.PAIRWISE_SLOPE,
        "score units per data unit",
        IN_A_SPACE,
        "the critic's largest slope between any two of the compared samples, of images in the space of their "
        "features; empty where the gap of its scores is rounding",
        title="critic's largest slope between samples",
        chart="slope",
    ),
    Tag(
        names.CRITIC_ACCURACY,
        "share",
        EVERY_RUN,
        "share of samples on the right side of the objective's threshold, real and generated ones "
        "counting alike; a score on the threshold counts half",
        title="critic's accuracy",
        chart="critic",
    ),
    Tag(
        names.SEEN_ACCURACY,
        "share",
        "`metrics.every`",
        "the same on the batch of the last critic step, with the generator of now",
        title="critic's accuracy on the batch that it was trained on",
        chart="accuracy on seen and held-out batches",
    ),
    Tag(
        names.HELD_OUT_ACCURACY,
        "share",
        "`metrics.every`",
        "the same on batches that are drawn for this alone; of a small dataset these repeat images that the "
        "critic has seen",
        title="critic's accuracy on held-out batches",
        chart="accuracy on seen and held-out batches",
    ),
    Tag(
        names.HELD_OUT,
        _OF_ESTIMATE,
        "`metrics.every`",
        "the estimate, of an objective without a divergence the score gap, on batches that are drawn for "
        "this alone",
        title="estimate on held-out batches",
        chart="critic and one trained on",
    ),
    Tag(
        names.HELD_OUT_FURTHER,
        _OF_ESTIMATE,
        "`metrics.every`",
        f"what `{names.HELD_OUT}` is, of a copy of the critic that takes 20 more steps against the same "
        "generator: how much more than it is how far the critic is from its optimum, at least",
        title="estimate on held-out batches of a critic that was trained on",
        chart="critic and one trained on",
    ),
    Tag(
        names.AT_CLIP,
        "share",
        "`constraint=clip`",
        "share of critic weights at the clipping bound",
        title="critic weights at the clipping bound",
        chart="critic",
    ),
    Tag(
        names.GENERATOR_GRADIENT_NORM,
        "",
        EVERY_RUN,
        "Euclidean norm of the gradient of the generator's loss by all its parameters",
        title="generator's gradient norm",
        chart="gradient norms",
    ),
    Tag(
        names.CRITIC_GRADIENT_NORM,
        "",
        EVERY_RUN,
        "Euclidean norm of the gradient of the critic's loss, with its penalty, by all its parameters; empty "
        "where it is rounding",
        title="critic's gradient norm",
        chart="gradient norms",
    ),
    Tag(
        names.STEP_GRADIENT_COSINE,
        "",
        EVERY_RUN,
        "cosine between the critic's step and its descent direction; negative where momentum carries it "
        "uphill; empty where there is no gradient but rounding",
        title="cosine of critic step and descent",
        chart="momentum against the gradient",
    ),
)

LOSSES = (
    Tag(
        names.CRITIC_LOSS,
        _OF_LOSSES,
        EVERY_RUN,
        "what the critic minimises, without its penalty; with several critic steps, that of the last one; "
        "empty where it is rounding",
        chart="losses",
    ),
    Tag(names.GENERATOR_LOSS, _OF_LOSSES, EVERY_RUN, "what the generator minimises", chart="losses"),
    Tag(
        names.PENALTY,
        _OF_LOSSES,
        "constraints with a penalty",
        f"what the constraint adds to `{names.CRITIC_LOSS}`, its weight included",
        chart="losses",
    ),
)

LAYERS = (
    Tag(
        f"{names.LAYERS}/<parameter>",
        "",
        "`metrics.layers`, with `metrics.every` or `evaluate`",
        "Euclidean norm of the gradient of the critic's loss, without its penalty, by one layer's weights",
    ),
)

PACE = (
    Tag(
        names.ITERATIONS_PER_SECOND,
        "1/s",
        EVERY_RUN,
        "generator iterations since the last log, over the time since then",
    ),
    Tag(names.DATA_WAIT_FRACTION, "share", EVERY_RUN, "share of the time that the loop has waited for data"),
    Tag(
        names.LOGGING_FRACTION,
        "share",
        EVERY_RUN,
        "share of the time spent on measuring, drawing and writing, checkpoints included, of all seeds "
        "together",
    ),
)

SHOWN = (
    Tag(
        f"{names.FINAL}/<name>",
        _OF_TAG,
        f"{EVERY_RUN}, once it has ended",
        "the last value of a distance or a quality: the columns of HPARAMS",
    ),
    Tag(names.REAL_SAMPLES, "", f"{EVERY_RUN} on images", "pictures of real samples"),
    Tag(names.GENERATED_SAMPLES, "", EVERY_RUN, "pictures of what the same latents generate"),
    Tag(f"{names.WEIGHTS}/<parameter>", "", EVERY_RUN, "histogram of one of the critic's parameters"),
    Tag(names.SEED_COUNT, "", "`report`", "how many seeds of a cell the means are of"),
    Tag(
        names.band_tags("<tag>")[0],
        _OF_TAG,
        "`report`",
        "mean of a tag over the seeds of a cell; `.../low` and `.../high` bound its 95% band",
    ),
    *(
        Tag(tag, _OF_TAG, "`report`", "a bound of that mean's 95% band")
        for tag in names.band_tags("<tag>")[1:]
    ),
)
"""What only TensorBoard shows."""
