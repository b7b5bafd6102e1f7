"""Sweeps as figures and pages read them, made of run folders without training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from PIL import Image

from gan_lab.reports.sweep.model import Cell, Quality, ReportRun, Sweep, Verdict
from gan_lab.runs.reading import read_run
from gan_lab.runs.sources import folder_source
from support.report_runs import table, write_run

W1 = Quality("distance/w1_exact", "exact Wasserstein distance")
SUCCESS = Verdict("success", "It is good.")


def draw_grid(path: Path, shade: int, side: int = 16, factor: int = 3) -> None:
    """Write 64 images of one shade as training does: padded by a pixel, enlarged by a factor."""
    grid = np.full((8 * (side + 1) + 1, 8 * (side + 1) + 1, 3), 32, np.uint8)
    for row in range(8):
        for column in range(8):
            top, left = 1 + row * (side + 1), 1 + column * (side + 1)
            grid[top : top + side, left : left + side] = shade + 8 * row + column
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(grid.repeat(factor, axis=0).repeat(factor, axis=1)).save(path)


def make_sweep(
    root: Path,
    settings: Sequence[Mapping[str, str]],
    tables: Sequence[pandas.DataFrame] = (),
    quality: Quality | None = W1,
    fault: str | None = None,
    **record: Any,
) -> Sweep:
    """Return a sweep of cells with these settings, each with a run per table, seeds from 0.

    Args:
        root: where its folders are written.
        settings: of each cell.
        tables: numbers of each seed; none for one good run.
        quality: of the sweep.
        fault: of the last run of each cell.
        record: fields of every run's record.
    """
    tables, cells, runs = tables or [table()], [], []
    for values in settings:
        label = ", ".join(values.values())
        cell = Cell(label.replace(", ", "_"), label, dict(values))
        cells.append(cell)
        chosen = {key: value for key, value in values.items() if "." not in key}
        for seed, numbers in enumerate(tables):
            path = write_run(
                root / cell.key / f"seed{seed}", numbers=numbers, seed=seed, choices=chosen, **record
            )
            run = read_run(path)
            last = seed == len(tables) - 1
            runs.append(ReportRun(run, run.read_config(), cell, numbers, fault if last else None, SUCCESS))
    return Sweep(folder_source(root), "stability", "smoke", tuple(runs), tuple(cells), (), quality)
