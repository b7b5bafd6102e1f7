"""Run folders as training leaves them, without training: for tests of what reads many runs."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import yaml

from gan_lab.runs.record import CONFIG_NAME, ExecutionRecord, RunRecord

CHOICES = {
    "objective": "wgan",
    "constraint": "clip",
    "architecture": "mlp_toy",
    "dataset": "ring8",
    "optimizer": "rmsprop",
    "experiment": "stability",
}
CONFIG: dict[str, Any] = {
    "scale": "smoke",
    "seed": 0,
    "constraint": {"bound": 0.01},
    "optimizer": {"lr": 5e-5},
    "dataset": {"_target_": "gan_lab.datasets.toy.Ring"},
    "train": {"iterations": 500, "n_critic": 5, "seeds": None},
    "metrics": {"every": 50, "samples": 256},
}
FLOOR = {"distance/w1_exact": 0.1, "quality/modes_hit": 8.0, "quality/recall": 0.8, "quality/coverage": 0.9}


def falling(iterations: int = 500, start: float = 2.0, end: float = 0.12) -> np.ndarray:
    """A curve (iterations,) that falls exponentially, as an estimate or a distance of a good run does."""
    return start * (end / start) ** np.linspace(0, 1, iterations)


def table(
    iterations: int = 500, every: int = 50, estimate: str | None = None, **columns: Any
) -> pandas.DataFrame:
    """Return what ``metrics.csv`` of a good run on ring8 holds.

    Args:
        iterations: rows, from iteration 1.
        every: quality is measured at its multiples only.
        estimate: "jsd" or "f_divergence" for a column besides ``distance/critic_raw``.
        columns: other values; "__" stands for "/", None leaves a column out; quality is of every iteration,
            and what lies between measurements is taken out.
    """
    curve = falling(iterations)
    measured = {
        "distance/w1_exact": curve,
        "distance/floor": 0.1,
        "quality/modes_hit": 8.0,
        "quality/modes_hit_floor": 8.0,
        "quality/high_quality_share": 0.95,
        "quality/high_quality_share_floor": 0.98,
        "quality/precision": 0.8,
        "quality/precision_floor": 0.85,
        "quality/recall": 0.7,
        "quality/recall_floor": 0.8,
        "quality/coverage": 0.8,
        "quality/coverage_floor": 0.9,
    }
    raw = {"distance/critic_raw": 0.1 * curve} | ({f"distance/{estimate}": 0.3 * curve} if estimate else {})
    given = {name.replace("__", "/"): values for name, values in columns.items()}
    frame = pandas.DataFrame(index=pandas.RangeIndex(1, iterations + 1, name="iteration"))
    for name, values in {**raw, **measured, **given}.items():
        if values is not None:
            frame[name] = values
            if name not in raw and not name.startswith(("health/", "loss/")):
                frame.loc[frame.index % every != 0, name] = np.nan
    median = frame["distance/critic_raw"].rolling(101, min_periods=1).median()
    frame.insert(0, "distance/critic_median", median)
    return frame


def write_run(
    path: Path,
    *,
    numbers: pandas.DataFrame | None = None,
    choices: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
    **record: Any,
) -> Path:
    """Write a run folder and return it.

    Args:
        path: the folder, made with its parents.
        numbers: of :func:`table`; None for a good run's.
        choices: besides :data:`CHOICES`.
        config: besides :data:`CONFIG`, by dotted key.
        record: fields of the record besides those of a completed run.
    """
    numbers = table() if numbers is None else numbers
    whole = copy.deepcopy(CONFIG) | {"seed": record.get("seed", 0)}
    for key, value in (config or {}).items():
        *parents, leaf = key.split(".")
        node = whole
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    path.mkdir(parents=True)
    (path / CONFIG_NAME).write_text(yaml.safe_dump(whole), encoding="utf-8")
    numbers.to_csv(path / "metrics.csv", lineterminator="\n")
    defaults = {
        "status": "completed",
        "iteration": len(numbers),
        "iterations": whole["train"]["iterations"],
        "seed": 0,
        "started": f"2026-01-01T00:00:{record.get('seed', 0):02}+00:00",
        "updated": "2026-01-01T00:10:00+00:00",
        "duration_s": 60.0,
        "command": "gan-lab train experiment=stability",
        "versions": {"gan-lab": "0.4.0", "torch": "2.15.0"},
        "device": "cpu",
        "execution": ExecutionRecord("eager"),
        "config_hash": "0123abcd",
        "choices": CHOICES | (choices or {}),
    }
    RunRecord(path, **(defaults | record)).write()
    return path


def write_sweep(root: Path, objectives: tuple[str, ...] = ("gan", "wgan"), seeds: int = 3) -> Path:
    """Write a sweep of objectives and seeds of good runs, each seed a little different; return its folder."""
    for objective in objectives:
        for seed in range(seeds):
            noise = np.random.default_rng(seed).normal(1, 0.02, 500)
            estimate = "jsd" if objective.startswith("gan") else None
            numbers = table(estimate=estimate, distance__w1_exact=falling() * noise)
            folder = root / f"{objective}_mlp_toy_ring8_0123abcd" / f"seed{seed}"
            write_run(folder, numbers=numbers, choices={"objective": objective}, seed=seed)
    return root
