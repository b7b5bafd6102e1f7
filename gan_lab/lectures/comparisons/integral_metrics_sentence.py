"""What the table of ``integral_metrics`` says, every word of it computed."""

import math

import numpy as np
import pandas

from gan_lab.config.phrases import counted, listed, verb
from gan_lab.lectures.names import name_of

FLAT = 1.01  # what grows by less, while the shift grows to more, no longer tells how far
PROPORTIONAL = 1e-6  # of the value: rounding and quadrature
BLIND = 1e-7  # in units of the metric

CHANGES = {"shift": "a shift", "drop": "a dropped mode", "shrink": "shrunken scales"}

_LABELS = {
    "mean_gap": "mean gap",
    "w1": name_of("w1"),
    "root_energy": "√energy",
    "bounded_lipschitz": "bounded Lipschitz",
    "twice_tv": f"2 {name_of('tv')}",
}


def label(metric: str) -> str:
    """Return what a slide calls a metric."""
    if metric.startswith("mmd_"):
        return f"{name_of('mmd')} (s = {metric.removeprefix('mmd_')})"
    return _LABELS[metric]


def known(curves: pandas.DataFrame) -> pandas.Series:
    """Return each row's exact value, or where there is none what the best critic reaches."""
    return curves["exact"].fillna(curves["best_critic"])


def say_integral_metrics(curves: pandas.DataFrame, deviation: float, points: int) -> str:
    """Return the sentence.

    Args:
        curves: change, amount, metric, exact and best_critic, a row for each.
        deviation: the standard deviation of p, the unit of lengths.
        points: of the grid.
    """
    rows = curves.assign(value=known(curves))
    units = {name: _unit(name, deviation) for name in rows["metric"].unique()}
    rows["seen"] = rows["value"] > BLIND * rows["metric"].map(units)
    if not rows["seen"].any():
        return f"p and q are equal, and all {len(units)} metrics are 0."
    parts = [_say_critics(rows, points), _say_shift(rows), _say_drop(rows), _say_blind(rows)]
    return " ".join(part for part in parts if part)


def _unit(metric: str, deviation: float) -> float:
    lengths = {"mean_gap": deviation, "w1": deviation, "root_energy": math.sqrt(deviation)}
    return lengths.get(metric, min(deviation, 1.0) if metric == "bounded_lipschitz" else 1.0)


def _say_critics(rows: pandas.DataFrame, points: int) -> str:
    both = rows[rows["seen"] & rows["exact"].notna()]
    if both.empty:
        return ""
    shares = 100 * both["best_critic"] / both["exact"]
    reach = f"{shares.min():.2f} to {shares.max():.2f} %"
    return f"The best critics on {counted(points, 'point')} reach {reach} of the exact values."


def _say_shift(rows: pandas.DataFrame) -> str:
    moved = rows[(rows["change"] == "shift") & (rows["amount"] > 0)]
    shifts = np.sort(moved["amount"].unique())
    if len(shifts) < 2:
        return ""
    values = {str(name): rows["value"].to_numpy() for name, rows in moved.groupby("metric", sort=False)}
    growth = {name: value[-1] / value[-2] for name, value in values.items()}
    factors = ", ".join(f"{label(name)} {factor:.2f}" for name, factor in growth.items())
    said = f"When a shift of {shifts[-2]:g} becomes {shifts[-1]:g}, they change by factors of {factors}"
    if shifts[-1] > FLAT * shifts[-2]:
        flat = [label(name) for name, factor in growth.items() if 1 / FLAT < factor < FLAT]
        said += f": {listed(flat)} no longer {verb(len(flat), 'tells', 'tell')} how far" if flat else ""
    falling = [
        label(name) for name, value in values.items() if (np.diff(value) < -PROPORTIONAL * value[:-1]).any()
    ]
    fall = verb(len(falling), "falls", "fall")
    return f"{said}; {listed(falling)} {fall} on the way." if falling else f"{said}."


def _say_drop(rows: pandas.DataFrame) -> str:
    dropped = rows[(rows["change"] == "drop") & (rows["amount"] > 0) & rows["seen"]]
    names = dropped["metric"].unique()
    if dropped["amount"].nunique() < 2 or len(names) == 0:
        return ""
    rates = dropped.assign(rate=dropped["value"] / dropped["amount"]).groupby("metric")["rate"]
    strays = rates.max() / rates.min() - 1
    straight = [name for name in names if strays[name] <= PROPORTIONAL]
    if not straight:
        return ""
    who = f"All {len(names)}" if len(straight) == len(names) else f"{len(straight)} of {len(names)}"
    return f"{who} are proportional to the mass that a mode loses."


def _say_blind(rows: pandas.DataFrame) -> str:
    blind = {}
    for change, words in CHANGES.items():
        last = rows[(rows["change"] == change) & (rows["amount"] > 0)]
        last = last[last["amount"] == last["amount"].max()]
        blind[words] = [label(name) for name in last.loc[~last["seen"], "metric"]]
    said = [f"Blind to {words}: {listed(names)}" for words, names in blind.items() if names]
    return f"{'. '.join(said)}." if said else ""
