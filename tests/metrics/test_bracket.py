import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from torch import Tensor, nn

from gan_lab.config.errors import BadValueError
from gan_lab.metrics import bracket
from gan_lab.metrics.bracket import certify, largest_slope
from gan_lab.metrics.transport import wasserstein


def certified(scores_real: Tensor, scores_fake: Tensor, real: Tensor, fake: Tensor) -> float:
    return certify(scores_real, scores_fake, real, fake).certified


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("pairs_at_once", [1, 1000, 2**22])
def test_slope_is_the_largest_over_all_pairs(pairs_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bracket, "PAIRS_AT_ONCE", pairs_at_once)
    scores, points = normal(200), normal(200, 3, seed=1)
    expected = (pdist(scores.double()[:, None]) / pdist(points.double())).max()
    assert largest_slope(scores, points) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("last", range(5))
def test_no_pair_is_missed_between_blocks(last: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bracket, "PAIRS_AT_ONCE", 5)
    scores = torch.zeros(5)
    scores[last] = 1
    assert largest_slope(scores, 2.0 * torch.arange(5).unsqueeze(1)) == 0.5


def test_slope_of_a_linear_score_is_reached_along_its_gradient() -> None:
    points = torch.cartesian_prod(torch.arange(4.0), torch.arange(5.0))
    assert largest_slope(points @ torch.tensor([0.0, -3.0]), points) == pytest.approx(3, abs=1e-12)
    diagonal = largest_slope(points @ torch.tensor([1.0, 1.0]), points)
    assert diagonal == pytest.approx(math.sqrt(2), abs=1e-12)


def test_slope_of_images_is_taken_over_all_pixels() -> None:
    images = torch.stack([torch.zeros(2, 3, 3), torch.ones(2, 3, 3)])
    assert largest_slope(torch.tensor([0.0, 6.0]), images) == pytest.approx(6 / math.sqrt(18), abs=1e-12)


def test_points_that_nearly_coincide_far_from_the_origin_are_told_apart() -> None:
    points = 1000 + normal(300).repeat(40, 1)
    points[-1, 0] += 2.0**-13
    scores = torch.zeros(40)
    scores[-1] = 1
    assert largest_slope(scores, points) == pytest.approx(2.0**13, abs=1e-6)


def test_coincident_points() -> None:
    points = torch.tensor([[0.0], [0.0], [2.0]])
    assert largest_slope(torch.tensor([1.0, 1.0, 2.0]), points) == 0.5
    assert largest_slope(torch.tensor([1.0, 1.5, 2.0]), points) == math.inf
    assert largest_slope(torch.ones(1), points[:1]) == 0


@st.composite
def games(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Scores of a random network at two samples, and the samples."""
    seed, d = draw(st.integers(0, 2**32)), draw(st.integers(1, 6))
    n, m, width = (draw(st.integers(1, 25)) for _ in range(3))
    gain, shift = 10.0 ** draw(st.integers(-4, 4)), draw(st.floats(-3, 3, width=32))
    kind = draw(st.sampled_from([nn.Tanh(), nn.ReLU(), torch.round, torch.sin]))
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n + m, d, generator=generator)
    points[n:] += shift
    if draw(st.booleans()):
        points = points.round()  # so that some coincide
    inner, outer = torch.randn(d, width, generator=generator), torch.randn(width, generator=generator)
    scores = gain * (kind(points @ inner) * outer).sum(1)
    return scores[:n], scores[n:], points[:n], points[n:]


@settings(max_examples=200, deadline=None)
@given(games())
def test_no_network_certifies_more_than_the_exact_distance(game: tuple[Tensor, ...]) -> None:
    scores_real, scores_fake, real, fake = game
    exact = wasserstein(real, fake)
    assert abs(certified(scores_real, scores_fake, real, fake)) <= exact * (1 + 1e-9)


@pytest.mark.parametrize("gain", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("distance", [0.25, -3.0])
def test_any_critic_certifies_all_of_two_diracs(gain: float, distance: float) -> None:
    real, fake = torch.zeros(3, 2), torch.tensor([[distance, 0.0]] * 4)
    scores = [5 + gain * points.norm(dim=1).neg() for points in (real, fake)]
    assert certified(*scores, real, fake) == pytest.approx(abs(distance), abs=1e-12)
    assert certified(*(-score for score in scores), real, fake) == pytest.approx(-abs(distance), abs=1e-12)


def test_the_optimal_potential_of_a_shift_closes_the_bracket() -> None:
    real = normal(50, 1).double()
    fake = real + 2
    found = certify(-7 * real[:, 0], -7 * fake[:, 0], real, fake)
    assert found == pytest.approx((2.0, 7.0), abs=1e-9)
    assert found._fields == ("certified", "slope")
    assert wasserstein(real, fake) == pytest.approx(2, abs=1e-9)


def test_a_certificate_is_the_gap_over_the_slope() -> None:
    real, fake = normal(30, 2), normal(40, 2, seed=1) + 1
    scores_real, scores_fake = real.sin().sum(1), fake.sin().sum(1)
    found = certify(scores_real, scores_fake, real, fake)
    assert found.slope == largest_slope(torch.cat([scores_real, scores_fake]), torch.cat([real, fake]))
    gap = (scores_real.double().mean() - scores_fake.double().mean()).item()
    assert found.certified == pytest.approx(gap / found.slope, abs=1e-12)


def test_slopes_within_the_real_points_count() -> None:
    real, fake = torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0]])
    assert certified(torch.tensor([4.0, 0.0]), torch.zeros(1), real, fake) == pytest.approx(0.5, abs=1e-12)


def test_a_useless_critic_certifies_nothing() -> None:
    real, fake = torch.zeros(2, 1), torch.ones(2, 1)
    assert certified(torch.ones(2), torch.ones(2), real, fake) == 0


def test_points_that_coincide_count_with_the_mean_of_their_scores() -> None:
    real, fake = torch.tensor([[0.0], [0.0], [4.0]]), torch.tensor([[4.0], [5.0]])
    found = certify(torch.tensor([7.0, 5.0, 2.0]), torch.tensor([4.0, 1.0]), real, fake)
    # V is 6 at 0, 3 at 4 and 1 at 5: steepest between the last two, by 2; means 5 and 2
    assert found == pytest.approx((1.5, 2.0), abs=1e-12)
    assert found.certified <= wasserstein(real, fake)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores_real": torch.zeros(3, 1)}, r"^scores_real must be one score .* 3 points; got \(3, 1\)\.$"),
        ({"scores_fake": torch.zeros(3)}, r"^scores_fake must be one score .* 2 points; got \(3,\)\.$"),
        ({"scores_fake": torch.tensor([0, math.inf])}, r"^scores_fake must be finite numbers; got inf\.$"),
        ({"fake": torch.zeros(2, 5)}, r"^fake must be .* \(4,\), as real are; got \(5,\)\.$"),
        ({"real": torch.full((3, 4), math.nan)}, r"^real must be finite numbers; got nan\.$"),
    ],
)
def test_wrong_input_is_named(change: dict[str, Tensor], message: str) -> None:
    right = {
        "scores_real": torch.zeros(3),
        "scores_fake": torch.zeros(2),
        "real": torch.zeros(3, 4),
        "fake": torch.zeros(2, 4),
    }
    with pytest.raises(BadValueError, match=message):
        certify(**{**right, **change})
