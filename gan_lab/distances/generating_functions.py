"""The convex functions f behind the f-divergences, in the form that a quadrature needs.

Each is normalised to f(1) = f'(1) = 0 by subtracting f(1) and a multiple of u - 1, which changes no
divergence (but for the constant f(1), kept apart) and makes q f(p/q) >= 0 everywhere: nothing cancels.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import BadValueError

Array = NDArray[np.float64]

SERIES = 0.01  # log-ratios below which five terms of a series are exact to rounding


@dataclass(frozen=True)
class GeneratingFunction:
    """A convex f on the non-negative numbers with f(1) = f'(1) = 0, and what it does at the ends.

    Attributes:
        perspective: q f(p/q) from arrays log p and log q, both finite; accurate where p and q are close,
            and inf only where the value exceeds float64.
        at_zero: f(0), the price of mass of Q where P has none; may be inf.
        at_infinity: lim f(u)/u, the price of mass of P where Q has none; may be inf.
        power_at_zero: s, where f(u) grows like u^s (up to logarithms) as u -> 0.
        power_at_infinity: s, likewise as u -> inf.
        constant: f(1) of the function as usually printed, added to the divergence.
    """

    perspective: Callable[[Array, Array], Array]
    at_zero: float
    at_infinity: float
    power_at_zero: float = 0.0
    power_at_infinity: float = 1.0
    constant: float = 0.0

    def __call__(self, u: Array) -> Array:
        """Return f(u) for density ratios u > 0, normalised, of the same shape."""
        return self.perspective(np.log(u), np.zeros_like(u))


def _difference(log_p: Array, log_q: Array) -> Array:
    """Return p - q without cancellation."""
    r = log_p - log_q
    return np.exp(np.maximum(log_p, log_q)) * -np.expm1(-np.abs(r)) * np.sign(r)


def _kl(log_p: Array, log_q: Array) -> Array:
    """Return p log(p/q) - p + q = p (exp(-r) - 1 + r), r = log(p/q)."""
    p, r = np.exp(log_p), log_p - log_q
    near = np.clip(r, -SERIES, SERIES)
    close = p * near**2 * (1 / 2 - near / 6 + near**2 / 24 - near**3 / 120 + near**4 / 720)
    return np.where(np.abs(r) < SERIES, close, p * r - _difference(log_p, log_q))


def _jeffrey(log_p: Array, log_q: Array) -> Array:
    return _difference(log_p, log_q) * (log_p - log_q)


def _total_variation(log_p: Array, log_q: Array) -> Array:
    return np.abs(_difference(log_p, log_q)) / 2


def _squared_hellinger(log_p: Array, log_q: Array) -> Array:
    return _difference(log_p / 2, log_q / 2) ** 2


def _pearson(log_p: Array, log_q: Array) -> Array:
    with np.errstate(divide="ignore", over="ignore"):  # log 0 where p = q; beyond float64 where p >> q
        log_gap = np.maximum(log_p, log_q) + np.log(-np.expm1(-np.abs(log_p - log_q)))
        return np.exp(2 * log_gap - log_q)


def _swapped(perspective: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """Return the perspective of u f(1/u), whose divergence is that of f with P and Q exchanged."""
    return lambda log_p, log_q: perspective(log_q, log_p)


def weighted_jensen_shannon_function(weight: float) -> GeneratingFunction:
    """Return f(u) = w u log u - (1 - w + w u) log(1 - w + w u), w = ``weight``.

    Args:
        weight: the weight of P in the mixture, between 0 and 1 and neither.

    Raises:
        BadValueError: if it is not.
    """
    if not 0 < weight < 1:
        raise BadValueError("weight", "a number between 0 and 1, and neither", weight)
    w, v = weight, 1 - weight

    def perspective(log_p: Array, log_q: Array) -> Array:
        # log m of m = w p + v q, from the larger of the two; exactly log p where they are equal
        other = np.where(log_p >= log_q, v, w)
        log_mean = np.maximum(log_p, log_q) + np.log1p(other * np.expm1(-np.abs(log_p - log_q)))
        return w * _kl(log_p, log_mean) + v * _kl(log_q, log_mean)

    return GeneratingFunction(perspective, -v * math.log(v), -w * math.log(w))


def alpha_function(alpha: float) -> GeneratingFunction:
    """Return f(u) = (u^a - 1 - a (u - 1)) / (a (a - 1)), a = ``alpha``.

    Its divergence is (int p^a q^(1-a) - 1) / (a (a - 1)); the f-GAN paper prints that with p and q exchanged.

    Args:
        alpha: any finite number but 0 and 1.

    Raises:
        BadValueError: if it is one of those.
    """
    if alpha in (0, 1) or not math.isfinite(alpha):
        raise BadValueError(
            "alpha", "a finite number other than 0 and 1, whose limits are kl(q, p) and kl(p, q)", alpha
        )
    a = float(alpha)

    def perspective(log_p: Array, log_q: Array) -> Array:
        r = log_p - log_q
        near = np.clip(r, -1, 1)
        with np.errstate(over="ignore"):
            close = np.exp(log_q) * (np.expm1(a * near) - a * np.expm1(near))
            far = np.exp(a * log_p + (1 - a) * log_q) - np.exp(log_q) - a * _difference(log_p, log_q)
        # f >= 0: what is below is the rounding of a difference of order r^2
        return np.maximum(np.where(np.abs(r) < 1, close, far) / (a * (a - 1)), 0)

    at_zero = 1 / a if a > 0 else math.inf
    at_infinity = 1 / (1 - a) if a < 1 else math.inf
    return GeneratingFunction(perspective, at_zero, at_infinity, min(a, 0.0), max(a, 1.0))


KULLBACK_LEIBLER = GeneratingFunction(_kl, 1.0, math.inf)
REVERSE_KULLBACK_LEIBLER = GeneratingFunction(_swapped(_kl), math.inf, 1.0)
JEFFREY = GeneratingFunction(_jeffrey, math.inf, math.inf)
TOTAL_VARIATION = GeneratingFunction(_total_variation, 0.5, 0.5)
SQUARED_HELLINGER = GeneratingFunction(_squared_hellinger, 1.0, 1.0)
PEARSON = GeneratingFunction(_pearson, 1.0, math.inf, power_at_infinity=2.0)
NEYMAN = GeneratingFunction(_swapped(_pearson), math.inf, 1.0, power_at_zero=-1.0)
_HALF = weighted_jensen_shannon_function(0.5)
JENSEN_SHANNON = GeneratingFunction(
    lambda log_p, log_q: 2 * _HALF.perspective(log_p, log_q), math.log(2), math.log(2)
)
GAN = GeneratingFunction(JENSEN_SHANNON.perspective, math.log(2), math.log(2), constant=-math.log(4))
