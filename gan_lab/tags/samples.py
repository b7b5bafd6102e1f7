"""Rows of the table: how good samples are, and tests of whether they are real."""

from gan_lab.tags import names
from gan_lab.tags.distances import IN_A_SPACE, MEASURED
from gan_lab.tags.tag import Tag

_IMAGES, _LABELLED = f"{MEASURED}: images", f"{MEASURED}: images with labels"
_MIXTURES, _EITHER = f"{MEASURED}: mixtures", f"{MEASURED}: mixtures, images with labels"

QUALITY = (
    Tag(
        names.FRECHET_FEATURES,
        "",
        _LABELLED,
        "squared Fréchet distance of the Gaussians that fit the features: what FID is, with the features of "
        "a small classifier",
        title="Fréchet distance of features",
        short="Fréchet",
        chart="features",
        pinned=True,
    ),
    Tag(
        names.PATCHES,
        "",
        _IMAGES,
        "sliced Wasserstein distance of image patches, on average over the scales, times 1,000",
        title="sliced Wasserstein distance of patches, times 1,000",
        short="patches",
        chart="patches",
        pinned=True,
    ),
    Tag(f"{names.PATCHES}_<side>px", "", _IMAGES, "the same at one scale, whose shorter side is so long"),
    Tag(
        names.MODES_HIT,
        "",
        _EITHER,
        "how many modes of the mixture have a sample within 3 standard deviations; of images, how many "
        "classes are seen",
        title="modes hit",
        short="modes",
        chart="modes",
        pinned=True,
    ),
    Tag(
        names.HIGH_QUALITY_SHARE,
        "share",
        _MIXTURES,
        "share of samples within 3 standard deviations of a mode",
        title="samples within 3 standard deviations of a mode",
    ),
    Tag(
        names.MODE_KL,
        "nats",
        _EITHER,
        "KL divergence of the histogram of modes, of the samples within 3 standard deviations of one, from "
        "the mixture's weights; of images, of the histogram of classes from uniform",
        title="KL divergence of the modes' histogram",
    ),
    Tag(
        names.MODE_P_VALUE,
        "probability",
        _MIXTURES,
        "p-value of Pearson's test of the histogram of modes, of the samples within 3 standard deviations of "
        "one: exact where few histograms are possible and, up to some 10,000 samples, for modes of equal "
        "weight, else Monte Carlo (1,000 draws of seed 0, never below 1/1,001); a small one says that the "
        "proportions are wrong, a large one that so many samples do not show it; empty where it is "
        "large and so few samples could not show half of the modes missing (below 15 samples for 8 modes, 34 "
        "for 25)",
        title="p-value of the modes' histogram",
    ),
    Tag(
        names.PRECISION,
        "share",
        IN_A_SPACE,
        "share of generated samples inside the ball that reaches from some real sample to its third nearest",
        chart="precision and recall",
    ),
    Tag(
        names.RECALL,
        "share",
        IN_A_SPACE,
        "share of real samples inside the ball that reaches from some generated sample to its third nearest",
        chart="precision and recall",
    ),
    Tag(
        names.DENSITY,
        "",
        IN_A_SPACE,
        "mean number of real samples' balls (to the fifth nearest) around a generated one, over 5; 1 on "
        "average for a perfect generator",
    ),
    Tag(
        names.COVERAGE,
        "share",
        IN_A_SPACE,
        "share of real samples with a generated one inside their own ball (to the fifth nearest)",
    ),
    Tag(
        names.COPIED_SHARE,
        "share",
        _IMAGES,
        "share of generated images that lie nearer to one of the compared real ones than half of the way "
        "from there to the next, in pixels; the floor is how often draws of real images repeat one another",
        title="copies of real images",
    ),
    Tag(
        names.SLICED_W1,
        "data units",
        IN_A_SPACE,
        "sliced Wasserstein distance W1: over random directions, the mean of W1 on a line; of images in the "
        "space of their features",
        title="sliced Wasserstein distance",
        short="sliced W1",
        chart="sliced distance",
    ),
    Tag(
        names.SLICED_W2,
        "data units",
        IN_A_SPACE,
        "the same of W2, whose squares are averaged",
        title="sliced Wasserstein distance W2",
    ),
    Tag(
        names.KERNEL_FEATURES,
        "",
        _LABELLED,
        "unbiased squared MMD of the features with a cubic kernel: what KID is, with the features of a small "
        "classifier",
        title="kernel distance of features",
    ),
    Tag(
        names.CLASSIFIER_SCORE,
        "",
        _LABELLED,
        "what the Inception score is, with the classes of a small classifier: from 1 to their number; not of "
        "`stacked_digits` and `stacked_mnist`",
    ),
    Tag(
        names.CONFIDENT_SHARE,
        "share",
        _LABELLED,
        "share of generated images that a small classifier is sure of: their class has a probability above "
        "0.9. Blurred and averaged images have less of it than real ones, and a precision as high; the few "
        "images of a collapsed generator have as much",
        title="images of a clear class",
    ),
    Tag(
        names.floor_tag(f"{names.QUALITY}/<metric>"),
        "the metric's",
        MEASURED,
        "the floor of a metric: the same for other real samples in the place of generated ones, which a "
        "perfect generator gets on average; of distances of vectors and of patches a mean over up to "
        "eight draws, of the others one",
    ),
)

TESTS = (
    Tag(
        names.two_sample_tag("<name>"),
        "",
        "`evaluate`: vectors, images with labels",
        "statistic of a two-sample test with its p-value: MMD², the energy distance, and the accuracy of a "
        "nearest-neighbour classifier",
    ),
    Tag(
        names.parzen_tag("<name>"),
        "nats",
        "`evaluate`: images",
        "`log_likelihood`, the mean over real images with pixels on [0, 1] of their log density under "
        "Gaussians around the generated ones, a Parzen window; and its `standard_error`. It was reported of "
        "GANs and f-GANs, and says little: it depends on the number of samples, a generator that repeats "
        "training images gets the floor, and one whose images are too smooth may get more",
    ),
    Tag(
        names.parzen_tag("width"),
        "pixel values",
        "`evaluate`: images",
        "standard deviation of these Gaussians, with pixels on [0, 1]: of 21 that are tried from 0.01 to 1, "
        "the one under which other real images are likeliest",
    ),
    Tag(
        names.inception_tag("<name>"),
        "",
        "`evaluate --inception`",
        "FID, KID and the Inception score with Inception's own weights, and the standard deviations of the "
        "latter two",
    ),
)
