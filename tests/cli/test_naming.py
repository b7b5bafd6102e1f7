"""What folders of jobs and sweeps are called: two jobs never meet in one, and the same job finds its own."""

import hydra
import pytest

from gan_lab.cli.configs import version_base
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.naming import sweep_name
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.config.options import config_folder

RING = ("dataset=ring8", "objective=gan")


def folder_of(*overrides: str) -> str:
    """The folder of a job below that of its sweep."""
    register_resolvers()
    prefer_own_configs()
    with hydra.initialize_config_dir(str(config_folder()), **version_base()):
        root = hydra.compose("config", overrides=list(overrides), return_hydra_config=True)
    return str(root.hydra.sweep.subdir)


def name_and_hash(*overrides: str) -> tuple[str, str]:
    name, _, digest = folder_of(*overrides).rpartition("_")
    assert len(digest) == 12
    return name, digest


def test_a_name_says_the_seed_whether_it_was_typed_or_not() -> None:
    names = {seed: name_and_hash(*RING, *typed) for seed, typed in {0: (), 7: ("seed=7",)}.items()}
    for seed, (name, _) in names.items():
        assert f"seed{seed}" in name.split("_")
        assert name.count("seed") == 1  # what was typed is not said a second time
    assert names[0][1] != names[7][1]


def test_a_name_says_the_options_and_the_values_that_were_typed() -> None:
    name, _ = name_and_hash(*RING, "optimizer.lr=0.002", "train.n_critic=3")
    for part in ("gan", "ring8", "seed0", "optimizer.lr=0.002", "train.n"):
        assert part in name
    assert "0.003" in folder_of(*RING, "optimizer.lr=0.003")


@pytest.mark.parametrize("change", ["seed=1", "optimizer.lr=0.0021", "train.iterations=7", "device=cpu"])
def test_another_config_is_another_folder(change: str) -> None:
    assert name_and_hash(*RING, change)[1] != name_and_hash(*RING)[1]


@pytest.mark.parametrize("key", ["scale=paper", "scale=smoke", "draw=3", "learning_rate=0.1"])
def test_what_only_files_of_experiments_read_is_no_other_config(key: str) -> None:
    """Where it changes a setting, that setting is another; where it changes none, the job is the same."""
    assert name_and_hash(*RING, key)[1] == name_and_hash(*RING)[1]


def test_a_scale_that_changes_sizes_changes_the_hash_through_them() -> None:
    smoke, paper = (name_and_hash("experiment=fig3", f"scale={s}") for s in ("smoke", "paper"))
    assert smoke[1] != paper[1]


def test_a_sweep_is_called_alike_in_any_order_and_otherwise_when_it_is_another() -> None:
    sweep = ["objective=gan,wgan", "seed=0,1", "dataset=ring8"]
    assert sweep_name(sweep) == sweep_name(sweep[::-1])
    assert sweep_name([*sweep, "hydra.launcher.n_jobs=2"]) == sweep_name(sweep)
    others = [
        sweep_name([*sweep[:2], "dataset=grid25"]),
        sweep_name(["objective=gan,wgan", "seed=0,2", sweep[2]]),
    ]
    assert len({sweep_name(sweep), *others}) == 3
