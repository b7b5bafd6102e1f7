"""The Dirac-GAN: the smallest game there is, in which it can be seen who converges."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.checks import BadValueError, Checked, PositiveFloat, PositiveInt, Rule
from gan_lab.constraints.base import Constraint
from gan_lab.draws import make_rng
from gan_lab.figure_style import BLACK, BLUE, GREY, VERMILION
from gan_lab.lectures.base import Animation, Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.objectives.base import Objective
from gan_lab.types import Score

Start = Annotated[tuple[float, ...], Rule("two numbers, theta and psi", lambda start: len(start) == 2)]
Orbit = NDArray[np.float64]  # (steps + 1, 2), psi and theta

_KINK = 1e-6  # how far from the equilibrium the field must have come to nothing, up to a factor
_BESIDE = 1e-12  # where the Jacobian is taken
_FRAMES, _ARROWS = 40, 13


@dataclass(frozen=True)
class DiracGame(Checked):
    """The rules of one game: data all at 0, a generator all at θ, a critic D(x) = ψ x + t.

    t is the objective's threshold (1/2 for least squares, else 0): where a critic that knows nothing scores.

    Attributes:
        objective: whose losses both sides descend.
        constraint: its penalty is added to the critic's, its map and projection are applied to ψ.
    """

    objective: Objective
    constraint: Constraint

    def critic_loss(self, psi: Tensor, theta: Tensor) -> Tensor:
        """Return what the critic minimises by ψ (), with the penalty."""
        score = self._score(psi)
        real, fake = torch.zeros_like(theta).view(1, 1), theta.view(1, 1)
        # a linear critic has one slope everywhere, wherever a penalty looks
        noise = real.new_full((1, *self.constraint.noise_shape((1,))), 0.5)
        loss = self.objective.critic_loss(score(real), score(fake))
        return loss + self.constraint.penalty(score, real, fake, noise)

    def generator_loss(self, psi: Tensor, theta: Tensor) -> Tensor:
        """Return what the generator minimises by θ ()."""
        score = self._score(psi)
        return self.objective.generator_loss(
            score(torch.zeros_like(theta).view(1, 1)), score(theta.view(1, 1))
        )

    def field(self, state: Tensor) -> Tensor:
        """Return the directions (2,) in which both sides descend, at ψ and θ (2,)."""
        psi, theta = state.unbind()
        by_psi = torch.func.grad(self.critic_loss)(psi, theta)
        by_theta = torch.func.grad(self.generator_loss, argnums=1)(psi, theta)
        return -torch.stack([by_psi, by_theta])

    def step(self, state: Tensor, lr: float, *, alternating: bool, n_critic: int = 1) -> Tensor:
        """Return ψ and θ (2,) after a step of gradient descent by both sides.

        Args:
            state: ψ and θ, (2,).
            lr: step size of both.
            alternating: whether the generator answers the critic's new ψ, after ``n_critic`` steps of it,
                instead of the one before its single step.
            n_critic: critic steps per generator step.
        """
        psi, theta = state.unbind()
        for _ in range(n_critic if alternating else 1):
            psi = self._project(psi - lr * torch.func.grad(self.critic_loss)(psi, theta))
        seen = psi if alternating else state[0]
        return torch.stack([psi, theta - lr * torch.func.grad(self.generator_loss, argnums=1)(seen, theta)])

    def eigenvalues(self) -> NDArray[np.complex128]:
        """Return the eigenvalues (2,) of the field's Jacobian at the equilibrium, ψ = θ = 0.

        NaN where the field does not come to rest there, so that there is no Jacobian.
        """
        # beside it, because a norm has no second derivative at 0 even where nothing comes of it
        rest = torch.full((2,), _BESIDE, dtype=torch.float64)
        near = torch.stack(
            [self.field(_KINK * torch.tensor(at, dtype=torch.float64)) for at in ((1, 1), (-1, 1))]
        )
        if float(near.abs().amax()) > math.sqrt(_KINK):
            return np.full(2, complex(math.nan, math.nan))
        found = np.linalg.eigvals(torch.func.jacrev(self.field)(rest).numpy()).astype(np.complex128)
        return found[np.argsort(-found.imag)]

    def _score(self, psi: Tensor) -> Score:
        params = {"weight": psi.view(1, 1)}
        state = self.constraint.init(params, make_rng(0, "constraint"))
        weights, _ = self.constraint.reparameterize(params, state)
        knows_nothing = torch.zeros(1, dtype=psi.dtype)
        threshold = self.objective.threshold(knows_nothing, knows_nothing)
        return lambda x: (x @ weights["weight"]).squeeze(1) + threshold

    def _project(self, psi: Tensor) -> Tensor:
        return self.constraint.project({"weight": psi.view(1, 1)})["weight"].view(())


@dataclass(frozen=True)
class DiracGAN(LectureExperiment):
    """Who comes to rest at ψ = θ = 0? Mescheder's test.

    The eigenvalues of the Jacobian decide: with negative real parts small steps converge; on the imaginary
    axis, where all unregularised games lie (±i/2 for both costs of the original GAN, ±i for WGAN),
    simultaneous descent spirals outwards and alternating descent circles. R1 of weight γ moves them to
    -γ/2 ± √(γ²/4 - 1/4). WGAN-GP's penalty has a kink at ψ = 0 and no Jacobian there; it circles, and so does
    weight clipping.

    Attributes:
        games: by name.
        lr: step size of both sides.
        steps: generator steps.
        n_critic: critic steps per generator step where they alternate.
        start: θ and ψ at the beginning.
        reach: half the width of the plane that is drawn.

    Reference:
        Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018, sections 2 to 4.
    """

    games: dict[str, DiracGame]
    lr: PositiveFloat
    steps: PositiveInt
    n_critic: PositiveInt
    start: Start
    reach: PositiveFloat

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.games:
            raise BadValueError("games", "a mapping of at least one", self.games)

    def run(self) -> Findings:
        """Compute every game's eigenvalues and its way under both kinds of descent."""
        orbits = {name: self._orbits(game) for name, game in self.games.items()}
        table = pandas.DataFrame([self._row(name, orbits[name]) for name in self.games])
        figure = new_slide(12.8, 7.2)
        self._draw(figure, orbits, self.steps)
        return Findings(table, figure, _say(table, self.steps), {"orbits": _long(orbits)})

    def animation(self) -> Animation:
        """Return the orbits as they grow."""
        orbits = {name: self._orbits(game) for name, game in self.games.items()}
        figure = new_slide(12.8, 7.2)
        ends = np.linspace(1, self.steps, _FRAMES).astype(int)
        return Animation(figure, lambda k: self._draw(figure, orbits, int(ends[k])), len(ends))

    def _orbits(self, game: DiracGame) -> tuple[Orbit, Orbit]:
        return self._orbit(game, alternating=False), self._orbit(game, alternating=True)

    def _orbit(self, game: DiracGame, *, alternating: bool) -> Orbit:
        states = [torch.tensor(self.start[::-1], dtype=torch.float64)]
        step = partial(game.step, lr=self.lr, alternating=alternating, n_critic=self.n_critic)
        for _ in range(self.steps):
            states.append(step(states[-1]))
        return torch.stack(states).numpy()

    def _row(self, name: str, orbits: tuple[Orbit, Orbit]) -> dict[str, object]:
        first, second = self.games[name].eigenvalues()
        radii = [float(np.hypot(*orbit[-1]) / np.hypot(*orbit[0])) for orbit in orbits]
        return {
            "game": name,
            **{"real_1": first.real, "imaginary_1": first.imag},
            **{"real_2": second.real, "imaginary_2": second.imag},
            "distance_simultaneous": radii[0],
            "distance_alternating": radii[1],
        }

    def _draw(self, figure: Figure, orbits: dict[str, tuple[Orbit, Orbit]], end: int) -> None:
        figure.clear()
        columns = math.ceil(math.sqrt(2 * len(orbits))) if len(orbits) > 1 else 1
        rows = math.ceil(len(orbits) / columns)
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat
        for axes, (name, pair) in zip(panels, orbits.items(), strict=False):
            self._draw_field(axes, self.games[name])
            for orbit, colour, style, label in zip(
                pair, (VERMILION, BLUE), ("--", "-"), ("simultaneous", "alternating"), strict=True
            ):
                axes.plot(
                    orbit[: end + 1, 1], orbit[: end + 1, 0], style, color=colour, linewidth=1.6, label=label
                )
                axes.plot(orbit[end, 1], orbit[end, 0], "o" if style == "-" else "s", color=colour)
            axes.plot(0, 0, "+", color=BLACK, markersize=12, markeredgewidth=2)
            axes.set(
                title=name.replace("_", " "), xlim=(-self.reach, self.reach), ylim=(-self.reach, self.reach)
            )
            axes.set_aspect("equal")
        for axes in list(panels)[len(orbits) :]:
            axes.set_visible(False)
        figure.supxlabel("generator's place θ (the data lie at 0)")
        figure.supylabel("critic's slope ψ")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=2)

    def _draw_field(self, axes: Axes, game: DiracGame) -> None:
        line = torch.linspace(-self.reach, self.reach, _ARROWS, dtype=torch.float64)
        states = torch.cartesian_prod(line, line)
        arrows = torch.vmap(game.field)(states).numpy()
        arrows /= np.maximum(np.linalg.norm(arrows, axis=1, keepdims=True), 1e-9)
        axes.quiver(
            *states.numpy().T[::-1], *arrows.T[::-1], color=GREY, alpha=0.45, pivot="mid", width=0.006
        )


