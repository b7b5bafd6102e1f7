"""W2 between two Gaussians by the gradients of convex networks, against the closed form."""

from dataclasses import dataclass

import numpy as np
import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from gan_lab.config.checks import NonNegativeInt, PositiveInt
from gan_lab.config.phrases import counted
from gan_lab.distances.gaussians import wasserstein_2_gaussians
from gan_lab.distances.plane import PlaneGaussian
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.transport.convex_fit import PotentialFit, PotentialPair, fit_potentials
from gan_lab.lectures.transport.convex_potentials import ConvexNetwork
from gan_lab.lectures.words import part_of
from gan_lab.numerics.streams import make_rng
from gan_lab.optimizers.base import UpdateRule
from gan_lab.plotting.style import BLACK, BLUE, GREEN, GREY, VERMILION
from gan_lab.types import Sampler

_NODES = 20  # of Gauss-Hermite along each axis: exact for polynomials of degree 39
_DRAWN_POINTS = 40
_ROUNDING = 1e-12  # of W2², as a part of the variances: what is less is none


@dataclass(frozen=True)
class W2Potential(LectureExperiment):
    """W2² between two Gaussians in the plane by two input-convex potentials, trained on samples.

    W2² = E ‖x‖² + E ‖y‖² - 2 min E [f(x) + f*(y)] over convex f, and ∇f is the optimal map (Brenier). The
    second potential g stands for the conjugate f*. What they have learned is compared with the truth: W2² =
    ‖m1 - m2‖² + Bures², and the map m2 + A (x - m1), which is linear.

    Expectations in the table are taken by quadrature, not over samples. ``learned`` is the value of the pair
    and errs to either side: too high where g is not yet the conjugate of f. ``certified`` has the conjugate
    computed in place of g; it is a lower bound of W2² whatever f is. Errors of the maps are E ‖T̂ - T‖² in
    per cent of the variance of what is mapped onto: 100 for a map to the mean.

    Attributes:
        source: where x is drawn.
        target: where y is drawn.
        network: shape of both potentials.
        optimizer: of both; its rate falls to 0 along a line.
        steps: of f.
        inner_steps: of g before each.
        batch_size: fresh points in each step.
        seed: of parameters and points.

    The lectures have W1 and its dual alone; this is the same question for the squared cost.

    Reference:
        Makkuva et al., "Optimal transport mapping via input convex neural networks", 2020. Per cent of
        variance: Korotin et al., "Wasserstein-2 Generative Networks", 2021, section 5.
    """

    source: PlaneGaussian
    target: PlaneGaussian
    network: ConvexNetwork
    optimizer: UpdateRule
    steps: PositiveInt = 1000
    inner_steps: PositiveInt = 3
    batch_size: PositiveInt = 512
    seed: NonNegativeInt = 0

    def run(self) -> Findings:
        """Train the potentials, and look at them now and then."""
        rows: list[dict[str, float]] = []
        looks = _looks(self.steps)

        def look(step: int, pair: PotentialPair) -> None:
            if step in looks:
                rows.append(self._look(step, pair))

        fit = PotentialFit(
            self.network, self.optimizer, self.steps, self.inner_steps, self.batch_size, self.seed
        )
        pair = fit_potentials(fit, _sampler(self.source), _sampler(self.target), 2, look)
        table = pandas.DataFrame(rows)
        figure = new_slide()
        self._draw(figure, table, pair)
        return Findings(table, figure, self._sentence(table))

    @property
    def _exact(self) -> float:
        p, q = self.source, self.target
        return wasserstein_2_gaussians(p.mean(), p.covariance(), q.mean(), q.covariance()) ** 2

    def _look(self, step: int, pair: PotentialPair) -> dict[str, float]:
        pair = pair.double()
        x, weights = gaussian_nodes(self.source)
        # of nodes that the optimal map joins, W2 is the Gaussians': what bounds the one bounds the other
        y = optimal_map(self.source, self.target, x)
        squares = weights @ (x.square() + y.square()).sum(dim=1)
        potential = weights @ pair.network.value(pair.source, x)
        errors = (
            weights @ (pair.forward(x) - y).square().sum(dim=1),
            weights @ (pair.backward(y) - x).square().sum(dim=1),
        )
        return {
            "step": step,
            "learned": float(squares - 2 * (potential + weights @ pair.dual_terms(y))),
            "certified": float(squares - 2 * (potential + weights @ pair.conjugate(y))),
            "exact": self._exact,
            "forward_error_percent": 100 * float(errors[0]) / float(np.trace(self.target.covariance())),
            "backward_error_percent": 100 * float(errors[1]) / float(np.trace(self.source.covariance())),
        }

    def _sentence(self, table: pandas.DataFrame) -> str:
        last = table.iloc[-1]
        size = np.trace(self.source.covariance()) + np.trace(self.target.covariance())
        exact = last["exact"] if last["exact"] > _ROUNDING * size else 0.0
        proof = (
            f"prove that it is {last['certified']:.5g} at least"
            if last["certified"] > _ROUNDING * size
            else "prove nothing"
        )
        forward = part_of(last["forward_error_percent"] / 100, "the target's variance", 2)
        backward = part_of(last["backward_error_percent"] / 100, "the source's", 2)
        return (
            f"After {counted(self.steps, 'step')} the potentials give W2² = "
            f"{last['learned']:.5g} and {proof}; the closed form is {exact:.7g}. Their gradients miss the "
            f"linear map by {forward} and, on the way back, by {backward}."
        )

    def _draw(self, figure: Figure, table: pandas.DataFrame, pair: PotentialPair) -> None:
        values, plane = figure.subplots(1, 2)
        values.axhline(self._exact, color=BLACK, linestyle=":", label="closed form")
        values.plot(table["step"], table["learned"], "-o", color=BLUE, label="learned")
        values.plot(table["step"], table["certified"], "--s", color=VERMILION, label="certified")
        values.set_xscale("symlog", linthresh=table["step"][1])
        values.set(xlabel="steps", ylabel="W2² (squared unit of x)", ylim=(0, 1.4 * self._exact or 1.0))
        values.legend(loc="lower right")
        points = _sampler(self.source)(_DRAWN_POINTS, make_rng(self.seed, "drawn"))
        self._draw_plane(plane, points, pair.forward(points))
        figure.legend(*plane.get_legend_handles_labels(), loc="outside lower right", ncols=3, columnspacing=1)

    def _draw_plane(self, axes: Axes, points: Tensor, carried: Tensor) -> None:
        for start, end in zip(points.numpy(), carried.numpy(), strict=True):
            axes.plot(*zip(start, end, strict=True), color=GREY, linewidth=0.8, zorder=1)
        truth = optimal_map(self.source, self.target, points.double())
        axes.scatter(points[:, 0], points[:, 1], s=28, color=GREEN, marker="o", label="x of the source")
        axes.scatter(carried[:, 0], carried[:, 1], s=28, color=BLUE, marker="s", label="∇f(x), learned")
        axes.scatter(
            truth[:, 0], truth[:, 1], s=70, color=BLACK, marker="+", linewidth=1.2, label="linear map"
        )
        axes.set(aspect="equal", xlabel="first coordinate", ylabel="second coordinate")


