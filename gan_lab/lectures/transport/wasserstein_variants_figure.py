"""The figure of ``wasserstein_variants``: estimates against n on the left, their floors on the right."""

import math

import pandas
from matplotlib.figure import Figure

from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.names import name_of
from gan_lab.plotting.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION

W1, W2 = name_of("w1"), name_of("w2")

# label, colour and line style
LOOKS = {
    "w1_l1": (f"{W1}, l1", BLUE, "--"),
    "w1_l2": (f"{W1}, l2", BLUE, "-"),
    "w1_linf": (f"{W1}, l∞", BLUE, ":"),
    "w2": (W2, VERMILION, "-"),
    "sliced_w1": (f"sliced {W1}", GREEN, "-"),
    "sliced_w2": (f"sliced {W2}", ORANGE, "-."),
    "mmd": (name_of("mmd"), PURPLE, "--"),
}


def by_distance(table: pandas.DataFrame, column: str) -> dict[str, float]:
    """Return what is there of a column, by the names of the distances."""
    there = table[table[column].notna()]
    return {str(name): float(value) for name, value in zip(there["distance"], there[column], strict=True)}


def draw_wasserstein_variants(means: pandas.DataFrame, table: pandas.DataFrame) -> Figure:
    """Return the figure.

    Args:
        means: distance, n, estimate and floor, a row for each distance and n.
        table: distance, exact and floor_exponent, a row for each distance.
    """
    figure = new_slide()
    estimates, floors = figure.subplots(1, 2)
    exact, exponents = by_distance(table, "exact"), by_distance(table, "floor_exponent")
    for name, (label, colour, line) in LOOKS.items():
        rows = means[means["distance"] == name]
        look = {"linestyle": line, "marker": "o", "markersize": 4, "color": colour}
        estimates.plot(rows["n"], rows["estimate"], label=label, **look)
        estimates.axhline(exact.get(name, math.nan), color=colour, linewidth=6, alpha=0.2, zorder=0)
        floors.plot(
            rows["n"],
            rows["floor"].where(rows["floor"] > 0),
            label=f"{label}: n^{exponents[name]:.2f}" if name in exponents else label,
            **look,
        )
    for axes, title in ((estimates, "real and fake; wide: exact"), (floors, "real and real: the floor")):
        axes.set(xscale="log", xlabel="n, points on each side")
        axes.set_title(title)
    estimates.set(ylim=(0, None), ylabel="mean estimate")
    if (means["floor"] > 0).any():
        floors.set(yscale="log")
    heading = "floor falls like" if exponents and max(exponents.values()) < 0 else None
    figure.legend(handles=floors.get_lines(), loc="outside right center", title=heading)
    return figure