def _long(orbits: dict[str, tuple[Orbit, Orbit]]) -> pandas.DataFrame:
    """Return all orbits as one table: game, descent, step, theta, psi."""
    tables = [
        pandas.DataFrame(
            {
                "game": name,
                "descent": kind,
                "step": range(len(orbit)),
                "theta": orbit[:, 1],
                "psi": orbit[:, 0],
            }
        )
        for name, pair in orbits.items()
        for kind, orbit in zip(("simultaneous", "alternating"), pair, strict=True)
    ]
    return pandas.concat(tables, ignore_index=True)


def _say(table: pandas.DataFrame, steps: int) -> str:
    """Return which games come to rest, and how far the others stay away."""
    rests = (table["real_1"] < -1e-9) & (table["real_2"] < -1e-9)
    far = table.loc[~rests, "distance_alternating"]
    parts = []
    for row in table[rests].itertuples():
        parts.append(
            f"{row.game} (eigenvalues {row.real_1:.3g} ± {abs(row.imaginary_1):.3g}i) ends at "
            f"{row.distance_alternating:.1e} of the distance it started from"
        )
    still = f"After {steps} alternating steps " + (", ".join(parts) if parts else "no game has come to rest")
    if far.empty:
        return still + "."
    return (
        f"{still}; the {len(far)} games without a negative real part stay at {far.min():.2g} to {far.max():.2g} "
        f"of it, and simultaneous steps leave them at up to {table.loc[~rests, 'distance_simultaneous'].max():.2g}."
    )
