"""The figures of a report: which there are follows from what a sweep has swept and measured."""

from dataclasses import dataclass

import pandas

from gan_lab.plotting.style import NamedFigure, styled
from gan_lab.reports.figures.estimates import estimate_figures
from gan_lab.reports.figures.modes import modes_figure
from gan_lab.reports.figures.rates import correlation_figure, rate_figure, threshold_figure
from gan_lab.reports.figures.samples import sample_figure
from gan_lab.reports.figures.settings import layer_figure, setting_figure
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.model import Sweep


@dataclass(frozen=True)
class Numbers:
    """What figures show besides curves and samples.

    Attributes:
        correlations: of estimate and quality, a row per cell.
        rates: of success, a row per cell.
        by_threshold: of success, a row per cell and threshold.
    """

    correlations: pandas.DataFrame
    rates: pandas.DataFrame
    by_threshold: pandas.DataFrame


def draw_figures(sweep: Sweep, numbers: Numbers, rule: FailureRule) -> list[NamedFigure]:
    """Return the figures of a sweep in the order of a report, drawn in one style.

    Args:
        sweep: its runs.
        numbers: computed from it.
        rule: what decided on success.
    """
    with styled():
        figures = [
            sample_figure(sweep),
            rate_figure(sweep, numbers.rates),
            threshold_figure(sweep, numbers.by_threshold, rule),
            modes_figure(sweep),
            setting_figure(sweep),
            layer_figure(sweep),
            correlation_figure(sweep, numbers.correlations),
            *estimate_figures(sweep),
        ]
    return [figure for figure in figures if figure is not None]
