"""By what the samples of a dataset are compared: vectors as they are, images by patches and features."""

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from gan_lab.datasets.base import Dataset
from gan_lab.datasets.toy import IsotropicMixture
from gan_lab.evaluation.feature_network import FeatureNetwork
from gan_lab.metrics.classifier_test import classifier_test
from gan_lab.metrics.copies import copied_share
from gan_lab.metrics.energy import energy_test
from gan_lab.metrics.frechet import classifier_score, frechet_feature_distance, kernel_feature_distance
from gan_lab.metrics.mmd import mmd_test
from gan_lab.metrics.mode_coverage import (
    confident_share,
    fewest_for_proportions,
    label_coverage,
    mode_coverage,
)
from gan_lab.metrics.neighbours import neighbour_metrics
from gan_lab.metrics.patches import patch_distances
from gan_lab.metrics.sliced import sliced_wasserstein
from gan_lab.metrics.transport import wasserstein
from gan_lab.metrics.two_sample import TwoSampleTest
from gan_lab.numerics.streams import make_rng
from gan_lab.tags.names import (
    CLASSIFIER_SCORE,
    CONFIDENT_SHARE,
    COPIED_SHARE,
    COVERAGE,
    DENSITY,
    FRECHET_FEATURES,
    HIGH_QUALITY_SHARE,
    KERNEL_FEATURES,
    MODE_KL,
    MODE_P_VALUE,
    MODES_HIT,
    PATCHES,
    PRECISION,
    RECALL,
    SLICED_W1,
    SLICED_W2,
    W1_DEBIASED,
    W1_EXACT,
    patches_tag,
)

_FEWEST = 8  # the nearest neighbours of a half
_LEVEL = 0.05  # of the test of the modes' proportions
_PATCHES_PER_IMAGE = 32  # Karras et al. take 128 of 16,384 images; a quarter of the time says as much here
_DIRECTIONS = 512  # that patches are projected on, as many as theirs


