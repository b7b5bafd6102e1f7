"""Every option beside every other: a pair trains two iterations, or a sentence says why not."""

import copy
import functools
import re
from collections.abc import Iterable
from itertools import combinations, product
from typing import Any

import pytest
import torch
from hydra.utils import get_class

from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder, list_options, option_node
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.game.batches import BatchSource
from gan_lab.game.execution import make_execution
from gan_lab.game.setup import build_setup
from gan_lab.types import Batch, Sampler
from support.configs import compose_config

Overrides = tuple[str, ...]


def is_left_out(group: str, name: str) -> bool:
    """A bare composition has no parts yet; datasets that lie in files have tests of their own."""
    if group != "dataset":
        return (group, name) == ("constraint", "compose")
    return issubclass(get_class(option_node("dataset", name)["_target_"]), PackedDataset)


GROUPS = {
    group: [name for name in list_options(group, [config_folder()]) if not is_left_out(group, name)]
    for group in ("objective", "constraint", "architecture", "dataset")
}

# the only reasons to refuse a pair
REASONS = [
    r"architecture\.\w+ (makes|scores) images; dataset has shape \(2,\): use architecture=mlp_toy\.",
    r"architecture\.\w+ (makes|scores) vectors; dataset has shape \(\d, \d+, \d+\): use architecture=.*",
    r"constraint=consistency flips and shifts images; dataset has shape \(2,\): use another constraint.*",
]


@functools.cache
def composed(*overrides: str) -> dict[str, Any]:
    return compose_config(*overrides)


@functools.cache
def opened(dataset: Dataset) -> Sampler:
    return dataset.open(torch.device("cpu"))


def play(config: dict[str, Any]) -> None:
    """Train two iterations of what a config describes, made small, and look at all that it measures."""
    config = copy.deepcopy(config) | {"device": "cpu"}
    config["train"] |= {"batch_size": 4, "n_critic": 1}
    for network in ("generator", "critic"):
        config["architecture"][network]["width"] = 8
    setup = build_setup(config)
    source = BatchSource(opened(setup.dataset), setup.batch_shape, 0, setup.device)
    iteration = make_execution(setup.game, "eager").iteration
    state = setup.init_state()
    block = source.block(0)
    for k in range(2):
        state, measurements = iteration(state, Batch(*(values[k] for values in block)))
        assert all(bool(torch.isfinite(value)) for value in measurements.values()), measurements
    moved = setup.init_state()
    assert any(not torch.equal(state.generator[name], moved.generator[name]) for name in moved.generator)


def outcomes(configs: Iterable[tuple[Overrides, dict[str, Any]]]) -> tuple[int, list[str]]:
    """Return how many trained, and a line for each that failed without a reason that is known."""
    trained, faults = 0, []
    for overrides, config in configs:
        try:
            play(config)
            trained += 1
        except UserError as refusal:
            if not any(re.fullmatch(reason, str(refusal)) for reason in REASONS):
                faults.append(f"{' '.join(overrides)}: {refusal}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it names the pair
            faults.append(f"{' '.join(overrides)}: {type(error).__name__}: {error}")
    return trained, faults


def pairs_of(first: str, second: str) -> list[Overrides]:
    return [(f"{first}={a}", f"{second}={b}") for a, b in product(GROUPS[first], GROUPS[second])]


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize(("first", "second"), list(combinations(GROUPS, 2)))
@pytest.mark.slow
def test_every_pair_trains_or_is_refused(first: str, second: str) -> None:
    pairs = pairs_of(first, second)
    trained, faults = outcomes((pair, compose_config(*pair)) for pair in pairs)
    assert faults == []
    assert trained >= len(pairs) / 3


def test_there_is_something_to_pair() -> None:
    assert {len(options) >= 5 for options in GROUPS.values()} == {True}
    assert {"digits", "photos", "stacked_digits", "ring8"} <= set(GROUPS["dataset"])


@pytest.mark.slow
@pytest.mark.parametrize("dataset", GROUPS["dataset"])
def test_the_full_product_trains_or_is_refused(dataset: str) -> None:
    def configs() -> Iterable[tuple[Overrides, dict[str, Any]]]:
        chosen = product(GROUPS["objective"], GROUPS["architecture"], GROUPS["constraint"])
        for objective, architecture, constraint in chosen:
            # composing takes longer than training: what groups do not share is taken from composed pairs
            config = composed(f"objective={objective}", f"dataset={dataset}", f"architecture={architecture}")
            node = composed(f"constraint={constraint}")["constraint"]
            yield (objective, architecture, constraint, dataset), config | {"constraint": node}

    trained, faults = outcomes(configs())
    assert faults == []
    assert trained > 0