def optimal_map(source: PlaneGaussian, target: PlaneGaussian, points: Tensor) -> Tensor:
    """Return m2 + A (x - m1), the optimal map between Gaussians, at points x (B, 2), float64.

    A = S1^(-1/2) (S1^(1/2) S2 S1^(1/2))^(1/2) S1^(-1/2), the one positive definite A with A S1 A = S2.

    Reference:
        Peyré and Cuturi, "Computational Optimal Transport", 2019, remark 2.31.
    """
    root = _power(source.covariance(), 0.5)
    inverse = _power(source.covariance(), -0.5)
    matrix = inverse @ _power(root @ target.covariance() @ root, 0.5) @ inverse
    centred = points - torch.from_numpy(source.mean())
    return centred @ torch.from_numpy(matrix) + torch.from_numpy(target.mean())


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)


def gaussian_nodes(gaussian: PlaneGaussian) -> tuple[Tensor, Tensor]:
    """Return points (n, 2) and weights (n,) for expectations under a Gaussian, float64."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    grid = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    points = grid @ np.linalg.cholesky(gaussian.covariance()).T + gaussian.mean()
    return torch.from_numpy(points), torch.from_numpy(np.outer(weights, weights).ravel())


def _sampler(gaussian: PlaneGaussian) -> Sampler:
    mean = torch.from_numpy(gaussian.mean()).float()
    root = torch.from_numpy(np.linalg.cholesky(gaussian.covariance())).float()

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, 2, generator=generator) @ root.T + mean

    return sample


def _looks(steps: int) -> set[int]:
    """Return 0 and some ten numbers of steps, evenly spaced on a log axis."""
    return {0, *np.geomspace(1, steps, 10).round().astype(int).tolist()}
