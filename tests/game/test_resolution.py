"""What is known of numbers that are made of rounded scores, and where nothing is."""

import dataclasses
import math

import pytest
import torch
from torch import Tensor, nn

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.game.iteration import make_iteration
from gan_lab.game.measurements import CriticStep, measure_critic_step, measure_scores
from gan_lab.game.networks import parameters
from gan_lab.game.resolution import eps_of
from gan_lab.game.rules import Game, init_state
from gan_lab.numerics.precision import Precision, float32_products, rounds_products
from gan_lab.objectives.base import Objective
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.hinge import Hinge
from gan_lab.objectives.least_squares import LeastSquares
from gan_lab.objectives.relative_entropies import KullbackLeibler
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.types import Batch, Measurements

EPS = 2.0**-23
GAP, LOSS, ACCURACY = "distance/critic_raw", "loss/critic", "health/critic_accuracy"
COSINE, NORM = "health/step_gradient_cosine", "health/critic_gradient_norm"


def is_resolved(measured: Measurements, tag: str) -> bool:
    return not bool(measured[tag].abs() < measured[f"resolution/{tag}"])


def are_alike(measured: Measurements) -> bool:
    return bool(measured["resolution/scores_alike"])


def normal(n: int, seed: int) -> Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(seed))


def test_a_gap_on_an_offset_is_rounding_alone() -> None:
    """Scores of .01 that differ by a thousandth of what float32 tells apart, as a deep clipped critic's."""
    step = 1e-3 * 0.01 * EPS
    real, fake = (0.01 + step * (normal(256, seed).double() + shift) for seed, shift in ((0, 1), (1, 0)))
    exact = measure_scores(Wasserstein(), real, fake, torch.float64)
    assert exact[GAP].item() == pytest.approx(step, rel=0.5)
    assert is_resolved(exact, GAP)
    assert not are_alike(exact)
    rounded = measure_scores(Wasserstein(), real.float(), fake.float())
    assert not is_resolved(rounded, GAP)
    assert are_alike(rounded)


@pytest.mark.parametrize(("precision", "eps"), [("tf32", 2.0**-10), ("fp32", EPS)])
def test_where_cuda_may_round_products_to_tf32_its_ten_bits_count(precision: Precision, eps: float) -> None:
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    with float32_products(precision):
        assert eps_of(torch.float32, cuda) == eps
        assert eps_of(torch.float32, cpu) == EPS
        assert eps_of(torch.bfloat16, cuda) == 2.0**-7
        assert eps_of(torch.float64, cuda) == 2.0**-52


def test_outside_a_run_it_is_known_what_torch_rounds() -> None:
    for _ in range(2):  # before a run, and after it
        asked = torch.get_float32_matmul_precision() != "highest" or torch.backends.cudnn.allow_tf32
        assert rounds_products() == asked
        with float32_products("fp32"):
            assert not rounds_products()


def test_the_compiler_takes_the_spacing_for_a_constant() -> None:
    def spaced(scores: Tensor) -> Tensor:
        return eps_of(torch.float32, torch.device("cuda")) * scores

    compiled = torch.compile(spaced, fullgraph=True, backend="eager")
    for precision, eps in (("tf32", 2.0**-10), ("fp32", EPS), ("tf32", 2.0**-10)):
        with float32_products(precision):  # type: ignore[arg-type]
            assert compiled(torch.ones(1)).item() == eps


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e3])
@pytest.mark.parametrize("spacings", [1e-3, 100.0, 1e6])
def test_what_is_resolved_is_right(offset: float, spacings: float) -> None:
    """Where the gap is given, it is that of the numbers before they were rounded, but for its resolution."""
    size = spacings * EPS * (offset or 1.0)
    real, fake = offset + size * (normal(64, 0).double() + 2), offset + size * normal(64, 1).double()
    measured = measure_scores(Wasserstein(), real.float(), fake.float())
    exact = (real - fake).mean()
    resolution = measured["resolution/" + GAP]
    assert is_resolved(measured, GAP) == (offset == 0 or spacings > 1)
    assert (measured[GAP] - exact).abs() <= resolution
    assert measured["resolution/" + GAP].item() == pytest.approx(
        4 * EPS * float(torch.cat([real, fake]).abs().max()) / 2, rel=1e-3
    )


