"""What rules read, by hand: a run with given columns, settings and status."""

from pathlib import Path
from typing import Any

import numpy as np

from gan_lab.diagnosis.diagnose import ALL_WELL, UNMEASURED, diagnose
from gan_lab.diagnosis.observed import Observed
from gan_lab.runs.finding import Finding
from gan_lab.runs.record import RunRecord

WGAN = {
    "objective._target_": "gan_lab.objectives.wasserstein.Wasserstein",
    "constraint._target_": "gan_lab.constraints.clip.WeightClip",
    "constraint.bound": 0.01,
}
WGAN_GP = WGAN | {"constraint._target_": "gan_lab.constraints.gradient_penalty.GradientPenalty"}
GAN = {"objective._target_": "gan_lab.objectives.gan.GAN"}


def observed(
    columns: dict[str, Any], settings: dict[str, Any] | None = None, n: int = 1000, **record: Any
) -> Observed:
    """A run of n iterations; a column is a number, an array (n,), or {iteration: number}."""
    table = {}
    for tag, values in columns.items():
        column = np.full(n, np.nan)
        if isinstance(values, dict):
            for at, value in values.items():
                column[at - 1] = value
        else:
            column[:] = values
        table[tag] = column
    defaults = {
        "status": "completed",
        "iteration": n,
        "iterations": n,
        "started": "2026-01-01T00:00:00+00:00",
    }
    about = RunRecord(path=Path("run"), **(defaults | record))
    return Observed(about, np.arange(1, n + 1), table, settings or {})


def said(*args: Any, **kwargs: Any) -> list[str]:
    """Names of the rules that see something in such a run."""
    findings = diagnose(observed(*args, **kwargs))
    return [finding.name for finding in findings if finding.name not in (ALL_WELL, UNMEASURED)]


def found(name: str, *args: Any, **kwargs: Any) -> Finding:
    """What one rule finds in such a run."""
    return next(finding for finding in diagnose(observed(*args, **kwargs)) if finding.name == name)
