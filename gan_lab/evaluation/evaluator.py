"""How good the samples of a state are, and what the critic says of them."""

import dataclasses
import logging
import math
from functools import cached_property, partial
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.datasets.base import Dataset
from gan_lab.evaluation.comparison import (
    Comparison,
    ImageComparison,
    VectorComparison,
    two_sample_tests,
    with_debiased,
)
from gan_lab.evaluation.feature_cache import find_feature_network
from gan_lab.evaluation.floors import draw_real, floors_of
from gan_lab.evaluation.layer_gradients import layer_gradients, layer_tags
from gan_lab.evaluation.readings import Reading
from gan_lab.game.networks import critic_of
from gan_lab.game.resolution import spacing_of
from gan_lab.game.sampling import sample, sampling_network_of
from gan_lab.game.setup import Setup
from gan_lab.metrics.bracket import certify
from gan_lab.metrics.debiased import debiased, debiased_scatter
from gan_lab.metrics.transport import wasserstein
from gan_lab.metrics.two_sample import TwoSampleTest
from gan_lab.numerics.draws import normal
from gan_lab.numerics.streams import make_rng
from gan_lab.tags.names import (
    CERTIFIED,
    CRITIC_GAP,
    PAIRWISE_SLOPE,
    W1_EXACT,
    W1_EXACT_UNAVERAGED,
    floor_tag,
)
from gan_lab.types import Sampler, State

_CRITIC_CHUNK = 256
_DIGITS = 1e3  # a gap that is so many times its rounding is known to three digits
_TRIED = 64  # samples whose scores are taken in float64, too, to see what float32 rounds by
_FINER = torch.finfo(torch.float64).eps / torch.finfo(torch.float32).eps  # of float64's rounding
log = logging.getLogger(__name__)


class Scores(NamedTuple):
    """What a critic says of the compared samples, and by how much rounding may have moved one score."""

    real: Tensor  # (n,)
    fake: Tensor  # (n,)
    rounding: float

    def are_resolved(self, times: float = 1) -> bool:
        """Return whether their gap is above its rounding, so many times."""
        return abs(_gap(self.real, self.fake)) > times * 2 * self.rounding


