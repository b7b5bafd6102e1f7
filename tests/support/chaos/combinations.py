"""The random cross product: settings that nobody put together, each of which trains or is refused."""

import json
import math
import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from support.chaos.lines import options_of
from support.chaos.verdict import faults_of
from support.chaos.warm import Warm

_POINTS = ("ring8", "grid25", "swiss_roll", "gaussian_mixture", "parallel_lines")
_IMAGES = ("digits", "stacked_digits")
_MISFITS = 0.1  # share of combinations whose architecture is drawn whatever the data
_TINY = "device=cpu train.batch_size=6 train.iterations=2 train.log_every=1 train.checkpoint_every=2"
_TINY += (
    " architecture.generator.width=4 architecture.critic.width=4 architecture.latent_dim=3 hydra.run.dir=run"
)
_EXECUTION = {
    "train.execution": ("eager", "auto"),
    "train.precision": ("fp32",) * 8 + ("bf16", "tf32"),
    "train.n_critic": (1, 2),
    "train.warmup_critic_steps": (0, 3),
    "train.warmup_iterations": (0, 1),
    "train.seeds": ("null", "null", 2, "[3,5]"),
    "train.ema": ("null", 0.9),
    "metrics.layers": ("false", "true"),
    "critic_norm": ("batch", "layer", "none"),
    "train.returned_metric": ("distance/critic_median",) * 5 + ("distance/w1_exact",),
}


class Combination(NamedTuple):
    """One combination that was tried."""

    number: int
    overrides: str
    verdict: str  # trained, diverged or refused
    faults: list[str]


def combination(number: int) -> list[str]:
    """Return the overrides of a combination; for each number always the same."""
    chance = random.Random(f"combination {number}")
    constraints = [name for name in options_of("constraint") if name != "compose"]
    constraint = chance.choice(constraints)
    if chance.random() < 0.25:
        constraint = f"[{','.join(chance.sample(constraints, 2))}]"
    dataset = chance.choice([*_POINTS, *_IMAGES, *_IMAGES])
    fitting = [name for name in options_of("architecture") if (name == "mlp_toy") == (dataset in _POINTS)]
    words = [
        f"dataset={dataset}",
        f"objective={chance.choice(options_of('objective'))}",
        f"constraint={constraint}",
        f"optimizer={chance.choice(options_of('optimizer'))}",
    ]
    if chance.random() < 0.7:
        choices = options_of("architecture") if chance.random() < _MISFITS else fitting
        words.append(f"architecture={chance.choice(choices)}")
    words += [f"{key}={chance.choice(values)}" for key, values in _EXECUTION.items() if chance.random() < 0.7]
    if dataset in _POINTS:  # images would have a feature network trained first
        words += [f"metrics.every={chance.choice((0, 0, 1))}", "metrics.samples=32"]
    return words + _TINY.split()


def combine(warm: Warm, numbers: Iterable[int], scratch: Path) -> Iterator[Combination]:
    """Train combinations for two iterations."""
    trial = scratch / "trial"
    for number in numbers:
        overrides = combination(number)
        ended = warm.run(trial, "train", *overrides, timeout_s=300)
        faults, verdict = faults_of(ended), "refused"
        if ended.status == 0:
            verdict, more = _judge(trial / "run")
            faults += more
        yield Combination(number, " ".join(overrides), verdict, faults)
        shutil.rmtree(trial)


def _judge(folder: Path) -> tuple[str, list[str]]:
    """Return whether runs trained or diverged, and what is wrong with what they wrote."""
    faults, diverged = [], False
    records = [*folder.rglob("run.json")]
    for path in records:
        record = json.loads(path.read_text())
        if record["status"] == "diverged":
            diverged = True
            faults += [] if record.get("message") else ["it diverged without a word"]
        elif (record["status"], record["iteration"]) != ("completed", 2):
            faults.append(f"{record['status']} at iteration {record['iteration']}")
        else:
            faults += _not_finite(path.parent / "metrics.csv")
    return "diverged" if diverged else "trained", faults or ([] if records else ["no run was made"])


def _not_finite(table: Path) -> list[str]:
    header, *rows = [row.split(",") for row in table.read_text().splitlines()]
    named = [(name, cell) for row in rows for name, cell in zip(header, row, strict=True) if cell]
    return sorted({f"{name} is {cell}" for name, cell in named if not math.isfinite(float(cell))})
