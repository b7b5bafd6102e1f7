"""How the experiments on frozen generators are drawn: measurements by stage, and the closed form beside them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame, Series
from torch import Tensor

from gan_lab.distances.optimal_discriminator import ShiftedGaussian
from gan_lab.figure_style import BLACK, COLOURS, MARKERS, PURPLE

_LINES = ("-", "--", "-.", ":")
_CURVE_POINTS = 81
_TICKS = 6


def draw_stages(axes: Axes, curves: DataFrame, column: str, band: tuple[str, str] | None = None) -> None:
    """Draw measurements against the discriminator's steps, a line for each stage, on a logarithmic scale.

    Args:
        axes: where.
        curves: with ``iteration``, ``step`` and what is measured.
        column: what is drawn.
        band: the columns that a shade reaches from and to.
    """
    for k, (iteration, curve) in enumerate(curves.groupby("iteration")):
        look = stage_look(k)
        if band is not None:
            axes.fill_between(curve["step"], *(curve[name] for name in band), color=look["color"], alpha=0.25)
        every = max(1, len(curve) // _TICKS)
        axes.plot(curve["step"], curve[column], label=f"{iteration:,}", markevery=every, **look)
    axes.set(yscale="log", xlabel="steps of the fresh discriminator", xlim=(0, curves["step"].max()))


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


def sample_strip(samples: Tensor) -> np.ndarray | None:
    """Return images (n, C, H, W) in [-1, 1] side by side, as (H, n W) or (H, n W, 3); None for other samples."""
    if samples.ndim != 4 or samples.shape[1] not in (1, 3):
        return None
    pixels = ((samples.clamp(-1, 1) + 1) / 2).numpy()
    strip: np.ndarray = np.concatenate(list(pixels), axis=2)  # (C, H, n W)
    return strip[0] if len(strip) == 1 else np.moveaxis(strip, 0, 2)


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