class Evaluator:
    """Measures the samples of states, always with the same real samples and latents.

    So that a curve moves by what is learned and not by what is drawn; on streams of their own, so that
    measuring changes nothing of a run.

    Attributes:
        samples: how many are compared on either side, n.
        real: samples of the data (n, *D).
        other_real: as many others.

    Args:
        setup: what is trained.
        sampler: its real data.
        comparison: by what its samples are compared.
        samples: how many on either side.
        seed: of what is drawn.

    Raises:
        BadValueError: if there are too few samples for what is measured.
    """

    def __init__(
        self, setup: Setup, sampler: Sampler, comparison: Comparison, samples: int, seed: int
    ) -> None:
        if samples < comparison.fewest:
            raise BadValueError("metrics.samples", f"at least {comparison.fewest} for this dataset", samples)
        self.samples, self._setup, self._comparison = samples, setup, comparison
        self._drawn = draw_real(sampler, samples, make_rng(seed, "metrics", setup.device))
        self.real, self.other_real = self._drawn.compared, self._drawn.other
        latent_dim = setup.batch_shape.latent_dim
        self._latents, self._other_latents = (
            normal((samples, latent_dim), make_rng(seed, stream))
            for stream in ("metrics latents", "metrics other latents")
        )
        self._points = comparison.points(self.real)
        few = slice(comparison.fewest)  # by which it is known at once what there will be numbers of
        self._compared = list(comparison.compare(self.real[few], self.other_real[few]))
        self._told = False

    @property
    def measured_by(self) -> str:
        """Digest of the feature network that the numbers depend on; empty without one."""
        return self._comparison.measured_by

    @property
    def tags(self) -> list[str]:
        """What ``numbers_of(measure(...))`` can hold."""
        of_critic, compared = [CRITIC_GAP], self._compared
        if self._points is not None:
            of_critic += [CERTIFIED, PAIRWISE_SLOPE]
            compared = list(with_debiased(dict.fromkeys(compared, math.nan), math.nan))
        if self._points is not None and self._setup.game.ema is not None:
            of_critic.append(W1_EXACT_UNAVERAGED)
        if self._setup.metrics.layers:
            of_critic += layer_tags(self._setup.game.critic)
        return [*of_critic, *(name for tag in compared for name in (tag, floor_tag(tag)))]

    @cached_property
    def floors(self) -> dict[str, float]:
        """What real samples get in the place of generated ones, by tag; measured when first asked for."""
        floors = floors_of(self._comparison, self._drawn)
        other_points = self._comparison.points(self.other_real)
        if self._points is None or other_points is None:
            return floors
        return with_debiased(floors, debiased_scatter(self._points, other_points))

    def measure(self, state: State) -> dict[str, Reading]:
        """Return readings by tag: none of samples that are not finite, none of a critic whose scores are not.

        ``distance/certified`` is a lower bound of ``distance/w1_exact``, the exact distance of the two
        samples: the critic's score gap over its largest slope between any two of them
        (``health/pairwise_slope``), of images in the space of their features. ``distance/critic_gap`` is the
        gap itself, W1 up to the critic's unknown Lipschitz constant.

        Where the generator is averaged, the average makes the samples, but the critic is trained against the
        generator itself: the critic's numbers are then of samples of the latter, from the same latents, and
        bound their own exact distance, ``distance/w1_exact_unaveraged``.

        ``distance/w1_debiased`` takes one transport more, between these samples and as many from latents of
        their own stream: at n = 1,024 a sixth more time for points in the plane, a twelfth for digits.
        """
        fake = self.draw(state)
        if not bool(fake.isfinite().all()):
            return {}
        values = self._debias(self._comparison.compare(self.real, fake), state, fake)
        of_samples = {tag: Reading(value, self.floors[tag]) for tag, value in values.items()}
        played = self._draw_from(state, averaged=False) if state.average else fake
        return self._measure_critic(state, played) | of_samples

    def _debias(self, values: dict[str, float], state: State, fake: Tensor) -> dict[str, float]:
        points = self._comparison.points(fake)
        other_points = None if points is None else self._comparison.points(self._draw_others(state))
        if points is None or other_points is None:
            return values
        own_floor = wasserstein(points, other_points) if bool(other_points.isfinite().all()) else math.nan
        return with_debiased(values, debiased(values[W1_EXACT], self.floors[W1_EXACT], own_floor))

    def _measure_critic(self, state: State, fake: Tensor) -> dict[str, Reading]:
        scores = self._scores(state, fake)
        if scores is None:
            return {}
        resolved = scores.are_resolved()
        readings = {CRITIC_GAP: _gap(scores.real, scores.fake)} if resolved else {}
        points = self._comparison.points(fake)
        if self._points is not None and points is not None:
            if readings:
                certificate = certify(scores.real, scores.fake, self._points, points)
                readings |= {CERTIFIED: certificate.certified, PAIRWISE_SLOPE: certificate.slope}
            if state.average:
                readings[W1_EXACT_UNAVERAGED] = wasserstein(self._points, points)
        if self._setup.metrics.layers:
            readings |= layer_gradients(self._setup.game, state, self.real, fake)
        return {tag: Reading(value) for tag, value in readings.items()}

    def _scores(self, state: State, fake: Tensor) -> Scores | None:
        """Return the scores of real and generated samples; None if some are not finite.

        In float64 where float32 leaves less than three digits of their gap.
        """
        real, generated = self._score(state, self.real), self._score(state, fake)
        if not all(bool(score.isfinite().all()) for score in (real, generated)):
            return None
        scores = Scores(real, generated, self._rounding(state, real, generated))
        if not scores.are_resolved(_DIGITS):
            exactly = partial(self._score, state, dtype=torch.float64)
            scores = Scores(exactly(self.real), exactly(fake), scores.rounding * _FINER)
        if not self._told and not scores.are_resolved():
            self._told = True
            log.warning(
                "Seed %d: the critic's mean scores of real and of generated samples differ by no more than "
                "float64 rounds by: it proves nothing of their distance, and has neither %s nor %s.",
                *(self._setup.seed, CRITIC_GAP, CERTIFIED),
            )
        return scores

    def _rounding(self, state: State, real: Tensor, fake: Tensor) -> float:
        """Return by how much float32 moves one score, as seen on some real samples.

        At least the spacing of the largest; more where large sums inside the critic cancel to a small score.
        """
        tried = self.real[:_TRIED]  # a batch of their own, where the critic mixes them
        seen = (self._score(state, tried, dtype=torch.float64) - self._score(state, tried)).abs().max()
        return max(float(spacing_of(real, fake, torch.float32)), float(seen))

    def test(self, state: State) -> dict[str, TwoSampleTest]:
        """Return tests of whether samples are real, by name; none where there is no space to test in."""
        points = self._comparison.points(self.draw(state))
        if self._points is None or points is None:
            return {}
        return two_sample_tests(self._points, points)

    def draw(self, state: State) -> Tensor:
        """Return generated samples (n, *D), of the averaged generator where there is one."""
        return self._draw_from(state, averaged=True)

    def _draw_others(self, state: State) -> Tensor:
        return sample(sampling_network_of(self._setup, state), self._other_latents.to(self._setup.device))

    def _draw_from(self, state: State, *, averaged: bool) -> Tensor:
        network = sampling_network_of(self._setup, state, averaged=averaged)
        return sample(network, self._latents.to(self._setup.device))

    def _score(self, state: State, samples: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        # whatever it trains in: of scores that are rounded to 8 bits, slopes would be rounding
        game = dataclasses.replace(self._setup.game, dtype=dtype)
        # batch normalisation scores a sample by its batch: in one, equal samples have equal scores
        size = len(samples) if game.critic_mixes else _CRITIC_CHUNK
        score = critic_of(game, state)
        with torch.no_grad():
            return torch.cat([score(chunk) for chunk in torch.split(samples, size)])


def make_evaluator(
    setup: Setup, sampler: Sampler, *, samples: int | None = None, seed: int | None = None
) -> Evaluator:
    """Return the evaluator of a setup, by what its dataset can be compared by.

    Args:
        setup: what is trained.
        sampler: its real data.
        samples: how many on either side, if not what the config says.
        seed: of what is drawn, if not the setup's.
    """
    return Evaluator(
        setup,
        sampler,
        comparison_of(setup.dataset, setup.device),
        setup.metrics.samples if samples is None else samples,
        setup.seed if seed is None else seed,
    )


def comparison_of(dataset: Dataset, device: torch.device) -> Comparison:
    """Return by what samples of a dataset are compared; a feature network may be trained for it."""
    if len(dataset.data_shape) == 3:
        return ImageComparison(find_feature_network(dataset, device), dataset.data_shape)
    return VectorComparison(dataset)


def _gap(real: Tensor, fake: Tensor) -> float:
    return float(real.double().mean() - fake.double().mean())
