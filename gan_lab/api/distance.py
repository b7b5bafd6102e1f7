"""``gan_lab.distance``: every distance of the lab, of samples or of known distributions, by one name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.api.arrays import Samples, to_array
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.quoting import did_you_mean, quoted
from gan_lab.distances.by_name import BY_NAME
from gan_lab.distances.kernels import energy_distance, mmd_squared
from gan_lab.distances.line import Empirical, LineDistribution
from gan_lab.distances.line.distribution import Measure
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.distances.plane import PlaneDistribution, PlaneSamples
from gan_lab.distances.plane.transport import wasserstein_plane
from gan_lab.metrics.energy import energy_test
from gan_lab.metrics.frechet import frechet_feature_distance
from gan_lab.metrics.mmd import mmd_test
from gan_lab.metrics.sliced import sliced_wasserstein
from gan_lab.metrics.transport import Order, wasserstein
from gan_lab.numerics.streams import make_rng

_SHORT = {"w1": "wasserstein_1", "w2": "wasserstein_2", "jsd": "jensen_shannon", "tv": "total_variation"}
_ORDERS: dict[str, Order] = {"wasserstein_1": 1, "wasserstein_2": 2}
_KERNELS = ("mmd_squared", "energy")
_OF_SAMPLES = (*_ORDERS, "sliced_w1", "sliced_w2", *_KERNELS, "frechet")
_OF_DISTRIBUTIONS = (*BY_NAME, *_KERNELS)

NAMES: tuple[str, ...] = (*_SHORT, *dict.fromkeys([*_OF_DISTRIBUTIONS, *_OF_SAMPLES]))
"""All names, the short ones first."""


def distance(
    name: str, p: Samples | Measure, q: Samples | Measure, *, bandwidth: float | None = None
) -> float:
    """Return a distance between two samples, or between two distributions that are known.

    =====================================================  ============================  ===================
    name                                                   samples                       distributions
    =====================================================  ============================  ===================
    ``w1``, ``w2`` (``wasserstein_1``, ``_2``)             exact, biased upwards         on the line; in the
                                                                                         plane where exact
    ``sliced_w1``, ``sliced_w2``                           over 512 directions           --
    ``energy``                                             unbiased                      on the line
    ``mmd_squared``                                        unbiased, Gaussian kernel     with ``bandwidth``
    ``frechet``                                            squared, of fitted Gaussians  --
    ``jsd``, ``tv``, ``kl``, ``reverse_kl``, ``jeffrey``,  --                            on the line, in the
    ``squared_hellinger``, ``pearson_chi_squared``,                                      plane
    ``neyman_chi_squared``
    =====================================================  ============================  ===================

    W1 and W2 also take samples against a distribution on the line. The values are those of
    :mod:`gan_lab.metrics` and :mod:`gan_lab.distances`, whose docstrings give formula, unit, bias and source.

    Args:
        name: one of ``NAMES``.
        p: samples (n, d), (n,) on the line, or images, which are flattened; or a distribution of
            :mod:`gan_lab.distances.line` or :mod:`gan_lab.distances.plane`.
        q: likewise.
        bandwidth: of the Gaussian kernel of ``mmd_squared``, in the units of the data; None for the median
            distance between samples.

    Returns:
        In the units of the data for w1, w2, sliced_w1, sliced_w2 and energy; KL, Jeffrey and JSD in nats.

    Raises:
        UserError: if there is no such distance, or none of such samples or distributions.
    """
    full = _SHORT.get(name, name)
    if full not in NAMES:
        question = did_you_mean(str(name), NAMES)
        raise UserError(f"name must be one of {', '.join(NAMES)}; got {quoted(name)}.{question}")
    if bandwidth is not None and full != "mmd_squared":
        raise UserError(f"bandwidth goes with mmd_squared; {name} has none.")
    if isinstance(p, Measure) and isinstance(q, Measure):
        return _between_distributions(full, name, p, q, bandwidth)
    if isinstance(p, Measure) or isinstance(q, Measure):
        return _mixed(full, name, p, q)
    if full not in _OF_SAMPLES:
        raise UserError(
            f"{name} is of distributions: of two sets of points it says nothing of their origins. Give it "
            "two of gan_lab.distances.line or gan_lab.distances.plane, or take w1 of samples."
        )
    first, second = _points("p", p), _points("q", q)
    if first.shape[1] != second.shape[1]:
        raise BadValueError("q", f"samples (n, {first.shape[1]}), as p are", np.shape(second))
    return _between_samples(full, first, second, bandwidth)


def _between_distributions(full: str, name: str, p: Measure, q: Measure, bandwidth: float | None) -> float:
    if full not in _OF_DISTRIBUTIONS:
        raise UserError(f"{name} is of samples; p.sample(n, rng) draws some of a distribution.")
    on_line = isinstance(p, LineDistribution) and isinstance(q, LineDistribution)
    if isinstance(p, LineDistribution) != isinstance(q, LineDistribution):
        raise UserError(f"{name} needs two distributions on the line or two in the plane; got one of each.")
    if full in _ORDERS and isinstance(p, PlaneDistribution) and isinstance(q, PlaneDistribution):
        return wasserstein_plane(p, q, _ORDERS[full])
    if full == "energy":
        if not on_line:
            raise UserError("energy of known distributions is computed on the line; elsewhere take samples.")
        return energy_distance(p, q)  # type: ignore[arg-type]
    if full == "mmd_squared":
        if bandwidth is None:
            raise UserError("bandwidth must be given for mmd_squared of distributions; got None.")
        return mmd_squared(p, q, bandwidth)  # type: ignore[arg-type]
    return BY_NAME[full].exact(p, q)  # type: ignore[arg-type]


def _mixed(full: str, name: str, p: Samples | Measure, q: Samples | Measure) -> float:
    """Return a transport distance between samples and a distribution."""
    known = p if isinstance(p, Measure) else q
    if full not in _ORDERS:
        raise UserError(f"{name} needs two samples or two distributions; got one of each.")
    line = isinstance(known, LineDistribution)
    first, second = (each if isinstance(each, Measure) else _empirical(each, line) for each in (p, q))
    exact: Callable[..., float] = wasserstein_line if line else wasserstein_plane
    return exact(first, second, _ORDERS[full])


def _empirical(values: Samples, line: bool) -> Measure:
    points = _points("samples", values)
    d = 1 if line else 2
    if points.shape[1] != d:
        where = "on the line, (n,)" if line else "in the plane, (n, 2)"
        raise BadValueError("samples", f"{where}, as the distribution is", tuple(points.shape))
    if line:
        return _line(points)
    return PlaneSamples(tuple((float(x), float(y)) for x, y in points))


def _between_samples(full: str, p: NDArray[Any], q: NDArray[Any], bandwidth: float | None) -> float:
    if full in _ORDERS and p.shape[1] == q.shape[1] == 1:
        # sorting does what a linear program of n² unknowns would
        return wasserstein_line(_line(p), _line(q), _ORDERS[full])
    first, second = torch.from_numpy(p), torch.from_numpy(q)
    rng = make_rng(0, "metrics/directions")
    measures: dict[str, Callable[[Tensor, Tensor], float]] = {
        "wasserstein_1": wasserstein,
        "wasserstein_2": lambda x, y: wasserstein(x, y, order=2),
        "sliced_w1": lambda x, y: sliced_wasserstein(x, y, rng),
        "sliced_w2": lambda x, y: sliced_wasserstein(x, y, rng, order=2),
        # of a permutation test the statistic alone
        "mmd_squared": lambda x, y: mmd_test(x, y, rng, bandwidth, n_permutations=1).statistic,
        "energy": lambda x, y: energy_test(x, y, rng, n_permutations=1).statistic,
        "frechet": frechet_feature_distance,
    }
    return float(measures[full](first, second))


def _line(points: NDArray[Any]) -> Empirical:
    return Empirical(tuple(map(float, points[:, 0])))


def _points(name: str, values: Any) -> NDArray[np.float64]:
    """Return samples (n, d) in float64."""
    found = to_array(values)
    if found.dtype.kind not in "uif" or found.ndim == 0 or found.size == 0:
        raise BadValueError(name, "samples (n, d) or (n,), or a known distribution", values)
    if not np.isfinite(found).all():
        raise BadValueError(name, "finite numbers", float(found[~np.isfinite(found)].flat[0]))
    points: NDArray[np.float64] = np.ascontiguousarray(found.reshape(len(found), -1), np.float64)
    return points