class Comparison(Protocol):
    """Compares real with generated samples (n, *D); what it draws at random is the same at every call."""

    fewest: int
    """Samples on either side that its numbers need."""

    measured_by: str
    """Digest of the feature network that its numbers depend on; empty without one."""

    def points(self, samples: Tensor) -> Tensor | None:
        """Return samples as points (n, d) of the space that distances are taken in, None without one."""

    def compare(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """Return numbers by tag; of values that do not exist, nan."""

    def compare_roughly(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """Return those numbers, by tag, which chance moves most between draws of one distribution.

        As ``compare`` has them on average, in less time where that can be.
        """


class VectorComparison:
    """Of vectors (n, d), in their own units; counts the modes of a mixture.

    Args:
        dataset: where the vectors come from; None where that is not known.
    """

    fewest = _FEWEST
    measured_by = ""

    def __init__(self, dataset: Dataset | None = None) -> None:
        self._mixture = dataset if isinstance(dataset, IsotropicMixture) else None

    def points(self, samples: Tensor) -> Tensor | None:
        """Return the vectors."""
        return samples

    def compare(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """Return distances, shares of neighbours and, of a mixture, how its modes are covered."""
        return compare_points(real, fake) | (self._modes(fake) if self._mixture else {})

    def compare_roughly(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """Return the distances: of 1,024 points they scatter by up to two fifths, shares by a hundredth."""
        return point_distances(real, fake)

    def _modes(self, fake: Tensor) -> dict[str, float]:
        mixture = self._mixture
        assert mixture is not None
        modes, stds, weights = (
            value.to(fake.device) for value in (mixture.modes, mixture.mode_stds, mixture.mode_weights)
        )
        coverage = mode_coverage(fake, modes, stds, weights, _rng("modes", fake))
        on_modes = coverage.high_quality_share * len(fake)
        # of fewer, a large one says nothing; a small one tells all the same, as of 10 samples on one mode
        is_told = on_modes >= fewest_for_proportions(weights, _LEVEL) or coverage.p_value <= _LEVEL
        return {
            MODES_HIT: float(coverage.modes_hit),
            HIGH_QUALITY_SHARE: coverage.high_quality_share,
            MODE_KL: coverage.kl_to_target,
            MODE_P_VALUE: coverage.p_value if is_told else math.nan,
        }


class ImageComparison:
    """Of images (n, C, H, W): patches of each scale and, where there is a feature network, its features.

    Values of a network that was trained on one dataset say nothing beside those of another.

    Args:
        network: trained on the dataset's labels; None where it has none.
        data_shape: (C, H, W).
    """

    def __init__(self, network: FeatureNetwork | None, data_shape: tuple[int, ...]) -> None:
        self._network = network
        self.measured_by = network.digest if network else ""
        features = self.points(torch.zeros(1, *data_shape))
        # no more than there are features leave their covariance singular
        self.fewest = _FEWEST if features is None else features.shape[1] + 1

    def points(self, samples: Tensor) -> Tensor | None:
        """Return the features (n, F)."""
        return None if self._network is None else self._network.features(samples)

    def compare(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """Return distances of patches and of features, shares of neighbours, and what classes are seen."""
        numbers = _of_patches(real, fake, _DIRECTIONS)
        numbers[COPIED_SHARE] = copied_share(real, fake)
        if self._network is not None:
            numbers |= self._compare_features(self._network, real, fake)
        return numbers

    def compare_roughly(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        """Return the distances of patches, along an eighth of the directions.

        Between two sets of 1,024 photos they scatter by two fifths, of digits by a seventh, which fewer
        directions add little to. Of features, W1 does by a thirtieth and Fréchet's distance by a fifth.
        """
        return _of_patches(real, fake, _DIRECTIONS // 8)

    def _compare_features(self, network: FeatureNetwork, real: Tensor, fake: Tensor) -> dict[str, float]:
        real_features, fake_features = network.features(real), network.features(fake)
        numbers = compare_points(real_features, fake_features)
        numbers[FRECHET_FEATURES] = frechet_feature_distance(real_features, fake_features)
        everything = len(real_features)
        kernel = kernel_feature_distance(
            real_features, fake_features, _rng("kernel", fake), n_subsets=1, subset_size=everything
        )
        numbers[KERNEL_FEATURES] = kernel.mean
        probabilities = network.class_probabilities(fake)
        if not network.channel_wise:  # of a thousand classes, each sample is nearly alone in its own
            score = classifier_score(probabilities, _rng("splits", fake), n_splits=1)
            numbers[CLASSIFIER_SCORE] = score.mean
        numbers[CONFIDENT_SHARE] = confident_share(probabilities)
        classes = label_coverage(network.classify(fake), probabilities.shape[1])
        numbers[MODES_HIT] = float(classes.modes_hit)
        numbers[MODE_KL] = classes.kl_to_uniform
        return numbers


def _of_patches(real: Tensor, fake: Tensor, n_directions: int) -> dict[str, float]:
    patches = patch_distances(real, fake, _rng("patches", fake), _PATCHES_PER_IMAGE, n_directions)
    by_side = {patches_tag(side): value for side, value in patches.by_resolution.items()}
    return by_side | {PATCHES: patches.average}


def compare_points(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Return exact and sliced distances and the shares of neighbours of points (n, d), by tag."""
    neighbours = neighbour_metrics(real, fake)
    return point_distances(real, fake) | {
        PRECISION: neighbours.precision,
        RECALL: neighbours.recall,
        DENSITY: neighbours.density,
        COVERAGE: neighbours.coverage,
    }


def point_distances(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Return exact and sliced distances of points (n, d), by tag."""
    return {
        W1_EXACT: wasserstein(real, fake),
        SLICED_W1: sliced_wasserstein(real, fake, _rng("directions", fake)),
        SLICED_W2: sliced_wasserstein(real, fake, _rng("directions", fake), order=2),
    }


def with_debiased(numbers: dict[str, float], debiased: float) -> dict[str, float]:
    """Return numbers by tag with the debiased distance, or its scatter, right behind the exact one."""
    items = list(numbers.items())
    items.insert(list(numbers).index(W1_EXACT) + 1, (W1_DEBIASED, debiased))
    return dict(items)


def two_sample_tests(real: Tensor, fake: Tensor) -> dict[str, TwoSampleTest]:
    """Return the three tests of whether points (n, d) are of one distribution, by name."""
    tests: dict[str, Callable[[Tensor, Tensor, torch.Generator], TwoSampleTest]] = {
        "MMD²": mmd_test,
        "energy distance": energy_test,
        "classifier": classifier_test,
    }
    return {name: test(real, fake, _rng(name, fake)) for name, test in tests.items()}


def _rng(purpose: str, like: Tensor) -> torch.Generator:
    """Return the same generator at every call, so that values differ by their samples alone."""
    return make_rng(0, f"metrics/{purpose}", like.device)
