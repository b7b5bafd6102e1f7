"""The arguments of ``gan-lab report``."""

import argparse
import dataclasses
import os
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import get_type_hints

from gan_lab.cli.arguments import PATH, Parser, reader_of
from gan_lab.cli.places import chosen_place
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.runs.reading import require_folder, require_own
from gan_lab.runs.sources import open_sources

_RULE = {
    "modes_share": "fewest modes, over those that real samples hit",
    "recall_share": "least recall, over that of real samples",
    "coverage_share": "least coverage of labelled images, over that of real ones",
    "high_quality_share": "least share of points near a mode, over that of real ones",
    "precision_share": "least precision of samples that count as good, over that of real ones",
    "confident_share": "least share of images of a clear class that count as good, over that of real ones",
    "distance_factor": "greatest distance of other samples, over that between two real ones",
    "spread_share": "least distance between two of a generator's samples, over that between two real ones",
    "untrained_share": "least distance at the end of untrained samples, over the first one measured",
    "frozen_range": "largest range of a distance that stands still, over its mean",
    "end_measurements": "how many of the last measurements the end is the median of",
}


def report(arguments: list[str]) -> tuple[str, tuple[str, ...]]:
    """Write the report that the arguments ask for.

    Args:
        arguments: after ``gan-lab report``.

    Returns:
        A line that says what was written where, and a sentence for each run that is missing or unreadable.

    Raises:
        UserError: if the arguments or the folders are not fit for it.
    """
    given = _parse(arguments)
    for each in given.sweeps:
        require_own(each)  # its report may be a link
        if not each.is_file():
            require_folder(each)
    folder = chosen_place(given.out, _folder_of(given.sweeps))
    rule = FailureRule(**{name: getattr(given, name) for name in _RULE})
    with open_sources(given.sweeps) as sources:
        _ = sources.runs  # which refuses what has none at once: tables and figures take longer to import

        from gan_lab.cli.compose import compose
        from gan_lab.reports.page.page import counted_in_words
        from gan_lab.reports.report import PAGE, write_report

        sweep = write_report(sources, folder, rule, compose)
    left_out = sum(run.fault is not None for run in sweep.runs)
    counted = f"{counted_in_words(sweep)}, {left_out:,} left out of means"
    counted += f", {sweep.twice:,} left out that stood elsewhere, too" if sweep.twice else ""
    if given.open:
        webbrowser.open((folder / PAGE).resolve().as_uri())
    return f"{counted}: {folder / PAGE}", sweep.faults


def _folder_of(sweeps: Sequence[Path]) -> Path:
    """Return where a report goes: into a sweep's folder, and beside an archive or the first of several."""
    first = sweeps[0]
    if len(sweeps) == 1 and not first.is_file():
        return first / "report"
    whole = Path(os.path.abspath(first))
    name = whole.stem if first.is_file() else whole.name
    return whole.with_name(f"{name}_{'report' if len(sweeps) == 1 else 'merged'}")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("gan-lab report", description="Turn the runs of a sweep into a page, figures and tables.")
    parser.add_argument(
        "sweeps",
        type=PATH,
        nargs="+",
        metavar="SWEEP_DIR",
        help="a folder that holds runs, or an archive; several are reported as one sweep",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=PATH,
        metavar="DIR",
        help="default SWEEP_DIR/report; of an archive NAME_report beside it, of several FIRST_merged",
    )
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    group = parser.add_argument_group("the failure rule", "the report says how it is used")
    defaults = {field.name: field.default for field in dataclasses.fields(FailureRule)}
    hints = get_type_hints(FailureRule, include_extras=True)
    for name, text in _RULE.items():
        default = defaults[name]
        option = f"--{name.replace('_', '-')}"
        help_text = f"{text} (default {default:g})"
        group.add_argument(option, type=reader_of(hints[name]), default=default, metavar="X", help=help_text)
    return parser.parse_args(arguments)
