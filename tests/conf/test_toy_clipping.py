"""Weight clipping on synthetic data: a bound with which the critic of ring8 lives, unless one is typed."""

import pytest

from gan_lab.config.options import config_folder, list_options
from gan_lab.runs.reading import read_run
from support.configs import Train, compose_config

OF_TOYS = "- /settings: toy"
DATASETS = list_options("dataset", [config_folder()])


def is_toy(dataset: str) -> bool:
    return OF_TOYS in (config_folder() / "dataset" / f"{dataset}.yaml").read_text()


def bound_of(*overrides: str) -> float:
    return float(compose_config(*overrides)["constraint"]["bound"])


@pytest.mark.parametrize("dataset", DATASETS)
def test_synthetic_datasets_bring_a_bound_of_their_own(dataset: str) -> None:
    of_toys = {"parallel_lines": 0.03}.get(dataset, 0.07)
    assert bound_of("objective=wgan", f"dataset={dataset}") == (of_toys if is_toy(dataset) else 0.01)


@pytest.mark.parametrize(
    ("overrides", "bound"),
    [
        (["objective=wgan", "constraint.bound=0.01"], 0.01),
        (["objective=wgan", "constraint.bound=0.5"], 0.5),
        (["objective=gan", "constraint=clip"], 0.07),
    ],
)
def test_what_is_typed_beats_it(overrides: list[str], bound: float) -> None:
    assert bound_of("dataset=ring8", *overrides) == bound


def test_a_part_of_a_composition_has_it_too() -> None:
    constraint = compose_config("dataset=ring8", "constraint=[gp,clip]")["constraint"]
    assert constraint["parts"]["clip"]["bound"] == 0.07


@pytest.mark.parametrize("scale", ["smoke", "laptop", "paper"])
def test_the_sweep_over_toys_has_it_at_every_scale(scale: str) -> None:
    assert bound_of("experiment=toy_modes", f"scale={scale}", "dataset=grid25", "objective=wgan") == 0.07


def test_the_config_of_a_run_does_not_hold_the_key_that_brings_it() -> None:
    assert "clip_bound" not in compose_config("dataset=ring8", "objective=wgan")


def verdicts_of(train: Train, name: str, *overrides: str) -> list[str]:
    small = ["train.batch_size=32", "architecture.generator.width=32", "architecture.critic.width=32"]
    seldom = ["train.log_every=10", "train.sample_every=10000", "train.execution=eager"]
    run = train(name, *small, *seldom, "train.iterations=120", "dataset=ring8", "objective=wgan", *overrides)
    return [verdict.name for verdict in read_run(run).verdicts]


def test_the_critic_of_the_first_toy_lives(train: Train) -> None:
    assert "critic_dead" not in verdicts_of(train, "of_the_dataset")
    # what the bound for images makes of it: the reason for another one
    assert "critic_dead" in verdicts_of(train, "of_the_paper", "constraint.bound=0.01")


@pytest.mark.parametrize(
    ("overrides", "iterations"),
    [
        (["objective=wgan", "dataset=grid25"], 10000),
        (["objective=wgan", "dataset=grid25", "constraint=gp"], 5000),
        (["objective=wgan", "dataset=grid25", "constraint=[clip,gp]"], 10000),
        (["objective=gan", "dataset=grid25"], 5000),
        (["objective=wgan", "dataset=parallel_lines"], 4000),
        (["objective=wgan", "dataset=ring8"], 4000),
    ],
)
def test_a_clipped_critic_has_more_iterations_where_it_is_slow(overrides, iterations) -> None:
    assert compose_config(*overrides)["train"]["iterations"] == iterations
