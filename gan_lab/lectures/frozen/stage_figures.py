"""How the experiments on frozen generators are drawn: measurements by stage, a closed form beside them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from pandas import DataFrame, Series
from torch import Tensor
from torch.nn import functional as F

from gan_lab.distances.optimal_discriminator import ShiftedGaussian
from gan_lab.plotting.style import BLACK, COLOURS, MARKERS, PURPLE

_LINES = ("-", "--", "-.", ":")
_CURVE_POINTS = 81
_TICKS = 6


def draw_stages(axes: Axes, curves: DataFrame, column: str, band: tuple[str, str] | None = None) -> None:
    """Draw measurements against the discriminator's steps, a line for each stage, log scale, with a legend.

    Args:
        axes: where.
        curves: with ``iteration``, ``step`` and what is measured.
        column: what is drawn.
        band: the columns that a shade reaches from and to.
    """
    for k, (iteration, curve) in enumerate(curves.groupby("iteration")):
        look = stage_look(k)
        if band is not None:
            low, high = (curve[name] for name in band)
            axes.fill_between(curve["step"], low, high, color=look["color"], alpha=0.25)
        every = max(1, len(curve) // _TICKS)
        axes.plot(curve["step"], curve[column], label=f"{iteration:,}", markevery=every, **look)
    axes.set(yscale="log", xlabel="steps of the fresh discriminator", xlim=(0, curves["step"].max()))
    # above the lines, which may go anywhere
    axes.legend(title="generator iterations", ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def stage_look(k: int) -> dict[str, Any]:
    """Return colour, line and marker of stage k, in every figure the same."""
    return {
        "color": COLOURS[k % len(COLOURS)],
        "linestyle": _LINES[k % len(_LINES)],
        "marker": MARKERS[k % len(MARKERS)],
    }


def two_gaussians(shifts: Sequence[float]) -> DataFrame:
    """Return what the optimal discriminator of N(0, 1) and N(t, 1) gives, a row for each shift t."""
    return DataFrame([_row(ShiftedGaussian(shift)) for shift in shifts])


def draw_two_gaussians(axes: Axes, shifts: Sequence[float], columns: Mapping[str, str]) -> None:
    """Draw the closed form from distance 0 to the largest of the shifts, on a logarithmic scale.

    Args:
        axes: where.
        shifts: t.
        columns: which of ``two_gaussians``, and their labels.
    """
    largest = max(abs(shift) for shift in shifts) or 1.0
    curve = two_gaussians(np.linspace(0, largest, _CURVE_POINTS)[1:].tolist())
    for (name, label), colour, line in zip(columns.items(), (BLACK, PURPLE), ("-", "--"), strict=False):
        axes.plot(curve["shift"], curve[name], line, color=colour, label=label)
    axes.set(yscale="log", xlim=(0, largest), xlabel="distance t of the Gaussians")
    axes.set_title("two unit Gaussians, D optimal", fontsize=14)


def are_pictures(samples: Tensor) -> bool:
    """Return whether samples (n, *D) are grey or coloured images."""
    return samples.ndim == 4 and samples.shape[1] in (1, 3)


def draw_samples(axes: Axes, samples: Sequence[Tensor], iterations: Sequence[int]) -> None:
    """Draw a row of images (n, C, H, W) in [-1, 1] for each stage."""
    framed = [F.pad((row.clamp(-1, 1) + 1) / 2, (0, 1), value=1.0) for row in samples]  # (n, C, H, W + 1)
    rows = [row.permute(2, 0, 3, 1).flatten(1, 2) for row in framed]  # (H, n (W + 1), C)
    gap = torch.ones(1, *rows[0].shape[1:])
    pixels = torch.cat([part for row in rows for part in (row, gap)][:-1])
    axes.imshow(pixels.expand(-1, -1, 3).numpy())
    height = len(rows[0])
    centres = [k * (height + 1) + (height - 1) / 2 for k in range(len(rows))]
    axes.set_yticks(centres, [f"{iteration:,}" for iteration in iterations])
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _row(pair: ShiftedGaussian) -> dict[str, float]:
    return {
        "shift": pair.shift,
        "jsd": pair.jensen_shannon(),
        "value": pair.value(),
        "error": math.exp(pair.log_error()),
        "original_gradient": pair.original_gradient(),
        "alternative_gradient": pair.alternative_gradient(),
        "gradient_spread": pair.gradient_spread(),
    }


def first_step(curve: DataFrame, reached: Series) -> float:
    """Return the first step at which a condition holds, and NaN where it never does."""
    steps = curve["step"][reached]
    return float(steps.iloc[0]) if len(steps) else float("nan")
