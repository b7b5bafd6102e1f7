"""Runs that are really made to fail, each in one way, and healthy ones that stay silent."""

from pathlib import Path

import pytest

from gan_lab.diagnosis.diagnose import ALL_WELL, diagnose
from gan_lab.reports.observing import observe
from gan_lab.runs.reading import read_run
from gan_lab.runs.record import RunRecord
from support.configs import Train, compose_config

SMALL = [
    "dataset=ring8",
    "architecture.generator.width=32",
    "architecture.critic.width=32",
    "train.batch_size=32",
]
SMALL += ["train.execution=eager", "metrics.samples=128", "train.log_every=10", "train.sample_every=10000"]
SMALL += ["train.checkpoint_every=10000"]
ADAM_FOR_THE_CRITIC = "+optimizer@critic_optimizer=adam"

FAILING = {
    "critic_dead": ["objective=wgan", "clip_bound=0.01", "train.iterations=120"],
    "gradients_vanish": [
        *("objective=wgan", "clip_bound=0.01", "architecture.critic.depth=10", "train.iterations=10"),
        *("train.warmup_critic_steps=0", "metrics.every=5", "metrics.layers=true"),
    ],
    "gradients_explode": [
        *("objective=wgan", "constraint=none", "architecture.critic.depth=8", "optimizer.lr=0.01"),
        *("train.iterations=20", "train.warmup_critic_steps=0"),
    ],
    "discriminator_saturated": [
        *("objective=gan", "constraint=none", "train.n_critic=5", "optimizer.lr=1e-6", ADAM_FOR_THE_CRITIC),
        *("critic_optimizer.lr=5e-3", "train.iterations=150"),
    ],
    "momentum_against_gradient": [
        *(
            "objective=gan",
            "constraint=none",
            "optimizer.beta1=0.99",
            "optimizer.lr=0.1",
            "train.iterations=100",
        ),
    ],
    "weights_at_bound": [
        *("objective=wgan", "optimizer=adam", "optimizer.beta1=0.9", "optimizer.lr=0.05"),
        *("architecture.critic.activation=tanh", "train.iterations=60"),
    ],
    "divergence": ["objective=fgan_kl", "constraint=none", "optimizer.lr=0.05", "train.iterations=100"],
    "mode_collapse": [
        *(
            "objective=gan",
            "constraint=none",
            "optimizer.lr=1e-2",
            "train.batch_size=8",
            "train.ema=null",
            "dataset.std=0.3",
            "adam_beta1=0.5",
        ),
        *("train.iterations=80", "metrics.every=20"),
    ],
    "critic_not_near_optimum": [
        *(
            "objective=gan",
            "constraint=none",
            "optimizer.lr=5e-3",
            ADAM_FOR_THE_CRITIC,
            "critic_optimizer.lr=1e-3",
            "adam_beta1=0.5",
        ),
        *("train.ema=null", "train.iterations=120", "metrics.every=30"),
    ],
    "estimate_negative": [
        *("objective=wgan_gp", "train.n_critic=1", "optimizer.lr=1e-4", ADAM_FOR_THE_CRITIC),
        *("critic_optimizer.lr=1e-5", "train.iterations=120"),
    ],
    "untrained": ["objective=wgan_gp", "optimizer.lr=1e-7", "train.iterations=30", "metrics.every=10"],
    "poor": [
        *(
            "objective=gan",
            "constraint=none",
            "optimizer.lr=5e-3",
            "train.ema=null",
            "dataset.std=0.3",
            "dataset.radius=4",
        ),
        *("train.iterations=100", "metrics.every=25"),
    ],
}
HEALTHY = [
    *(
        "objective=wgan_gp",
        "dataset.std=0.2",
        "train.batch_size=64",
        "metrics.every=50",
        "train.log_every=50",
    ),
]


def names(record: RunRecord) -> list[str]:
    return [verdict.name for verdict in record.verdicts]


@pytest.mark.parametrize("name", FAILING)
def test_a_run_that_fails_is_told_so(train: Train, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        record = read_run(train("run", *SMALL, *FAILING[name]))
    assert name in names(record)
    assert diagnose(observe(record)) == record.verdicts  # read from the folder as it was said at the end
    for verdict in record.verdicts:
        compose_config(*SMALL, *FAILING[name], *verdict.remedy.split())  # each way out can be typed
    told = [message for message in caplog.messages if message.startswith("  verdict ")]
    assert [message.split()[1] for message in told] == [f"{record.verdicts[0].name}:"]


def assert_silent(folder: Path, seeds: int) -> None:
    records = [read_run(path.parent) for path in sorted(folder.glob("seed*/run.json"))]
    said = {record.seed: record.verdicts for record in records if names(record) != [ALL_WELL]}
    assert len(records) == seeds
    assert said == {}


def test_healthy_seeds_are_silent(train: Train) -> None:
    assert_silent(train("runs", *SMALL, *HEALTHY, "train.iterations=200", "train.seeds=3"), 3)


@pytest.mark.slow
def test_sixteen_healthy_seeds_are_silent(train: Train) -> None:
    assert_silent(train("runs", *SMALL, *HEALTHY, "train.iterations=400", "train.seeds=16"), 16)
