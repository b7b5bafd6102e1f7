"""Rows of the table: distances, as critics estimate them and exactly, the most telling first."""

from gan_lab.tags import names
from gan_lab.tags.tag import EVERY_RUN, Tag

MEASURED = "`metrics.every`, `evaluate`"
IN_A_SPACE = f"{MEASURED}: vectors, images with labels"

DISTANCES = (
    Tag(
        names.JSD,
        "nats",
        "`objective=gan`, `gan_minimax`",
        "in the mean over batches, a lower bound on the Jensen-Shannon divergence, which is at most log 2 = "
        "0.693; with batch norm in the critic, which then scores no sample by itself, on that of whole "
        "batches instead",
        title="Jensen-Shannon estimate",
        short="JSD estimate",
        chart="divergence",
        pinned=True,
    ),
    Tag(
        names.F_DIVERGENCE,
        "",
        "the f-GANs, LSGAN, hinge",
        "in the mean over batches, a lower bound on the divergence that the objective names, with natural "
        "logarithms where it has some (LSGAN's is the triangular discrimination, hinge's the total "
        "variation); with batch norm in the critic, on that of whole batches instead",
        title="f-divergence estimate",
        short="f-divergence estimate",
        chart="divergence",
        pinned=True,
    ),
    Tag(
        names.MEDIAN,
        "score units",
        EVERY_RUN,
        f"the median of the last {names.MEDIAN_WINDOW} values of `{names.RAW}`; the paper's figures, and the "
        "report's, centre that window, which lags here by half of it",
        title=f"critic's score gap, median of {names.MEDIAN_WINDOW}",
        short="W estimate",
        chart="critic's score gap",
        pinned=True,
    ),
    Tag(
        names.W1_EXACT,
        "data units",
        IN_A_SPACE,
        "exact optimal transport between as many real and generated samples (with `train.ema`, of "
        "the averaged generator), of images between their features; it is biased upwards, so that its floor "
        "is not 0",
        title="exact Wasserstein distance",
        short="W1",
        chart="certified, exact and floor",
        pinned=True,
    ),
    Tag(
        names.FLOOR,
        "data units",
        IN_A_SPACE,
        f"the floor of `{names.W1_EXACT}`: the same between real samples and other real ones (of vectors a "
        "mean over up to eight draws of these), which a perfect generator gets on average; a smaller "
        "distance is no evidence of a better one: "
        f"`{names.W1_DEBIASED}` tells whether the samples are closer together than real ones",
        chart="certified, exact and floor",
    ),
    Tag(
        names.W1_DEBIASED,
        "data units",
        IN_A_SPACE,
        f"`{names.W1_EXACT}` less the mean of two floors, that of real samples (`{names.FLOOR}`) and the "
        "generator's own, between as many of its samples and others from other latents: 0 on average for a "
        "perfect generator, and as often below, within its scatter; no distance, and no estimate of one. It "
        "is above 0 where samples are closer together than real ones, which the distance itself rewards",
        title="debiased Wasserstein distance",
        short="debiased W1",
        chart="certified, exact and floor",
    ),
    Tag(
        names.W1_DEBIASED_SCATTER,
        "data units",
        IN_A_SPACE,
        f"the standard deviation that `{names.W1_DEBIASED}` has around 0 with real samples in the place of "
        "generated ones, from blocks of the real samples",
        title="debiased Wasserstein distance, scatter of real samples",
        short="debiased W1 scatter",
    ),
    Tag(
        names.W1_EXACT_UNAVERAGED,
        "data units",
        f"{IN_A_SPACE}, with `train.ema`",
        f"what `{names.W1_EXACT}` is, of samples of the generator itself, which the critic is trained "
        "against",
        title="exact Wasserstein distance of the generator without averaging",
        chart="certified, exact and floor",
    ),
    Tag(
        names.CERTIFIED,
        "data units",
        IN_A_SPACE,
        f"what this critic proves of `{names.W1_EXACT}`, with `train.ema` of "
        f"`{names.W1_EXACT_UNAVERAGED}`: its score gap on those samples over its largest slope between any "
        f"two of them (`{names.PAIRWISE_SLOPE}`); a lower bound on it for any network; empty where the gap "
        "is rounding",
        title="certified Wasserstein distance",
        short="certified W1",
        chart="certified, exact and floor",
    ),
    Tag(
        names.CRITIC_GAP,
        "score units",
        MEASURED,
        f"what `{names.RAW}` is, on the samples that quality is measured on; with `train.ema`, on as many of "
        "the generator itself",
        title="critic's score gap on the compared samples",
    ),
    Tag(
        names.RAW,
        "score units",
        EVERY_RUN,
        "mean score of real minus mean score of generated samples; in the mean over batches at most K times "
        "W1, where some K bounds the critic's slope: which constraint does, beside which norm of the critic, "
        "docs/constraints.md says; empty where the gap is rounding",
        title="critic's score gap",
        short="score gap",
        chart="critic's score gap",
    ),
)
