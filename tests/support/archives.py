"""Long runs for archives, and their reports, without training."""

from pathlib import Path
from typing import Any

import numpy as np

from gan_lab.reports.archive.archive import write_archive
from gan_lab.reports.report import write_report
from gan_lab.reports.sweep.deviations import Composed
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.model import Sweep
from gan_lab.runs.sources import open_sources
from support.report_runs import falling, table, write_run
from support.report_sweeps import draw_grid

LONG = 2400
TABLES = ("runs.csv", "summary.csv", "claims.csv", "thresholds.csv", "agreement.csv")


def write_long_run(path: Path, seed: int, objective: str = "wgan", length: int = LONG, **record: Any) -> Path:
    """Write a run that is longer than what an archive keeps of it, and noisy at every iteration."""
    rng = np.random.default_rng(seed)
    noisy = {"distance__critic_raw": falling(length) * rng.normal(1, 0.5, length)}
    if objective == "gan":
        noisy["distance__jsd"] = 0.3 * falling(length) * rng.normal(1, 0.5, length)
    numbers = table(
        length,
        estimate="jsd" if objective == "gan" else None,
        distance__w1_exact=falling(length) * rng.normal(1, 0.02, length),
        health__at_clip_fraction=rng.random(length),
        **noisy,
    )
    choices = {"objective": objective}
    config = {"train.iterations": length}
    write_run(path, numbers=numbers, choices=choices, config=config, seed=seed, **record)
    for iteration in (length // 2, length):
        draw_grid(path / "samples" / f"{iteration:06d}.png", 20 * seed)
    draw_grid(path / "samples" / "real.png", 150)
    return path


def write_long_sweep(root: Path, seeds: range = range(3), length: int = LONG) -> Path:
    """Write two objectives of several seeds, and return the folder."""
    for objective in ("gan", "wgan"):
        for seed in seeds:
            write_long_run(root / f"{objective}_mlp_0123" / f"seed{seed}", seed, objective, length)
    return root


def archive_of(folder: Path, **given: Any) -> Path:
    """Return the archive of a folder, beside it."""
    target = folder.with_name(f"{folder.name}.zip")
    write_archive([folder], target, **given)
    return target


def report_of(out: Path, *given: Path) -> tuple[Sweep, dict[str, str]]:
    """Return what a report of folders or archives is about, and its tables by name."""
    nothing = Composed({}, {}, {})
    with open_sources(given) as sources:
        sweep = write_report(sources, out, FailureRule(), lambda overrides: nothing)
    return sweep, {name: (out / name).read_text() for name in (*TABLES, "report.html")}
