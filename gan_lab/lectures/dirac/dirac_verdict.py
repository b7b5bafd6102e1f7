"""What becomes of a Dirac-GAN: what its eigenvalues decide, and what its orbit shows where they do not."""

import math
from dataclasses import dataclass

import numpy as np
import pandas
from numpy.typing import NDArray

from gan_lab.config.phrases import counted, listed, verb
from gan_lab.lectures.words import span

_ZERO = 1e-9  # real parts that count as none
_SAME = 2e-3  # of a radius: how exactly the end of a turn lies between two steps
_UNDECIDED = "real parts of 0, or no Jacobian, decide nothing"
_FEWEST = 2  # turns that tell anything: in the first a start far off is still forgotten


@dataclass(frozen=True)
class Turns:
    """The full turns of an orbit about the equilibrium.

    Attributes:
        count: how many; 0 where single steps are too wide to be counted.
        first: by what the distance from the equilibrium changes in the first, as a factor; NaN without one.
        last: the same of the last.
        later: the same of the second half of them together; NaN below two, and where single steps are too
            wide for the distance between two of them to be known as exactly as a verdict asks.
    """

    count: int
    first: float = math.nan
    last: float = math.nan
    later: float = math.nan


def turns_of(orbit: NDArray[np.float64]) -> Turns:
    """Return the turns of an orbit (steps + 1, 2), ψ and θ.

    Each is measured where it crosses the ray that the orbit began on: one that comes back to where it was
    need not be a circle.
    """
    radii = np.hypot(*orbit.T)
    if not (np.isfinite(radii).all() and (radii > 0).all()):
        return Turns(0)
    steps = np.diff(np.unwrap(np.arctan2(*orbit.T)))
    if np.abs(steps).max() > math.pi / 2:
        return Turns(0)
    turned = np.concatenate([[0.0], np.abs(np.cumsum(steps))])
    ends = [
        int(np.argmax(turned >= 2 * math.pi * k)) for k in range(1, int(turned.max() / (2 * math.pi)) + 1)
    ]
    if not ends:
        return Turns(0)
    log_radii, n = np.log(radii), len(ends)
    logs, doubts = [float(log_radii[0])], [0.0]
    for k, end in enumerate(ends, start=1):
        part = (2 * math.pi * k - turned[end - 1]) / (turned[end] - turned[end - 1])
        logs.append(float((1 - part) * log_radii[end - 1] + part * log_radii[end]))
        doubts.append(_bend(turned, log_radii, end))
    change, doubt = logs[n] - logs[n // 2], (doubts[n], doubts[n // 2])
    is_known = n >= _FEWEST and (max(doubt) <= _SAME or abs(change) > 2 * sum(doubt))
    later = math.exp(change) if is_known else math.nan
    return Turns(n, math.exp(logs[1] - logs[0]), math.exp(logs[n] - logs[n - 1]), later)


def _bend(turned: NDArray[np.float64], log_radii: NDArray[np.float64], end: int) -> float:
    """Return by how much the logarithm of the distance may miss a straight line in the step that ends there.

    It is h² / 8 times the second derivative by the angle, the smaller of those on both sides: at a kink, as
    of a clipped slope, the way within a step is straight and only its ends are not.

    Args:
        turned: angles (n,) of the orbit, from the first.
        log_radii: (n,).
        end: of the step, at least 1.
    """
    slopes = np.diff(log_radii) / np.where(np.diff(turned) == 0, np.inf, np.diff(turned))
    width = turned[end] - turned[end - 1]
    beside = [slopes[k] for k in (end - 2, end) if 0 <= k < len(slopes)]
    return float(min((abs(each - slopes[end - 1]) for each in beside), default=0.0) * abs(width) / 8)


def verdict(real_parts: tuple[float, float], turns: Turns) -> str:
    """Return what becomes of a game.

    Returns:
        ``attracted`` or ``repelled`` where the linearisation decides: both real parts are negative, or one is
        positive. Else by the orbit: ``nearer``, ``circles``, ``farther``, or ``unknown`` below two turns.
    """
    if max(real_parts) < -_ZERO:
        return "attracted"
    if max(real_parts) > _ZERO:
        return "repelled"
    if math.isnan(turns.later):
        return "unknown"
    if abs(turns.later - 1) <= _SAME:
        return "circles"
    return "nearer" if turns.later < 1 else "farther"


def say_verdicts(table: pandas.DataFrame, steps: int) -> str:
    """Return the sentence, from the table's ``verdict``, eigenvalues, turns and distances."""
    of = dict(iter(table.groupby("verdict", sort=False)))
    said = [_say_decided(of["attracted"], "attracts")] if "attracted" in of else []
    said += [_say_decided(of["repelled"], "repels")] if "repelled" in of else []
    shown = "; ".join(_SAY_ORBITS[name](of[name]) for name in _SAY_ORBITS if name in of)
    unknown = [_say_unknown(of["unknown"])] if "unknown" in of else []
    if shown:
        said += [f"{_UNDECIDED}, but orbits show that {shown}", *unknown]
    elif unknown:
        said.append(f"{_UNDECIDED}, and {unknown[0]}")
    text = ". ".join(part[0].upper() + part[1:] for part in said)
    ends = span(table["relative_distance_simultaneous"].tolist(), ".2g")
    taken = counted(steps, "alternating step")
    return f"Distances are parts of the first, after {taken}. {text}. Simultaneous steps end at {ends}."


def _say_decided(rows: pandas.DataFrame, does: str) -> str:
    games = [
        f"{row.game} ({row.real_1:.3g}{row.imaginary_1:+.3g}i, {row.real_2:.3g}{row.imaginary_2:+.3g}i)"
        for row in rows.itertuples()
    ]
    ends, at = (
        verb(len(rows), "it ends", "they end"),
        span(rows["relative_distance_alternating"].tolist(), ".1e"),
    )
    return f"by its eigenvalues the equilibrium {does} {listed(games)}; {ends} at {at}"


def _say_nearer(rows: pandas.DataFrame) -> str:
    games = [
        f"{name} to {distance:.2g} ({_say_last(last_turn)})"
        for name, distance, last_turn in zip(
            rows["game"], rows["relative_distance_alternating"], rows["last_turn"], strict=True
        )
    ]
    slower = " ever more slowly" if (rows["first_turn"] < rows["last_turn"]).all() else ""
    return f"{listed(games)} {verb(len(rows), 'has', 'have')} come nearer so far{slower and ',' + slower}"


def _say_last(last_turn: float) -> str:
    return f"by {1 - last_turn:.2g} of it in the last turn" if last_turn < 1 else "not in the last turn"


def _say_circles(rows: pandas.DataFrame) -> str:
    return f"{listed(list(rows['game']))} {verb(len(rows), 'circles', 'circle')} at {_distances(rows)}"


def _say_farther(rows: pandas.DataFrame) -> str:
    return f"{listed(list(rows['game']))} {verb(len(rows), 'goes', 'go')} farther away, to {_distances(rows)}"


def _say_unknown(rows: pandas.DataFrame) -> str:
    who, make = listed(list(rows["game"])), verb(len(rows), "makes", "make")
    return (
        f"nothing can be told of {who}, at {_distances(rows)}, which {make} too few turns to tell, or steps "
        "too wide"
    )


_SAY_ORBITS = {
    "nearer": _say_nearer,
    "circles": _say_circles,
    "farther": _say_farther,
}


def _distances(rows: pandas.DataFrame) -> str:
    return span(rows["relative_distance_alternating"].tolist(), ".2g")
