"""What every two-sample test returns, and the samples that it accepts."""

from typing import NamedTuple

from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted
from gan_lab.metrics.transport import flat_points, own_unit


class TwoSampleTest(NamedTuple):
    """The outcome of a test of the null hypothesis that two samples share one distribution.

    Attributes:
        statistic: what was measured; the test's function names it and its unit.
        p_value: probability, in (0, 1], of a statistic at least as large under the null hypothesis.
    """

    statistic: float
    p_value: float


def comparable_points(real: Tensor, fake: Tensor, at_least: int) -> tuple[Tensor, Tensor, float]:
    """Return two samples as points of one space in a unit of their own, float64, and that unit.

    Args:
        real: (N, *D); images are flattened.
        fake: (M, *D).
        at_least: smallest N and M allowed.

    Returns:
        Points (N, d) and (M, d), and their unit in the units of the data; see
        :func:`gan_lab.metrics.transport.own_unit`.

    Raises:
        BadValueError: if a sample is too small, differs in D, or holds what is not a finite number.
    """
    x, y = flat_points(real=real, fake=fake)
    for name, sample in (("real", x), ("fake", y)):
        if len(sample) < at_least:
            raise BadValueError(name, f"at least {counted(at_least, 'sample')}", len(sample))
    unit = own_unit(x, y)
    return x.double() / unit, y.double() / unit, unit
