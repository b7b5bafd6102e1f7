"""The Dirac-GAN: the smallest game there is, in which it can be seen who converges."""

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated, ClassVar

import numpy as np
import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch.nn.functional import normalize

from gan_lab.config.checks import PositiveFloat, PositiveInt, Rule
from gan_lab.config.errors import BadValueError
from gan_lab.lectures.base import Animation, Findings, LectureExperiment, Slider
from gan_lab.lectures.dirac.dirac_game import DiracGame
from gan_lab.lectures.dirac.dirac_verdict import say_verdicts, turns_of, verdict
from gan_lab.lectures.drawing import new_slide
from gan_lab.plotting.style import BLACK, BLUE, GREY, VERMILION

Start = Annotated[
    tuple[float, ...],
    Rule("two numbers, theta and psi, not both 0", lambda start: len(start) == 2 and any(start)),
]
Orbit = NDArray[np.float64]  # (steps + 1, 2), psi and theta

_FRAMES, _ARROWS = 40, 13


@dataclass(frozen=True)
class DiracGAN(LectureExperiment):
    """Who comes to rest at ψ = θ = 0? Mescheder's test.

    With negative real parts of the Jacobian's eigenvalues small steps that begin nearby converge, at a linear
    rate. R1 of weight γ moves them to -γ/2 ± √(γ²/4 - 1/4). Where they lie on the imaginary axis, as those
    of all unregularised games do (±i/2 for both costs of the original GAN and for least squares, ±i for
    WGAN), the linearisation decides nothing, and what follows decides. WGAN and the minimax GAN keep a
    distance: alternating descent circles. The non-saturating GAN and least squares converge, slower than at
    any linear rate: d(θ² + ψ²)/dt is -2 θ ψ tanh(θ ψ / 2) for the one and -4 θ² ψ² for the other, never
    positive, and the distance falls like t^(-1/2). Simultaneous steps add a drift outwards, of the size of
    the step. WGAN-GP's penalty has a kink at ψ = 0 and no Jacobian there; it circles, and so does weight
    clipping. The table says what the linearisation decides, and of alternating orbits whether they come
    nearer from turn to turn.

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

    missing: ClassVar = {
        "*_turn": "single steps are too wide to be counted as turns, or none was completed",
        "[ri]*_[12]": "the field does not come to rest at the equilibrium, so that it has no linearisation",
    }

    sliders: ClassVar = (
        Slider("steps", "generator steps", (10, 20, 40, 80, 160, 300), 80),
        Slider("lr", "step size of both", (0.05, 0.1, 0.2), 0.1),
    )

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
        orbits = self._orbits
        table = pandas.DataFrame([self._row(name, orbits[name]) for name in self.games])
        figure = new_slide(12.8, 7.2)
        self._draw(figure, self.steps)
        return Findings(table, figure, say_verdicts(table, self.steps), {"orbits": _long(orbits)})

    def animation(self) -> Animation:
        """Return the orbits as they grow."""
        figure = new_slide(12.8, 7.2)
        ends = np.linspace(1, self.steps, _FRAMES).astype(int)
        return Animation(figure, lambda k: self._draw(figure, int(ends[k])), len(ends))

    @cached_property
    def _orbits(self) -> dict[str, tuple[Orbit, Orbit]]:
        """The ways of every game under simultaneous and under alternating descent."""
        return {
            name: (self._orbit(game, alternating=False), self._orbit(game, alternating=True))
            for name, game in self.games.items()
        }

    @cached_property
    def _arrows(self) -> tuple[Orbit, dict[str, Orbit]]:
        """Places (n, 2) in the plane, ψ and θ, and the unit directions (n, 2) of every game's field there."""
        line = torch.linspace(-self.reach, self.reach, _ARROWS, dtype=torch.float64)
        places = torch.cartesian_prod(line, line)
        fields = {name: torch.vmap(game.field)(places) for name, game in self.games.items()}
        return places.numpy(), {name: normalize(field, dim=1).numpy() for name, field in fields.items()}

    def _orbit(self, game: DiracGame, *, alternating: bool) -> Orbit:
        states = [torch.tensor(self.start[::-1], dtype=torch.float64)]
        step = partial(game.step, lr=self.lr, alternating=alternating, n_critic=self.n_critic)
        for _ in range(self.steps):
            states.append(step(states[-1]))
        return torch.stack(states).numpy()

    def _row(self, name: str, orbits: tuple[Orbit, Orbit]) -> dict[str, object]:
        first, second = self.games[name].eigenvalues()
        radii = [_relative_distance(orbit) for orbit in orbits]
        turns = turns_of(orbits[1])
        return {
            "game": name,
            "real_1": first.real,
            "imaginary_1": first.imag,
            "real_2": second.real,
            "imaginary_2": second.imag,
            "relative_distance_simultaneous": radii[0],
            "relative_distance_alternating": radii[1],
            "turns": turns.count,
            "first_turn": turns.first,
            "last_turn": turns.last,
            "verdict": verdict((first.real, second.real), turns),
        }

    def _draw(self, figure: Figure, end: int) -> None:
        figure.clear()
        orbits = self._orbits
        columns = math.ceil(math.sqrt(2 * len(orbits))) if len(orbits) > 1 else 1
        rows = math.ceil(len(orbits) / columns)
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat
        for axes, (name, pair) in zip(panels, orbits.items(), strict=False):
            self._draw_field(axes, name)
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

    def _draw_field(self, axes: Axes, name: str) -> None:
        places, arrows = self._arrows
        (psi, theta), (up, right) = places.T, arrows[name].T
        axes.quiver(theta, psi, right, up, color=GREY, alpha=0.45, pivot="mid", width=0.006)


def _relative_distance(orbit: Orbit) -> float:
    """Return the last distance from the equilibrium over the first; infinite once it was beyond float64."""
    return float(np.hypot(*orbit[-1]) / np.hypot(*orbit[0])) if np.isfinite(orbit).all() else math.inf


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
