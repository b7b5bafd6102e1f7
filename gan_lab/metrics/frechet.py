"""Distances between features, and the confidence of a classifier: FID, KID and IS without Inception.

torchmetrics computes all three. Named after Inception they are only in ``inception.py``: values from
another network say nothing beside published ones, and values from two networks nothing beside each other.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_lab.config.checks import PositiveInt, conform
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.phrases import counted, verb
from gan_lab.metrics.transport import own_unit
from gan_lab.numerics.draws import integers


class MeanAndStd(NamedTuple):
    """A number measured several times on parts of one sample.

    Attributes:
        mean: over the parts.
        std: over the parts; no standard error of ``mean``, because the parts share their samples (KID) or
            are smaller than the sample (IS).
    """

    mean: float
    std: float


class GivenFeatures(nn.Module):
    """Stand for the network that torchmetrics calls on images where the features are there already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features  # torchmetrics asks for it by this name

    def forward(self, features: Tensor) -> Tensor:
        """Return ``features`` (n, d) as they are."""
        return features


def frechet_feature_distance(real: Tensor, fake: Tensor) -> float:
    """Return the squared Fréchet (2-Wasserstein) distance of the Gaussians fitted to two feature sets.

    ‖m₁ - m₂‖² + Tr(S₁ + S₂ - 2 (S₁ S₂)^½) with the means and the unbiased covariances of the features:
    what FID is for the features of Inception. In squared units of the features.

    Bias: upwards, by O(1/n) and more the more features there are, even between two samples of one
    distribution (Bińkowski et al. 2018, section 4 and appendix D): compare values at equal n only. It sees
    the first two moments alone, so 0 says only that those agree. What it estimates is a lower bound on the
    squared W2 of the feature distributions themselves (Gelbrich 1990).

    Args:
        real: features (n, d), n greater than d, as fewer leave the covariance singular.
        fake: features (m, d), m greater than d.

    Returns:
        0 or greater.

    Raises:
        UserError: if the features are not finite, not of one dimension or not enough, or so large or small
            that no float holds their squares.

    Reference:
        Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, equation 6.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    _check_features(real, fake)
    for key, features in (("real", real), ("fake", fake)):
        if len(features) <= features.shape[1]:
            rule = f"more samples than the {counted(features.shape[1], 'feature')} of each"
            raise BadValueError(key, rule, len(features))
    # torchmetrics subtracts squares of means from means of squares: about 0 and in a unit of their own
    centre = real.double().mean(dim=0)
    centred = real.double() - centre, fake.double() - centre
    unit = own_unit(*centred)
    metric = FrechetInceptionDistance(GivenFeatures(real.shape[1])).to(real.device)
    metric.update(centred[0] / unit, real=True)
    metric.update(centred[1] / unit, real=False)
    # rounding can leave equal samples a little below 0
    in_units = max(0.0, float(metric.compute()))
    distance = unit * (unit * in_units)  # in this order: the square of the unit alone may be no float
    if in_units and (distance == 0 or math.isinf(distance)):
        raise UserError(
            f"features of a size of {unit:.2g} have a squared Fréchet distance that no float holds; "
            "divide both sets by that size."
        )
    return distance


def kernel_feature_distance(
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator,
    n_subsets: int = 100,
    subset_size: int = 1000,
) -> MeanAndStd:
    """Return the unbiased MMD² of two feature sets with the kernel (x·y/d + 1)³, over random subsets.

    What KID is for the features of Inception.

    Bias: none in n; it is below 0 about as often as not where the distributions agree. Being cubic, the
    kernel sees the first three moments alone, and it grows with the cube of the features' scale.

    Args:
        real: features (n, d), n at least ``subset_size``.
        fake: features (m, d), m at least ``subset_size``.
        generator: draws the subsets.
        n_subsets: how many pairs of subsets; 100 in the paper.
        subset_size: samples of each, drawn without replacement, 2 or more; 1,000 in the paper.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        UserError: if the features are not finite, not of one dimension or not enough.

    Reference:
        Bińkowski et al., "Demystifying MMD GANs", 2018, section 4.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    n_subsets = conform("n_subsets", n_subsets, PositiveInt)
    if conform("subset_size", subset_size, PositiveInt) < 2:
        raise BadValueError("subset_size", "2 or greater", subset_size)
    _check_features(real, fake)
    for key, features in (("real", real), ("fake", fake)):
        if len(features) < subset_size:
            raise BadValueError(
                key, f"at least {counted(subset_size, 'sample')}, those of a subset", len(features)
            )
    with _quiet_and_drawing_from(generator):
        metric = KernelInceptionDistance(GivenFeatures(real.shape[1]), n_subsets, subset_size)
        metric.update(real.double(), real=True)
        metric.update(fake.double(), real=False)
        mean, std = metric.compute()
    return MeanAndStd(float(mean), float(std))


