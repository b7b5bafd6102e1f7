"""WGAN-GP on synthetic data: the weight of its released toy code, unless the user types another."""

import pytest
import torch

from gan_lab.config.options import config_folder, list_options
from gan_lab.game.batches import BatchSource
from gan_lab.game.execution import make_execution
from gan_lab.game.setup import build_setup
from gan_lab.tags.names import RAW
from gan_lab.types import Batch
from support.configs import compose_config

OF_TOYS = "- /settings: toy"
DATASETS = list_options("dataset", [config_folder()])


def is_toy(dataset: str) -> bool:
    return OF_TOYS in (config_folder() / "dataset" / f"{dataset}.yaml").read_text()


def weight_of(*overrides: str) -> float:
    return float(compose_config(*overrides)["constraint"]["weight"])


@pytest.mark.parametrize("dataset", DATASETS)
def test_synthetic_datasets_bring_the_weight_of_the_toy_code(dataset: str) -> None:
    assert weight_of("objective=wgan_gp", f"dataset={dataset}") == (0.1 if is_toy(dataset) else 10.0)


def test_there_are_datasets_of_both_kinds() -> None:
    assert 5 <= sum(map(is_toy, DATASETS)) < len(DATASETS)


@pytest.mark.parametrize(
    ("overrides", "weight"),
    [
        (["objective=wgan_gp", "constraint.weight=10"], 10.0),
        (["objective=wgan_gp", "constraint.weight=0.5"], 0.5),
        (["objective=wgan", "constraint=gp"], 0.1),
        (["objective=wgan_gp", "constraint=gp_one_sided"], 5.0),
        (["objective=gan", "constraint=r1"], 0.3),
        (["objective=gan", "constraint=r1", "constraint.weight=10"], 10.0),
        (["objective=gan", "constraint=r2"], 10.0),
        (["objective=gan", "constraint=dragan"], 10.0),
    ],
)
def test_what_is_typed_and_other_penalties_stay(overrides: list[str], weight: float) -> None:
    assert weight_of("dataset=ring8", *overrides) == weight


def test_a_part_of_a_composition_has_it_too() -> None:
    constraint = compose_config("dataset=ring8", "constraint=[gp,clip]")["constraint"]
    assert constraint["parts"]["gp"]["weight"] == 0.1


@pytest.mark.parametrize("scale", ["smoke", "laptop", "paper"])
def test_the_sweep_over_toys_has_it_at_every_scale(scale: str) -> None:
    assert weight_of("experiment=toy_modes", f"scale={scale}", "dataset=grid25", "objective=wgan_gp") == 0.1


def test_the_config_of_a_run_does_not_hold_the_key_that_brings_it() -> None:
    assert "gp_weight" not in compose_config("dataset=ring8", "objective=wgan_gp")


def share_of_negative_estimates(*overrides: str) -> float:
    small = ["train.batch_size=64", "architecture.generator.width=64", "architecture.critic.width=64"]
    config = compose_config("device=cpu", "dataset=ring8", "objective=wgan_gp", *small, *overrides)
    setup = build_setup(config)
    source = BatchSource(setup.dataset.open(setup.device), setup.batch_shape, setup.seed, setup.device)
    iteration, state, gaps = make_execution(setup.game, "eager").iteration, setup.init_state(), []
    for k in range(100):
        block, row = divmod(k, source.block_length)
        if row == 0:
            batches = source.block(block)
        state, measured = iteration(state, Batch(*(values[row] for values in batches)))
        gaps.append(measured[RAW])
    return float((torch.stack(gaps)[20:] < 0).float().mean())


def test_the_estimate_of_the_ring_is_positive_as_the_readme_says() -> None:
    assert share_of_negative_estimates() == 0
    # what the weight for images makes of it: the reason for another one
    assert share_of_negative_estimates("constraint.weight=10") > 0.3
