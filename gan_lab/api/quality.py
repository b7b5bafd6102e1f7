"""``gan_lab.evaluate``: how good samples are, as a table with floors."""

import contextlib
from typing import Any

import pandas
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.api.arrays import Samples, to_array
from gan_lab.cli.evaluate import dataset_of
from gan_lab.config.checks import NonNegativeInt, PositiveInt, conform
from gan_lab.config.errors import BadValueError
from gan_lab.evaluation.arrays import to_samples
from gan_lab.evaluation.comparison import Comparison, ImageComparison, VectorComparison
from gan_lab.evaluation.evaluator import comparison_of
from gan_lab.evaluation.floors import RealSamples, draw_real, how_many_more
from gan_lab.evaluation.lines import lines_of, note_of
from gan_lab.numerics.draws import permutation
from gan_lab.numerics.streams import make_rng

CPU = torch.device("cpu")


def evaluate(real: Samples | str, fake: Samples, *, samples: int = 1024, seed: int = 0) -> pandas.DataFrame:
    """Return how good samples are, beside what real ones get in their place.

    Args:
        real: samples of the data: points (n, d), or images (n, H, W, C) or (n, C, H, W), bytes or floats in
            [-1, 1]; at most half of them are compared with, others give the floors. Or the name of a
            dataset, as ``dataset=`` takes it: then mixtures are measured by their modes, too, and images with
            labels by features of a classifier, trained once.
        fake: samples of any generator, likewise.
        samples: at most how many are compared on either side; exact distances take n³.
        seed: of which ones, and of what is drawn.

    Returns:
        A row for each metric, with the columns ``value``, ``floor`` (of other real samples in the place of
        the generated ones, which a perfect generator gets on average), ``p_value`` (of two-sample tests,
        which have no floor) and ``note`` (why a value or a floor is undefined; empty for most). What there is
        not is NaN. ``distance/w1_debiased`` needs two samples of the generator: it is of
        halves of ``fake``, chosen at random, and as many real ones, 0 on average for a perfect generator, and
        its floor is the scatter around that. The docstrings in :mod:`gan_lab.metrics` say what each is biased
        by.

    Raises:
        UserError: if they are too few, of two shapes, not finite, or images outside of [-1, 1].
    """
    most, seed = conform("samples", samples, PositiveInt), conform("seed", seed, NonNegativeInt)
    drawn = _by_name(real, fake, most, seed) if isinstance(real, str) else _split(real, fake, most, seed)
    comparison, known, given = drawn
    lines = lines_of(comparison, known, given)
    table = pandas.DataFrame(lines).drop(columns="samples").set_index("metric").astype(float)
    table["note"] = [note_of(line) for line in lines]
    table.attrs["samples"] = len(given)
    return table


Drawn = tuple[Comparison, RealSamples, Tensor]
"""By what is compared, sets of n real samples, and n generated ones."""


def _by_name(real: str, fake: Samples, most: int, seed: int) -> Drawn:
    dataset = dataset_of(real, called="real")
    given = to_samples(_array(fake, "fake"), "fake", dataset.data_shape)
    comparison, sampler = comparison_of(dataset, CPU), dataset.open(CPU)
    n = min(most, len(given))
    _require_enough(comparison, n)
    drawn = draw_real(sampler, n, make_rng(seed, "metrics"))
    return comparison, drawn, _some(given, n, seed, "chosen samples")


def _split(real: Samples, fake: Samples, most: int, seed: int) -> Drawn:
    known = to_samples(_array(real, "real"), "real")
    given = to_samples(_array(fake, "fake"), "fake", tuple(known.shape[1:]))
    is_image = known.ndim == 4
    comparison = ImageComparison(None, tuple(known.shape[1:])) if is_image else VectorComparison()
    n = min(most, len(known) // 2, len(given))
    _require_enough(comparison, n)
    sets = torch.split(_some(known, (2 + how_many_more(n)) * n, seed, "real halves", ordered=False), n)
    drawn = RealSamples(sets[0], sets[1], [each for each in sets[2:] if len(each) == n])
    return comparison, drawn, _some(given, n, seed, "chosen samples")


def _array(values: Samples, name: str) -> NDArray[Any]:
    """Return values as an array.

    Raises:
        BadValueError: if they are none, such as None or lists of several lengths.
    """
    with contextlib.suppress(ValueError):
        found = to_array(values)
        if found.dtype.kind != "O":
            return found
    raise BadValueError(name, "an array of numbers", values)


def _require_enough(comparison: Comparison, n: int) -> None:
    if n < comparison.fewest:
        fewest = comparison.fewest
        rule = (
            f"enough for {fewest:,} on either side: {fewest:,} generated samples, and twice as many real ones"
        )
        raise BadValueError("samples", rule, n)


def _some(values: Tensor, n: int, seed: int, stream: str, *, ordered: bool = True) -> Tensor:
    rows = permutation(len(values), make_rng(seed, stream))[:n]
    return values[rows.sort().values if ordered else rows]