def classifier_score(probabilities: Tensor, generator: torch.Generator, n_splits: int = 10) -> MeanAndStd:
    """Return exp E KL(p(y|x) ‖ p(y)): high where each image is clearly of one class and all classes occur.

    What the Inception score is for the classes of ImageNet; from 1 to K. Real samples play no part in it,
    so one perfect image for each class scores K.

    Bias: downwards, relative to the score by up to about ``n_splits`` (K - 1) / (2n), because p(y) is the
    mean over the split itself: compare values at equal n and ``n_splits`` only.

    Args:
        probabilities: p(y|x) (n, K), rows adding up to 1; n at least ``n_splits``.
        generator: shuffles the samples before they are split.
        n_splits: parts of equal size, as near as can be.

    Returns:
        Mean and unbiased standard deviation over the splits; the latter is nan for one split.

    Raises:
        BadValueError: if the rows are no probabilities, or too few.

    Reference:
        Salimans et al., "Improved Techniques for Training GANs", 2016, section 4.
    """
    from torchmetrics.image.inception import InceptionScore

    n_splits = conform("n_splits", n_splits, PositiveInt)
    _check_probabilities(probabilities, n_splits)
    # torchmetrics begins with a softmax, which is undone by the logarithm; it turns a 0 into 0 * inf
    exact = probabilities.double()
    logits = exact.clamp(min=torch.finfo(torch.float64).tiny).log()
    with _quiet_and_drawing_from(generator):
        metric = InceptionScore(GivenFeatures(logits.shape[1]), splits=n_splits)
        metric.update(logits)
        mean, std = metric.compute()
    return MeanAndStd(float(mean), float(std))


@contextmanager
def _quiet_and_drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Let torchmetrics draw what follows from ``generator`` and leave the state of torch's own as it was.

    torchmetrics takes no generator. Its warnings are that it keeps all features, and, of one split, that
    this has no deviation.
    """
    seed = int(integers(2**62, (), generator))
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore", UserWarning)
        torch.default_generator.manual_seed(seed)
        yield


def _check_features(real: Tensor, fake: Tensor) -> None:
    for key, features in (("real", real), ("fake", fake)):
        if features.ndim != 2 or not features.is_floating_point():
            got = f"{tuple(features.shape)} of {features.dtype}"
            raise BadValueError(key, "floats of shape (n, d)", got)
        if not bool(features.isfinite().all()):
            n_bad = int((~features.isfinite()).any(dim=1).sum())
            raise BadValueError(
                key, "finite numbers", f"{counted(n_bad, 'sample')} that {verb(n_bad, 'is', 'are')} not"
            )
    if real.shape[1] != fake.shape[1]:
        raise BadValueError("fake", f"of {counted(real.shape[1], 'feature')}, as real is", fake.shape[1])


def _check_probabilities(probabilities: Tensor, n_splits: int) -> None:
    if probabilities.ndim != 2 or not probabilities.is_floating_point():
        got = f"{tuple(probabilities.shape)} of {probabilities.dtype}"
        raise BadValueError("probabilities", "floats of shape (n, K)", got)
    if len(probabilities) < n_splits:
        rule = f"at least {counted(n_splits, 'sample')}, one for each split"
        raise BadValueError("probabilities", rule, len(probabilities))
    off = float((probabilities.double().sum(dim=1) - 1).abs().max())
    if not off <= 1e-3 or bool((probabilities < 0).any()):
        rule = "0 or greater, each row adding up to 1"
        raise BadValueError("probabilities", rule, f"a row off by {off:.3g}")
