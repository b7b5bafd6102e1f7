"""The figures of a report: which there are follows from what a sweep has swept and measured."""

import pandas

from gan_lab.reports.figures.estimates import estimate_figures
from gan_lab.reports.figures.modes import modes_figure
from gan_lab.reports.figures.rates import correlation_figure, rate_figure, threshold_figure
from gan_lab.reports.figures.samples import sample_figure
from gan_lab.reports.figures.settings import layer_figure, setting_figure
from gan_lab.reports.figures.style import NamedFigure, styled
from gan_lab.reports.model import Sweep


def draw_figures(sweep: Sweep, correlations: pandas.DataFrame, rates: pandas.DataFrame) -> list[NamedFigure]:
    """Return the figures of a sweep in the order of a report, drawn in one style.

    Args:
        sweep: its runs.
        correlations: of estimate and quality, a row per cell.
        rates: of success, a row per cell.
    """
    with styled():
        figures = [
            sample_figure(sweep),
            rate_figure(sweep, rates) if len(rates) else None,
            threshold_figure(sweep),
            modes_figure(sweep),
            setting_figure(sweep),
            layer_figure(sweep),
            correlation_figure(sweep, correlations) if len(correlations) else None,
            *estimate_figures(sweep),
        ]
    return [figure for figure in figures if figure is not None]