def test_a_mean_adds_no_rounding_of_its_own() -> None:
    """The mean of 1,000 float32 scores near 1,000 in float32 is off by more than a spacing."""
    real = (1000 + 1e-3 * normal(1000, 0)).float()
    fake = (1000 + 1e-3 * normal(1000, 1)).float()
    exact = math.fsum(real.tolist()) / 1000 - math.fsum(fake.tolist()) / 1000
    measured = measure_scores(Wasserstein(), real, fake)
    assert measured[GAP].item() == pytest.approx(exact, rel=1e-9)
    assert abs(exact - (real.mean() - fake.mean()).item()) > 1e-6 * abs(exact)


@pytest.mark.parametrize("score", [0.0, 0.01, -3.7, 1e30, 1e-30])
def test_a_constant_critic_says_nothing_of_a_distance(score: float) -> None:
    scores = torch.full((7,), score)
    measured = measure_scores(Wasserstein(), scores, scores)
    assert not is_resolved(measured, GAP)
    assert are_alike(measured)
    assert measured[ACCURACY] == 0.5


def test_a_bound_of_a_discriminator_that_knows_nothing_is_0_and_holds() -> None:
    zeros = torch.zeros(7)
    measured = measure_scores(GAN(), zeros, zeros)
    assert measured["distance/jsd"].item() == pytest.approx(0, abs=1e-15)
    assert are_alike(measured)
    # of a constant that is not the best one, the bound is below 0, and known
    measured = measure_scores(GAN(), zeros + 1, zeros + 1)
    expected = math.log(2) - (math.log1p(math.exp(-1)) + math.log1p(math.exp(1))) / 2
    assert measured["distance/jsd"].item() == pytest.approx(expected, abs=1e-9)
    assert is_resolved(measured, "distance/jsd")


@pytest.mark.parametrize(
    ("objective", "best"), [(KullbackLeibler(), 1.0), (LeastSquares(), 0.5), (Hinge(), 0.0)]
)
def test_a_bound_near_0_is_not_told_from_rounding(objective: Objective, best: float) -> None:
    """The score that the best constant critic gives, but for a spacing either way."""
    real, fake = torch.full((7,), best + EPS / 2), torch.full((7,), best - EPS / 2)
    real[0], fake[0] = best + 1e-8, best - 1e-8
    measured = measure_scores(objective, real, fake)
    assert is_resolved(measured, "distance/f_divergence") == (best == 0)
    far = measure_scores(objective, real + 0.01, fake - 0.01)
    assert is_resolved(far, "distance/f_divergence")


def test_bfloat16_resolves_less() -> None:
    real, fake = torch.tensor([1.0, 1.0]), torch.tensor([1.0, 1 - 2.0**-7])
    assert is_resolved(measure_scores(Wasserstein(), real, fake), GAP)
    measured = measure_scores(Wasserstein(), real, fake, torch.bfloat16)
    assert not is_resolved(measured, GAP)
    assert are_alike(measured)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_divergence_is_not_taken_for_rounding(bad: float) -> None:
    real, fake = torch.tensor([1.0, bad]), torch.tensor([1.0, 1.0])
    measured = measure_scores(GAN(), real, fake)
    assert not math.isfinite(measured[GAP])
    assert is_resolved(measured, GAP)


@pytest.mark.parametrize("objective", [GAN(), LeastSquares(), Wasserstein(), KullbackLeibler()])
def test_a_score_on_the_threshold_counts_half(objective: Objective) -> None:
    """Of real samples one above, one on it, two below; of generated ones one below, three on it."""
    at = float(objective.threshold(torch.zeros(1), torch.zeros(1)))
    real = at + torch.tensor([1.0, 0.0, -1.0, -1.0])
    fake = at + torch.tensor([0.0, 0.0, 0.0, -1.0])
    if isinstance(objective, Wasserstein):  # its threshold is the mean, which is to be where it was
        real = at + torch.tensor([2.0, 0.0, 0.0, -1.0])
        assert objective.threshold(real, fake) == 0
        assert measure_scores(objective, real, fake)[ACCURACY] == (2 / 4 + 2.5 / 4) / 2
        return
    assert measure_scores(objective, real, fake)[ACCURACY] == (1.5 / 4 + 2.5 / 4) / 2


