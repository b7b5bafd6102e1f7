"""Every experiment of the distances lab: found by listing conf/distances/, held to what they all promise."""

import dataclasses
from pathlib import Path
from typing import Any

import hydra
import pytest

from gan_lab.cli.configs import to_plain, version_base
from gan_lab.cli.distances import OF_THE_COMMAND
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.config.build import build
from gan_lab.config.options import config_folder, describe_option, list_options
from gan_lab.lectures.base import LectureExperiment
from support.described_classes import assert_every_setting_is_there, nodes_with_a_target

NAMES = list(list_options("distances", [config_folder()]))


def composed(name: str) -> dict[str, Any]:
    prefer_own_configs()  # as the command does
    with hydra.initialize_config_dir(str(config_folder()), **version_base()):
        plain = to_plain(hydra.compose("distances", overrides=[f"distances={name}"]))
    return {key: value for key, value in plain.items() if key not in OF_THE_COMMAND}


def test_the_experiments_that_lectures_need_are_there() -> None:
    needed = {
        *("uniform_shift", "parallel_lines", "two_gaussians", "mode_covering", "variational_bound"),
        *("perfect_discriminator", "vanishing_gradient", "noisy_gradient", "hierarchy", "lipschitz"),
        *("dirac_gan", "two_sample", "transport_1d", "w2_potential", "ground_metric"),
        *("likelihood_and_quality", "maximum_likelihood", "density_first", "weak_convergence", "continuity"),
    }
    assert needed <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_says_in_a_line_what_it_is(name: str) -> None:
    text = describe_option(config_folder() / "distances" / f"{name}.yaml")
    assert text.endswith((".", "?"))
    assert 10 < len(text) <= 110


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_stands_in_the_file(name: str) -> None:
    for node in nodes_with_a_target(composed(name)):
        assert_every_setting_is_there(node)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_builds(name: str) -> None:
    built = build(composed(name), LectureExperiment, "")
    with pytest.raises(dataclasses.FrozenInstanceError):
        built.anything = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_has_a_test_of_its_own(name: str) -> None:
    assert list(Path(__file__).parent.glob(f"*/test_{name}.py"))
