"""What two samples are measured by, line by line: as a table for the terminal, and as a file."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from gan_lab.config.command_lines import shown_path
from gan_lab.config.phrases import counted
from gan_lab.evaluation.comparison import Comparison, two_sample_tests, with_debiased
from gan_lab.evaluation.floors import RealSamples, floors_of
from gan_lab.evaluation.inception import Extractor, inception_metrics, inception_output
from gan_lab.files.text_table import Column, lay_out
from gan_lab.metrics.debiased import debiased_scatter, debiased_wasserstein
from gan_lab.metrics.parzen import parzen_estimate, unlike
from gan_lab.metrics.two_sample import TwoSampleTest
from gan_lab.numerics.draws import permutation
from gan_lab.numerics.streams import make_rng
from gan_lab.tags.names import (
    MODE_KL,
    MODE_P_VALUE,
    W1_DEBIASED,
    inception_tag,
    parzen_tag,
    two_sample_tag,
)
from gan_lab.tags.words import BESIDES, HEADLINES, number_text, short_of

_IMAGES = 4  # dimensions of a batch of them
_FEWEST_IMAGES = 4  # that a Parzen window takes: two to choose a width on, two to tell of

_UNDEFINED = {
    MODE_KL: "no sample lies within 3 standard deviations of a mode",
    MODE_P_VALUE: "too few samples lie within 3 standard deviations of a mode to show that half of the "
    "modes are missing",
}


class Line(NamedTuple):
    """A metric; None for what it does not have."""

    metric: str
    value: float
    floor: float | None = None
    p_value: float | None = None
    samples: int | None = None
    """On either side, where these are fewer than the others are made of."""


def lines_of(
    comparison: Comparison, real: RealSamples, fake: Tensor, extract: Extractor | None = None
) -> list[Line]:
    """Return all that samples are compared by, with floors.

    The debiased distance needs two independent samples of the generator, and no more can be drawn here: it is
    of halves of what is given, chosen at random, and of as many real ones.

    Args:
        comparison: of the data.
        real: sets of n samples of the data.
        fake: as many that are asked about (n, *D).
        extract: Inception, of images; None to do without.
    """
    values, floors = comparison.compare(real.compared, fake), floors_of(comparison, real)
    half = len(fake) // 2
    x, other_x, y = (comparison.points(samples) for samples in (real.compared, real.other, fake))
    if x is not None and other_x is not None and y is not None:
        y_halves = y[permutation(len(y), make_rng(0, "metrics/halves"))]
        x_halves = x[:half], other_x[:half]
        value = debiased_wasserstein(*x_halves, y_halves[:half], y_halves[half : 2 * half])
        values, floors = with_debiased(values, value), with_debiased(floors, debiased_scatter(*x_halves))
    lines = [
        Line(tag, value, floors[tag], samples=half if tag == W1_DEBIASED else None)
        for tag, value in values.items()
    ]
    if x is not None and y is not None:
        lines += lines_of_tests(two_sample_tests(x, y))
    lines += parzen_lines(real.compared, real.other, fake)
    if extract is not None:
        lines += inception_lines(real.compared, real.other, fake, extract)
    return lines


def lines_of_tests(tests: Mapping[str, TwoSampleTest]) -> list[Line]:
    """Return two-sample tests, by name, as lines."""
    return [Line(two_sample_tag(name), test.statistic, None, test.p_value) for name, test in tests.items()]


def parzen_lines(real: Tensor, other_real: Tensor, fake: Tensor) -> list[Line]:
    """Return what Parzen windows around generated images (n, C, H, W) say of real ones; nothing of vectors.

    Pixels are on [0, 1], as in the literature. The kernels' width is chosen on half of the real images, and
    the other half is told of. No two of them are equal, nor equal to one around which a kernel of the floor
    lies, as draws of a small dataset may be. Of fewer than four such images nothing is said.
    """
    if real.ndim != _IMAGES:
        return []
    kept = unlike(real, other_real)
    if len(kept) < _FEWEST_IMAGES:
        return []
    value, floor = (
        parzen_estimate(*((images + 1) / 2 for images in (centres, kept[::2], kept[1::2])))
        for centres in (fake, other_real)
    )
    return [
        Line(parzen_tag(name), number, of_real)
        for name, number, of_real in zip(value._fields, value, floor, strict=True)
    ]


def inception_lines(real: Tensor, other_real: Tensor, fake: Tensor, extract: Extractor) -> list[Line]:
    """Return what is measured of images (n, C, H, W) by Inception, as lines."""
    of_real, of_other, of_fake = (inception_output(images, extract) for images in (real, other_real, fake))
    rng = make_rng(0, "metrics/inception")
    values, floors = (inception_metrics(of_real, other, rng) for other in (of_fake, of_other))
    return [Line(inception_tag(name), value, floors[name]) for name, value in values.items()]


def format_lines(lines: Sequence[Line]) -> str:
    """Return a table as aligned text."""
    titles = ("metric", "value", "real against real", "p-value")
    rows = [titles, *((line.metric, *(_shown(cell) for cell in line[1:4])) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
    table = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    ] + _remarks(lines)
    return "\n".join(table)


def _remarks(lines: Sequence[Line]) -> list[str]:
    """Return a sentence for each value that does not exist, or is made of fewer samples."""
    return [f"{line.metric} is {note}." for line in lines if (note := note_of(line))]


def note_of(line: Line) -> str:
    """Return why a line has no value or no floor, or of how many samples it is if of fewer; else nothing."""
    why = _UNDEFINED.get(line.metric)
    if math.isnan(line.value):
        return f"undefined: {why or 'these samples have none'}"
    if line.floor is not None and math.isnan(line.floor):
        return f"without a floor: {f'of real samples {why}' if why else 'real samples have none'}"
    return f"of halves, {counted(line.samples, 'sample')} each" if line.samples else ""


def to_csv(lines: Sequence[Line], samples: int) -> bytes:
    """Return a table as CSV, with the number of samples on either side in a column of its own."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["metric", "value", "floor", "p_value", "samples"])
    for line in lines:
        cells = ["" if cell is None else repr(cell) for cell in line[1:4]]
        writer.writerow([line.metric, *cells, line.samples or samples])
    return text.getvalue().encode()


def compared(measured: Mapping[Path, Sequence[Line]]) -> str:
    """Return one table of several runs, a row each, the best by its first number first.

    Args:
        measured: run folder to what was measured of it. Columns are what is read first, as far as they fit.
    """
    values = {path: {line.metric: line.value for line in lines} for path, lines in measured.items()}
    told = [tag for tag in (*HEADLINES, *BESIDES) if any(tag in each for each in values.values())]
    order = sorted(values, key=lambda path: tuple(_first_or_last(values[path].get(tag)) for tag in told[:1]))
    # other data have other floors
    floors = {tag: floor for tag in told if (floor := _common_floor(tag, measured.values())) is not None}
    rows = {str(shown_path(path)): values[path] for path in order} | (
        {"real against real": floors} if floors else {}
    )
    columns = [Column("run", list(rows), whole=True)]
    columns += [
        Column(short_of(tag), [number_text(row.get(tag)) for row in rows.values()], right=True, rank=place)
        for place, tag in enumerate(told)
    ]
    return lay_out(columns)


def _common_floor(tag: str, measured: Iterable[Sequence[Line]]) -> float | None:
    floors = {line.floor for lines in measured for line in lines if line.metric == tag}
    return floors.pop() if len(floors) == 1 else None


def _first_or_last(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value


def _shown(value: float | None) -> str:
    return "" if value is None else number_text(value)