# The gradient of a constant critic


def step_of(gradient: Tensor, step: Tensor, scores: Tensor, constraint: Constraint) -> Measurements:
    nowhere = nn.Identity()
    game = Game(nowhere, nowhere, Wasserstein(), constraint, Adam(), Adam(), 1)
    state = init_state(game, {"w": gradient}, {"w": gradient}, torch.Generator())
    done = CriticStep((scores, scores.flip(0)), torch.zeros(()), gradient, step)
    return measure_critic_step(game, state, done)


def test_a_gradient_of_scores_that_agree_is_rounding_unless_a_penalty_has_one() -> None:
    gradient, step = torch.tensor([1e-9, 2e-9]), torch.tensor([-1e-4, 1e-4])
    alike, apart = torch.full((4,), 0.01), torch.tensor([0.0, 1.0, 2.0, 4.0])
    measured = step_of(gradient, step, alike, Constraint())
    assert not any(is_resolved(measured, tag) for tag in (COSINE, NORM))
    for scores, constraint in ((apart, Constraint()), (alike, GradientPenalty())):
        measured = step_of(gradient, step, scores, constraint)
        assert all(is_resolved(measured, tag) for tag in (COSINE, NORM))


def test_there_is_no_angle_without_a_direction() -> None:
    some, none, apart = torch.ones(2), torch.zeros(2), torch.arange(4.0)
    assert not is_resolved(step_of(none, some, apart, Constraint()), COSINE)
    assert not is_resolved(step_of(some, none, apart, Constraint()), COSINE)
    # a gradient of 0 is a number
    assert is_resolved(step_of(none, some, apart, Constraint()), NORM)
    assert is_resolved(step_of(some, -some, apart, Constraint()), COSINE)


@pytest.mark.parametrize("depth", [2, 12])
def test_a_deep_clipped_critic_is_known_to_be_noise(depth: int) -> None:
    """Against the same iteration in float64: what is given has the right first digits, and the rest not."""
    layers: list[nn.Module] = [nn.Linear(2, 32), nn.ReLU()]
    layers += [layer for _ in range(depth) for layer in (nn.Linear(32, 32), nn.ReLU())]
    critic, generator = nn.Sequential(*layers, nn.Linear(32, 1), nn.Flatten(0)), nn.Linear(3, 2)
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.copy_(0.01 * torch.sign(torch.randn(parameter.shape, generator=rng)))
        critic[-2].bias.fill_(0.01)
    rule = Adam(1e-12)
    game = Game(generator, critic, Wasserstein(), Constraint(), rule, rule, 1, critic_mixes=False)
    batch = Batch(
        real=torch.randn(2, 64, 2, generator=rng) + 3,
        latent=torch.randn(2, 64, 3, generator=rng),
        noise=torch.zeros(2, 64, 0),
        label=torch.zeros(2, 0, dtype=torch.int64),
    )
    measured, exact = (
        make_iteration(dataclasses.replace(game, dtype=dtype))(
            init_state(
                game, *({k: v.to(dtype) for k, v in parameters(n).items()} for n in (generator, critic)), rng
            ),
            Batch(*(v.to(dtype) if v.is_floating_point() else v for v in batch)),
        )[1]
        for dtype in (torch.float32, torch.float64)
    )
    shallow = depth == 2
    for tag in (GAP, LOSS, NORM, COSINE):
        assert is_resolved(measured, tag) == shallow, tag
    if shallow:
        for tag in (GAP, LOSS, NORM):
            assert measured[tag].item() == pytest.approx(exact[tag].item(), rel=0.05), tag
    else:
        assert measured[NORM].item() != pytest.approx(exact[NORM].item(), rel=0.5)
