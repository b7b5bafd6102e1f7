"""``gan-lab report``: finished runs in, a folder with a page, figures and tables out."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from gan_lab.plotting.style import NamedFigure, encode_figure, styled
from gan_lab.reports.claims.thresholds import agreement_by_threshold, success_by_threshold
from gan_lab.reports.figures import Numbers, draw_figures
from gan_lab.reports.page.answer import answer
from gan_lab.reports.page.claim_tables import claim_frames, claim_tables, stacked
from gan_lab.reports.page.page import Picture, render_page
from gan_lab.reports.page.tables import csv_text, runs_table, summary_table
from gan_lab.reports.publishing import check_folder, publish
from gan_lab.reports.sweep.deviations import Compose, find_deviations
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.loading import load_sources
from gan_lab.reports.sweep.model import Sweep
from gan_lab.reports.tensorboard import write_aggregates
from gan_lab.runs.sources import Sources

PAGE = "report.html"


def write_report(sources: Sources, folder: Path, rule: FailureRule, compose: Compose) -> Sweep:
    """Write the report on runs, the same bytes from the same runs.

    Args:
        sources: sweeps' folders, or archives, which are open.
        folder: where the report goes; made if it is missing, replaced if a report wrote it.
        rule: when a run counts as a success.
        compose: composes an experiment, for what deviates from the paper's scale.

    Returns:
        What the report is about.

    Raises:
        UserError: if there are no runs, or two of them differ that should not; or the folder holds something
            that no report has written.
    """
    check_folder(folder)
    sweep = load_sources(sources, rule)
    frames = claim_frames(sweep)
    thresholds = success_by_threshold(sweep, rule=rule)
    numbers = Numbers(frames["correlations"], frames["success_rates"], thresholds)
    files, pictures = _draw(draw_figures(sweep, numbers, rule))
    tables = {
        "runs": runs_table(sweep),
        "summary": summary_table(sweep),
        "claims": stacked(frames),
        "thresholds": thresholds,
        "agreement": agreement_by_threshold(sweep, rule=rule),
    }
    page = render_page(
        sweep,
        folder,
        answer=answer(sweep, frames),
        rule=rule.describe(),
        claims=claim_tables(sweep, frames),
        pictures=pictures,
        deviations=find_deviations(sweep, compose),
    )
    files |= {f"{name}.csv": _utf8(csv_text(table)) for name, table in tables.items()}
    files |= {PAGE: _utf8(page)} | _event_files(sweep)
    publish(files, folder, last=PAGE)
    return sweep


def _draw(figures: Iterable[NamedFigure]) -> tuple[dict[str, bytes], list[Picture]]:
    files: dict[str, bytes] = {}
    pictures = []
    with styled():
        for each in figures:
            png, pdf = encode_figure(each)
            files |= {f"figures/{each.name}.png": png, f"figures/{each.name}.pdf": pdf}
            pictures.append(Picture(each.name, each.title, each.caption, png))
    return files, pictures


def _event_files(sweep: Sweep) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_aggregates(sweep, folder)
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        return {f"tensorboard/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in found}


def _utf8(text: str) -> bytes:
    """Return a text as bytes; those of a folder whose name is no UTF-8 are escaped."""
    return text.encode(errors="backslashreplace")
