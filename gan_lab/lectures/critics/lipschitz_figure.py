"""The figure of ``lipschitz``: value surfaces above; slopes, weights and gradients layer by layer below."""

from collections.abc import Mapping

import numpy as np
import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from gan_lab.lectures.critics.critic_fit import FittedCritic
from gan_lab.lectures.critics.slopes import slopes_at
from gan_lab.lectures.drawing import new_slide
from gan_lab.plotting.style import BLACK, COLOURS, MARKERS

_GRID = 81
_BANDS = 14


def draw_lipschitz(critics: Mapping[str, FittedCritic], real: Tensor, layers: pandas.DataFrame) -> Figure:
    """Return the figure.

    Args:
        critics: of the plane, by name; the first two are those whose weights are shown.
        real: points of the data, (n, 2).
        layers: sizes of the score's gradient, a column for each deep critic, and ``layer``.
    """
    figure = new_slide(12.8, 7.2)
    grid = figure.add_gridspec(2, 1, height_ratios=[4, 5])
    above, below = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    above.suptitle("critic's value V(x), and the data in white", fontsize=15)
    for axes, (name, critic) in zip(
        above.subplots(1, len(critics), squeeze=False)[0], critics.items(), strict=True
    ):
        _draw_surface(axes, critic, real)
        axes.set_title(name.replace("_", " "), fontsize=13)
    slopes, weights, down = below.subplots(1, 3)
    _draw_slopes(slopes, critics, real)
    _draw_weights(weights, critics)
    _draw_layers(down, layers)
    return figure


def _draw_surface(axes: Axes, critic: FittedCritic, real: Tensor) -> None:
    reach = 1.5 * float(real.abs().max())
    line = torch.linspace(-reach, reach, _GRID)
    values = critic.score(torch.cartesian_prod(line, line)).view(_GRID, _GRID).T.numpy()
    axes.contourf(line.numpy(), line.numpy(), values, _BANDS, cmap="cividis")
    axes.plot(*real.T.numpy(), ".", color="white", markersize=2)
    axes.set(xticks=[], yticks=[], aspect="equal")


def _draw_slopes(axes: Axes, critics: Mapping[str, FittedCritic], real: Tensor) -> None:
    places = np.arange(len(critics))[::-1]
    for place, critic, colour in zip(places, critics.values(), COLOURS * 3, strict=False):
        norms = slopes_at(critic, real).numpy()
        low, middle, high = np.quantile(norms, [0.05, 0.5, 0.95])
        axes.plot([low, high], [place, place], color=colour, linewidth=4, alpha=0.5)
        axes.plot(middle, place, "o", color=colour, markersize=9)
    axes.axvline(1, color=BLACK, linewidth=1.2, linestyle=":")
    axes.set_yticks(places, [name.replace("_", " ") for name in critics], fontsize=12)
    axes.set(xscale="log", xlabel="slope at the data (5 to 95%)", ylim=(-0.6, len(critics) - 0.4))


def _draw_weights(axes: Axes, critics: Mapping[str, FittedCritic]) -> None:
    flat = [
        np.concatenate([w.numpy().ravel() for w in critic.state.critic.values()])
        for critic in critics.values()
    ]
    reach = max(float(np.quantile(np.abs(weights), 0.99)) for weights in flat[:2])
    bins = np.linspace(-reach, reach, 61).tolist()
    for name, weights, colour, style in zip(critics, flat, COLOURS[:2], ("-", "--"), strict=False):
        axes.hist(
            weights,
            bins,
            density=True,
            histtype="step",
            color=colour,
            linestyle=style,
            linewidth=2,
            label=name,
        )
    axes.set(yscale="log", xlabel="weight", ylabel="density")
    axes.legend(loc="upper right")


def _draw_layers(axes: Axes, layers: pandas.DataFrame) -> None:
    for name, colour, marker in zip(layers.columns[1:], COLOURS, MARKERS, strict=False):
        axes.semilogy(layers["layer"], layers[name], marker=marker, color=colour, label=name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="layer (1: next to the data)", ylabel="gradient of the score by its output")
    axes.legend(loc="best")
